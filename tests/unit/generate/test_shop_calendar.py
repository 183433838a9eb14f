"""The days of a shop: weekdays, seasons, Black Friday and growth, as its files show them.

New accounts and guests come evenly on the shop's clock, so their days are the calendar itself;
customers' orders are the calendar times what BG/NBD lets a growing number of them order.
Every deviation allowed is such that a right generator exceeds it less than once in 10,000 seeds.
"""

from datetime import date, timedelta

import numpy as np
import pytest
from btyd_formulas import expected_repeats
from scipy.stats import chi2
from shop_columns import GUEST, Floats, Ints, ShopColumns
from shop_statistics import agreement_of_shares

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.calendar import BLACK_FRIDAY, CHRISTMAS, MONTHS, WEEKDAYS, black_friday

ORDERS = 80_000
RARE = 1e-4
FAR = 4.0
#: Standard deviation of a day's luck: the sum of two even draws from 0 to 0.2.
LUCK = 0.2 * np.sqrt(2 / 12)
#: New accounts grow by a tenth of the first day's a year.
GROWTH = 0.10


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ShopColumns:
    plan = ShopPlan(orders=ORDERS)
    out = generate_shop(plan, tmp_path_factory.mktemp("calendar") / "shop").out
    return ShopColumns(out, plan.start, plan.end)


@pytest.fixture(scope="module")
def weights(shop: ShopColumns) -> Floats:
    """What each day sells, in average days."""
    return np.array([weight(day) for day in shop.days])


@pytest.fixture(scope="module")
def accounts(shop: ShopColumns) -> Ints:
    """Accounts opened, by day."""
    return np.bincount(shop.customers.ints("signup"), minlength=len(shop.days))


@pytest.fixture(scope="module")
def orders(shop: ShopColumns) -> Ints:
    """Orders of customers and guests, by day."""
    return np.bincount(shop.orders.day, minlength=len(shop.days))


@pytest.fixture(scope="module")
def expected_orders(shop: ShopColumns, weights: Floats, orders: Ints) -> Floats:
    """Orders by day that follow from the first orders, and from guests, who come evenly."""
    guests = shop.orders.customer == GUEST
    _, first = np.unique(shop.orders.customer[~guests], return_index=True)
    begins = np.bincount(shop.orders.day[~guests][first], minlength=len(shop.days))
    opens = np.concatenate([[0.0], np.cumsum(weights)])
    middles = (opens[1:] + opens[:-1]) / 2
    # Repeats between the edges of days, of customers who begin in the middle of one.
    ages = np.maximum(opens[None, :] - middles[:, None], 0.0) / 7
    repeats = begins @ np.diff(expected_repeats(ages), axis=1)
    return np.asarray(begins + repeats + guests.sum() * weights / weights.sum())


def weight(day: date) -> float:
    since = (day - black_friday(day.year)).days
    special = BLACK_FRIDAY[since] if 0 <= since < len(BLACK_FRIDAY) else 100
    christmas = CHRISTMAS if (day.month, day.day) >= (12, 24) else 100
    return MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] * special * christmas / 100**4


def is_ordinary(day: date) -> bool:
    return weight(day) == MONTHS[day.month - 1] * WEEKDAYS[day.weekday()] / 100**2


def test_black_friday_follows_the_fourth_thursday_of_november() -> None:
    assert [black_friday(year) for year in (2018, 2019, 2024, 2025)] == [
        date(2018, 11, 23),
        date(2019, 11, 29),
        date(2024, 11, 29),
        date(2025, 11, 28),
    ]


def test_the_stated_days_are_those_of_a_shop() -> None:
    # A week and a year of average days, Sunday the best and December ahead of August.
    assert sum(WEEKDAYS) == 700
    assert sum(MONTHS) == pytest.approx(1_200, rel=0.02)
    assert max(WEEKDAYS) == WEEKDAYS[6]
    assert MONTHS[11] == max(MONTHS) > 1.3 * MONTHS[7]
    assert all(percent > 150 for percent in BLACK_FRIDAY)


def test_weekdays_have_their_shares_of_orders(shop: ShopColumns, orders: Ints) -> None:
    counts = ordinary_weeks(shop, orders)
    found = agreement_of_shares(counts, WEEKDAYS)
    assert found.p_value > RARE
    # The scatter between weeks is Poisson's and the luck of days, and few order very often.
    assert 1 < found.dispersion < 1.5 * poisson_and_luck(orders)
    # So much is seen that the shares could not be those of the days before unseen.
    assert agreement_of_shares(counts, np.roll(WEEKDAYS, 1)).p_value < RARE


def test_weekdays_have_their_shares_of_new_accounts(shop: ShopColumns, accounts: Ints) -> None:
    counts = ordinary_weeks(shop, accounts)
    assert agreement_of_shares(counts, WEEKDAYS, luck(accounts)).p_value > RARE
    assert agreement_of_shares(counts, np.roll(WEEKDAYS, 1), luck(accounts)).p_value < RARE


def test_a_day_s_luck_is_8_per_cent(shop: ShopColumns, weights: Floats, accounts: Ints) -> None:
    # Accounts are spread evenly over the clock: luck is what is left, and a part of an account.
    relative = accounts / (weights * (1 + GROWTH * np.arange(len(weights)) / 365))
    relative /= relative.mean()
    whole = 1 / 6 / accounts.mean() ** 2
    # The standard deviation of 731 draws is known to 1 / sqrt(2 * 731).
    assert relative.std() == pytest.approx(np.sqrt(LUCK**2 + whole), rel=FAR / np.sqrt(2 * 731))
    assert 0.8 - 0.02 < relative.min() < relative.max() < 1.2 + 0.02


