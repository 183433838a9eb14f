"""BG/NBD and Gamma-Gamma by maximum likelihood, and shops drawn exactly from both.

An oracle for the synthetic shop and for any fitter of the package: it imports nothing of either.

Source: Fader, Hardie, Lee (2005), "Counting your customers the easy way", eq. 6; Fader, Hardie
(2013), "The Gamma-Gamma model of monetary value", eq. 1a.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln
from scipy.stats import norm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Parameters at the maximum, and how sure of them the data are.

    `log_covariance` belongs to the logarithms of the parameters, in the order of `estimates`.
    """

    estimates: dict[str, float]
    log_covariance: Floats
    log_likelihood: float

    def standard_error(self, name: str) -> float:
        """The parameter's own standard error, by the delta method."""
        return self.estimates[name] * self._log_error(name)

    def interval(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """The Wald interval of the logarithm, taken back: it cannot reach zero."""
        factor = float(np.exp(norm.ppf((1 + level) / 2) * self._log_error(name)))
        return self.estimates[name] / factor, self.estimates[name] * factor

    def covers(self, truth: Mapping[str, float], level: float = 0.95) -> dict[str, bool]:
        """For each true parameter, whether its interval holds it."""
        bounds = {name: self.interval(name, level) for name in truth}
        return {name: low <= truth[name] <= high for name, (low, high) in bounds.items()}

    def wald(self, truth: Mapping[str, float]) -> float:
        """How far all estimates lie from the truth: chi-square, one degree per parameter."""
        miss = np.array([np.log(value / truth[name]) for name, value in self.estimates.items()])
        return float(miss @ np.linalg.solve(self.log_covariance, miss))

    def _log_error(self, name: str) -> float:
        at = list(self.estimates).index(name)
        return float(np.sqrt(self.log_covariance[at, at]))


@dataclass(frozen=True)
class Shop:
    """One entry per customer; times since `T` = 0, the first purchase, in the unit of 1 / alpha."""

    x: NDArray[np.int64]  #: repeat purchases
    t_x: Floats  #: age at the last purchase, 0 without a repeat
    T: Floats  #: age at the end of observation
    spend: Floats  #: mean spend of the repeat purchases, NaN without one


def bgnbd_log_likelihood(
    r: float, alpha: float, a: float, b: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike
) -> Floats:
    """Each history's log-likelihood: eq. 6."""
    x, t_x, T = np.asarray(x, dtype=np.int64), np.asarray(t_x), np.asarray(T)
    repeats = np.arange(x.max() + 1)  # the special functions once per value of x
    common = gammaln(r + repeats) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    bought = (common + betaln(a, b + repeats))[x] - (r + x) * np.log(alpha + T)
    gone = common + betaln(a + 1, b + np.maximum(repeats, 1) - 1)
    again = x > 0
    x, t_x = x[again], t_x[again]
    bought[again] = np.logaddexp(bought[again], gone[x] - (r + x) * np.log(alpha + t_x))
    return np.asarray(bought, dtype=np.float64)


def gamma_gamma_log_likelihood(
    p: float, q: float, gamma: float, x: ArrayLike, spend: ArrayLike
) -> Floats:
    """Log-density of each customer's mean `spend` over `x` repeat purchases, both positive."""
    x, spend = np.asarray(x, dtype=np.int64), np.asarray(spend)
    shape = p * np.arange(1, x.max() + 1)
    constant = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(gamma)
    of_spend = (p * x) * np.log(x * spend) - np.log(spend) - (p * x + q) * np.log(gamma + x * spend)
    return np.asarray(constant[x - 1] + of_spend, dtype=np.float64)


def fit_bgnbd(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, count: ArrayLike = 1) -> Fit:
    """Fit r, alpha, a, b to histories, `count` customers of each; alpha in the unit of `T`."""
    histories, weight = _grouped((x, t_x, T), count)
    start = {"r": 1.0, "alpha": float(np.average(histories[2], weights=weight)), "a": 1.0, "b": 2.0}
    return _maximum(
        lambda theta: float(np.sum(weight * bgnbd_log_likelihood(*theta, *histories))),
        start,
    )


def fit_gamma_gamma(x: ArrayLike, spend: ArrayLike, count: ArrayLike = 1) -> Fit:
    """Fit p, q, gamma to repeat buyers; gamma in the unit of `spend`."""
    buyers, weight = _grouped((x, spend), count)
    start = {"p": 2.0, "q": 3.0, "gamma": float(np.average(buyers[1], weights=weight))}
    return _maximum(
        lambda theta: float(np.sum(weight * gamma_gamma_log_likelihood(*theta, *buyers))),
        start,
    )


def simulate(
    rng: np.random.Generator, T: ArrayLike, bgnbd: Mapping[str, float], money: Mapping[str, float]
) -> Shop:
    """Draw one customer per age `T`: exponential gaps, a coin after each repeat, gamma spends."""
    T = np.asarray(T, dtype=np.float64)
    rate = rng.gamma(bgnbd["r"], 1 / bgnbd["alpha"], len(T))
    drop_out = rng.beta(bgnbd["a"], bgnbd["b"], len(T))
    x, t_x, now = np.zeros(len(T), dtype=np.int64), np.zeros(len(T)), np.zeros(len(T))
    buying = np.arange(len(T))
    while len(buying):
        # A rate below the smallest float is one purchase in never.
        now[buying] += rng.exponential(size=len(buying)) / np.maximum(rate[buying], 1e-300)
        buying = buying[now[buying] <= T[buying]]
        x[buying] += 1
        t_x[buying] = now[buying]
        buying = buying[rng.random(len(buying)) >= drop_out[buying]]
    scale = rng.gamma(money["q"], 1 / money["gamma"], len(T))
    spend = np.full(len(T), np.nan)
    repeat = x > 0  # the mean of x gamma(p) spends is a gamma(p * x) over x
    spend[repeat] = rng.gamma(money["p"] * x[repeat]) / (x * scale)[repeat]
    return Shop(x, t_x, T, spend)


def _grouped(columns: tuple[ArrayLike, ...], count: ArrayLike) -> tuple[Floats, Floats]:
    """The distinct rows, one array per column, and how many customers have each."""
    table = np.array(np.broadcast_arrays(*columns, count), dtype=np.float64)
    table = table[:, np.lexsort(table[:-1])]
    new = np.flatnonzero(np.append(True, (np.diff(table[:-1]) != 0).any(axis=0)))
    return table[:-1, new], np.add.reduceat(table[-1], new)


def _maximum(log_likelihood: Callable[[Floats], float], start: Mapping[str, float]) -> Fit:
    """Maximise over log parameters; covariance by central differences of the log-likelihood.

    Raises: ValueError: no maximum inside was found, or the data do not determine it.
    """

    def lost(log_theta: Floats) -> float:
        return -log_likelihood(np.exp(log_theta))

    first = np.log(list(start.values()))
    scale = abs(lost(first))
    bounds = [(centre - 12, centre + 12) for centre in first]
    # L-BFGS-B starts BLAS threads: beside a busy process 9 s for what one thread did in 1.4 s.
    options = {"ftol": 1e-14, "maxiter": 500}
    found = minimize(
        lambda at: lost(at) / scale, first, method="SLSQP", bounds=bounds, options=options
    )
    best = np.asarray(found.x)
    step = 1e-3 * np.eye(len(best))

    def bend(i: Floats, j: Floats) -> float:
        return lost(best + i + j) - lost(best + i - j) - lost(best - i + j) + lost(best - i - j)

    hessian = np.array([[bend(i, j) for j in step] for i in step]) / 4e-6
    gradient = np.array([lost(best + i) - lost(best - i) for i in step]) / 2e-3
    # A standard error of 10 on a logarithm says nothing; the second is the squared distance to
    # the top in standard errors, which a fit that stopped early or at a bound has not made.
    flat = np.linalg.eigvalsh(hessian)[0] < 0.01
    if flat or gradient @ np.linalg.solve(hessian, gradient) > 1e-3:
        raise ValueError(f"the data have no maximum of the likelihood near {np.exp(best)}")
    estimates = dict(zip(start, np.exp(best).tolist(), strict=True))
    covariance = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    return Fit(estimates, covariance, -lost(best))
