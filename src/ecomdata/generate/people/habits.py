"""The habits of customers: how often they buy, when they lose interest, how much they spend.

Buying follows BG/NBD: while interested, a customer orders at a rate of their own, gamma-distributed
over the customers; after each further order interest ends with a probability of their own, beta-
distributed. Spend follows Gamma-Gamma: the value of an order is gamma-distributed around a mean of
the customer's own. Time runs on the shop's clock (see `calendar`), in weeks of average days.

Source: Fader, Hardie and Lee 2005 (BG/NBD); Fader and Hardie 2013 (Gamma-Gamma).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.generate.calendar import DAY, WEEK
from ecomdata.generate.chance.draws import Floats, Ints
from ecomdata.generate.chance.quantiles import beta, exponential, gamma

#: CDNOW's published parameters, the rate per week.
R, ALPHA, A, B = 0.243, 4.414, 0.793, 2.426
P, Q = 6.25, 3.74
#: CDNOW's gamma is 15.44 dollars; an order here holds more than a CD or two. Mean order: 70.44.
GAMMA: Final = 2 * 15.44

#: A habit is one of this many levels, each as frequent as another.
LEVEL_BITS: Final = 14
LEVELS: Final = 1 << LEVEL_BITS
#: Steps of a waiting time or of an order's luck.
STEP_BITS: Final = 16
#: Waiting times are in units of this part of their mean.
WAIT_UNIT: Final = 20

#: Days from signing up to the first order: none for three in five, 88 at most.
LEADS: Final = tuple(max(0, step - 40) ** 2 * DAY // 6 for step in range(64))
#: New accounts a year, against the first year's first day: a tenth more each year.
GROWTH_PER_TICK: Final = 0.10 / (365 * DAY)
#: Accounts that never buy, at least.
IDLE: Final = 0.10


@dataclass(frozen=True)
class Habits:
    """Tables of the habits by their level.

    Args:
        pace: how many times as often as CDNOW's customers these order, in the same lifetime.
        gaps: mean ticks between two orders.
        dropouts: probability of losing interest after a further order, in 2**32nds.
        means: mean value of an order, in cents.
        waits: quantiles of the exponential distribution, in 2**-20.
        lucks: quantiles of an order's value around its customer's mean.
    """

    pace: float
    gaps: Ints
    dropouts: Ints
    means: Floats
    waits: Ints
    lucks: Floats


def make_habits(pace: float = 1.0) -> Habits:
    """The habits of the plan's customers."""
    # A gap too long for any shop's life is cut so that no product of it exceeds 63 bits.
    gaps = WEEK * ALPHA / (gamma(R, LEVELS) * pace)
    dropouts = beta(A, B, LEVELS) / pace
    return Habits(
        pace=pace,
        gaps=np.clip(gaps, 1.0, 2.0**38).astype(np.int64),
        dropouts=np.floor(dropouts * 2.0**32 + 0.5).astype(np.int64),
        means=100.0 * P * GAMMA / gamma(Q, LEVELS)[::-1],
        waits=np.floor(exponential(1 << STEP_BITS) * 2.0**WAIT_UNIT + 0.5).astype(np.int64),
        lucks=gamma(P, 1 << STEP_BITS) / P,
    )
