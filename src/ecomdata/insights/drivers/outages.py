"""Countries whose orders fail to come for some days."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.evidence import (
    REPORT,
    figures,
    literal,
    money,
    percent_change,
    real,
    said,
    within,
)
from ecomdata.insights.false_discoveries import CANDIDATE
from ecomdata.insights.finding import Z90, Finding, Question, Searched, Span
from ecomdata.insights.windows import (
    FEWEST_BASE_DAYS,
    LEAST_SHARE,
    MOST_SHARE,
    Base,
    Floats,
    Window,
    scan,
    spread,
    too_few_days,
    usual_days,
)
from ecomdata.warehouse import Connection

#: An outage leaves at most this share of the orders that there should be.
MOST_LEFT: Final = 0.6
#: With fewer than this share left it is said that they broke off.
_BROKEN_OFF: Final = 0.2


def search_outages(connection: Connection, question: Question) -> Searched:
    """Return the countries from which some days' orders did not come, beside all others' orders."""
    current = question.current
    base_days, base_span = usual_days(question)
    if base_days < FEWEST_BASE_DAYS:
        return too_few_days("outages of a country", base_days)
    countries, orders = _orders(connection, Span(base_span.start, current.end))
    others = orders.sum(axis=0) - orders
    before = orders[:, :base_days].sum(axis=1)
    looked_at = np.flatnonzero(
        (before >= LEAST_SHARE * before.sum()) & (before <= MOST_SHARE * before.sum())
    )
    dispersion = spread(orders[looked_at, :base_days], others[looked_at, :base_days])
    findings = []
    for row in looked_at:
        base = Base.of(orders[row, :base_days], others[row, :base_days])
        window = scan(orders[row, base_days:], others[row, base_days:], base, dispersion, True)
        if window.p_value <= CANDIDATE and window.observed <= MOST_LEFT * window.expected:
            days = Span(
                current.start + timedelta(window.first), current.start + timedelta(window.last)
            )
            findings.append(
                _finding(
                    connection, countries[row], days, current, base_span, window, base, dispersion
                )
            )
    return Searched(tuple(findings), len(looked_at))


def _orders(connection: Connection, span: Span) -> tuple[list[str], Floats]:
    """Orders by country, in order of the names, and day."""
    rows = connection.query(
        f"select country, sales_date, orders from {REPORT}"
        " where sales_date between $1 and $2 and country <> 'Unknown' order by country",
        [span.start, span.end],
    ).rows
    countries = sorted({row[0] for row in rows})
    place = {country: at for at, country in enumerate(countries)}
    orders = np.zeros((len(countries), (span.end - span.start).days + 1))
    for country, day, count in rows:
        orders[place[country], (day - span.start).days] = count
    return countries, orders


def _finding(
    connection: Connection,
    country: str,
    days: Span,
    current: Span,
    base_span: Span,
    window: Window,
    base: Base,
    dispersion: float,
) -> Finding:
    there, here = f"country = {literal(country)}", within("sales_date", days)
    elsewhere, before = f"not {there}", within("sales_date", base_span)
    sql = f"""with sums as (
    select
        sum(case when {there} and {here} then orders else 0 end) as orders,
        sum(case when {elsewhere} and {here} then orders else 0 end) as others,
        sum(case when {there} and {before} then orders else 0 end) as base_orders,
        sum(case when {elsewhere} and {before} then orders else 0 end) as base_others,
        sum(case when {there} and {before} then net_sales else 0 end) as base_net_sales
    from {REPORT}
    where country <> 'Unknown'
),

expected as (
    select
        *,
        {real("base_orders")} * {real("others")} / nullif({real("base_others")}, 0) as expected
    from sums
)

select
    cast(orders as bigint) as orders,
    cast(expected as numeric(18, 1)) as expected_orders,
    {percent_change("orders", "expected")} as change_percent,
    {money(f"(orders - expected) * {real('base_net_sales')} / nullif(base_orders, 0)")} as effect
from expected"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    error = Z90 * float(
        np.sqrt(dispersion * window.expected * (1 + window.expected / max(base.count, 1.0)))
    )
    margin = abs(effect) * Decimal(error / max(window.expected - window.observed, 1.0))
    verb = "broke off" if window.observed < _BROKEN_OFF * window.expected else "fell short"
    return Finding(
        family="sales",
        kind="country_outage",
        span=days,
        segment={"country": country},
        statement=(
            f"Orders from {country} {verb}: {said(told['orders'])} from {days.start} to "
            f"{days.end}, where {said(told['expected_orders'])} were to be expected beside the "
            f"other countries' ({told['change_percent']} %). That is about {said(effect)} of net "
            "sales not made."
        ),
        numbers=told,
        effect=effect,
        low=(effect - margin).quantize(Decimal("0.01")),
        high=(effect + margin).quantize(Decimal("0.01")),
        p_value=window.p_value,
        evidence_sql=sql,
        next_look=(
            f"Try an order as a customer in {country}: payment, shipping, site."
            if days.end < current.end
            else f"It lasted to the end of the period: try an order as a customer in {country}, "
            "and see which customers of before no longer come."
        ),
    )
