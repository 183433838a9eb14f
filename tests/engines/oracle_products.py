"""The tables about products and the bridge of net sales as docs/kpis.md defines them.

Worked out order by order in nothing but Python; fractions stay exact until they are written down.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

from oracle import ZERO, Entry, Shop

Row = dict[str, Any]

COMPONENTS = ("price", "volume", "mix", "new_products", "discontinued_products", "returns")


def rounded(above: Fraction | int, below: Fraction | int, digits: int) -> Decimal | None:
    """The quotient, rounded half away from zero; nothing where there is nothing to divide by."""
    if not below:
        return None
    scaled = abs(Fraction(above) / below) * 10**digits
    whole = int(scaled + Fraction(1, 2))
    return Decimal(whole if (above < 0) == (below < 0) else -whole).scaleb(-digits)


def lately(shop: Shop, product_id: str) -> Row:
    """The columns of `final_product_performance` about a product's last sales and its price."""
    entries = shop.ledger()
    days = [entry.day for entry in entries]
    own = [entry for entry in entries if entry.product_id == product_id]
    number_of_days = (max(days) - min(days)).days + 1 if days else 0
    last_sale = max(
        (entry.day for entry in own if entry.kind == "sale" and not entry.order_cancelled),
        default=None,
    )
    since = (max(days) - last_sale).days if last_sale else None
    price = {each.product_id: each.price for each in shop.products}.get(product_id)
    units = sum(entry.quantity for entry in own)
    row: Row = {
        "days_since_last_sale": since,
        "is_dead_stock": since >= 90 if since is not None else number_of_days >= 90 or None,
        "price_realisation": None
        if price is None
        else rounded(Fraction(money(own)), units * Fraction(price), 6),
    }
    for name, of in (("net_sales", money), ("units", units_of)):
        last = of(entry for entry in own if entry.day in weeks(days, 0))
        prior = of(entry for entry in own if entry.day in weeks(days, 28))
        has_trend = number_of_days >= 56 and prior > 0
        row |= {
            f"{name}_last_28_days": last if number_of_days >= 28 else None,
            f"{name}_prior_28_days": prior if number_of_days >= 56 else None,
            f"{name}_trend": rounded(Fraction(last), Fraction(prior), 6) if has_trend else None,
        }
    return row


def money(entries: Iterable[Entry]) -> Decimal | int:
    return sum((entry.amount for entry in entries), ZERO)


def units_of(entries: Iterable[Entry]) -> int:
    return sum(entry.quantity for entry in entries)


def weeks(days: list[date], back: int) -> set[date]:
    """28 days that end so many days before the last of the data."""
    return {max(days) - timedelta(days=back + number) for number in range(28)} if days else set()


def product_affinity(shop: Shop, minimum_orders: int = 5) -> list[Row]:
    """`final_product_affinity`, of fewer products than it leaves any out."""
    baskets: dict[str, set[str]] = {}
    for line in shop.lines:
        if any(not other.cancelled for other in shop.lines if other.order_id == line.order_id):
            baskets.setdefault(line.order_id, set()).add(line.product_id)
    names = {product.product_id: product.name for product in shop.products}
    return [
        {
            "first_product_name": names.get(row["first_product_id"]),
            "second_product_name": names.get(row["second_product_id"]),
        }
        | row
        for row in pairs(baskets.values(), minimum_orders)
    ]


def pairs(baskets: Iterable[Iterable[str]], minimum_orders: int) -> Iterator[Row]:
    """Every pair of products in so many baskets: counts, and what follows from them."""
    for (first, second), counts in pairs_counted(baskets, minimum_orders).items():
        yield {"first_product_id": first, "second_product_id": second} | measures_of_pair(*counts)


def pairs_counted(
    baskets: Iterable[Iterable[str]], minimum_orders: int
) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    """Of every pair in so many baskets: all baskets, those with each, those with both."""
    listed = [sorted(set(basket), key=str.encode) for basket in baskets]
    single = Counter(product for basket in listed for product in basket)
    together = Counter(pair for basket in listed for pair in combinations(basket, 2))
    return {
        (first, second): (len(listed), single[first], single[second], both)
        for (first, second), both in together.items()
        if both >= minimum_orders
    }


