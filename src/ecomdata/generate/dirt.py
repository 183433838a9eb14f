"""The faults of real exports, planted in good lines, each written down with what must become of it.

A spoilt line has one fault. What is spoilt is decided by words of its own, so the lines that stay
clean are those of the same shop without dirt.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self, TypeAlias

import numpy as np

from ecomdata.generate.draws import Bools, Purpose, bits, chosen, in_proportion, words
from ecomdata.generate.plan import ShopPlan

#: The values of a good line by column.
Record: TypeAlias = dict[str, bytes]
#: Makes the faulty line of a good record and a number that chooses between the fault's variants.
Spoil: TypeAlias = Callable[[Record, int], bytes]


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Args:
        name: also the rule that must catch it, unless it is repaired.
        outcome: what a perfect cleaner does: refuses the line, restores the value, or keeps the
            record without the value.
        share: how often it is planted, against the other kinds of the same file.
        spoil: plants it.
        adds_line: the fault is an extra line after the good one, which stays good.
    """

    name: str
    outcome: Literal["refused", "repaired", "nulled"]
    share: int
    spoil: Spoil
    adds_line: bool = False

    @property
    def rule(self) -> str | None:
        """The rule that must catch it."""
        return None if self.outcome == "repaired" else self.name

    @property
    def costs_line(self) -> bool:
        """A perfect cleaner is left without the good line."""
        return self.outcome == "refused" and not self.adds_line


def _edit(*variants: tuple[str, Callable[[bytes], bytes]]) -> Spoil:
    """Change the value of one column, in one of several ways."""

    def spoil(record: Record, variant: int) -> bytes:
        column, change = variants[variant % len(variants)]
        return b",".join({**record, column: change(record[column])}.values())

    return spoil


def _put(*variants: tuple[str, bytes]) -> Spoil:
    """Put a wrong value into one column."""

    def to(value: bytes) -> Callable[[bytes], bytes]:
        return lambda _: value

    return _edit(*((column, to(value)) for column, value in variants))


def _miscount(record: Record, variant: int) -> bytes:
    values = list(record.values())
    if variant % 2:
        return b",".join([*values, b"extra"])
    dropped = variant // 2 % len(values)
    return b",".join(values[:dropped] + values[dropped + 1 :])


def _repeat(record: Record, variant: int) -> bytes:
    line = b",".join(record.values())
    return line + b"\n" + line


def _pad(value: bytes) -> bytes:
    return b"  " + value + b" "


def _comma(value: bytes) -> bytes:
    return b'"' + value.replace(b".", b",") + b'"'


def _repairs(amount: str, *padded: str) -> tuple[Fault, ...]:
    """Faults that a good reader undoes: in an amount of money, and around any of some values."""
    signs = _edit((amount, lambda v: "€".encode() + v), (amount, lambda v: v + b" EUR"))
    return (
        Fault("whitespace", "repaired", 10, _edit(*((column, _pad) for column in padded))),
        Fault("currency_sign", "repaired", 8, signs),
        Fault("decimal_comma", "repaired", 8, _edit((amount, _comma))),
    )


