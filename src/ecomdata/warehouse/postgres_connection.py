"""A connection to PostgreSQL, and the COPY by which it takes files' rows."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import conninfo, sql

from ecomdata.errors import (
    EcomDataError,
    UsageError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseFullError,
    WarehouseUnreachableError,
)
from ecomdata.settings import redacted
from ecomdata.warehouse.lanes import Lane, copy_in_lanes
from ecomdata.warehouse.protocol import PartWriter, Table, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: COPY is handed whole blocks: anything per row in Python would cost a hundred times more.
_BLOCK_BYTES = 1 << 20
#: Less is copied into the raw table itself: a year of daily loads shall not make 365 tables.
_SMALL_BYTES = 16 << 20
#: Connections of a large copy. The third has work while one waits for the disk: on two processors 5
#: million lines took 1.56 s instead of 1.66.
_LANES = 3
_BATCH = 10_000  # rows that are taken at once where not all are
#: What a refused connection says: the driver gives no SQLSTATE with it.
_NO_LOGIN = re.compile('authentication failed|role ".*" does not exist|no pg_hba.conf entry')
_NO_DATABASE = re.compile('database ".*" does not exist')
#: What a stranger's SQL may begin with. A DO block could leave the role that can only read.
_READING = re.compile(
    r"(\s|\(|--[^\r\n]*[\r\n])*(select|with|values|table|show|explain)\b", re.IGNORECASE
)
#: Of pg_class: the tables that hold parts of the raw table $2 in the schema $1.
_PARTS = (
    "relnamespace = $1::regnamespace and relkind = 'r'"
    " and relname ~ ('^' || $2::text || '_part_[0-9]+$')"
)


def translated(exc: psycopg.Error, url: str) -> EcomDataError:
    """Say what a driver's error means for the user."""
    state = exc.sqlstate or ""
    text = redacted(str(exc).strip())
    if state.startswith(("53100", "58030")) or "no space left" in text.lower():
        return WarehouseFullError(f"{url}: the server has no space left; nothing was changed")
    if state.startswith("28") or _NO_LOGIN.search(text):
        return WarehouseDeniedError(f"{url} refused the login: check user and password")
    if state == "3D000" or _NO_DATABASE.search(text):
        return WarehouseUnreachableError(f"{url}: no such database; make it with createdb")
    if state in ("42501", "25006"):
        return WarehouseDeniedError(f"{url}: {text.splitlines()[0]}")
    if state in ("55P03", "40001", "40P01"):
        return WarehouseBusyError(f"{url}: {text.splitlines()[0]}; try again")
    if isinstance(exc, psycopg.OperationalError):
        return WarehouseUnreachableError(
            f"{url} cannot be reached: {(text or type(exc).__name__).splitlines()[0]}. "
            "Is the server running, and is the URL right?"
        )
    return UsageError(f"the warehouse refused the statement: {text}")


