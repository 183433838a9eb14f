"""Quantiles against scipy's, and the tables of the habits by their hash."""

import hashlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ecomdata.generate.chance.draws import Floats
from ecomdata.generate.chance.quantiles import beta, exp, exponential, gamma, interpolated, log
from ecomdata.generate.people.habits import ALPHA, GAMMA, A, B, P, Q, R, make_habits

COUNT = 1 << 14
SHARES = (np.arange(COUNT) + 0.5) / COUNT
BODY = (SHARES > 0.01) & (SHARES < 0.99)


def assert_quantiles(made: Floats, distribution: Any, body: float, tail: float) -> None:
    """The table is the distribution's, to these relative errors in the middle 98 % and beyond."""
    exact = distribution.ppf(SHARES)
    error = np.abs(made / exact - 1.0)
    assert error[BODY].max() < body
    assert error.max() < tail
    # By probability: less than one entry off.
    assert np.abs(distribution.cdf(made) - SHARES).max() * COUNT < 1.0
    assert (np.diff(made) > 0).all()


@pytest.mark.parametrize("shape", [0.5, 1.0, Q, P, 15.0])
def test_gamma_quantiles_are_those_of_scipy(shape: float) -> None:
    assert_quantiles(gamma(shape, COUNT), stats.gamma(shape), body=1e-4, tail=2e-4)


def test_gamma_quantiles_of_a_small_shape_are_right_but_where_they_are_nothing() -> None:
    # Below a millionth, where every gap between orders is longer than a shop's life.
    made, exact = gamma(R, COUNT), stats.gamma(R).ppf(SHARES)
    error = np.abs(made / exact - 1.0)
    assert error[exact > 1e-3].max() < 2e-4
    assert error[exact > 1e-6].max() < 1e-3
    assert (made[exact <= 1e-6] < 1.001e-6).all()
    assert np.abs(stats.gamma(R).cdf(made) - SHARES).max() * COUNT < 0.5
    assert (np.diff(made) > 0).all()


@pytest.mark.parametrize(("a", "b"), [(A, B), (B, A), (1.0, 1.0), (2.0, 5.0), (10.0, 10.0)])
def test_beta_quantiles_are_those_of_scipy(a: float, b: float) -> None:
    made = beta(a, b, COUNT)
    assert_quantiles(made, stats.beta(a, b), body=1e-4, tail=2e-4)
    above = stats.beta(a, b).isf(SHARES)[::-1]
    assert np.abs((1.0 - made) / (1.0 - above) - 1.0).max() < 2e-4, "what is left to 1 too"


@pytest.mark.parametrize("count", [1, 2, COUNT, 1 << 16])
def test_exponential_quantiles_are_those_of_scipy(count: int) -> None:
    exact = stats.expon.ppf((np.arange(count) + 0.5) / count)
    np.testing.assert_allclose(exponential(count), exact, rtol=1e-14)


def test_means_are_those_of_the_distributions() -> None:
    # What the last half step leaves out of a gamma's long tail is a thousandth at most.
    assert gamma(P, 1 << 16).mean() == pytest.approx(P, rel=1e-4)
    assert gamma(R, 1 << 16).mean() == pytest.approx(R, rel=1e-3)
    assert beta(A, B, 1 << 16).mean() == pytest.approx(A / (A + B), rel=1e-4)
    assert exponential(1 << 16).mean() == pytest.approx(1.0, rel=1e-4)


def test_exponentials_are_right_to_a_hundredth_of_a_millionth_of_a_millionth() -> None:
    x = np.concatenate([np.linspace(-700, 700, 20_001), np.linspace(-1, 1, 20_001), [-0.0, 1e-300]])
    exact = np.array([math.exp(value) for value in x.tolist()])
    np.testing.assert_allclose(exp(x), exact, rtol=1e-14)
    assert exp(np.zeros(1)).tolist() == [1.0]


def test_logarithms_are_right_to_a_hundredth_of_a_millionth_of_a_millionth() -> None:
    near = 1.0 + np.concatenate([np.linspace(-0.6, 1.5, 20_001), np.linspace(-1e-6, 1e-6, 2_000)])
    x = np.concatenate([near, exp(np.linspace(-700, 700, 20_001)), [5e-324, 1.7e308, 1 - 2.0**-53]])
    exact = np.array([math.log(value) for value in x.tolist()])
    np.testing.assert_allclose(log(x), exact, rtol=1e-14)
    assert log(np.ones(1)).tolist() == [0.0]


@given(st.floats(-600, 600), st.floats(1e-9, 50))
def test_exponentials_and_logarithms_rise_and_undo_each_other(x: float, step: float) -> None:
    low, high = exp(np.array([x, x + step]))
    assert low < high
    assert log(np.array([low, high])) == pytest.approx([x, x + step], rel=1e-14, abs=1e-14)


def test_a_line_through_points_ends_at_the_outer_ones() -> None:
    xs, ys = np.array([1.0, 2.0, 2.0, 4.0]), np.array([10.0, 20.0, 30.0, 40.0])
    at = np.array([0.0, 1.0, 1.5, 3.0, 4.0, 9.0])
    assert interpolated(at, xs, ys).tolist() == [10.0, 10.0, 15.0, 35.0, 40.0, 40.0]


#: Of the tables at a pace of 1, in the order of their fields; alike on every platform.
GOLDEN_HABITS = "224f1a46eb6b72d325214a84df89bc93b357a0f30afdb7ab496b2428ce171051"


def test_the_tables_of_the_habits_are_the_golden_ones() -> None:
    habits = make_habits()
    whole = hashlib.sha256()
    for integers in (habits.gaps, habits.dropouts, habits.waits):
        assert integers.dtype == np.int64
        whole.update(integers.astype("<i8").tobytes())
    for floats in (habits.means, habits.lucks):
        whole.update(floats.astype("<f8").tobytes())
    assert whole.hexdigest() == GOLDEN_HABITS


def test_the_tables_of_the_habits_are_the_published_distributions() -> None:
    habits = make_habits()
    week = 70_000  # ticks
    shares = SHARES[::-1]
    rate = stats.gamma(R, scale=1 / ALPHA).ppf(SHARES)
    often = rate > 1e-6
    np.testing.assert_allclose(habits.gaps[often], week / rate[often], rtol=1e-3, atol=1)
    np.testing.assert_allclose(habits.dropouts / 2**32, stats.beta(A, B).ppf(SHARES), rtol=1e-4)
    mean = 100 * P * GAMMA / stats.gamma(Q).ppf(shares)
    np.testing.assert_allclose(habits.means, mean, rtol=2e-4)
    steps = (np.arange(1 << 16) + 0.5) / (1 << 16)
    np.testing.assert_allclose(habits.lucks, stats.gamma(P, scale=1 / P).ppf(steps), rtol=2e-4)
    np.testing.assert_allclose(habits.waits / 2**20, stats.expon.ppf(steps), atol=1e-6)


def test_habits_of_twice_the_pace_wait_half_as_long_and_stay_for_twice_as_many_orders() -> None:
    once, twice = make_habits(), make_habits(2.0)
    short = once.gaps < 2**38
    np.testing.assert_allclose(twice.gaps[short], once.gaps[short] / 2, atol=1)
    np.testing.assert_allclose(twice.dropouts, once.dropouts / 2, atol=1)
    assert (twice.means == once.means).all()
    assert (twice.waits == once.waits).all()
    assert (twice.lucks == once.lucks).all()
