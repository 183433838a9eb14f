"""Events: causes planted in a shop for analyses to find, each with its period, segment and size."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from ecomdata.errors import UsageError

#: Events that are chosen for a shop at most: three of each kind.
MOST_EVENTS: Final = 24
#: Of a duplicated load the copy of an order is numbered by so much more, which no order reaches.
COPIES: Final = 50_000_000

_PRODUCT_ID: Final = re.compile(r"P(?!00000)\d{5}")
_FIELDS: Final = ("kind", "from", "to", "segment", "size")


@dataclass(frozen=True)
class Kind:
    """A kind of event.

    Args:
        does: what happens on the days of the event, with `size` in it.
        segment: the dimensions that must be named.
        optional: those that may be.
        most: the size, from above 0, at most.
        size: where none is given; None: one must be.
    """

    does: str
    segment: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    most: float = 1.0
    size: float | None = 1.0


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "price_rise": Kind(
            "a unit of the product costs 1 + size times as much, and some of its buyers leave it",
            ("product_id",),
            most=4.0,
            size=None,
        ),
        "stock_out": Kind("the share `size` of the product's sales is lost", ("product_id",)),
        "country_outage": Kind("the share `size` of the country's orders is lost", ("country",)),
        "coupon_leak": Kind(
            "the share `size` of orders, or of those of the category its lines, is half price",
            optional=("category",),
            size=None,
        ),
        "lost_segment": Kind(
            "the share `size` of the country's customers of before the day orders no more",
            ("country", "signed_up_before"),
        ),
        "viral_product": Kind(
            "the share `size` of orders has one more line, of the product",
            ("product_id",),
            size=None,
        ),
        "duplicated_load": Kind("every order is there once more, under an id of its own"),
        "category_launch": Kind(
            "the category is sold from the first day on, and was not before", ("category",)
        ),
    }
)
#: Kinds that are as large as they are.
WHOLE: Final = ("duplicated_load", "category_launch")


@dataclass(frozen=True)
class Event:
    """One event.

    Args:
        kind: one of `KINDS`.
        first: its first day.
        last: its last day; None: it lasts as long as the shop.
        segment: what it is about, by dimension; the dimensions are those of its kind.
        size: a share or a factor, as its kind says.

    Raises:
        UsageError: the kind is none, or the rest is not as the kind needs it.
    """

    kind: str
    first: date
    last: date | None = None
    segment: Mapping[str, str] = field(default_factory=dict, hash=False)
    size: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no event."""
        if self.kind not in KINDS:
            raise UsageError(f"kind {self.kind!r} is none: give one of {', '.join(KINDS)}")
        if self.last and self.last < self.first:
            raise UsageError(f"to {self.last} is before from {self.first}: give a later day")
        kind = KINDS[self.kind]
        if not 0 < self.size <= kind.most:
            raise UsageError(
                f"size {self.size} is out of range: give one from above 0 to {kind.most} "
                f"({kind.does})"
            )
        if self.kind in WHOLE and self.size != 1:
            raise UsageError(f"size {self.size} means nothing here: leave it out ({kind.does})")
        for name in kind.segment:
            if name not in self.segment:
                raise UsageError(f"segment has no {name}: give one, for {kind.does}")
        known = kind.segment + kind.optional
        for name, value in self.segment.items():
            if name not in known:
                allowed = f"give {', '.join(known)}" if known else "leave it empty"
                raise UsageError(f"segment has {name}, which a {self.kind} has not: {allowed}")
            _demand_value(name, value)

    def as_record(self) -> dict[str, Any]:
        """The event as JSON can hold it, and `from_record` reads it."""
        return {
            "kind": self.kind,
            "from": self.first.isoformat(),
            "to": self.last.isoformat() if self.last else None,
            "segment": dict(self.segment),
            "size": self.size,
        }

    @classmethod
    def from_record(cls, record: object) -> Self:
        """The event that TOML or JSON holds; days are dates or ISO texts.

        Raises:
            UsageError: a field is missing, unknown, or not as it must be.
        """
        if not isinstance(record, dict):
            raise UsageError(f"{record!r} is no event: give a table of {', '.join(_FIELDS)}")
        for name in record:
            if name not in _FIELDS:
                raise UsageError(f"field {name} is none of {', '.join(_FIELDS)}: leave it out")
        for name in ("kind", "from"):
            if record.get(name) is None:
                raise UsageError(f"field {name} is missing: give one")
        kind = record["kind"]
        if not isinstance(kind, str) or kind not in KINDS:
            raise UsageError(f"kind {kind!r} is none: give one of {', '.join(KINDS)}")
        size = record.get("size", KINDS[kind].size)
        if size is None:
            raise UsageError(f"field size is missing: give one ({KINDS[kind].does})")
        if isinstance(size, bool) or not isinstance(size, int | float):
            raise UsageError(f"size {size!r} is no number: give one such as 0.25")
        segment = record.get("segment", {})
        if not isinstance(segment, dict):
            raise UsageError(f"segment {segment!r} is no table: give one of dimensions and values")
        return cls(
            kind=kind,
            first=_day("from", record["from"]),
            last=None if record.get("to") is None else _day("to", record["to"]),
            segment={
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in segment.items()
            },
            size=float(size),
        )


