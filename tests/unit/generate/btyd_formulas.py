"""What BG/NBD and Gamma-Gamma expect of customers, in closed form, by CDNOW's parameters.

Source: Fader, Hardie, Lee (2005), "Counting your customers the easy way", eq. 8 and 9, and (2008),
"Computing P(alive) using the BG/NBD model"; Fader, Hardie (2013), "The Gamma-Gamma model".
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.special import betaln, gammaln, hyp2f1
from scipy.stats import betaprime

Floats = NDArray[np.float64]

BGNBD = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
#: Gamma in EUR: twice CDNOW's 15.44 dollars, for an order holds more.
MONEY = {"p": 6.25, "q": 3.74, "gamma": 30.88}
MEAN_VALUE = MONEY["p"] * MONEY["gamma"] / (MONEY["q"] - 1)


def count_probabilities(age: ArrayLike, most: int) -> Floats:
    """P(X = x) for x repeats from 0 to `most`, a row for each age in weeks: eq. 8."""
    r, alpha, a, b = BGNBD.values()
    x, t = np.arange(most + 1), np.asarray(age, dtype=np.float64)[:, None]
    nbd = np.exp(gammaln(r + x) - gammaln(r) - gammaln(x + 1))
    nbd = nbd * (alpha / (alpha + t)) ** r * (t / (alpha + t)) ** x
    stays = np.exp(betaln(a, b + x) - betaln(a, b))
    leaves = np.exp(betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b)) * (x > 0)
    return np.asarray(stays * nbd + leaves * (1 - (np.cumsum(nbd, axis=1) - nbd)))


def expected_repeats(age: ArrayLike) -> Floats:
    """E[X] until an age in weeks: eq. 9."""
    r, alpha, a, b = BGNBD.values()
    t = np.asarray(age, dtype=np.float64)
    series = hyp2f1(r, b, a + b - 1, t / (alpha + t))
    return np.asarray((a + b - 1) / (a - 1) * (1 - (alpha / (alpha + t)) ** r * series))


def alive_probabilities(x: ArrayLike, recency: ArrayLike, age: ArrayLike) -> Floats:
    """P(alive) after x repeats, the last of them at the age of `recency` weeks."""
    r, alpha, a, b = BGNBD.values()
    x, recency, age = (np.asarray(values, dtype=np.float64) for values in (x, recency, age))
    odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + recency)) ** (r + x)
    return np.asarray(1 / (1 + np.where(x > 0, odds, 0.0)))


def mean_value_up_to(most: float) -> float:
    """E[min(V, most)] of an order's value V, both in mean values.

    V is gamma (p) over its own rate, gamma (q): a beta prime.
    """
    scale = MONEY["gamma"] / MEAN_VALUE
    mean, _ = quad(lambda v: betaprime.sf(v, MONEY["p"], MONEY["q"], scale=scale), 0, most)
    return float(mean)
