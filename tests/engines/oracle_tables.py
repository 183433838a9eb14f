"""The final tables and the KPI tables as the oracle has them: rows as dicts."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import oracle_products
from oracle import ZERO, Entry, Shop, grouped, measures, ratio

Row = dict[str, Any]

BY: dict[str, Callable[[Entry], Any]] = {
    "day": lambda entry: entry.day,
    "week": lambda entry: entry.day - timedelta(days=entry.day.weekday()),
    "month": lambda entry: entry.day.replace(day=1),
    "country": lambda entry: entry.country,
    "category": lambda entry: entry.category,
}


def ledger(shop: Shop) -> list[Row]:
    """`int_revenue_ledger` without the columns that only name a row."""
    return [
        {
            "entry_type": entry.kind,
            "order_id": entry.order_id,
            "customer_id": entry.customer_id,
            "product_id": entry.product_id,
            "country": entry.country,
            "entry_date": entry.day,
            "quantity": entry.quantity,
            "amount": entry.amount,
            "cost_amount": entry.cost,
            "category": entry.category,
            "customer_type": entry.customer_type,
            "is_cancelled": entry.order_cancelled,
        }
        for entry in shop.ledger()
    ]


def sales_report(shop: Shop) -> list[Row]:
    """`final_sales_report`."""
    found = grouped(shop.ledger(), lambda entry: (entry.day, entry.country))
    return [
        {"sales_date": day, "country": country} | shop.in_data(row)
        for (day, country), row in found.items()
    ]


def product_performance(shop: Shop) -> list[Row]:
    """`final_product_performance`."""
    entries = shop.ledger()
    known = {product.product_id: product for product in shop.products}
    everything = measures(entries)["net_sales"]
    rows = []
    for product_id in known.keys() | {entry.product_id for entry in entries}:
        own = [entry for entry in entries if entry.product_id == product_id]
        days = [entry.day for entry in own if entry.kind == "sale" and not entry.order_cancelled]
        product, row = known.get(product_id), shop.in_data(measures(own))
        del row["new_orders"], row["returning_orders"]
        rows.append(
            {
                "product_id": product_id,
                "product_name": product and product.name,
                "category": (product and product.category) or "Unknown",
                "is_known": product is not None,
                "list_price": product and product.price,
                "first_sold_date": min(days, default=None),
                "last_sold_date": max(days, default=None),
                "total_revenue": row["net_sales"],
                "total_orders": row.pop("orders"),
                "revenue_share": ratio(row.pop("net_sales"), everything, 6),
            }
            | row
            | oracle_products.lately(shop, product_id)
        )
    rows.sort(key=lambda row: (-row["total_revenue"], row["product_id"]))
    better = ZERO
    for rank, row in enumerate(rows, start=1):
        row["revenue_rank"] = rank
        row["abc_class"] = (
            "C"
            if row["total_revenue"] <= 0
            else "A"
            if better < Decimal("0.80") * everything
            else "B"
            if better < Decimal("0.95") * everything
            else "C"
        )
        better += row["total_revenue"]
    return rows


def kpis(shop: Shop, by: str, start: date, end: date) -> list[Row]:
    """`ecomdata kpis --by` a dimension, in its order."""
    columns = [
        *("net_sales", "orders", "average_order_value", "customers", "units", "gross_sales"),
        *("discounts", "returns", "cancellations"),
    ]
    entries = [entry for entry in shop.ledger() if start <= entry.day <= end]
    found = grouped(entries, BY[by])
    rows = [
        {by: name} | shop.in_data({key: row[key] for key in columns}) for name, row in found.items()
    ]
    if by in ("country", "category"):
        return sorted(rows, key=lambda row: (-row["net_sales"], row[by]))
    return sorted(rows, key=lambda row: row[by])


def kpis_by_product(shop: Shop, start: date, end: date) -> list[Row]:
    """`ecomdata kpis --by product`, in its order."""
    entries = [entry for entry in shop.ledger() if start <= entry.day <= end]
    everything = measures(entries)["net_sales"]
    rows = []
    for product in product_performance(shop):
        own = [entry for entry in entries if entry.product_id == product["product_id"]]
        figures = shop.in_data(measures(own))
        rows.append(
            {
                "product_id": product["product_id"],
                "product_name": product["product_name"],
                "category": product["category"],
                "abc_class": product["abc_class"],
                "total_revenue": figures["net_sales"],
                "total_orders": figures["orders"],
                "units": figures["units"],
                "return_rate": figures["return_rate"],
                "revenue_share": ratio(figures["net_sales"], everything, 6),
            }
        )
    return sorted(rows, key=lambda row: (-row["total_revenue"], row["product_id"]))
