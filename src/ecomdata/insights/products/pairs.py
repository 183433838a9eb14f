"""Products that are bought together far more often than chance has it.

What chance has is counted with the sizes of the baskets: two products meet in large baskets, more
often than independence of all orders says. Of b orders with k products each, a pair of products in
x and y of them is expected in x y (sum of k (k - 1)) / (sum of k)^2.

Source: the expectation of the configuration model (Newman 2010); Fisher's exact test with it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from ecomdata.insights.evidence import (
    LEDGER,
    SUMMARY,
    called,
    literal,
    money,
    product_name,
    real,
    said,
    within,
)
from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.products.sales import MATERIAL, net_sales, year_to
from ecomdata.warehouse import Connection

_AFFINITY: Final = "final.final_product_affinity"
#: Pairs that are counted anew up to the end of the period: the most striking ones.
CANDIDATES: Final = 4
#: Pairs that are told at most, each product in one.
MOST_PAIRS: Final = 3
#: Times as often together as chance has it, at least.
LEAST_LIFT: Final = 2.0


def search_pairs(connection: Connection, question: Question) -> Searched:
    """Return the pairs of products that go together most, each product in one pair."""
    span = year_to(question)
    pairs = connection.query(
        f"""select first_product_id, second_product_id
from {_AFFINITY}
where lift >= {LEAST_LIFT}
order by leverage desc, first_product_id, second_product_id
limit {CANDIDATES}"""
    ).rows
    if not pairs:
        return Searched((), 0)
    tested = connection.query(f"select count(*) from {_AFFINITY}").scalar
    material = MATERIAL * net_sales(connection, question.current)
    told: set[str] = set()
    findings: list[Finding] = []
    for (first, second), numbers in zip(pairs, _counted(connection, pairs, span), strict=True):
        if not told & {first, second} and len(findings) < MOST_PAIRS:
            finding = _finding(first, second, span, numbers)
            if finding and finding.effect >= material:
                told |= {first, second}
                findings.append(finding)
    return Searched(tuple(findings), int(tested))


def _counted(
    connection: Connection, pairs: Sequence[tuple[str, str]], span: Span
) -> list[dict[str, Any]]:
    """The figures of each pair, as `_sql` has them of one: the baskets are read once for all."""
    listed = ", ".join(
        f"({number}, {literal(first)}, {literal(second)})"
        for number, (first, second) in enumerate(pairs)
    )
    products = ", ".join(
        literal(product) for product in sorted({p for pair in pairs for p in pair})
    )
    return connection.query(
        f"""with pairs (number, first_product_id, second_product_id) as (
    values {listed}
),

products_of_orders as (
    select order_id, product_id
    from {LEDGER}
    where entry_type = 'sale' and not is_cancelled and {within("entry_date", span)}
    group by order_id, product_id
),

baskets as (
    select count(*) as products
    from products_of_orders
    group by order_id
),

sizes as (
    select sum(products * (products - 1)) as meetings, sum(products) as products
    from baskets
),

orders_counted_to_product as (
    select product_id, count(*) as orders
    from products_of_orders
    where product_id in ({products})
    group by product_id
),

orders_counted_to_pair as (
    select pairs.number, count(*) as orders
    from pairs
    inner join products_of_orders as firsts on pairs.first_product_id = firsts.product_id
    inner join products_of_orders as seconds
        on pairs.second_product_id = seconds.product_id and firsts.order_id = seconds.order_id
    group by pairs.number
),

prices as (
    select product_id, sum(net_sales) / nullif(sum(orders), 0) as price
    from {SUMMARY}
    where product_id in ({products}) and {within("sales_date", span)}
    group by product_id
),

names as (
    select product_id, min(product_name) as product_name
    from final.final_product_performance
    where product_id in ({products})
    group by product_id
),

