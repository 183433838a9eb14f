"""What is usual for a product, where the days just before were not."""

from datetime import date, timedelta

import numpy as np
import pytest

from ecomdata.insights.finding import Span
from ecomdata.insights.products.sales import Daily

FIRST = date(2025, 1, 1)
EARLIER = Span(FIRST, FIRST + timedelta(90))
RECENT = Span(FIRST + timedelta(91), FIRST + timedelta(181))


@pytest.mark.parametrize(
    ("a_day", "fewer", "rate", "by"),
    [
        ((10, 4), False, 0.10, EARLIER),  # out of stock of late: that it sells again is no news
        ((10, 4), True, 0.04, RECENT),
        ((4, 10), False, 0.10, RECENT),
        ((4, 10), True, 0.04, EARLIER),
    ],
)
def test_the_less_favourable_of_two_quarters_is_usual(
    a_day: tuple[int, int], fewer: bool, rate: float, by: Span
) -> None:
    orders = np.repeat(np.array([a_day], dtype=np.float64), 91, axis=1)
    daily = Daily(Span(FIRST, RECENT.end), ("P",), orders, np.full((1, 182), 100.0))
    base, of = daily.usual(0, RECENT, fewer)
    assert (round(base.rate, 2), of) == (rate, by)


def test_without_a_quarter_before_the_base_alone_is_usual() -> None:
    daily = Daily(RECENT, ("P",), np.full((1, 91), 4.0), np.full((1, 91), 100.0))
    assert daily.usual(0, RECENT, fewer=False)[1] == RECENT