def read_events(path: Path) -> tuple[Event, ...]:
    """The events of a TOML file (tables `[[events]]`), or of a JSON file (a list, or one there).

    Raises:
        UsageError: the file cannot be read, or an entry is no event.
    """
    try:
        text = path.read_text("utf-8")
        document = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}: give a file of events") from exc
    except ValueError as exc:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise UsageError(f"{path} is no {kind}: {exc}: mend it") from exc
    entries = document.get("events") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise UsageError(
            f"{path} has no list of events: give one, each entry with {', '.join(_FIELDS)}"
        )
    events = []
    for number, entry in enumerate(entries, 1):
        try:
            events.append(Event.from_record(entry))
        except UsageError as exc:
            raise UsageError(f"{path}: event {number}: {exc}") from exc
    return tuple(events)


def demand_within(events: tuple[Event, ...], start: date, last: date, orders: int) -> None:
    """Refuse events that a shop of these days and so many orders cannot have.

    Raises:
        UsageError: one begins on a day that is not the shop's, or two duplicate the same day, or
            there is no number left for a duplicated order.
    """
    duplicated: list[tuple[date, date]] = []
    for number, event in enumerate(events, 1):
        what = f"event {number} ({event.kind})"
        if not start <= event.first <= last:
            raise UsageError(
                f"{what} begins on {event.first}, outside the shop's days: "
                f"give a day from {start} to {last}"
            )
        if event.kind == "duplicated_load":
            days = (event.first, event.last or date.max)
            if any(days[0] <= until and since <= days[1] for since, until in duplicated):
                raise UsageError(f"{what} is of days that another one duplicates: give other days")
            duplicated.append(days)
    if duplicated:
        demand_room_for_copies(orders)


def demand_room_for_copies(orders: int) -> None:
    """Refuse orders that stand where a duplicated load has its copies.

    Raises:
        UsageError: there are more orders than a shop with a duplicated load can have.
    """
    if orders > COPIES - 1:
        raise UsageError(
            f"a shop with a duplicated load has fewer than {COPIES} orders: "
            "leave the event out, or make a smaller shop"
        )


def _day(name: str, value: object) -> date:
    # A TOML time is a date too, and means more than a day.
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise UsageError(f"{name} {value!r} is no day: give one such as 2025-03-01") from None


def _demand_value(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise UsageError(f"{name} {value!r} is no text: give one")
    if name == "product_id" and not _PRODUCT_ID.fullmatch(value):
        raise UsageError(f"product_id {value!r} is none: give one such as P00012")
    if name == "signed_up_before":
        _day(name, value)
