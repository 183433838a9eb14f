"""Everything that the report shows, read from the warehouse."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ecomdata import __version__
from ecomdata.errors import DataError
from ecomdata.report.kpis import KPIS, Coverage, Period, as_text, coverage, headline
from ecomdata.report.measures import sales_by_product_sql, sales_sql
from ecomdata.warehouse import Connection

_PRODUCTS_SHOWN = 50
_EXAMPLE_CHARACTERS = 300
_EMAIL = re.compile(r"[^\s,;|\"'<>]+@[^\s,;|\"'<>]+")


def report_data(
    connection: Connection, engine: str, start: date | None = None, end: date | None = None
) -> dict[str, Any]:
    """Return the report's data: JSON values only, money as text; see `page.render` for the shape.

    Raises:
        DataError: there is nothing to report on.
    """
    covered = coverage(connection, start, end)
    if covered is None:
        raise DataError("the ledger is empty: load orders and build first (ecomdata run DIR)")
    shown = Period(start or covered.all.start, end or covered.all.end, "shown")
    return {
        "title": "Shop report",
        "currency": _currency(connection),
        "locale": "en",
        "coverage": {
            "first_day": covered.all.start.isoformat(),
            "last_day": covered.all.end.isoformat(),
        },
        **headline(connection, engine, covered),
        "sales": {
            grain: _sales_over_time(connection, engine, grain, shown, covered)
            for grain in ("day", "week", "month")
        },
        "products": _products(connection, engine, shown),
        "categories": _parts(connection, engine, "category", shown),
        "countries": _parts(connection, engine, "country", shown),
        "customers": _customers(connection, engine, shown, covered),
        "quality": data_quality(connection),
        "definitions": [{"name": kpi.label, "text": kpi.definition} for kpi in KPIS],
        "version": __version__,
    }


def data_quality(connection: Connection) -> dict[str, Any]:
    """Return what became of every record, and what was refused by rule with an example."""
    [loads] = connection.query(
        "select coalesce(sum(records_read), 0) as records,"
        " coalesce(sum(rows_rejected), 0) as rejected,"
        " coalesce(sum(rows_loaded), 0) as loaded from meta.loads"
    ).dicts()
    [rows] = connection.query(
        "select coalesce(sum(raw_rows), 0) as raw_rows,"
        " coalesce(sum(superseded_rows), 0) as superseded,"
        " coalesce(sum(quarantined_rows), 0) as quarantined,"
        " coalesce(sum(staged_rows), 0) as staged from final.final_data_quality"
    ).dicts()
    counts = {name: int(value) for name, value in (loads | rows).items()}
    rules = connection.query(
        "select entity, rule, stage, file, line, raw_text, number from ("
        " select *, count(*) over (partition by entity, rule) as number,"
        " row_number() over (partition by entity, rule order by load_id, file, line) as place"
        " from meta.quarantine) as refused where place = 1 order by number desc, entity, rule"
    ).dicts()
    issues = connection.query(
        "select entity, field, rule, count(*) as number from meta.field_issues"
        " group by entity, field, rule order by count(*) desc, entity, field"
    ).dicts()
    return counts | {
        "conserved": counts["records"] == counts["loaded"] + counts["rejected"]
        and counts["raw_rows"] == counts["staged"] + counts["quarantined"] + counts["superseded"],
        "rules": [
            {
                "rule": rule["rule"],
                "stage": rule["stage"],
                "entity": rule["entity"],
                "count": rule["number"],
                "example": {
                    "file": rule["file"],
                    "line": rule["line"],
                    "raw_text": _without_person(rule["entity"], rule["raw_text"]),
                },
            }
            for rule in rules
        ],
        "field_issues": [
            {
                "entity": issue["entity"],
                "field": issue["field"],
                "rule": issue["rule"],
                "count": issue["number"],
            }
            for issue in issues
        ],
    }


def _without_person(entity: str, raw_text: str) -> str:
    """Return the example's text as a report may show it: without names and e-mail addresses."""
    if entity == "customers":
        return "personal data: see ecomdata quarantine"
    return _EMAIL.sub("***@***", raw_text)[:_EXAMPLE_CHARACTERS]


