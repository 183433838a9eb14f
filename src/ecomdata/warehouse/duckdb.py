"""DuckDB: one file in the project's folder, no server."""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import duckdb

from ecomdata.errors import (
    EcomDataError,
    UsageError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseError,
    WarehouseFullError,
)
from ecomdata.warehouse.lock import always_held, file_lock
from ecomdata.warehouse.machine import memory_mb
from ecomdata.warehouse.protocol import PLAIN_DBT, Connection, PartWriter, Table, quote

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Nothing is fetched from anywhere; results do not depend on the machine's time zone.
CONFIG: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
#: For SQL that a stranger wrote: no file, no network, and no way to switch that off again. Set
#: last, as no folder can be named for what does not fit into memory afterwards.
SEAL = "set enable_external_access = false; set lock_configuration = true"

_BATCH = 10_000  # rows that are taken at once where not all are
#: What the driver says when a signal comes while a statement runs.
_INTERRUPTED = "Query interrupted"

#: What is inserted at once: little, so that the engine starts early, then what has come meanwhile.
#: Every insert ends in row groups that are not full, and merging these costs as much as writing
#: them: 2.9 CPU-s a million rows by 32 MB, 2.4 by 64 MB.
_LEAST_BYTES = 1 << 24
_MOST_BYTES = 1 << 28
_READ = "header = false, auto_detect = false, quote = '\"', escape = '\"', new_line = '\\n'"
#: Lines without quotes are read from several places at once, as they come: 1.0 s a million instead
#: of 1.7 s.
_PLAIN = "parallel = true, buffer_size = 8388608, max_line_size = 1048576"
_PLAIN_BYTES = 1 << 20  # no line of a block is longer than the block
_QUOTED = "parallel = false, max_line_size = 16777216"


def read_csv(columns: int, delimiter: str, reading: str) -> str:
    """Return what reads canonical CSV in SQL, as texts c0, c1, ...; the file is $1."""
    spec = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(columns))
    return f"read_csv($1, {_READ}, {reading}, delim = '{delimiter}', columns = {{{spec}}})"


def usual_memory_limit() -> str:
    """Return what DuckDB may keep in memory where nobody says otherwise."""
    return f"{min(3000, memory_mb() * 4 // 5)}MB"


def _translated(exc: duckdb.Error, path: Path) -> EcomDataError:
    """Say what a driver's error means for the user."""
    text = str(exc)
    low = text.lower()
    if "could not set lock" in low or "conflicting lock" in low:
        holder = text[text.find("(PID") :].split(")")[0].strip("(") if "(PID" in text else "?"
        return WarehouseBusyError(
            f"{path} is open in another process ({holder}): wait for it or end it, then try again"
        )
    if "no space left" in low or "disk quota" in low:
        return WarehouseFullError(f"no space left for {path}: free some; nothing was changed")
    if isinstance(exc, duckdb.OutOfMemoryException):
        return WarehouseFullError(
            f"{path}: the statement needs more memory than DuckDB may use: raise memory_limit, or "
            "name a temp_directory with room"
        )
    if "permission denied" in low or "read-only file system" in low:
        return WarehouseDeniedError(f"no permission to use {path}: check who owns it")
    if isinstance(exc, duckdb.PermissionException) or "attached in read-only mode" in low:
        return WarehouseDeniedError(f"{path} is open for reading: {text.splitlines()[0]}")
    if "not a valid duckdb database" in low or "different format" in low:
        return WarehouseError(f"{path} is not a DuckDB database: name another file")
    if isinstance(exc, duckdb.IOException):
        return WarehouseError(f"{path}: {text.splitlines()[0]}")
    return UsageError(f"the warehouse refused the statement: {text.strip()}")


def _written(blocks: Iterator[bytes], path: Path, inserting: "Future[int] | None") -> str | None:
    """Write a part of the blocks; return how it is to be read, None where no block is left.

    It ends when the part before it is inserted, if it is neither very small nor very large.
    """
    size, is_plain = 0, True
    with path.open("wb") as file:
        while (
            size < _LEAST_BYTES or (size < _MOST_BYTES and inserting and not inserting.done())
        ) and (block := next(blocks, None)) is not None:
            size += file.write(block)
            is_plain = is_plain and len(block) < _PLAIN_BYTES and b'"' not in block
    if not size:
        return None
    return _PLAIN if is_plain else _QUOTED


