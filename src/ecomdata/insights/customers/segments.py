"""The segments of the customers: how many, what they are worth, what to do, and who they are."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.errors import NotEnoughDataError
from ecomdata.insights.btyd import spend_interval
from ecomdata.insights.customers.at_risk import value_at_risk
from ecomdata.insights.customers.state import (
    BY_ID,
    CUSTOMERS,
    HORIZON,
    Customers,
    buyers_sql,
    customers_on,
    read_customers,
)
from ecomdata.insights.finding import Question
from ecomdata.insights.windows import Floats
from ecomdata.warehouse import Connection, Table

#: What to do about a segment (docs/kpis.md has who they are).
ACTIONS: Final = {
    "Champions": "thank them: early access, a word from the owner; no discount",
    "Loyal": "offer what goes with what they buy, and a larger basket",
    "Potential loyalists": "give a reason for the next order: a bonus from the third one on",
    "Promising": "follow the first order up within weeks, with what goes with it",
    "Recent": "welcome them and show the range; make the second order easy",
    "Need attention": "remind them with something new of what they bought",
    "About to sleep": "send one offer that ends soon",
    "Cannot lose": "call or write in person; ask what went wrong before offering anything",
    "At risk": "win back with a dated offer on what they used to buy",
    "Hibernating": "one cheap reminder in season, and no more",
    "Lost": "spend nothing on them; take them off the costly mailings",
    "No orders": "invite to a first order, once",
}
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Segment:
    """A segment on the last day of the data, and 90 days before.

    Args:
        segment: its name.
        action: what to do.
        customers: how many they are.
        net_sales: what they bought so far.
        customers_before: how many they were; None: nobody had bought by then.
        customers_entered: of them now, who were elsewhere.
        customers_left: of them before, who are elsewhere.
        net_sales_before: what those before had bought.
        expected_sales: what they will spend in the next 90 days; None: not enough data.
        value_at_risk: what they would spend more, had none of them left.
    """

    segment: str
    action: str
    customers: int
    net_sales: Decimal
    customers_before: int | None
    customers_entered: int | None
    customers_left: int | None
    net_sales_before: Decimal | None
    expected_sales: Decimal | None
    value_at_risk: Decimal | None


@dataclass(frozen=True)
class Segments:
    """All segments that have or had a customer, from the best to those who are gone.

    Args:
        as_of: the last day of the data; None: no order names a customer.
        rows: the segments.
        silence: why their future worth is not told.
    """

    as_of: date | None
    rows: tuple[Segment, ...]
    silence: str = ""


@dataclass(frozen=True)
class _Outlook:
    """What the models expect of each customer in the next 90 days."""

    p_alive: Floats
    purchases: Floats
    spend: Floats
    low: Floats | None
    high: Floats | None
    at_risk: Floats


def read_segments(connection: Connection, question: Question) -> Segments:
    """Return the segments of `final_customer_segments`, with what is to be expected of them.

    Customers who were read for the question are not read again.
    """
    rows = connection.query(
        "select segment_number, segment, as_of_date, customers, net_sales, customers_before,"
        " customers_entered, customers_left, net_sales_before from final.final_customer_segments"
        " where customers > 0 or customers_before > 0 order by segment_number"
    ).dicts()
    if not rows:
        return Segments(None, ())
    as_of: date = rows[0]["as_of_date"]
    customers = customers_on(connection, question, as_of)
    expected: NDArray[Any] = np.zeros(len(ACTIONS) + 1)
    at_risk: NDArray[Any] = np.zeros(len(ACTIONS) + 1)
    silence = ""
    try:
        outlook = _outlook(customers, with_interval=False)
    except NotEnoughDataError as error:
        silence = f"what the customers of a segment will spend: {error}"
    else:
        number = _segment_numbers(connection, as_of)
        expected = np.bincount(number, outlook.spend, minlength=len(expected))
        at_risk = np.bincount(number, outlook.at_risk, minlength=len(at_risk))
    return Segments(
        as_of,
        tuple(
            Segment(
                action=ACTIONS[row["segment"]],
                expected_sales=None if silence else _money(expected[row["segment_number"]]),
                value_at_risk=None if silence else _money(at_risk[row["segment_number"]]),
                **{name: row[name] for name in row if name not in ("segment_number", "as_of_date")},
            )
            for row in rows
        ),
        silence,
    )


def _segment_numbers(connection: Connection, as_of: date) -> NDArray[np.int64]:
    """The segment of each customer with a history, in the order of `Customers`."""
    [numbers] = connection.columns(
        f"""with buyers as (
    {buyers_sql(as_of)}
)

