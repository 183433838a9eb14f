"""Where a load's records lie between reading and copying: DuckDB over files as text.

Everything is on disk in the load's own folder, so that memory stays bounded, and the connectors'
SQL sees the same text whatever the warehouse is.
"""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import duckdb

from ecomdata.contract import entity as contract_entity
from ecomdata.errors import DataError, EcomDataError, WarehouseFullError
from ecomdata.ingest.connector import Connector, FileKind
from ecomdata.ingest.conventions import Evidence
from ecomdata.warehouse import quote

_READ = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
    "new_line = '\\r\\n', max_line_size = 16777216"
)
_WRITE = "format csv, header false, quote '\"', escape '\"'"


class Spool:
    """The records of one load.

    Args:
        folder: an empty folder; the caller removes it.
        load_id: what the rows are marked with.
    """

    def __init__(self, folder: Path, load_id: int) -> None:
        self._folder = folder
        self._load_id = load_id
        try:
            self._duckdb = duckdb.connect(
                str(folder / "spool.duckdb"),
                config={
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "preserve_insertion_order": "false",
                },
            )
        except duckdb.Error as exc:
            raise self._translated(exc) from exc
        self._run("create schema mapped")
        self._run(
            "create table mapped.rejects (load_id bigint, file varchar, line bigint, "
            "entity varchar, rule varchar, raw_text varchar)"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._duckdb.close()

    def new_file(self, name: str) -> IO[str]:
        """Open a file for the records or rejects that are taken in next."""
        return (self._folder / name).open("w", encoding="utf-8", newline="")

    def add_records(
        self, connector: Connector, kind: FileKind, file: str, columns: Sequence[str]
    ) -> None:
        """Take in `records.csv`: each record's line and its `columns`."""
        table = quote(connector.name, kind.name)
        declared = ", ".join(f"{quote(column)} varchar" for column in kind.columns)
        self._run(f"create schema if not exists {quote(connector.name)}")
        self._run(f"create table if not exists {table} ({declared}, _file varchar, _line bigint)")
        path = self._folder / "records.csv"
        if path.stat().st_size:
            listed = ", ".join(map(quote, columns))
            typed = ", ".join(f"{_literal(column)}: 'varchar'" for column in columns)
            self._run(
                f"insert into {table} (_line, {listed}, _file) select *, $1 "
                f"from read_csv($2, {_READ}, columns = {{'_line': 'bigint', {typed}}})",
                [file, str(path)],
            )

    def add_rejects(self, file: str, entity: str) -> None:
        """Take in `rejects.csv`: each reject's line, rule and raw text."""
        path = self._folder / "rejects.csv"
        if path.stat().st_size:
            self._run(
                f"insert into mapped.rejects (line, rule, raw_text, load_id, file, entity) "
                f"select *, {self._load_id}, $1, $2 from read_csv($3, {_READ}, columns = "
                "{'line': 'bigint', 'rule': 'varchar', 'raw_text': 'varchar'})",
                [file, entity, str(path)],
            )

    def evidence(self, connector: Connector, kind: FileKind, file: str) -> Evidence:
        """Count what the file's values say about its conventions."""
        tests = {
            "point_decimals": [_matches(column, "[.][0-9]{1,2}$") for column in kind.numbers],
            "comma_decimals": [_matches(column, ",[0-9]{1,2}$") for column in kind.numbers],
            "day_first": [_split_date(column, "{0} > 12 and {1} <= 12") for column in kind.dates],
            "month_first": [_split_date(column, "{0} <= 12 and {1} > 12") for column in kind.dates],
            "either_first": [
                _split_date(column, "{0} <= 12 and {1} <= 12") for column in kind.dates
            ],
        }
        counts = [
            " + ".join(f"count(*) filter (where {test})" for test in of_one) or "0"
            for of_one in tests.values()
        ]
        [row] = self._run(
            f"select {', '.join(counts)} from {quote(connector.name, kind.name)} where _file = $1",
            [file],
        )
        return Evidence(**dict(zip(tests, row, strict=True)))

    def map_entity(self, connector: str, name: str, sql: str) -> dict[str, int]:
        """Make an entity's raw rows by a connector's SQL; return how many by file."""
        columns = contract_entity(name).column_names
        typed = ", ".join(f"{quote(column)} varchar" for column in columns)
        self._run(f"use {quote(connector)}")
        self._run(
            f"create table if not exists mapped.{quote(name)} "
            f"({typed}, _load_id bigint, _file varchar, _line bigint)"
        )
        self._run(
            f"insert into mapped.{quote(name)} by name "
            f"select *, {self._load_id}::bigint as _load_id from ({sql})"
        )
        return dict(self._run(f"select _file, count(*) from mapped.{quote(name)} group by _file"))

    def entity_csv(self, name: str) -> Path:
        """Write an entity's raw rows, by file and line, and return where."""
        return self._write(name, "_file, _line")

    def rejects_csv(self) -> Path:
        """Write the rejects, by file and line, and return where."""
        return self._write("rejects", "file, line")

    def _write(self, table: str, order: str) -> Path:
        path = self._folder / f"{table}-mapped.csv"
        self._run(
            f"copy (select * from mapped.{quote(table)} order by {order}) "
            f"to {_literal(str(path))} ({_WRITE})"
        )
        return path

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._duckdb.execute(sql, list(values) or None).fetchall()
        except duckdb.Error as exc:
            raise self._translated(exc) from exc

    def _translated(self, exc: duckdb.Error) -> EcomDataError:
        if "no space left" in str(exc).lower():
            return WarehouseFullError(
                f"no space left in {self._folder}: free some; nothing was loaded"
            )
        return DataError(f"while reading files: {exc}")


def _matches(column: str, pattern: str) -> str:
    return f"regexp_matches(trim({quote(column)}), {_literal(pattern)})"


def _split_date(column: str, test: str) -> str:
    """A test of the first and second number of dates like 31/12/2025."""
    text = f"trim({quote(column)})"
    parts = [
        f"try_cast(regexp_extract({text}, '^([0-9]+)[/.-]([0-9]+)', {part}) as integer)"
        for part in (1, 2)
    ]
    shape = _matches(column, "^[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}")
    return f"{shape} and {test.format(*parts)}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
