"""The shop's calendar: how much each day sells, and a clock that runs at the pace of sales.

A moment is a tick of that clock. Moments drawn evenly from it fall on days in proportion to what
the days sell, so season, weekday and luck are applied once, here, to all that happens.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from ecomdata.generate.chance.draws import Ints, Purpose, below, words
from ecomdata.generate.plan import ShopPlan

#: Ticks of an average day, and of seven.
DAY: Final = 10_000
WEEK: Final = 7 * DAY

#: Per cent of an average day, by month and from Monday to Sunday.
MONTHS: Final = (90, 87, 94, 97, 100, 98, 94, 91, 99, 103, 114, 121)
WEEKDAYS: Final = (101, 97, 97, 99, 94, 101, 111)
#: Black Friday to Cyber Monday, and the days from Christmas Eve on.
BLACK_FRIDAY: Final = (290, 185, 170, 220)
CHRISTMAS: Final = 60
#: The luck of a day (weather, a mention somewhere) adds or takes up to so many thousandths.
LUCK: Final = 200


@dataclass(frozen=True)
class Calendar:
    """The days of a shop.

    Args:
        start: day 0.
        closes: the tick at which each day ends.
        base: the tick at which the days end that the plan's number of orders is for.
    """

    start: date
    closes: Ints
    base: int

    @property
    def ticks(self) -> int:
        """The length of the clock."""
        return int(self.closes[-1])

    def day_of(self, moments: Ints) -> Ints:
        """The day, counted from the start, on which each moment falls."""
        return np.searchsorted(self.closes, moments, side="right").astype(np.int64)

    def month_of(self, day: int) -> int:
        """The calendar month of a day, counted from that of the start."""
        date_ = self.start + timedelta(day)
        return (date_.year - self.start.year) * 12 + date_.month - self.start.month

    def first_of(self, month: int) -> date:
        """The first of the shop's days in a month."""
        years, month_ = divmod(self.start.month - 1 + month, 12)
        return max(self.start, date(self.start.year + years, month_ + 1, 1))


def make_calendar(plan: ShopPlan) -> Calendar:
    """The calendar of the plan's days."""
    weights = [_weight(plan.start + timedelta(day)) for day in range(plan.days)]
    luck = words(plan.seed, Purpose.DAY, 0, plan.days)
    # Two draws: days of great luck are rarer than those of some.
    thousandths = 1_000 - LUCK + below(luck, 0, LUCK + 1) + below(luck, 32, LUCK + 1)
    closes = np.cumsum(np.array(weights, dtype=np.int64) * thousandths // 1_000)
    return Calendar(plan.start, closes, int(closes[plan.base_days - 1]))


def _weight(day: date) -> int:
    weight = DAY * MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] // 10_000
    since = (day - black_friday(day.year)).days
    if 0 <= since < len(BLACK_FRIDAY):
        weight = weight * BLACK_FRIDAY[since] // 100
    if day.month == 12 and day.day >= 24:
        weight = weight * CHRISTMAS // 100
    return weight


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta((3 - first.weekday()) % 7 + 22)
