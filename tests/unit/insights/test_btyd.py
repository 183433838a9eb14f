"""The models of purchases against published figures, an independent fit, and their definitions."""

import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, roots_jacobi, roots_legendre
from scipy.stats import beta as beta_law
from scipy.stats import binom
from scipy.stats import gamma as gamma_law

import btyd_fit
from btyd_fit import simulate
from ecomdata.errors import NotEnoughDataError, UsageError
from ecomdata.insights.btyd import (
    ParetoModel,
    PurchaseModel,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    spend_interval,
    total_spend,
)

Floats = NDArray[np.float64]
Fit = Callable[..., PurchaseModel | ParetoModel]

CDNOW = Path(__file__).parents[4] / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
public = pytest.mark.skipif(not CDNOW.is_file(), reason=f"the public data set is not at {CDNOW}")

BENCHMARK = runpy.run_path(
    str(Path(__file__).parents[3] / "benchmarks" / "insights" / "customers.py")
)
BGNBD, MONEY = BENCHMARK["PURCHASES"], BENCHMARK["MONEY"]


@pytest.fixture(scope="module")
def cdnow() -> dict[str, Floats]:
    """Weeks to 1997-09-30, purchases of one day as one, and those of the 39 weeks after."""
    columns: dict[str, list[float]] = BENCHMARK["cdnow"](CDNOW)
    return {name: np.array(values) for name, values in columns.items()}


def _history(customers: dict[str, Floats]) -> tuple[Floats, Floats, Floats]:
    return customers["x"], customers["t_x"], customers["T"]


