"""Parquet from a CSV file that is as clean as this package writes it, and from columns in parts."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from numpy.typing import NDArray

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Columns of one length, by name.
Columns: TypeAlias = dict[str, NDArray[Any]]

#: Of the columns that are no text.
TYPES: Final = {
    "price": "decimal(18, 2)",
    "unit_cost": "decimal(18, 2)",
    "unit_price": "decimal(18, 2)",
    "discount_amount": "decimal(18, 2)",
    "total_price": "decimal(18, 2)",
    "refund_amount": "decimal(18, 2)",
    "line_number": "bigint",
    "quantity": "bigint",
    "signup_date": "date",
    "order_date": "date",
    "return_date": "date",
}
#: Bytes of the CSV file that are read at a time: DuckDB's own choice is 32 MB, twice.
_BUFFER: Final = 4_000_000
#: Of DuckDB's memory; what is more goes to its files. Parts come while customers are made: with
#: twice as much for them a shop of 100 million order lines took more than its 300 MB.
_OF_A_FILE: Final[Mapping[str, str]] = {"threads": "1", "memory_limit": "64MB"}
_OF_PARTS: Final[Mapping[str, str]] = {"threads": "1", "memory_limit": "32MB"}
#: What takes least time: texts are ids, of which no dictionary is worth a try.
_FORM_OF_PARTS: Final = (
    "format parquet, parquet_version v2, compression zstd, compression_level 1, "
    "string_dictionary_page_size_limit 1"
)

#: What DuckDB says when Ctrl-C comes while it works on Python's own thread.
_INTERRUPTED: Final = "Query interrupted"


def to_parquet(source: Path, target: Path, types: Mapping[str, str]) -> None:
    """Write the CSV file with its header as Parquet, in bounded memory, and remove it.

    `types`: SQL types of all columns in their order.

    Raises:
        OSError: the file cannot be written.
    """
    import duckdb  # late: it takes its time

    with _errors(), duckdb.connect(config=dict(_OF_A_FILE)) as connection:
        rows = connection.read_csv(
            str(source), header=True, columns=dict(types), delimiter=",", buffer_size=_BUFFER
        )
        _aside(connection, lambda: rows.write_parquet(str(target), compression="zstd"))
    source.unlink()


class ParquetParts:
    """Rows that come as columns, part by part, kept in a file until all of them have come.

    Args:
        spool: where they are kept; removed at the end.

    Raises:
        OSError: a file cannot be written (each method).
    """

    def __init__(self, spool: Path) -> None:
        import duckdb  # late: it takes its time

        self._spool = spool
        with _errors():
            self._connection = duckdb.connect(str(spool), config=dict(_OF_PARTS))
            # Kept for seconds: to look for a compression costs more than it spares.
            self._connection.execute("set force_compression = 'uncompressed'")
            self._connection.begin()  # and no commit: nothing is kept
        self._is_empty = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._spool.unlink(missing_ok=True)
        self._spool.with_name(f"{self._spool.name}.wal").unlink(missing_ok=True)

    def add(self, part: Columns) -> None:
        """Add rows, of the same columns each time."""
        into = "create table parts as" if self._is_empty else "insert into parts"
        self._is_empty = False
        with _errors():
            # DuckDB finds the variable by its name; what is registered it keeps until the end.
            self._connection.execute(f"{into} from part")

    def write(self, target: Path, columns: Mapping[str, str]) -> None:
        """Write the rows as Parquet: each column's name, and what it is in SQL of those added."""
        named = ", ".join(f"{sql} as {name}" for name, sql in columns.items())
        copy = f"copy (select {named} from parts) to $1 ({_FORM_OF_PARTS})"
        with _errors():
            _aside(self._connection, lambda: self._connection.execute(copy, [str(target)]))


def _aside(connection: "DuckDBPyConnection", work: Callable[[], object]) -> None:
    """Do what takes its time on a thread of its own: DuckDB by itself misses many a Ctrl-C."""
    with ThreadPoolExecutor(1) as aside:
        working = aside.submit(work)
        try:
            working.result()
        except KeyboardInterrupt:
            connection.interrupt()
            raise


@contextmanager
def _errors() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.IOException as exc:
        raise OSError(str(exc)) from exc
    except RuntimeError as exc:
        if str(exc) != _INTERRUPTED:
            raise
        raise KeyboardInterrupt from exc
