"""What is in the orders, and what of it comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np

from ecomdata.generate.chance.draws import (
    Bools,
    Ints,
    Purpose,
    Words,
    below,
    bits,
    chosen,
    in_proportion,
    words_at,
)
from ecomdata.generate.goods.catalogue import Assortment, Catalogue
from ecomdata.generate.goods.ladder import Ladder
from ecomdata.generate.goods.pairs import Pairs
from ecomdata.generate.goods.tastes import MOST_LINES, Tastes
from ecomdata.generate.plan import ShopPlan

#: Days from an order to the return: at least 3, mostly within 3 weeks, at most 45.
RETURN_DELAYS: Final = tuple(3 + 42 * step * step // 64**2 for step in range(64))
#: Returns that wait before they are looked through.
PENDING: Final = 1 << 16
#: Types in which they wait; all other fields are below 2**31.
_NARROW: Final = {"line_number": "u1", "refund": "i8", "reason": "u1"}
REASONS: Final = {
    "does not fit": 34,
    "changed mind": 26,
    "not as described": 18,
    "damaged": 14,
    "arrived late": 8,
}


def first_of_each(values: Ints) -> Ints:
    """Where each run of equal values begins."""
    begins = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return np.flatnonzero(begins)


@dataclass(frozen=True)
class Orders:
    """Consecutive orders in the order of time, all of one month.

    Args:
        first: the index of the first of them.
        day: counted from the shop's start.
        customer: an index, or `GUEST`.
        spend: the level of the buyer's spending.
        assortment: what is sold in their month.
    """

    first: int
    day: Ints
    customer: Ints
    spend: Ints
    assortment: Assortment


@dataclass(frozen=True)
class Lines:
    """Consecutive order lines, each with what it shares with its order; money in cents."""

    order: Ints
    line_number: Ints
    day: Ints
    customer: Ints
    cancelled: Bools
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints
    fate: Words

    @cached_property
    def first_of_order(self) -> Ints:
        """The row of each order's first line."""
        return first_of_each(self.order)

    @property
    def total(self) -> Ints:
        """What the buyer pays for the line."""
        return self.quantity * self.unit_price - self.discount

    def rows(self, index: Ints | Bools) -> "Lines":
        """Some of them."""
        return Lines(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass(frozen=True)
class Returns:
    """Lines that came back, in part or whole; `reason` is an index of `REASONS`."""

    order: Ints
    line_number: Ints
    product: Ints
    quantity: Ints
    refund: Ints
    day: Ints
    reason: Ints

    def rows(self, index: Ints | slice) -> "Returns":
        """Some of them."""
        return Returns(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def typed(self, types: Mapping[str, str], other: str) -> "Returns":
        """The same in arrays of these types, by field, or else of another."""
        return Returns(
            **{
                field.name: getattr(self, field.name).astype(types.get(field.name, other))
                for field in fields(self)
            }
        )

    @classmethod
    def joined(cls, parts: Sequence["Returns"]) -> "Returns":
        """All of them."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            }
        )


class Baskets:
    """Fills orders with lines, any part at a time, and sends some of them back."""

    def __init__(self, plan: ShopPlan, tastes: Tastes, ladder: Ladder, catalogue: Catalogue):
        self._seed = plan.seed
        self._last_day = plan.days - 1
        self._tastes = tastes
        self._ladder = ladder
        self._return_rates = -(-(catalogue.return_percents << 14) // 100)
        self._delays = np.array(RETURN_DELAYS, dtype=np.int64)
        self._reasons = in_proportion(list(REASONS.values()), 8)
        self.pairs = Pairs(plan, catalogue, ladder)

    def lines(self, orders: Orders) -> Lines:
        """The lines of orders."""
        order = orders.first + np.arange(len(orders.day))
        wishes = self._tastes.wishes(order, orders.spend)
        row, word = wishes.row, wishes.word
        goes_on = np.append(row[1:] == row[:-1], False)
        product = self.pairs.follow(
            orders.assortment.at(self._ladder.place(wishes.price, word)),
            goes_on,
            bits(word, 34, 16),
            orders.assortment.sold,
        )
        price = orders.assortment.prices[product]
        percent = wishes.percent[row]
        return Lines(
            order=order[row],
            line_number=wishes.line_number,
            day=orders.day[row],
            customer=orders.customer[row],
            cancelled=wishes.cancelled[row],
            product=product,
            quantity=wishes.quantity,
            unit_price=price,
            discount=(wishes.quantity * price * percent + 50) // 100,
            fate=words_at(self._seed, Purpose.FATE, order[row] * MOST_LINES + wishes.line_number),
        )

    def returns(self, lines: Lines) -> Returns:
        """What comes back of the lines before the shop's last day is over."""
        comes_back = (
            bits(lines.fate, 10, 14) < self._return_rates[lines.product]
        ) & ~lines.cancelled
        back = np.flatnonzero(comes_back)
        day = lines.day[back] + chosen(self._delays, lines.fate[back], 4)
        back, day = back[day <= self._last_day], day[day <= self._last_day]
        word, bought = lines.fate[back], lines.quantity[back]
        # Four in five send all units back, the rest some of them.
        quantity = np.where(bits(word, 0, 4) < 13, bought, 1 + below(word, 24, bought))
        refund = (bought * lines.unit_price[back] - lines.discount[back]) * quantity // bought
        return Returns(
            order=lines.order[back],
            line_number=lines.line_number[back],
            product=lines.product[back],
            quantity=quantity,
            refund=refund,
            day=day,
            reason=chosen(self._reasons, word, 56),
        )


class Pending:
    """Returns that are known and not yet written, for they are of days to come."""

    def __init__(self) -> None:
        self._parts: list[Returns] = []
        self._kept = self._added = 0

    @property
    def is_ripe(self) -> bool:
        """There is enough to be worth a look through all."""
        return self._added > max(self._kept // 2, PENDING)

    def add(self, returns: Returns) -> None:
        """Add returns, in the order of their lines."""
        self._parts.append(returns.typed(_NARROW, "i4"))
        self._added += len(returns.day)

    def take(self, until: int) -> Returns:
        """The returns before a day, in the order of their days and then of their lines."""
        whole = Returns.joined(self._parts)
        self._parts = []  # their memory is of use
        order = np.argsort(whole.day, kind="stable")
        due = int(np.searchsorted(whole.day[order], until))
        kept = whole.rows(np.sort(order[due:]))
        self._parts, self._kept, self._added = [kept], len(kept.day), 0
        return whole.rows(order[:due]).typed({}, "i8")
