"""Days that were loaded twice: orders that are others in everything but the id."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.evidence import (
    LINES,
    figures,
    money,
    percent_share,
    said,
    within,
)
from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.windows import BASE_DAYS, Base, rarity
from ecomdata.warehouse import Connection

#: Of a day that was loaded twice at least this share of the orders is there once more.
LEAST_SHARE: Final = 0.05
_CONTENT: Final = """string_agg(
            concat(product_id, '|', quantity, '|', total_price), ';'
            order by product_id, quantity, total_price
        )"""


def search_copies(connection: Connection, question: Question) -> Searched:
    """Return the days on which more orders than usual are there once more under another id."""
    current = question.current
    start = max(question.data.start, current.start - timedelta(BASE_DAYS))
    rows = connection.query(_copies_by_day(Span(start, current.end))).rows
    before = np.array([row[1:] for row in rows if row[0] < current.start], dtype=np.float64)
    orders, copies = before.reshape(-1, 2).T
    base = Base(float(np.minimum(copies, LEAST_SHARE * orders).sum()), float(orders.sum()))
    suspects: dict[date, float] = {}
    for day, count, again in rows:
        if day >= current.start and again > LEAST_SHARE * float(count):
            [p_value] = rarity(
                np.array([float(again)]), np.array([float(count)]), base, 1.0, fewer=False
            )
            suspects[day] = float(p_value)
    findings = [
        _finding(connection, run, min(suspects[day] for day in suspects if _in(day, run)))
        for run in _runs(sorted(suspects))
    ]
    return Searched(tuple(findings), (current.end - current.start).days + 1)


def _copies_by_day(days: Span) -> str:
    """Orders by day, and those that are there once more: what `_copies` counts, in less time.

    Hardly an order shares its moment and customer with another: what is in it is asked of those.
    """
    of_days = f"not is_cancelled and {within('order_date', days)}"
    return f"""with placed as (
    select
        order_id,
        min(customer_id) as customer_id,
        min(ordered_at) as ordered_at,
        min(order_date) as order_date
    from {LINES}
    where {of_days}
    group by order_id
),

at_once as (
    select
        *,
        count(*) over (partition by order_date, ordered_at, customer_id) as orders
    from placed
),

contents as (
    select
        order_id,
        {_CONTENT} as content
    from {LINES}
    where {of_days} and order_id in (select order_id from at_once where orders > 1)
    group by order_id
),

alike as (
    select
        at_once.order_date,
        count(*) as orders
    from at_once
    inner join contents on at_once.order_id = contents.order_id
    group by at_once.order_date, at_once.ordered_at, at_once.customer_id, contents.content
),

copies_summed_to_day as (
    select order_date, sum(orders - 1) as copies
    from alike
    group by order_date
),

orders_summed_to_day as (
    select order_date, count(*) as orders
    from placed
    group by order_date
)

select
    orders_summed_to_day.order_date,
    orders_summed_to_day.orders,
    coalesce(copies_summed_to_day.copies, 0) as copies
from orders_summed_to_day
left join copies_summed_to_day
    on orders_summed_to_day.order_date = copies_summed_to_day.order_date
order by 1"""


def _copies(days: Span) -> str:
    """The orders of these days that are alike in everything but the id."""
    return f"""with contents as (
    select
        order_id,
        min(customer_id) as customer_id,
        min(ordered_at) as ordered_at,
        min(order_date) as order_date,
        sum(total_price) as total,
        {_CONTENT} as content
    from {LINES}
    where not is_cancelled and {within("order_date", days)}
    group by order_id
),

alike as (
    select
        order_date,
        count(*) as orders,
        max(total) as total
    from contents
    group by order_date, ordered_at, customer_id, content
)
"""


def _in(day: date, span: Span) -> bool:
    return span.start <= day <= span.end


def _runs(days: list[date]) -> list[Span]:
    """Days that follow each other, as spans."""
    runs: list[Span] = []
    for day in days:
        if runs and runs[-1].end == day - timedelta(1):
            runs[-1] = Span(runs[-1].start, day)
        else:
            runs.append(Span(day, day))
    return runs


def _finding(connection: Connection, days: Span, p_value: float) -> Finding:
    sql = (
        _copies(days)
        + f"""
select
    cast(sum(orders) as bigint) as orders,
    cast(sum(orders - 1) as bigint) as copies,
    {percent_share("sum(orders - 1)", "sum(orders)")} as share_percent,
    {money("sum((orders - 1) * total)")} as effect
from alike"""
    )
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    when = f"on {days.start}" if days.start == days.end else f"from {days.start} to {days.end}"
    return Finding(
        family="sales",
        kind="duplicated_load",
        span=days,
        segment={},
        statement=(
            f"{said(told['copies'])} of {said(told['orders'])} orders {when} "
            f"({told['share_percent']} %) are equal to another one in buyer, time and lines: that "
            f"day's orders seem to be loaded twice. Sales are {said(effect)} too high."
        ),
        numbers=told,
        effect=effect,
        low=effect,
        high=effect,
        p_value=p_value,
        evidence_sql=sql,
        next_look="Compare the export of these days with the shop; undo the load that has copies.",
    )
