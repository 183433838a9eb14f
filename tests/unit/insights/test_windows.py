"""Windows of days: what is rare is told with its days, and what is chance is not."""

import numpy as np
import pytest
from scipy.stats import binom

from ecomdata.insights.windows import Base, rarity, scan, spread


def _days(*counts: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(counts, dtype=np.float64)


def test_rarity_is_the_conditional_binomial_test_of_two_poisson_rates() -> None:
    # 4 of exposure 10 beside 30 of exposure 30: of 34 events each is the newer's with 10 / 40.
    base = Base(30.0, 30.0)
    [fewer] = rarity(_days(4), _days(10), base, 1.0, fewer=True)
    [more] = rarity(_days(16), _days(10), base, 1.0, fewer=False)
    assert fewer == pytest.approx(binom.cdf(4, 34, 0.25))
    assert more == pytest.approx(binom.sf(15, 46, 0.25))


def test_counts_that_vary_twice_as_much_are_half_as_many() -> None:
    [wide] = rarity(_days(8), _days(10), Base(60.0, 30.0), 2.0, fewer=True)
    [narrow] = rarity(_days(4), _days(10), Base(30.0, 30.0), 1.0, fewer=True)
    assert wide == pytest.approx(narrow)


def test_without_exposure_nothing_is_rare() -> None:
    assert rarity(_days(0), _days(0), Base(9.0, 9.0), 1.0, fewer=True) == [1.0]


def test_a_gap_is_found_with_its_days() -> None:
    counts = np.full(30, 10.0)
    counts[12:17] = 0
    window = scan(counts, np.full(30, 100.0), Base(910.0, 9100.0), 1.0, fewer=True)
    assert (window.first, window.last, window.observed) == (12, 16, 0.0)
    assert window.expected == pytest.approx(50)
    assert window.p_value < 1e-12


def test_a_burst_of_what_never_was_is_found_with_its_days() -> None:
    counts = np.zeros(30)
    counts[3:6] = 5
    window = scan(counts, np.full(30, 100.0), Base(0.0, 9100.0), 1.0, fewer=False)
    assert (window.first, window.last, window.observed) == (3, 5, 15.0)


def test_scans_of_chance_alone_are_as_rarely_significant_as_they_say() -> None:
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(300):
        counts, exposure = rng.poisson(8, 121).astype(float), np.full(121, 100.0)
        base = Base.of(counts[:91], exposure[:91])
        p_values.append(scan(counts[91:], exposure[91:], base, 1.0, fewer=True).p_value)
    assert np.mean(np.array(p_values) < 0.05) <= 0.05
    assert np.mean(np.array(p_values) < 0.5) > 0.05  # nor is it blind


def test_a_base_leaves_its_two_worst_and_best_weeks_out() -> None:
    counts = np.repeat([10.0, 0.0, 10.0, 0.0, 10.0, 90.0, 10.0, 80.0, 10.0], 7)
    base = Base.of(counts, np.full(63, 100.0))
    assert (base.count, base.exposure) == (5 * 70.0, 5 * 700.0)
    assert base.rate == pytest.approx(0.1)


def test_the_spread_of_poisson_counts_is_one_and_of_clustered_ones_their_clusters() -> None:
    rng = np.random.default_rng(3)
    exposure = np.full((8, 91), 500.0)
    plain = rng.poisson(20, (8, 91)).astype(float)
    assert spread(plain, exposure) == pytest.approx(1.0, abs=0.35)
    threes = 3 * rng.poisson(20 / 3, (8, 91)).astype(np.float64)
    assert spread(threes, exposure) == pytest.approx(3.0, abs=0.9)


def test_an_outage_of_the_past_does_not_widen_the_spread() -> None:
    rng = np.random.default_rng(4)
    counts = rng.poisson(20, (8, 91)).astype(float)
    before = spread(counts, np.full((8, 91), 500.0))
    counts[0, 20:40] = 0
    assert spread(counts, np.full((8, 91), 500.0)) == pytest.approx(before, abs=0.15)
