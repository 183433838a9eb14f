"""Events at work: order lines as they are with them, and what each event did, to the cent.

The shop without an event has the same chance in all else, so an event's effect is a difference of
two sums and no estimate. Lines that go leave their numbers unused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from math import sqrt
from typing import Final, TypeAlias

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.generate.calendar import Calendar
from ecomdata.generate.chance.draws import Bools, Ints, Purpose, Words, bits, words_at
from ecomdata.generate.events.event import COPIES, Event, demand_room_for_copies
from ecomdata.generate.goods.baskets import Lines, Orders, first_of_each
from ecomdata.generate.goods.catalogue import Assortment, Catalogue
from ecomdata.generate.goods.tastes import MOST_LINES
from ecomdata.generate.people.customers import Population, country_of, opened_before
from ecomdata.generate.people.names import countries
from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.timeline import GUEST

#: Of a leaked coupon, per cent; like other discounts a multiple of `STEP`.
COUPON: Final = 50
STEP: Final = 5
#: A fate of which no return follows.
_NEVER: Final = (1 << 64) - 1
#: What an event draws words for, each addressed by event and then by customer, order or line.
_USES: Final = 4
_BY_CUSTOMER, _BY_ORDER, _FATE = range(3)
_INDEX_BITS: Final = 40

#: What events did, a row each: cents, orders and lines touched, and orders more than before.
Effects: TypeAlias = Ints


def staying(rise: float) -> float:
    """The share of buyers who still buy at a price risen by a share: of an elasticity of -2.5.

    Source: Bijmolt, van Heerde and Pieters 2005: -2.62 is the mean of 1,851 elasticities. Minus
    two and a half is a power that square roots give alike on every platform.
    """
    price = 1.0 + rise
    return 1.0 / (price * price * sqrt(price))


@dataclass(frozen=True)
class _Change:
    """What an event does to lines: some go or have another price or discount, or more come."""

    gone: Bools
    unit_price: Ints
    discount: Ints
    more: Lines | None = None


class _Planted:
    """One event of a shop."""

    def __init__(
        self,
        number: int,
        event: Event,
        plan: ShopPlan,
        catalogue: Catalogue,
        calendar: Calendar,
        population: Population,
    ) -> None:
        self.event = event
        self.first = (event.first - plan.start).days
        last = min(event.last or plan.last_day, plan.last_day)
        self.last = (last - plan.start).days
        if event.kind == "category_launch":
            self.first, self.last = 0, self.first - 1
        self._seed = plan.seed
        self._number = number
        segment, what = event.segment, f"event {number} ({event.kind})"
        self._product = int(segment.get("product_id", "P00001")[1:]) - 1
        if self._product >= len(catalogue.prices):
            raise UsageError(
                f"{what} is about {segment['product_id']}: "
                f"give a product up to P{len(catalogue.prices):05d}"
            )
        self._country = -1
        if "country" in segment:
            if segment["country"] not in countries():
                raise UsageError(
                    f"{what} is about {segment['country']!r}: give one of {', '.join(countries())}"
                )
            self._country = countries().index(segment["country"])
        self._in_category = np.ones(len(catalogue.prices), dtype=np.bool_)
        if "category" in segment:
            if segment["category"] not in catalogue.categories:
                raise UsageError(
                    f"{what} is about {segment['category']!r}: "
                    f"give one of {', '.join(catalogue.categories)}"
                )
            category = catalogue.categories.index(segment["category"])
            self._in_category = catalogue.category == category
        self._veterans = 0
        if "signed_up_before" in segment:
            day = date.fromisoformat(segment["signed_up_before"])
            self._veterans = opened_before(plan, calendar, population, (day - plan.start).days)

    def change(self, lines: Lines, assortment: Assortment) -> _Change:
        """What becomes of whole orders."""
        here = (lines.day >= self.first) & (lines.day <= self.last)
        size = self.event.size
        match self.event.kind:
            case "price_rise":
                return self._price_rise(lines, here & (lines.product == self._product))
            case "stock_out":
                sold_out = here & (lines.product == self._product)
                return _without(lines, sold_out & self._hit(_BY_ORDER, lines.order, size))
            case "country_outage":
                there = here & self._from_there(lines)
                return _without(lines, there & self._hit(_BY_ORDER, lines.order, size))
            case "lost_segment":
                old = here & self._from_there(lines) & (lines.customer < self._veterans)
                return _without(lines, old & self._hit(_BY_CUSTOMER, lines.customer, size))
            case "category_launch":
                return _without(lines, here & self._in_category[lines.product])
            case "coupon_leak":
                found = here & self._in_category[lines.product]
                found &= self._hit(_BY_ORDER, lines.order, size)
                halved = _discounts(lines.quantity * lines.unit_price, COUPON)
                discount = np.where(found, halved, lines.discount)
                return _Change(np.zeros_like(here), lines.unit_price, discount)
            case "viral_product":
                return self._viral(lines, here, assortment)
            case _:  # duplicated_load
                copies = lines.rows(here)
                return _with(
                    lines,
                    replace(
                        copies,
                        order=copies.order + COPIES,
                        fate=np.full(len(copies.order), _NEVER, dtype=np.uint64),
                    ),
                )

    def _price_rise(self, lines: Lines, sold: Bools) -> _Change:
        guests = lines.customer == GUEST
        buyer = np.where(guests, lines.order, lines.customer)
        share = 1.0 - staying(self.event.size)
        leaves = np.where(
            guests,
            self._hit(_BY_ORDER, buyer, share),
            self._hit(_BY_CUSTOMER, buyer, share),
        )
        factor = 1_000 + round(self.event.size * 1_000)
        price = (lines.unit_price * factor + 500) // 1_000
        discount = _discounts(lines.quantity * price, _percents(lines))
        return _Change(
            sold & leaves,
            np.where(sold, price, lines.unit_price),
            np.where(sold, discount, lines.discount),
        )

    def _viral(self, lines: Lines, here: Bools, assortment: Assortment) -> _Change:
        if not assortment.sold[self._product]:
            return _without(lines, np.zeros_like(here))
        ends = np.append(np.diff(lines.order) != 0, True)
        # No more than one line more than others have: words are addressed by its number.
        room = lines.line_number <= MOST_LINES
        goes = ends & here & room & self._hit(_BY_ORDER, lines.order, self.event.size)
        last = lines.rows(goes)
        price = np.full(len(last.order), assortment.prices[self._product])
        number = last.line_number + 1
        return _with(
            lines,
            replace(
                last,
                line_number=number,
                product=np.full_like(last.product, self._product),
                quantity=np.ones_like(last.quantity),
                unit_price=price,
                discount=_discounts(price, _percents(last)),
                fate=self._words(_FATE, last.order * 2 * MOST_LINES + number),
            ),
        )

    def _from_there(self, lines: Lines) -> Bools:
        country = country_of(self._seed, lines.customer)
        there: Bools = (country == self._country) & (lines.customer != GUEST)
        return there

    def _hit(self, use: int, index: Ints, share: float) -> Bools:
        luck = bits(self._words(use, index), 0, 32)
        hit: Bools = luck < int(share * 2**32)
        return hit

    def _words(self, use: int, index: Ints) -> Words:
        address = (self._number * _USES + use << _INDEX_BITS) + index
        return words_at(self._seed, Purpose.EVENT, address)


class Planting:
    """The events of a shop, one after another as they are given.

    Raises:
        UsageError: an event is about a product or category that the shop has not.
    """

    def __init__(
        self,
        plan: ShopPlan,
        events: Sequence[Event],
        catalogue: Catalogue,
        calendar: Calendar,
        population: Population,
    ) -> None:
        self._last_day = plan.last_day
        self._planted = [
            _Planted(number, event, plan, catalogue, calendar, population)
            for number, event in enumerate(events, 1)
        ]
        self._effects: Effects = np.zeros((len(events), 4), dtype=np.int64)
        self._copies = any(event.kind == "duplicated_load" for event in events)

    def apply(self, orders: Orders, lines: Lines) -> tuple[Lines, Effects]:
        """The lines of orders with the events, and what these did.

        An event's effect is on what those before it have left: the sales that are not cancelled,
        before returns. Its orders and lines are those that went, came or cost something else.

        Raises:
            UsageError: there are more orders than a shop with a duplicated load can have.
        """
        effects = np.zeros_like(self._effects)
        end = orders.first + len(orders.day)
        if self._copies:
            demand_room_for_copies(end)
        for effect, planted in zip(effects, self._planted, strict=True):
            if orders.day[0] <= planted.last and orders.day[-1] >= planted.first:
                change = planted.change(lines, orders.assortment)
                after, touched_orders, touched_lines = _changed(lines, change, end)
                effect[:] = (
                    _sales(after) - _sales(lines),
                    touched_orders,
                    touched_lines,
                    _count(after.order) - _count(lines.order),
                )
                lines = after
        return lines, effects

    def add(self, effects: Effects) -> None:
        """Sum up what the events did."""
        self._effects += effects

    @property
    def orders_added(self) -> int:
        """Orders that there are more with the events than without them."""
        return int(self._effects[:, 3].sum())

    def answers(self) -> str:
        """The lines of truth/events.jsonl."""
        entries = []
        for number, (planted, effect) in enumerate(
            zip(self._planted, self._effects.tolist(), strict=True), 1
        ):
            event, (cents, orders, lines, _) = planted.event, effect
            last = min(event.last or self._last_day, self._last_day)
            record = {"id": f"E{number:02d}"} | event.as_record() | {"to": last.isoformat()}
            effects = {"effect": str(Decimal(cents).scaleb(-2)), "orders": orders, "lines": lines}
            entries.append(json.dumps(record | effects, ensure_ascii=False) + "\n")
        return "".join(entries)


def _changed(lines: Lines, change: _Change, end: int) -> tuple[Lines, int, int]:
    """The lines of orders before `end` after a change; how many orders and lines it touched."""
    more = change.more
    if more:
        return _together(lines, more, end), _count(more.order), len(more.order)
    dearer, cheaper = change.unit_price != lines.unit_price, change.discount != lines.discount
    touched = lines.order[change.gone | dearer | cheaper]
    lines = replace(lines, unit_price=change.unit_price, discount=change.discount)
    return lines.rows(~change.gone), _count(touched), len(touched)


def _without(lines: Lines, gone: Bools) -> _Change:
    return _Change(gone, lines.unit_price, lines.discount)


def _with(lines: Lines, more: Lines) -> _Change:
    nothing = np.zeros(len(lines.order), dtype=np.bool_)
    return _Change(nothing, lines.unit_price, lines.discount, more)


def _count(order: Ints) -> int:
    """How many orders these are, the same ones side by side."""
    return len(first_of_each(order))


def _sales(lines: Lines) -> int:
    return int(lines.total[~lines.cancelled].sum())


def _percents(lines: Lines) -> Ints:
    """The discounts as they were before they were rounded to cents."""
    value = lines.quantity * lines.unit_price
    percents: Ints = (2 * 100 * lines.discount + STEP * value) // (2 * STEP * value) * STEP
    return percents


def _discounts(value: Ints, percent: Ints | int) -> Ints:
    cents: Ints = (value * percent + 50) // 100
    return cents


def _together(lines: Lines, more: Lines, end: int) -> Lines:
    """Lines by order, those of copies, which are not before `end`, behind what they copy."""
    order = np.concatenate([lines.order, more.order])
    copied = order >= end
    rows = np.argsort(2 * (order - COPIES * copied) + copied, kind="stable")
    return Lines(
        **{
            each.name: np.concatenate([getattr(lines, each.name), getattr(more, each.name)])[rows]
            for each in fields(Lines)
        }
    )
