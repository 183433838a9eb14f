"""A forecast beats the last week repeated, holds what comes, and knows when it knows too little."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecomdata.insights.forecast import FEWEST_DAYS, Smoothed, forecast_days, smooth
from ecomdata.insights.windows import Floats

#: A Monday.
START = date(2024, 1, 1)


def _sales(days: int, seed: int = 4, yearly: float = 0.0) -> Floats:
    at = np.arange(days)
    level = 1000 * np.where(at % 7 == 5, 2.0, 1.0) * np.exp(yearly * np.sin(2 * np.pi * at / 364))
    sales: Floats = level * np.exp(np.random.default_rng(seed).normal(0, 0.2, days))
    return sales


def test_smoothing_finds_the_season_and_the_level_of_what_does_not_change() -> None:
    season = np.array([1.0, 2.0, 6.0])
    smoothed = smooth(np.resize(season, 31), 3)
    assert smoothed.level == pytest.approx(3.0)
    assert smoothed.errors == pytest.approx(np.zeros(22))
    assert smoothed.means(4) == pytest.approx([2.0, 6.0, 1.0, 2.0])  # value 31 is a second one


def test_smoothing_steps_as_the_recursion_says() -> None:
    # Three seasons of 0, then 1: level += alpha, so the squared error of the 2 that follow tells.
    smoothed = smooth(np.array([0.0, 0, 0, 0, 0, 0, 1, 1, 1, 1]), 2)
    assert (smoothed.alpha, smoothed.gamma) == (0.6, 0.1)
    level = season_0 = season_1 = 0.0
    for at in range(4):
        error = 1 - level - (season_0, season_1)[at % 2]
        level += 0.6 * error
        season_0, season_1 = (
            season_0 + 0.1 * error * (at % 2 == 0),
            season_1 + 0.1 * error * (at % 2 == 1),
        )
    assert smoothed.level == pytest.approx(level)
    assert smoothed.season == pytest.approx([season_0, season_1])


def test_the_variance_ahead_is_that_of_the_book() -> None:
    # Hyndman et al. 2008, table 6.1, ETS(A,N,A): 1 + alpha^2 (h - 1) + gamma k (2 alpha + gamma)
    # with k whole seasons in h - 1.
    alpha, gamma, h, k = 0.3, 0.2, 16, 2
    smoothed = Smoothed(alpha, gamma, 0.0, np.zeros(7), np.zeros(1))
    book = 1 + alpha**2 * (h - 1) + gamma * k * (2 * alpha + gamma)
    assert float((smoothed.weights(h) ** 2).sum()) == pytest.approx(book)


def test_its_document_has_amounts_and_days_as_text() -> None:
    assert forecast_days(_sales(12), START, 28).document() == {
        "days": [], "weeks": [], "total": None, "uses_year": False, "backtest": None,
        "silence": "needs 84 days of sales, has 12",
    }  # fmt: skip
    told = forecast_days(_sales(200), START, 28)
    assert told.document()["weeks"][0] == {
        "first": "2024-07-19", "last": "2024-07-25",
        **{name: str(getattr(told.weeks[0], name)) for name in ("forecast", "low", "high")},
    }  # fmt: skip


def test_a_forecast_is_of_the_days_behind_and_adds_up() -> None:
    told = forecast_days(_sales(200), START, 28)
    assert told.silence == "" and told.total and told.backtest
    assert (told.days[0].first, told.days[-1].last) == (date(2024, 7, 19), date(2024, 8, 15))
    assert [len(told.days), len(told.weeks)] == [28, 4]
    assert abs(sum(day.forecast for day in told.days) - told.total.forecast) <= 14
    saturday = told.days[1]
    assert saturday.first.weekday() == 5
    assert saturday.forecast == pytest.approx(Decimal(2040), rel=Decimal("0.12"))
    assert told.total.low < told.total.forecast < told.total.high
    assert forecast_days(_sales(200), START, 28) == told


def test_it_beats_the_last_week_repeated() -> None:
    backtest = forecast_days(_sales(300), START, 28).backtest
    assert backtest and backtest.origins == 6
    assert backtest.wape < 0.85 * backtest.naive_wape
    assert backtest.week_wape < 0.85 * backtest.naive_week_wape


def test_the_last_week_repeated_is_scored_as_worked_by_hand() -> None:
    sales = np.tile([10.0, 10, 10, 10, 10, 20, 10], 12)
    sales[-1] = 30.0
    backtest = forecast_days(sales, START, 7).backtest
    # One origin; of its 28 days, which sold 80 a week and 20 more, one is off by 20.
    assert backtest and backtest.origins == 1
    assert backtest.naive_wape == pytest.approx(20 / 340, abs=1e-4)


def test_where_the_last_week_repeated_was_better_there_is_no_forecast() -> None:
    # Every other four weeks sell nothing on most days: what was learned is of the other ones.
    sales = _sales(84)
    sales[14:28:2] = 0.0
    told = forecast_days(sales, START, 28)
    assert told.total is None and told.backtest
    assert told.backtest.week_wape > told.backtest.naive_week_wape
    assert "the last week repeated" in told.silence


def test_the_turn_of_a_year_ago_is_taken_where_it_helped() -> None:
    assert forecast_days(_sales(970, yearly=0.8), START, 28).uses_year
    assert not forecast_days(_sales(350, yearly=0.8), START, 28).uses_year


def test_intervals_hold_nine_of_ten_totals() -> None:
    held = []
    for seed in range(12):
        sales = _sales(228, seed)
        total = forecast_days(sales[:200], START, 28).total
        assert total
        held.append(total.low <= Decimal(float(sales[200:].sum())) <= total.high)
    assert np.mean(held) >= 0.8


def test_the_days_on_which_the_shop_is_closed_bring_nothing() -> None:
    sales = _sales(200)
    sales[6::7] = 0
    told = forecast_days(sales, START, 14)
    sundays = [day for day in told.days if day.first.weekday() == 6]
    assert [day.high for day in sundays] == [Decimal(0)] * 2
    assert all(day.forecast > 500 for day in told.days if day not in sundays)


def test_too_short_a_history_is_refused_with_what_is_needed() -> None:
    told = forecast_days(_sales(FEWEST_DAYS - 1), START, 28)
    assert (told.silence, told.total) == ("needs 84 days of sales, has 83", None)
    sparse = np.zeros(300)
    sparse[::20] = 100.0
    assert forecast_days(sparse, START, 28).silence == "needs 56 days with sales, has 15"


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    days=st.integers(1, 600),
    quiet=st.sampled_from([0.0, 0.5, 0.8, 0.95, 0.99]),
    closed=st.sets(st.integers(0, 6)),
    sold=st.tuples(st.integers(0, 600), st.integers(0, 600)),
    seed=st.integers(0, 99),
)
@example(days=193, quiet=0.0, closed=set(), sold=(0, 164), seed=0)  # a shop that fell silent
def test_however_seldom_a_shop_sells_there_is_a_forecast_within_reason_or_what_it_needs(
    days: int, quiet: float, closed: set[int], sold: tuple[int, int], seed: int
) -> None:
    at, luck = np.arange(days), np.random.default_rng(seed)
    sells = (luck.random(days) >= quiet) & (at >= min(sold)) & (at <= max(sold))
    sales = np.where(sells & ~np.isin(at % 7, list(closed)), _sales(days, seed), 0.0)
    sales[luck.random(days) < 0.02] -= 300.0  # what comes back on a day on which little is sold
    found = forecast_days(sales, START, 28)
    assert bool(found.silence) != bool(found.total)
    for each in (*found.days, *found.weeks):
        length = (each.last - each.first).days + 1
        assert 0 <= each.low <= each.forecast <= length * 5 * sales.max() + 1
        assert each.forecast <= each.high
