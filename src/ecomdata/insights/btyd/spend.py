"""What a purchase of each customer is worth: Gamma-Gamma.

A customer's purchases are gamma with shape p around a value of their own, which is gamma over the
customers (q, gamma); it does not depend on how often they buy.

Source: Fader and Hardie 2013, "The Gamma-Gamma model of monetary value" (note 025), eq. 1a and 5.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ecomdata.errors import UsageError
from ecomdata.insights.btyd.maximum import Floats, likely_between, maximise, require_repeaters

_NAMES = ("p", "q", "gamma")


@dataclass(frozen=True)
class SpendModel:
    """A fitted Gamma-Gamma model.

    Args:
        p: shape of a customer's purchases.
        q: shape of the customers' own values.
        gamma: their scale, in money.
        log_likelihood: at these parameters.
        standard_errors: of the parameters, by name.
        log_covariance: of the logarithms of p, q, gamma.
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float
    standard_errors: dict[str, float]
    log_covariance: Floats

    @property
    def parameters(self) -> Floats:
        """p, q, gamma."""
        return np.array([self.p, self.q, self.gamma])

    def parameter_intervals(
        self, x: ArrayLike, z: ArrayLike, level: float = 0.9
    ) -> dict[str, tuple[float, float]]:
        """Return the ends of each parameter's interval, of the values that it was fitted to.

        Raises:
            UsageError: a value is no number.
        """
        likelihood = _Likelihood(*_told(x, z))
        return likely_between(likelihood, _NAMES, self.parameters, self.log_covariance, level)

    def expected_spend(self, x: ArrayLike, z: ArrayLike) -> Floats:
        """Return what a further purchase of each customer is worth, on average.

        Units: those of `z`. Who made no purchase (`x` = 0) is worth what all are.
        """
        purchases = np.asarray(x, dtype=np.float64)
        values = np.where(purchases > 0, np.asarray(z, dtype=np.float64), 0.0)
        return expected_spend(self.parameters, purchases, values)


def fit_gamma_gamma(x: ArrayLike, z: ArrayLike) -> SpendModel:
    """Fit Gamma-Gamma by maximum likelihood to customers of `x` purchases of `z` on average.

    Customers without a purchase (`x` = 0) and such of no value (`z` <= 0) say nothing and are left
    out.

    Raises:
        UsageError: a value is no number.
        NotEnoughDataError: too few customers bought, or the parameters stay open.
    """
    purchases, values = _told(x, z)
    require_repeaters("Gamma-Gamma", len(values))
    start = {"p": 2.0, "q": 3.0, "gamma": float(np.mean(values))}
    found = maximise("Gamma-Gamma", _Likelihood(purchases, values), start)
    p, q, gamma = found.parameters.tolist()
    return SpendModel(
        p=p,
        q=q,
        gamma=gamma,
        log_likelihood=found.log_likelihood,
        standard_errors=dict(zip(_NAMES, found.standard_errors.tolist(), strict=True)),
        log_covariance=found.log_covariance,
    )


def _told(x: ArrayLike, z: ArrayLike) -> tuple[Floats, Floats]:
    """The customers who say something of what a purchase is worth."""
    purchases, values = (
        np.atleast_1d(each)
        for each in np.broadcast_arrays(
            np.asarray(x, dtype=np.float64), np.asarray(z, dtype=np.float64)
        )
    )
    told = purchases > 0
    if not np.isfinite(values[told]).all():
        raise UsageError("an average value of purchases is no number: give one where x is not 0")
    told &= np.where(told, values, 0.0) > 0
    return purchases[told], values[told]


def expected_spend(parameters: Floats, x: Floats, z: Floats) -> Floats:
    """Return what a further purchase is worth, were these the parameters: eq. 5."""
    p, q, gamma = parameters
    spend: Floats = p * (gamma + x * z) / (p * x + q - 1)
    return spend


class _Likelihood:
    """The log-likelihood of average values: the special functions once for each `x`."""

    def __init__(self, x: Floats, z: Floats) -> None:
        self._counts, place = np.unique(x, return_inverse=True)
        self._of_count = np.bincount(place).astype(np.float64)
        self._x, self._total = x, x * z
        self._log_total = np.log(self._total)
        self._log_z = float(np.log(z).sum())
        self._purchases_log_total = float(x @ self._log_total)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        from scipy.special import gammaln, psi

        p, q, gamma = parameters
        counts, of = self._counts, self._of_count
        log_sum = np.log(gamma + self._total)
        purchases_log_sum, every_log_sum = float(self._x @ log_sum), float(log_sum.sum())
        customers = len(self._x)
        value = (
            of @ (gammaln(p * counts + q) - gammaln(p * counts))
            + customers * (q * np.log(gamma) - gammaln(q))
            + p * (self._purchases_log_total - purchases_log_sum)
            - self._log_z
            - q * every_log_sum
        )
        gradient = np.array(
            [
                of @ (counts * (psi(p * counts + q) - psi(p * counts)))
                + self._purchases_log_total
                - purchases_log_sum,
                of @ psi(p * counts + q) + customers * (np.log(gamma) - psi(q)) - every_log_sum,
                customers * q / gamma - float(((p * self._x + q) / (gamma + self._total)).sum()),
            ]
        )
        return float(value), gradient
