"""CSV bytes from columns of numbers, many rows at once.

A column is a matrix of bytes with one row a record; a byte of zero is "nothing here" and is
squeezed out when the columns have been laid side by side. Nothing is quoted: no value of a shop
needs it.
"""

from collections.abc import Iterable
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecomdata.generate.draws import Bools, Ints

Matrix: TypeAlias = NDArray[np.uint8]


@cache
def _four_digits() -> Matrix:
    return table(f"{number:04d}" for number in range(10_000))


def table(texts: Iterable[str]) -> Matrix:
    """The texts as rows of UTF-8, from which `matrix[indexes]` makes a column."""
    encoded = [text.encode() for text in texts]
    width = max(map(len, encoded))
    padded = b"".join(text.ljust(width, b"\0") for text in encoded)
    return np.frombuffer(padded, dtype=np.uint8).reshape(-1, width)


def digits(values: Ints, width: int) -> Matrix:
    """Numbers of zero or more with leading zeros."""
    groups = []
    for _ in range(-(-width // 4)):
        values, group = np.divmod(values, 10_000)
        groups.append(_four_digits()[group])
    return np.concatenate(groups[::-1], axis=1)[:, -width:]


def number(values: Ints) -> Matrix:
    """Numbers of zero or more as they are written."""
    matrix = digits(values, len(str(int(values.max(initial=0)))))
    started = np.maximum.accumulate(matrix != ord("0"), axis=1)
    started[:, -1] = True
    return np.where(started, matrix, np.uint8(0))


def money(cents: Ints) -> Matrix:
    """Amounts of zero or more with two decimals."""
    units, rest = np.divmod(cents, 100)
    return np.concatenate([number(units), side_by_side(len(cents), b".", digits(rest, 2))], axis=1)


def only_where(column: Matrix, present: Bools) -> Matrix:
    """The column, empty where not present."""
    return np.where(present[:, np.newaxis], column, np.uint8(0))


def side_by_side(rows: int, *parts: bytes | Matrix) -> Matrix:
    """Columns, and texts that are the same in every row, as one matrix."""
    matrices = [
        np.broadcast_to(np.frombuffer(part, dtype=np.uint8), (rows, len(part)))
        if isinstance(part, bytes)
        else part
        for part in parts
    ]
    return np.concatenate(matrices, axis=1)


def csv_bytes(rows: int, *columns: bytes | Matrix) -> bytes:
    """The columns as lines of a CSV file."""
    parts: list[bytes | Matrix] = []
    for column in columns:
        parts += [column, b","]
    parts[-1] = b"\n"
    return side_by_side(rows, *parts).tobytes().translate(None, b"\0")
