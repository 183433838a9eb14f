"""The faults of real exports: what each does to a good line, and what a good cleaner makes of it.

A fault that leaves a value as it is, because there is nothing in it to spoil, is not planted.
"""

import codecs
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ecomdata.errors import UsageError

#: The fields of a good line by column, as they are written.
Record: TypeAlias = dict[str, bytes]
#: Makes the faulty line of a good record and a number that chooses between the fault's variants.
Spoil: TypeAlias = Callable[[Record, int], bytes]
#: The same for one value, whose variants are faults of their own.
Change: TypeAlias = Callable[[bytes], bytes]
#: What a perfect cleaner does: refuses the line; restores the values; keeps the record without the
#: value; keeps the record as it is, though what it names is in no file.
Outcome: TypeAlias = Literal["refused", "repaired", "nulled", "kept"]

#: The most of a file's records that can be spoilt, and the most for a single fault.
MOST: Final = 0.5
#: Of a shop's files, how many begin with a byte order mark if any dirt is asked for.
MARKED: Final = 0.25


@dataclass(frozen=True)
class Fault:
    """One kind of fault in one kind of file.

    Args:
        name: also the rule that must catch it where it is refused or nulled.
        outcome: see `Outcome`.
        share: how often it is planted, against the other kinds of the same file; 0: only by name.
        spoil: plants it.
        is_extra: an extra line after the good one, which stays good.
        loses: whoever looks for the record does not find it; refused lines are always lost.
        tells: whether a record shows how the fault is meant; none is planted before one that does.
        most: the highest rate at which it is a fault, and not the way in which the file is written;
            twice that for the lines of a file up to any.
    """

    name: str
    outcome: Outcome
    share: int
    spoil: Spoil
    is_extra: bool = False
    loses: bool = False
    tells: Callable[[Record], bool] | None = None
    most: float = MOST

    @property
    def rule(self) -> str | None:
        """The rule that must catch it."""
        return self.name if self.outcome in ("refused", "nulled") else None

    @property
    def costs_line(self) -> bool:
        """A perfect cleaner is left without the good line."""
        return not self.is_extra and (self.loses or self.outcome == "refused")


def _written(fields: Iterable[bytes]) -> bytes:
    return b",".join(fields)


def _edit(*variants: tuple[str, Change]) -> Spoil:
    """Change the value of one column, in one of several ways."""

    def spoil(record: Record, variant: int) -> bytes:
        column, change = variants[variant % len(variants)]
        return _written({**record, column: change(record[column])}.values())

    return spoil


def _put(column: str, *values: bytes) -> Iterable[tuple[str, Change]]:
    """Put a wrong value into one column."""

    def to(value: bytes) -> Change:
        return lambda _: value

    return [(column, to(value)) for value in values]


def _formed(columns: Sequence[str], *forms: bytes) -> Spoil:
    """Write one of some values in a form in which `%b` stands for it."""

    def to(form: bytes) -> Change:
        return lambda value: form % value

    return _edit(*((column, to(form)) for form in forms for column in columns))


def _miscount(record: Record, variant: int) -> bytes:
    values = list(record.values())
    if variant % 2:
        return _written([*values, b"extra"])
    dropped = variant // 2 % len(values)
    return _written(values[:dropped] + values[dropped + 1 :])


def _repeat(record: Record, _: int) -> bytes:
    line = _written(record.values())
    return line + b"\n" + line


def _repeat_header(record: Record, _: int) -> bytes:
    return _written(record.values()) + b"\n" + ",".join(record).encode()


def _mark(record: Record, _: int) -> bytes:
    return codecs.BOM_UTF8 + _written(record.values())


def _cut_in(value: bytes, what: bytes) -> bytes:
    middle = len(value) // 2
    return value[:middle] + what + value[middle:]


def _foreign(currency: bytes) -> bytes:
    return b"CHF" if currency == b"USD" else b"USD"


def _day_first(mark: bytes) -> Change:
    return lambda day: mark.join(reversed(day.split(b"-")))


def _stray(id_: bytes) -> bytes:
    """The id of another system: in no file of the shop."""
    return b"X" + id_


