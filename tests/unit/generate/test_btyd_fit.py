"""The oracle's own proof: hand-worked likelihoods, published fits, and intervals that cover."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, chi2

from btyd_fit import (
    Fit,
    Shop,
    bgnbd_log_likelihood,
    fit_bgnbd,
    fit_gamma_gamma,
    gamma_gamma_log_likelihood,
    simulate,
)

CDNOW = Path(__file__).parents[4] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
CALIBRATION_END = date(1997, 9, 30)

BGNBD = {"r": 0.5, "alpha": 60.0, "a": 0.8, "b": 2.5}
MONEY = {"p": 6.25, "q": 3.74, "gamma": 15.44}
SHOPS = 40


@pytest.fixture(scope="module")
def cdnow() -> Shop:
    """Repeat purchases of the 1/10 sample; a day's purchases are one, times are in weeks."""
    if not CDNOW.is_file():
        pytest.skip(f"the public data set is not at {CDNOW}")
    spent: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line in CDNOW.read_text("ascii").splitlines():
        _, customer, day, _, dollars = line.split()
        spent[customer][date.fromisoformat(day)] += Decimal(dollars)
    x, t_x, T, spend = [], [], [], []
    for days in spent.values():
        first, *repeats = sorted(day for day in days if day <= CALIBRATION_END)
        x.append(len(repeats))
        t_x.append((max([first, *repeats]) - first).days / 7)
        T.append((CALIBRATION_END - first).days / 7)
        total = sum(days[day] for day in repeats)
        spend.append(float(total / len(repeats)) if repeats else np.nan)
    return Shop(np.array(x), np.array(t_x), np.array(T), np.array(spend))


@pytest.fixture(scope="module")
def simulated() -> list[tuple[Fit, Fit]]:
    """Both fits of forty shops of 2,000 customers that are 100 to 730 days old."""
    rng = np.random.default_rng(2005)
    fits = []
    for _ in range(SHOPS):
        shop = simulate(rng, rng.uniform(100, 730, 2_000), BGNBD, MONEY)
        again = shop.x > 0
        fits.append(
            (
                fit_bgnbd(shop.x, shop.t_x, shop.T),
                fit_gamma_gamma(shop.x[again], shop.spend[again]),
            )
        )
    return fits


def test_bgnbd_likelihood_is_equation_6_by_hand() -> None:
    # All parameters 1. (0, 0, 1): 1 / (1 + 1). (1, 1, 1): 1/2 * 1/4 + 1/2 * 1/4.
    # (1, 1, 3): 1/2 * 1/16 + 1/2 * 1/4. (2, 1, 1): 1/3 * 2/8 + B(2, 2) * 2/8 = 1/12 + 1/24.
    found = np.exp(bgnbd_log_likelihood(1, 1, 1, 1, [0, 1, 1, 2], [0, 1, 1, 1], [1, 1, 3, 1]))
    assert found == pytest.approx([1 / 2, 1 / 4, 5 / 32, 1 / 8])


def test_gamma_gamma_density_is_right_by_hand() -> None:
    # All parameters 1. x = 1, spend 1: 1 / (1 + 1) ** 2. x = 2, spend 1.5: 2 * 1.5 * 4 / 4 ** 3.
    found = np.exp(gamma_gamma_log_likelihood(1, 1, 1, [1, 2], [1.0, 1.5]))
    assert found == pytest.approx([1 / 4, 3 / 16])


@pytest.mark.shared_data
def test_bgnbd_fit_of_cdnow_is_the_published_one(cdnow: Shop) -> None:
    assert len(cdnow.x) == 2_357
    fit = fit_bgnbd(cdnow.x, cdnow.t_x, cdnow.T)
    # Fader, Hardie, Lee (2005), table 2.
    published = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert fit.estimates == pytest.approx(published, abs=0.0005)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)


@pytest.mark.shared_data
def test_gamma_gamma_fit_of_cdnow_is_the_published_one(cdnow: Shop) -> None:
    again = cdnow.x > 0
    assert again.sum() == 946
    fit = fit_gamma_gamma(cdnow.x[again], cdnow.spend[again])
    # Fader, Hardie (2013), section 4.
    assert fit.estimates == pytest.approx({"p": 6.25, "q": 3.74, "gamma": 15.44}, abs=0.005)


