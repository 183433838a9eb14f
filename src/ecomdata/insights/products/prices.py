"""Products whose price changed, and whose buyers answered to it.

A price holds from the first day on which it is what most units of the product cost, for at least
three days with sales. That prices change is what shops do; it is news where fewer units are sold
at a higher price than its share of the shop's orders was before, or more at a lower one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import Any, Final

from ecomdata.insights.evidence import (
    LEDGER,
    called,
    figures,
    literal,
    money,
    percent_change,
    said,
    within,
)
from ecomdata.insights.false_discoveries import CANDIDATE
from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.products.sales import expected_sales, margin, read_daily
from ecomdata.insights.windows import BASE_DAYS, FEWEST_BASE_DAYS, rarity, too_few_days
from ecomdata.warehouse import Connection

#: A price differs from another by more than this share; less is rounding.
SAME: Final = Decimal("0.01")
#: A change of less is not what buyers answer to.
LEAST_CHANGE: Final = Decimal("0.05")
#: Days with sales on which a price must hold.
HOLDS: Final = 3
#: Days since a change that are looked at, at most, and must have gone by, at least.
LOOKED_AT: Final = 91
FEWEST_SINCE: Final = 14
#: A change is asked about in the period and in the days after it.
NEWS: Final = 31
#: At least this share of the change is in what a unit brought: else some buyers paid it, not all.
LEAST_PAID: Final = 0.5
#: With fewer of its orders or units left a product has stopped selling: that is no answer to it.
LEAST_LEFT: Final = Decimal("0.25")
#: Orders that a product should have since the change.
LEAST_EXPECTED: Final = 15.0
_SOLD: Final = "entry_type = 'sale' and not is_cancelled and quantity > 0 and amount > 0"
_DAY: Final = timedelta(1)


@dataclass(frozen=True)
class Charged:
    """The price of days with sales that follow each other: the first of them, how many they are."""

    price: Decimal
    first: date
    days: int


@dataclass(frozen=True)
class Held:
    """A price and the days on which it held: `last` is the day before the next price."""

    price: Decimal
    first: date
    last: date


def search_prices(connection: Connection, question: Question) -> Searched:
    """Return the price changes that buyers answered to."""
    current, data = question.current, question.data
    have = (current.start - data.start).days
    if have < FEWEST_BASE_DAYS:
        return too_few_days("changes of prices", have)
    news = current.start - timedelta(NEWS)
    span = Span(max(data.start, news - timedelta(2 * BASE_DAYS)), current.end)
    daily = read_daily(connection, question, span)
    prices = _prices(connection, span)
    dispersion = daily.dispersion(span)
    tests, findings = 0, []
    for row, product in enumerate(daily.products):
        for before, now in changes(prices[product], current.end):
            base_days = min(BASE_DAYS, (now.first - before.first).days) // 7 * 7
            at = (now.first - span.start).days
            end = min((now.last - span.start).days + 1, at + LOOKED_AT)
            if (
                abs(now.price - before.price) < LEAST_CHANGE * before.price
                or now.first < news
                or now.last < current.start
                or end - at < FEWEST_SINCE
                or base_days < FEWEST_BASE_DAYS
            ):
                continue
            shop, orders = daily.shop[row], daily.orders[row]
            base_span = Span(now.first - timedelta(base_days), now.first - _DAY)
            base = daily.base(row, base_span)
            exposure = shop[at:end].sum(keepdims=True)
            observed = orders[at:end].sum(keepdims=True)
            expected = float(exposure[0]) * base.rate
            if expected < LEAST_EXPECTED:
                continue
            tests += 1
            rises = now.price > before.price
            usual, _ = daily.usual(row, base_span, fewer=rises)
            p_value = float(rarity(observed, exposure, usual, dispersion, fewer=rises)[0])
            if p_value > CANDIDATE or observed[0] < float(LEAST_LEFT) * expected:
                continue
            days = Span(now.first, span.start + timedelta(end - 1))
            part = margin(expected, float(observed[0]), base, dispersion)
            lost = abs(expected - float(observed[0])) / expected
            finding = _finding(
                connection, product, rises, days, base_span, part * Decimal(lost), p_value
            )
            if _is_paid(finding.numbers):
                findings.append(finding)
    return Searched(tuple(findings), tests)


def changes(prices: Iterable[Charged], until: date) -> list[tuple[Held, Held]]:
    """Return each price that held with the one that followed it.

    A price that returns to the one before the last within a quarter is no change of its own: that
    an offer ended is no rise.

    Args:
        prices: of the days with sales, the oldest first.
        until: the last day that is known.
    """
    runs: list[list[Charged]] = []
    for each in prices:
        if not runs or not _same(runs[-1][-1].price, each.price):
            runs.append([])
        runs[-1].append(each)
    firsts: list[Charged] = []
    for run in runs:
        if sum(each.days for each in run) >= HOLDS and not (
            firsts and _same(firsts[-1].price, run[0].price)
        ):
            firsts.append(run[0])
    held = [
        Held(now.price, now.first, after.first - _DAY if after else until)
        for now, after in zip_longest(firsts, firsts[1:])
    ]
    return [
        (before, now)
        for at, (before, now) in enumerate(pairwise(held))
        if not (
            at
            and _same(held[at - 1].price, now.price)
            and (now.first - before.first).days <= LOOKED_AT
        )
    ]


def _same(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= SAME * max(one, other)


def _prices(connection: Connection, span: Span) -> dict[str, list[Charged]]:
    """The price that most units of a product had, from each day on from which it was another."""
    rows = connection.query(
        f"""with prices as (
    select
        product_id,
        entry_date,
        cast(amount / quantity as numeric(18, 2)) as price,
        sum(quantity) as units
    from {LEDGER}
    where {_SOLD} and entry_date between $1 and $2
    group by 1, 2, 3
),