counts as (
    select
        pairs.number,
        first_names.product_name,
        second_names.product_name as with_product_name,
        coalesce(firsts.orders, 0) as orders_with_first,
        coalesce(seconds.orders, 0) as orders_with_second,
        coalesce(pairs_met.orders, 0) as orders_with_both,
        {real("coalesce(firsts.orders, 0)")} * coalesce(seconds.orders, 0) * sizes.meetings
        / nullif({real("sizes.products")} * sizes.products, 0) as expected,
        least(first_prices.price, second_prices.price) as price
    from pairs
    cross join sizes
    left join orders_counted_to_product as firsts on pairs.first_product_id = firsts.product_id
    left join orders_counted_to_product as seconds on pairs.second_product_id = seconds.product_id
    left join orders_counted_to_pair as pairs_met on pairs.number = pairs_met.number
    left join prices as first_prices on pairs.first_product_id = first_prices.product_id
    left join prices as second_prices on pairs.second_product_id = second_prices.product_id
    left join names as first_names on pairs.first_product_id = first_names.product_id
    left join names as second_names on pairs.second_product_id = second_names.product_id
)

select
    product_name,
    with_product_name,
    cast(orders_with_first as bigint) as orders_with_first,
    cast(orders_with_second as bigint) as orders_with_second,
    cast(orders_with_both as bigint) as orders_with_both,
    cast(expected as numeric(18, 1)) as expected_orders,
    {money("(orders_with_both - expected) * price")} as effect
from counts
order by number"""
    ).dicts()


def _sql(first: str, second: str, span: Span) -> str:
    """The counts of a pair, up to the end of the period."""
    of_first, of_second = f"product_id = {literal(first)}", f"product_id = {literal(second)}"
    return f"""with baskets as (
    select
        order_id,
        count(distinct product_id) as products,
        max(case when {of_first} then 1 else 0 end) as has_first,
        max(case when {of_second} then 1 else 0 end) as has_second
    from {LEDGER}
    where entry_type = 'sale' and not is_cancelled and {within("entry_date", span)}
    group by order_id
),

counts as (
    select
        sum(has_first) as orders_with_first,
        sum(has_second) as orders_with_second,
        sum(has_first * has_second) as orders_with_both,
        {real("sum(has_first)")} * sum(has_second) * sum(products * (products - 1))
        / nullif({real("sum(products)")} * sum(products), 0) as expected
    from baskets
),

prices as (
    select
        sum(case when {of_first} then net_sales else 0 end)
        / nullif(sum(case when {of_first} then orders else 0 end), 0) as of_first,
        sum(case when {of_second} then net_sales else 0 end)
        / nullif(sum(case when {of_second} then orders else 0 end), 0) as of_second
    from {SUMMARY}
    where ({of_first} or {of_second}) and {within("sales_date", span)}
)

select
    {product_name(first)} as product_name,
    {product_name(second)} as with_product_name,
    cast(orders_with_first as bigint) as orders_with_first,
    cast(orders_with_second as bigint) as orders_with_second,
    cast(orders_with_both as bigint) as orders_with_both,
    cast(expected as numeric(18, 1)) as expected_orders,
    {money("(orders_with_both - expected) * least(of_first, of_second)")} as effect
from counts
cross join prices"""


def _finding(first: str, second: str, span: Span, told: dict[str, Any]) -> Finding | None:
    """The finding about a pair; None where it is no more often together than chance has it."""
    from scipy.special import gammaincinv, pdtrc

    both, expected = told["orders_with_both"], float(told["expected_orders"] or 0)
    if told["effect"] is None or both < LEAST_LIFT * max(expected, 1.0):
        return None
    effect: Decimal = told["effect"]
    low, high = (
        (effect * Decimal((float(count) - expected) / (both - expected))).quantize(Decimal("0.01"))
        for count in (gammaincinv(both, 0.05), gammaincinv(both + 1, 0.95))
    )
    return Finding(
        family="products",
        kind="product_pair",
        span=span,
        segment={"product_id": first, "with_product_id": second},
        statement=(
            f"{called(first, told['product_name'])} and "
            f"{called(second, told['with_product_name'])} sell together: {said(both)} orders have "
            f"both, where chance would make it {said(told['expected_orders'])} of "
            f"{said(told['orders_with_first'])} and {said(told['orders_with_second'])} orders with "
            f"each. What is more than chance is worth about {said(effect)}, counted at the cheaper "
            "one's price."
        ),
        numbers=told,
        effect=effect,
        low=low,
        high=high,
        p_value=float(pdtrc(both - 1, max(expected, 0.1))),
        evidence_sql=_sql(first, second, span),
        next_look="Show each beside the other, or offer them as a set.",
    )
