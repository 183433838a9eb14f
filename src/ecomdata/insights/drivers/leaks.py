"""Deep discounts that go to more order lines than usual: a coupon that was not meant for all."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.evidence import (
    LINES,
    PRODUCTS,
    figures,
    literal,
    money,
    percent_share,
    real,
    said,
    within,
)
from ecomdata.insights.false_discoveries import CANDIDATE
from ecomdata.insights.finding import Z90, Finding, Question, Searched, Span
from ecomdata.insights.windows import (
    FEWEST_BASE_DAYS,
    Base,
    Floats,
    Window,
    scan,
    spread,
    too_few_days,
    usual_days,
)
from ecomdata.warehouse import Connection

#: A discount is deep from this share of the list price on.
DEEP: Final = Decimal("0.4")
#: A leak is found from this share of the lines above the usual one on.
LEAST_SHARE: Final = 0.02
_DEEP_LINE = f"discount_amount >= {DEEP} * (total_price + discount_amount) and discount_amount > 0"


def search_leaks(connection: Connection, question: Question) -> Searched:
    """Return the categories, or the whole shop, in which too many lines were deeply discounted."""
    current = question.current
    base_days, base_span = usual_days(question)
    if base_days < FEWEST_BASE_DAYS:
        return too_few_days("leaked coupons", base_days)
    categories, lines, deep = _lines(connection, Span(base_span.start, current.end))
    if not deep.any():
        return Searched((), len(categories))
    dispersion = spread(deep[:, :base_days], lines[:, :base_days])
    found: list[tuple[str | None, Window]] = []
    for row in range(len(categories)):
        base = Base.of(deep[row, :base_days], lines[row, :base_days])
        window = scan(deep[row, base_days:], lines[row, base_days:], base, dispersion, False)
        sold = lines[row, base_days + window.first : base_days + window.last + 1].sum()
        more = window.observed - window.expected
        if base.exposure and window.p_value <= CANDIDATE and more >= LEAST_SHARE * sold:
            found.append((categories[row], window))
    if len(found) == 2:  # one category, and all of them for its sake
        found = found[1:]
    elif found and found[0][0] is None:
        found = found[:1]
    findings = tuple(
        _finding(
            connection,
            category,
            Span(current.start + timedelta(window.first), current.start + timedelta(window.last)),
            base_span,
            window,
            dispersion,
        )
        for category, window in found
    )
    return Searched(findings, len(categories))


def _lines(connection: Connection, span: Span) -> tuple[list[str | None], Floats, Floats]:
    """Sold lines and the deeply discounted among them, by category and day; None: all of them."""
    rows = connection.query(
        f"""select
    coalesce(products.category, 'Unknown') as category,
    lines.order_date,
    count(*) as sold,
    count(case when {_DEEP_LINE} then 1 end) as deep
from {LINES} as lines
left join {PRODUCTS} as products on lines.product_id = products.product_id
where not lines.is_cancelled and lines.order_date between $1 and $2
group by 1, 2""",
        [span.start, span.end],
    ).rows
    named: list[str] = sorted({row[0] for row in rows})
    categories: list[str | None] = [None, *named] if len(named) > 1 else [None]
    place = {category: at for at, category in enumerate(categories)}
    days = (span.end - span.start).days + 1
    sold, deep = np.zeros((len(categories), days)), np.zeros((len(categories), days))
    for category, day, lines, of_them in rows:
        at = (day - span.start).days
        for row in {0, place.get(category, 0)}:
            sold[row, at] += lines
            deep[row, at] += of_them
    return categories, sold, deep


def _finding(
    connection: Connection,
    category: str | None,
    days: Span,
    base_span: Span,
    window: Window,
    dispersion: float,
) -> Finding:
    here, before = within("order_date", days), within("order_date", base_span)
    of_category = (
        f"and coalesce(category, 'Unknown') = {literal(category)}" if category is not None else ""
    )
    usual = f"{real('base_deep_lines')} * lines_sold / nullif(base_lines, 0)"
    sql = f"""with lines as (
    select
        {here} as is_now,
        {_DEEP_LINE} as is_deep,
        lines.discount_amount
    from {LINES} as lines
    left join {PRODUCTS} as products on lines.product_id = products.product_id
    where not lines.is_cancelled and ({here} or {before}) {of_category}
),

sums as (
    select
        count(case when is_now then 1 end) as lines_sold,
        count(case when is_now and is_deep then 1 end) as deep_lines,
        count(case when not is_now then 1 end) as base_lines,
        count(case when not is_now and is_deep then 1 end) as base_deep_lines,
        sum(case when is_now and is_deep then discount_amount else 0 end) as given_away
    from lines
)

select
    lines_sold,
    deep_lines,
    {percent_share("deep_lines", "lines_sold")} as share_percent,
    {percent_share("base_deep_lines", "base_lines")} as usual_percent,
    {money(f"-given_away * greatest(0, 1 - {usual} / nullif(deep_lines, 0))")} as effect,
    cast(100 * {DEEP} as bigint) as deep_percent
from sums"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    above = max(window.observed - window.expected, 1.0)
    margin = abs(effect) * Decimal(Z90 * float(np.sqrt(dispersion * window.observed)) / above)
    what = category if category is not None else "the whole shop"
    return Finding(
        family="sales",
        kind="coupon_leak",
        span=days,
        segment={"category": category} if category is not None else {},
        statement=(
            f"{said(told['deep_lines'])} of {said(told['lines_sold'])} order lines of {what} "
            f"({told['share_percent']} %) had {told['deep_percent']} % or more off from "
            f"{days.start} to {days.end}, where {told['usual_percent']} % is usual. About "
            f"{said(effect)} was given away."
        ),
        numbers=told,
        effect=effect,
        low=(effect - margin).quantize(Decimal("0.01")),
        high=min(effect + margin, Decimal(0)).quantize(Decimal("0.01")),
        p_value=window.p_value,
        evidence_sql=sql,
        next_look="Look at which coupon these orders used and who may use it; stop it if need be.",
    )
