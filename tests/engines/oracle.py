"""What a shop's figures are: worked out entry by entry from docs/kpis.md, in nothing but Python.

It shares no code with the product, and is as slow and plain as it can be.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Any

Money = Decimal
ZERO = Decimal("0.00")

#: What has to be in the data for a figure to be known.
NEEDS = {
    **{name: name for name in ("discounts", "returns", "cancellations", "customers")},
    **dict.fromkeys(("new_orders", "returning_orders"), "customers"),
    **dict.fromkeys(("units_returned", "return_rate"), "returned_units"),
    **dict.fromkeys(("cost_amount", "gross_margin", "margin_rate"), "costs"),
}


@dataclass(frozen=True)
class Customer:
    customer_id: str
    country: str | None
    signup_date: date | None = None


@dataclass(frozen=True)
class Product:
    product_id: str
    name: str | None
    category: str | None
    price: Money | None
    unit_cost: Money | None


@dataclass(frozen=True)
class Line:
    """A line of an order; what was paid for it, and the discount on top."""

    order_id: str
    customer_id: str | None
    product_id: str
    quantity: int
    paid: Money
    ordered_at: datetime
    discount: Money = ZERO
    cancelled: bool = False


@dataclass(frozen=True)
class Return:
    order_id: str
    customer_id: str | None
    product_id: str
    quantity: int
    refund: Money
    day: date


@dataclass(frozen=True)
class Entry:
    """One signed entry of the ledger."""

    kind: str
    order_id: str
    customer_id: str | None
    product_id: str
    day: date
    quantity: int
    amount: Money
    cost: Money | None
    country: str
    category: str
    customer_type: str
    order_cancelled: bool


@dataclass(frozen=True)
class Shop:
    """All that is known about a shop, clean and typed.

    Args:
        silent: what no line of it says: of "discounts" and "cancellations" any.
    """

    customers: tuple[Customer, ...]
    products: tuple[Product, ...]
    lines: tuple[Line, ...]
    returns: tuple[Return, ...]
    silent: frozenset[str] = frozenset()

    @property
    def absent(self) -> set[str]:
        """What no record tells, so that the figures of it are not 0 but not known."""
        told = {
            "discounts": bool(self.lines) and "discounts" not in self.silent,
            "cancellations": bool(self.lines) and "cancellations" not in self.silent,
            "returns": bool(self.returns),
            "returned_units": any(each.quantity for each in self.returns),
            "customers": any(line.customer_id for line in self.lines)
            or any(each.customer_id for each in self.returns),
            "costs": any(product.unit_cost is not None for product in self.products),
        }
        return {name for name, is_told in told.items() if not is_told}

    def in_data(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row without the figures that no record tells."""
        absent = self.absent
        return {name: None if NEEDS.get(name) in absent else value for name, value in row.items()}

    def ledger(self) -> list[Entry]:
        entries = []
        for line in self.lines:
            day, paid = line.ordered_at.date(), line.paid
            entries.append(self._entry("sale", line, day, line.quantity, paid + line.discount))
            if line.discount:
                entries.append(self._entry("discount", line, day, 0, -line.discount))
            if line.cancelled:
                entries.append(self._entry("cancellation", line, day, -line.quantity, -paid))
        for back in self.returns:
            entries.append(self._entry("return", back, back.day, -back.quantity, -back.refund))
        return entries

    def _entry(
        self, kind: str, source: Line | Return, day: date, quantity: int, amount: Money
    ) -> Entry:
        customers = {customer.customer_id: customer for customer in self.customers}
        products = {product.product_id: product for product in self.products}
        customer, product = customers.get(source.customer_id or ""), products.get(source.product_id)
        cost = product.unit_cost if product else None
        if quantity == 0:  # costs nothing, whatever one costs
            cost = ZERO
        elif cost is not None:
            cost = -cost * quantity
        return Entry(
            kind,
            source.order_id,
            source.customer_id,
            source.product_id,
            day,
            quantity,
            amount,
            cost,
            (customer and customer.country) or "Unknown",
            (product and product.category) or "Unknown",
            self._customer_type(source.order_id),
            self._is_cancelled(source.order_id),
        )

    def _of_order(self, order_id: str) -> list[Line]:
        return [line for line in self.lines if line.order_id == order_id]

    def _is_cancelled(self, order_id: str) -> bool:
        lines = self._of_order(order_id)
        return bool(lines) and all(line.cancelled for line in lines)

    def _customer_type(self, order_id: str) -> str:
        lines = self._of_order(order_id)
        if not lines:
            return "unknown"
        if lines[0].customer_id is None:
            return "guest"
        earlier = [
            line
            for line in self.lines
            if line.customer_id == lines[0].customer_id
            and (line.ordered_at, line.order_id) < (lines[0].ordered_at, order_id)
            and not self._is_cancelled(line.order_id)
        ]
        return "returning" if earlier else "new"

    def order_days(self, customer_id: str) -> list[date]:
        """The days of a customer's orders that stand, in order."""
        orders = {
            line.order_id: line.ordered_at
            for line in self.lines
            if line.customer_id == customer_id and not self._is_cancelled(line.order_id)
        }
        return [moment.date() for moment in sorted(orders.values())]

    def median_gap(self, customer_id: str) -> Decimal | None:
        days = self.order_days(customer_id)
        gaps = [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
        return Decimal(str(median(gaps))).quantize(Decimal("0.1")) if gaps else None


def ratio(above: Decimal | int | None, below: Decimal | int | None, digits: int) -> Decimal | None:
    """The quotient, rounded half away from zero; nothing where there is nothing to divide by."""
    if above is None or not below:
        return None
    return (Decimal(above) / below).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def measures(entries: Iterable[Entry]) -> dict[str, Any]:
    """Every sales figure of some entries."""
    listed = list(entries)

    def money(*kinds: str) -> Money:
        return sum((entry.amount for entry in listed if entry.kind in kinds), ZERO)

    def units(*kinds: str) -> int:
        return sum(entry.quantity for entry in listed if entry.kind in kinds)

    sold = [entry for entry in listed if entry.kind == "sale" and not entry.order_cancelled]
    orders = {entry.order_id: entry.customer_type for entry in sold}
    costs = [entry.cost for entry in listed]
    net = money("sale", "discount", "return", "cancellation")
    cost = None if None in costs else sum((c for c in costs if c is not None), ZERO)
    margin = None if cost is None else net + cost
    all_units = units("sale", "return", "cancellation")
    units_sold, units_returned = units("sale", "cancellation"), -units("return")
    return {
        "gross_sales": money("sale"),
        "discounts": money("discount"),
        "returns": money("return"),
        "cancellations": money("cancellation"),
        "net_sales": net,
        "orders": len(orders),
        "new_orders": list(orders.values()).count("new"),
        "returning_orders": list(orders.values()).count("returning"),
        "customers": len({entry.customer_id for entry in sold} - {None}),
        "units": all_units,
        "units_sold": units_sold,
        "units_returned": units_returned,
        "cost_amount": cost,
        "average_order_value": ratio(net, len(orders), 2),
        "units_per_order": ratio(all_units, len(orders), 2),
        "average_selling_price": ratio(net, all_units, 2),
        "return_rate": ratio(units_returned, units_sold, 6),
        "gross_margin": margin,
        "margin_rate": ratio(margin, net, 6),
    }


def grouped(entries: Iterable[Entry], key: Callable[[Entry], Any]) -> dict[Any, dict[str, Any]]:
    """The figures by whatever the key says."""
    groups: dict[Any, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return {name: measures(group) for name, group in groups.items()}