@dataclass(frozen=True)
class PostgresConnection:
    """A connection to the server."""

    raw: "psycopg.Connection[tuple[Any, ...]]"
    url: str
    #: Sealed: only statements that read, and every one is prepared: a prepared statement is one
    #: statement; SQL that a stranger wrote cannot end the read-only transaction and go on.
    sealed: bool = False
    #: Tables that lanes have made and committed in this transaction; see `copy_blocks`.
    _parts: list[str] = field(default_factory=list)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run one statement."""
        self.query(sql, values)

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """Run one statement and return its rows."""
        if self.sealed and not _READING.match(sql):
            raise WarehouseDeniedError(
                f"{self.url} is open for reading: use select, with, values, table, show or explain"
            )
        try:
            with psycopg.RawCursor(self.raw) as cursor:
                cursor.execute(sql.encode(), values, prepare=self.sealed)
                names = tuple(column.name for column in cursor.description or ())
                return Table(names, tuple(cursor.fetchall()) if names else ())
        except psycopg.Error as exc:
            raise translated(exc, self.url) from exc

    def columns(self, sql: str, values: Sequence[Any] = ()) -> "tuple[NDArray[Any], ...]":
        """Run one statement of numbers and return its columns."""
        import numpy as np  # is for those who ask for columns

        table = self.query(sql, values)
        columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
        return tuple(np.array(column) for column in columns)

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run one statement and yield its rows, by a cursor of the server's."""
        try:
            with self.raw.transaction(), psycopg.RawServerCursor(self.raw, "rows") as cursor:
                cursor.itersize = _BATCH
                cursor.execute(sql.encode())
                yield from cursor
        except psycopg.Error as exc:
            raise translated(exc, self.url) from exc

    def copy_csv(self, schema: str, table: str, columns: Sequence[str], path: Path) -> int:
        """Append a canonical CSV file; return the rows."""
        with path.open("rb") as file:
            blocks = iter(partial(file.read, _BLOCK_BYTES), b"")
            return self._copy(f"copy {quote(schema, table)} {_from_stdin(columns, ',')}", blocks)

    def copy_blocks(
        self,
        schema: str,
        table: str,
        columns: Sequence[str],
        blocks: Iterable[bytes],
        delimiter: str,
        folder: Path,
        marks: Mapping[str, int | str],
        size: int = 0,
    ) -> int:
        """Append blocks of canonical CSV as they come; return the rows.

        What is large goes into new tables, by several connections side by side. These commit; the
        rows are seen once this transaction has made the tables children of the raw table.
        """
        blocks = iter(blocks)
        first = _taken(blocks, _SMALL_BYTES - size)
        following = next(blocks, None)
        definitions = self._definitions(schema, table, [*columns, *marks])
        into = _Copy(schema, table, definitions, columns, delimiter, marks)
        if following is None:
            return self._copy_by_way(into, first)
        return self._copy_to_parts(into, chain(first, [following], blocks))

    def _copy(self, statement: str, blocks: Iterable[bytes]) -> int:
        try:
            with self.raw.cursor() as cursor:
                with cursor.copy(statement.encode()) as copy:
                    for block in blocks:
                        copy.write(block)
                return cursor.rowcount
        except psycopg.Error as exc:
            raise translated(exc, self.url) from exc

    def _definitions(self, schema: str, table: str, needed: Iterable[str]) -> dict[str, str]:
        """Return a table's columns, each with what defines it."""
        rows = self.query(
            "select attname::text, format_type(atttypid, atttypmod)"
            " || case when attnotnull then ' not null' else '' end"
            " from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
            " order by attnum",
            [quote(schema, table)],
        ).rows
        definitions: dict[str, str] = dict(rows)
        if missing := [name for name in needed if name not in definitions]:
            raise UsageError(f"{quote(schema, table)} has no column {', '.join(missing)}")
        return definitions

    def _copy_by_way(self, into: "_Copy", blocks: Sequence[bytes]) -> int:
        """Copy into a table of this transaction, and from there, with the marks, where it goes."""
        way = quote(into.schema, f"{into.table}_incoming")
        names = ", ".join(map(quote, [*into.columns, *into.marks]))
        marks = "".join(f", {_literal(value)}" for value in into.marks.values())
        with self.raw.transaction():
            self.execute(f"create unlogged table {way} ({into.defined_columns})")
            rows = self._copy(into.statement(way), blocks)
            self.execute(
                f"insert into {quote(into.schema, into.table)} ({names}) select *{marks} from {way}"
            )
            self.execute(f"drop table {way}")
        return rows

    def _copy_to_parts(self, into: "_Copy", blocks: Iterator[bytes]) -> int:
        schema, table = into.schema, into.table
        number = self.query(
            "select coalesce(max(substring(relname from '[0-9]+$')::bigint), 0) from pg_class"
            f" where {_PARTS}",
            [schema, table],
        ).scalar
        self._drop_left_behind(schema, table)  # whose names stay locked: hence the count before
        parts = [quote(schema, f"{table}_part_{number + i}") for i in range(1, _LANES + 1)]
        self._parts.extend(parts)
        address = conninfo.make_conninfo(self.raw.info.dsn, password=self.raw.info.password)
        lanes = [
            Lane(
                f"create table {part} ({into.defined_columns})",
                into.plain_statement(part),
                into.statement(part, "freeze"),
            )
            for part in parts
        ]
        try:
            rows = copy_in_lanes(address, lanes, blocks)
        except psycopg.Error as exc:
            raise translated(exc, self.url) from exc
        owner = self.owner_of(schema)
        for part in parts:
            if into.missing_columns:
                self.execute(f"alter table {part} {into.missing_columns}")
            self.execute(f"alter table {part} inherit {quote(schema, table)}")
            if owner is not None:
                self.execute(f"alter table {part} owner to {quote(owner)}")
        return rows

    def _drop_left_behind(self, schema: str, table: str) -> None:
        """Drop the parts of loads that were killed: who copies holds the warehouse."""
        left = self.query(
            f"select relname from pg_class where {_PARTS}"
            " and oid not in (select inhrelid from pg_inherits)",
            [schema, table],
        ).rows
        for (name,) in left:
            if quote(schema, name) not in self._parts:
                self.execute(f"drop table {quote(schema, name)}")

    def part_writer(self, schema: str, table: str) -> AbstractContextManager[PartWriter | None]:
        """One process keeps the server busy: it copies in lanes."""
        return nullcontext()

    def grant_to_builder(self, privileges: Sequence[str], schema: str, table: str) -> None:
        """Let the role that builds the models, where it is another one, write a table."""
        builders = self.query(
            "select rolname from pg_namespace inner join pg_roles on nspowner = pg_roles.oid"
            " where nspname = 'final' and rolname <> current_user"
        ).rows
        for (builder,) in builders:
            self.execute(
                f"grant {', '.join(privileges)} on {quote(schema, table)} to {quote(builder)}"
            )

    @contextmanager
    def as_owner_of(self, schema: str) -> Iterator[None]:
        """Make what is made in the block belong to the role that has the schema, if one may."""
        owner = self.owner_of(schema)
        if owner is None:
            yield
            return
        self.execute(f"set local role {quote(owner)}")  # goes with the transaction if that fails
        yield
        self.execute("reset role")

    def owner_of(self, schema: str) -> str | None:
        """Return the role that has a schema, where it is another one that this one may act as."""
        rows = self.query(
            "select rolname::text from pg_namespace inner join pg_roles on nspowner = pg_roles.oid"
            " where nspname = $1 and rolname <> current_user"
            " and pg_has_role(current_user, pg_roles.oid, 'member')",
            [schema],
        ).rows
        return rows[0][0] if rows else None

    def collect_statistics(self, tables: Iterable[tuple[str, str]]) -> None:
        """Analyze tables, those that this role may."""
        self.execute(f"analyze {', '.join(quote(*table) for table in tables)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        try:
            with self.raw.transaction():
                yield
        except psycopg.Error as exc:
            self._drop_parts()
            raise translated(exc, self.url) from exc
        except BaseException:
            self._drop_parts()
            raise
        self._parts.clear()

    def _drop_parts(self) -> None:
        for part in self._parts:
            with suppress(psycopg.Error):  # the first error is the one to be told
                self.raw.execute(f"drop table if exists {part}".encode())
        self._parts.clear()

    def close(self) -> None:
        """Close it; twice is harmless."""
        self.raw.close()


@dataclass(frozen=True)
class _Copy:
    """What is copied, and into which table.

    Args:
        schema: of the table.
        table: its name.
        definitions: its columns, each with what defines it.
        columns: what the lines' fields are.
        delimiter: what stands between fields.
        marks: further columns, of one value in all rows.
    """

    schema: str
    table: str
    definitions: Mapping[str, str]
    columns: Sequence[str]
    delimiter: str
    marks: Mapping[str, int | str]

    @property
    def defined_columns(self) -> str:
        """What defines a table of the copied columns alone."""
        return ", ".join(f"{quote(name)} {self.definitions[name]}" for name in self.columns)

    @property
    def missing_columns(self) -> str:
        """What adds the other columns to such a table.

        Defaults of new columns are kept once, not in each row: a third less is written.
        """
        return ", ".join(
            f"add {quote(name)} {definition}"
            + (f" default {_literal(self.marks[name])}" if name in self.marks else "")
            for name, definition in self.definitions.items()
            if name not in self.columns
        )

    def statement(self, table: str, *more: str) -> str:
        """Return the COPY into a table, quoted, with further options."""
        return f"copy {table} {_from_stdin(self.columns, self.delimiter, *more)}"

    def plain_statement(self, table: str) -> str:
        """Return the COPY of lines without quotes and backslashes into a table that is new.

        It takes an eighth less of the server's time than CSV, which could have fields in quotes.
        """
        names = ", ".join(map(quote, self.columns))
        options = f"format text, delimiter '{self.delimiter}', null '', freeze"
        return f"copy {table} ({names}) from stdin with ({options})"


def _literal(value: int | str) -> str:
    return sql.Literal(value).as_string()


def _from_stdin(columns: Sequence[str], delimiter: str, *more: str) -> str:
    """Return what follows `copy <table>` where canonical CSV is sent."""
    names = ", ".join(map(quote, columns))
    # Without force_null, an empty field in quotes would be an empty text.
    options = ["format csv", f"delimiter '{delimiter}'", f"force_null ({names})", *more]
    return f"({names}) from stdin with ({', '.join(options)})"


def _taken(blocks: Iterator[bytes], enough: int) -> list[bytes]:
    """Take blocks until they are that large together, or all of them."""
    taken: list[bytes] = []
    size = 0
    while size < enough and (block := next(blocks, None)) is not None:
        taken.append(block)
        size += len(block)
    return taken