def test_intervals_cover_the_truth_of_a_shop() -> None:
    rng = np.random.default_rng(2013)
    shop = simulate(rng, rng.uniform(0, 730, 50_000), BGNBD, MONEY)
    again = shop.x > 0
    bgnbd = fit_bgnbd(shop.x, shop.t_x, shop.T)
    money = fit_gamma_gamma(shop.x[again], shop.spend[again])
    assert bgnbd.covers(BGNBD) == dict.fromkeys(BGNBD, True)
    assert money.covers(MONEY) == dict.fromkeys(MONEY, True)
    # A shop as large leaves little room: a tenth more of any parameter is outside.
    assert bgnbd.covers({name: 1.1 * value for name, value in BGNBD.items()}) == dict.fromkeys(
        BGNBD, False
    )


def test_intervals_cover_in_about_95_of_100_shops(simulated: list[tuple[Fit, Fit]]) -> None:
    covered = Counter[str]()
    for bgnbd, money in simulated:
        covered.update(bgnbd.covers(BGNBD))
        covered.update(money.covers(MONEY))
    least = binom.ppf(0.001, SHOPS, 0.95)  # 33 of 40
    assert {name: covered[name] >= least for name in {**BGNBD, **MONEY}} == dict.fromkeys(
        {**BGNBD, **MONEY}, True
    )


def test_all_estimates_together_lie_as_far_from_the_truth_as_they_say(
    simulated: list[tuple[Fit, Fit]],
) -> None:
    # Sums of Wald statistics: errors stated too small go beyond the upper bound, too large below.
    for distances, parameters in (
        ([bgnbd.wald(BGNBD) for bgnbd, _ in simulated], 4),
        ([money.wald(MONEY) for _, money in simulated], 3),
    ):
        low, high = chi2.ppf([0.001, 0.999], SHOPS * parameters)
        assert low < sum(distances) < high


def test_counted_histories_are_the_customers_they_count() -> None:
    rng = np.random.default_rng(7)
    shop = simulate(rng, rng.integers(1, 104, 3_000) * 7.0, BGNBD, MONEY)
    t_x = np.round(shop.t_x)
    once = fit_bgnbd(shop.x, t_x, shop.T, count=2)
    each = fit_bgnbd(*(np.tile(column, 2) for column in (shop.x, t_x, shop.T)))
    assert once.estimates == each.estimates
    one_by_one = bgnbd_log_likelihood(**once.estimates, x=shop.x, t_x=t_x, T=shop.T)
    assert once.log_likelihood == pytest.approx(2 * one_by_one.sum())


def test_an_interval_is_the_logarithm_s() -> None:
    fit = Fit({"r": 2.0, "alpha": 3.0}, np.array([[0.01, 0.0], [0.0, 0.04]]), -1.0)
    assert fit.standard_error("alpha") == pytest.approx(0.6)
    # exp(1.959964 * 0.1) = 1.2165226
    assert fit.interval("r") == pytest.approx((2.0 / 1.2165226, 2.0 * 1.2165226))
    assert fit.covers({"r": 2.4, "alpha": 1.0}) == {"r": True, "alpha": False}
    # (log 2 / 0.1) ** 2 + 0 = 48.0453
    assert fit.wald({"r": 1.0, "alpha": 3.0}) == pytest.approx(48.0453)


def test_buyers_who_never_come_again_determine_no_fit() -> None:
    with pytest.raises(ValueError, match="no maximum"):
        fit_bgnbd([0, 0, 0], [0, 0, 0], [10, 20, 30], count=100)


def test_a_simulated_shop_sells_what_its_parameters_say() -> None:
    # With a + b so large that nobody leaves, purchases are NBD: mean r * T / alpha = 5,
    # variance mean + mean ** 2 / r = 17.5. Mean spend is p * gamma / (q - 1) = 6 * 20 / 3.
    rng = np.random.default_rng(11)
    loyal = {"r": 2.0, "alpha": 40.0, "a": 1e-9, "b": 1.0}
    shop = simulate(rng, np.full(40_000, 100.0), loyal, {"p": 6.0, "q": 4.0, "gamma": 20.0})
    assert shop.x.mean() == pytest.approx(5, abs=4 * np.sqrt(17.5 / 40_000))
    assert shop.x.var() == pytest.approx(17.5, rel=0.05)
    assert np.nanmean(shop.spend) == pytest.approx(40, rel=0.02)
    assert (np.isnan(shop.spend) == (shop.x == 0)).all()
    # With a = b = 1 and 300 purchases to come, 1 / (k * (k + 1)) leave after the k-th repeat.
    busy = simulate(
        rng, np.full(40_000, 1.0), {"r": 300.0, "alpha": 1.0, "a": 1.0, "b": 1.0}, MONEY
    )
    assert (busy.x == 1).mean() == pytest.approx(1 / 2, abs=0.01)
    assert (busy.x == 2).mean() == pytest.approx(1 / 6, abs=0.01)