@pytest.mark.shared_data
@public
@pytest.mark.parametrize(
    ("fit", "published", "log_likelihood"),
    [
        (fit_bg_nbd, {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}, -9582.4),
        (fit_mbg_nbd, {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, -9582.1),
        (fit_pareto_nbd, {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9595.0),
    ],
)
def test_cdnow_gives_the_published_parameters(
    cdnow: dict[str, Floats], fit: Fit, published: dict[str, float], log_likelihood: float
) -> None:
    model = fit(*_history(cdnow))
    assert {name: round(getattr(model, name), 3) for name in published} == published
    assert round(model.log_likelihood, 1) == log_likelihood


@pytest.mark.shared_data
@public
def test_cdnow_gives_the_published_expectations_and_values(cdnow: dict[str, Floats]) -> None:
    assert len(cdnow["x"]) == 2_357
    bg_nbd = fit_bg_nbd(*_history(cdnow))
    new = bg_nbd.expected_purchases_of_new([1, 78])
    assert (round(new[0], 4), round(new[1], 3)) == (0.0532, 1.858)
    [expected] = bg_nbd.expected_purchases(39, 2, 30.43, 38.86)
    assert round(expected, 3) == 1.226
    values = fit_gamma_gamma(cdnow["x"], cdnow["z"])
    assert (cdnow["x"] > 0).sum() == 946
    assert (round(values.p, 2), round(values.q, 2), round(values.gamma, 2)) == (6.25, 3.74, 15.44)


@pytest.mark.shared_data
@public
def test_the_next_39_weeks_of_cdnow_are_foretold_better_than_in_the_book(
    cdnow: dict[str, Floats],
) -> None:
    later = cdnow["later"]
    assert later.sum() == 1_882
    told = {
        fit: fit(*_history(cdnow)).expected_purchases(39, *_history(cdnow))
        for fit in (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd)
    }
    off = {fit: abs(each.sum() - 1_882) for fit, each in told.items()}
    errors = {fit: np.abs(each - later).mean() for fit, each in told.items()}
    assert (round(told[fit_bg_nbd].sum()), round(errors[fit_bg_nbd], 3)) == (1_653, 0.785)
    assert off[fit_pareto_nbd] < off[fit_bg_nbd] and errors[fit_pareto_nbd] < 0.76
    assert errors[fit_mbg_nbd] < 0.77


@pytest.fixture(scope="module")
def shop() -> btyd_fit.Shop:
    """3,000 customers drawn from BG/NBD and Gamma-Gamma by the oracle."""
    rng = np.random.default_rng(20)
    return simulate(rng, rng.integers(1, 400, 3_000), BGNBD, MONEY)


def test_the_fit_is_that_of_an_independent_one(shop: btyd_fit.Shop) -> None:
    ours, theirs = (
        fit_bg_nbd(shop.x, shop.t_x, shop.T),
        btyd_fit.fit_bgnbd(shop.x, shop.t_x, shop.T),
    )
    for name, estimate in theirs.estimates.items():
        assert getattr(ours, name) == pytest.approx(estimate, rel=1e-4)
        assert ours.standard_errors[name] == pytest.approx(theirs.standard_error(name), rel=1e-3)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-5)
    again = shop.x > 0
    of_money = btyd_fit.fit_gamma_gamma(shop.x[again], shop.spend[again])
    values = fit_gamma_gamma(shop.x, np.nan_to_num(shop.spend))
    for name, estimate in of_money.estimates.items():
        assert getattr(values, name) == pytest.approx(estimate, rel=1e-4)
        assert values.standard_errors[name] == pytest.approx(
            of_money.standard_error(name), rel=1e-3
        )
    assert values.log_likelihood == pytest.approx(of_money.log_likelihood, abs=1e-5)


def test_the_unit_of_time_and_the_order_of_customers_do_not_matter(shop: btyd_fit.Shop) -> None:
    days = np.ceil(shop.t_x)  # whole days are put together in another way than other times
    model = fit_mbg_nbd(shop.x, days, shop.T)
    order = np.random.default_rng(1).permutation(len(days))
    weeks = fit_mbg_nbd(shop.x[order], days[order] / 7, shop.T[order] / 7)
    assert weeks.alpha == pytest.approx(model.alpha / 7, rel=1e-6)
    assert (weeks.r, weeks.a, weeks.b) == pytest.approx((model.r, model.a, model.b), rel=1e-6)
    twice = fit_mbg_nbd(np.tile(shop.x, 2), np.tile(days, 2), np.tile(shop.T, 2))
    assert (twice.r, twice.b) == pytest.approx((model.r, model.b), rel=1e-6)
    assert twice.standard_errors["r"] == pytest.approx(
        model.standard_errors["r"] / 2**0.5, rel=1e-5
    )


# The models by their definition: averages over a customer's own rate and chance, by quadrature.

HISTORIES = [
    (0, 0.0, 30.0),
    (0, 0.0, 300.0),
    (1, 20.0, 90.0),
    (4, 180.0, 200.0),
    (12, 100.0, 300.0),
]


@cache
def _legendre() -> tuple[Floats, Floats]:
    nodes, weights = roots_legendre(400)
    return nodes, weights


@cache
def _jacobi(a: float, b: float) -> tuple[Floats, Floats]:
    """Chances of leaving, and how much each counts."""
    nodes, weights = roots_jacobi(50, b - 1, a - 1)
    return (nodes + 1) / 2, weights / weights.sum()


def _customers(r: float, alpha: float) -> tuple[Floats, Floats]:
    """Rates of purchase, and how much each counts."""
    nodes, weights = _legendre()
    top = gamma_law.ppf(1 - 1e-13, r, scale=1 / alpha)
    # A power puts more nodes where the density is steep.
    u = (nodes + 1) / 2
    rate = top * u**4
    return rate, weights / 2 * 4 * u**3 * top * gamma_law.pdf(rate, r, scale=1 / alpha)


def _by_definition(
    model: PurchaseModel, x: float, t_x: float, T: float, t: float
) -> tuple[float, float, float, float]:
    """Likelihood, P(alive), expected purchases and the chance of none in the next `t`."""
    rate, weight = _customers(model.r, model.alpha)
    leave, leave_weight = _jacobi(model.a, model.b)
    lam, p = rate[:, None], leave[None, :]
    both = weight[:, None] * leave_weight[None, :]
    chances = x + model.leaves_at_once
    active = lam**x * np.exp(-lam * T) * (1 - p) ** chances
    gone = np.zeros_like(active)
    if chances:
        gone = lam**x * np.exp(-lam * t_x) * p * (1 - p) ** (chances - 1)
    likelihood = float((both * (active + gone)).sum())
    alive = float((both * active).sum())
    purchases = float((both * active * -np.expm1(-lam * p * t) / p).sum())
    none = float((both * (active * np.exp(-lam * t) + gone)).sum())
    return likelihood, alive / likelihood, purchases / likelihood, none / likelihood


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_mbg_nbd])
def test_chances_and_expectations_are_those_of_the_models_definition(
    shop: btyd_fit.Shop, fit: Callable[..., PurchaseModel]
) -> None:
    model = fit(shop.x, shop.t_x, shop.T)
    x, t_x, T = np.array(HISTORIES).T
    truth = np.array([_by_definition(model, *history, 90.0) for history in HISTORIES])
    assert model.p_alive(x, t_x, T) == pytest.approx(truth[:, 1], rel=1e-6)
    assert model.expected_purchases(90, x, t_x, T) == pytest.approx(truth[:, 2], rel=1e-6)
    chances = model.purchase_probabilities(90, x, t_x, T, 100)
    assert chances[:, 0] == pytest.approx(truth[:, 3], rel=1e-6)
    assert chances.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-9)
    assert chances @ np.arange(101) == pytest.approx(truth[:, 2], rel=1e-6)
    # Of a new customer: one who bought just now, and in MBG/NBD may have left at once.
    new = _by_definition(model, 0, 0.0, 0.0, 90.0)[2]
    assert model.expected_purchases_of_new(90) == pytest.approx(new, rel=1e-6)


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_mbg_nbd])
def test_the_log_likelihood_is_that_of_the_definition_and_no_other_parameters_have_more(
    fit: Callable[..., PurchaseModel],
) -> None:
    rng = np.random.default_rng(4)
    few = simulate(rng, rng.integers(150, 400, 200), BGNBD, MONEY)
    model = fit(few.x, few.t_x, few.T)

    def log_likelihood(**other: float) -> float:
        moved = PurchaseModel(**vars(model) | other)
        histories = zip(few.x, few.t_x, few.T, strict=True)
        return float(sum(np.log(_by_definition(moved, *each, 1.0)[0]) for each in histories))

    assert model.log_likelihood == pytest.approx(log_likelihood(), abs=1e-3)
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.9, 1.1):
            assert log_likelihood(**{name: getattr(model, name) * factor}) < model.log_likelihood


