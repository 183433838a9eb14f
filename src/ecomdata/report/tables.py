"""What the terminal shows: KPIs by a dimension, quarantine, status."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from ecomdata.errors import DataError, UsageError
from ecomdata.report.kpis import absent_capabilities, coverage, headline
from ecomdata.report.measures import sales_by_product_sql, sales_sql
from ecomdata.warehouse import Connection, Table, quote

#: What `kpis --by` takes.
DIMENSIONS = ("day", "week", "month", "country", "category", "product")

#: The most telling first: a narrow terminal leaves out the last.
_COLUMNS = (
    "net_sales",
    "orders",
    "average_order_value",
    "customers",
    "units",
    "gross_sales",
    "discounts",
    "returns",
    "cancellations",
)


#: How old the last load may be: a shop that exports every day has missed one then. One whose loads
#: lie further apart may be twice as late as usual.
FRESH = timedelta(days=2)
#: Alarms that are shown, the latest.
MOST_ALARMS = 20
_ENDS = {
    "failed": "failed: {message}",
    "killed": "was killed: run it again",
    "interrupted": "was interrupted: run it again",
}

#: What of a table by a dimension needs what (`meta.capabilities`).
_NEEDS = {
    "country": "countries",
    "category": "categories",
    "product_name": "product_names",
    "customers": "customers",
    "discounts": "discounts",
    "returns": "returns",
    "cancellations": "cancellations",
    "return_rate": "returned_units",
}


@dataclass(frozen=True)
class KpiTable:
    """Headline figures as JSON has them, or sales by a dimension: one of the two.

    Args:
        absent: columns of the table that are not in the data, and why.
    """

    headline: dict[str, Any] | None
    table: Table | None
    absent: dict[str, str] = field(default_factory=dict)


def kpi_table(
    connection: Connection, engine: str, by: str | None, start: date | None, end: date | None
) -> KpiTable:
    """Return the figures; by a dimension over all days, or over the days that are given.

    Raises:
        UsageError: the dimension is not known.
        DataError: there is nothing to compute from.
    """
    if by is not None and by not in DIMENSIONS:
        raise UsageError(f"--by {by} is not known: use {', '.join(DIMENSIONS)}")
    require_build(connection)
    covered = coverage(connection, start, end)
    if covered is None:
        raise DataError("the ledger is empty: load orders and build first (ecomdata run DIR)")
    if by is None:
        return KpiTable(headline(connection, engine, covered), None)
    days = [start or covered.all.start, end or covered.all.end]
    if by == "product":
        table = connection.query(sales_by_product_sql(engine), days)
        return KpiTable(None, table, _absent(connection, table))
    listed = ", ".join(quote(name) for name in (by, *_COLUMNS))
    order = "net_sales desc, 1" if by in ("country", "category") else "1"
    table = connection.query(
        f"select {listed} from ({sales_sql(engine, by)}) as sales order by {order}", days
    )
    return KpiTable(None, table, _absent(connection, table))


def _absent(connection: Connection, table: Table) -> dict[str, str]:
    reasons = absent_capabilities(connection)
    needs = {column: _NEEDS[column] for column in table.columns if column in _NEEDS}
    return {column: reasons[need] for column, need in needs.items() if need in reasons}


def quarantine(connection: Connection, rule: str | None, file: str | None) -> Table:
    """Return what was refused and why, by load, file and line."""
    require_build(connection)
    return connection.query(
        "select load_id, entity, file, line, stage, rule, field, value, raw_text"
        " from meta.quarantine"
        " where ($1::text is null or rule = $1::text) and ($2::text is null or file = $2::text)"
        " order by load_id, file, line, entity",
        [rule, file],
    )


@dataclass(frozen=True)
class Status:
    """The state of the warehouse."""

    schema_version: int
    warnings: list[str]
    last_load_at: datetime | None
    last_build_at: datetime | None
    loads: list[dict[str, Any]]
    rows: dict[str, int]
    last_day: date | None
    runs: list[dict[str, Any]]
    alarms: list[dict[str, Any]]


def last_alarms(connection: Connection) -> list[dict[str, Any]]:
    """Return the last alarms about loads, those of the latest load first."""
    judged = connection.query(
        "select count(*) from information_schema.tables"
        " where table_schema = 'final' and table_name = 'final_data_alarms'"
    ).scalar
    if not judged:
        return []
    return connection.query(
        "select load_id, severity, kind, entity, subject, statement, next_look"
        " from final.final_data_alarms order by load_id desc, severity desc, effect desc, id"
        f" limit {MOST_ALARMS}"
    ).dicts()


def status(connection: Connection, now: datetime) -> Status:
    """Return loads, row counts, freshness, the last runs and what to look after."""
    tables = connection.query(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema in ('raw', 'staging', 'intermediate', 'final')"
        " order by table_schema, table_name"
    ).rows
    if not tables:
        raise DataError("the warehouse is empty: load something first (ecomdata run DIR)")
    rows = {
        f"{schema}.{table}": connection.query(f"select count(*) from {quote(schema, table)}").scalar
        for schema, table in tables
    }
    ledger = "intermediate.int_revenue_ledger"
    builds = connection.query(
        "select finished_at, message from meta.runs"
        " where command in ('run', 'build', 'forget', 'retain') and status = 'done'"
        " order by run_id desc limit 1"
    ).rows
    last_build, complaint = builds[0] if builds else (None, None)
    loads = connection.query(
        "select load_id, min(source) as source, count(*) as files,"
        " cast(sum(records_read) as bigint) as records,"
        " cast(sum(rows_rejected) as bigint) as rejected, max(loaded_at) as loaded_at"
        " from meta.loads group by load_id order by load_id"
    ).dicts()
    alarms = last_alarms(connection)
    runs = connection.query(
        "select run_id, command, status, started_at, finished_at, message"
        " from meta.runs order by run_id desc limit 10"
    ).dicts()
    last_day = (
        connection.query(f"select max(entry_date) from {ledger}").scalar if ledger in rows else None
    )
    return Status(
        connection.query("select version from meta.schema_version").scalar,
        list(_warnings(now, loads, last_build, complaint, runs, alarms)),
        max((load["loaded_at"] for load in loads), default=None),
        last_build,
        loads,
        rows,
        last_day,
        runs,
        alarms,
    )


def _warnings(
    now: datetime,
    loads: Sequence[dict[str, Any]],
    last_build: datetime | None,
    complaint: str | None,
    runs: Sequence[dict[str, Any]],
    alarms: Sequence[dict[str, Any]],
) -> Iterator[str]:
    """Yield what somebody should look after, each with what to do."""
    if not loads:
        yield "nothing is loaded: ecomdata load DIR"
        return
    came = sorted({load["loaded_at"] for load in loads})
    last_load = came[-1]
    gaps = sorted(after - before for before, after in pairwise(came)) or [timedelta()]
    usual = gaps[len(gaps) // 2]
    if now - last_load > max(FRESH, 2 * usual):
        yield f"the last load is {(now - last_load).days} days old: do exports still come?"
    if last_build is None:
        yield "what is loaded was never built to the end: ecomdata build"
    elif last_load > last_build:
        yield "the figures are older than the last load: ecomdata build"
    if complaint:
        yield f"the last build went through, but {complaint}"
    if runs and runs[0]["status"] in ("failed", "killed", "interrupted"):
        message = (runs[0]["message"] or "").partition("\n")[0]
        end = _ENDS[runs[0]["status"]].format(message=message)
        yield f"the last run ({runs[0]['command']}) {end}"
    last = max(load["load_id"] for load in loads)
    if any(alarm["load_id"] == last and alarm["severity"] == "serious" for alarm in alarms):
        yield "something serious is not as usual about the last load: it stands below"


def is_built(connection: Connection) -> bool:
    """Return whether there are models."""
    return bool(
        connection.query(
            "select count(*) from information_schema.tables"
            " where table_schema = 'final' and table_name = 'final_data_quality'"
        ).scalar
    )


def require_insights(connection: Connection) -> None:
    """Check that somebody has looked for insights, found or not.

    Raises:
        DataError: nobody has; says what to do.
    """
    found = connection.query(
        "select count(*) from information_schema.tables"
        " where table_schema = 'final' and table_name = 'final_insights'"
    )
    if not found.scalar:
        raise DataError(
            "final.final_insights is missing, which the dashboards show: run `ecomdata insights` "
            "first"
        )


def require_build(connection: Connection) -> None:
    """Raise where nothing is built yet.

    Raises:
        DataError: says what to do.
    """
    if not is_built(connection):
        raise DataError("nothing is built yet: run `ecomdata build` (or `ecomdata run DIR`) first")
