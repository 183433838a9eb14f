"""What the values of a table's columns are: numbers, dates, keys, e-mails."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from ecomdata.ingest.connecting.words import folded
from ecomdata.ingest.connector import spellings
from ecomdata.ingest.conventions import DecimalMark, Evidence

_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*")
_AROUND = re.compile(r"^[A-Z]{3} ?|[ ]?[A-Z]{3}$|[€$£¥ \u00a0]")
_DATE = re.compile(
    r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4})(?:[T ].*)?"
)
_SPLIT_DATE = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{4}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
#: Words that DuckDB reserves: no name of a column without quotes.
_RESERVED = frozenset(
    (
        "all analyse analyze and anti any array as asc asof asymmetric at authorization binary "
        "both by case cast check collate collation column columns concurrently constraint "
        "create cross default deferrable desc describe distinct do else end except false fetch "
        "for foreign freeze from full generated glob group having ilike in initially inner "
        "intersect into is isnull join lambda lateral leading left like limit map natural not "
        "notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider "
        "placing positional primary qualify references returning right select semi show similar "
        "some struct summarize symmetric table tablesample then to trailing true try_cast tuple "
        "union unique unpack unpivot using variadic verbose when where window with"
    ).split()
)
_LABELLED = re.compile(r" \(column [0-9]+\)$")
#: Share of a column's values that must have a shape: exports have their odd ones.
_MOST = 0.9
_UNIQUE = 0.95


@dataclass(frozen=True)
class Column:
    """One column of a table and the values seen."""

    header: str
    values: tuple[str, ...]

    @property
    def word(self) -> str:
        """The header as the file has it."""
        return _LABELLED.sub("", self.header)

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


def labels(header: Sequence[str]) -> list[str]:
    """Return what to call the columns of a header: each by another name, in any case."""
    seen: set[str] = set()
    found = []
    for place, field in enumerate(header, start=1):
        label = field.strip() or f"column {place}"
        while label.lower() in seen:
            label = f"{label} (column {place})"
        seen.add(label.lower())
        found.append(label)
    return found


@dataclass(frozen=True)
class Table:
    """A kind of file: those with the same header; `columns` stand in its order."""

    name: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> dict[str, str]:
        """What SQL calls each column: its header, folded to ASCII, or its place."""
        names: dict[str, str] = {}
        for place, column in enumerate(self.columns, start=1):
            name = folded(column.word).encode("ascii", "ignore").decode().strip("_")
            if not re.search("[a-z]", name):
                name = f"column_{place}"
            elif name in _RESERVED or name[0].isdigit():
                name = f"c_{name}"
            names[column.header] = f"{name}_{place}" if name in names.values() else name
        return names

    @cached_property
    def spelled(self) -> dict[str, str]:
        """What connector.toml calls each column."""
        return dict(zip(self.names, spellings(self.header), strict=True))

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
