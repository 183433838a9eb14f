"""Statistics of a shop's orders with their errors, for tests that ask whether a habit is there."""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, f, norm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number from a sample and its standard error."""

    value: float
    standard_error: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The normal interval around the value."""
        reach = float(norm.ppf((1 + level) / 2)) * self.standard_error
        return self.value - reach, self.value + reach


@dataclass(frozen=True)
class PairLift:
    """How much oftener two things share a basket than if they did not know of each other."""

    lift: float
    baskets: int
    with_a: int
    with_b: int
    with_both: int
    interval: tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """Observed shares against expected ones; a small `p_value` says that they differ."""

    shares: Floats
    expected: Floats
    statistic: float  #: chi-square over dispersion
    p_value: float
    dispersion: float  #: variance over mean of a count; 1 is Poisson


def power_law_slope(
    counts: Iterable[int], *, shift: float = 0.0, top: int | None = None
) -> Estimate:
    """Slope of log count on log(rank + shift) over the `top` counts; -1 is Zipf's law.

    Each count weighs what it is, which is one over the variance of its logarithm; the standard
    error grows with the scatter about the line where that is more than Poisson's. Choose `top` so
    that its counts are large: rare ranks are sorted by chance.

    Raises: ValueError: fewer than three counts, or one that is zero.
    Source: Zipf-Mandelbrot, count = c * (rank + shift) ** slope.
    """
    ranked = np.array(sorted(counts, reverse=True)[:top], dtype=np.float64)
    if len(ranked) < 3 or ranked[-1] <= 0:
        raise ValueError(f"a slope takes three counts above zero: {ranked}")
    x, y = np.log(np.arange(1, len(ranked) + 1) + shift), np.log(ranked)
    x_off = x - np.average(x, weights=ranked)
    y_off = y - np.average(y, weights=ranked)
    information = np.sum(ranked * x_off**2)
    slope = np.sum(ranked * x_off * y_off) / information
    scatter = np.sum(ranked * (y_off - slope * x_off) ** 2) / (len(ranked) - 2)
    return Estimate(float(slope), float(np.sqrt(max(1.0, scatter) / information)))


def pair_lift(
    baskets: Iterable[Collection[Hashable]], a: Hashable, b: Hashable, level: float = 0.95
) -> PairLift:
    """Lift of `a` and `b`: their baskets over what independence expects; 1 is independence.

    The interval is the delta method's for the log of the lift; of a pair that never met it runs
    from 0 to the exact Poisson bound.

    Raises: ValueError: `a` or `b` is in no basket.
    """
    met = Counter((a in basket, b in basket) for basket in baskets)
    n, both = met.total(), met[True, True]
    with_a, with_b = both + met[True, False], both + met[False, True]
    if not with_a or not with_b:
        raise ValueError(f"{a!r} is in {with_a} baskets and {b!r} in {with_b}: there is no lift")
    chance = with_a * with_b / n
    lift = both / chance
    if both:
        variance = 1 / both - 1 / with_a - 1 / with_b + (2 * lift - 1) / n
        factor = float(np.exp(norm.ppf((1 + level) / 2) * np.sqrt(max(variance, 0.0))))
        interval = lift / factor, lift * factor
    else:
        interval = 0.0, float(-np.log((1 - level) / 2)) / chance
    return PairLift(lift, n, with_a, with_b, both, interval)


def share_of_top(values: Iterable[float | Decimal], fraction: float) -> float:
    """Share of the sum that the largest `fraction` of the values hold, at least one of them."""
    ranked = sorted((float(value) for value in values), reverse=True)
    return sum(ranked[: max(1, round(fraction * len(ranked)))]) / sum(ranked)


def repeat_share(buyers: Iterable[Hashable]) -> Estimate:
    """Share of the buyers with two orders or more, from the buyer of each order.

    Guests are no buyers: leave their orders out.
    """
    orders = Counter(buyers)
    share = sum(count > 1 for count in orders.values()) / len(orders)
    return Estimate(share, float(np.sqrt(share * (1 - share) / len(orders))))


def agreement_of_shares(
    counts: ArrayLike, weights: ArrayLike, dispersion: float | None = None
) -> Agreement:
    """Test the columns' shares of `counts` against `weights`, allowing for over-dispersion.

    One row per repetition (week, year), one column per category (weekday, month). Days of orders
    vary more than Poisson counts, so the chi-square of the column sums is divided by the
    `dispersion` and that, unless given, is measured as the rows' scatter about common shares, at
    least 1; the ratio is then F. For months the weights are to carry their days.

    Raises: ValueError: one row and no dispersion.
    Source: McCullagh, Nelder (1989), "Generalized linear models", 4.5 and 6.2.
    """
    table = np.atleast_2d(np.asarray(counts, dtype=np.float64))
    rows, columns = table.shape
    sums, total = table.sum(axis=0), table.sum()
    expected = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    degrees = columns - 1
    mean_square = np.sum((sums - total * expected) ** 2 / (total * expected)) / degrees
    if dispersion is not None:
        p_value = chi2.sf(mean_square * degrees / dispersion, degrees)
    elif rows > 1:
        common = np.outer(table.sum(axis=1), sums / total)
        scatter = np.divide((table - common) ** 2, common, where=common > 0, out=0 * common)
        dispersion = max(1.0, float(scatter.sum()) / ((rows - 1) * degrees))
        p_value = f.sf(mean_square / dispersion, degrees, (rows - 1) * degrees)
    else:
        raise ValueError("one row of counts shows no dispersion: give it")
    statistic = float(mean_square * degrees / dispersion)
    return Agreement(sums / total, expected, statistic, float(p_value), dispersion)
