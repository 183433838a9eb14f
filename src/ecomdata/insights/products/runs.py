"""Runs of days on which a product sells next to nothing, or far more than it did."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from ecomdata.insights.evidence import called, figures, money, on, said
from ecomdata.insights.false_discoveries import CANDIDATE
from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.products.sales import (
    MATERIAL,
    expected_sales,
    less_favourable,
    margin,
    net_sales,
    read_daily,
)
from ecomdata.insights.windows import (
    FEWEST_BASE_DAYS,
    Window,
    days_before,
    scan,
    too_few_days,
    usual_days,
)
from ecomdata.warehouse import Connection

#: Days before the period in which a run may begin that ends in it.
LOOK_BACK: Final = 31
#: Orders that a product should have on the days looked at, and has had before.
LEAST_EXPECTED: Final = 10.0
#: Of a stock-out at most this share of the orders is left.
MOST_LEFT: Final = 0.25
#: Windows that gain less log-likelihood are not tested: their p-values are above 1 in 1,000, and
#: among hundreds of products no finding. It makes the search three times as fast.
LEAST_GAIN: Final = 4.0
#: A product takes off with at least so many times its usual orders.
LEAST_FACTOR: Final = 2.0


def search_runs(connection: Connection, question: Question) -> Searched:
    """Return the products that ran out, stopped selling or took off, beside all other sales."""
    current = question.current
    days, base_span = usual_days(question, LOOK_BACK)
    if days < FEWEST_BASE_DAYS:
        return too_few_days("products that ran out or took off", days)
    start = base_span.end + timedelta(1)
    earlier = days_before(base_span, question.data.start) or base_span
    daily = read_daily(connection, question, Span(earlier.start, current.end))
    dispersion = daily.dispersion(base_span)
    known = (start - daily.span.start).days
    first_day = (current.start - start).days
    last_day = (current.end - start).days
    tests, findings = 0, []
    for row, product in enumerate(daily.products):
        orders, shop = daily.orders[row, known:], daily.shop[row, known:]
        if daily.days_sold(row, base_span) < FEWEST_BASE_DAYS:
            continue
        bases = daily.bases(row, base_span)
        recent = bases[0][0]
        if min(recent.rate * shop.sum(), recent.count) < LEAST_EXPECTED:
            continue
        for fewer in (True, False):
            tests += 1
            base, of_base = less_favourable(bases, fewer)
            window = scan(orders, shop, base, dispersion, fewer)
            if window.gain < LEAST_GAIN * dispersion:
                continue
            if window.last < first_day or not _is_striking(window, fewer):
                continue
            kind = "stock_out" if fewer else "viral_product"
            if fewer and window.last == last_day:
                kind = "dead_stock"
            span = Span(start + timedelta(window.first), start + timedelta(window.last))
            part = margin(window.expected, window.observed, base, dispersion)
            findings.append(_finding(connection, kind, product, span, of_base, window, part))
    material = MATERIAL * net_sales(connection, current)
    return Searched(
        tuple(
            each
            for each in findings
            if (each.effect > 0) == (each.kind == "viral_product")
            and (each.kind != "dead_stock" or abs(each.effect) >= material)
        ),
        tests,
    )


def _is_striking(window: Window, fewer: bool) -> bool:
    """Whether it is worth a word, and began on the days that are looked at."""
    if fewer:
        is_large = window.first > 0 and window.observed <= MOST_LEFT * window.expected
    else:
        is_large = window.observed >= LEAST_FACTOR * max(window.expected, 1.0)
    return is_large and window.p_value <= CANDIDATE


def _finding(
    connection: Connection,
    kind: str,
    product: str,
    days: Span,
    base_span: Span,
    window: Window,
    part: Decimal,
) -> Finding:
    sql = f"""{expected_sales(product, days, base_span)}

select
    product_name,
    cast(units as bigint) as units,
    cast(units_expected as numeric(18, 0)) as expected_units,
    {money("net_sales")} as net_sales,
    {money("net_sales - net_sales_expected")} as effect
from expected"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    name, ends = called(product, told["product_name"]), abs(effect) * part
    sold = f"{said(told['units'])} units {on(days)}"
    usual = f"{said(told['expected_units'])} were to be expected beside all other orders"
    statement, look = {
        "stock_out": (
            f"{name} sold {sold}, where {usual}: it seems to have been out of stock. That is "
            f"about {said(effect)} of net sales not made.",
            "See when it was in stock and who delivers it; order earlier next time.",
        ),
        "dead_stock": (
            f"{name} has stopped selling: {sold}, where {usual}. That is about {said(effect)} of "
            "net sales not made.",
            "See whether it is still on offer and in stock; else clear what is left of it.",
        ),
        "viral_product": (
            f"{name} took off: {sold}, where {usual}. It brought {said(told['net_sales'])}, about "
            f"{said(effect)} more than it would have.",
            "Find out who sends these buyers, and see that it stays in stock.",
        ),
    }[kind]
    return Finding(
        family="products",
        kind=kind,
        span=days,
        segment={"product_id": product},
        statement=statement,
        numbers=told,
        effect=effect,
        low=(effect - ends).quantize(Decimal("0.01")),
        high=(effect + ends).quantize(Decimal("0.01")),
        p_value=window.p_value,
        evidence_sql=sql,
        next_look=look,
    )
