"""Countries whose customers of before a day no longer come, while new ones do."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.insights.customers.state import CUSTOMERS, LEDGER, ORDERS
from ecomdata.insights.evidence import figures, literal, money, percent_change, real, said, within
from ecomdata.insights.false_discoveries import CANDIDATE
from ecomdata.insights.finding import Z90, Finding, Question, Searched, Span
from ecomdata.insights.windows import (
    BASE_DAYS,
    FEWEST_BASE_DAYS,
    LEAST_SHARE,
    MOST_SHARE,
    Floats,
    too_few_days,
    two_rates,
)
from ecomdata.warehouse import Connection

#: So long before the period it may have begun: a loss shows by what does not come for a while.
DAYS_BACK: Final = 31
#: Days that they did not come for at the least.
FEWEST_DAYS: Final = 14
#: A loss leaves at most this share of the orders that there should be.
MOST_LEFT: Final = 0.75
#: Fewer orders than these are expected of a handful of customers, each of whom may have had enough.
FEWEST_EXPECTED: Final = 30.0

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Orders:
    """Orders by day: when, whose, since when they are a customer, where."""

    day: Ints
    customer: Ints
    first_day: Ints
    country: Ints
    countries: tuple[str, ...]


@dataclass(frozen=True)
class _Loss:
    """The customers of a country who came before a day, from then on.

    Args:
        day: the first day.
        observed: their orders.
        expected: their orders, had they gone on as those of other countries did.
        dispersion: how many times as much as Poisson counts these vary.
        base: their orders of the days before.
        p_value: how often chance alone leaves as few.
    """

    day: int
    observed: float
    expected: float
    dispersion: float
    base: float
    p_value: float

    @property
    def gain(self) -> float:
        """How much likelier a loss is than none."""
        if self.observed >= self.expected:
            return -np.inf
        observed = max(self.observed, 0.5)
        gain = observed * np.log(observed / self.expected) - (observed - self.expected)
        return float(gain / self.dispersion)


def search_lost_segments(connection: Connection, question: Question) -> Searched:
    """Return the countries whose customers of before some day no longer come.

    Their orders since that day are set beside those of other countries' customers of before that
    day, and beside the orders of the country's own new customers: where those fail to come too, it
    is no loss of customers. Whose first order is of the last days is set beside their like, as
    new customers lapse sooner.
    """
    start = max(question.data.start, question.current.start - timedelta(DAYS_BACK + BASE_DAYS))
    base_days = (question.current.start - start).days
    if base_days < FEWEST_BASE_DAYS:
        return too_few_days("customers who no longer come", base_days)
    orders = _read(connection, Span(start, question.current.end))
    last = (question.current.end - start).days
    first = max(FEWEST_BASE_DAYS, base_days - DAYS_BACK)
    losses: dict[int, list[_Loss]] = {}
    for day in range(first, last - FEWEST_DAYS + 2):
        for country, loss in _losses(orders, day):
            losses.setdefault(country, []).append(loss)
    findings = []
    for country, of_days in sorted(losses.items()):
        best = max(of_days, key=lambda loss: loss.gain)
        ordered = np.sort([loss.p_value for loss in of_days])
        p_value = float(np.min(ordered * len(ordered) / np.arange(1, len(ordered) + 1)))
        if p_value <= CANDIDATE and best.observed <= MOST_LEFT * best.expected:
            span = Span(start + timedelta(best.day), question.current.end)
            base_span = Span(
                max(start, span.start - timedelta(BASE_DAYS)), span.start - timedelta(1)
            )
            findings.append(
                _finding(connection, orders.countries[country], span, base_span, best, p_value)
            )
    return Searched(tuple(findings), len(losses))


def _losses(orders: _Orders, day: int) -> Iterator[tuple[int, _Loss]]:
    """What each country lost, had it begun on that day."""
    # Of each country, of its customers of long and of its recent ones.
    place = 2 * orders.country + (orders.first_day >= day - BASE_DAYS)
    groups = 2 * len(orders.countries)

    def by_country(rows: slice, also: NDArray[np.bool_] | None = None) -> Floats:
        sums = np.bincount(place[rows], also, minlength=groups)
        return sums.astype(np.float64).reshape(-1, 2)

    before = slice(*np.searchsorted(orders.day, (day - BASE_DAYS, day)))
    since = slice(before.stop, None)
    is_old = orders.first_day[since] < day
    of_base, of_old = by_country(before), by_country(since, is_old)
    own = np.bincount(orders.customer[before])
    squares = np.bincount(place[before], own[orders.customer[before]], minlength=groups).reshape(
        -1, 2
    )
    elsewhere = (of_old.sum(0) - of_old) / np.maximum(of_base.sum(0) - of_base, 1.0)
    base, old, expected = of_base.sum(1), of_old.sum(1), (of_base * elsewhere).sum(1)
    is_first = orders.day[before] == orders.first_day[before]
    base_new, new = by_country(before, is_first).sum(1), by_country(since, ~is_old).sum(1)
    share = base / max(base.sum(), 1.0)
    new_elsewhere = (new.sum() - new) / np.maximum(base_new.sum() - base_new, 1.0)
    expected_new = base_new * new_elsewhere
    at = np.flatnonzero(
        (share >= LEAST_SHARE) & (share <= MOST_SHARE) & (expected >= FEWEST_EXPECTED)
    )
    # A customer who leaves takes all of their orders along.
    dispersion = 1 + (elsewhere[at] ** 2 * squares[at]).sum(1) / expected[at]
    beside_others = two_rates(
        old[at], expected[at] / base[at], base[at], np.ones(len(at)), dispersion, fewer=True
    )
    beside_new = two_rates(old[at], expected[at], new[at], expected_new[at], dispersion, fewer=True)
    p_values = np.maximum(beside_others, beside_new)
    for country, spread, p_value in zip(at, dispersion, p_values, strict=True):
        yield (
            int(country),
            _Loss(
                day,
                float(old[country]),
                float(expected[country]),
                float(spread),
                float(base[country]),
                float(p_value),
            ),
        )


def _read(connection: Connection, span: Span) -> _Orders:
    """The orders of these days by customers whose country is known."""
    countries = [
        row[0]
        for row in connection.query(
            f"select country from {CUSTOMERS} where country is not null group by country"
        ).rows
    ]
    countries.sort()
    listed = ", ".join(f"(cast(${at + 3} as text), {at})" for at in range(len(countries)))
    if not countries:
        listed = "(cast(null as text), 0)"
    columns = connection.columns(
        f"""with orders as (
    select customer_id, order_date
    from {ORDERS}
    where not is_cancelled and customer_id is not null and order_date <= $2
),