def _currency(connection: Connection) -> str | None:
    rows = connection.query(
        "select min(currency) from staging.stg_orders where currency is not null"
    ).rows
    return rows[0][0] or None


def _sales_over_time(
    connection: Connection, engine: str, grain: str, shown: Period, covered: Coverage
) -> list[dict[str, Any]]:
    """One row per day, week or month from the first to the last, also without any sale."""
    found = {
        row[grain]: row
        for row in connection.query(sales_sql(engine, grain), [shown.start, shown.end]).dicts()
    }
    rows = []
    for start, end in _buckets(grain, shown):
        row = found.get(start, {})
        rows.append(
            {
                "start": start.isoformat(),
                "net_sales": as_text(row.get("net_sales", Decimal("0.00"))),
                "gross_sales": as_text(row.get("gross_sales", Decimal("0.00"))),
                "returns": as_text(row.get("returns", Decimal("0.00"))),
                "orders": row.get("orders", 0),
                "complete": _is_complete(start, end, shown, covered),
            }
        )
    return rows


def _is_complete(start: date, end: date, shown: Period, covered: Coverage) -> bool:
    """Whether all days of a bucket are shown and in the data."""
    return start >= max(shown.start, covered.all.start) and end <= min(shown.end, covered.all.end)


def _buckets(grain: str, shown: Period) -> Iterable[tuple[date, date]]:
    start = shown.start
    if grain == "week":
        start -= timedelta(days=start.weekday())
    elif grain == "month":
        start = start.replace(day=1)
    while start <= shown.end:
        if grain == "day":
            following = start + timedelta(days=1)
        elif grain == "week":
            following = start + timedelta(days=7)
        else:
            following = (start + timedelta(days=31)).replace(day=1)
        yield start, following - timedelta(days=1)
        start = following


def _products(connection: Connection, engine: str, period: Period) -> dict[str, Any]:
    rows = connection.query(sales_by_product_sql(engine), [period.start, period.end]).dicts()
    return {
        "total": len(rows),
        "rows": [
            {
                "product_id": row["product_id"],
                "product_name": row["product_name"] or row["product_id"],
                "category": row["category"],
                "net_sales": as_text(row["total_revenue"]),
                "orders": row["total_orders"],
                "units": row["units"],
                "return_rate": as_text(row["return_rate"]),
                "share": as_text(row["revenue_share"]),
                "abc": row["abc_class"],
            }
            for row in rows[:_PRODUCTS_SHOWN]
        ],
    }


def _parts(connection: Connection, engine: str, grain: str, period: Period) -> list[dict[str, Any]]:
    """Sales by the members of a dimension, most first."""
    rows = connection.query(sales_sql(engine, grain), [period.start, period.end]).dicts()
    total = sum(row["net_sales"] for row in rows)
    return [
        {
            grain: row[grain],
            "net_sales": as_text(row["net_sales"]),
            "orders": row["orders"],
            "customers": row["customers"],
            "share": _share(row["net_sales"], total),
        }
        for row in sorted(rows, key=lambda row: (-row["net_sales"], row[grain]))
    ]


def _customers(
    connection: Connection, engine: str, shown: Period, covered: Coverage
) -> list[dict[str, Any]]:
    """Orders and sales by month and by who ordered; what is no customer's stands with guests."""
    answer = connection.query(
        sales_sql(engine, "month", "customer_type"), [shown.start, shown.end]
    ).dicts()
    found = {(row["month"], row["customer_type"]): row for row in answer}
    nothing: dict[str, Any] = {"net_sales": Decimal("0.00"), "orders": 0}
    rows = []
    for start, end in _buckets("month", shown):
        new, returning, guest, unknown = (
            found.get((start, kind), nothing) for kind in ("new", "returning", "guest", "unknown")
        )
        rows.append(
            {
                "start": start.isoformat(),
                "new_orders": new["orders"],
                "returning_orders": returning["orders"],
                "new_sales": as_text(new["net_sales"]),
                "returning_sales": as_text(returning["net_sales"]),
                "guest_sales": as_text(guest["net_sales"] + unknown["net_sales"]),
                "complete": _is_complete(start, end, shown, covered),
            }
        )
    return rows


def _share(part: Decimal, total: Decimal | int) -> str | None:
    return str((part / total).quantize(Decimal("0.000001"))) if total else None
