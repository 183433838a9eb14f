"""Everything that the report shows, read from the warehouse."""

import json
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from ecomdata import __version__
from ecomdata.errors import DataError
from ecomdata.report.choices import Choice, choices, cuts, window
from ecomdata.report.cube import STANDS, Members, cents, cube, members, piece, run
from ecomdata.report.explain import (
    COHORTS,
    FIELDS,
    RECORDS,
    ROWS,
    RULES,
    SEGMENTS,
    figures_sql,
    loads,
    split_sql,
)
from ecomdata.report.kpis import (
    KPIS,
    Coverage,
    Period,
    absent_capabilities,
    as_text,
    coverage,
    headline,
)
from ecomdata.report.measures import LEDGER, project_macros
from ecomdata.report.tables import last_alarms
from ecomdata.warehouse import Connection

_DAYS: Final = 731
_PRODUCTS: Final = 40
_COHORTS: Final = 24
_COHORT_MONTHS: Final = 13
_EXAMPLE_CHARACTERS: Final = 300
_EVIDENCE_CHARACTERS: Final = 4_000
_MASK: Final = "***@***"
_EMAIL: Final = re.compile(r"[^\s,;|\"'<>]+@[^\s,;|\"'<>]+")
_REDACTED: Final = "left out (--redact)"


