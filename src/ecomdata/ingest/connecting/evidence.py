"""What the values of a table's columns are: numbers, dates, keys, e-mails."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ecomdata.ingest.conventions import DecimalMark, Evidence

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*")
_AROUND = re.compile(r"^[A-Z]{3} ?|[ ]?[A-Z]{3}$|[€$£¥ \u00a0]")
_DATE = re.compile(
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4})(?:[T ].*)?"
)
_SPLIT_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{4}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
#: Share of a column's values that must have a shape: exports have their odd ones.
_MOST = 0.9
_UNIQUE = 0.95


@dataclass(frozen=True)
class Column:
    """One column of a table and the values seen."""

    header: str
    values: tuple[str, ...]

    @cached_property
    def filled(self) -> tuple[str, ...]:
        """The values that hold something."""
        return tuple(value.strip() for value in self.values if value.strip())

    @cached_property
    def distinct(self) -> frozenset[str]:
        """The values, once each."""
        return frozenset(self.filled)

    @property
    def is_key(self) -> bool:
        """Whether records have a value and each its own, but for the odd one."""
        return bool(self.values) and len(self.distinct) >= _UNIQUE * len(self.values)

    @cached_property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return not self.is_date and self._mostly(
            lambda text: bool(_NUMBER.fullmatch(_AROUND.sub("", text)))
        )

    @cached_property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers."""
        return self._mostly(lambda text: bool(re.fullmatch(r"[+-]?[0-9]+(?:[.,]0+)?", text)))

    @cached_property
    def is_date(self) -> bool:
        """Whether its values are dates."""
        return self._mostly(lambda text: bool(_DATE.fullmatch(text)))

    @cached_property
    def is_email(self) -> bool:
        """Whether its values are e-mail addresses."""
        return self._mostly(lambda text: bool(_EMAIL.fullmatch(text)))

    def _mostly(self, test: Callable[[str], bool]) -> bool:
        return bool(self.filled) and sum(map(test, self.filled)) >= _MOST * len(self.filled)

    def fits(self, column: str) -> bool:
        """Whether the values can be those of a column of the contract."""
        if column == "quantity":
            return self.is_integer
        if column == "discount_amount":  # nothing above 1 is a rate
            return self.is_number and any((number(v, ".") or 0) > 1 for v in self.filled)
        if column in MONEY:
            return self.is_number
        if column.endswith("_date"):
            return self.is_date
        if column == "email":
            return self.is_email
        return not self.is_date and not (column in TEXTS and self.is_number)

    def part_of(self, key: "Column") -> float:
        """The share of its values that are among the key's."""
        return len(self.distinct & key.distinct) / len(self.distinct) if self.distinct else 0.0


#: Columns that hold amounts, and columns that are words.
MONEY = ("total_price", "unit_price", "discount_amount", "price", "unit_cost", "refund_amount")
TEXTS = ("name", "country", "product_name", "status", "currency", "channel", "reason")


@dataclass(frozen=True)
class Table:
    """A kind of file: those with the same header."""

    name: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]

    def column(self, header: str) -> Column | None:
        """Return the column of that header, in any case."""
        wanted = header.strip().lower()
        return next((c for c in self.columns if c.header.strip().lower() == wanted), None)

    @cached_property
    def conventions(self) -> Evidence:
        """What its values say of its decimal mark and its dates, counted as a load does."""
        numbers = [v for c in self.columns if c.is_number for v in c.filled]
        dates = [
            (int(match[1]), int(match[2]))
            for column in self.columns
            if column.is_date
            for value in column.filled
            if (match := _SPLIT_DATE.match(value))
        ]
        return Evidence(
            point_decimals=sum(bool(re.search(r"[.][0-9]{1,2}$", v)) for v in numbers),
            comma_decimals=sum(bool(re.search(r",[0-9]{1,2}$", v)) for v in numbers),
            day_first=sum(a > 12 >= b for a, b in dates),
            month_first=sum(a <= 12 < b for a, b in dates),
            either_first=sum(a <= 12 and b <= 12 for a, b in dates),
        )


def number(text: str, mark: DecimalMark) -> Decimal | None:
    """Read a number by the file's decimal mark."""
    bare = _AROUND.sub("", text.strip())
    if not _NUMBER.fullmatch(bare):
        return None
    other = "." if mark == "," else ","
    plain = bare.replace(other, "").replace(mark, ".")
    return Decimal(plain) if plain.count(".") <= 1 else None


def is_product(
    quantity: Sequence[str], price: Sequence[str], total: Sequence[str], mark: DecimalMark
) -> bool:
    """Whether quantity x price is the total to the cent on nearly every line, and 1 not always."""
    lines = [
        (q, p, t)
        for q, p, t in (
            (number(a, mark), number(b, mark), number(c, mark))
            for a, b, c in zip(quantity, price, total, strict=True)
        )
        if q is not None and p is not None and t is not None
    ]
    hits = sum(abs(q * p - t) <= Decimal("0.01") for q, p, t in lines)
    return any(q > 1 for q, _, _ in lines) and hits >= 0.95 * len(lines)