select ranges.segment_number
from buyers
inner join final.final_customer_behavior as behavior
    on buyers.customer_id = behavior.customer_id and not behavior.is_guest
inner join final.final_customer_segments as ranges on behavior.segment = ranges.segment
order by buyers.{BY_ID}"""
    )
    return numbers


def list_customers(connection: Connection, redacted: bool) -> Table:
    """Return every customer with their segment, its action, and what is to be expected of them.

    Shape: one row per customer, the segments in their order, in each the most at risk first.

    Args:
        connection: to the warehouse.
        redacted: leave out name and e-mail address, and put numbers for the ids: those of the
            customers in the order of their ids, which the warehouse alone can tell whose they are.
    """
    rows = connection.query(
        "select behavior.customer_id, customers.name, customers.email, behavior.segment,"
        " ranges.segment_number, ranges.as_of_date, behavior.country, behavior.orders,"
        " behavior.last_order_date, behavior.net_sales"
        " from final.final_customer_behavior as behavior"
        " left join final.final_customer_segments as ranges on behavior.segment = ranges.segment"
        f" left join {CUSTOMERS} as customers on behavior.customer_id = customers.customer_id"
        " where not behavior.is_guest"
    ).dicts()
    rows.sort(key=lambda row: str(row["customer_id"]).encode())
    days = [row["as_of_date"] for row in rows if row["as_of_date"] is not None]
    outlooks = _outlooks(connection, days[0]) if days else {}
    unknown = (None,) * len(_OUTLOOK)
    listed = []
    for number, row in enumerate(rows, 1):
        who = (f"#{number}",) if redacted else (row["customer_id"], row["name"], row["email"])
        outlook = outlooks.get(row["customer_id"], unknown)
        listed.append(
            (
                row["segment_number"] or 0,
                -(outlook[-1] or Decimal(0)),
                number,
                (
                    row["segment"],
                    ACTIONS.get(row["segment"]),
                    *who,
                    *(row[name] for name in _KNOWN),
                    *outlook,
                ),
            )
        )
    who_columns = ("customer",) if redacted else ("customer_id", "name", "email")
    return Table(
        ("segment", "action", *who_columns, *_KNOWN, *_OUTLOOK),
        tuple(entry[-1] for entry in sorted(listed, key=lambda entry: entry[:3])),
    )


_KNOWN: Final = ("country", "orders", "last_order_date", "net_sales")
_OUTLOOK: Final = (
    "p_alive",
    "expected_orders_90_days",
    "expected_sales_90_days",
    "expected_sales_low",
    "expected_sales_high",
    "value_at_risk",
)


def _outlooks(connection: Connection, as_of: date) -> dict[str, tuple[Any, ...]]:
    """The figures of `_OUTLOOK` of each customer with an order; none, where data are not enough."""
    customers = read_customers(connection, as_of)
    try:
        outlook = _outlook(customers, with_interval=True)
    except NotEnoughDataError:
        return {}
    columns = (
        [_rounded(value, "0.001") for value in outlook.p_alive],
        [_rounded(value, "0.001") for value in outlook.purchases],
        *(
            [_money(float(value)) for value in column]
            for column in (outlook.spend, outlook.low, outlook.high, outlook.at_risk)
            if column is not None
        ),
    )
    buyers = connection.query(f"{buyers_sql(as_of)} order by {BY_ID}").rows
    return dict(zip((row[0] for row in buyers), zip(*columns, strict=True), strict=True))


def _outlook(customers: Customers, with_interval: bool) -> _Outlook:
    purchases, spend = customers.models
    history = (customers.x, customers.t_x, customers.T)
    # Customers of one history are alike but for what they spend: the hypergeometric is dear.
    distinct, place = np.unique(np.column_stack(history), axis=0, return_inverse=True)
    expected = purchases.expected_purchases(HORIZON, *distinct.T)[place.ravel()]
    low, high = (
        spend_interval(purchases, spend, HORIZON, *history, customers.z)
        if with_interval
        else (None, None)
    )
    return _Outlook(
        purchases.p_alive(*history),
        expected,
        expected * spend.expected_spend(customers.x, customers.z),
        low,
        high,
        value_at_risk(purchases.parameters, spend.parameters, *history, customers.z),
    )


def _money(value: float) -> Decimal:
    return _rounded(value, str(_CENT))


def _rounded(value: float, step: str) -> Decimal:
    return Decimal(float(value)).quantize(Decimal(step))
