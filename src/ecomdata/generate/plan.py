"""What a shop is asked to be: the arguments that decide every byte of it."""

import json
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from math import isqrt
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from ecomdata.errors import UsageError
from ecomdata.generate.dirt.faults import demand_rates
from ecomdata.generate.events.event import MOST_EVENTS, Event, demand_within

#: Raised by one with every change to what the same arguments give.
VERSION: Final = 2

#: The widths of the ids: O and C with eight digits, P with five.
MOST_ORDERS: Final = 99_999_999
MOST_PRODUCTS: Final = 99_999
#: Eighty years: so long a clock (see `calendar`) still counts below 2**29.
EARLIEST: Final = date(1990, 1, 1)
LATEST: Final = date(2069, 12, 31)

FORMATS: Final = ("csv", "csv.gz", "parquet")

_Value = TypeVar("_Value", int, float, date)


@dataclass(frozen=True)
class ShopPlan:
    """Everything that decides the bytes of a shop: equal plans make equal files.

    Args:
        orders: how many orders from start to end, guests' and cancelled ones included.
        customers: how many accounts, a tenth of which never buy; None: as many as place the orders
            by habit.
        products: how many products, a hundredth of which never sell; None: grows with the
            square root of the orders.
        seed: chooses one shop among all that have these habits.
        start: the first day of orders.
        end: the last day that `orders` is for.
        more_days: days after `end` on which the shop goes on.
        dirt: the share of order lines, customers and products that are spoilt.
        faults: rates of faults by name, which hold instead of the fault's part of `dirt`.
        lines_per_order: the mean number of lines of an order.
        currency: of all prices, its ISO code.
        format: of the files: csv, csv.gz or parquet.
        events: which are planted, or how many the seed is to choose.

    Raises:
        UsageError: an argument is out of its range.
    """

    orders: int = 100_000
    customers: int | None = None
    products: int | None = None
    seed: int = 7
    start: date = date(2024, 1, 1)
    end: date = date(2025, 12, 31)
    more_days: int = 0
    dirt: float = 0.0
    faults: tuple[tuple[str, float], ...] = ()
    lines_per_order: float = 2.5
    currency: str = "EUR"
    format: str = "csv"
    events: int | tuple[Event, ...] = 0

    def __post_init__(self) -> None:
        """Refuse what no shop can be made from."""
        _demand_range("orders", self.orders, 1, MOST_ORDERS)
        if self.customers is not None:
            _demand_range("customers", self.customers, 1, MOST_ORDERS)
        _demand_range("products", self.product_count, 1, MOST_PRODUCTS)
        _demand_range("seed", self.seed, 0, 2**63 - 1)
        demand_rates(self.dirt, dict(self.faults))
        _demand_range("lines per order", self.lines_per_order, 1, 20)
        _demand_range("start", self.start, EARLIEST, LATEST)
        _demand_range("end", self.end, EARLIEST, LATEST)
        if self.end < self.start:
            raise UsageError(f"end {self.end} is before start {self.start}: give a later end")
        _demand_range("more days", self.more_days, 0, (LATEST - self.end).days)
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise UsageError(f"currency {self.currency!r} is no ISO code: give one such as EUR")
        if self.format not in FORMATS:
            raise UsageError(f"format {self.format!r} is none of {', '.join(FORMATS)}")
        if isinstance(self.events, int):
            _demand_range("events", self.events, 0, MOST_EVENTS)
        else:
            demand_within(self.events, self.start, self.last_day, self.orders)
        if self.is_dirty and self.format == "parquet":
            raise UsageError("dirt is of text, and Parquet has types: leave one of them out")

    @property
    def is_dirty(self) -> bool:
        """Faults are planted."""
        return self.dirt > 0 or any(rate > 0 for _, rate in self.faults)

    @property
    def product_count(self) -> int:
        """The number of products: by default 632 for 100,000 orders."""
        if self.products is None:
            return min(max(24, 2 * isqrt(self.orders)), MOST_PRODUCTS)
        return self.products

    @property
    def base_days(self) -> int:
        """The number of days that `orders` is for."""
        return (self.end - self.start).days + 1

    @property
    def days(self) -> int:
        """The number of all days."""
        return self.base_days + self.more_days

    @property
    def last_day(self) -> date:
        """The last of all days."""
        return self.end + timedelta(self.more_days)

    def as_record(self) -> dict[str, Any]:
        """The plan as JSON can hold it, with the version."""
        days = {"start": self.start.isoformat(), "end": self.end.isoformat()}
        record = {"version": VERSION} | asdict(self) | days
        if not isinstance(self.events, int):
            record["events"] = [event.as_record() for event in self.events]
        return record

    @classmethod
    def read(cls, path: Path) -> Self:
        """The plan of a shop that was made earlier, from where it was written.

        Raises:
            UsageError: there is none, or one of another version, which would go on differently.
        """
        try:
            record = json.loads(path.read_text("utf-8"))
            version = record["version"]
            if version == VERSION:
                values = {field.name: record[field.name] for field in fields(cls)}
                days = {name: date.fromisoformat(values[name]) for name in ("start", "end")}
                values["faults"] = tuple((name, rate) for name, rate in values["faults"])
                if not isinstance(values["events"], int):
                    values["events"] = tuple(map(Event.from_record, values["events"]))
                return cls(**values | days)
        except FileNotFoundError:
            raise UsageError(
                f"there is no {path}: only a shop that `ecomdata generate` made can go on"
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise UsageError(f"{path} is no plan of a shop: {exc}: make the shop anew") from exc
        raise UsageError(
            f"{path} is of version {version}, and this is {VERSION}: make the shop anew, then "
            "add days"
        )


def _demand_range(name: str, value: _Value, low: _Value, high: _Value) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} {value} is out of range: give a value from {low} to {high}")
