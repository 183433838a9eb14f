"""How an order comes about: its value, the number of its lines, and what each may cost.

The value is the customer's (Gamma-Gamma, see `habits`); it is spread over the lines, and each line
then finds a product at its price (see `ladder`).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.generate.chance.draws import (
    Bools,
    Floats,
    Ints,
    Purpose,
    Words,
    bits,
    by_share,
    chosen,
    words_at,
)
from ecomdata.generate.chance.quantiles import log
from ecomdata.generate.people.habits import GAMMA, STEP_BITS, WAIT_UNIT, Habits, P, Q

#: Cancelled orders, in 65,536 (2 %).
CANCELLED: Final = 1_311
#: Per cent off all lines of an order, and units of a line, each with its share.
DISCOUNTS: Final = {0: 78, 5: 6, 10: 9, 15: 4, 20: 3}
QUANTITIES: Final = {1: 720, 2: 190, 3: 52, 4: 20, 5: 9, 6: 6, 10: 3}

#: Lines of an order at most; the word of a line is addressed by order and line.
MOST_LINES: Final = 1 << 6
#: Mean value of an order, in cents.
MEAN_VALUE: Final = 100.0 * P * GAMMA / (Q - 1.0)
#: An order's lines follow its value up to this many times the mean.
RICHEST: Final = 4.0
#: Steps of that value.
_VALUES: Final = 256


@dataclass(frozen=True)
class Wishes:
    """Lines of consecutive orders before they have found their products.

    Args:
        row: of the line's order.
        line_number: from 1.
        quantity: units.
        price: what a unit may cost before the discount, in cents.
        percent: of the discount, by order.
        cancelled: by order.
        word: of the line.
    """

    row: Ints
    line_number: Ints
    quantity: Ints
    price: Floats
    percent: Ints
    cancelled: Bools
    word: Words


class Tastes:
    """Draws the lines of orders, any part at a time."""

    def __init__(self, seed: int, habits: Habits, lines_per_order: float) -> None:
        self._seed = seed
        self._habits = habits
        self._discounts = by_share(DISCOUNTS)
        self._quantities = by_share(QUANTITIES)
        # Further lines are geometric with a mean in proportion to the order's value: of waiting
        # times in units of log(1 + 1 / mean), the whole part.
        value = (np.arange(_VALUES) + 0.5) * RICHEST / _VALUES
        mean = np.maximum(value * ((lines_per_order - 1.0) / _mean_capped(habits)), 1e-9)
        self._rates = 1.0 / (log(1.0 + 1.0 / mean) * 2.0**WAIT_UNIT)

    def wishes(self, order: Ints, spend: Ints) -> Wishes:
        """The lines of orders by their index, whose customers' spending is of these levels."""
        word = words_at(self._seed, Purpose.ORDER, order)
        value = self._habits.lucks[bits(word, 0, STEP_BITS)] * self._habits.means[spend]
        percent = chosen(self._discounts, word, 32)
        step = np.minimum(value * (_VALUES / RICHEST / MEAN_VALUE), _VALUES - 1.0)
        rate = self._rates[step.astype(np.int64)]
        further = (self._habits.waits[bits(word, STEP_BITS, STEP_BITS)] * rate).astype(np.int64)
        sizes = 1 + np.minimum(further, MOST_LINES - 1)
        row = np.repeat(np.arange(len(order)), sizes)
        starts = np.cumsum(sizes) - sizes
        nth = np.arange(len(row)) - starts[row]
        line = words_at(self._seed, Purpose.LINE, order[row] * MOST_LINES + nth)
        # A line takes its part of the order's value: from 1 to 80 in proportion.
        side = bits(line, 16, 8) + 32
        part = side * side
        whole = np.add.reduceat(part, starts)
        quantity = chosen(self._quantities, line, 24)
        share = value * 100.0 / ((100 - percent) * whole)
        return Wishes(
            row=row,
            line_number=nth + 1,
            quantity=quantity,
            price=share[row] * part / quantity,
            percent=percent,
            cancelled=bits(word, 42, 16) < CANCELLED,
            word=line,
        )


def _mean_capped(habits: Habits) -> float:
    """The mean of the values up to the richest, in mean values, from some of their quantiles."""
    values = np.outer(habits.lucks[32::64], habits.means[8::16] / MEAN_VALUE)
    return float(np.cumsum(np.minimum(values, RICHEST))[-1]) / values.size
