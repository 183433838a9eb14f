"""What every engine offers. Values are bound as $1, $2, ...; names go through `quote`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What runs dbt where it connects by itself. Its objects live as long as it does: looking for
#: garbage among them is a tenth of its CPU, taking them apart at the end is as much again. Its
#: 1,900 events for debugging are less than a tenth: each is made JSON before it is dropped.
PLAIN_DBT: Final = """
import atexit, gc, os, sys
gc.disable()
from dbt.cli.main import cli
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
fire = EventManager.fire_event
def fire_wanted(self, event, level=None, *others, **named):
    if (level or event.level_tag()) not in (EventLevel.DEBUG, EventLevel.TEST):
        fire(self, event, level, *others, **named)
EventManager.fire_event = fire_wanted
try:
    cli()
except SystemExit as end:
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(end.code or 0)
"""


def quote(*parts: str) -> str:
    """Return an identifier, dotted where it has more parts, quoted for SQL."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


@dataclass(frozen=True)
class Table:
    """The answer to a query.

    Shape: `rows` in the query's order, each as long as `columns`; money is Decimal, days are
    `date`, moments are naive UTC `datetime`.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def dicts(self) -> list[dict[str, Any]]:
        """Return the rows as one dict each."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    @property
    def scalar(self) -> Any:
        """The only value of a one-row, one-column answer."""
        [[value]] = self.rows
        return value


class PartWriter(Protocol):
    """Copies into a table, as part of an open transaction, from another process: it is pickled."""

    def copy_blocks(
        self,
        number: int,
        columns: Sequence[str],
        blocks: Iterable[bytes],
        delimiter: str,
        folder: Path,
        marks: Mapping[str, int | str],
    ) -> int:
        """Append blocks as `Connection.copy_blocks` does; no other copy has the same number."""


class Connection(Protocol):
    """An open connection; statements outside `transaction()` take effect at once."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run one statement."""

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """Run one statement and return its rows."""

    def columns(self, sql: str, values: Sequence[Any] = ()) -> "tuple[NDArray[Any], ...]":
        """Run one statement of numbers and return its columns: for more rows than are read.

        Each column is bigint or double precision and has no NULL.
        """

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Run one statement that reads, and yield its rows without holding all of them.

        Nothing else can be asked of the connection until the last one is taken.
        """

    def copy_csv(self, schema: str, table: str, columns: Sequence[str], path: Path) -> int:
        """Append a canonical CSV file (no header, `"` quotes, empty = NULL); return the rows."""

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
        """Append blocks of canonical CSV as they come, each of whole lines; return the rows.

        Args:
            schema: of the table.
            table: its name.
            columns: what the lines' fields are.
            blocks: lines that end in LF; what they raise ends the copy.
            delimiter: what stands between fields.
            folder: where blocks may be kept meanwhile.
            marks: further columns, of one value in all rows.
            size: bytes that the blocks have together, as far as it is known before.
        """

    def part_writer(self, schema: str, table: str) -> AbstractContextManager[PartWriter | None]:
        """What copies into the table from other processes; None where only this one can.

        The caller is in a transaction, which is part of what is copied, and asks nothing of the
        table before the end of the block.
        """

    def grant_to_builder(self, privileges: Sequence[str], schema: str, table: str) -> None:
        """Let the role that builds the models, where it is another one, write a table."""

    def as_owner_of(self, schema: str) -> AbstractContextManager[None]:
        """Make what is made in the block belong to the role that has the schema, if one may.

        The caller is in a transaction.
        """

    def collect_statistics(self, tables: Iterable[tuple[str, str]]) -> None:
        """Have the engine look at how tables (schema, name) are filled, where it has to be told."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: commits at the end of the block, rolls back on any exception."""

    def close(self) -> None:
        """Close it; twice is harmless."""


class Warehouse(Protocol):
    """Where the data lives.

    `connect` raises `WarehouseUnreachableError`, `WarehouseBusyError` or `WarehouseDeniedError`.
    """

    #: What builds the models.
    engine: ClassVar[str]
    #: The engine whose SQL a connection takes.
    dialect: ClassVar[str]

    @property
    def display(self) -> str:
        """The warehouse's address, fit to be printed."""

    def connect(self, *, read_only: bool = False) -> AbstractContextManager[Connection]:
        """Open a connection; `read_only` is safe for SQL that a stranger wrote."""

    def url_as(self, role: str | None) -> str:
        """The address by which SQLAlchemy reaches the warehouse, without a password.

        Args:
            role: as whom; None as the address's own.

        Raises:
            UsageError: the engine has no roles, so that who reads could read everything.
        """

    def exclusive(self, timeout: float) -> AbstractContextManager[Callable[[], None]]:
        """Be the only one who changes the warehouse while the block runs.

        Gives what raises WarehouseUnreachableError where that is no longer so.

        Raises:
            WarehouseBusyError: somebody else still is after `timeout` seconds; says who.
        """

    def dbt_environment(self) -> dict[str, str]:
        """The variables that the project's profiles.yml reads."""

    @property
    def dbt_program(self) -> str:
        """The Python that runs dbt, with its arguments in `sys.argv`.

        Raises:
            WarehouseError: something is missing that it needs.
        """

    def backup(self, file: Path) -> None:
        """Write the warehouse into a file that `restore` takes; the caller holds the warehouse."""

    def restore(self, file: Path) -> tuple[str, ...]:
        """Put a backup in the warehouse's place, all or nothing; the caller holds the warehouse.

        Returns roles of the backup that there are none of here: their rights are left out.

        Raises:
            UsageError: the file is no backup of a warehouse of this engine.
        """

    def grant_reader(self, connection: Connection, role: str) -> None:
        """Make a role that may read the schema final, now and after later builds, and no other.

        Raises:
            UsageError: the engine has no roles.
        """
