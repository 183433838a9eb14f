"""When a month's new customers are told to come back less, or more, than their neighbours."""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import t

from ecomdata.insights.customers.cohorts import stray


def _of(shares: list[float], size: int = 500) -> tuple[np.ndarray, np.ndarray]:
    return np.full(len(shares), float(size)), np.round(np.array(shares) * size)


def test_a_cohort_of_half_the_share_strays_and_one_of_the_same_share_does_not() -> None:
    usual = [0.20, 0.21, 0.19, 0.20, 0.22, 0.20, 0.19, 0.21, 0.20, 0.21]
    fell = stray(*_of([*usual, 0.10]))
    # 50 of 500 beside 310 of 1,500 before: a rate of 360.5 / 2,001, a standard deviation of
    # 0.01985, and 0.1 - 0.20667 is 5.37 of them. Ten cohorts, seven of them beside three.
    rate = 360.5 / 2001
    error = sqrt(rate * (1 - rate) * (1 / 500 + 1 / 1500))
    assert fell.error == pytest.approx(error)
    assert fell.p_value == pytest.approx(2 * t.sf((0.1 - 310 / 1500) / -error, 3.5))
    assert fell.p_value < 0.01
    assert stray(*_of([*usual, 0.20])).p_value > 0.5


def test_where_cohorts_stray_anyway_one_more_is_no_news() -> None:
    usual = [0.20, 0.30, 0.12, 0.28, 0.15, 0.31, 0.11, 0.27, 0.14, 0.29]
    restless = stray(*_of([*usual, 0.10]))
    assert restless.p_value > 0.05
    assert restless.error > 2 * stray(*_of([0.2] * 10 + [0.10])).error


def test_what_strays_the_same_way_every_year_is_the_season() -> None:
    year = [0.2] * 11 + [0.1]
    again = stray(*_of(year * 2))
    assert again.p_value > 0.5
    assert stray(*_of([0.2] * 23 + [0.1])).p_value < 0.01
