"""A warehouse as a build leaves it, as far as the report reads it, on an in-memory DuckDB."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from ledgers import ledger

from ecomdata.report.data import report_data
from ecomdata.warehouse.duckdb import DuckDBConnection

HOSTILE = (
    "</script><script>window.hacked = 1</script>",
    '<!--<script>"\'><img src=x onerror="window.hacked = 1">',
    "{{7*7}} {% raw %} ${7*7} {b|bold}",
    "=HYPERLINK(1) & \u2028 \u2029 \x01 \x1b[31m",
    "👩‍👩‍👧 naïve \u202eright to left\u202c",
    "قميص",
    "x" * 10_000,
    "<" * 10_000,
    "</style><style>*{display:none}</style>",
    "   ",
    "buyer@example.org's mug",
    "O'Brien & Söhne",
)
FIRST = date(2023, 12, 20)

_TABLES = """
    create schema if not exists final;
    create schema if not exists staging;
    create table staging.stg_orders (currency varchar);
    insert into staging.stg_orders values ('EUR');
    drop table meta.loads;
    create table meta.loads (
        load_id bigint, replaced_by bigint, caveats varchar, source varchar, file varchar,
        records_read bigint, rows_loaded bigint, rows_rejected bigint
    );
    insert into meta.loads values
        (1, null, '["Returns without a date stand on their order''s day."]', 'brief',
         'orders.csv', 191204, 191190, 14);
    create table meta.quarantine (
        entity varchar, rule varchar, stage varchar, file varchar, line bigint,
        raw_text varchar, load_id bigint
    );
    create table meta.field_issues (entity varchar, field varchar, rule varchar);
    insert into meta.field_issues values ('customers', 'email', 'malformed');
    create table final.final_data_quality (
        raw_rows bigint, superseded_rows bigint, quarantined_rows bigint, staged_rows bigint
    );
    insert into final.final_data_quality values (191190, 120, 307, 190763);
    create table final.final_cohort_retention (
        cohort_month date, cohort_size bigint, months_since_first_order bigint,
        retention_rate numeric(18, 6), cumulative_net_sales_per_customer numeric(18, 2)
    );
    insert into final.final_cohort_retention
        select date '2023-12-01' + to_months(cast(cohort as integer)), 100 + cohort, since,
            case when cohort + since < 24 then 1 / (1 + since) end,
            case when cohort + since < 24 then 40 + 3 * since end
        from range(25) as cohorts (cohort), range(25) as months (since)
        where cohort + since <= 24;
    create table final.final_customer_segments (
        segment varchar, segment_number bigint, customers bigint, customer_share numeric(18, 6),
        orders bigint, net_sales numeric(18, 2), net_sales_share numeric(18, 6),
        average_order_value numeric(18, 2), customers_entered bigint, customers_left bigint
    );
    insert into final.final_customer_segments values
        ('Champions', 1, 40, 0.1, 400, 20000.50, 0.4, 50.00, 7, 3),
        ('No orders', 12, 9, null, 0, 0, 0, null, 0, 2);
    create table final.final_insights (
        id varchar, family varchar, kind varchar, period varchar, segment varchar,
        statement varchar, effect numeric(18, 2), low numeric(18, 2), high numeric(18, 2),
        p_value double, q_value double, rank bigint, evidence_sql varchar, next_look varchar
    );
