"""The habits of a shop that its files show: shares within stated bounds."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from shop_reading import Row, by_order, read

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.calendar import black_friday


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    plan = ShopPlan(orders=40_000)
    shop = generate_shop(plan, tmp_path_factory.mktemp("habits") / "shop").out
    return read(shop, "orders.csv")


@pytest.fixture(scope="module")
def orders(lines: list[Row]) -> list[list[Row]]:
    return list(by_order(lines).values())


def test_orders_have_two_and_a_half_lines_on_average(orders: list[list[Row]]) -> None:
    sizes = [len(order) for order in orders]
    assert 2.45 < sum(sizes) / len(sizes) < 2.55
    assert 0.38 < sizes.count(1) / len(sizes) < 0.42


@pytest.mark.parametrize("mean", [1.0, 4.0])
def test_lines_per_order_can_be_stated(tmp_path: Path, mean: float) -> None:
    shop = generate_shop(ShopPlan(orders=4_000, lines_per_order=mean), tmp_path / "shop").out
    assert len(read(shop, "orders.csv")) / 4_000 == pytest.approx(mean, rel=0.05)


def test_about_half_of_the_buyers_buy_again_and_a_few_very_often(orders: list[list[Row]]) -> None:
    placed = Counter(order[0]["customer_id"] for order in orders)
    guests = placed.pop("")
    assert guests == 1_600
    assert len(placed) == 13_680
    assert 0.44 < sum(count > 1 for count in placed.values()) / len(placed) < 0.56
    counts = sorted(placed.values(), reverse=True)
    assert 0.45 < sum(counts[: len(counts) // 5]) / sum(counts) < 0.7
    assert 30 < counts[0] < 150


def test_popularity_is_zipf_like_and_some_products_never_sell(lines: list[Row]) -> None:
    sold = [count for _, count in Counter(line["product_id"] for line in lines).most_common()]
    assert len(sold) == 396
    assert 0.55 < sum(sold[: len(sold) // 5]) / sum(sold) < 0.75
    assert 1.5 < sold[0] / sold[4] < 2.2


def test_a_product_is_seldom_twice_in_an_order(orders: list[list[Row]]) -> None:
    twice = sum(len({line["product_id"] for line in order}) < len(order) for order in orders)
    assert 0.01 < twice / len(orders) < 0.05


def test_discounts_and_cancellations_meet_a_stated_share_of_orders(orders: list[list[Row]]) -> None:
    discounted = sum(any(line["discount_amount"] != "0.00" for line in order) for order in orders)
    assert 0.20 < discounted / len(orders) < 0.24
    cancelled = sum(order[0]["status"] == "cancelled" for order in orders)
    assert 0.017 < cancelled / len(orders) < 0.023


def test_the_year_has_its_seasons_and_the_shop_grows(orders: list[list[Row]]) -> None:
    days = Counter(date.fromisoformat(order[0]["order_date"]) for order in orders)
    assert len(days) == 731
    assert {day for day, _ in days.most_common(2)} == {black_friday(2024), black_friday(2025)}
    years = Counter(day.year for day in days.elements())
    assert 1.05 < years[2025] / years[2024] < 1.25
    weekdays = Counter(day.weekday() for day in days.elements())
    assert weekdays[6] > weekdays[5] > weekdays[2]
    months = Counter(day.month for day in days.elements())
    assert months[11] > 1.2 * months[8]


def test_black_friday_follows_the_fourth_thursday_of_november() -> None:
    assert [black_friday(year) for year in (2018, 2019, 2024, 2025)] == [
        date(2018, 11, 23),
        date(2019, 11, 29),
        date(2024, 11, 29),
        date(2025, 11, 28),
    ]
