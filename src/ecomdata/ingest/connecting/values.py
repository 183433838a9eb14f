"""What the columns of a file of order lines are by their values alone, whatever they are called.

An order has one day and one buyer, and its lines have several products: what depends on what tells
orders, customers and products apart. Quantities are small whole numbers; a price stays the same
whatever the quantity, and a total grows with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import log
from statistics import median

from ecomdata.ingest.connecting.evidence import Column, Table, is_product, number
from ecomdata.ingest.conventions import DecimalMark

#: Share of the groups that must agree before one thing is said to depend on another.
_DEPENDS = 0.98
#: Of lines of one product in different quantities: the share that must speak for price or total.
_SURE = 0.8
_LIKE = 0.9


@dataclass(frozen=True)
class Guess:
    """What a column is by its values, how sure that is and why."""

    header: str
    confidence: float
    reason: str


def guess_lines(table: Table) -> dict[str, Guess]:
    """Guess columns of the contract ("orders.order_id") in a file of order lines.

    It is empty where the file does not look like order lines: without a date, or an order of
    several lines. What cannot be told apart is left out.
    """
    columns = [column for column in table.columns if column.filled]
    dates = [column for column in columns if column.is_date]
    texts = [c for c in columns if not c.is_date and (c.is_integer or not c.is_number)]
    if not dates:
        return {}
    mark = table.conventions.decimal_mark()
    order = _order(texts, dates[0])
    if order is None:
        return {}
    quantity = _quantity(columns, order, mark)
    if quantity is None:
        return {}
    found = {
        "orders.order_id": Guess(order.header, 0.6, f"each has one {dates[0].header}"),
        "orders.quantity": Guess(quantity.header, 0.6, "its values are small whole numbers"),
    }
    numbers = [c for c in columns if c.is_number and c not in (order, quantity)]
    priced = _price_and_total(quantity, numbers, mark)
    others = [c for c in texts if c not in (order, quantity, *priced)]
    of_orders = [c for c in others if _depends(order, c)]
    of_lines = [c for c in others if c not in of_orders and len(c.distinct) < len(c.values)]
    found |= _described(of_orders, "orders.customer_id", "customers.name", "each order has one")
    found |= _described(
        of_lines, "orders.product_id", "products.product_name", "an order has several"
    )
    first = _first(dates)
    if first is not None:
        reason = "the only date" if len(dates) == 1 else "never later than the other dates"
        found["orders.order_date"] = Guess(first.header, 0.6, reason)
    if priced:
        price, total = priced
        why = f"{quantity.header} x {price.header} = {total.header} to the cent"
        found["orders.unit_price"] = Guess(price.header, 0.95, why)
        found["orders.total_price"] = Guess(total.header, 0.95, why)
        return found
    named = found.get("orders.product_id")
    product = table.column(named.header) if named else None
    amounts = [c for c in numbers if c not in others and _is_amount(c, mark)]
    return found | _amount(quantity, amounts, product, mark)


def _order(texts: Sequence[Column], day: Column) -> Column | None:
    """The finest column that has one day each, and stands on several lines."""
    repeated = [c for c in texts if 1 < len(c.distinct) < _DEPENDS * len(c.filled)]
    return max((c for c in repeated if _depends(c, day)), key=_fineness, default=None)


def _quantity(columns: Sequence[Column], order: Column, mark: DecimalMark) -> Column | None:
    """The column of small whole numbers, one among them, that differ within an order."""
    found = [
        column
        for column in columns
        if column.is_integer
        and len(column.distinct) < len(column.filled) / 2
        and "1" in {value.removesuffix(".0") for value in column.distinct}
        and 1 <= median(map(abs, _sizes(column, mark))) <= 100
        and not _depends(order, column)
    ]
    return found[0] if len(found) == 1 else None


def _sizes(column: Column, mark: DecimalMark) -> list[float]:
    found = (number(value, mark) for value in column.filled)
    return [float(size) for size in found if size is not None]


def _described(columns: Sequence[Column], key: str, name: str, why: str) -> dict[str, Guess]:
    """The finest of the columns is the key; another as fine is the name, if it is of words."""
    finest = max(columns, key=_fineness, default=None)
    if finest is None or len(finest.distinct) < 3:
        return {}
    alike = [c for c in columns if len(c.distinct) >= _LIKE * len(finest.distinct)]
    by_length = sorted(alike, key=lambda c: sum(map(len, c.distinct)) / len(c.distinct))
    found = {key: Guess(by_length[0].header, 0.55, f"{why}, and it is the finest that does so")}
    if len(by_length) > 1 and any(" " in value for value in by_length[-1].distinct):
        found[name] = Guess(by_length[-1].header, 0.5, f"its values go with {by_length[0].header}")
    return found


def _first(dates: Sequence[Column]) -> Column | None:
    """The date that is never later than another; only dates that sort as text are compared."""
    if len(dates) == 1:
        return dates[0]
    if any(not value[:4].isdigit() for column in dates for value in column.filled):
        return None
    rows = list(zip(*(column.values for column in dates), strict=True))
    for place, column in enumerate(dates):
        if all(not other or row[place] <= other for row in rows for other in row):
            return column
    return None


def _price_and_total(
    quantity: Column, numbers: Sequence[Column], mark: DecimalMark
) -> tuple[Column, ...]:
    """The two columns of which one is the quantity times the other; none where others are too."""
    found = [
        (price, total)
        for price in numbers
        for total in numbers
        if price is not total and is_product(quantity.values, price.values, total.values, mark)
    ]
    return found[0] if len(found) == 1 else ()


def _amount(
    quantity: Column, amounts: Sequence[Column], product: Column | None, mark: DecimalMark
) -> dict[str, Guess]:
    """What the only amount is, by how it goes with the quantity."""
    if len(amounts) != 1 or product is None:
        return {}
    [amount] = amounts
    grows = _grows_with(
        [number(value, mark) for value in quantity.values],
        [number(value, mark) for value in amount.values],
        product.values,
    )
    if grows is not None and grows >= _SURE:
        return {"orders.total_price": Guess(amount.header, 0.6, f"it grows with {quantity.header}")}
    if grows is not None and grows <= 1 - _SURE:
        why = f"a product has the same whatever the {quantity.header}"
        return {"orders.unit_price": Guess(amount.header, 0.6, why)}
    return {}


def _is_amount(column: Column, mark: DecimalMark) -> bool:
    """Whether its values can be what was paid: hardly ever below zero, and more than a rate."""
    sizes = _sizes(column, mark)
    return bool(sizes) and sum(size >= 0 for size in sizes) >= 0.97 * len(sizes) and max(sizes) > 1


def _grows_with(
    quantities: Iterable[Decimal | None], amounts: Iterable[Decimal | None], products: Iterable[str]
) -> float | None:
    """Of lines of one product in different quantities, the share whose amount grows with them."""
    by_product: dict[str, list[tuple[float, float]]] = {}
    for units, amount, product in zip(quantities, amounts, products, strict=True):
        if units and amount and units > 0 and amount > 0:
            by_product.setdefault(product, []).append((float(units), float(amount)))
    grown = compared = 0
    for lines in by_product.values():
        for (before, earlier), (after, later) in pairwise(lines):
            if before != after:
                of_units, of_amounts = log(after / before), log(later / earlier)
                compared += 1
                grown += abs(of_amounts - of_units) < abs(of_amounts)
    return grown / compared if compared >= 10 else None


def _depends(on: Column, column: Column) -> bool:
    """Whether each value of the one goes with a single value of the other, but for the odd one."""
    seen: dict[str, set[str]] = {}
    for key, value in zip(on.values, column.values, strict=True):
        if key.strip():
            seen.setdefault(key, set()).add(value[:10] if column.is_date else value)
    return bool(seen) and sum(len(values) == 1 for values in seen.values()) >= _DEPENDS * len(seen)


def _fineness(column: Column) -> int:
    return len(column.distinct)
