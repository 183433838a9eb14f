"""SQL that stands on its own, so that whoever reads a finding can run it."""

from datetime import date
from decimal import Decimal
from typing import Any

from ecomdata.insights.finding import Span
from ecomdata.warehouse import Connection

#: The tables that the searches of this package read.
SUMMARY = "intermediate.int_sales_summary"
REPORT = "final.final_sales_report"
LINES = "staging.stg_orders"
PRODUCTS = "staging.stg_products"
LEDGER = "intermediate.int_revenue_ledger"


def literal(value: str | date) -> str:
    """Return a value as SQL has it."""
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def within(column: str, span: Span) -> str:
    """Return the condition that a column is of these days."""
    return f"{column} between {literal(span.start)} and {literal(span.end)}"


def money(expression: str) -> str:
    """Return an amount to the cent, NULL where it cannot be told."""
    return f"cast({expression} as numeric(18, 2))"


def real(column: str) -> str:
    """Return a column to be divided or multiplied, alike on every engine."""
    return f"cast({column} as double precision)"


def percent_change(now: str, before: str) -> str:
    """Return by how many per cent a column is above another, to a tenth."""
    return f"cast(100 * ({real(now)} / nullif({real(before)}, 0) - 1) as numeric(18, 1))"


def percent_share(part: str, whole: str) -> str:
    """Return which per cent of a column another is, to a tenth."""
    return f"cast(100 * {real(part)} / nullif({real(whole)}, 0) as numeric(18, 1))"


def figures(connection: Connection, sql: str) -> dict[str, Any]:
    """Return the one row of a finding's evidence."""
    [row] = connection.query(sql).dicts()
    return row


def said(value: Decimal | int) -> str:
    """Return a number as statements have it: thousands apart, no sign."""
    return f"{abs(value):,}"


def product_name(product: str) -> str:
    """Return the query of a product's name."""
    return (
        "(select min(product_name) from final.final_product_performance"
        f" where product_id = {literal(product)})"
    )


def called(product: str, name: str | None) -> str:
    """Return what a product is called in a sentence."""
    return f"{name} ({product})" if name and name != product else product


def on(days: Span) -> str:
    """Return a day or some days in words."""
    return f"on {days.start}" if days.start == days.end else f"from {days.start} to {days.end}"
