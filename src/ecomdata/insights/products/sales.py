"""How often each product was ordered day by day, beside all that was ordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.evidence import REPORT, SUMMARY, literal, product_name, real, within
from ecomdata.insights.finding import Z90, Question, Span
from ecomdata.insights.windows import FEWEST_BASE_DAYS, Base, Floats, days_before, spread
from ecomdata.warehouse import Connection

#: Products that are looked at, at most: those in most orders.
MOST_PRODUCTS: Final = 1000
#: From this share of the period's net sales on, what a shop regularly does is news.
MATERIAL: Final = Decimal("0.01")
_YEAR: Final = timedelta(365)


@dataclass(frozen=True)
class Daily:
    """Orders by product and day.

    Args:
        span: the days.
        products: ids, those in most orders first.
        orders: that have the product, a row each; the columns are the days.
        shop: all orders, in the product's row 0 on the days before it was first sold.
    """

    span: Span
    products: tuple[str, ...]
    orders: Floats
    shop: Floats

    def usual(self, row: int, base: Span, fewer: bool) -> tuple[Base, Span]:
        """What is usual for a product by a base or the days before it, and by which.

        The less favourable of both: that a product sells again, after it was out of stock or too
        dear, is not that it takes off.
        """
        return less_favourable(self.bases(row, base), fewer)

    def bases(self, row: int, base: Span) -> list[tuple[Base, Span]]:
        """A base of a product, and that of the days before it where they tell one."""
        bases = [(self.base(row, base), base)]
        earlier = days_before(base, self.span.start)
        if earlier and self.days_sold(row, earlier) >= FEWEST_BASE_DAYS:
            bases.append((self.base(row, earlier), earlier))
        return bases

    def base(self, row: int, span: Span) -> Base:
        """What is usual for a product by some days."""
        return Base.of(self._on(self.orders, span)[row], self._on(self.shop, span)[row])

    def days_sold(self, row: int, span: Span) -> int:
        """Of some days those with orders since the product was first sold."""
        return int(np.count_nonzero(self._on(self.shop, span)[row]))

    def dispersion(self, base: Span) -> float:
        """How many times as much as Poisson counts the products' weekly orders vary."""
        return spread(self._on(self.orders, base), self._on(self.shop, base))

    def _on(self, counts: Floats, days: Span) -> Floats:
        first, last = ((day - self.span.start).days for day in (days.start, days.end))
        return counts[:, first : last + 1]


def less_favourable(bases: Sequence[tuple[Base, Span]], fewer: bool) -> tuple[Base, Span]:
    """Return the base beside which fewer, or more, orders are the least news."""
    return (min if fewer else max)(bases, key=lambda pair: pair[0].rate)


def read_daily(connection: Connection, question: Question, span: Span) -> Daily:
    """Read the orders of a span."""
    ranked_sql = f"""ranked as (
    select
        product_id,
        min(sales_date) as first_day,
        row_number() over (
            order by sum(case when sales_date >= $3 then orders else 0 end) desc, product_id
        ) as number
    from {SUMMARY}
    where orders > 0 and sales_date between $1 and $2
    group by product_id
    having max(sales_date) >= $3
)"""
    values = [question.data.start, span.end, span.start]
    ranked = connection.query(
        f"""with {ranked_sql}

select product_id, first_day
from ranked
where number <= {MOST_PRODUCTS}
order by number""",
        values,
    ).rows
    days = (span.end - span.start).days + 1
    orders, of_all = np.zeros((len(ranked), days)), np.zeros(days)
    row, at, count = connection.columns(
        f"""with {ranked_sql},

sold as (
    select product_id, sales_date, sum(orders) as orders
    from {SUMMARY}
    where orders > 0 and sales_date between $3 and $2
    group by product_id, sales_date
)

select
    ranked.number - 1 as product,
    cast(sold.sales_date - cast($3 as date) as bigint) as day,
    cast(sold.orders as bigint) as orders
from sold
inner join ranked on sold.product_id = ranked.product_id
where ranked.number <= {MOST_PRODUCTS}""",
        values,
    )
    orders[row.astype(np.int64), at.astype(np.int64)] = count
    for day, total in connection.query(
        f"select sales_date, sum(orders) from {REPORT}"
        " where sales_date between $1 and $2 group by sales_date",
        [span.start, span.end],
    ).rows:
        of_all[(day - span.start).days] = total
    shop = np.tile(of_all, (len(ranked), 1))
    for place, (_, first_day) in enumerate(ranked):
        shop[place, : max(0, (first_day - span.start).days)] = 0.0
    return Daily(span, tuple(product for product, _ in ranked), orders, shop)


def expected_sales(product: str, days: Span, base: Span) -> str:
    """Return the statement's part that says what a product sold and what it would have.

    `expected` has the product's name, its units and net sales, and those to be expected were its
    share of the shop's orders that of the base.
    """
    own, here, before = (
        f"product_id = {literal(product)}",
        within("sales_date", days),
        within("sales_date", base),
    )
    return f"""with own as (
    select
        sum(case when {here} then units_sold else 0 end) as units,
        sum(case when {here} then net_sales else 0 end) as net_sales,
        sum(case when {before} then units_sold else 0 end) as base_units,
        sum(case when {before} then net_sales else 0 end) as base_net_sales,
        min(case when orders > 0 then sales_date end) as first_sold
    from {SUMMARY}
    where {own}
),

shop as (
    select
        sum(case when {here} then orders else 0 end) as orders,
        sum(case when {before} and sales_date >= first_sold then orders else 0 end) as base_orders
    from {REPORT}
    cross join own
),

expected as (
    select
        own.*,
        {product_name(product)} as product_name,
        {real("base_units")} * orders / nullif(base_orders, 0) as units_expected,
        {real("base_net_sales")} * orders / nullif(base_orders, 0) as net_sales_expected
    from own
    cross join shop
)"""


def margin(expected: float, observed: float, base: Base, dispersion: float) -> Decimal:
    """Return the half width of the 90 % interval of expected orders less observed ones.

    As a share of the difference.
    """
    variance = dispersion * (max(expected, observed, 1.0) + expected**2 / max(base.count, 1.0))
    return Decimal(Z90 * variance**0.5 / max(abs(expected - observed), 1.0))


def year_to(question: Question) -> Span:
    """Return the year up to the end of the period, as far as there are data."""
    end = question.current.end
    return Span(max(question.data.start, end - _YEAR), end)


def net_sales(connection: Connection, span: Span) -> Decimal:
    """Return the shop's net sales of a span."""
    total: Decimal | None = connection.query(
        f"select sum(net_sales) from {REPORT} where sales_date between $1 and $2",
        [span.start, span.end],
    ).scalar
    return total or Decimal(0)
