"""The products: what they are called, what they cost, how often they are bought and sent back."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray

from ecomdata.generate.calendar import Calendar
from ecomdata.generate.chance.draws import (
    Bools,
    Floats,
    Ints,
    Purpose,
    Words,
    below,
    bits,
    in_proportion,
    times_in,
    words,
    words_at,
)
from ecomdata.generate.csvtext import FileText, csv_bytes, digits, money, table
from ecomdata.generate.goods.ladder import PLACE_BITS, Ladder
from ecomdata.generate.plan import ShopPlan

COLUMNS: Final = ("product_id", "product_name", "category", "price", "unit_cost")

#: How far the best seller of a category stands above the rest: popularity goes with
#: 1 / (rank + SHIFT).
SHIFT: Final = 4
#: Prices from here on end on one of these; lower ones on a 9.
ROUNDED_FROM: Final = 500
ENDINGS: Final = (99, 99, 95, 49)
#: Coprime to the number of names of every category: walks through all of them before a repeat.
STRIDE: Final = 7_919

#: In a hundred: launched after the first month, and taken out of the range one day.
LAUNCHED_LATER: Final = 20
RETIRED: Final = 15
#: A price is another one this often, in 256 a month, by at most so many thousandths up or down.
REPRICED: Final = 40
PRICE_RANGE: Final = 120
#: Months of a shop's life at most; the word of a price is addressed by product and month.
MOST_MONTHS: Final = 1 << 10


class _Category(TypedDict):
    share: int
    cost_percent: list[int]
    return_percent: int
    makers: list[str]
    styles: list[str]
    items: dict[str, list[int]]


@dataclass(frozen=True)
class Assortment:
    """What is sold in a month.

    Args:
        products: by place on the ladder, as many entries as a power of two; of a narrow type, as
            most of them are in a processor's cache then.
        prices: of each product of the catalogue, in cents.
        sold: which products of the catalogue are in the range.
    """

    products: NDArray[np.int32]
    prices: Ints
    sold: Bools

    def at(self, place: Ints) -> Ints:
        """The product at each place of the ladder."""
        size_bits = (len(self.products) - 1).bit_length()
        product: Ints = self.products[place >> (PLACE_BITS - size_bits)].astype(np.int64)
        return product


@dataclass(frozen=True)
class Catalogue:
    """The products, by index.

    Args:
        names: distinct.
        categories: titles; `category` is an index of them.
        prices: list price of one unit before any change, cents.
        costs: cost of one unit to the shop, cents.
        return_percents: how many in a hundred sold lines come back, given time.
        weights: how often each is bought, against the others.
        ladder: products that sell, from the cheapest to the dearest.
        launched, retired: the months of the shop from and before which each is sold.
    """

    seed: int
    names: list[str]
    categories: list[str]
    category: Ints
    prices: Ints
    costs: Ints
    return_percents: Ints
    weights: Ints
    ladder: Ints
    launched: Ints
    retired: Ints

    def assortment(self, month: int, prices: Ints) -> Assortment:
        """What is sold in a month of the shop: always the best tenth, at least."""
        sold = (self.launched <= month) & (month < self.retired)
        places = self.ladder[sold[self.ladder]]
        size_bits = 16 if len(places) < 2_048 else 19
        times = times_in(self.weights[places], size_bits)
        return Assortment(np.repeat(places.astype(np.int32), times), prices, sold)


class PriceList:
    """The list prices month by month: each is now and then a little above or below its first."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._month = 0
        self._thousandths = np.full(len(catalogue.prices), 1_000)

    def at(self, month: int) -> Ints:
        """The prices in a month of the shop, in cents; months are asked for in their order."""
        index = np.arange(len(self._thousandths)) * MOST_MONTHS
        while self._month < month:
            self._month += 1
            word = words_at(self._catalogue.seed, Purpose.PRICE, index + self._month)
            change = 1_000 - PRICE_RANGE + below(word, 8, 2 * PRICE_RANGE + 1)
            self._thousandths = np.where(bits(word, 0, 8) < REPRICED, change, self._thousandths)
        first = self._catalogue.prices
        changed = _rounded(first * self._thousandths // 1_000)
        return np.where(self._thousandths == 1_000, first, changed)


def make_catalogue(plan: ShopPlan, ladder: Ladder) -> Catalogue:
    """The plan's products."""
    pool: dict[str, _Category] = json.loads(
        files("ecomdata.generate.pools").joinpath("catalogue.json").read_text("utf-8")
    )["categories"]
    titles, kinds = list(pool), list(pool.values())
    count = plan.product_count
    word, launch, end = words(plan.seed, Purpose.PRODUCT, 0, 3 * count).reshape(count, 3).T
    category = in_proportion([kind["share"] for kind in kinds], 10)[bits(word, 0, 10)]
    weights = _weights(plan, category, kinds)
    order = np.argsort(words(plan.seed, Purpose.LADDER, 0, count), kind="stable")
    prices = _prices(ladder, weights, order)
    costs = np.array([kind["cost_percent"] for kind in kinds], dtype=np.int64)[category] * 10
    least, most = costs[:, 0], costs[:, 1]
    launched, retired = _life(plan, launch, end, weights)
    return Catalogue(
        seed=plan.seed,
        names=_names(plan.seed, category, prices, kinds, word),
        categories=titles,
        category=category,
        prices=prices,
        costs=np.maximum(prices * (least + below(word, 26, most - least)) // 1_000, 1),
        return_percents=np.array([kind["return_percent"] for kind in kinds])[category],
        weights=weights,
        ladder=order[weights[order] > 0],
        launched=launched,
        retired=retired,
    )


def _weights(plan: ShopPlan, category: Ints, kinds: list[_Category]) -> Ints:
    """Zipf-Mandelbrot within each category, ranks by chance; nothing for the last hundredth."""
    count = len(category)
    luck = words(plan.seed, Purpose.POPULARITY, 0, count)
    unsold = np.argsort(luck, kind="stable")[count - count // 100 :]
    weights = np.zeros(count, dtype=np.int64)
    for number, kind in enumerate(kinds):
        members = np.flatnonzero(category == number)
        ranks = np.empty(len(members), dtype=np.int64)
        ranks[np.argsort(luck[members], kind="stable")] = np.arange(1, len(members) + 1)
        parts = (1 << 30) // (ranks + SHIFT)
        weights[members] = parts * (kind["share"] << 20) // max(1, int(parts.sum()))
    weights = np.maximum(weights, 1)
    weights[unsold] = 0
    return weights


def _prices(ladder: Ladder, weights: Ints, order: Ints) -> Ints:
    places: Floats = np.empty(len(weights))
    cumulative = np.cumsum(weights[order])
    middles = (cumulative - weights[order] / 2.0) / cumulative[-1]
    places[order] = middles * 2.0**PLACE_BITS
    return _rounded(ladder.price(places).astype(np.int64))


def _rounded(cents: Ints) -> Ints:
    """The nearest price, or nearly, that shops write."""
    ending = np.array(ENDINGS, dtype=np.int64)[cents % len(ENDINGS)]
    low = np.maximum((cents + 5) // 10 * 10 - 1, 49)
    return np.where(cents < ROUNDED_FROM, low, (cents + 50 - ending) // 100 * 100 + ending)


def _life(plan: ShopPlan, launch: Words, end: Words, weights: Ints) -> tuple[Ints, Ints]:
    """Months of launch and of the end; the best tenth has always been there and stays."""
    months = (plan.end.year - plan.start.year) * 12 + plan.end.month - plan.start.month
    tenth = -(-len(weights) // 10)
    passing = weights < np.sort(weights)[-tenth]
    later = passing & (bits(launch, 0, 8) * 100 < LAUNCHED_LATER << 8)
    launched = np.where(later, 1 + below(launch, 8, max(months, 1)), 0)
    launched = np.minimum(launched, months)
    ends = passing & (bits(end, 0, 8) * 100 < RETIRED << 8)
    retired = np.where(ends, launched + 3 + below(end, 8, max(months, 1)), MOST_MONTHS)
    return launched, retired


def _names(
    seed: int, category: Ints, prices: Ints, kinds: list[_Category], word: Words
) -> list[str]:
    """A name each: a maker, a style, and a thing of the category that may cost as much."""
    made = [0] * len(kinds)
    names: dict[str, None] = {}
    for number, cents, luck in zip(
        category.tolist(), prices.tolist(), bits(word, 10, 16).tolist(), strict=True
    ):
        kind = kinds[number]
        euros = cents / 100
        fitting = [name for name, (low, high) in kind["items"].items() if low <= euros <= high]
        if not fitting:
            fitting = [min(kind["items"], key=lambda name: abs(kind["items"][name][0] - euros))]
        item = fitting[luck % len(fitting)]
        makers, styles = kind["makers"], kind["styles"]
        while True:
            walk = (seed + made[number]) * STRIDE % (len(makers) * len(styles))
            series = made[number] // (len(makers) * len(styles)) + 1
            made[number] += 1
            maker, style = divmod(walk, len(styles))
            name = f"{makers[maker]} {styles[style]} {item}" + (f" {series}" if series > 1 else "")
            if name not in names:
                break
        names[name] = None
    return list(names)


def product_lines(catalogue: Catalogue, month: int, prices: Ints) -> FileText:
    """The lines of products.csv, at the prices of a month, of what had been launched by then."""
    launched = np.flatnonzero(catalogue.launched <= month)
    count = len(launched)
    return csv_bytes(
        count,
        (b"P", *digits(launched + 1, 5)),
        table(catalogue.names).take(launched),
        table(catalogue.categories).take(catalogue.category[launched]),
        money(prices[launched]),
        money(catalogue.costs[launched]),
    )


def price_lines(calendar: Calendar, prices: PriceList, month: int) -> FileText:
    """The lines of truth/prices.csv: prices that are other ones than in the month before."""
    before = prices.at(month - 1) if month else np.zeros(0, dtype=np.int64)
    now = prices.at(month)
    changed = np.flatnonzero(now != before) if month else np.arange(len(now))
    count = len(changed)
    return csv_bytes(
        count,
        (b"P", *digits(changed + 1, 5)),
        calendar.first_of(month).isoformat().encode(),
        money(now[changed]),
    )
