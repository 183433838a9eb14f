"""Parquet from a CSV file that is as clean as this package writes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

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


def to_parquet(source: Path, target: Path, types: Mapping[str, str]) -> None:
    """Write the CSV file with its header as Parquet, in bounded memory, and remove it.

    `types`: SQL types of all columns in their order.

    Raises:
        OSError: the file cannot be written.
    """
    import duckdb  # late: it takes its time

    try:
        with duckdb.connect(config={"threads": 1, "memory_limit": "64MB"}) as connection:
            rows = connection.read_csv(
                str(source), header=True, columns=dict(types), delimiter=",", buffer_size=_BUFFER
            )
            rows.write_parquet(str(target), compression="zstd")
    except duckdb.IOException as exc:
        raise OSError(str(exc)) from exc
    source.unlink()
