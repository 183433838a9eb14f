"""Each statistic on a case worked by hand, and its error on samples of a known truth."""

from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import binom
from shop_statistics import (
    Estimate,
    agreement_of_shares,
    pair_lift,
    power_law_slope,
    repeat_share,
    share_of_top,
)

WEEKDAYS = np.array([14, 13, 13, 14, 15, 17, 14])


def test_slope_of_an_exact_power_law_is_its_exponent() -> None:
    # 3600 / rank ** 2 for ranks 1 to 6; the order they come in does not matter.
    assert power_law_slope([900, 3600, 100, 400, 144, 225]).value == pytest.approx(-2)
    # 14400 / (rank + 2): ranks 1 to 3 of 4,800, 3,600 and 2,880; the rest is not looked at.
    shifted = power_law_slope([4800, 3600, 2880, 7, 0], shift=2, top=3)
    assert shifted.value == pytest.approx(-1)
    # Over sqrt(sum of n * (log(rank + 2) - mean) ** 2): mean 1.32085, sum 492.345.
    assert shifted.standard_error == pytest.approx(1 / np.sqrt(492.345), rel=1e-5)


def test_slope_s_error_grows_with_scatter_about_the_line() -> None:
    smooth = power_law_slope([14400, 7200, 4800, 3600])
    rough = power_law_slope([14400, 7200, 6800, 2600])
    assert rough.standard_error > 10 * smooth.standard_error


def test_slope_of_a_sample_is_within_its_error() -> None:
    chances = (np.arange(1, 501) + 2.7) ** -1.1
    sold = np.random.default_rng(5).multinomial(100_000, chances / chances.sum())
    slope = power_law_slope(sold, shift=2.7, top=100)
    assert slope.standard_error < 0.02
    low, high = slope.interval(0.99)
    assert low < -1.1 < high


@pytest.mark.parametrize("counts", [[5, 4], [5, 4, 0]])
def test_slope_takes_three_counts_above_zero(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="three counts above zero"):
        power_law_slope(counts)


def test_lift_is_shared_baskets_over_chance() -> None:
    baskets = [{"a", "b"}] * 20 + [{"a"}] * 30 + [{"b", "c"}] * 20 + [{"c"}] * 30
    found = pair_lift(baskets, "a", "b")
    # 20 / (50 * 40 / 100) = 1; log variance 1/20 - 1/50 - 1/40 + 1/100 = 0.015.
    assert (found.baskets, found.with_a, found.with_b, found.with_both) == (100, 50, 40, 20)
    assert found.lift == pytest.approx(1)
    reach = np.exp(1.959964 * np.sqrt(0.015))
    assert found.interval == pytest.approx((1 / reach, reach))


def test_lift_s_interval_covers_in_about_95_of_100_samples() -> None:
    rng = np.random.default_rng(6)
    kinds = [{"a", "b"}, {"a"}, {"b"}, {"c"}]
    truth = 0.02 / (0.1 * 0.08)
    samples = 200
    covered = 0
    for _ in range(samples):
        drawn = rng.choice(4, size=2_000, p=[0.02, 0.08, 0.06, 0.84])
        low, high = pair_lift([kinds[kind] for kind in drawn], "a", "b").interval
        covered += low < truth < high
    assert binom.ppf(0.001, samples, 0.95) <= covered <= binom.ppf(0.999, samples, 0.95)


def test_lift_of_a_pair_that_never_met_has_an_upper_bound() -> None:
    found = pair_lift([{"a"}] * 10 + [{"b"}] * 20 + [set()] * 70, "a", "b")
    # By chance 10 * 20 / 100 = 2 baskets; none is seen of up to -log(0.025) = 3.688879.
    assert found.lift == 0
    assert found.interval == pytest.approx((0, 3.688879 / 2))


def test_lift_needs_both_to_be_sold() -> None:
    with pytest.raises(ValueError, match="'b' in 0"):
        pair_lift([{"a"}], "a", "b")


def test_share_of_the_top_fifth() -> None:
    assert share_of_top([1, 1, 6, 1, 1], 0.2) == pytest.approx(0.6)
    assert share_of_top([Decimal("2.50"), Decimal("7.50")], 0.01) == pytest.approx(0.75)


def test_share_of_buyers_who_came_again() -> None:
    # Two of four; sqrt(0.5 * 0.5 / 4) = 0.25.
    assert repeat_share(["ann", "bob", "ann", "cy", "dee", "ann", "dee"]) == Estimate(0.5, 0.25)


def test_an_estimate_s_interval_is_the_normal_one() -> None:
    assert Estimate(1.0, 0.5).interval(0.99) == pytest.approx((1 - 1.2879147, 1 + 1.2879147))


def test_shares_are_compared_by_chi_square_over_dispersion() -> None:
    # 20 expected in each: (100 + 0 + 100) / 20 = 10, and of 2 degrees exp(-10 / 2).
    found = agreement_of_shares([30, 20, 10], [1, 1, 1], dispersion=1)
    assert found.shares == pytest.approx([1 / 2, 1 / 3, 1 / 6])
    assert found.statistic == pytest.approx(10)
    assert found.p_value == pytest.approx(np.exp(-5))
    assert agreement_of_shares([30, 20, 10], [1, 1, 1], 2).p_value == pytest.approx(np.exp(-2.5))
    assert agreement_of_shares([30, 20, 10], [3, 2, 1], 1).p_value == pytest.approx(1)


def test_dispersion_is_the_rows_scatter_about_common_shares() -> None:
    # Each row of 60 expects 24, 18, 18: 2 * (144/24 + 36/18 + 36/18) = 20 over 2 degrees is 10.
    # Sums of 48, 36, 36 against 40: 2.4 / 10; F of 0.12 and (2, 2) degrees is 1 / 1.12.
    found = agreement_of_shares([[36, 12, 12], [12, 24, 24]], [1, 1, 1])
    assert found.dispersion == pytest.approx(10)
    assert found.statistic == pytest.approx(0.24)
    assert found.p_value == pytest.approx(1 / 1.12)


def test_rows_more_alike_than_chance_count_as_poisson() -> None:
    # 60, 40, 20 against 40: 800 / 40 = 20; F of 10 and (2, 2) degrees is 1 / 11.
    found = agreement_of_shares([[30, 20, 10], [30, 20, 10]], [1, 1, 1])
    assert found.dispersion == 1
    assert found.statistic == pytest.approx(20)
    assert found.p_value == pytest.approx(1 / 11)


def test_one_row_shows_no_dispersion() -> None:
    with pytest.raises(ValueError, match="give it"):
        agreement_of_shares([30, 20, 10], [1, 1, 1])


def test_over_dispersed_weeks_are_not_taken_for_another_habit() -> None:
    rng = np.random.default_rng(8)
    means = np.outer(np.linspace(300, 900, 26), WEEKDAYS / 100)  # a shop that grows
    samples = 400
    refused, refused_as_poisson, wrong_refused = 0, 0, 0
    for _ in range(samples):
        weeks = rng.poisson(rng.gamma(means / 2, 2))  # variance three times the mean
        refused += agreement_of_shares(weeks, WEEKDAYS).p_value < 0.05
        refused_as_poisson += agreement_of_shares(weeks, WEEKDAYS, 1).p_value < 0.05
        wrong_refused += agreement_of_shares(weeks, np.ones(7)).p_value < 0.05
    assert binom.ppf(0.001, samples, 0.05) <= refused <= binom.ppf(0.999, samples, 0.05)
    assert refused_as_poisson > samples / 2
    assert wrong_refused > 0.95 * samples
