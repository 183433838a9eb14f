"""The shop's calendar: how much each day sells, and a clock that runs at the pace of sales.

A moment is a tick of that clock. Moments drawn evenly from it fall on days in proportion to what
the days sell, so season, weekday and growth are applied once, here, to all that happens.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from ecomdata.generate.draws import Ints
from ecomdata.generate.plan import ShopPlan

#: Ticks of an average day.
DAY: Final = 10_000

#: Per cent of an average day, by month and from Monday to Sunday.
MONTHS: Final = (90, 87, 94, 97, 100, 98, 94, 91, 99, 103, 114, 121)
WEEKDAYS: Final = (101, 97, 97, 99, 94, 101, 111)
#: Black Friday to Cyber Monday, and the days from Christmas Eve on.
BLACK_FRIDAY: Final = (290, 185, 170, 220)
CHRISTMAS: Final = 60

#: Growth of an average day's sales by habit alone, in millionths a day (7 % a year).
GROWTH: Final = 190


@dataclass(frozen=True)
class Calendar:
    """The days of a shop.

    Args:
        start: day 0.
        closes: the tick at which each day ends.
    """

    start: date
    closes: Ints

    @property
    def ticks(self) -> int:
        """The length of the clock."""
        return int(self.closes[-1])

    def day_of(self, moments: Ints) -> Ints:
        """The day, counted from the start, on which each moment falls."""
        return np.searchsorted(self.closes, moments, side="right").astype(np.int64)


def make_calendar(plan: ShopPlan) -> Calendar:
    """The calendar of the plan's days."""
    weights = [_weight(plan.start + timedelta(day), day) for day in range(plan.days)]
    return Calendar(plan.start, np.cumsum(np.array(weights, dtype=np.int64)))


def _weight(day: date, age: int) -> int:
    weight = DAY * MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] // 10_000
    since = (day - black_friday(day.year)).days
    if 0 <= since < len(BLACK_FRIDAY):
        weight = weight * BLACK_FRIDAY[since] // 100
    if day.month == 12 and day.day >= 24:
        weight = weight * CHRISTMAS // 100
    return weight * (1_000_000 + GROWTH * age) // 1_000_000


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta((3 - first.weekday()) % 7 + 22)