def test_months_have_their_shares_of_new_accounts(
    shop: ShopColumns, weights: Floats, accounts: Ints
) -> None:
    years = np.arange(len(weights)) / 365
    counts = by_month(shop, accounts)
    expected = by_month(shop, weights * (1 + GROWTH * years))
    assert agreement_of_shares(counts, expected, luck(accounts)).p_value > RARE
    flat = by_month(shop, np.where(weights > 0, 1 + GROWTH * years, 0))
    assert agreement_of_shares(counts, flat, luck(accounts)).p_value < RARE


def test_months_have_the_orders_that_the_season_and_bgnbd_give_them(
    shop: ShopColumns, orders: Ints, expected_orders: Floats
) -> None:
    counts, expected = by_month(shop, orders), by_month(shop, expected_orders)
    # Some order 50 times and more, so months vary more than their days: by 1.7 % at most of 80,000
    # orders over three seeds, where the season moves them from -10 to +30 %.
    assert orders.sum() == pytest.approx(expected_orders.sum(), rel=0.03)
    relative = counts / expected * expected.sum() / counts.sum()
    assert relative == pytest.approx(np.ones(24), abs=0.06)
    # The luck of a month's 30 days and Poisson, and as much again for those few.
    assert relative.std() < 2 * np.sqrt(LUCK**2 / 30 + 24 / ORDERS)


def test_black_friday_and_the_three_days_after_stand_out_as_stated(
    shop: ShopColumns, orders: Ints, expected_orders: Floats
) -> None:
    first = [(black_friday(year) - shop.start).days for year in (2024, 2025)]
    for since, percent in enumerate(BLACK_FRIDAY):
        days = [day + since for day in first]
        usual = expected_orders[days].sum() / (percent / 100)
        error = np.sqrt(LUCK**2 / 2 + 1 / orders[days].sum())
        assert orders[days].sum() / usual == pytest.approx(percent / 100, rel=FAR * error)
    for day in first:
        year = shop.days[day].year
        these = [at for at, date_ in enumerate(shop.days) if date_.year == year]
        assert these[int(orders[these].argmax())] in range(day, day + 4)


def test_new_accounts_of_black_friday_are_as_many_as_stated_but_for_the_days_luck(
    shop: ShopColumns, weights: Floats, accounts: Ints
) -> None:
    days = [
        (black_friday(year) - shop.start).days + since
        for year in (2024, 2025)
        for since in range(len(BLACK_FRIDAY))
    ]
    expected = weights * (1 + GROWTH * np.arange(len(weights)) / 365)
    relative = accounts[days] / (expected[days] * accounts.sum() / expected.sum())
    assert chi2.sf((((relative - 1) / LUCK) ** 2).sum(), len(days)) > RARE


def test_christmas_is_quiet(shop: ShopColumns, orders: Ints, expected_orders: Floats) -> None:
    quiet = [day for day, date_ in enumerate(shop.days) if date_.month == 12 and date_.day >= 24]
    assert len(quiet) == 16
    found = orders[quiet].sum() / (expected_orders[quiet].sum() / (CHRISTMAS / 100))
    error = np.sqrt(LUCK**2 / 16 + 1 / orders[quiet].sum())
    assert found == pytest.approx(CHRISTMAS / 100, rel=FAR * error)
    assert found < 0.8


def test_new_accounts_grow_by_a_tenth_a_year(
    shop: ShopColumns, weights: Floats, accounts: Ints
) -> None:
    # Of equal moments of the clock each has so many accounts as its time since the start says:
    # of two years the second has (1 + 1.5 g) / (1 + 0.5 g) as many as the first, 9.5 % more.
    clock = np.cumsum(weights)
    second = np.array([day.year == 2025 for day in shop.days])
    per_day = accounts[second].sum() / weights[second].sum()
    per_day /= accounts[~second].sum() / weights[~second].sum()
    whole, half = clock[-1] / 365, clock[~second][-1] / 365
    first_mean = 1 + GROWTH * half / 2
    second_mean = 1 + GROWTH * (whole + half) / 2
    # Accounts are spread evenly; the luck of days is not.
    error = LUCK * np.sqrt(2 / 365)
    assert per_day == pytest.approx(second_mean / first_mean, abs=FAR * error)
    assert FAR * error < 0.03


def test_guests_come_evenly_on_the_clock(shop: ShopColumns, weights: Floats) -> None:
    guests = np.bincount(shop.orders.day[shop.orders.customer == GUEST], minlength=len(shop.days))
    counts, expected = by_month(shop, guests), by_month(shop, weights)
    assert agreement_of_shares(counts, expected, poisson_and_luck(guests)).p_value > RARE


def test_every_day_sells(shop: ShopColumns, orders: Ints) -> None:
    assert (orders > 0).all()
    assert shop.days[-1] == date(2025, 12, 31)
    assert shop.days[0] + timedelta(730) == shop.days[-1]


def by_month(shop: ShopColumns, days: Ints | Floats) -> Floats:
    return np.bincount(shop.month_of_day, days).astype(np.float64)


def ordinary_weeks(shop: ShopColumns, days: Ints) -> Ints:
    """Weeks without Black Friday or Christmas, from Monday on."""
    monday = -shop.start.weekday() % 7
    weeks = [range(week, week + 7) for week in range(monday, len(days) - 6, 7)]
    ordinary = [list(week) for week in weeks if all(is_ordinary(shop.days[day]) for day in week)]
    assert len(ordinary) > 90
    return np.array([days[week] for week in ordinary])


def luck(counts: Ints) -> float:
    """Variance over mean of a day's count that is spread evenly over the clock."""
    return float(LUCK**2 * counts.mean())


def poisson_and_luck(counts: Ints) -> float:
    """Variance over mean of a day's count that comes by chance on the clock."""
    return 1 + luck(counts)
