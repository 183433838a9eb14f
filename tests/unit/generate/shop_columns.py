"""A shop's files as columns, read by DuckDB without the code that wrote them.

Customers, products and orders are numbered from 0 in the order of their ids; money is in cents,
days are counted from the shop's first.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

GUEST = -1
#: What products are made of, by category.
CATEGORIES: dict[str, Any] = json.loads(
    files("ecomdata.generate.pools").joinpath("catalogue.json").read_text("utf-8")
)["categories"]

_LINES = """
select
    substr(order_id, 2)::bigint - 1 as "order",
    line_number::bigint as line_number,
    coalesce(substr(customer_id, 2)::bigint - 1, -1) as customer,
    substr(product_id, 2)::bigint - 1 as product,
    quantity::bigint as quantity,
    (unit_price::decimal(18, 2) * 100)::bigint as unit_price,
    (discount_amount::decimal(18, 2) * 100)::bigint as discount,
    (total_price::decimal(18, 2) * 100)::bigint as total,
    order_date::date - $start::date as day,
    (status = 'cancelled')::bigint as cancelled
from read_csv($path, all_varchar = true)
"""
_RETURNS = """
select
    substr(order_id, 2)::bigint - 1 as "order",
    split_part(return_id, '-', 2)::bigint as line_number,
    substr(product_id, 2)::bigint - 1 as product,
    quantity::bigint as quantity,
    (refund_amount::decimal(18, 2) * 100)::bigint as refund,
    return_date::date - $start::date as day,
    reason
from read_csv($path, all_varchar = true)
"""
_CUSTOMERS = """
select name, email, country, signup_date::date - $start::date as signup
from read_csv($path, all_varchar = true)
order by customer_id
"""
_PRODUCTS = """
select
    category,
    (price::decimal(18, 2) * 100)::bigint as price,
    (unit_cost::decimal(18, 2) * 100)::bigint as unit_cost
from read_csv($path, all_varchar = true)
order by product_id
"""
_PRICES = """
select
    substr(product_id, 2)::bigint - 1 as product,
    (year(valid_from::date) - year($start::date)) * 12
    + month(valid_from::date) - month($start::date) as month,
    (price::decimal(18, 2) * 100)::bigint as price
from read_csv($path, all_varchar = true)
order by month, product
"""
_HABITS = """
select
    buys::bigint as buys,
    orders_per_week::double as rate,
    dropout_probability::double as dropout,
    mean_order_value::double as mean_value,
    orders::bigint as orders,
    coalesce(recency_weeks, 0)::double as recency,
    coalesce(age_weeks, 0)::double as age,
    interested::bigint as interested
from read_parquet($path)
order by customer_id
"""


@dataclass(frozen=True)
class Table:
    """Columns of one length, by name."""

    columns: dict[str, NDArray[np.generic]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def ints(self, name: str) -> Ints:
        return self.columns[name].astype(np.int64)

    def floats(self, name: str) -> Floats:
        return self.columns[name].astype(np.float64)

    def bools(self, name: str) -> Bools:
        return self.columns[name].astype(np.bool_)

    def texts(self, name: str) -> list[str]:
        return [str(value) for value in self.columns[name]]


@dataclass(frozen=True)
class Orders:
    """What the lines of an order share, and their sums; `first` is the row of its first line."""

    first: Ints
    lines: Ints
    customer: Ints
    day: Ints
    cancelled: Bools
    paid: Ints


@dataclass(frozen=True)
class ShopColumns:
    """The files of the shop in a folder, in CSV, from its first to its last day."""

    folder: Path
    start: date
    end: date

    @cached_property
    def lines(self) -> Table:
        return self._read("orders.csv", _LINES)

    @cached_property
    def returns(self) -> Table:
        return self._read("returns.csv", _RETURNS)

    @cached_property
    def customers(self) -> Table:
        return self._read("customers.csv", _CUSTOMERS)

    @cached_property
    def products(self) -> Table:
        return self._read("products.csv", _PRODUCTS)

    @cached_property
    def price_changes(self) -> Table:
        return self._read("truth/prices.csv", _PRICES)

    @cached_property
    def habits(self) -> Table:
        return self._read("truth/customers.parquet", _HABITS)

    @cached_property
    def pairs(self) -> list[tuple[int, int, float]]:
        """Two products, and the lift that is planted."""
        planted = json.loads((self.folder / "truth" / "pairs.json").read_text("utf-8"))
        return [
            (int(first[1:]) - 1, int(second[1:]) - 1, float(pair["lift"]))
            for pair in planted
            for first, second in [pair["product_ids"]]
        ]

    @cached_property
    def orders(self) -> Orders:
        lines = self.lines
        order = lines.ints("order")
        first = np.flatnonzero(np.diff(order, prepend=-1))
        return Orders(
            first=first,
            lines=np.diff(first, append=len(order)),
            customer=lines.ints("customer")[first],
            day=lines.ints("day")[first],
            cancelled=lines.bools("cancelled")[first],
            paid=np.add.reduceat(lines.ints("total"), first),
        )

    @cached_property
    def days(self) -> list[date]:
        return [self.start + timedelta(day) for day in range((self.end - self.start).days + 1)]

    @cached_property
    def month_of_day(self) -> Ints:
        """Counted from the month of the start."""
        start = self.start.year * 12 + self.start.month
        return np.array([day.year * 12 + day.month - start for day in self.days])

    @cached_property
    def list_prices(self) -> Ints:
        """By product and month, in cents."""
        months = int(self.month_of_day[-1]) + 1
        prices = np.zeros((len(self.products), months), dtype=np.int64)
        changes = self.price_changes
        for product, month, price in zip(
            *(changes.ints(name).tolist() for name in ("product", "month", "price")), strict=True
        ):
            prices[product, month:] = price
        return prices

    def _read(self, name: str, query: str) -> Table:
        with duckdb.connect() as database:
            database.execute("set threads = 1")
            known = {"path": str(self.folder / name), "start": self.start.isoformat()}
            given = {key: value for key, value in known.items() if f"${key}" in query}
            return Table(dict(database.execute(query, given).fetchnumpy()))
