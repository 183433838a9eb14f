"""A day is anomalous beside the shop's own days, and not for its weekday, season or luck."""

from datetime import date, timedelta

import numpy as np
import pytest

from ecomdata.insights.anomalies import Judged, judge, log_sales
from ecomdata.insights.windows import Floats

#: A Monday.
START = date(2024, 1, 1)


def _sales(days: int, seed: int = 3, deviation: float = 0.15) -> Floats:
    """Sales that grow, with a strong Saturday, and luck of lognormal days."""
    at = np.arange(days)
    level = 1000 * np.exp(at / 900) * np.where(at % 7 == 5, 2.0, 1.0)
    sales: Floats = level * np.exp(np.random.default_rng(seed).normal(0, deviation, days))
    return sales


def _told(judged: list[Judged], at_most: float = 1e-4) -> dict[date, bool]:
    return {each.day: each.rises for each in judged if each.p_value < at_most}


def _day(at: int) -> date:
    return START + timedelta(at)


def test_a_day_far_out_is_told_with_what_was_to_be_expected() -> None:
    sales = _sales(200)
    usual = float(sales[181])
    sales[181], sales[190] = 5 * usual, 0.0
    judged = judge(sales, START, 170)
    assert _told(judged) == {_day(181): True, _day(190): False}
    assert len(judged) == 30
    [day] = [each for each in judged if each.day == _day(181)]
    # Exactly what the level says there: 1000 e^0.2, within two deviations of four weeks' median.
    assert day.expected == pytest.approx(1000 * np.exp(181 / 900), rel=0.15)
    assert day.low < day.expected < day.high < sales[181]


def test_the_weekday_that_is_always_so_is_no_news() -> None:
    sales = _sales(200)
    assert _told(judge(sales, START, 170)) == {}
    sales[180:187][(np.arange(180, 187) % 7) == 5] /= 2.0**1.9  # a Saturday as weak as a Monday
    assert len(_told(judge(sales, START, 170), 0.01)) == 1


def test_a_peak_that_comes_every_year_is_no_news_the_second_time() -> None:
    sales = _sales(700)
    sales[200] *= 5
    again = sales.copy()
    again[200 + 365] *= 5
    assert _told(judge(again, START, 550)) == {}
    again[200] /= 5
    assert _told(judge(again, START, 550)) == {_day(565): True}


def test_feasts_are_judged_from_the_second_year_on() -> None:
    friday = (date(2024, 11, 29) - START).days
    sales = _sales(friday + 10)
    sales[friday] *= 5
    assert _told(judge(sales, START, 300)) == {}
    other = START - timedelta(90)  # the same days in August
    assert len(_told(judge(sales, other, 300))) == 1


def test_the_weekday_on_which_the_shop_is_closed_is_not_judged() -> None:
    sales = _sales(200)
    sales[6::7] = 0
    assert np.isnan(log_sales(sales, START)[6::7]).all()
    judged = judge(sales, START, 170)
    assert _told(judged) == {} and len(judged) == 26


def test_days_of_chance_alone_are_as_rarely_significant_as_they_say() -> None:
    p_values = np.array(
        [each.p_value for seed in range(20) for each in judge(_sales(240, seed), START, 200)]
    )
    assert len(p_values) == 20 * 40
    assert np.mean(p_values < 0.05) < 0.07
    assert np.mean(p_values < 0.001) < 0.004
    assert np.mean(p_values < 0.5) > 0.35  # nor is it blind


def test_intervals_hold_nine_of_ten_days() -> None:
    held = [
        each.low <= sales[(each.day - START).days] <= each.high
        for seed in range(20)
        for sales in [_sales(240, seed)]
        for each in judge(sales, START, 200)
    ]
    assert 0.86 <= np.mean(held) <= 0.96


@pytest.mark.parametrize("every", [1, 7, 9, 40, 400])
def test_a_shop_that_sells_seldom_has_no_usual_day(every: int) -> None:
    """Of 160 days, every seventh is the same weekday, and 22 less the first six are too few."""
    sales = _sales(200)
    sales[np.arange(200) % every != 0] = 0.0
    assert bool(judge(sales, START, 160)) == (every == 1)
