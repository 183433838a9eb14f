"""Shares of a load's records: without a value, refused, of a country; beside the loads before it.

Counts are judged given those of the loads before, by the exact conditional test of two Poisson
rates, made wider by how much the shop's loads vary among themselves.

Source: Przyborowski and Wilenski 1940; McCullagh and Nelder 1989.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.insights.windows import Floats, two_rates

#: Loads before that tell what is usual, at least and at most, and the last of them that have to
#: agree that this one is another.
FEWEST_LOADS: Final = 28
RECENT_LOADS: Final = 7
#: Where more alone is asked about, the last loads agree if chance strays as far no more often.
#: Asked of either side this doubled the false alarms (6 to 12 of 732 loads of 50 orders a day).
_AGREE: Final = 0.05
#: No load before counts for more than so many of the usual size: the first one is often years.
_HEAVIEST: Final = 4.0
#: Of a load so many are to be expected for it to tell how much loads vary.
_TELLING: Final = 2.0
#: Quantiles of a chi-squared variable of one degree of freedom. The upper one tells of counts that
#: come in lumps, as the lines of one order do; events of the past are rarer than that.
_CHI2: Final = ((0.5, 0.4549), (0.9, 2.7055))


@dataclass(frozen=True)
class Share:
    """Part of a load's records beside that of the loads before.

    Args:
        observed: how many of the load.
        records: of how many.
        expected: the share in the loads before, 0 to 1.
        p_value: how often chance alone strays as far.
    """

    observed: int
    records: int
    expected: float
    p_value: float

    @property
    def change(self) -> float:
        """By how much the share is another."""
        return self.observed / self.records - self.expected


def judge(parts: Floats, whole: Floats, only_more: bool = False) -> list[Share]:
    """Judge the last load's parts by those of the loads before it.

    Args:
        parts: of some values, a row each, the counts of every load.
        whole: the records of every load that they are parts of.
        only_more: that there are fewer is no question.
    """
    expected = np.minimum(_rates(parts[:, :-1], whole[:-1]), 1.0)
    # Of what most records have, it is the rest that is counted.
    rest = expected > 0.5
    counted = np.where(rest[:, np.newaxis], whole - parts, parts)
    usual = np.where(rest, 1 - expected, expected)
    dispersion = _spread(counted[:, :-1], whole[:-1], usual)
    judged = []
    for loads in (len(whole) - 1, RECENT_LOADS):
        weight = _weights(whole[-1 - loads : -1])
        count = (counted[:, -1 - loads : -1] * weight).sum(axis=1)
        of = np.array([(whole[-1 - loads : -1] * weight).sum()])
        more, fewer = (
            two_rates(counted[:, -1], whole[-1:], count, of, dispersion, is_fewer)
            for is_fewer in (False, True)
        )
        either = np.minimum(1.0, 2 * np.minimum(more, fewer))
        judged.append(np.where(rest, fewer, more) if only_more else either)
    of_all, recent = judged
    agrees = (recent <= _AGREE) & only_more
    p_values = np.where(agrees, of_all, np.maximum(of_all, recent))
    return [
        Share(int(part[-1]), int(whole[-1]), float(share), float(p))
        for part, share, p in zip(parts, expected, p_values, strict=True)
    ]


def _spread(counted: Floats, whole: Floats, usual: Floats) -> Floats:
    """Return how many times as much as Poisson counts each row's counts vary, at least 1.

    Rows are told by all of them together, and by their own loads where those tell more.
    """
    expected = usual[:, np.newaxis] * whole
    told = expected >= _TELLING
    squares = (counted - expected) ** 2 / np.maximum(expected, _TELLING)
    dispersion = np.full(len(counted), _times_poisson(squares[told]) if told.any() else 1.0)
    often = np.count_nonzero(told, axis=1) >= FEWEST_LOADS // 2
    if often.any():
        dispersion[often] = np.maximum(dispersion[often], _times_poisson(squares[often]))
    return dispersion


def _times_poisson(squares: Floats) -> Floats:
    """How many times as large as those of Poisson counts squares are, along the last axis."""
    times = [np.quantile(squares, at, axis=-1) / usual for at, usual in _CHI2]
    return np.maximum(1.0, np.maximum(*times))


def _rates(parts: Floats, whole: Floats) -> Floats:
    weight = _weights(whole)
    rates: Floats = (parts * weight).sum(axis=1) / (whole * weight).sum()
    return rates


def _weights(whole: Floats) -> Floats:
    """No load counts for more than a few of the usual size."""
    weights: Floats = np.minimum(1.0, _HEAVIEST * float(np.median(whole)) / whole)
    return weights
