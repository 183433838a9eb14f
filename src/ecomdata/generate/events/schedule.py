"""Which events a shop has that asks for some number of them: their kinds, periods and segments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.generate.chance.draws import Purpose, below, words
from ecomdata.generate.events.event import KINDS, Event
from ecomdata.generate.goods.catalogue import MOST_MONTHS, Catalogue
from ecomdata.generate.people.names import countries, country_levels
from ecomdata.generate.plan import ShopPlan

#: Words of `Purpose.EVENT` from here on choose events; those before it are the events' own.
FIRST_WORD: Final = 1 << 62
#: The fewest days of a shop in which events have room.
FEWEST_DAYS: Final = 28
#: Products are drawn from the most popular, so many for each that is needed; countries from the
#: largest, so many more than are needed.
PRODUCTS_FOR_ONE: Final = 2
MORE_COUNTRIES: Final = 2

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class _Range:
    """What an event of a kind is like.

    Args:
        days: how long, from and to; None: from the second quarter on until the shop ends.
        percent: the size, from and to, in steps of five.
    """

    days: tuple[int, int] | None
    percent: tuple[int, int] = (100, 100)


_RANGES: Final = {
    "price_rise": _Range((42, 84), (15, 40)),
    "stock_out": _Range((14, 35)),
    "country_outage": _Range((7, 14), (50, 100)),
    "coupon_leak": _Range((14, 28), (10, 40)),
    "lost_segment": _Range(None, (30, 90)),
    "viral_product": _Range((14, 35), (5, 15)),
    "duplicated_load": _Range((1, 1)),
    "category_launch": _Range(None),
}


class _Luck:
    """One draw after another."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._used = FIRST_WORD

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        word = words(self._seed, Purpose.EVENT, self._used, 1)
        self._used += 1
        return low + int(below(word, 0, high - low + 1)[0])

    def shuffled(self, items: Sequence[_Item]) -> list[_Item]:
        """The items in another order."""
        word = words(self._seed, Purpose.EVENT, self._used, len(items))
        self._used += len(items)
        return [items[at] for at in np.argsort(word, kind="stable").tolist()]


def planned(plan: ShopPlan, count: int, catalogue: Catalogue) -> tuple[Event, ...]:
    """So many events by the plan's seed, none in the first quarter of the days until its end.

    The kinds take turns. No two are about the same product, country or category, and none is about
    a product of a category that is launched.

    Raises:
        UsageError: the shop is too short, or has too few products.
    """
    if not count:
        return ()
    if plan.base_days < FEWEST_DAYS:
        raise UsageError(
            f"a shop of {plan.base_days} days is too short for events: give {FEWEST_DAYS} or more"
        )
    luck = _Luck(plan.seed)
    turns = luck.shuffled(list(KINDS))
    kinds = [turns[number % len(turns)] for number in range(count)]
    segments = _segments(kinds, catalogue, luck)
    events: list[Event] = []
    for kind in kinds:
        first, last = _period(plan, kind, events, luck)
        low, high = _RANGES[kind].percent
        percent = 5 * luck.between(low // 5, high // 5)
        segment = {name: segments[name].pop(0) for name in _dimensions(kind)}
        if kind == "lost_segment":
            segment["signed_up_before"] = first.isoformat()
        events.append(Event(kind, first, last, segment, percent / 100))
    return tuple(events)


def _dimensions(kind: str) -> list[str]:
    """What a value is chosen for: a coupon is of a category, as others are by their nature."""
    named = KINDS[kind].segment + KINDS[kind].optional
    return [name for name in named if name != "signed_up_before"]


def _segments(kinds: list[str], catalogue: Catalogue, luck: _Luck) -> dict[str, list[str]]:
    """Values for the events to take, in the order of the events, by dimension."""
    needed = [name for kind in kinds for name in _dimensions(kind)]
    categories = luck.shuffled(np.unique(catalogue.category[catalogue.weights > 0]).tolist())
    of_category = [kind for kind in kinds if "category" in _dimensions(kind)]
    launched = [
        category
        for kind, category in zip(of_category, categories, strict=False)
        if kind == "category_launch"
    ]
    lasting = (catalogue.launched == 0) & (catalogue.retired == MOST_MONTHS)
    fit = np.flatnonzero(lasting & (catalogue.weights > 0) & ~np.isin(catalogue.category, launched))
    popular = fit[np.argsort(-catalogue.weights[fit], kind="stable")]
    products = popular[: PRODUCTS_FOR_ONE * needed.count("product_id")].tolist()
    largest = np.argsort(-np.bincount(country_levels()), kind="stable")
    places = largest[: MORE_COUNTRIES + needed.count("country")].tolist()
    segments = {
        "product_id": [f"P{product + 1:05d}" for product in luck.shuffled(products)],
        "country": [countries()[country] for country in luck.shuffled(places)],
        "category": [catalogue.categories[category] for category in categories],
    }
    for name, values in segments.items():
        if len(values) < needed.count(name):
            raise UsageError(
                f"the shop has too few products for {len(kinds)} events: "
                "give more products or fewer events"
            )
    return segments


def _period(
    plan: ShopPlan, kind: str, earlier: list[Event], luck: _Luck
) -> tuple[date, date | None]:
    days = _RANGES[kind].days
    quarter = -(-plan.base_days // 4)
    if days is None:
        return plan.start + timedelta(luck.between(quarter, plan.base_days // 2)), None
    length = min(luck.between(*days), plan.base_days // 6)
    taken = [event.first for event in earlier if event.kind == kind == "duplicated_load"]
    while True:
        first = plan.start + timedelta(luck.between(quarter, plan.base_days - length))
        if first not in taken:
            return first, first + timedelta(length - 1)
