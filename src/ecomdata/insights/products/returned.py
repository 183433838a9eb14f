"""Products that come back more often than those of their category do."""

from decimal import Decimal
from typing import Final

from ecomdata.insights.evidence import (
    LEDGER,
    called,
    figures,
    literal,
    money,
    percent_share,
    product_name,
    real,
    said,
    within,
)
from ecomdata.insights.false_discoveries import CANDIDATE
from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.products.sales import MATERIAL, net_sales, year_to
from ecomdata.warehouse import Connection

#: Order lines that a product should have then.
LEAST_LINES: Final = 50
#: A product is prone to returns with at least so many times the rate of the others.
LEAST_FACTOR: Final = 1.5
#: What has no price of its own is no product: a fee, a correction that was booked by hand. Its
#: prices have a standard deviation above their mean, those of products in several sizes have not.
_PRICE: Final = (
    f"case when entry_type = 'sale' and quantity > 0 then {real('amount')} / quantity end"
)


def search_returned(connection: Connection, question: Question) -> Searched:
    """Return the products with more lines sent back than the rest of their category has."""
    span = year_to(question)
    rows = connection.query(
        f"""with lines as (
    select
        product_id,
        min(category) as category,
        count(case when entry_type = 'sale' and not is_cancelled then 1 end) as sold,
        count(case when entry_type = 'return' then 1 end) as returned,
        avg({_PRICE}) as usual_price,
        stddev_pop({_PRICE}) as price_spread,
        sum(case when entry_type = 'return' then amount else 0 end) as refunds
    from {LEDGER}
    where entry_date between $1 and $2
    group by product_id
),

beside_others as (
    select
        *,
        cast(sum(sold) over (partition by category) as bigint) as sold_in_category,
        cast(sum(returned) over (partition by category) as bigint) as returned_in_category
    from lines
)

select
    product_id,
    category,
    sold,
    returned,
    sold_in_category,
    returned_in_category,
    coalesce(price_spread > usual_price, false) as has_no_price,
    {_effect("(returned_in_category - returned)", "(sold_in_category - sold)")} as effect
from beside_others
order by product_id""",
        [span.start, span.end],
    ).rows
    if not any(row[3] for row in rows):
        return Searched((), 0, "products that come back: needs returns, has none")
    material = MATERIAL * net_sales(connection, question.current)
    tested, findings = 0, []
    for product, category, sold, returned, all_sold, all_returned, has_no_price, effect in rows:
        others, of_others = int(all_sold) - sold, int(all_returned) - returned
        if sold < LEAST_LINES or others < LEAST_LINES or has_no_price:
            continue
        tested += 1
        usual = of_others / others
        if returned <= LEAST_FACTOR * usual * sold or -effect < material:
            continue
        from scipy.special import betaincinv
        from scipy.stats import hypergeom  # dear to import, and few shops come this far

        # Of all returns so many fall on the product, were its lines like those of the others.
        p_value = float(
            hypergeom.sf(returned - 1, int(all_sold), sold, min(int(all_returned), int(all_sold)))
        )
        low = float(betaincinv(returned, max(sold - returned, 0) + 1, 0.05)) - usual
        high = float(betaincinv(returned + 1, max(sold - returned, 1), 0.95)) - usual
        rate = returned / sold - usual
        if p_value <= CANDIDATE:
            findings.append(
                _finding(connection, product, category, span, low / rate, high / rate, p_value)
            )
    return Searched(tuple(findings), tested)


def _effect(others_returned: str, others_sold: str) -> str:
    """What was refunded beyond the others' rate, of columns `refunds`, `sold` and `returned`."""
    return money(
        f"refunds * (1 - {real(others_returned)} / nullif({others_sold}, 0)"
        f" * sold / nullif(returned, 0))"
    )


def _finding(
    connection: Connection,
    product: str,
    category: str,
    days: Span,
    low: float,
    high: float,
    p_value: float,
) -> Finding:
    own = f"product_id = {literal(product)}"
    sql = f"""with lines as (
    select
        {own} as is_own,
        entry_type,
        is_cancelled,
        amount
    from {LEDGER}
    where category = {literal(category)} and {within("entry_date", days)}
),

sums as (
    select
        count(case when is_own and entry_type = 'sale' and not is_cancelled then 1 end) as sold,
        count(case when is_own and entry_type = 'return' then 1 end) as returned,
        count(case when not is_own and entry_type = 'sale' and not is_cancelled then 1 end)
            as others_sold,
        count(case when not is_own and entry_type = 'return' then 1 end) as others_returned,
        sum(case when is_own and entry_type = 'return' then amount else 0 end) as refunds
    from lines
)

select
    {product_name(product)} as product_name,
    sold,
    returned,
    {percent_share("returned", "sold")} as returned_percent,
    {percent_share("others_returned", "others_sold")} as others_percent,
    {money("refunds")} as refunds,
    {_effect("others_returned", "others_sold")} as effect
from sums"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    ends = sorted((effect * Decimal(end)).quantize(Decimal("0.01")) for end in (low, high))
    rest = "the other products" if category == "Unknown" else f"other products of {category}"
    return Finding(
        family="products",
        kind="return_prone_product",
        span=days,
        segment={"product_id": product},
        statement=(
            f"{called(product, told['product_name'])} comes back too often: "
            f"{said(told['returned'])} of {said(told['sold'])} order lines from {days.start} to "
            f"{days.end} ({told['returned_percent']} %), where {told['others_percent']} % of "
            f"{rest} did. {said(told['refunds'])} was refunded, about {said(effect)} of it for "
            "what it is worse than they are."
        ),
        numbers=told,
        effect=effect,
        low=ends[0],
        high=ends[1],
        p_value=p_value,
        evidence_sql=sql,
        next_look="Read the reasons for returns; check its description, pictures and packing.",
    )
