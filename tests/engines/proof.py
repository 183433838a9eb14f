"""Net sales agree to the cent by everything, in every model and in what KPIs show of it."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from benches import Built
from random_shops import GUEST, Amount, Drawn

#: What net sales are added up by, and the name of it in each model that has it.
BY: dict[str, Callable[[Amount], Any]] = {
    "day": lambda amount: amount.day,
    "product": lambda amount: amount.product,
    "customer": lambda amount: amount.customer,
    "country": lambda amount: amount.country,
    "category": lambda amount: amount.category,
    "day and country": lambda amount: (amount.day, amount.country),
    "month": lambda amount: amount.day.replace(day=1),
}
MODELS = {
    "intermediate.int_revenue_ledger": {
        "day": "entry_date",
        "product": "product_id",
        "customer": "coalesce(customer_id, '(guest)')",
        "country": "country",
        "category": "category",
        "day and country": "entry_date, country",
    },
    "intermediate.int_sales_summary": {
        "day": "sales_date",
        "product": "product_id",
        "country": "country",
        "category": "category",
        "day and country": "sales_date, country",
    },
    "final.final_sales_report": {
        "day": "sales_date",
        "country": "country",
        "day and country": "sales_date, country",
    },
    "final.final_product_performance": {"product": "product_id", "category": "category"},
    "final.final_customer_behavior": {"customer": "customer_id", "country": "country"},
}
AMOUNT = {
    "intermediate.int_revenue_ledger": "amount",
    "final.final_product_performance": "total_revenue",
}


def net_sales(built: Built, model: str, by: str) -> dict[Any, Decimal]:
    """Net sales of a model by one column or more; without what comes to nothing."""
    amount = AMOUNT.get(model, "net_sales")
    return built.sums(f"select {by}, sum({amount}) from {model} group by {by}")


def assert_proven(built: Built, drawn: Drawn) -> None:
    """Hold every model's net sales, by everything that it tells them by, to the plain sums."""
    for model, columns in MODELS.items():
        for by, column in columns.items():
            assert net_sales(built, model, column) == drawn.net_sales(BY[by]), (model, by)
    for grain in ("day", "month", "product", "country", "category"):
        shown = {row[grain]: row["net_sales"] for row in built.figures(grain) if row["net_sales"]}
        assert shown == drawn.net_sales(BY[grain]), f"kpis --by {grain}"
    [total] = built.figures("total")
    assert total["net_sales"] == sum(amount.money for amount in drawn.amounts())
    months = drawn.net_sales(BY["month"])
    bridged = built.sums("select distinct sales_month, net_sales from final.final_sales_bridge")
    assert bridged.items() <= months.items()
    assert_customers_proven(built, drawn)


def assert_customers_proven(built: Built, drawn: Drawn) -> None:
    """Hold segments, movements and cohorts, which are of customers only, to the plain sums."""
    first = drawn.first_months()
    amounts = list(drawn.amounts())
    of_customers = sum(amount.money for amount in amounts if amount.customer != GUEST)
    segments = built.rows("select sum(net_sales), count(*) from final.final_customer_segments")
    assert segments == {(of_customers, 12) if first else (None, 0)}
    moved = built.rows("select sum(net_sales), count(*) from final.final_segment_movements")
    assert moved <= {(of_customers, count) for count in range(1, 145)} | {(None, 0)}
    last_day = max((amount.day for amount in amounts), default=date.min)
    unfinished = (last_day + timedelta(days=1)).replace(day=1)
    cohorts: dict[date, Decimal] = defaultdict(Decimal)
    for amount in amounts:
        month = first.get(amount.customer)
        if month and max(month, amount.day.replace(day=1)) < unfinished:
            cohorts[month] += amount.money
    found = built.sums(
        "select cohort_month, sum(net_sales) from final.final_cohort_retention group by 1"
    )
    assert found == {month: money for month, money in cohorts.items() if money}
