"""Shops that hypothesis draws, as raw rows, and their net sales added up in nothing but Python.

It shares no code with the product, nor with the other oracles: there is no ledger here, only what
was paid on lines that stand, less what was given back.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: How many are drawn. A longer round: ECOMDATA_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("ECOMDATA_EXAMPLES", "200"))
LENIENT = settings(
    deadline=None,
    derandomize=EXAMPLES <= 200,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)

ZERO = Decimal(0)
UNKNOWN = "Unknown"
GUEST = "(guest)"


@dataclass(frozen=True)
class Sold:
    """A line of an order; its moment is UTC and written with the offset, in minutes."""

    order_id: str
    customer_id: str | None
    product_id: str
    quantity: int
    paid: Decimal
    moment: datetime
    offset: int = 0
    discount: Decimal | None = None
    status: str | None = "paid"

    @property
    def stands(self) -> bool:
        return self.status != "cancelled"

    @property
    def written_date(self) -> str:
        return written(self.moment, self.offset)


@dataclass(frozen=True)
class Back:
    """A returned line; without a moment it stands on its order's day."""

    order_id: str
    product_id: str
    quantity: int | None
    refund: Decimal
    moment: datetime | None
    offset: int = 0
    customer_id: str | None = None


@dataclass(frozen=True)
class Amount:
    """Money on a day, and what it is about."""

    day: date
    product: str
    customer: str
    country: str
    category: str
    money: Decimal


@dataclass(frozen=True)
class Drawn:
    """A shop: customers with their country, products with category and cost, lines, returns."""

    customers: Mapping[str, str | None]
    products: Mapping[str, tuple[str | None, Decimal | None]]
    sold: tuple[Sold, ...]
    back: tuple[Back, ...] = ()

    def amounts(self) -> Iterator[Amount]:
        for line in self.sold:
            paid = line.paid if line.stands else ZERO
            yield self._amount(line.moment.date(), line.product_id, line.customer_id, paid)
        for each in self.back:
            own = [line for line in self.sold if line.order_id == each.order_id]
            moment = each.moment or own[0].moment
            customer = each.customer_id or (own[0].customer_id if own else None)
            yield self._amount(moment.date(), each.product_id, customer, -each.refund)

    def _amount(self, day: date, product: str, customer: str | None, money: Decimal) -> Amount:
        country = self.customers.get(customer or "") or UNKNOWN
        category = self.products.get(product, (None, None))[0] or UNKNOWN
        return Amount(day, product, customer or GUEST, country, category, money)

    def net_sales(self, key: Callable[[Amount], Any]) -> dict[Any, Decimal]:
        """Net sales by what the key says; without what comes to nothing."""
        sums: dict[Any, Decimal] = defaultdict(Decimal)
        for amount in self.amounts():
            sums[key(amount)] += amount.money
        return {name: money for name, money in sums.items() if money}

    def first_months(self) -> dict[str, date]:
        """The month of each customer's first order that is not wholly cancelled."""
        days: dict[str, date] = {}
        for line in self.sold:
            own = [other for other in self.sold if other.order_id == line.order_id]
            if line.customer_id and any(other.stands for other in own):
                day = line.moment.date()
                days[line.customer_id] = min(days.get(line.customer_id, day), day)
        return {customer: day.replace(day=1) for customer, day in days.items()}

    def rows(self, numbered: bool) -> dict[str, list[dict[str, str | None]]]:
        """What stands in the raw tables; order lines with their numbers or without."""
        return {
            "customers": [
                {"customer_id": name, "country": country}
                for name, country in self.customers.items()
            ],
            "products": [
                {"product_id": name, "category": category, "unit_cost": text(cost)}
                for name, (category, cost) in self.products.items()
            ],
            "orders": [
                {
                    "order_id": line.order_id,
                    "customer_id": line.customer_id,
                    "product_id": line.product_id,
                    "quantity": text(line.quantity),
                    "total_price": text(line.paid),
                    "order_date": line.written_date,
                    "line_number": text(number) if numbered else None,
                    "discount_amount": text(line.discount),
                    "status": line.status,
                }
                for number, line in enumerate(self.sold, 1)
            ],
            "returns": [
                {
                    "order_id": each.order_id,
                    "product_id": each.product_id,
                    "quantity": text(each.quantity),
                    "refund_amount": text(each.refund),
                    "return_date": written(each.moment, each.offset) if each.moment else None,
                    "customer_id": each.customer_id,
                }
                for each in self.back
            ],
        }