@dataclass(frozen=True)
class DuckDBConnection:
    """A connection to the file."""

    raw: duckdb.DuckDBPyConnection
    path: Path

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run one statement, on a thread of its own: DuckDB by itself misses many a Ctrl-C."""
        with self._errors(), ThreadPoolExecutor(1) as aside:
            running = aside.submit(self.raw.execute, sql, list(values) or None)
            try:
                running.result()
            except KeyboardInterrupt:
                self.raw.interrupt()
                raise

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """Run one statement and return its rows."""
        self.execute(sql, values)
        names = tuple(column[0] for column in self.raw.description or ())
        with self._errors():
            return Table(names, tuple(self.raw.fetchall()))

    def columns(self, sql: str, values: Sequence[Any] = ()) -> "tuple[NDArray[Any], ...]":
        """Run one statement of numbers and return its columns."""
        self.execute(sql, values)
        with self._errors():
            return tuple(self.raw.fetchnumpy().values())

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run one statement and yield its rows."""
        self.execute(sql)
        while True:
            with self._errors():
                batch = self.raw.fetchmany(_BATCH)
            if not batch:
                return
            yield from batch

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except duckdb.InterruptException as exc:
            raise KeyboardInterrupt from exc
        except duckdb.Error as exc:
            raise _translated(exc, self.path) from exc
        except RuntimeError as exc:
            if str(exc) != _INTERRUPTED:
                raise
            raise KeyboardInterrupt from exc

    def copy_csv(self, schema: str, table: str, columns: Sequence[str], path: Path) -> int:
        """Append a canonical CSV file; return the rows."""
        return self._insert_csv(schema, table, columns, path, ",", _QUOTED, {})

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

        DuckDB reads files: it is given some blocks as one while the next are made.
        """
        insert = partial(self._insert_csv, schema, table, columns)
        blocks = iter(blocks)
        paths = cycle([folder / "part-0.csv", folder / "part-1.csv"])
        rows = 0
        with ThreadPoolExecutor(1) as thread, self._in_any_order():
            inserting: Future[int] | None = None
            while reading := _written(blocks, path := next(paths), inserting):
                if inserting:
                    rows += inserting.result()
                inserting = thread.submit(insert, path, delimiter, reading, marks)
            return rows + inserting.result() if inserting else 0

    @contextmanager
    def _in_any_order(self) -> Iterator[None]:
        """Let what is inserted stand in any order: rows are told by their file and line.

        After an error it stays so: who has met one goes no further on this connection.
        """
        self.execute("set preserve_insertion_order = false")
        yield
        self.execute("reset preserve_insertion_order")

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
        """Append a file; `reading` is how the engine is to go about it."""
        if path.stat().st_size == 0:
            return 0
        names = ", ".join(map(quote, [*columns, *marks]))
        values = "".join(f", ${number}" for number, _ in enumerate(marks, 2))
        return int(
            self.query(
                f"insert into {quote(schema, table)} ({names}) select *{values}"
                f" from {read_csv(len(columns), delimiter, reading)}",
                [str(path), *marks.values()],
            ).scalar
        )

    def part_writer(self, schema: str, table: str) -> AbstractContextManager[PartWriter | None]:
        """The file is one process's."""
        return nullcontext()

    def grant_to_builder(self, privileges: Sequence[str], schema: str, table: str) -> None:
        """DuckDB has no roles: whoever has the file may write it."""

    def as_owner_of(self, schema: str) -> AbstractContextManager[None]:
        """DuckDB has no roles: everything belongs to whoever has the file."""
        return nullcontext()

    def collect_statistics(self, tables: Iterable[tuple[str, str]]) -> None:
        """DuckDB knows its tables."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.execute("begin transaction")
        try:
            yield
        except BaseException:
            with suppress(duckdb.Error):  # the first error is the one to be told
                self.raw.rollback()
            raise
        self.execute("commit")

    def close(self) -> None:
        """Close it; twice is harmless. A statement that Ctrl-C left behind ends first."""
        while True:
            try:
                return self.raw.close()
            except duckdb.ResourceInUseException:
                self.raw.interrupt()
                time.sleep(0.01)


class WithoutRoles:
    """What an engine answers that has no roles."""

    named: ClassVar[str]

    def url_as(self, role: str | None) -> str:
        """There is no role that sees less than all.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            "Superset reads a warehouse on PostgreSQL, as a role that sees final only; "
            f"{self.named} has no roles: use --warehouse postgres"
        )

    def grant_reader(self, connection: Connection, role: str) -> None:
        """There is nobody to grant anything to.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"{self.named} has no roles: who may read the files is who may read the data"
        )


@dataclass(frozen=True)
class DuckDBWarehouse(WithoutRoles):
    """A warehouse in one file.

    Args:
        path: the file.
        memory_limit: what may be kept in memory; what is more goes to disk. None is 3 GB, or 80 %
            of the machine's where that is less.
        temp_directory: where on disk; None is beside the file.
    """

    path: Path
    memory_limit: str | None = None
    temp_directory: Path | None = None
    named: ClassVar[str] = "DuckDB"
    engine: ClassVar[str] = "duckdb"
    dialect: ClassVar[str] = "duckdb"
    dbt_program: ClassVar[str] = PLAIN_DBT

    @property
    def display(self) -> str:
        """The file's path."""
        return f"duckdb:///{self.path}"

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[DuckDBConnection]:
        """Open the file, making it where there is none yet."""
        if read_only and not self.path.exists():
            raise WarehouseError(
                f"{self.path} does not exist: load something first (ecomdata run DIR)"
            )
        self._require_folder()
        try:
            raw = duckdb.connect(str(self.path), read_only=read_only, config=CONFIG | self._limits)
            if read_only:
                raw.execute(SEAL)
        except duckdb.Error as exc:
            raise _translated(exc, self.path) from exc
        connection = DuckDBConnection(raw, self.path)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def exclusive(self, timeout: float) -> Iterator[Callable[[], None]]:
        """Hold `<file>.lock`: DuckDB's own lock is let go between our steps and dbt's."""
        self._require_folder()  # the lock would make it
        with file_lock(self.path.with_name(self.path.name + ".lock"), timeout):
            yield always_held

    def dbt_environment(self) -> dict[str, str]:
        """The variables that the project's profiles.yml reads."""
        limits = {f"ECOMDATA_DBT_{name.upper()}": value for name, value in self._limits.items()}
        return {"ECOMDATA_DBT_TARGET": "duckdb", "ECOMDATA_DBT_PATH": str(self.path)} | limits

    def backup(self, file: Path) -> None:
        """Copy the file while nobody writes it; the caller holds the warehouse."""
        with self.connect() as connection:
            connection.execute("force checkpoint")
        with self.connect(read_only=True):  # keeps who does not ask for our lock from writing
            shutil.copyfile(self.path, file)

    def restore(self, file: Path) -> tuple[str, ...]:
        """Put a copy in the file's place; the caller holds the warehouse."""
        with file.open("rb") as head:  # DuckDB would read CSV, too
            if head.read(12)[8:] != b"DUCK":
                raise UsageError(f"{file} is no backup of a DuckDB warehouse")
        try:
            with DuckDBWarehouse(file).connect(read_only=True) as connection:
                connection.query("select version from meta.schema_version")
                tables = connection.query(
                    "select schema_name, table_name from duckdb_tables() where not internal"
                ).rows
                for name in tables:  # to its last block, each of which has a checksum
                    connection.query(f"select bit_xor(hash(t)) from {quote(*name)} as t")
        except (WarehouseError, UsageError) as exc:
            raise UsageError(f"{file} is no backup of a DuckDB warehouse: {exc}") from exc
        if self.path.exists():
            with self.connect() as connection:  # nobody has it open, and no log is left beside it
                connection.execute("force checkpoint")
        part = self.path.with_name(f"{self.path.name}.part")
        shutil.copyfile(file, part)
        part.replace(self.path)
        return ()

    @property
    def _limits(self) -> dict[str, str]:
        beside = self.path.with_name(self.path.name + ".tmp")
        return {
            "memory_limit": self.memory_limit or usual_memory_limit(),
            "temp_directory": str(self.temp_directory or beside),
        }

    def _require_folder(self) -> None:
        if not self.path.parent.is_dir():
            raise WarehouseError(f"{self.path.parent} does not exist: make the folder first")
