"""Categories that sell for the first time."""

from decimal import Decimal

import numpy as np

from ecomdata.insights.evidence import SUMMARY, figures, literal, money, percent_share, said, within
from ecomdata.insights.finding import Z90, Finding, Question, Searched, Span
from ecomdata.insights.windows import FEWEST_BASE_DAYS, Base, rarity, too_few_days
from ecomdata.warehouse import Connection


def search_launches(connection: Connection, question: Question) -> Searched:
    """Return the categories whose first sale is in the period, where chance does not say why."""
    current, data = question.current, question.data
    before = (current.start - data.start).days
    if before < FEWEST_BASE_DAYS:
        return too_few_days("new categories", before)
    rows = connection.query(
        f"""with days as (
    select category, sales_date, orders
    from {SUMMARY}
    where category <> 'Unknown' and orders > 0 and sales_date between $1 and $2
),

starts as (
    select category, min(sales_date) as first_day
    from days
    group by category
)

select
    starts.category,
    starts.first_day,
    sum(case when days.category = starts.category then days.orders else 0 end) as own,
    sum(case when days.sales_date >= starts.first_day then days.orders else 0 end) as since,
    sum(case when days.sales_date < starts.first_day then days.orders else 0 end) as earlier
from starts
cross join days
where starts.first_day >= $3
group by starts.category, starts.first_day
order by starts.category""",
        [data.start, current.end, current.start],
    ).rows
    categories = connection.query(
        f"select count(distinct category) from {SUMMARY} where sales_date between $1 and $2",
        [data.start, current.end],
    ).scalar
    findings = []
    for category, first_day, own, since, earlier in rows:
        [p_value] = rarity(
            np.zeros(1),
            np.array([float(earlier)]),
            Base(float(own), float(since)),
            1.0,
            fewer=True,
        )
        findings.append(
            _finding(connection, category, Span(first_day, current.end), float(p_value))
        )
    return Searched(tuple(findings), int(categories))


def _finding(connection: Connection, category: str, days: Span, p_value: float) -> Finding:
    own = f"category = {literal(category)}"
    sql = f"""with sums as (
    select
        sum(case when {own} then net_sales else 0 end) as effect,
        sum(case when {own} then units_sold else 0 end) as units,
        sum(net_sales) as all_sales
    from {SUMMARY}
    where {within("sales_date", days)}
)

select
    {money("effect")} as effect,
    cast(units as bigint) as units,
    {percent_share("effect", "all_sales")} as share_percent
from sums"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    margin = effect * Decimal(Z90 / max(float(told["units"]), 1.0) ** 0.5)
    return Finding(
        family="sales",
        kind="category_launch",
        span=days,
        segment={"category": category},
        statement=(
            f"{category} sells for the first time since {days.start}: {said(told['units'])} units "
            f"for {said(effect)} until {days.end}, {told['share_percent']} % of net sales."
        ),
        numbers=told,
        effect=effect,
        low=(effect - margin).quantize(Decimal("0.01")),
        high=(effect + margin).quantize(Decimal("0.01")),
        p_value=p_value,
        evidence_sql=sql,
        next_look="See who buys it: new customers, or those who bought other things before.",
    )
