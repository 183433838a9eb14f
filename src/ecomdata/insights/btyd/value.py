"""What customers will spend, each with an interval, and all of them together with one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ecomdata.errors import NotEnoughDataError
from ecomdata.insights.btyd.histories import distinct, histories
from ecomdata.insights.btyd.maximum import Floats
from ecomdata.insights.btyd.purchases import (
    PurchaseModel,
    expected_purchases,
    purchase_probabilities,
)
from ecomdata.insights.btyd.spend import SpendModel, expected_spend

#: What is left out of the numbers of purchases.
_LEFT_OUT: Final = 1e-5
#: Steps towards an end, and how near its probability is near enough.
_STEPS: Final = 40
_CLOSE: Final = 1e-6
_FARTHEST: Final = 2.0
_TOGETHER: Final = 2_000
_STEP: Final = 1e-3


@dataclass(frozen=True)
class Total:
    """What customers will spend together.

    Args:
        expected: on average.
        error: one standard deviation: of the customers' luck, and of the parameters'.
    """

    expected: float
    error: float


def spend_interval(
    purchases: PurchaseModel,
    spend: SpendModel,
    t: float,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    z: ArrayLike,
    level: float = 0.9,
) -> tuple[Floats, Floats]:
    """Return the ends of each customer's interval for what they spend in the next `t`.

    At most (1 - level) / 2 lies beyond either end. An end is 0 where no purchase is as likely.

    Units: money.

    Raises:
        UsageError: they are no histories.
    """
    x, t_x, T = histories(x, t_x, T)
    z = _values(x, z)
    # What differs between customers of one history is the scale of what they spend.
    (few_x, few_t_x, few_T), place = distinct(x, t_x, T)
    ends = np.zeros((2, len(few_x)))
    # Histories of like activity together: how many purchases to consider is that of the busiest.
    mean = purchases.expected_purchases(t, few_x, few_t_x, few_T)
    order = np.argsort(mean, kind="stable")
    for part in np.array_split(order, max(1, -(-len(few_x) // _TOGETHER))):
        chances = _chances(purchases, t, few_x[part], few_t_x[part], few_T[part])
        for end, beyond in enumerate(((1 - level) / 2, (1 + level) / 2)):
            ends[end, part] = _quantile(spend, chances, few_x[part], beyond)
    low, high = ends[:, place] * (spend.gamma + x * z)
    return low, high


def total_spend(
    purchases: PurchaseModel,
    spend: SpendModel,
    t: float,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    z: ArrayLike,
) -> Total:
    """Return what the customers spend together in the next `t`.

    Units: money.

    Raises:
        UsageError: they are no histories.
        NotEnoughDataError: what customers spend differs too much to have a variance.
    """
    x, t_x, T = histories(x, t_x, T)
    z = _values(x, z)
    p, q, gamma = spend.parameters
    if q <= 2:
        raise NotEnoughDataError(
            "not enough data for an interval: needs purchases whose values have a variance "
            f"(q above 2), has q = {q:.2f}"
        )
    once, twice = _moments(purchases, t, x, t_x, T)
    shape, scale = q + p * x, gamma + x * z
    squared = scale**2 / ((shape - 1) * (shape - 2))  # of the reciprocal of the customer's rate
    own = expected_spend(spend.parameters, x, z)
    luck = (once * p + twice * p**2) * squared - (once * own) ** 2

    def together(of_purchases: Floats, of_spend: Floats) -> float:
        count = expected_purchases(of_purchases, purchases.leaves_at_once, t, x, t_x, T)
        return float(count @ expected_spend(of_spend, x, z))

    expected = together(purchases.parameters, spend.parameters)
    error = parameters_error(purchases, spend, together)
    return Total(expected, float(np.hypot(np.sqrt(luck.sum()), error)))


def parameters_error(
    purchases: PurchaseModel, spend: SpendModel, figure: Callable[[Floats, Floats], float]
) -> float:
    """Return the standard error of a figure of both models' parameters, by the delta method."""
    at = np.concatenate([purchases.parameters, spend.parameters])

    def moved(step: Floats) -> float:
        parameters = at * np.exp(step)
        return figure(parameters[:4], parameters[4:])

    slope = np.array([moved(step) - moved(-step) for step in _STEP * np.eye(len(at))]) / (2 * _STEP)
    variance = (
        slope[:4] @ purchases.log_covariance @ slope[:4]
        + slope[4:] @ spend.log_covariance @ slope[4:]
    )
    return float(np.sqrt(variance))


def _values(x: Floats, z: ArrayLike) -> Floats:
    """Average values, 0 where there was no purchase."""
    return np.where(x > 0, np.broadcast_to(np.asarray(z, dtype=np.float64), x.shape), 0.0)


def _chances(purchases: PurchaseModel, t: float, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """How likely each number of purchases is, up to where next to nothing is left."""
    most = 15
    while True:
        chances = purchase_probabilities(
            purchases.parameters, purchases.leaves_at_once, t, x, t_x, T, most
        )
        if (chances.sum(axis=1) >= 1 - _LEFT_OUT).all():
            needed = int(np.argmax(np.cumsum(chances, axis=1).min(axis=0) >= 1 - _LEFT_OUT))
            return chances[:, : needed + 1]
        most *= 2


def _moments(
    purchases: PurchaseModel, t: float, x: Floats, t_x: Floats, T: Floats
) -> tuple[Floats, Floats]:
    """The mean of the number of purchases and that of its square."""
    chances = _chances(purchases, t, x, t_x, T)
    number = np.arange(chances.shape[1], dtype=np.float64)
    return chances @ number, chances @ number**2


def _quantile(spend: SpendModel, chances: Floats, x: Floats, beyond: float) -> Floats:
    """What is spent with this probability at most, in scales of the customers.

    What n purchases are worth together is beta prime (p n, q + p x) times the scale. The share
    s / (1 + s) of it is beta: its quantile by Newton's method, within what halving knows.
    """
    from scipy.special import betainc, betaln

    ends = np.zeros(len(x))
    left = np.flatnonzero(chances[:, 0] < beyond)
    shape = (spend.q + spend.p * x)[:, None]
    number = spend.p * np.arange(1, chances.shape[1], dtype=np.float64)
    # From the mean of as many purchases as are made with this probability at most.
    as_many = number[np.argmax(chances.cumsum(axis=1) >= beyond, axis=1) - 1]
    share = as_many / (as_many + shape[:, 0])
    low, high = np.zeros(len(x)), np.ones(len(x))
    for _ in range(_STEPS):
        at = share[left, None]
        odds, of = shape[left], chances[left, 1:]
        short = beyond - chances[left, 0] - (of * betainc(number, odds, at)).sum(axis=1)
        low[left[short > 0]], high[left[short <= 0]] = at[short > 0, 0], at[short <= 0, 0]
        log_density = number * np.log(at) + odds * np.log1p(-at) - betaln(number, odds)
        slope = (of * np.exp(log_density)).sum(axis=1)  # by the logarithm of s
        step = np.exp(np.clip(short / np.maximum(slope, 1e-300), -_FARTHEST, _FARTHEST))
        newton = at[:, 0] * step / (1 - at[:, 0] + at[:, 0] * step)
        inside = (newton > low[left]) & (newton < high[left])
        share[left] = np.where(inside, newton, (low[left] + high[left]) / 2)
        left = left[np.abs(short) > _CLOSE]
        if not len(left):
            break
    some = chances[:, 0] < beyond
    ends[some] = share[some] / (1 - share[some])
    return ends