HEADER_AGAIN: Final = Fault("repeated_header", "refused", 3, _repeat_header, is_extra=True)
#: In front of the header, for a file as a whole: its rate is the chance of a file.
BYTE_ORDER_MARK: Final = Fault("byte_order_mark", "repaired", 0, _mark, most=1.0)


def _spaced(*columns: str) -> tuple[Fault, ...]:
    """White space around any of some values, line ends among it."""
    padded = _formed(columns, b"  %b ", b"\t%b", "%b\u00a0".encode())
    broken = _formed(columns, b'"%b\n"', b'"\n%b"')
    return (
        Fault("whitespace", "repaired", 10, padded),
        Fault("embedded_newline", "repaired", 5, broken),
    )


def _money(column: str) -> tuple[Fault, ...]:
    """What a good reader undoes in an amount of money."""
    signed = _formed([column], "€%b".encode(), "%b €".encode(), b"%b EUR", b"EUR %b")
    commas = _edit((column, lambda value: b'"' + value.replace(b".", b",") + b'"'))
    return (
        Fault("currency_sign", "repaired", 8, signed),
        Fault("decimal_comma", "repaired", 8, commas),
    )


def _dates(column: str) -> Fault:
    """Days before months in a file of ISO dates.

    One alone may be ambiguous (03/04/2024); the first of a file is not (25/04/2024).
    """
    return Fault(
        "ambiguous_date",
        "repaired",
        8,
        _edit(*((column, _day_first(mark)) for mark in (b"/", b".", b"-"))),
        tells=lambda record: int(record[column][8:]) > 12,
    )


#: No dates: of a month that is not so long, a database's zero, a word.
_NO_DATES: Final = (b"2024-02-30", b"0000-00-00", b"soon")

ORDER_FAULTS: Final = (
    Fault("wrong_field_count", "refused", 8, _miscount),
    Fault("unterminated_quote", "refused", 5, _formed(["status"], b'"%b')),
    Fault("malformed_quote", "refused", 2, _edit(("status", lambda v: b'"' + _cut_in(v, b'"')))),
    # From one line in fifty on, they tell that a file is not UTF-8.
    Fault(
        "undecodable_bytes",
        "refused",
        3,
        _edit(("status", lambda v: _cut_in(v, b"\xe9"))),
        most=0.01,
    ),
    # In more than one line of ten, they make a binary file.
    Fault("nul_byte", "refused", 2, _edit(("status", lambda v: _cut_in(v, b"\0"))), most=0.05),
    Fault("missing_id", "refused", 8, _edit(*_put("order_id", b""), *_put("product_id", b""))),
    Fault(
        "invalid_number",
        "refused",
        10,
        _edit(*_put("quantity", b"n/a", b"1.5"), *_put("total_price", b"n/a", b"abc")),
    ),
    Fault("number_out_of_range", "refused", 3, _formed(["total_price"], b"-1%b")),
    Fault("invalid_date", "refused", 10, _edit(*_put("order_date", *_NO_DATES))),
    Fault("date_out_of_range", "refused", 3, _edit(*_put("order_date", b"1900-01-01"))),
    Fault("non_positive_quantity", "refused", 8, _edit(*_put("quantity", b"0", b"-2"))),
    Fault("duplicate_line", "refused", 14, _repeat, is_extra=True),
    HEADER_AGAIN,
    Fault(
        "foreign_currency", "refused", 3, _edit(*_put("currency", b"XXX"), ("currency", _foreign))
    ),
    # A product of unknown cost leaves the whole shop without a margin: for who asks for it.
    Fault("orphan_id", "kept", 0, _edit(("product_id", _stray))),
    *_spaced("order_id", "product_id", "quantity", "order_date", "status"),
    *_money("total_price"),
    _dates("order_date"),
    Fault(
        "stray_case",
        "repaired",
        6,
        _edit(("status", bytes.upper), ("status", bytes.title), ("currency", bytes.lower)),
    ),
)
# Figures hang on order lines, which name their customer and product whatever those files say: so
# truth/kpis.json can state them, and `lost` tells of which customers nothing is known.
CUSTOMER_FAULTS: Final = (
    Fault(
        "invalid_email",
        "nulled",
        20,
        _edit(
            ("email", lambda v: v.replace(b"@", b" at ")),
            ("email", lambda v: v.partition(b"@")[0] + b"@"),
            ("email", lambda v: v.replace(b"@", b"@@")),
            *_put("email", b"none"),
        ),
    ),
    Fault("invalid_date", "nulled", 5, _edit(*_put("signup_date", *_NO_DATES))),
    Fault("missing_id", "refused", 3, _edit(*_put("customer_id", b""))),
    Fault("orphan_id", "kept", 4, _edit(("customer_id", _stray)), loses=True),
    Fault("duplicate_line", "repaired", 8, _repeat, is_extra=True),
    HEADER_AGAIN,
    *_spaced("customer_id", "name", "email", "country"),
    _dates("signup_date"),
    Fault("stray_case", "repaired", 6, _edit(("email", bytes.upper), ("email", bytes.title))),
)
PRODUCT_FAULTS: Final = (
    Fault("duplicate_line", "repaired", 8, _repeat, is_extra=True),
    HEADER_AGAIN,
    *_spaced("product_id", "product_name", "category"),
    *_money("price"),
)
RETURN_FAULTS: Final = (
    Fault("orphan_id", "kept", 6, _edit(("order_id", _stray))),
    Fault("duplicate_line", "refused", 14, _repeat, is_extra=True),
    HEADER_AGAIN,
    *_spaced("return_id", "order_id", "product_id", "quantity", "return_date", "reason"),
    *_money("refund_amount"),
    _dates("return_date"),
)
FAULTS: Final = {
    "orders.csv": ORDER_FAULTS,
    "customers.csv": CUSTOMER_FAULTS,
    "products.csv": PRODUCT_FAULTS,
    "returns.csv": RETURN_FAULTS,
}
#: The highest rate of each fault by name.
_MOST: Final = {
    fault.name: fault.most for faults in (*FAULTS.values(), [BYTE_ORDER_MARK]) for fault in faults
}


