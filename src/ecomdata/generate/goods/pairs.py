"""Products that go together: who buys one of a pair tends to buy the other with it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.generate.chance.draws import Bools, Ints, Purpose, words
from ecomdata.generate.goods.catalogue import Catalogue
from ecomdata.generate.goods.ladder import PLACE_BITS, Ladder
from ecomdata.generate.goods.tastes import MOST_LINES
from ecomdata.generate.plan import ShopPlan

#: Planted lifts, in turn.
LIFTS: Final = (4, 6, 9, 13)
#: Pairs at most, and one in so many products.
MOST_PAIRS: Final = 24
EVERY: Final = 20
#: A pair's first product is followed by its second one this often at most, in 65,536.
MOST_OFTEN: Final = 52_000
#: Parts of the ladder, in bits, between which it is counted how often lines stand together.
PART_BITS: Final = 5


@dataclass(frozen=True)
class Pair:
    """Two products, the lift that is planted, and how often it takes place, in 65,536."""

    first: int
    second: int
    lift: int
    rate: int


class Pairs:
    """The pairs of a shop.

    A line after one with a pair's first product becomes one with its second, at a rate from which
    the lift follows, given how popular both are and how often they meet by chance.
    """

    def __init__(self, plan: ShopPlan, catalogue: Catalogue, ladder: Ladder) -> None:
        count = len(catalogue.prices)
        self.pairs = _planted(plan, catalogue, _Baskets(ladder))
        self._second = np.zeros(count, dtype=np.int64)
        self._rate = np.zeros(count, dtype=np.int64)
        for pair in self.pairs:
            self._second[pair.first], self._rate[pair.first] = pair.second, pair.rate

    def as_record(self) -> list[dict[str, object]]:
        """The pairs as JSON can hold them."""
        return [
            {
                "product_ids": [f"P{product + 1:05d}" for product in (pair.first, pair.second)],
                "lift": pair.lift,
            }
            for pair in self.pairs
        ]

    def follow(self, product: Ints, goes_on: Bools, luck: Ints, sold: Bools) -> Ints:
        """The products of lines, where pairs have come together.

        `goes_on`: the line has another line of its order behind it. `luck`: 16 bits a line.
        """
        hit = np.flatnonzero(goes_on & (luck < self._rate[product]))
        second = self._second[product[hit]]
        here = sold[second]
        product[hit[here] + 1] = second[here]
        return product


@dataclass(frozen=True)
class _Place:
    """A product's share of all lines, and the part of the ladder it stands in."""

    share: float
    part: int


def _planted(plan: ShopPlan, catalogue: Catalogue, baskets: "_Baskets") -> list[Pair]:
    """Neighbours on the ladder, neither rare nor best sellers, that are sold all the time."""
    weights = catalogue.weights[catalogue.ladder]
    cumulative = np.cumsum(weights)
    total = int(cumulative[-1])
    lasting = (catalogue.launched == 0) & (catalogue.retired >= catalogue.retired.max())
    share = weights * 10_000 // total  # of lines, in 10,000ths
    fit = np.flatnonzero(lasting[catalogue.ladder] & (share < 150))
    wanted = min(MOST_PAIRS, len(catalogue.prices) // EVERY)
    often = np.sort(fit[np.argsort(-weights[fit], kind="stable")[: 4 * wanted]])
    neighbours = often[: len(often) // 2 * 2].reshape(-1, 2)
    luck = np.argsort(words(plan.seed, Purpose.PAIR, 0, len(neighbours)), kind="stable")
    # What has not been launched or is no longer sold leaves its lines to the others.
    months = (plan.end.year - plan.start.year) * 12 + plan.end.month - plan.start.month + 1
    sold = [
        int(catalogue.weights[(catalogue.launched <= month) & (month < catalogue.retired)].sum())
        for month in range(months)
    ]
    more = sum(total / max(each, 1) for each in sold) / months
    pairs: list[Pair] = []
    for couple in neighbours[luck].tolist():
        places = [
            _Place(
                share=int(weights[each]) / total * more,
                part=int((2 * cumulative[each] - weights[each]) * 2 ** (PART_BITS - 1) // total),
            )
            for each in couple
        ]
        lift = LIFTS[len(pairs) % len(LIFTS)]
        rate = round(baskets.rate(lift, *places) * 65_536)
        if len(pairs) < wanted and 0 < rate <= MOST_OFTEN:
            first, second = catalogue.ladder[couple].tolist()
            pairs.append(Pair(first, second, lift, rate))
    return pairs


class _Baskets:
    """How often lines stand together in some orders, by where on the ladder they stand.

    An order's lines cost alike, so products near each other meet oftener than large baskets alone
    let them: three times as often as chance in the middle of the ladder, ten and more at its ends.
    """

    def __init__(self, ladder: Ladder) -> None:
        row, part = ladder.row, ladder.places >> (PLACE_BITS - PART_BITS)
        parts = 1 << PART_BITS
        goes_on = np.append(row[1:] == row[:-1], False)
        together = np.zeros(parts * parts, dtype=np.int64)
        for apart in range(1, MOST_LINES):
            one = np.flatnonzero(row[apart:] == row[:-apart])
            both = part[one] * parts + part[one + apart]
            together += np.bincount(both, minlength=len(together))
        square = together.reshape(parts, parts)
        self._together = (square + square.T).tolist()
        self._lines = np.bincount(part, minlength=parts).tolist()
        self._before_another = np.bincount(part[goes_on], minlength=parts).tolist()
        self._all_lines, self._orders = len(row), int(row[-1]) + 1

    def rate(self, lift: float, first: _Place, second: _Place) -> float:
        """How often the second product must follow the first; 0 or less where it need not."""
        has_first, has_second = self._has(first), self._has(second)
        has_both = self._meet(first, second)
        # x, the share of baskets in which the second is only for following, adds to both and to
        # the second: lift = (has_both + x) / (has_first * (has_second + x)).
        x = (lift * has_first * has_second - has_both) / (1.0 - lift * has_first)
        before_another = self._before_another[first.part] * self._of_part(first) / self._orders
        followed = before_another * (1.0 - has_both / has_first)
        return x / followed if followed > 0.0 else 0.0

    def _of_part(self, place: _Place) -> float:
        """How much of the lines in its part of the ladder a product has."""
        return float(place.share * self._all_lines / max(self._lines[place.part], 1))

    def _meet(self, one: _Place, other: _Place) -> float:
        """Pairs of lines with the products in a basket, on average."""
        together = self._together[one.part][other.part] / self._orders
        return float(together * self._of_part(one) * self._of_part(other))

    def _has(self, place: _Place) -> float:
        """How many of the baskets have a product, of which hardly any has it three times."""
        return place.share * self._all_lines / self._orders - self._meet(place, place) / 2.0
