"""What counts as a change of a price."""

from datetime import date, timedelta
from decimal import Decimal

from ecomdata.insights.products.prices import Charged, changes

START = date(2025, 1, 1)
UNTIL = date(2025, 12, 31)


def _changes(*prices: str) -> list[tuple[str, int, str, int]]:
    """Changes of prices on days that follow each other: each price and its first day."""
    days = [Charged(Decimal(price), START + timedelta(at), 1) for at, price in enumerate(prices)]
    return [
        (str(before.price), (before.first - START).days, str(now.price), (now.first - START).days)
        for before, now in changes(days, UNTIL)
    ]


def test_a_price_that_holds_follows_another() -> None:
    assert _changes(*["5.00"] * 4, *["6.00"] * 3) == [("5.00", 0, "6.00", 4)]


def test_each_price_ends_on_the_day_before_the_next() -> None:
    prices = [
        Charged(Decimal(5), START, 4),
        Charged(Decimal(6), START + timedelta(4), 5),
    ]
    [(before, now)] = changes(prices, UNTIL)
    assert (before.last, now.first, now.last) == (date(2025, 1, 4), date(2025, 1, 5), UNTIL)


def test_a_price_of_two_days_is_no_change_and_does_not_part_the_one_around_it() -> None:
    assert _changes(*["5.00"] * 4, "3.00", "3.00", *["5.00"] * 4) == []
    assert _changes(*["5.00"] * 4, *["3.00"] * 3, *["2.00"] * 3) == [
        ("5.00", 0, "3.00", 4),
        ("3.00", 4, "2.00", 7),
    ]


def test_rounding_is_no_change() -> None:
    assert _changes(*["5.00"] * 4, *["5.04"] * 4) == []


def test_the_end_of_an_offer_is_no_rise() -> None:
    assert _changes(*["5.00"] * 4, *["3.00"] * 30, *["5.00"] * 4) == [("5.00", 0, "3.00", 4)]
    # What was the price for more than a quarter was no offer.
    assert len(_changes(*["5.00"] * 4, *["3.00"] * 100, *["5.00"] * 4)) == 2


def test_without_sales_there_is_no_price() -> None:
    assert _changes() == [] and _changes("5.00") == []