def test_pareto_nbd_is_that_of_its_definition(shop: btyd_fit.Shop) -> None:
    model = fit_pareto_nbd(shop.x, shop.t_x, shop.T)
    rate, weight = _customers(model.r, model.alpha)
    death, death_weight = _customers(model.s, model.beta)
    lam, mu = rate[:, None], death[None, :]
    both = weight[:, None] * death_weight[None, :]
    for x, t_x, T in HISTORIES:
        active = lam**x * np.exp(-(lam + mu) * T)
        gone = lam**x * mu / (lam + mu) * (np.exp(-(lam + mu) * t_x) - np.exp(-(lam + mu) * T))
        likelihood = (both * (active + gone)).sum()
        [alive] = model.p_alive(x, t_x, T)
        assert alive == pytest.approx((both * active).sum() / likelihood, rel=1e-4)
        purchases = (both * active * lam * -np.expm1(-mu * 90) / mu).sum() / likelihood
        [expected] = model.expected_purchases(90, x, t_x, T)
        assert expected == pytest.approx(purchases, rel=1e-4)
    [new] = np.atleast_1d(model.expected_purchases_of_new(90))
    assert new == pytest.approx((both * lam * -np.expm1(-mu * 90) / mu).sum(), rel=1e-4)


# Intervals.


def _mbg_shop(seed: int, customers: int, later: float) -> tuple[Any, ...]:
    """Histories of MBG/NBD with what is bought and spent in the days after them."""
    rng = np.random.default_rng(seed)
    T = rng.integers(30, 540, customers).astype(np.float64)
    shop: tuple[Any, ...] = BENCHMARK["simulated"](rng, T, later)
    return shop