ORDER_FAULTS: Final = (
    Fault("wrong_field_count", "refused", 8, _miscount),
    Fault("unterminated_quote", "refused", 5, _edit(("status", lambda v: b'"' + v))),
    Fault(
        "undecodable_bytes",
        "refused",
        5,
        _edit(("status", lambda v: v.replace(b"e", b"\xe9", 1))),
    ),
    Fault("missing_id", "refused", 8, _put(("order_id", b""), ("product_id", b""))),
    Fault(
        "invalid_number",
        "refused",
        10,
        _put(
            ("quantity", b"n/a"),
            ("total_price", b"n/a"),
            ("quantity", b"abc"),
            ("total_price", b"abc"),
        ),
    ),
    Fault(
        "invalid_date", "refused", 10, _put(("order_date", b"2024-02-30"), ("order_date", b"soon"))
    ),
    Fault("non_positive_quantity", "refused", 8, _put(("quantity", b"0"), ("quantity", b"-2"))),
    Fault("duplicate_line", "refused", 14, _repeat, adds_line=True),
    Fault("foreign_currency", "refused", 3, _put(("currency", b"XXX"), ("currency", b"USD"))),
    *_repairs("total_price", "order_id", "product_id", "quantity", "order_date", "status"),
)
# The faults of customers and products cost no record: figures hang on order lines alone, and
# truth/kpis.json can state them without knowing how a missing customer is shown.
CUSTOMER_FAULTS: Final = (
    Fault(
        "invalid_email",
        "nulled",
        20,
        _edit(
            ("email", lambda v: v.replace(b"@", b" at ")),
            ("email", lambda v: v[: v.index(b"@") + 1]),
            ("email", lambda v: v.replace(b"@", b"@@")),
            ("email", lambda _: b"none"),
        ),
    ),
    Fault(
        "whitespace",
        "repaired",
        10,
        _edit(("customer_id", _pad), ("name", _pad), ("email", _pad), ("country", _pad)),
    ),
)
PRODUCT_FAULTS: Final = _repairs("price", "product_id", "product_name", "category")
FAULTS: Final = {
    "orders.csv": (Purpose.DIRT_IN_ORDERS, ORDER_FAULTS),
    "customers.csv": (Purpose.DIRT_IN_CUSTOMERS, CUSTOMER_FAULTS),
    "products.csv": (Purpose.DIRT_IN_PRODUCTS, PRODUCT_FAULTS),
}


class AnswerKey:
    """Writes truth/dirt.jsonl, a line a fault, and counts the faults by kind."""

    def __init__(self, path: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._stream = path.open("w", encoding="utf-8", newline="\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def add(self, file: str, line: int, fault: Fault, original: bytes) -> None:
        """Note a fault on a physical line of a file, whose header is line 1."""
        record = {
            "file": file,
            "line": line,
            "fault": fault.name,
            "rule": fault.rule,
            "outcome": fault.outcome,
            "original": original.decode(),
        }
        self.counts[fault.name] += 1
        self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")


class Soiler:
    """Spoils the lines of one file, shown to it in their order, any number at a time."""

    def __init__(self, plan: ShopPlan, file: str, columns: Sequence[str], key: AnswerKey) -> None:
        self._file = file
        self._columns = columns
        self._key = key
        self._seed = plan.seed
        self._purpose, self._faults = FAULTS[file]
        self._limit = int(plan.dirt * 2**32)
        self._kinds = in_proportion([fault.share for fault in self._faults], 10)
        self._rows = self._added = 0

    def soil(self, text: bytes, rows: int) -> tuple[bytes, Bools]:
        """The next lines, spoilt, and which of them are lost for a perfect cleaner."""
        word = words(self._seed, self._purpose, self._rows, rows)
        hit = np.flatnonzero(bits(word, 0, 32) < self._limit)
        kinds, variants = chosen(self._kinds, word, 32)[hit], bits(word, 42, 20)[hit]
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        lost = np.zeros(rows, dtype=np.bool_)
        pieces: list[bytes] = []
        done = 0
        for row, kind, variant in zip(hit.tolist(), kinds.tolist(), variants.tolist(), strict=True):
            fault = self._faults[kind]
            start, end = int(ends[row - 1]) + 1 if row else 0, int(ends[row])
            line = text[start:end]
            record = dict(zip(self._columns, line.split(b","), strict=True))
            pieces += [text[done:start], fault.spoil(record, variant)]
            done = end
            lost[row] = fault.costs_line
            self._added += fault.adds_line
            self._key.add(self._file, 2 + self._rows + row + self._added, fault, line)
        pieces.append(text[done:])
        self._rows += rows
        return b"".join(pieces), lost