"""

_ENTRIES = """
    insert into intermediate.int_revenue_ledger
    with orders as (
        select
            i, cast(date '{first}' + cast(i // 4 as integer) as date) as day,
            hash(i) as dice,
            case when hash(i) % 13 > 0 then cast(hash(i) % 400 as integer) end as customer
        from range({days} * 4) as numbers (i)
    ),
    typed as (
        select *, case
            when customer is null then 'guest'
            when row_number() over (partition by customer order by i) = 1 then 'new'
            else 'returning'
        end as customer_type
        from orders
    ),
    lines as (
        select
            typed.*, k, hash(i * 7 + k) as chance,
            cast(hash(i * 7 + k) % {products} as integer) as product,
            cast(500 + i // 4 + hash(i * 7 + k) % 20000 as integer) as price
        from typed cross join range(2) as places (k)
    ),
    entries as (
        select *, 'sale' as kind, day as entry_date, 1 as sign from lines
        union all
        select *, 'return', day + 9, -1 from lines
        where chance % 17 = 0 and day + 9 < date '{first}' + {days}
    )
    select
        kind, 'O' || i, 'C' || customer, 'P' || product,
        coalesce((select name from names where id = 2000 + customer % {countries}), 'Unknown'),
        entry_date, sign, cast(sign * price / 100 as numeric(18, 2)),
        cast(-sign * price / 250 as numeric(18, 2)),
        (select name from names where id = 1000 + product % {categories}), customer_type, false
    from entries
"""

_PRODUCTS = """
    create table final.final_product_performance as
    with sold as (
        select product_id, sum(amount) as net_sales from intermediate.int_revenue_ledger group by 1
    )
    select
        product_id, name as product_name,
        (select name from names where id = 1000 + cast(product_id[2:] as integer) % {categories})
            as category,
        case when net_sales > 900 then 'A' else 'C' end as abc_class,
        rank() over (order by net_sales desc, product_id) as revenue_rank
    from sold inner join names on id = 10000 + cast(product_id[2:] as integer)
"""


def warehouse(
    days: int = 737,
    name: Callable[[int], str] | None = None,
    countries: int = 16,
    categories: int = 6,
    products: int = 60,
) -> DuckDBConnection:
    """A shop of so many days; its first and last week and month are cut short."""
    named = name or _ordinary
    connection = ledger([])
    for statement in _TABLES.split(";")[:-1]:
        connection.execute(statement)
    connection.execute("create table names (id integer, name varchar)")
    ids = [*range(1000, 1000 + categories), *range(2000, 2000 + countries)]
    ids += range(10_000, 10_000 + products)
    marks = ", ".join(f"(${2 * i + 1}, ${2 * i + 2})" for i in range(len(ids)))
    connection.execute(
        f"insert into names values {marks}", [value for i in ids for value in (i, named(i))]
    )
    sizes = {"days": days, "countries": countries, "categories": categories, "products": products}
    connection.execute(_ENTRIES.format(first=FIRST, **sizes))
    connection.execute(_PRODUCTS.format(categories=categories))
    for entity, rule, stage, line, text in (
        ("orders", "number_unparseable", "staging", 812, 'O-7,C-9,P-3,"two",19'),
        ("orders", "number_unparseable", "staging", 901, "O-8,C-9,P-3,none,19"),
        ("customers", "missing_id", "staging", 9, ",Ann,ann@example.org"),
        ("products", "wrong_field_count", "reading", 77, "P-77,Desk lamp,ask bob@example.org"),
    ):
        connection.execute(
            "insert into meta.quarantine values ($1, $2, $3, $4, $5, $6, 1)",
            [entity, rule, stage, f"{entity}.csv", line, text if name is None else named(line)],
        )
    return connection


def find(connection: DuckDBConnection, statement: str, **segment: str) -> None:
    """Add a finding."""
    sql = "select sum(amount)\nfrom intermediate.int_revenue_ledger"
    connection.execute(
        "insert into final.final_insights values ('a1', 'drivers', 'contribution',"
        " '2025-11-01/2025-11-30', $1, $2, -1200.50, -1500.00, -900.25, 0.0001, 0.0004,"
        " (select 1 + count(*) from final.final_insights), $3, $4)",
        [json.dumps(segment), statement, sql, f"ask who: {statement}"],
    )


def shop(**sizes: Any) -> dict[str, Any]:
    """The report's data of such a warehouse."""
    return report_data(warehouse(**sizes), "duckdb")


def hostile(i: int) -> str:
    """A name that wants to be code."""
    return HOSTILE[i % len(HOSTILE)] + (f" {i}" if i >= 10_000 else "")


def last_day(days: int = 737) -> date:
    """The last day of such a warehouse."""
    return FIRST + timedelta(days=days - 1)


def _ordinary(i: int) -> str:
    if i >= 10_000:
        things = ("Linen tablecloth", "Oak desk lamp", "Enamel teapot", "Wool blanket", "Carafe")
        return f"{things[i % 5]} No. {i - 10_000}"
    if i >= 2000:
        places = ("Germany", "France", "Netherlands", "Austria", "Belgium", "Spain", "Italy")
        return places[i - 2000] if i - 2000 < len(places) else f"Country {i - 2000}"
    return f"Category {i - 1000}"
