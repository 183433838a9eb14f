"""What a shop is asked to be: the arguments that decide every byte of it."""

from dataclasses import asdict, dataclass
from datetime import date
from math import isqrt
from typing import Final, TypeVar

from ecomdata.errors import UsageError

#: Raised by one with every change to what the same arguments give.
VERSION: Final = 1

#: The widths of the ids: O and C with eight digits, P with five.
MOST_ORDERS: Final = 99_999_999
MOST_PRODUCTS: Final = 99_999
#: Eighty years: so long a clock (see `calendar`) still counts below 2**31.
EARLIEST: Final = date(1990, 1, 1)
LATEST: Final = date(2069, 12, 31)

_Value = TypeVar("_Value", int, float, date)


@dataclass(frozen=True)
class ShopPlan:
    """Everything that decides the bytes of a shop: equal plans make equal files.

    Args:
        orders: how many orders, guests' and cancelled ones included.
        customers: how many accounts, a tenth of which never buy; None: in proportion to the orders.
        products: how many products, a hundredth of which never sell; None: grows with the
            square root of the orders.
        seed: chooses one shop among all that have these habits.
        start: the first day of orders.
        end: the last day of orders and of returns.
        dirt: the share of order lines, customers and products that are spoilt.
        lines_per_order: the mean number of lines of an order.

    Raises:
        UsageError: an argument is out of its range.
    """

    orders: int = 100_000
    customers: int | None = None
    products: int | None = None
    seed: int = 7
    start: date = date(2024, 1, 1)
    end: date = date(2025, 12, 31)
    dirt: float = 0.0
    lines_per_order: float = 2.5

    def __post_init__(self) -> None:
        """Refuse what no shop can be made from."""
        _demand_range("orders", self.orders, 1, MOST_ORDERS)
        _demand_range("customers", self.customer_count, 1, MOST_ORDERS)
        _demand_range("products", self.product_count, 1, MOST_PRODUCTS)
        _demand_range("seed", self.seed, 0, 2**63 - 1)
        _demand_range("dirt", self.dirt, 0, 0.5)
        _demand_range("lines per order", self.lines_per_order, 1, 20)
        _demand_range("start", self.start, EARLIEST, LATEST)
        _demand_range("end", self.end, EARLIEST, LATEST)
        if self.end < self.start:
            raise UsageError(f"end {self.end} is before start {self.start}: give a later end")

    @property
    def customer_count(self) -> int:
        """The number of accounts: by default such that a buyer places about 2.8 orders."""
        return max(1, self.orders * 38 // 100) if self.customers is None else self.customers

    @property
    def product_count(self) -> int:
        """The number of products: by default 632 for 100,000 orders."""
        if self.products is None:
            return min(max(24, 2 * isqrt(self.orders)), MOST_PRODUCTS)
        return self.products

    @property
    def days(self) -> int:
        """The number of days from start to end, both included."""
        return (self.end - self.start).days + 1

    def as_record(self) -> dict[str, object]:
        """The plan as JSON can hold it, with the numbers that were derived and the version."""
        return asdict(self) | {
            "version": VERSION,
            "customers": self.customer_count,
            "products": self.product_count,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }


def _demand_range(name: str, value: _Value, low: _Value, high: _Value) -> None:
    if not low <= value <= high:
        raise UsageError(f"{name} {value} is out of range: give a value from {low} to {high}")