def side_by_side(shops: Iterable[Drawn]) -> Drawn:
    """Shops that share nothing, not even a day, as one: each costs a warehouse less to build."""
    together = Drawn({}, {}, ())
    for number, shop in enumerate(shops):
        mark, later = f"{number}:", timedelta(days=731 * number)

        def own(name: str | None, mark: str = mark) -> str | None:
            return name and mark + name

        together = Drawn(
            dict(together.customers)
            | {mark + name: own(country) for name, country in shop.customers.items()},
            dict(together.products)
            | {
                mark + name: (own(category), cost)
                for name, (category, cost) in shop.products.items()
            },
            together.sold
            + tuple(
                replace(
                    line,
                    order_id=mark + line.order_id,
                    customer_id=own(line.customer_id),
                    product_id=mark + line.product_id,
                    moment=line.moment + later,
                )
                for line in shop.sold
            ),
            together.back
            + tuple(
                replace(
                    each,
                    order_id=mark + each.order_id,
                    customer_id=own(each.customer_id),
                    product_id=mark + each.product_id,
                    moment=each.moment and each.moment + later,
                )
                for each in shop.back
            ),
        )
    return together


def text(value: Decimal | int | None) -> str | None:
    return None if value is None else str(value)


def written(moment: datetime, offset: int) -> str:
    """A moment as a clock so many minutes ahead of UTC shows it."""
    hours, minutes = divmod(abs(offset), 60)
    sign = "-" if offset < 0 else "+"
    return f"{moment + timedelta(minutes=offset):%Y-%m-%dT%H:%M:%S}{sign}{hours:02}:{minutes:02}"


# What is drawn: few of everything, so that orders share customers, products and days. C9 and P9 are
# in no file; P4 is a gift card or postage, of no category, often for nothing.

moments = st.builds(
    lambda day, minute: datetime.fromisoformat("2024-01-30") + timedelta(days=day, minutes=minute),
    st.sampled_from([0, 1, 2, 3, 30, 31, 90, 366]),
    st.sampled_from([0, 1, 29, 30, 720, 1409, 1410, 1439]),
)
offsets = st.sampled_from([0, 0, 60, -480, 330, 825, -30])
amounts = st.sampled_from(
    [Decimal(each) for each in ("0.00", "0.01", "4.00", "19.99", "33.33", "1250.00")]
)
discounts = st.sampled_from([None, Decimal("0.00"), Decimal("0.01"), Decimal("5.55")])
customer_ids = st.sampled_from(["C1", "C2", "C3", "C9"])
product_ids = st.sampled_from(["P1", "P2", "P3", "P4", "P4", "P9"])
quantities = st.sampled_from([1, 1, 2, 3, 12])
statuses = st.sampled_from(["paid", "paid", "paid", None, "cancelled"])


@st.composite
def orders(draw: Any, number: int) -> list[Sold]:
    """Lines of one order: cancelled in whole, in part, or not; a product may stand twice."""
    buyer, moment, offset = draw(st.none() | customer_ids), draw(moments), draw(offsets)
    whole = draw(st.sampled_from([None, None, None, "cancelled"]))
    return [
        Sold(
            *(f"O{number}", buyer, product_id, draw(quantities), draw(amounts), moment, offset),
            draw(discounts),
            whole or draw(statuses),
        )
        for product_id in draw(st.lists(product_ids, min_size=1, max_size=4))
    ]


@st.composite
def returned(draw: Any, sold: list[Sold]) -> Back:
    """A line given back: on its order's day or a later one, or of an order that is in no file."""
    units = draw(st.none() | quantities)
    if sold and draw(st.sampled_from([True, True, True, False])):
        line = draw(st.sampled_from(sold))
        days = draw(st.none() | st.integers(0, 40))
        moment = None if days is None else line.moment + timedelta(days=days)
        return Back(line.order_id, line.product_id, units, draw(amounts), moment, draw(offsets))
    about = ("O99", draw(product_ids), units, draw(amounts), draw(moments), draw(offsets))
    return Back(*about, draw(st.none() | customer_ids))


@st.composite
def shops(draw: Any) -> Drawn:
    sold: list[Sold] = []
    for number in range(draw(st.integers(0, 9))):
        sold += draw(orders(number))
    countries = st.sampled_from([None, "Chile", "Peru"])
    categories = st.sampled_from([None, "Tea", "Cups"])
    costs = st.sampled_from([None, Decimal("0"), Decimal("1.5"), Decimal("3.3333")])
    return Drawn(
        draw(st.dictionaries(st.sampled_from(["C1", "C2", "C3", "C4"]), countries)),
        draw(
            st.dictionaries(st.sampled_from(["P1", "P2", "P3", "P4"]), st.tuples(categories, costs))
        ),
        tuple(sold),
        tuple(draw(st.lists(returned(sold), max_size=4))),
    )
