"""Products that go together: who buys one of a pair tends to buy the other with it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.generate.catalogue import Catalogue
from ecomdata.generate.draws import Bools, Ints, Purpose, words

#: Planted lifts, in turn.
LIFTS: Final = (4, 6, 9, 13)
#: Pairs at most, and one in so many products.
MOST_PAIRS: Final = 24
EVERY: Final = 20
#: A pair's first product is followed by its second one this often at most, in 65,536.
MOST_OFTEN: Final = 52_000


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
    the lift follows, given how popular both are and how large baskets are.
    """

    def __init__(self, seed: int, catalogue: Catalogue, sizes: Ints) -> None:
        count = len(catalogue.prices)
        self.pairs = list(_planted(seed, catalogue, sizes))
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


def _planted(seed: int, catalogue: Catalogue, sizes: Ints) -> "list[Pair]":
    """Neighbours on the ladder, neither rare nor best sellers, that are sold all the time."""
    total = int(catalogue.weights.sum())
    lasting = (catalogue.launched == 0) & (catalogue.retired >= catalogue.retired.max())
    share = catalogue.weights * 10_000 // total  # of lines, in 10,000ths
    fit = catalogue.ladder[lasting[catalogue.ladder] & (share[catalogue.ladder] < 150)]
    wanted = min(MOST_PAIRS, len(catalogue.prices) // EVERY)
    # By their place in `fit`, so that they stay in the order of the ladder.
    often = np.sort(np.argsort(-catalogue.weights[fit], kind="stable")[: 4 * wanted])
    neighbours = fit[often[: len(often) // 2 * 2]].reshape(-1, 2)
    luck = np.argsort(words(seed, Purpose.PAIR, 0, len(neighbours)), kind="stable")
    baskets = _Baskets(sizes)
    pairs = []
    for number, (first, second) in enumerate(neighbours[luck][:wanted].tolist()):
        lift = LIFTS[number % len(LIFTS)]
        weights = (int(catalogue.weights[each]) / total for each in (first, second))
        rate = round(baskets.rate(lift, *weights) * 65_536)
        if 0 < rate <= MOST_OFTEN:
            pairs.append(Pair(first, second, lift, rate))
    return pairs


class _Baskets:
    """What follows from the sizes of baskets, of which some are given."""

    def __init__(self, sizes: Ints) -> None:
        counts = np.bincount(sizes).tolist()
        self._sizes = [(size, count / len(sizes)) for size, count in enumerate(counts) if count]

    def rate(self, lift: float, first: float, second: float) -> float:
        """How often the second product must follow the first, each with its share of lines."""

        def chance(of: Callable[[int], float]) -> float:
            return sum((share * of(size) for size, share in self._sizes), 0.0)

        def none(share: float, size: int) -> float:
            product = 1.0
            for _ in range(size):
                product *= 1.0 - share
            return product

        has_first = chance(lambda size: 1.0 - none(first, size))
        has_second = chance(lambda size: 1.0 - none(second, size))
        has_both = chance(
            lambda size: 1.0 - none(first, size) - none(second, size) + none(first + second, size)
        )
        # x, the share of baskets in which the second follows, adds to both and to the second:
        # lift = (has_both + x) / (has_first * (has_second + x)).
        follows = (lift * has_first * has_second - has_both) / (1.0 - lift * has_first)
        before_another = chance(lambda size: 1.0 - none(first, max(size - 1, 0)))
        return follows / before_another if before_another else 0.0
