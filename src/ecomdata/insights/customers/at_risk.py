"""Customers who came again and again, and in this period fell silent for too long."""

from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.errors import NotEnoughDataError
from ecomdata.insights.btyd import PurchaseModel, SpendModel, parameters_error
from ecomdata.insights.btyd.purchases import p_alive
from ecomdata.insights.btyd.spend import expected_spend
from ecomdata.insights.customers.state import (
    HORIZON,
    Customers,
    customers_on,
    histories_sql,
)
from ecomdata.insights.evidence import figures, literal, money, real, said
from ecomdata.insights.finding import Z90, Finding, Question, Searched
from ecomdata.insights.windows import Floats
from ecomdata.warehouse import Connection

#: Below this a customer has more likely left than not.
_LIKELY: Final = 0.5


def search_value_at_risk(connection: Connection, question: Question) -> Searched:
    """Return what is at risk with the customers who slipped away in the period.

    It tests nothing: there are always some, and it says how many and what they are worth.
    """
    customers = customers_on(connection, question, question.current.end)
    try:
        purchases, spend = customers.models
    except NotEnoughDataError as error:
        return Searched((), 0, f"which customers slip away: {error}")
    if not purchases.a:
        return Searched(
            (), 0, "which customers slip away: needs a longer time, nobody seems to have left yet"
        )
    slipped = _slipped(purchases, customers, (question.current.end - question.before.end).days)
    if not slipped.any() or spend.q + spend.p <= 2:
        return Searched((), 0)
    return Searched((_finding(connection, question, purchases, spend, customers, slipped),), 0)


def value_at_risk(
    of_purchases: Floats, of_spend: Floats, x: Floats, t_x: Floats, T: Floats, z: Floats
) -> Floats:
    """Return what each would spend in the next quarter were they here, times how likely they left.

    Args:
        of_purchases: parameters of MBG/NBD.
        of_spend: parameters of Gamma-Gamma.
        x: purchases after the first.
        t_x: age at the last one.
        T: age.
        z: average value of the purchases.
    """
    r, alpha, _, _ = of_purchases
    left = 1 - p_alive(of_purchases, True, x, t_x, T)
    value: Floats = left * HORIZON * (r + x) / (alpha + T) * expected_spend(of_spend, x, z)
    return value


def _slipped(purchases: PurchaseModel, customers: Customers, days: int) -> NDArray[np.bool_]:
    """Who more likely left than not, and so many days ago had not."""
    earlier = customers.T - days
    silent = (customers.x > 0) & (customers.t_x <= earlier)
    slipped = np.zeros(len(customers.x), dtype=np.bool_)
    x, t_x = customers.x[silent], customers.t_x[silent]
    now = purchases.p_alive(x, t_x, customers.T[silent])
    before = purchases.p_alive(x, t_x, earlier[silent])
    slipped[silent] = (now < _LIKELY) & (before >= _LIKELY)
    return slipped


def _finding(
    connection: Connection,
    question: Question,
    purchases: PurchaseModel,
    spend: SpendModel,
    customers: Customers,
    slipped: NDArray[np.bool_],
) -> Finding:
    days = (question.current.end - question.before.end).days
    r, alpha, a, b = (f"{each:.9g}" for each in purchases.parameters)
    p, q, gamma = (f"{each:.9g}" for each in spend.parameters)
    x, amount = real("repeats"), real("repeat_amount")

    def alive(age: str) -> str:
        growth = f"({r} + {x}) * ln(({alpha} + {real(age)}) / ({alpha} + {real('t_x')}))"
        return f"1 / (1 + {a} / ({b} + {x}) * exp(least(600, {growth})))"

    sql = f"""with {histories_sql(question.current.end)},

chances as (
    select
        *,
        {alive("age")} as p_alive,
        {alive(f"greatest(age - {days}, t_x)")} as p_alive_before
    from histories
    where repeats > 0
),

slipped as (
    select
        customer_id,
        {money("repeat_amount")} as repeat_amount,
        {
        money(f'''{HORIZON} * ({r} + {x}) / ({alpha} + {real("age")})
            * {p} * ({gamma} + {amount}) / ({p} * {x} + {q} - 1)''')
    } as value,
        p_alive
    from chances
    where
        p_alive < {_LIKELY}
        and p_alive_before >= {_LIKELY}
        and last_day <= {literal(question.before.end)}
)

select
    count(*) as customers,
    sum(repeat_amount) as repeat_sales,
    cast({HORIZON} as bigint) as days_ahead,
    sum(value) as value,
    sum({money("-value * (1 - p_alive)")}) as effect
from slipped"""
    told = figures(connection, sql)
    told = {name: int(told[name]) if name == "customers" else told[name] for name in told}
    effect: Decimal = told["effect"]
    of_them = (
        customers.x[slipped],
        customers.t_x[slipped],
        customers.T[slipped],
        customers.z[slipped],
    )
    error = float(
        np.hypot(
            np.sqrt(_luck(purchases, spend, *of_them).sum()),
            parameters_error(
                purchases,
                spend,
                lambda of_purchases, of_spend: float(
                    value_at_risk(of_purchases, of_spend, *of_them).sum()
                ),
            ),
        )
    )
    margin = Decimal(Z90 * error)
    from scipy.special import ndtr

    return Finding(
        family="customers",
        kind="value_at_risk",
        span=question.current,
        segment={"customers": "slipping away"},
        statement=(
            f"{said(told['customers'])} customers who had come back are now more likely gone than "
            f"not, and were not before {question.current.start}. Their purchases after the first "
            f"came to {said(told['repeat_sales'])}. Were they all still here they would spend "
            f"about {said(told['value'])} in the next {told['days_ahead']} days; {said(effect)} of "
            "that is at risk."
        ),
        numbers=told,
        effect=effect,
        low=(effect - margin).quantize(Decimal("0.01")),
        high=min(effect + margin, Decimal(0)).quantize(Decimal("0.01")),
        p_value=float(ndtr(-abs(float(effect)) / error)),
        evidence_sql=sql,
        next_look=(
            "Write to the dearest of them before the others: ecomdata insights "
            "--export-customers FILE lists every customer with what is at risk."
        ),
    )


def _luck(
    purchases: PurchaseModel, spend: SpendModel, x: Floats, t_x: Floats, T: Floats, z: Floats
) -> Floats:
    """The variance of what each takes along: whether they left, and what they would have spent."""
    p, q, gamma = spend.parameters
    left = 1 - purchases.p_alive(x, t_x, T)
    shape, by_horizon = purchases.r + x, HORIZON / (purchases.alpha + T)
    once = shape * by_horizon
    twice = once + shape * (shape + 1) * by_horizon**2
    rate = q + p * x
    squared = (gamma + x * z) ** 2 / ((rate - 1) * (rate - 2))
    mean = left * once * spend.expected_spend(x, z)
    variance: Floats = left * (once * p + twice * p**2) * squared - mean**2
    return variance
