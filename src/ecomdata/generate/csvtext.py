"""CSV bytes from columns of numbers, many rows at once.

A column is one or more arrays with a text of a fixed width a record, and texts that are the same in
all of them; a byte of zero is "nothing here" and is squeezed out when all columns have been laid
side by side. Nothing is quoted: no value of a shop needs it.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ecomdata.generate.chance.draws import Bools, Ints

#: Texts of one width: of 1, 2, 4 or 8 bytes as numbers, which are copied faster, else raw.
Texts: TypeAlias = NDArray[Any]
Column: TypeAlias = tuple[bytes | Texts, ...]
#: Lines of a file; what is made in place is not copied once more.
FileText: TypeAlias = bytes | bytearray


def table(texts: Iterable[str]) -> Texts:
    """The texts in UTF-8, from which `table.take(indexes)` makes a part of a column."""
    encoded = [text.encode() for text in texts]
    width = max(map(len, encoded))
    width = 4 if width < 4 else 8 if 4 < width < 8 else width
    return np.array(encoded, dtype=f"S{width}").view(_type(width))


def _type(width: int) -> str:
    return f"u{width}" if width in (1, 2, 4, 8) else f"V{width}"


@cache
def _digits(width: int) -> Texts:
    return table(f"{number:0{width}d}" for number in range(10**width))


@cache
def _leading(width: int, blank: bool) -> Texts:
    """Numbers of so many digits at most, without leading zeros; `blank`: 0 is nothing at all."""
    texts = np.arange(10**width).astype(f"S{width}")
    if blank:
        texts[0] = b""
    return texts.view(_type(width))


@cache
def _fractions(places: int) -> Texts:
    return table(f".{number:0{places}d}" for number in range(10**places))


def digits(values: Ints, width: int) -> Column:
    """Numbers of zero or more with leading zeros."""
    groups = []
    for _ in range(width // 4):
        rest = values // 10_000
        groups.append(_digits(4).take(values - rest * 10_000))
        values = rest
    if width % 4:
        groups.append(_digits(width % 4).take(values))
    return tuple(reversed(groups))


def number(values: Ints) -> Column:
    """Numbers of zero or more as they are written."""
    most = int(values.max(initial=0))
    groups: list[Texts] = []
    while most > 9_999:
        rest = values // 10_000
        group = values - rest * 10_000
        short = _leading(4, bool(groups)).take(group)
        groups.append(np.where(rest > 0, _digits(4).take(group), short))
        values, most = rest, most // 10_000
    # No wider than need be: each byte of nothing has to be squeezed out.
    groups.append(_leading(len(str(most)), bool(groups)).take(values))
    return tuple(reversed(groups))


def decimal(units: Ints, places: int) -> Column:
    """Numbers of zero or more, given in units of the last of their decimals (at most four)."""
    whole = units // 10**places
    return *number(whole), _fractions(places).take(units - whole * 10**places)


def money(cents: Ints) -> Column:
    """Amounts of zero or more with two decimals."""
    return decimal(cents, 2)


def only_where(texts: Texts, present: Bools) -> Texts:
    """The texts, nothing where not present."""
    return np.where(present, texts, np.zeros((), texts.dtype))


def joined(count: int, *columns: bytes | Texts | Column) -> Texts:
    """The columns side by side as one part of a column."""
    return np.frombuffer(*_laid_out(count, columns))


def _laid_out(count: int, columns: Sequence[bytes | Texts | Column]) -> tuple[bytearray, str]:
    """The columns side by side, and the type of a record."""
    parts = [part for each in columns for part in (each if isinstance(each, tuple) else (each,))]
    types = [f"V{len(each)}" if isinstance(each, bytes) else each.dtype for each in parts]
    fields: Any = np.dtype([(f"{n}", dtype) for n, dtype in enumerate(types)])
    # What is the same in all records is written with one copy a record.
    laid_out, whole = bytearray(count * fields.itemsize), f"V{fields.itemsize}"
    np.frombuffer(laid_out, whole)[:] = np.frombuffer(
        b"".join(each if isinstance(each, bytes) else bytes(each.dtype.itemsize) for each in parts),
        whole,
    )
    record = np.frombuffer(laid_out, fields)
    for n, each in enumerate(parts):
        if not isinstance(each, bytes):
            record[f"{n}"] = each
    return laid_out, whole


def csv_bytes(count: int, *columns: bytes | Texts | Column) -> bytearray:
    """The columns as lines of a CSV file."""
    parts: list[bytes | Texts | Column] = []
    for column in columns:
        parts += [column, b","]
    parts[-1] = b"\n"
    laid_out, _ = _laid_out(count, parts)
    return laid_out.translate(None, b"\0")
