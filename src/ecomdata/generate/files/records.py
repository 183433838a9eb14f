"""The lines of a shop's files, and of the answer key beside them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import numpy as np

from ecomdata.generate.calendar import WEEK, Calendar
from ecomdata.generate.chance.draws import Ints, Purpose, words_at
from ecomdata.generate.csvtext import (
    Column,
    FileText,
    csv_bytes,
    digits,
    joined,
    money,
    number,
    only_where,
    table,
)
from ecomdata.generate.files.parquet import Columns
from ecomdata.generate.goods.baskets import REASONS, Lines, Returns
from ecomdata.generate.people.customers import Accounts, History
from ecomdata.generate.people.habits import Habits
from ecomdata.generate.people.names import Names, countries
from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.timeline import GUEST

ORDER_COLUMNS: Final = (
    "order_id",
    "line_number",
    "customer_id",
    "product_id",
    "quantity",
    "unit_price",
    "discount_amount",
    "total_price",
    "order_date",
    "status",
    "currency",
)
RETURN_COLUMNS: Final = (
    "return_id",
    "order_id",
    "product_id",
    "quantity",
    "refund_amount",
    "return_date",
    "reason",
)
CUSTOMER_COLUMNS: Final = ("customer_id", "name", "email", "country", "signup_date")
#: truth/customers: what each customer is, and does until the shop's last day, in SQL of `habits`.
HABIT_COLUMNS: Final = {
    # A lpad takes twice the time.
    "customer_id": "'C' || substr((100000001 + customer)::varchar, 2)",
    "buys": "buys",
    "orders_per_week": "rate",
    "dropout_probability": "dropout",
    "mean_order_value": "mean",
    "orders": "orders::bigint",
    # Before the first order there is no history to be recent or old in.
    "recency_weeks": "case when orders > 0 then (recency * 0.0001)::decimal(18, 4) end",
    "age_weeks": "case when orders > 0 then (age * 0.0001)::decimal(18, 4) end",
    "interested": "interested",
}
#: Customers written at a time: their columns stay in a processor's cache.
AT_ONCE: Final = 1 << 12
STATUSES: Final = ("completed", "cancelled")


class OrderText:
    """Writes the lines of orders.csv and returns.csv."""

    def __init__(self, plan: ShopPlan) -> None:
        dates = _dates(plan, range(plan.days))
        self._products = table(f"P{number:05d}" for number in range(1, plan.product_count + 1))
        self._tails = table(
            f"{date},{status},{plan.currency}" for date in dates for status in STATUSES
        )
        self._dates = table(dates)
        self._reasons = table(REASONS)

    def order_lines(self, lines: Lines) -> FileText:
        """The lines of orders.csv."""
        count = len(lines.order)
        # What the lines of an order share is written once.
        first = lines.first_of_order
        row = np.repeat(np.arange(len(first)), np.diff(first, append=count))
        customer = lines.customer[first]
        buyer = only_where(joined(len(first), b"C", digits(customer + 1, 8)), customer != GUEST)
        order = joined(len(first), b"O", digits(lines.order[first] + 1, 8))
        tail = self._tails.take(lines.day[first] * 2 + lines.cancelled[first])
        return csv_bytes(
            count,
            order.take(row),
            number(lines.line_number),
            buyer.take(row),
            self._products.take(lines.product),
            number(lines.quantity),
            money(lines.unit_price),
            money(lines.discount),
            money(lines.total),
            tail.take(row),
        )

    def return_lines(self, returns: Returns) -> FileText:
        """The lines of returns.csv; a return is called by the line that came back."""
        count = len(returns.order)
        order = digits(returns.order + 1, 8)
        return csv_bytes(
            count,
            (b"R", *order, b"-", *number(returns.line_number)),
            (b"O", *order),
            self._products.take(returns.product),
            number(returns.quantity),
            money(returns.refund),
            self._dates.take(returns.day),
            self._reasons.take(returns.reason),
        )


class CustomerText:
    """Writes the lines of customers.csv and the columns of truth/customers."""

    def __init__(self, plan: ShopPlan, calendar: Calendar, habits: Habits) -> None:
        self._seed = plan.seed
        self._calendar = calendar
        self._names = Names()
        self._countries = table(countries())
        self._dates = table(_dates(plan, range(plan.days)))
        self._rates = np.round(WEEK / habits.gaps, 9)
        self._dropouts = np.round(habits.dropouts / 2**32, 9)
        self._means = np.round(habits.means / 100, 4)

    def lines(self, accounts: Accounts, start: int, end: int) -> bytes:
        """The lines of customers.csv of the accounts from `start` to before `end`."""
        return b"".join(self._lines(accounts, part) for part in _parts(start, end))

    def _lines(self, accounts: Accounts, part: slice) -> FileText:
        customer = np.arange(part.start, part.stop) + accounts.first
        country = accounts.country[part]
        word = words_at(self._seed, Purpose.NAME, customer)
        name, email = self._names.write(customer, country, word)
        return csv_bytes(
            len(customer),
            self._ids(customer),
            name,
            email,
            self._countries.take(country),
            self._dates.take(self._calendar.day_of(accounts.signup[part])),
        )

    def habits(self, accounts: Accounts, history: History) -> Columns:
        """What accounts are truly like; recency and age in 10,000ths of weeks."""
        ticks, begins = self._calendar.ticks, accounts.begins
        # Eighty years are below 2**31 of these parts of a week, and ids have eight digits.
        columns = {
            "customer": np.arange(len(accounts.signup)) + accounts.first,
            "buys": accounts.buys,
            "rate": self._rates[accounts.rate],
            "dropout": self._dropouts[accounts.dropout],
            "mean": self._means[accounts.spend],
            "orders": history.orders,
            "recency": (history.last - begins) * 10_000 // WEEK,
            "age": (ticks - begins) * 10_000 // WEEK,
            "interested": history.interested,
        }
        return {
            name: column.astype(np.int32) if column.dtype == np.int64 else column
            for name, column in columns.items()
        }

    def _ids(self, customer: Ints) -> Column:
        return b"C", *digits(customer + 1, 8)


def _parts(start: int, end: int) -> Iterator[slice]:
    for low in range(start, end, AT_ONCE):
        yield slice(low, min(low + AT_ONCE, end))


def _dates(plan: ShopPlan, days: range) -> list[str]:
    return [(plan.start + timedelta(day)).isoformat() for day in days]