def measures_of_pair(orders: int, first: int, second: int, both: int) -> Row:
    share_first, share_second, support = (Fraction(n, orders) for n in (first, second, both))
    forth, back = support / share_first, support / share_second
    return {
        "orders": orders,
        "orders_with_first": first,
        "orders_with_second": second,
        "orders_with_both": both,
        "support": rounded(support, 1, 9),
        "confidence_first_to_second": rounded(forth, 1, 6),
        "confidence_second_to_first": rounded(back, 1, 6),
        "lift": rounded(forth, share_second, 6),
        "leverage": rounded(support - share_first * share_second, 1, 9),
        "conviction_first_to_second": rounded(1 - share_second, 1 - forth, 6),
        "conviction_second_to_first": rounded(1 - share_first, 1 - back, 6),
    }


def sales_bridge(shop: Shop) -> list[Row]:
    """`final_sales_bridge`."""
    days = sorted({entry.day for entry in shop.ledger()})
    with_entries = {month_of(day) for day in days}
    rows: list[Row] = []
    for month in months_between(days):
        for compared_with, back in (("month_before", 1), ("year_before", 12)):
            base = months_before(month, back)
            if base >= month_of(days[0]) and {month, base} & with_entries:
                rows += compared(shop, days, month, base, compared_with)
    return rows


def compared(
    shop: Shop, days: list[date], month: date, base: date, compared_with: str
) -> list[Row]:
    """The components of the change from one month to another."""
    goes_on = month == month_of(days[-1]) and month_of(days[-1] + timedelta(days=1)) == month
    begins_late = base == month_of(days[0]) and days[0].day > 1
    now = side(shop, month, 31)
    before = side(shop, base, days[-1].day if goes_on else 31)
    both = (now.keys() & before.keys()) - {None}

    def summed(of: dict[str | None, tuple[Decimal, int]], names: Iterable[str | None]) -> Decimal:
        return sum((of[name][0] for name in names), ZERO)

    units, base_units = (sum(of[name][1] for name in both) for of in (now, before))
    sales, base_sales = summed(now, both), summed(before, both)
    at_their_prices = [
        rounded(Fraction(before[name][0]) * now[name][1], before[name][1], 4) for name in both
    ]
    revalued = rounded(sum(Fraction(each) for each in at_their_prices if each is not None), 1, 2)
    scaled = rounded(Fraction(base_sales) * units, base_units, 2) if both else ZERO
    assert revalued is not None
    assert scaled is not None
    returns, base_returns = (of.get(None, (ZERO, 0))[0] for of in (now, before))
    amounts = (
        sales - revalued,
        scaled - base_sales,
        revalued - scaled,
        summed(now, now.keys() - before.keys() - {None}),
        -summed(before, before.keys() - now.keys() - {None}),
        None if "returns" in shop.absent else returns - base_returns,
    )
    return [
        {
            "compared_with": compared_with,
            "sales_month": month,
            "base_month": base,
            "component_number": number,
            "component": component,
            "amount": amount,
            "net_sales": summed(now, now.keys()),
            "base_net_sales": summed(before, before.keys()),
            "is_complete": not goes_on and not begins_late,
        }
        for number, (component, amount) in enumerate(zip(COMPONENTS, amounts, strict=True), 1)
    ]


def side(shop: Shop, month: date, last_day: int) -> dict[str | None, tuple[Decimal, int]]:
    """By product, what was paid for the units that stand; under None what was refunded."""
    found: dict[str | None, tuple[Decimal, int]] = {}

    def add(key: str | None, day: date, amount: Decimal, units: int) -> None:
        if month_of(day) == month and day.day <= last_day:
            before = found.get(key, (ZERO, 0))
            found[key] = (before[0] + amount, before[1] + units)

    for line in shop.lines:
        if not line.cancelled:
            add(line.product_id, line.ordered_at.date(), line.paid, line.quantity)
    for back in shop.returns:
        add(None, back.day, -back.refund, 0)
    return found


def month_of(day: date) -> date:
    return day.replace(day=1)


def months_before(month: date, number: int) -> date:
    year, place = divmod(12 * month.year + month.month - 1 - number, 12)
    return date(year, place + 1, 1)


def months_between(days: list[date]) -> list[date]:
    """Every month from the first day's to the last one's."""
    if not days:
        return []
    first, last = month_of(days[0]), month_of(days[-1])
    number = 12 * (last.year - first.year) + last.month - first.month
    return [months_before(last, back) for back in range(number, -1, -1)]
