"""Warehouses that are built, and benches on which every model is built of raw rows without dbt."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from compiled import Compiled
from random_shops import Drawn

from ecomdata.report.measures import sales_sql
from ecomdata.warehouse import Connection

Rows = dict[str, list[dict[str, str | None]]]

ALL_DAYS = (date(2000, 1, 1), date(2099, 12, 31))


@dataclass(frozen=True)
class Built:
    """What stands in a warehouse."""

    engine: str
    connection: Connection

    def sums(self, sql: str) -> dict[Any, Decimal]:
        """The last column by those before it; without what comes to nothing."""
        rows = self.connection.query(sql).rows
        return {key[0] if len(key) == 1 else tuple(key): sum_ for *key, sum_ in rows if sum_}

    def rows(self, sql: str) -> set[tuple[Any, ...]]:
        return set(self.connection.query(sql).rows)

    def figures(self, *grains: str) -> list[dict[str, Any]]:
        """What the terminal and the report show by these grains."""
        return self.connection.query(sales_sql(self.engine, *grains), ALL_DAYS).dicts()


@dataclass(frozen=True)
class Bench(Built):
    """A warehouse in which every model is built of raw rows again and again."""

    models: Compiled

    def build(self, drawn: Drawn, numbered: bool = True) -> None:
        """Build a shop; see `build_rows`."""
        self.build_rows(drawn.rows(numbered))

    def build_rows(self, tables: Rows) -> None:
        """Put raw rows in place of the last ones and build; the project's checks run, too."""
        with self.connection.transaction():
            self.connection.execute("delete from meta.loads")
            for table, rows in tables.items():
                self._replace(table, rows)
        self.models.build(self.connection)

    def _replace(self, table: str, rows: list[dict[str, str | None]]) -> None:
        file = f"{table}.csv"
        self.connection.execute(f"delete from raw.{table}")
        self.connection.execute(
            "insert into meta.loads (load_id, file, statement, source, records_read, rows_loaded,"
            " rows_rejected, identical_lines, decimal_mark, date_order, caveats) values"
            " (1, $1, 1, 'brief', $2, $2, 0, 'keep', '.', 'ymd', '[]')",
            [file, len(rows)],
        )
        if rows:
            columns = [*rows[0], "_load_id", "_file", "_line"]
            values = [
                value
                for line, row in enumerate(rows, 2)
                for value in (*row.values(), 1, file, line)
            ]
            marks = iter(f"${number}" for number in range(1, len(values) + 1))
            each = [f"({', '.join(next(marks) for _ in columns)})" for _ in rows]
            self.connection.execute(
                f"insert into raw.{table} ({', '.join(columns)}) values {', '.join(each)}", values
            )