def report_data(
    connection: Connection,
    engine: str,
    start: date | None = None,
    end: date | None = None,
    locale: str = "en",
    redact: bool = False,
    forecast: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the report's data: JSON values only; see `page.render` for the shape.

    The forecast is what `insights.Forecast.document` gives; None leaves it out. No e-mail address
    is in the data; with `redact` no text of a refused record and no customer's id.

    Raises:
        DataError: there is nothing to report on.
    """
    covered = coverage(connection, start, end)
    if covered is None:
        raise DataError("the ledger is empty: load orders and build first (ecomdata run DIR)")
    offered = choices(covered)
    at = cuts(covered, offered)
    absent = absent_capabilities(connection)
    by = members(connection, len(at) - 1)
    data = {
        "title": "Shop report",
        "currency": currency(connection),
        "locale": locale,
        "coverage": {
            "first_day": covered.all.start.isoformat(),
            "last_day": covered.all.end.isoformat(),
        },
        **headline(connection, engine, covered),
        "absent": absent,
        "choices": [_choice(choice, at) for choice in offered],
        "window": window(covered).isoformat(),
        "pieces": [day.isoformat() for day in at],
        "countries": {"names": by[0].names, "rest": by[0].rest},
        "categories": {"names": by[1].names, "rest": by[1].rest},
        "cube": cube(connection, engine, at, by, absent),
        "days": _days(connection, engine, covered, absent),
        "forecast": forecast,
        "products": _products(connection, engine, at, by[1], covered),
        "cohorts": _cohorts(connection),
        "segments": _segments(connection),
        "insights": _insights(connection, redact),
        "quality": data_quality(connection, redact),
        "sql": {"figures": figures_sql(engine), "splits": split_sql(engine)},
        "loads": loads(connection),
        "definitions": [{"name": kpi.label, "text": kpi.definition} for kpi in KPIS],
        "version": __version__,
    }
    without_addresses: dict[str, Any] = _without_addresses(data)
    return without_addresses


def data_quality(connection: Connection, redact: bool = False) -> dict[str, Any]:
    """Return what became of every record, and what was refused by rule with an example.

    With `redact` the examples have no text.
    """
    [loads] = connection.query(RECORDS).dicts()
    [rows] = connection.query(ROWS).dicts()
    counts = {name: int(value) for name, value in (loads | rows).items()}
    rules = connection.query(RULES).dicts()
    issues = connection.query(FIELDS).dicts()
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
                    "raw_text": _example(rule["entity"], rule["raw_text"], redact),
                },
            }
            for rule in rules
        ],
        "alarms": last_alarms(connection),
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


def _example(entity: str, raw_text: str, redact: bool) -> str:
    """Return the example's text as a report may show it: without names and e-mail addresses."""
    if entity == "customers":
        return "personal data: see ecomdata quarantine"
    return _REDACTED if redact else _EMAIL.sub(_MASK, raw_text)[:_EXAMPLE_CHARACTERS]


def _without_addresses(value: Any) -> Any:
    """Return a JSON value with every e-mail address masked: any name may hold one."""
    if isinstance(value, dict):
        return {key: _without_addresses(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_addresses(each) for each in value]
    return _EMAIL.sub(_MASK, value) if isinstance(value, str) and "@" in value else value


def currency(connection: Connection) -> str | None:
    """Return the code of the shop's currency; None where no order names one."""
    rows = connection.query(
        "select min(currency) from staging.stg_orders where currency is not null"
    ).rows
    return rows[0][0] or None


def _choice(choice: Choice, at: Sequence[date]) -> dict[str, Any]:
    periods = {
        "period": choice.period,
        "previous": choice.previous,
        "last_year": choice.last_year,
    }
    return {
        "kind": choice.kind,
        "label": choice.period.label,
        "complete": choice.is_complete,
    } | {name: period and _placed(period, at) for name, period in periods.items()}


def _placed(period: Period, at: Sequence[date]) -> dict[str, Any]:
    """Return a period and its pieces: the first of them, and the one behind the last."""
    return {
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "pieces": run(at, period.start, period.end + timedelta(days=1)),
    }


def _days(
    connection: Connection, engine: str, covered: Coverage, absent: dict[str, str]
) -> dict[str, Any]:
    """Sales of the last days, also of those without any; money in cents."""
    start = max(covered.all.start, covered.all.end - timedelta(days=_DAYS - 1))
    rows = connection.query(
        f"with sums as (select entry_date as day, {project_macros(engine).sales_sums()}"
        f" from {LEDGER} where entry_date between $1 and $2 group by entry_date),"
        f" orders_of_days as (select entry_date as day, order_id from {LEDGER}"
        f" where entry_date between $1 and $2 and {STANDS} group by entry_date, order_id),"
        " orders_counted as (select day, count(*) as orders from orders_of_days group by day)"
        " select sums.day, coalesce(orders_counted.orders, 0) as orders, sums.net_sales,"
        " sums.gross_sales, sums.returns from sums"
        " left join orders_counted on sums.day = orders_counted.day",
        [start, covered.all.end],
    ).dicts()
    found = {row["day"]: row for row in rows}
    listed = [
        found.get(start + timedelta(days=n), {}) for n in range((covered.all.end - start).days + 1)
    ]
    money = ("net_sales", "gross_sales", "returns")
    return {"start": start.isoformat(), "orders": [row.get("orders", 0) for row in listed]} | {
        name: [(None if name in absent else cents(row[name])) if row else 0 for row in listed]
        for name in money
    }


def _products(
    connection: Connection, engine: str, at: Sequence[date], categories: Members, covered: Coverage
) -> dict[str, Any]:
    """Products with most net sales, over all days and in the headline's, in pieces of time."""
    bytewise = project_macros(engine).bytewise("product_id")
    total = connection.query("select count(*) from final.final_product_performance").scalar
    named = connection.query(
        "with recent as ("
        f" select product_id, sum(amount) as net_sales from {LEDGER}"
        f" where entry_date between $1 and $2 group by product_id order by 2 desc, {bytewise}"
        f" limit {_PRODUCTS}) select product_id, product_name, category, abc_class"
        f" from final.final_product_performance where revenue_rank <= {_PRODUCTS}"
        " or product_id in (select product_id from recent)"
        f" order by revenue_rank, {bytewise}",
        [covered.period.start, covered.period.end],
    ).dicts()
    pieces = len(at) - 1
    products = {
        row["product_id"]: {
            "product_id": row["product_id"],
            "product_name": row["product_name"] or row["product_id"],
            "category": row["category"],
            "category_place": categories.names.index(row["category"])
            if row["category"] in categories.names
            else len(categories.names),
            "abc": row["abc_class"],
            "net_sales": [0] * pieces,
            "units_sold": [0] * pieces,
            "units_returned": [0] * pieces,
        }
        for row in named
    }
    listed = ", ".join(f"${n}" for n in range(1, len(products) + 1))
    sold = connection.query(
        f"with placed as (select product_id, entry_type, amount, quantity, {piece(at)} as piece"
        f" from {LEDGER} where product_id in ({listed})) select product_id, piece,"
        " sum(amount) as net_sales, cast(coalesce(sum(case when entry_type in"
        " ('sale', 'cancellation') then quantity end), 0) as bigint) as units_sold,"
        " cast(coalesce(-sum(case when entry_type = 'return' then quantity end), 0) as bigint)"
        " as units_returned from placed group by product_id, piece",
        list(products),
    ).dicts()
    for row in sold:
        product = products[row["product_id"]]
        product["net_sales"][row["piece"]] = cents(row["net_sales"])
        for name in ("units_sold", "units_returned"):
            product[name][row["piece"]] = row[name]
    return {"total": total, "rows": list(products.values())}


def _cohorts(connection: Connection) -> list[dict[str, Any]]:
    """Cohorts, the last first; of each the share that came back by month since, None = not over."""
    rows = connection.query(COHORTS).dicts()
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        month = row["cohort_month"].isoformat()
        cohort = found.setdefault(
            month, {"month": month, "size": row["cohort_size"], "retention": [], "value": []}
        )
        if row["months_since_first_order"] < _COHORT_MONTHS:
            cohort["retention"].append(as_text(row["retention_rate"]))
            cohort["value"].append(as_text(row["cumulative_net_sales_per_customer"]))
    return list(found.values())[:_COHORTS]


def _segments(connection: Connection) -> list[dict[str, Any]]:
    rows = connection.query(SEGMENTS).dicts()
    counts = ("customers", "orders", "customers_entered", "customers_left")
    return [
        row | {name: as_text(row[name]) for name in row if name not in ("segment", *counts)}
        for row in rows
    ]


def _insights(connection: Connection, redact: bool) -> list[dict[str, Any]] | None:
    """What was found to have changed, most money first; None: nobody has looked yet."""
    looked = connection.query(
        "select count(*) from information_schema.tables"
        " where table_schema = 'final' and table_name = 'final_insights'"
    ).scalar
    if not looked:
        return None
    rows = connection.query(
        "select kind, family, period, segment, statement, effect, low, high, q_value,"
        " evidence_sql, next_look from final.final_insights order by rank, id"
    ).dicts()
    return [
        {
            "kind": row["kind"],
            "family": row["family"],
            "period": row["period"],
            "statement": row["statement"],
            "effect": as_text(row["effect"]),
            "low": as_text(row["low"]),
            "high": as_text(row["high"]),
            "q_value": row["q_value"],
            "next_look": row["next_look"],
            "evidence_sql": row["evidence_sql"]
            if len(row["evidence_sql"]) <= _EVIDENCE_CHARACTERS
            else "too long for this page: ecomdata insights --json",
        }
        for row in rows
        if not (redact and "customer_id" in json.loads(row["segment"]))
    ]
