"""How often customers buy and whether they still do: BG/NBD and MBG/NBD.

While active a customer buys at random at a rate of their own (gamma: r, alpha), and after a
purchase leaves for good with a probability of their own (beta: a, b). In BG/NBD that is after each
purchase but the first, so that who bought once is active for ever; in MBG/NBD after the first one,
too. The two differ in how many such chances there were: `x` or `x + 1`.

Source: Fader, Hardie and Lee 2005, "Counting your customers the easy way: an alternative to the
Pareto/NBD model"; Batislam, Denizel and Filiztekin 2007, "Empirical validation and comparison of
models for customer base analysis".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecomdata.errors import NotEnoughDataError
from ecomdata.insights.btyd.histories import grouped, histories
from ecomdata.insights.btyd.maximum import (
    Floats,
    LogLikelihood,
    Maximum,
    likely_between,
    maximise,
    require_repeaters,
)

_NAMES = ("r", "alpha", "a", "b")
#: Histories that are looked at together.
_TOGETHER: Final = 8_192
#: The log-likelihood that one more parameter gains by chance in one of ten cases.
_TO_SPEAK_OF: Final = 1.353
#: The smallest chance to leave that is asked about, as a logarithm.
_FARTHEST: Final = 16.0


@dataclass(frozen=True)
class PurchaseModel:
    """A fitted model.

    Args:
        name: which one.
        r: shape of the rates of purchase.
        alpha: their scale, in the unit of time of the histories.
        a: of the probabilities to leave, towards leaving; 0 where nobody leaves (NBD).
        b: towards staying.
        log_likelihood: at these parameters.
        standard_errors: of the parameters, by name.
        log_covariance: of the logarithms of r, alpha, a, b.
        leaves_at_once: whether a customer can leave after the first purchase.
    """

    name: str
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    standard_errors: dict[str, float]
    log_covariance: Floats
    leaves_at_once: bool

    @property
    def parameters(self) -> Floats:
        """r, alpha, a, b."""
        return np.array([self.r, self.alpha, self.a, self.b])

    def parameter_intervals(
        self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, level: float = 0.9
    ) -> dict[str, tuple[float, float]]:
        """Return the ends of each parameter's interval, of the histories that it was fitted to.

        Raises:
            UsageError: they are no histories.
        """
        columns = histories(x, t_x, T)
        likelihood: LogLikelihood = _Likelihood(*columns, self.leaves_at_once)
        free = slice(4)
        if not self.a:
            likelihood, free = _NobodyLeaves(*columns), slice(2)
        covariance = self.log_covariance[free, free]
        return likely_between(likelihood, _NAMES[free], self.parameters[free], covariance, level)

    def p_alive(self, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Return how likely each customer is still active.

        Raises:
            UsageError: they are no histories.
        """
        return p_alive(self.parameters, self.leaves_at_once, *histories(x, t_x, T))

    def expected_purchases(self, t: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
        """Return how many purchases each customer makes in the next `t`, on average.

        Raises:
            UsageError: they are no histories.
        """
        return expected_purchases(self.parameters, self.leaves_at_once, t, *histories(x, t_x, T))

    def expected_purchases_of_new(self, t: ArrayLike) -> Floats:
        """Return how many purchases after the first a customer makes within `t` of it."""
        staying = self.b / (self.a + self.b) if self.leaves_at_once else 1.0
        b = self.b + self.leaves_at_once
        t = np.asarray(t, dtype=np.float64)
        return staying * _purchases_of_active(t, self.r, self.alpha, self.a, b)

    def purchase_probabilities(
        self, t: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, most: int
    ) -> Floats:
        """Return how likely each customer makes 0, 1, ... `most` purchases in the next `t`.

        Shape: one row per customer, one column per number of purchases.

        Raises:
            UsageError: they are no histories.
        """
        return purchase_probabilities(
            self.parameters, self.leaves_at_once, t, *histories(x, t_x, T), most
        )

    def purchase_interval(
        self, t: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike, level: float = 0.9
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ends of each customer's interval for the purchases in the next `t`.

        At most (1 - level) / 2 lies beyond either end, mostly less: counts are whole.

        Raises:
            UsageError: they are no histories.
        """
        histories_ = histories(x, t_x, T)
        most, tail = 15, (1 - level) / 2
        while True:
            chances = purchase_probabilities(
                self.parameters, self.leaves_at_once, t, *histories_, most
            )
            up_to = np.cumsum(chances, axis=1)
            if (up_to[:, -1] >= 1 - tail).all():
                low = (up_to < tail).sum(axis=1)
                return low, (up_to < 1 - tail).sum(axis=1)
            most *= 2


def fit_bg_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> PurchaseModel:
    """Fit BG/NBD by maximum likelihood; NBD, where it is the highest where nobody leaves.

    Raises:
        UsageError: they are no histories.
        NotEnoughDataError: too few customers bought again, or the parameters stay open.
    """
    return _fit("BG/NBD", False, *histories(x, t_x, T))


def fit_mbg_nbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> PurchaseModel:
    """Fit MBG/NBD by maximum likelihood; NBD, where it is the highest where nobody leaves.

    Raises:
        UsageError: they are no histories.
        NotEnoughDataError: too few customers bought again, or the parameters stay open.
    """
    return _fit("MBG/NBD", True, *histories(x, t_x, T))


def _fit(name: str, leaves_at_once: bool, x: Floats, t_x: Floats, T: Floats) -> PurchaseModel:
    require_repeaters(name, int(((x > 0) & (t_x > 0)).sum()))
    likelihood = _Likelihood(x, t_x, T, leaves_at_once)
    start = {"r": 0.5, "alpha": 0.5 * float(T.sum() / x.sum()), "a": 1.0, "b": 2.0}
    try:
        found: Maximum = maximise(name, likelihood, start)
    except NotEnoughDataError:
        if (without := _without_leaving(leaves_at_once, x, t_x, T)) is None:
            raise
        return without
    r, alpha, a, b = found.parameters.tolist()
    return PurchaseModel(
        name=name,
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        log_likelihood=found.log_likelihood,
        standard_errors=dict(zip(_NAMES, found.standard_errors.tolist(), strict=True)),
        log_covariance=found.log_covariance,
        leaves_at_once=leaves_at_once,
    )


def _without_leaving(
    leaves_at_once: bool, x: Floats, t_x: Floats, T: Floats
) -> PurchaseModel | None:
    """The NBD, where one chance to leave of all customers adds no likelihood; else None.

    With such a chance p a history of n times to leave is so many times as likely:
    (1 - p)^(n - 1) (1 - p + p ((alpha + T) / (alpha + t_x))^(r + x)).
    """
    from scipy.optimize import minimize_scalar

    start = {"r": 0.5, "alpha": 0.5 * float(T.sum() / x.sum())}
    try:
        found = maximise("NBD", _NobodyLeaves(x, t_x, T), start)
    except NotEnoughDataError:
        return None
    r, alpha = found.parameters.tolist()
    times = x + leaves_at_once
    some = times > 0
    again, silent = times[some] - 1, ((r + x) * np.log((alpha + T) / (alpha + t_x)))[some]

    def lost(log_p: float) -> float:
        stays = np.log1p(-np.exp(log_p))
        return -float((again * stays + np.logaddexp(stays, log_p + silent)).sum())

    gain = -float(minimize_scalar(lost, bounds=(-_FARTHEST, -0.01), method="bounded").fun)
    if gain > _TO_SPEAK_OF:
        return None
    covariance = np.zeros((4, 4))
    covariance[:2, :2] = found.log_covariance
    return PurchaseModel(
        name="NBD",
        r=r,
        alpha=alpha,
        a=0.0,
        b=1.0,
        log_likelihood=found.log_likelihood,
        standard_errors=dict(zip(_NAMES, found.standard_errors.tolist(), strict=False)),
        log_covariance=covariance,
        leaves_at_once=leaves_at_once,
    )


class _NobodyLeaves:
    """The log-likelihood of r and alpha where nobody leaves (NBD, Ehrenberg 1959)."""

    def __init__(self, x: Floats, t_x: Floats, T: Floats) -> None:
        (self._x, _, self._T), self._weight = grouped(x, np.zeros_like(t_x), T)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        from scipy.special import gammaln, psi

        r, alpha = parameters
        x, now, of = self._x, alpha + self._T, self._weight
        value = of @ (gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(now))
        return float(value), np.array(
            [
                of @ (psi(r + x) - psi(r) + np.log(alpha / now)),
                of @ (r / alpha - (r + x) / now),
            ]
        )


class _Likelihood:
    """The log-likelihood of histories, those that are alike taken together."""

    def __init__(self, x: Floats, t_x: Floats, T: Floats, leaves_at_once: bool) -> None:
        (x, t_x, T), weight = grouped(x, t_x, T)
        # The special functions once for each number of purchases.
        self._counts, place = np.unique(x, return_inverse=True)
        self._count_weight = np.bincount(place, weights=weight)
        self._chances = self._counts + leaves_at_once
        chances = x + leaves_at_once
        # In parts that the processor's cache holds: a quarter of the time for a million.
        columns = (x, t_x, T, weight, chances > 0, np.maximum(chances - 1, 0.0))
        parts = max(1, -(-len(x) // _TOGETHER))
        self._parts = list(zip(*(np.array_split(column, parts) for column in columns), strict=True))

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        from scipy.special import gammaln, psi

        r, alpha, a, b = parameters
        counts, chances, of = self._counts, self._chances, self._count_weight
        value = of @ (
            gammaln(r + counts)
            - gammaln(r)
            + r * np.log(alpha)
            + gammaln(b + chances)
            + gammaln(a + b)
            - gammaln(b)
            - gammaln(a + b + chances)
        )
        gradient = np.array(
            [
                of @ (psi(r + counts) - psi(r) + np.log(alpha)),
                of.sum() * r / alpha,
                of @ (psi(a + b) - psi(a + b + chances)),
                of @ (psi(b + chances) + psi(a + b) - psi(b) - psi(a + b + chances)),
            ]
        )
        for x, t_x, T, weight, may_be_gone, behind in self._parts:
            bought, now, last = r + x, alpha + T, alpha + t_x
            log_now, growth = np.log(now), np.log(now / last)
            odds = a / (b + behind) * np.exp(np.minimum(bought * growth, 700.0)) * may_be_gone
            gone = weight * (odds / (1 + odds))
            value += weight @ (np.log1p(odds) - bought * log_now)
            gradient += (
                gone @ growth - weight @ log_now,
                gone @ (bought * (1 / now - 1 / last)) - weight @ (bought / now),
                gone.sum() / a,
                -(gone @ (1 / (b + behind))),
            )
        return float(value), gradient


def p_alive(parameters: Floats, leaves_at_once: bool, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Return how likely each is still active, were these the parameters."""
    r, alpha, a, b = parameters
    chances = x + leaves_at_once
    behind = np.where(chances > 0, chances - 1, 0.0)
    if not a:
        return np.ones(np.broadcast(x, t_x, T).shape)
    odds = np.log(a / (b + behind)) + (r + x) * np.log((alpha + T) / (alpha + t_x))
    return np.where(chances > 0, 1 / (1 + np.exp(np.minimum(odds, 700.0))), 1.0)


def expected_purchases(
    parameters: Floats, leaves_at_once: bool, t: float, x: Floats, t_x: Floats, T: Floats
) -> Floats:
    """Return how many purchases each makes in the next `t`, were these the parameters."""
    r, alpha, a, b = parameters
    active = _purchases_of_active(t, r + x, alpha + T, a, b + x + leaves_at_once)
    return p_alive(parameters, leaves_at_once, x, t_x, T) * active


def purchase_probabilities(
    parameters: Floats,
    leaves_at_once: bool,
    t: float,
    x: Floats,
    t_x: Floats,
    T: Floats,
    most: int,
) -> Floats:
    """Return how likely each makes 0 to `most` purchases, were these the parameters."""
    r, alpha, a, b = parameters
    b = b + x + leaves_at_once
    by_t = t / (alpha + T + t)
    chances = np.empty((len(x), most + 1))
    # Of the purchases that an active customer would make: negative binomial, term by term.
    would = (1 - by_t) ** (r + x)
    would_at_least, stays = np.ones(len(x)), np.ones(len(x))
    for n in range(most + 1):
        leaves = 0.0
        if n:
            leaves = stays * a / (a + b + n - 1)
            stays = stays * (b + n - 1) / (a + b + n - 1)
        chances[:, n] = stays * would + leaves * would_at_least
        would_at_least = np.maximum(would_at_least - would, 0.0)
        would = would * (r + x + n) / (n + 1) * by_t
    alive = p_alive(parameters, leaves_at_once, x, t_x, T)
    chances *= alive[:, None]
    chances[:, 0] += 1 - alive
    return chances


def _purchases_of_active(
    t: Floats | float, r: Floats | float, alpha: Floats | float, a: float, b: Floats | float
) -> Floats:
    """Purchases in the next `t` of who is active, with these posterior parameters.

    Source: Fader, Hardie and Lee 2005, eq. 9 and 10, with Euler's transformation of the
    hypergeometric function, and its limit at a = 1.
    """
    from scipy.special import hyp2f1

    if abs(a - 1) < 1e-6:  # the formula is 0 / 0 there, and the function is smooth
        a = 1 + 1e-6
    z = t / (alpha + t)
    c = a + b - 1
    rest = (1 - z) ** (a - 1) * hyp2f1(c - r, a - 1, c, z)
    purchases: Floats = c / (a - 1) * (1 - rest)
    return purchases
