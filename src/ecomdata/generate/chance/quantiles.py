"""Quantile tables of the distributions that a shop's habits follow, alike on every platform.

Entry `i` of a table of `n` is the quantile at (i + 1/2) / n, so an entry drawn evenly follows the
distribution. Exponentials and logarithms come from + - * / alone (see `draws`); no sum depends on
the order that a library chooses.
"""

from typing import Final

import numpy as np

from ecomdata.generate.chance.draws import Floats

_LN_2: Final = 0.6931471805599453
#: Its first 32 bits, whose product with a power of two's exponent is exact, and the rest.
_LN_2_HIGH: Final = float.fromhex("0x1.62e42feep-1")
_LN_2_LOW: Final = 1.9082149292705877e-10
#: Points of a grid on which a density is summed up.
_POINTS: Final = 8_192


def exponential(count: int) -> Floats:
    """Quantiles of the exponential distribution with mean 1."""
    return -log(1.0 - _middles(count))


def gamma(shape: float, count: int) -> Floats:
    """Quantiles of the gamma distribution with scale 1, for shapes from 0.24 to 50.

    Of a small shape the lowest quantiles are below what the grid starts from, 1e-21: never.
    """
    # With y = log x the density is exp(shape y - e**y), which has no pole at 0.
    y = _grid(-48.0, 4.5)
    return exp(_quantiles(y, shape * y - exp(y), count))


def beta(a: float, b: float, count: int) -> Floats:
    """Quantiles of the beta distribution, for parameters from 0.75 up."""
    # With y = log(x / (1 - x)) the density is x**a (1 - x)**b.
    y = _grid(-36.0, 36.0)
    odds = exp(y)
    odds = exp(_quantiles(y, a * y - (a + b) * log(1.0 + odds), count))
    return odds / (1.0 + odds)


def exp(x: Floats) -> Floats:
    """E to the power of each x, from -700 to 700, to 15 digits."""
    power = np.floor(x / _LN_2 + 0.5)
    rest = x - power * _LN_2_HIGH - power * _LN_2_LOW
    result = np.ones_like(x)
    for n in range(16, 0, -1):
        result = 1.0 + result * rest / n
    return np.ldexp(result, power.astype(np.int64))


def log(x: Floats) -> Floats:
    """The natural logarithm of each x above 0, to 15 digits."""
    mantissa, power = np.frexp(x)
    low = mantissa < 0.75  # so that near 1 nothing is added that cancels out
    mantissa, power = np.where(low, 2.0 * mantissa, mantissa), power - low
    s = (mantissa - 1.0) / (mantissa + 1.0)  # log m = 2 (s + s**3 / 3 + s**5 / 5 + ...)
    square = s * s
    series = np.zeros_like(s)
    for n in range(35, 0, -2):
        series = series * square + 1.0 / n
    return 2.0 * s * series + power * _LN_2


def _middles(count: int) -> Floats:
    return (np.arange(count) + 0.5) / count


def _grid(low: float, high: float) -> Floats:
    return low + (high - low) * np.arange(_POINTS) / (_POINTS - 1)


def _quantiles(grid: Floats, log_density: Floats, count: int) -> Floats:
    density = exp(np.maximum(log_density - log_density.max(), -700.0))
    mass = np.cumsum((density[1:] + density[:-1]) / 2.0)
    return interpolated(_middles(count) * mass[-1], np.concatenate([[0.0], mass]), grid)


def interpolated(x: Floats, xs: Floats, ys: Floats) -> Floats:
    """The value at each x of the line through the points, whose xs increase.

    Not `numpy.interp`, a loop in C whose compiler may fuse the product and the sum.
    """
    k = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2)
    share = (x - xs[k]) / np.maximum(xs[k + 1] - xs[k], 1e-300)
    return ys[k] + (ys[k + 1] - ys[k]) * np.clip(share, 0.0, 1.0)
