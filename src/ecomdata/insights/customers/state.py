"""Every customer's history up to a day, and the models of how they go on."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np

from ecomdata.insights.btyd import PurchaseModel, SpendModel, fit_gamma_gamma, fit_mbg_nbd
from ecomdata.insights.evidence import literal, real
from ecomdata.insights.finding import Question
from ecomdata.insights.windows import Floats
from ecomdata.warehouse import Connection

#: Days ahead that customers are valued for: a quarter.
HORIZON: Final = 90
ORDERS: Final = "intermediate.int_orders_classified"
CUSTOMERS: Final = "staging.stg_customers"
LEDGER: Final = "intermediate.int_revenue_ledger"
#: The order of customers: sums of their figures are the same on every engine.
BY_ID: Final = 'customer_id collate "C"'


@dataclass(frozen=True)
class Customers:
    """Their histories, in order of the ids; ages are in days.

    Args:
        x: days with an order after the first one.
        t_x: age on the last of these.
        T: age now.
        z: what such a day was worth on average, before returns; 0 without one.
    """

    x: Floats
    t_x: Floats
    T: Floats
    z: Floats

    @cached_property
    def models(self) -> tuple[PurchaseModel, SpendModel]:
        """The models of their purchases and of what these are worth.

        MBG/NBD, as most customers of a shop buy once and have then left as likely as not.

        Raises:
            NotEnoughDataError: they are too few, or too much alike.
        """
        return fit_mbg_nbd(self.x, self.t_x, self.T), fit_gamma_gamma(self.x, self.z)


def histories_sql(day: date) -> str:
    """Return the CTEs that end with `histories`: one row per customer with an order by that day."""
    return f"""orders as (
    select order_id, customer_id, order_date
    from {ORDERS}
    where not is_cancelled and customer_id is not null and order_date <= {literal(day)}
),

amounts as (
    select order_id, sum(amount) as amount
    from {LEDGER}
    where entry_type <> 'return' and entry_date <= {literal(day)}
    group by order_id
),

spans as (
    select
        customer_id,
        min(order_date) as first_day,
        max(order_date) as last_day,
        count(distinct order_date) - 1 as repeats
    from orders
    group by customer_id
),

repeats_summed as (
    select
        orders.customer_id,
        sum(amounts.amount) as repeat_amount
    from orders
    inner join spans
        on orders.customer_id = spans.customer_id and orders.order_date > spans.first_day
    inner join amounts on orders.order_id = amounts.order_id
    group by orders.customer_id
),

histories as (
    select
        spans.customer_id,
        spans.repeats,
        spans.last_day,
        spans.last_day - spans.first_day as t_x,
        {literal(day)} - spans.first_day as age,
        greatest(coalesce(repeats_summed.repeat_amount, 0), 0) as repeat_amount
    from spans
    left join repeats_summed on spans.customer_id = repeats_summed.customer_id
)"""


def buyers_sql(day: date) -> str:
    """Return the query of the ids of those who have a history on that day."""
    return f"""select customer_id
from {ORDERS}
where not is_cancelled and customer_id is not null and order_date <= {literal(day)}
group by customer_id"""


def customers_on(connection: Connection, question: Question, day: date) -> Customers:
    """Return every customer as `read_customers` does, who of one question are read once."""
    if day not in question.shared:
        question.shared[day] = read_customers(connection, day)
    customers: Customers = question.shared[day]
    return customers


def read_customers(connection: Connection, day: date) -> Customers:
    """Return every customer with an order by that day, as they were on it."""
    x, t_x, age, amount = connection.columns(
        f"""with {histories_sql(day)}

select
    {real("repeats")} as repeats,
    {real("t_x")} as t_x,
    {real("age")} as age,
    {real("repeat_amount")} as repeat_amount
from histories
order by {BY_ID}"""
    )
    return Customers(x, t_x, age, amount / np.maximum(x, 1.0))
