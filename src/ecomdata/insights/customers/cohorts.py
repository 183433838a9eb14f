"""Whether those who bought for the first time in a month came back as their neighbours did."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.asking import earlier, period_of
from ecomdata.insights.customers.state import LEDGER, ORDERS
from ecomdata.insights.evidence import figures, literal, money, percent_share, real, said, within
from ecomdata.insights.finding import Z90, Finding, Question, Searched, Span
from ecomdata.insights.windows import Floats
from ecomdata.warehouse import Connection

#: Days after the first order within which a customer comes back or not.
DAYS: Final = 56
#: Months before a cohort that are its neighbours.
NEIGHBOURS: Final = 3
#: Cohorts, each beside its neighbours, that tell how far cohorts usually stray, at least.
FEWEST: Final = 6
#: Customers of a cohort and of its neighbours, at least.
FEWEST_CUSTOMERS: Final = 50
_YEAR: Final = 12
#: The upper quartile of the absolute value of a standard normal variable.
_QUARTILE: Final = 1.1503


@dataclass(frozen=True)
class Strayed:
    """A cohort beside its neighbours.

    Args:
        error: the standard deviation of its share of customers who came back, from theirs.
        p_value: how often chance alone strays as far.
    """

    error: float
    p_value: float


def search_cohorts(connection: Connection, question: Question) -> Searched:
    """Return the cohort whose time to come back ended in the period, where it strays.

    That is the cohort of the month two before: so many days of its last customer are over then.
    """
    what = "customers of a month who come back"
    if period_of(question.current) != "month":
        return Searched((), 0, f"{what}: is asked of months")
    cohort = earlier(question.current, "month", 2)
    customers, came_back = _cohorts(connection, Span(question.data.start, cohort.end))
    needed = FEWEST + NEIGHBOURS + 1
    if len(customers) < needed:
        return Searched((), 0, f"{what}: needs {needed} months of new ones, has {len(customers)}")
    if min(customers[-1], customers[-1 - NEIGHBOURS : -1].sum()) < FEWEST_CUSTOMERS:
        return Searched((), 0, f"{what}: needs {FEWEST_CUSTOMERS} new ones in the month")
    strayed = stray(customers, came_back)
    neighbours = Span(earlier(cohort, "month", NEIGHBOURS).start, cohort.start - timedelta(1))
    return Searched((_finding(connection, cohort, neighbours, strayed),), 1)


def stray(customers: Floats, came_back: Floats) -> Strayed:
    """Return how far the last cohort strays from its neighbours.

    Each cohort before it strays from its own, and that is what is usual: the upper quartile of
    it, as a normal deviation. What strayed the same way a year ago is the season's.
    """
    from scipy.special import stdtr

    usual, of = (
        np.convolve(each[:-1], np.ones(NEIGHBOURS), "valid") for each in (came_back, customers)
    )
    own, size = came_back[NEIGHBOURS:], customers[NEIGHBOURS:]
    rate = (usual + own + 0.5) / (of + size + 1)
    luck = np.sqrt(rate * (1 - rate) * (1 / np.maximum(of, 1) + 1 / np.maximum(size, 1)))
    apart = own / np.maximum(size, 1) - usual / np.maximum(of, 1)
    score = apart / luck
    wide = max(1.0, float(np.quantile(np.abs(score[:-1]), 0.75)) / _QUARTILE)
    scores = [float(score[-1])]
    if len(score) > _YEAR:
        scores.append(float(score[-1] - score[-1 - _YEAR]) / 2**0.5)
    least = min(abs(each) for each in scores) if len({each > 0 for each in scores}) == 1 else 0.0
    return Strayed(float(luck[-1]) * wide, float(2 * stdtr((len(score) - 1) / 2, -least / wide)))


def _cohorts(connection: Connection, span: Span) -> tuple[Floats, Floats]:
    """New customers by month, the oldest first, and those of them who came back."""
    months: dict[date, tuple[int, int]] = {
        month: (customers, came_back)
        for month, customers, came_back in connection.query(
            f"""with {_came_back(span)}

select
    cast(date_trunc('month', first_day) as date) as cohort_month,
    count(*) as customers,
    count(case when orders > 0 then 1 end) as came_back
