"""The figures' SQL against the same figures counted in Python."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from ledgers import Entry, ledger, random_entries, sale

from ecomdata.report.measures import GRAINS, customers_sql, sales_sql, totals_sql

START, END = date(2023, 12, 10), date(2024, 1, 31)

KEYS: dict[str, Callable[[Entry], Any]] = {
    "total": lambda entry: "all",
    "day": lambda entry: entry.entry_date,
    "week": lambda entry: entry.entry_date - timedelta(days=entry.entry_date.weekday()),
    "month": lambda entry: entry.entry_date.replace(day=1),
    "country": lambda entry: entry.country,
    "category": lambda entry: entry.category,
    "product": lambda entry: entry.product_id,
    "customer_type": lambda entry: entry.customer_type,
}


def ratio(above: Decimal | int, below: Decimal | int, digits: int) -> Decimal | None:
    if not below:
        return None
    return (Decimal(above) / Decimal(below)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def figures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Every figure of these entries, by the definitions in docs/kpis.md."""

    def money(*kinds: str) -> Decimal:
        return sum((e.amount for e in entries if e.entry_type in kinds), Decimal("0.00"))

    def units(*kinds: str) -> int:
        return sum(e.quantity for e in entries if e.entry_type in kinds)

    kept = [e for e in entries if e.entry_type == "sale" and not e.is_cancelled]
    orders = len({e.order_id for e in kept})
    all_kinds = ("sale", "discount", "return", "cancellation")
    net, sold = money(*all_kinds), units("sale", "cancellation")
    costs = [e.cost_amount for e in entries if e.cost_amount is not None]
    cost = sum(costs, Decimal("0.00")) if len(costs) == len(entries) else None
    return {
        "gross_sales": money("sale"),
        "discounts": money("discount"),
        "returns": money("return"),
        "cancellations": money("cancellation"),
        "net_sales": net,
        "orders": orders,
        "new_orders": len({e.order_id for e in kept if e.customer_type == "new"}),
        "returning_orders": len({e.order_id for e in kept if e.customer_type == "returning"}),
        "customers": len({e.customer_id for e in kept if e.customer_id is not None}),
        "units": units(*all_kinds),
        "units_sold": sold,
        "units_returned": -units("return"),
        "cost_amount": cost,
        "average_order_value": ratio(net, orders, 2),
        "units_per_order": ratio(units(*all_kinds), orders, 2),
        "average_selling_price": ratio(net, units(*all_kinds), 2),
        "return_rate": ratio(-units("return"), sold, 6),
        "gross_margin": None if cost is None else net + cost,
        "margin_rate": None if cost is None else ratio(net + cost, net, 6),
    }


def test_every_grain_is_compared() -> None:
    assert set(KEYS) == set(GRAINS)


@pytest.mark.parametrize(
    "grains", [*((grain,) for grain in KEYS), ("month", "country"), ("category", "product", "day")]
)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_figures_by_a_grain_are_those_counted_one_by_one(
    grains: tuple[str, ...], seed: int
) -> None:
    entries = random_entries(seed, 400)
    parts: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        if START <= entry.entry_date <= END:
            parts[tuple(KEYS[grain](entry) for grain in grains)].append(entry)
    answer = ledger(entries).query(sales_sql("duckdb", *grains), [START, END]).dicts()
    assert answer == [
        dict(zip(grains, key, strict=True)) | figures(part) for key, part in sorted(parts.items())
    ]


def customer_rates(entries: Sequence[Entry]) -> dict[str, Decimal | None]:
    """The rates of customers, by the definitions in docs/kpis.md."""
    kept = [e for e in entries if e.entry_type == "sale" and not e.is_cancelled and e.customer_id]
    orders = defaultdict(set)
    for entry in kept:
        orders[entry.customer_id].add(entry.order_id)
    first_time = {entry.customer_id for entry in kept if entry.customer_type == "new"}
    repeat = sum(len(of_one) >= 2 for of_one in orders.values())
    return {
        "repeat_purchase_rate": ratio(repeat, len(orders), 6),
        "returning_customer_rate": ratio(len(orders.keys() - first_time), len(orders), 6),
    }


@pytest.mark.parametrize("days", [1, 4, 20, 53])
def test_the_rates_of_customers_are_those_counted_one_by_one(days: int) -> None:
    entries, end = random_entries(3, 150), START + timedelta(days=days - 1)
    within = [entry for entry in entries if START <= entry.entry_date <= end]
    answer = ledger(entries).query(customers_sql("duckdb"), [START, end]).dicts()
    assert answer == [customer_rates(within)]


@pytest.mark.parametrize("seed", [3, 4])
def test_the_totals_of_periods_are_those_of_each_counted_one_by_one(seed: int) -> None:
    entries = random_entries(seed, 400)
    periods = [(START, END), (START, START), (END, END), (date(2024, 1, 1), date(2024, 1, 7))]
    days = [day for period in periods for day in period]
    within = [[e for e in entries if start <= e.entry_date <= end] for start, end in periods]
    assert ledger(entries).query(totals_sql("duckdb", len(periods)), days).dicts() == [
        {"period": number} | figures(part) | customer_rates(part)
        for number, part in enumerate(within, 1)
    ]


def test_the_rates_tell_who_came_again_from_who_had_been_there_before() -> None:
    day, ann, bo = date(2024, 1, 1), ("C1", "new"), ("C2", "returning")
    bought = [(ann, "O1"), (ann, "O1"), (("C1", "returning"), "O2"), (bo, "O3")]
    cancelled = replace(sale(day, "1.00", "O4"), customer_id="C2", is_cancelled=True)
    guest = replace(sale(day, "1.00", "O5"), customer_id=None, customer_type="guest")
    entries = [
        replace(sale(day, "1.00", order), customer_id=customer, customer_type=kind)
        for (customer, kind), order in bought
    ]
    connection = ledger([*entries, cancelled, guest, sale(END, "1.00", "O6")])
    assert connection.query(customers_sql("duckdb"), [day, day]).rows == (
        (Decimal("0.500000"), Decimal("0.500000")),  # C1 came twice, C2 had been there before
    )


def test_without_a_customer_the_rates_are_not_known() -> None:
    assert ledger([]).query(customers_sql("duckdb"), [START, END]).rows == ((None, None),)


def test_the_total_of_no_entry_is_one_row_of_nothing() -> None:
    connection = ledger([])
    [row] = connection.query(sales_sql("duckdb", "total"), [START, END]).dicts()
    assert row == {"total": "all"} | figures([])
    assert connection.query(sales_sql("duckdb", "day"), [START, END]).rows == ()


def test_a_ratio_is_exact_and_rounded_half_away_from_zero() -> None:
    day = date(2024, 1, 1)
    entries = [sale(day, "0.01", "O1"), sale(day, "0.00", "O2")]
    [row] = ledger(entries).query(sales_sql("duckdb", "total"), [day, day]).dicts()
    assert row["average_order_value"] == Decimal("0.01")  # 0.005
    large = [sale(day, "9999999999999999.99", "O1")]
    [row] = ledger(large).query(sales_sql("duckdb", "total"), [day, day]).dicts()
    assert row["average_order_value"] == Decimal("9999999999999999.99")


def test_the_engines_differ_in_nothing_but_their_division() -> None:
    texts = [sales_sql(engine, "month", "country") for engine in ("duckdb", "postgres")]
    assert texts[0] != texts[1]
    assert texts[0].split("select *, ")[0] == texts[1].split("select *, ")[0]
    assert "//" in texts[0] and "//" not in texts[1]