first_days as (
    select
        customer_id,
        min(order_date) as first_day,
        row_number() over () as number
    from orders
    group by customer_id
)

select
    cast(orders.order_date - cast($1 as date) as bigint) as day,
    first_days.number - 1 as customer,
    cast(first_days.first_day - cast($1 as date) as bigint) as first_day,
    cast(countries.place as bigint) as country
from orders
inner join first_days on orders.customer_id = first_days.customer_id
inner join {CUSTOMERS} as customers on orders.customer_id = customers.customer_id
inner join (values {listed}) as countries (name, place) on customers.country = countries.name
where orders.order_date >= $1
order by 1""",
        [span.start, span.end, *countries],
    )
    day, customer, first_day, country = (each.astype(np.int64) for each in columns)
    return _Orders(day, customer, first_day, country, tuple(countries))


def _finding(
    connection: Connection,
    country: str,
    span: Span,
    base_span: Span,
    loss: _Loss,
    p_value: float,
) -> Finding:
    here, there = f"country = {literal(country)}", f"country <> {literal(country)}"
    now, before = within("order_date", span), within("order_date", base_span)
    old, new = f"{now} and is_old", f"{now} and not is_old"
    sql = f"""with first_days as (
    select customer_id, min(order_date) as first_day
    from {ORDERS}
    where not is_cancelled and order_date <= {literal(span.end)}
    group by customer_id
),

amounts as (
    select order_id, sum(amount) as net_sales
    from {LEDGER}
    where entry_type <> 'return' and {within("entry_date", Span(base_span.start, span.end))}
    group by order_id
),

orders as (
    select
        customers.country,
        orders.order_date,
        first_days.first_day < {literal(span.start)} as is_old,
        first_days.first_day >= {literal(base_span.start)} as is_recent,
        orders.order_date = first_days.first_day as is_first_day,
        amounts.net_sales
    from {ORDERS} as orders
    inner join first_days on orders.customer_id = first_days.customer_id
    inner join {CUSTOMERS} as customers on orders.customer_id = customers.customer_id
    left join amounts on orders.order_id = amounts.order_id
    where
        not orders.is_cancelled
        and {within("orders.order_date", Span(base_span.start, span.end))}
),

customers_of_long_and_recent_ones as (
    select
        is_recent,
        count(case when {here} and {old} then 1 end) as orders,
        count(case when {here} and {new} then 1 end) as new_orders,
        count(case when {here} and {before} then 1 end) as base_orders,
        sum(case when {here} and {before} then net_sales else 0 end) as base_net_sales,
        count(case when {there} and {old} then 1 end) as others,
        count(case when {there} and {before} then 1 end) as base_others
    from orders
    group by is_recent
),

expected as (
    select
        sum(orders) as orders,
        sum(new_orders) as new_orders,
        sum(base_orders) as base_orders,
        sum(base_net_sales) as base_net_sales,
        sum({real("base_orders")} * others / greatest(base_others, 1)) as expected
    from customers_of_long_and_recent_ones
)

select
    cast(orders as bigint) as orders,
    cast(new_orders as bigint) as new_orders,
    cast(expected as numeric(18, 1)) as expected_orders,
    {percent_change("orders", "expected")} as change_percent,
    {money(f"(orders - expected) * {real('base_net_sales')} / nullif(base_orders, 0)")} as effect
from expected"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    error = Z90 * float(
        np.sqrt(loss.dispersion * loss.expected * (1 + loss.expected / max(loss.base, 1.0)))
    )
    margin = abs(effect) * Decimal(error / max(loss.expected - loss.observed, 1.0))
    return Finding(
        family="customers",
        kind="lost_segment",
        span=span,
        segment={"country": country},
        statement=(
            f"Customers from {country} of before {span.start} no longer come as they did: "
            f"{said(told['orders'])} orders to {span.end}, where {said(told['expected_orders'])} "
            f"were to be expected beside the other countries' customers of before "
            f"({told['change_percent']} %). New ones placed {said(told['new_orders'])}. That is "
            f"about {said(effect)} of net sales not made."
        ),
        numbers=told,
        effect=effect,
        low=(effect - margin).quantize(Decimal("0.01")),
        high=min(effect + margin, Decimal(0)).quantize(Decimal("0.01")),
        p_value=p_value,
        evidence_sql=sql,
        next_look=(
            f"Ask some of them in {country} why they left, and see what changed for existing "
            f"customers about {span.start}: prices, accounts, e-mails, delivery."
        ),
    )