def rates(given: Sequence[str]) -> tuple[float, dict[str, float]]:
    """The share of records to be spoilt and the rates of faults by name, as a plan has them.

    Args:
        given: numbers (`0.01`: every fault, in the catalogue's proportions) and rates by name
            (`unterminated_quote=0.002`), which hold instead of the fault's part of the number.

    Raises:
        UsageError: what is no rate, an unknown fault, the same twice, or a rate out of its range.
    """
    found: dict[str, float] = {}
    for text in given:
        name, _, rate = text.rpartition("=")
        if name in found:
            raise UsageError(f"dirt {text}: {name or 'the share of all faults'} is given twice")
        try:
            found[name] = float(rate)
        except ValueError as exc:
            raise UsageError(
                f"dirt {text!r} is no rate: give a share such as 0.01, or FAULT=RATE such as "
                "unterminated_quote=0.002"
            ) from exc
    dirt = found.pop("", 0.0)
    demand_rates(dirt, found)
    return dirt, found


def demand_rates(dirt: float, faults: Mapping[str, float]) -> None:
    """Refuse what cannot be planted.

    Raises:
        UsageError: an unknown fault, a rate out of its range, or more than `MOST` of a file.
    """
    _demand_rate("dirt", dirt, MOST)
    for name, rate in faults.items():
        if name not in _MOST:
            raise UsageError(f"no fault is called {name!r}: give one of {', '.join(sorted(_MOST))}")
        _demand_rate(f"dirt {name}", rate, _MOST[name])
    for file in FAULTS:
        if (total := sum(planting_rates(file, dirt, faults))) > MOST + 1e-9:
            raise UsageError(
                f"the faults of {file} add up to {total:.6g} of its records: "
                f"give rates of at most {MOST} together"
            )


def _demand_rate(name: str, rate: float, most: float) -> None:
    if not 0 <= rate <= most:
        raise UsageError(f"{name} {rate} is out of range: give a value from 0 to {most}")


def planting_rates(file: str, dirt: float, faults: Mapping[str, float]) -> list[float]:
    """The rate of each fault of a file, in the order of `FAULTS`."""
    whole = sum(fault.share for fault in FAULTS[file])
    return [faults.get(fault.name, dirt * fault.share / whole) for fault in FAULTS[file]]


def marking_rate(dirt: float, faults: Mapping[str, float]) -> float:
    """The chance of a file that it begins with a byte order mark."""
    return faults.get(BYTE_ORDER_MARK.name, MARKED if dirt else 0.0)
