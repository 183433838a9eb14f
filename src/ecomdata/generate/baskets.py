"""What is in the orders, and what of it comes back."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final

import numpy as np

from ecomdata.generate.catalogue import Catalogue
from ecomdata.generate.csvtext import (
    csv_bytes,
    digits,
    money,
    number,
    only_where,
    side_by_side,
    table,
)
from ecomdata.generate.demand import GUEST, Orders
from ecomdata.generate.draws import (
    Bools,
    Ints,
    Purpose,
    below,
    bits,
    chosen,
    geometric,
    in_proportion,
    words,
)
from ecomdata.generate.plan import ShopPlan

ORDER_COLUMNS: Final = (
    "order_id",
    "line_number",
    "customer_id",
    "product_id",
    "quantity",
    "unit_price",
    "discount_amount",
    "total_price",
    "order_date",
    "status",
    "currency",
)
RETURN_COLUMNS: Final = (
    "return_id",
    "order_id",
    "product_id",
    "quantity",
    "refund_amount",
    "return_date",
    "reason",
)
STATUSES: Final = ("completed", "cancelled")
CURRENCY: Final = "EUR"

#: Cancelled orders, in 65,536 (2 %).
CANCELLED: Final = 1_311
#: Per cent off all lines of an order, and units of a line, each with its share.
DISCOUNTS: Final = {0: 78, 5: 6, 10: 9, 15: 4, 20: 3}
QUANTITIES: Final = {1: 720, 2: 190, 3: 52, 4: 20, 5: 9, 6: 6, 10: 3}
#: Days from an order to the return: at least 3, mostly within 3 weeks, at most 45.
RETURN_DELAYS: Final = tuple(3 + 42 * step * step // 64**2 for step in range(64))
REASONS: Final = {
    "does not fit": 34,
    "changed mind": 26,
    "not as described": 18,
    "damaged": 14,
    "arrived late": 8,
}


@dataclass(frozen=True)
class Lines:
    """Consecutive order lines, each with what it shares with its order."""

    order: Ints
    line_number: Ints
    day: Ints
    customer: Ints
    cancelled: Bools
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints

    @property
    def total(self) -> Ints:
        """What the buyer pays for the line, in cents."""
        return self.quantity * self.unit_price - self.discount


@dataclass(frozen=True)
class Returns:
    """Lines that came back, in part or whole; `reason` is an index of `REASONS`."""

    order: Ints
    product: Ints
    quantity: Ints
    refund: Ints
    day: Ints
    reason: Ints


class Baskets:
    """Fills orders with lines, any part at a time, and sends some of them back."""

    def __init__(self, plan: ShopPlan, catalogue: Catalogue, orders: Orders) -> None:
        self._seed = plan.seed
        self._catalogue = catalogue
        self._orders = orders
        self._last_day = plan.days - 1
        self._sizes = geometric(plan.lines_per_order, 12)
        self._discounts = _by_share(DISCOUNTS)
        self._quantities = _by_share(QUANTITIES)
        self._delays = np.array(RETURN_DELAYS, dtype=np.int64)
        self._reasons = in_proportion(list(REASONS.values()), 8)

    def lines(self, first_order: int, count: int, first_line: int) -> Lines:
        """The lines of orders `first_order` on, the first of them line `first_line` of the shop."""
        word = words(self._seed, Purpose.ORDER, first_order, count)
        sizes = chosen(self._sizes, word, 0)
        row = np.repeat(np.arange(count), sizes)
        starts = np.cumsum(sizes) - sizes
        line = words(self._seed, Purpose.LINE, first_line, len(row))
        product = chosen(self._catalogue.popularity, line, 0)
        quantity = chosen(self._quantities, line, 16)
        price = self._catalogue.prices[product]
        percent = chosen(self._discounts, word, 12)[row]
        return Lines(
            order=first_order + row,
            line_number=1 + np.arange(len(row)) - starts[row],
            day=self._orders.day[first_order + row],
            customer=self._orders.customer[first_order + row],
            cancelled=(bits(word, 32, 16) < CANCELLED)[row],
            product=product,
            quantity=quantity,
            unit_price=price,
            discount=(quantity * price * percent + 50) // 100,
        )

    def returns(self, lines: Lines, first_line: int) -> Returns:
        """What comes back of the lines before the shop's last day is over."""
        word = words(self._seed, Purpose.RETURN, first_line, len(lines.order))
        day = lines.day + chosen(self._delays, word, 4)
        comes_back = bits(word, 10, 14) * 100 < self._catalogue.return_percents[lines.product] << 14
        back = np.flatnonzero(comes_back & ~lines.cancelled & (day <= self._last_day))
        bought = lines.quantity[back]
        # Four in five send all units back, the rest some of them.
        some = 1 + below(word[back], 24, bought)
        quantity = np.where(bits(word[back], 0, 4) < 13, bought, some)
        return Returns(
            order=lines.order[back],
            product=lines.product[back],
            quantity=quantity,
            refund=lines.total[back] * quantity // bought,
            day=day[back],
            reason=chosen(self._reasons, word[back], 56),
        )


def _by_share(shares: dict[int, int]) -> Ints:
    values = np.array(list(shares), dtype=np.int64)
    return values[in_proportion(list(shares.values()), 10)]


class BasketLines:
    """Writes the lines of orders.csv and returns.csv."""

    def __init__(self, plan: ShopPlan) -> None:
        days = range(plan.days)
        self._dates = table((plan.start + timedelta(day)).isoformat() for day in days)
        self._statuses = table(STATUSES)
        self._reasons = table(REASONS)

    def order_lines(self, lines: Lines) -> bytes:
        """The lines of orders.csv."""
        count = len(lines.order)
        customer = side_by_side(count, b"C", digits(lines.customer + 1, 8))
        return csv_bytes(
            count,
            side_by_side(count, b"O", digits(lines.order + 1, 8)),
            number(lines.line_number),
            only_where(customer, lines.customer != GUEST),
            side_by_side(count, b"P", digits(lines.product + 1, 5)),
            number(lines.quantity),
            money(lines.unit_price),
            money(lines.discount),
            money(lines.total),
            self._dates[lines.day],
            self._statuses[lines.cancelled.astype(np.int64)],
            CURRENCY.encode(),
        )

    def return_lines(self, returns: Returns, first: int) -> bytes:
        """The lines of returns.csv, the first of them return number `first` of the shop."""
        count = len(returns.order)
        return csv_bytes(
            count,
            side_by_side(count, b"R", digits(np.arange(first + 1, first + count + 1), 8)),
            side_by_side(count, b"O", digits(returns.order + 1, 8)),
            side_by_side(count, b"P", digits(returns.product + 1, 5)),
            number(returns.quantity),
            money(returns.refund),
            self._dates[returns.day],
            self._reasons[returns.reason],
        )


def in_order_of_day(parts: list[Returns]) -> Returns:
    """All the returns, in the order of their days and then of their lines."""
    whole = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Returns)
    }
    order = np.argsort(whole["day"], kind="stable")
    return Returns(**{name: values[order] for name, values in whole.items()})