def test_intervals_cover_what_they_say() -> None:
    level, shops, customers = 0.9, 20, 1_200
    inside, totals, in_purchases, in_spend = [], 0, [], []
    rng = np.random.default_rng(0)
    for seed in range(shops):
        x, t_x, T, z, then, spent = _mbg_shop(seed, customers, 90.0)
        model, values = fit_mbg_nbd(x, t_x, T), fit_gamma_gamma(x, z)
        # A count has no interval of exactly 90 %: its rank is drawn within its own probability.
        chances = model.purchase_probabilities(90, x, t_x, T, int(then.max()))
        rows, count = np.arange(customers), then.astype(int)
        rank = chances.cumsum(axis=1)[rows, count] - chances[rows, count] * rng.random(customers)
        inside.append(np.mean((rank > 0.05) & (rank < 0.95)))
        low, high = model.purchase_interval(90, x, t_x, T, level)
        in_purchases.append(np.mean((low <= then) & (then <= high)))
        some = slice(200)
        low_spend, high_spend = spend_interval(
            model, values, 90, x[some], t_x[some], T[some], z[some], level
        )
        in_spend.append(np.mean((low_spend <= spent[some]) & (spent[some] <= high_spend + 1e-9)))
        total = total_spend(model, values, 90, x, t_x, T, z)
        totals += abs(spent.sum() - total.expected) <= 1.645 * total.error
    assert 0.88 <= np.mean(inside) <= 0.92
    assert np.mean(in_purchases) >= 0.9 and np.mean(in_spend) >= 0.9
    assert binom.ppf(0.005, shops, level) <= totals


def test_a_customers_interval_holds_nine_of_ten_of_what_may_be_spent() -> None:
    x, t_x, T, z, _, _ = _mbg_shop(1, 2_000, 90.0)
    model, values = fit_mbg_nbd(x, t_x, T), fit_gamma_gamma(x, z)
    rng, draws = np.random.default_rng(5), 400_000
    history = (8.0, 190.0, 200.0, 21.0)
    [low], [high] = spend_interval(model, values, 90, *history)
    # The same by drawing: whether they are here, how often they buy, what that is worth.
    here = rng.random(draws) < model.p_alive(*history[:3])[0]
    rate = rng.gamma(model.r + 8, 1 / (model.alpha + 200), draws)
    leave = beta_law.rvs(model.a, model.b + 9, size=draws, random_state=rng)
    until = rng.geometric(np.maximum(leave, 1e-9))
    bought = np.where(here, np.minimum(rng.poisson(90 * rate), until), 0)
    own = rng.gamma(values.q + 8 * values.p, 1 / (values.gamma + 8 * 21.0), draws)
    spent = np.where(bought > 0, rng.gamma(np.maximum(values.p * bought, 1e-9)) / own, 0.0)
    assert low == pytest.approx(np.quantile(spent, 0.05), abs=0.5)
    assert high == pytest.approx(np.quantile(spent, 0.95), rel=0.01)
    [fewest], [most] = model.purchase_interval(90, *history[:3])
    assert (fewest, most) == (np.quantile(bought, 0.05), np.quantile(bought, 0.95))
    alone = total_spend(model, values, 90, *history)
    assert alone.expected == pytest.approx(spent.mean(), rel=0.01)
    assert alone.error == pytest.approx(spent.std(), rel=0.02)


def test_a_parameters_interval_ends_where_the_likelihood_has_fallen_by_what_the_level_says() -> (
    None
):
    x, t_x, T, z, _, _ = _mbg_shop(3, 400, 0.0)
    values = fit_gamma_gamma(x, z)
    told = x > 0

    def log_likelihood(p: float, q: float, gamma: float) -> float:
        n, m = x[told], z[told]
        return float(
            (
                gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + q * np.log(gamma)
                + (p * n - 1) * np.log(m) + p * n * np.log(n)
                - (p * n + q) * np.log(gamma + n * m)
            ).sum()
        )  # fmt: skip

    assert log_likelihood(values.p, values.q, values.gamma) == pytest.approx(values.log_likelihood)
    ends = values.parameter_intervals(x, z)
    assert ends["q"][0] < values.q < ends["q"][1]
    for end in ends["q"]:
        others = minimize(
            lambda by, end=end: -log_likelihood(np.exp(by[0]), end, np.exp(by[1])),
            np.log([values.p, values.gamma]),
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2_000},
        )
        # A chi-squared of one degree of freedom is above 2.7055 in one of ten cases.
        assert 2 * (values.log_likelihood + others.fun) == pytest.approx(2.7055, abs=0.03)
    model = fit_mbg_nbd(x, t_x, T)
    narrow = model.parameter_intervals(x, t_x, T, level=0.5)
    wide = model.parameter_intervals(x, t_x, T, level=0.9)
    for name in ("r", "alpha", "a", "b"):
        assert wide[name][0] < narrow[name][0] < getattr(model, name)
        assert getattr(model, name) < narrow[name][1] < wide[name][1]