ranked as (
    select
        *,
        row_number() over (partition by product_id, entry_date order by units desc, price) as place
    from prices
    where price > 0
),

prices_by_day as (
    select
        product_id,
        entry_date,
        price,
        lag(price) over (partition by product_id order by entry_date) as price_before,
        row_number() over (partition by product_id order by entry_date) as day_number,
        count(*) over (partition by product_id) as days
    from ranked
    where place = 1
)

select product_id, price, entry_date, day_number, days
from prices_by_day
where day_number = 1 or price <> price_before
order by product_id, entry_date""",
        [span.start, span.end],
    ).rows
    prices: dict[str, list[Charged]] = defaultdict(list)
    for (product, price, day, number, days), after in zip_longest(rows, rows[1:]):
        following = after[3] if after and after[0] == product else days + 1
        prices[product].append(Charged(price, day, following - number))
    return prices


def _finding(
    connection: Connection,
    product: str,
    rises: bool,
    days: Span,
    base_span: Span,
    part: Decimal,
    p_value: float,
) -> Finding:
    sql = f"""{expected_sales(product, days, base_span)},

prices as (
    select
        *,
        ({_usual_price(product, days)}) as price,
        ({_usual_price(product, base_span)}) as price_before
    from expected
)

select
    product_name,
    price,
    price_before,
    {percent_change("price", "price_before")} as price_percent,
    cast(units as bigint) as units,
    cast(units_expected as numeric(18, 0)) as expected_units,
    {money("net_sales")} as net_sales,
    {money("net_sales_expected")} as expected_net_sales,
    {money("net_sales - net_sales_expected")} as effect
from prices"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    ends = told["expected_net_sales"] * part
    return Finding(
        family="products",
        kind="price_rise" if rises else "price_cut",
        span=days,
        segment={"product_id": product},
        statement=(
            f"{called(product, told['product_name'])} costs {said(told['price'])} after "
            f"{said(told['price_before'])} ({told['price_percent']:+} %) since {days.start}. Until "
            f"{days.end} it sold {said(told['units'])} units, where {said(told['expected_units'])} "
            f"were to be expected as before, and brought {said(told['net_sales'])} instead of "
            f"{said(told['expected_net_sales'])}: {effect:+,}."
        ),
        numbers=told,
        effect=effect,
        low=(effect - ends).quantize(Decimal("0.01")),
        high=(effect + ends).quantize(Decimal("0.01")),
        p_value=p_value,
        evidence_sql=sql,
        next_look=(
            "See whether the margin makes up for the buyers it lost; else take the price back."
            if rises
            else "See whether what it sells more makes up for the margin that it lost."
        ),
    )


def _is_paid(told: Mapping[str, Any]) -> bool:
    """Whether it still sells, and what a unit brought went with the price."""
    sums = told["units"], told["expected_units"], told["expected_net_sales"]
    if min(sums) <= 0 or told["units"] < LEAST_LEFT * told["expected_units"]:
        return False
    if told["price"] == told["price_before"]:
        return False
    paid = told["net_sales"] / told["units"]
    paid_before = told["expected_net_sales"] / told["expected_units"]
    change = (paid / paid_before - 1) / (told["price"] / told["price_before"] - 1)
    return bool(change >= LEAST_PAID)


def _usual_price(product: str, days: Span) -> str:
    """Return the query of the price that most units of some days had."""
    return f"""select cast(amount / quantity as numeric(18, 2)) as unit_price
        from {LEDGER}
        where
            {_SOLD} and product_id = {literal(product)} and {within("entry_date", days)}
        group by 1
        order by sum(quantity) desc, 1
        limit 1"""