from came_back
group by 1"""
        ).rows
    }
    # The first month of the data has customers of long before.
    first = span.start.replace(day=1)
    ordered: list[tuple[int, int]] = []
    at = (first + timedelta(31)).replace(day=1)
    while at <= span.end:
        ordered.append(months.get(at, (0, 0)))
        at = (at + timedelta(31)).replace(day=1)
    table = np.array(ordered, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _came_back(span: Span) -> str:
    """The CTEs that end with `came_back`: a row per customer whose first order is of the span."""
    return f"""orders as (
    select order_id, customer_id, order_date
    from {ORDERS}
    where
        not is_cancelled
        and customer_id is not null
        and order_date <= {literal(span.end + timedelta(DAYS))}
),

firsts as (
    select customer_id, min(order_date) as first_day
    from orders
    group by customer_id
    having {within("min(order_date)", span)}
),

came_back as (
    select
        firsts.customer_id,
        firsts.first_day,
        count(orders.order_id) as orders
    from firsts
    left join orders
        on
            firsts.customer_id = orders.customer_id
            and orders.order_date > firsts.first_day
            and orders.order_date <= firsts.first_day + {DAYS}
    group by firsts.customer_id, firsts.first_day
)"""


def _finding(connection: Connection, cohort: Span, neighbours: Span, strayed: Strayed) -> Finding:
    both = Span(neighbours.start, cohort.end)
    here, there = within("first_day", cohort), within("first_day", neighbours)
    sql = f"""with {_came_back(both)},

amounts as (
    select
        orders.customer_id,
        sum(ledger.amount) as net_sales
    from orders
    inner join firsts
        on
            orders.customer_id = firsts.customer_id
            and orders.order_date > firsts.first_day
            and orders.order_date <= firsts.first_day + {DAYS}
    inner join {LEDGER} as ledger
        on orders.order_id = ledger.order_id and ledger.entry_type <> 'return'
    group by orders.customer_id
),

sums as (
    select
        count(case when {here} then 1 end) as customers,
        count(case when {here} and orders > 0 then 1 end) as came_back,
        count(case when {there} then 1 end) as neighbours,
        count(case when {there} and orders > 0 then 1 end) as neighbours_came_back,
        sum(amounts.net_sales) / nullif(count(case when orders > 0 then 1 end), 0) as each_spent
    from came_back
    left join amounts on came_back.customer_id = amounts.customer_id
)

select
    customers,
    came_back,
    cast({DAYS} as bigint) as days,
    {percent_share("came_back", "customers")} as share_percent,
    {percent_share("neighbours_came_back", "neighbours")} as neighbours_percent,
    {money("each_spent")} as each_spent,
    {
        money(
            f"(came_back - customers * {real('neighbours_came_back')} / nullif(neighbours, 0))"
            f" * coalesce({real('each_spent')}, 0)"
        )
    } as effect
from sums"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    margin = Decimal(Z90 * strayed.error * told["customers"]) * (told["each_spent"] or 0)
    better = effect > 0
    return Finding(
        family="customers",
        kind="cohort",
        span=cohort,
        segment={"first_order": f"{cohort.start:%Y-%m}"},
        statement=(
            f"Who bought for the first time from {cohort.start} to {cohort.end} came back "
            f"{'more' if better else 'less'} often than those of the months before: "
            f"{said(told['came_back'])} of {said(told['customers'])} within {told['days']} days "
            f"({told['share_percent']} %), where {told['neighbours_percent']} % did. At "
            f"{said(told['each_spent'] or 0)} a customer that is about {said(effect)} "
            f"{'more' if better else 'less'} of net sales."
        ),
        numbers=told,
        effect=effect,
        low=(effect - margin).quantize(Decimal("0.01")),
        high=(effect + margin).quantize(Decimal("0.01")),
        p_value=strayed.p_value,
        evidence_sql=sql,
        next_look=(
            "See where they came from and what they bought first, and whether there can be more "
            "of them."
            if better
            else "See what brought them (an offer, a campaign) and what their first order was like "
            "for them."
        ),
    )