def test_where_nobody_has_left_the_model_is_the_nbd() -> None:
    rng = np.random.default_rng(8)
    T = rng.integers(60, 90, 1_500).astype(np.float64)
    x = rng.poisson(rng.gamma(0.9, 1 / 45.0, len(T)) * T).astype(np.float64)
    # Of so many purchases at random times the last is at the largest of as many draws.
    t_x = np.where(x > 0, T * rng.random(len(T)) ** (1 / np.maximum(x, 1)), 0.0)
    model = fit_mbg_nbd(x, t_x, T)
    assert (model.name, model.a) == ("NBD", 0.0)
    assert abs(np.log(model.r / 0.9)) < 3 * np.sqrt(model.log_covariance[0, 0])
    assert (model.p_alive(x, t_x, T) == 1).all()
    # The chance of none, and the mean: negative binomial with the customer's own r and alpha.
    [expected] = model.expected_purchases(90, 3, 20, 70)
    assert expected == pytest.approx(90 * (model.r + 3) / (model.alpha + 70))
    [[none]] = model.purchase_probabilities(90, 3, 20, 70, 0)
    assert none == pytest.approx(((model.alpha + 70) / (model.alpha + 160)) ** (model.r + 3))
    low, high = model.parameter_intervals(x, t_x, T)["alpha"]
    assert low < 45 < high
    n = np.maximum(x, 1)
    values = fit_gamma_gamma(x, rng.gamma(6 * n) / n / rng.gamma(4, 1 / 15, len(n)))
    assert total_spend(model, values, 90, x, t_x, T, 20.0).error > 0
    # Where some do leave, and as likely as each other, it is not said that nobody does.
    gone = np.where(np.arange(len(T)) % 5 == 0, t_x / 4, t_x)
    try:
        assert fit_mbg_nbd(x, gone, T).a > 0
    except NotEnoughDataError as error:
        assert "leave b open" in str(error)


# What is not enough.


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd])
@pytest.mark.parametrize(
    ("x", "t_x", "T", "says"),
    [
        (np.zeros(5_000), np.zeros(5_000), np.arange(5_000) % 365, "has 0"),
        (np.arange(10), np.arange(10) * 10.0, np.full(10, 200.0), "has 9"),
        (np.zeros(300), np.zeros(300), np.zeros(300), "has 0"),
        (np.full(300, 1), np.zeros(300), np.full(300, 30.0), "has 0"),
        (np.full(300, 3), np.full(300, 90.0), np.full(300, 90.0), "leave"),
    ],
    ids=["bought once", "ten customers", "one day", "all on the first day", "all alike"],
)
def test_too_little_is_answered_with_what_is_needed(
    fit: Fit, x: Floats, t_x: Floats, T: Floats, says: str
) -> None:
    with pytest.raises(NotEnoughDataError, match=f"not enough data for .*needs .*{says}"):
        fit(x, t_x, T)


def test_values_of_too_few_or_of_equal_purchases_are_refused_too() -> None:
    with pytest.raises(NotEnoughDataError, match="needs 50 customers .* has 2"):
        fit_gamma_gamma([0, 1, 2], [0.0, 5.0, 6.0])
    with pytest.raises(NotEnoughDataError, match="not enough data for Gamma-Gamma"):
        fit_gamma_gamma(np.full(200, 2), np.full(200, 10.0))


@pytest.mark.parametrize(
    ("x", "t_x", "T"), [(1, 5, 4), (0, 1, 4), (1.5, 1, 4), (-1, 0, 4), (1, 1, np.nan)]
)
def test_what_is_no_history_is_refused(x: float, t_x: float, T: float) -> None:
    with pytest.raises(UsageError, match="history 0 .* cannot be"):
        fit_bg_nbd([x], [t_x], [T])


def test_a_value_that_is_no_number_is_refused_and_one_of_no_purchase_is_not() -> None:
    with pytest.raises(UsageError, match="no number"):
        fit_gamma_gamma([1, 1], [np.nan, 2.0])
    x, _, _, z, _, _ = _mbg_shop(2, 500, 0.0)
    told = fit_gamma_gamma(x, np.where(x > 0, z, np.nan))
    assert told.p == fit_gamma_gamma(x, z).p
    everybody = told.p * told.gamma / (told.q - 1)
    assert told.expected_spend(0, np.nan) == pytest.approx(everybody)
    assert told.expected_spend(10**6, 33.0) == pytest.approx(33.0, rel=1e-4)
