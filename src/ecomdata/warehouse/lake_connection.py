"""A connection to a lake: DuckDB over its files; changes become new parts and a new manifest."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ecomdata.contract import SCHEMAS
from ecomdata.errors import WarehouseDeniedError
from ecomdata.warehouse.duckdb import DuckDBConnection
from ecomdata.warehouse.lake import Lake, LakeTable
from ecomdata.warehouse.lake_parts import LakePartWriter, literal, select_csv, to_parquet
from ecomdata.warehouse.protocol import PartWriter, Table, quote

#: How a statement begins that changes a table, and which.
_CHANGE = re.compile(
    r"\s*(insert into|update|delete from|create table if not exists|alter table)"
    r'\s+("?(\w+)"?\."?(\w+)"?)',
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"\$(\d+)")


def _read_parquet(files: Sequence[str]) -> str:
    # What a folder is called is no column.
    return f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning = false)"


@dataclass
class Opened:
    """What a connection has open: what it saw of the lake, and what it has made of it since."""

    number: int
    tables: dict[str, LakeTable]
    #: Tables that are DuckDB's own, and not views of files: without rows, or changed.
    own: set[str] = field(default_factory=set)
    #: Those of them that are to be written.
    changed: set[str] = field(default_factory=set)
    #: The parts that the open transaction adds to.
    growing: dict[str, str] = field(default_factory=dict)
    in_transaction: bool = False


@dataclass(frozen=True)
class LakeConnection(DuckDBConnection):
    """DuckDB over the files of a lake: tables are views of them, until they are changed."""

    lake: Lake
    open: Opened
    read_only: bool = False

    def show(self) -> None:
        """Make a view of every table, an empty table where there are no files."""
        for schema in SCHEMAS if self.open.tables else ():
            super().execute(f"create schema if not exists {quote(schema)}")
        for name in self.open.tables:
            self._show(name)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run one statement."""
        if self.read_only:
            self._require_select(sql)
        change = _CHANGE.match(sql)
        verb, name = (change[1].lower(), f"{change[3]}.{change[4]}") if change else ("", "")
        table = self.open.tables.get(name)
        if not change or not (table or verb.startswith("create")):
            super().execute(sql, values)
            return
        with self._in_transaction():
            if not table:
                super().execute(sql, values)
                self._note(name)
            elif table.parts and name.startswith("raw.") and verb in ("update", "delete from"):
                self._rewrite(name, change, sql, values)
            elif not verb.startswith("create"):
                if name not in self.open.own:
                    self._own(name)
                super().execute(sql, values)
                if verb.startswith("alter"):
                    self._note(name)
                self.open.changed.add(name)

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """Run one statement and return its rows."""
        with self._in_transaction() if _CHANGE.match(sql) else nullcontext():
            return super().query(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: the commit is a new manifest."""
        before = vars(self.open) | {
            name: value.copy() for name, value in vars(self.open).items() if hasattr(value, "copy")
        }
        try:
            with super().transaction():
                self.open.in_transaction = True
                yield
                self._write_changed()
                if self.open.tables != before["tables"]:
                    self.lake.commit(self.open.number + 1, self.open.tables)
                    self.open.number += 1
        except BaseException:
            vars(self.open).update(before)
            raise
        self.open.in_transaction = False
        self.open.growing.clear()

    def _in_transaction(self) -> AbstractContextManager[None]:
        return nullcontext() if self.open.in_transaction else self.transaction()

    def _insert_csv(
        self,
        schema: str,
        table: str,
        columns: Sequence[str],
        path: Path,
        delimiter: str,
        reading: str,
        marks: Mapping[str, int | str],
    ) -> int:
        """Append a file: to raw tables, as one more file of theirs."""
        name = f"{schema}.{table}"
        if schema != "raw" or (name in self.open.own and self.open.tables[name].parts):
            return super()._insert_csv(schema, table, columns, path, delimiter, reading, marks)
        if path.stat().st_size == 0:
            return 0
        select = select_csv(self.open.tables[name], columns, marks, delimiter, reading)
        with self._in_transaction():
            rows = self._copy(name, select, [str(path), *marks.values()])
            self._show(name)
        return rows

    @contextmanager
    def part_writer(self, schema: str, table: str) -> Iterator[PartWriter | None]:
        """Any process can write files of a part; who reads sees them after the block."""
        name = f"{schema}.{table}"
        if name in self.open.own and self.open.tables[name].parts:
            yield None
            return
        limit = super().query("select current_setting('memory_limit')").scalar
        part = self._growing_part(name)
        yield LakePartWriter(self.lake.folder / part, self.open.tables[name], limit)
        if not self.lake.files(part):
            del self.open.growing[name]
            before = self.open.tables[name]
            self.open.tables[name] = LakeTable(before.columns, before.parts[:-1])
        self._show(name)

    def _copy(self, name: str, select: str, values: Sequence[Any] = ()) -> int:
        """Write rows as one more file of a table; return how many."""
        part = self._growing_part(name)
        file = self.lake.folder / part / f"{len(self.lake.files(part)):05}.parquet"
        return int(super().query(to_parquet(select, file), values).scalar)

    def _growing_part(self, name: str) -> str:
        """Return the part that the transaction adds to."""
        if name not in self.open.growing:
            part = self.open.growing[name] = self.lake.new_part(name)
            table = self.open.tables[name]
            self.open.tables[name] = LakeTable(table.columns, (*table.parts, part))
        return self.open.growing[name]

    def _rewrite(self, name: str, change: re.Match[str], sql: str, values: Sequence[Any]) -> None:
        """Update or delete rows of a raw table: only parts that have such rows are written anew."""
        begin, end = change.span(2)
        changing = f"{sql[:begin]}changing{sql[end:]}"
        condition = re.split(r"\bwhere\b", sql, maxsplit=1, flags=re.IGNORECASE)[1]
        used = sorted({int(number) for number in _PARAMETER.findall(condition)})
        condition = _PARAMETER.sub(lambda m: f"${used.index(int(m[1])) + 1}", condition)
        table = self.open.tables[name]
        for part in table.parts:
            rows = _read_parquet(self.lake.files(part))
            if (
                not super()
                .query(
                    f"select count(*) from {rows} where {condition}", [values[i - 1] for i in used]
                )
                .scalar
            ):
                continue
            super().execute(f"create or replace temp table changing as select * from {rows}")
            super().execute(changing, values)
            kept = [p for p in self.open.tables[name].parts if p != part]
            self.open.tables[name] = LakeTable(table.columns, tuple(kept))
            self.open.growing.pop(name, None)
            if super().query("select count(*) from changing").scalar:
                self._copy(name, "select * from changing")
                self.open.growing.pop(name)
            super().execute("drop table changing")
        self._show(name)

    def _own(self, name: str) -> None:
        """Turn a view of files into a table that can be changed."""
        shown = quote(*name.split("."))
        rows = [file for part in self.open.tables[name].parts for file in self.lake.files(part)]
        super().execute(f"drop view {shown}")
        super().execute(f"create table {shown} as select * from {_read_parquet(rows)}")
        self.open.own.add(name)

    def _show(self, name: str) -> None:
        """Make the view of a table's files, or the table without rows."""
        shown, table = quote(*name.split(".")), self.open.tables[name]
        files = [file for part in table.parts for file in self.lake.files(part)]
        if name in self.open.own:
            super().execute(f"drop table {shown}")
            self.open.own.discard(name)
        if files:
            super().execute(
                f"create or replace view {shown} as select * from {_read_parquet(files)}"
            )
            return
        super().execute(f"drop view if exists {shown}")
        columns = ", ".join(f"{quote(column)} {kind}" for column, kind in table.columns)
        super().execute(f"create table {shown} ({columns})")
        self.open.own.add(name)

    def _note(self, name: str) -> None:
        """Note a table that was made or altered, and its columns."""
        columns = super().query(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = $1 and table_name = $2 order by ordinal_position",
            name.split("."),
        )
        known = self.open.tables.get(name, LakeTable((), ()))
        self.open.tables[name] = LakeTable(columns.rows, known.parts)
        self.open.own.add(name)

    def _write_changed(self) -> None:
        """Write the tables that were changed, each as one new part."""
        for name in sorted(self.open.changed):
            shown = quote(*name.split("."))
            self.open.tables[name] = LakeTable(self.open.tables[name].columns, ())
            self.open.growing.pop(name, None)
            if super().query(f"select count(*) from {shown}").scalar:
                self._copy(name, f"select * from {shown}")
        self.open.changed.clear()

    def _require_select(self, sql: str) -> None:
        """A connection that only reads runs nothing else: files could be written by COPY."""
        with self._errors():
            statements = duckdb.extract_statements(sql)
        kinds = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
        if any(statement.type not in kinds for statement in statements):
            raise WarehouseDeniedError(f"{self.path} is open for reading: only SELECT can be run")
