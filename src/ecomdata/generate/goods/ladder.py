"""What buyers would pay for a unit, from the least to the most: a product's place is its price.

A product takes as much of the ladder as its popularity, and its price is that at the middle of it.
So a line finds its product by what it may cost, sales follow the popularity, and the value of an
order is what its customer meant to spend, save for the ladder's steps.
"""

from typing import Final

import numpy as np

from ecomdata.generate.chance.draws import Floats, Ints, Purpose, Words, bits, words
from ecomdata.generate.chance.quantiles import interpolated
from ecomdata.generate.goods.tastes import Tastes
from ecomdata.generate.people.habits import LEVEL_BITS

#: A place on the ladder is a number of this many bits.
PLACE_BITS: Final = 24
#: Orders from which the ladder is made.
_PILOT: Final = 1 << 14
#: Steps to the doubling of a price, in bits.
_FINE: Final = 5
#: Cents as 32-bit floats have their exponent above these bits.
_SHIFT: Final = 23 - _FINE
#: The lowest step, 8 cents, and how many there are, up to 671,088.64 EUR.
_LOWEST: Final = (127 + 3) << _FINE
_STEPS: Final = 23 << _FINE


class Ladder:
    """Prices and their places among all the prices that buyers would pay.

    Args:
        row, places: of the lines of some orders, the order and the place.
    """

    def __init__(self, tastes: Tastes) -> None:
        word = words(0, Purpose.PILOT, 0, _PILOT)
        wishes = tastes.wishes(np.arange(_PILOT), bits(word, 0, LEVEL_BITS))
        # One in each step, so that no price stands nowhere.
        counts = np.bincount(_step(wishes.price), minlength=_STEPS) * 1_024 + 1
        places = np.cumsum(counts)
        scaled = np.concatenate([[0], (places << PLACE_BITS) // places[-1]])
        self._starts = scaled[:-1]
        self._widths = np.diff(scaled)
        edges = (np.arange(_STEPS + 1) + _LOWEST) << _SHIFT
        self._prices = edges.astype(np.int32).view(np.float32).astype(np.float64)
        self._places = scaled.astype(np.float64)
        self.row, self.places = wishes.row, self.place(wishes.price, wishes.word)

    def place(self, price: Floats, word: Words) -> Ints:
        """The place of each price, with the luck of 16 bits of the word within its step."""
        step = _step(price)
        place: Ints = self._starts[step] + (self._widths[step] * bits(word, 0, 16) >> 16)
        return place

    def price(self, place: Floats) -> Floats:
        """The price at each place, in cents."""
        return interpolated(place, self._places, self._prices)


def _step(price: Floats) -> Ints:
    raised = price.astype(np.float32).view(np.int32) >> _SHIFT
    step: Ints = np.clip(raised - _LOWEST, 0, _STEPS - 1).astype(np.int64)
    return step
