"""Runs of days on which something is rarer or more frequent than the days before say it should be.

Source: a scan over windows (Kulldorff 1997) with the exact conditional test of two Poisson rates
(Przyborowski and Wilenski 1940), made wider by the counts' own overdispersion (McCullagh and
Nelder 1989), and Simes (1986) over the windows, which overlap and so depend on each other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.insights.finding import Question, Searched, Span

Floats = NDArray[np.float64]

#: Days before the period whose rate is taken as the usual one, and the fewest that can tell it.
BASE_DAYS: Final = 91
FEWEST_BASE_DAYS: Final = 28
#: Countries are looked at that place so many of the orders of the days before. One with more than
#: half of them is the shop itself, and the others are no measure for it.
LEAST_SHARE: Final = 0.01
MOST_SHARE: Final = 0.5
#: Of the base's weeks so many with the lowest rate, and with the highest, are left out: an event of
#: the past is not what is usual.
_TRIMMED: Final = 2
#: The median of a chi-squared variable of one degree of freedom.
_CHI2_MEDIAN: Final = 0.4549


@dataclass(frozen=True)
class Base:
    """What is usual: so many of so much exposure, without the most unusual weeks."""

    count: float
    exposure: float

    @classmethod
    def of(cls, counts: Floats, exposure: Floats) -> "Base":
        """Sum whole weeks up to the end, the unusual ones left out."""
        return cls(*(float(each) for each in _usual_sums(_by_week(counts), _by_week(exposure))))

    @property
    def rate(self) -> float:
        """How many there are of one exposure."""
        return self.count / self.exposure if self.exposure else 0.0


@dataclass(frozen=True)
class Window:
    """The most striking run of days of a period.

    Args:
        first: index of its first day in the period.
        last: index of its last day.
        observed: how many there were.
        expected: how many there should have been.
        gain: by how much these are likelier than what is usual: the logarithm of the ratio of the
            likelihoods; minus infinity where no run is on the side that is looked at.
        p_values: asks for those of every run of days.
    """

    first: int
    last: int
    observed: float
    expected: float
    gain: float
    p_values: Callable[[], Floats] = field(repr=False, compare=False)

    @cached_property
    def p_value(self) -> float:
        """Of the whole scan. It takes far longer than the rest."""
        order = np.sort(self.p_values())
        return min(1.0, float(np.min(order * len(order) / np.arange(1, len(order) + 1))))


def usual_days(question: Question, look_back: int = 0) -> tuple[int, Span]:
    """Return the days of whole weeks that tell what is usual, and how many they are.

    They end before the period, or so many days before it that are looked at as well; those are
    fewer where too few would be left.
    """
    have = (question.current.start - question.data.start).days
    looked_at = min(look_back, max(0, have - FEWEST_BASE_DAYS))
    days = min(BASE_DAYS, have - looked_at) // 7 * 7
    after = question.current.start - timedelta(looked_at)
    return days, Span(after - timedelta(days), after - timedelta(1))


def days_before(base: Span, start: date) -> Span | None:
    """Return the days of whole weeks before those of a base; None: too few are known."""
    days = min(BASE_DAYS, (base.start - start).days) // 7 * 7
    if days < FEWEST_BASE_DAYS:
        return None
    return Span(base.start - timedelta(days), base.start - timedelta(1))


def too_few_days(what: str, days: int) -> Searched:
    """Return that something could not be asked, for want of days before the period."""
    return Searched((), 0, f"{what}: needs {FEWEST_BASE_DAYS} days before, has {days}")


def spread(counts: Floats, exposure: Floats) -> float:
    """Return how many times as much as Poisson counts the weekly counts of rows vary, at least 1.

    The median over all rows and weeks, so that events of the past do not count.
    """
    weeks, of = _by_week(counts), _by_week(exposure)
    count, exposed = _usual_sums(weeks, of)
    expected = of * np.divide(count, exposed, out=np.zeros(len(count)), where=exposed > 0)[:, None]
    told = expected >= 5
    variance = expected * (1 + expected / np.maximum(weeks.sum(axis=1, keepdims=True), 1.0))
    squares = (weeks - expected)[told] ** 2 / variance[told]
    return max(1.0, float(np.median(squares)) / _CHI2_MEDIAN) if len(squares) else 1.0


def scan(counts: Floats, exposure: Floats, base: Base, dispersion: float, fewer: bool) -> Window:
    """Return the window of a period that is the most striking on one side.

    Args:
        counts: of each day of the period.
        exposure: of each day, what the counts are in proportion to.
        base: what is usual.
        dispersion: how many times as much as Poisson counts they vary.
        fewer: look for too few, and else for too many.
    """
    first, last = _every_window(len(counts))
    observed, of = _sums(counts), _sums(exposure)
    expected = of * base.rate
    on_side = observed < expected if fewer else observed > expected
    gain = np.where(on_side, _gain(observed, of, base), -np.inf)
    best = int(np.argmax(gain))
    return Window(
        int(first[best]),
        int(last[best]),
        float(observed[best]),
        float(expected[best]),
        float(gain[best]),
        partial(rarity, observed, of, base, dispersion, fewer),
    )


def _gain(observed: Floats, of: Floats, base: Base) -> Floats:
    # Half an event more, so that of two windows with all there is the shorter gains more.
    usual = of * (base.count + 0.5) / max(base.exposure, 1.0)
    gain: Floats = observed * np.log(np.maximum(observed, 0.5) / np.maximum(usual, 1e-9))
    gain -= observed - usual
    return gain


def _sums(values: Floats) -> Floats:
    """Of every window."""
    first, last = _every_window(len(values))
    up_to: Floats = np.concatenate([[0.0], np.cumsum(values)])
    sums: Floats = up_to[last + 1] - up_to[first]
    return sums


def rarity(
    observed: Floats, exposure: Floats, base: Base, dispersion: float, fewer: bool
) -> Floats:
    """Return how often there would be as few, or as many, were the rate that of the base."""
    before = np.array([base.count]), np.array([base.exposure])
    return two_rates(observed, exposure, *before, np.array([dispersion]), fewer)


def two_rates(
    observed: Floats,
    exposure: Floats,
    count: Floats,
    of: Floats,
    dispersion: Floats,
    fewer: bool,
) -> Floats:
    """Return how often there would be as few, or as many, were the rate the same as before.

    Given both counts together, the newer is binomial; both are divided by the dispersion.

    Args:
        observed: how many there are.
        exposure: what they are in proportion to.
        count: how many there were before.
        of: what those were in proportion to.
        dispersion: how many times as much as Poisson counts they vary.
        fewer: whether fewer are looked for, and else more.
    """
    from scipy.special import betainc

    part = exposure / np.maximum(exposure + of, 1e-9)
    x, before = observed / dispersion, count / dispersion
    if fewer:
        p = betainc(np.maximum(before, 1e-9), x + 1.0, 1.0 - part)
    else:
        p = np.where(x > 0, betainc(np.maximum(x, 1e-9), before + 1.0, part), 1.0)
    return np.clip(np.where(exposure > 0, p, 1.0), 0.0, 1.0)


@cache
def _every_window(days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first and the last day of every run of days: made once, there are thousands of scans."""
    first, last = np.triu_indices(days)
    return first, last


def _usual_sums(weeks: Floats, exposure: Floats) -> tuple[Floats, Floats]:
    """Sums over the weeks, of each row where there are rows, the unusual ones left out."""
    usual = np.argsort(weeks / np.maximum(exposure, 1.0), axis=-1, kind="stable")
    if usual.shape[-1] > 3 * _TRIMMED:
        usual = usual[..., _TRIMMED:-_TRIMMED]
    count, exposed = (
        np.take_along_axis(each, usual, axis=-1).sum(axis=-1) for each in (weeks, exposure)
    )
    return count, exposed


def _by_week(values: Floats) -> Floats:
    """Sums of whole weeks, the last one ending with the last day."""
    days = values.shape[-1]
    weeks = values[..., days % 7 :].reshape(*values.shape[:-1], days // 7, 7)
    sums: Floats = weeks.sum(axis=-1)
    return sums
