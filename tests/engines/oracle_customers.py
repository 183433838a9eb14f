"""The tables about customers as the oracle has them, by docs/kpis.md: rows as dicts.

Every number is counted customer by customer, however slowly.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from oracle import ZERO, Entry, Shop, measures, ratio

Row = dict[str, Any]

NO_ORDERS = "No orders"

#: By frequency from 1 to 5; before the bar who spends in the two best fifths.
SEGMENTS = {
    5: ("Promising|Recent", *["Potential loyalists"] * 2, *["Champions|Loyal"] * 2),
    4: ("Promising|Recent", *["Potential loyalists"] * 2, *["Champions|Loyal"] * 2),
    3: ("About to sleep", *["Need attention"] * 2, *["Loyal"] * 2),
    2: ("Hibernating", *["At risk"] * 2, *["Cannot lose|At risk"] * 2),
    1: ("Lost", *["At risk"] * 2, *["Cannot lose|At risk"] * 2),
}

#: From the best to those who are gone.
NAMES = (
    *("Champions", "Loyal", "Potential loyalists", "Promising", "Recent", "Need attention"),
    *("About to sleep", "Cannot lose", "At risk", "Hibernating", "Lost", NO_ORDERS),
)


def segment(recency: int, frequency: int, monetary: int) -> str:
    """The name of three scores."""
    spends_much, _, spends_little = SEGMENTS[recency][frequency - 1].partition("|")
    return spends_much if monetary >= 4 else spends_little or spends_much


@dataclass(frozen=True)
class Look:
    """A customer with an order as of a day."""

    customer_id: str
    silence: int
    orders: int
    net_sales: Decimal

    def values(self) -> tuple[Decimal | int, ...]:
        """Three numbers of which more is better."""
        return -self.silence, self.orders, self.net_sales


def last_day(shop: Shop) -> date | None:
    return max((entry.day for entry in shop.ledger()), default=None)


def customer_ids(shop: Shop) -> set[str]:
    """Who is in a file of customers or named by an order."""
    named = {entry.customer_id for entry in shop.ledger() if entry.customer_id}
    return named | {customer.customer_id for customer in shop.customers}


def net_sales(shop: Shop, customer_id: str, until: date) -> Decimal:
    return sum(
        (e.amount for e in shop.ledger() if e.customer_id == customer_id and e.day <= until), ZERO
    )


def looks(shop: Shop, day: date) -> list[Look]:
    """Every customer with an order as of a day."""
    found = []
    for customer_id in sorted(customer_ids(shop)):
        days = [d for d in shop.order_days(customer_id) if d <= day]
        if days:
            sales = net_sales(shop, customer_id, day)
            found.append(Look(customer_id, (day - days[-1]).days, len(days), sales))
    return found


def fifth(place: int, look: Look, everyone: list[Look]) -> int:
    """1 and the whole fifths of everyone who are worse in this place."""
    worse = [other for other in everyone if other.values()[place] < look.values()[place]]
    return 1 + 5 * len(worse) // len(everyone)


def scores(look: Look, everyone: list[Look]) -> tuple[int, int, int]:
    """The best of everyone's scores whose value is no better; 1 where everyone's is better."""
    recency, frequency, monetary = (
        max(
            (
                fifth(place, other, everyone)
                for other in everyone
                if other.values()[place] <= look.values()[place]
            ),
            default=1,
        )
        for place in range(3)
    )
    return recency, frequency, monetary


@dataclass(frozen=True)
class Scored:
    """What is known of a customer on the last day and before."""

    now: Look | None
    scores: tuple[int, int, int] | None
    segment: str
    segment_before: str | None


def scored(shop: Shop) -> dict[str, Scored]:
    """Every customer; none where nobody has an order."""
    today = last_day(shop)
    everyone = looks(shop, today) if today else []
    if today is None or not everyone:
        return {}
    earlier = {look.customer_id: look for look in looks(shop, before(today))}
    rows = {}
    for customer_id in customer_ids(shop):
        now = next((look for look in everyone if look.customer_id == customer_id), None)
        then = earlier.get(customer_id)
        of_now = scores(now, everyone) if now else None
        of_then = scores(then, everyone) if then else None
        rows[customer_id] = Scored(
            now,
            of_now,
            segment(*of_now) if of_now else NO_ORDERS,
            None if not earlier else segment(*of_then) if of_then else NO_ORDERS,
        )
    return rows


def before(day: date) -> date:
    return day - timedelta(days=90)


def churn_threshold(shop: Shop) -> int | None:
    """The shortest gap that nine in ten of all gaps do not exceed."""
    gaps = []
    for customer_id in customer_ids(shop):
        days = shop.order_days(customer_id)
        gaps += [(later - earlier).days for earlier, later in zip(days, days[1:], strict=False)]
    return next(
        (gap for gap in sorted(gaps) if 10 * sum(g <= gap for g in gaps) >= 9 * len(gaps)), None
    )


def customer_behavior(shop: Shop) -> list[Row]:
    """`final_customer_behavior`."""
    entries, today = shop.ledger(), last_day(shop)
    known = {customer.customer_id: customer for customer in shop.customers}
    by_scores, threshold = scored(shop), churn_threshold(shop)
    columns = [
        *("orders", "units", "gross_sales", "discounts", "returns", "cancellations"),
        *("net_sales", "average_order_value"),
    ]
    rows = []
    for customer_id in sorted(known.keys() | {entry.customer_id for entry in entries}, key=str):
        own = [entry for entry in entries if entry.customer_id == customer_id]
        customer, figures = known.get(customer_id or ""), measures(own)
        days = shop.order_days(customer_id) if customer_id else []
        silence = (today - days[-1]).days if today and days else None
        scoring = by_scores.get(customer_id or "")
        found = (scoring and scoring.scores) or (None, None, None)
        row = {
            "customer_id": customer_id or "(guest)",
            "is_guest": customer_id is None,
            "is_known": customer is not None,
            "country": (customer and customer.country) or "Unknown",
            "signup_date": customer and customer.signup_date,
            "first_order_date": min(days, default=None),
            "last_order_date": max(days, default=None),
            "days_since_last_order": silence,
            "median_days_between_orders": shop.median_gap(customer_id) if customer_id else None,
            "churn_threshold_days": threshold if customer_id else None,
            "is_churned": None
            if len(days) < 2 or silence is None or threshold is None
            else silence > threshold,
            "recency_score": found[0],
            "frequency_score": found[1],
            "monetary_score": found[2],
            "segment": scoring and scoring.segment,
            "segment_before": scoring and scoring.segment_before,
        } | shop.in_data({name: figures[name] for name in columns})
        if customer_id is None:
            row |= {"orders": None, "average_order_value": None}
        elif "customers" in shop.absent:
            row |= dict.fromkeys(columns)
        rows.append(row)
    return rows


def customer_segments(shop: Shop) -> list[Row]:
    """`final_customer_segments`."""
    everyone, today = scored(shop), last_day(shop)
    if today is None or not everyone:
        return []
    buyers = [each for each in everyone.values() if each.now]
    looks_back = any(each.segment_before for each in everyone.values())
    sales = {customer_id: net_sales(shop, customer_id, today) for customer_id in everyone}
    earlier = {customer_id: net_sales(shop, customer_id, before(today)) for customer_id in everyone}
    rows = []
    for number, name in enumerate(NAMES, start=1):
        own = [customer_id for customer_id, each in everyone.items() if each.segment == name]
        then = [
            customer_id for customer_id, each in everyone.items() if each.segment_before == name
        ]
        found = [look for look in (everyone[customer_id].now for customer_id in own) if look]
        net, orders = total(sales, own), sum(look.orders for look in found)
        silence = sum(look.silence for look in found)
        rows.append(
            {
                "segment": name,
                "segment_number": number,
                "as_of_date": today,
                "customers": len(own),
                "orders": orders,
                "net_sales": net,
                "customer_share": None if name == NO_ORDERS else ratio(len(own), len(buyers), 6),
                "net_sales_share": ratio(net, total(sales, everyone), 6),
                "average_order_value": ratio(net, orders, 2),
                "net_sales_per_customer": ratio(net, len(own), 2),
                "average_days_since_last_order": ratio(silence, len(found), 1),
                "before_date": before(today) if looks_back else None,
                "customers_before": len(then) if looks_back else None,
                "net_sales_before": total(earlier, then) if looks_back else None,
                "customers_entered": len(set(own) - set(then)) if looks_back else None,
                "customers_left": len(set(then) - set(own)) if looks_back else None,
            }
        )
    return rows


def total(sales: dict[str, Decimal], of: Iterable[str]) -> Decimal:
    return sum((sales[customer_id] for customer_id in of), ZERO)


def segment_movements(shop: Shop) -> list[Row]:
    """`final_segment_movements`."""
    everyone, today = scored(shop), last_day(shop)
    rows = []
    for name_before in NAMES:
        for name in NAMES:
            own = [
                customer_id
                for customer_id, each in everyone.items()
                if (each.segment_before, each.segment) == (name_before, name)
            ]
            if not own or today is None:
                continue
            earlier = sum((net_sales(shop, each, before(today)) for each in own), ZERO)
            now = sum((net_sales(shop, each, today) for each in own), ZERO)
            rows.append(
                {
                    "segment_before": name_before,
                    "segment": name,
                    "segment_number_before": NAMES.index(name_before) + 1,
                    "segment_number": NAMES.index(name) + 1,
                    "before_date": before(today),
                    "as_of_date": today,
                    "customers": len(own),
                    "net_sales_before": earlier,
                    "net_sales": now,
                    "net_sales_between": now - earlier,
                }
            )
    return rows


def month(day: date) -> date:
    return day.replace(day=1)


def following(first: date) -> date:
    return month(first + timedelta(days=31))


def cohort_retention(shop: Shop) -> list[Row]:
    """`final_cohort_retention`."""
    today = last_day(shop)
    days = {each: shop.order_days(each) for each in customer_ids(shop)}
    rows = []
    for cohort in sorted({month(found[0]) for found in days.values() if found}):
        own = {each for each, found in days.items() if found and month(found[0]) == cohort}
        start, number, so_far = cohort, 0, ZERO
        while today is not None and start <= today:
            is_over = following(start) - timedelta(days=1) <= today
            active = [each for each in own if any(month(day) == start for day in days[each])]
            net = sum(
                (
                    entry.amount
                    for entry in shop.ledger()
                    if entry.customer_id in own and max(month(entry.day), cohort) == start
                ),
                ZERO,
            )
            so_far += net
            known: Callable[[Any], Any] = (lambda value: value) if is_over else (lambda value: None)
            rows.append(
                {
                    "cohort_month": cohort,
                    "months_since_first_order": number,
                    "activity_month": start,
                    "is_complete": is_over,
                    "cohort_size": len(own),
                    "active_customers": known(len(active)),
                    "retention_rate": known(ratio(len(active), len(own), 6)),
                    "net_sales": known(net),
                    "cumulative_net_sales": known(so_far),
                    "net_sales_per_customer": known(ratio(net, len(own), 2)),
                    "cumulative_net_sales_per_customer": known(ratio(so_far, len(own), 2)),
                }
            )
            start, number = following(start), number + 1
    return rows


def rates(entries: Iterable[Entry]) -> dict[str, Decimal | None]:
    """The two rates of customers, of a period's entries."""
    orders: dict[str, dict[str, str]] = {}
    for entry in entries:
        if entry.kind == "sale" and entry.customer_id and not entry.order_cancelled:
            orders.setdefault(entry.customer_id, {})[entry.order_id] = entry.customer_type
    repeat = [each for each in orders.values() if len(each) >= 2]
    returning = [each for each in orders.values() if "new" not in each.values()]
    return {
        "repeat_purchase_rate": ratio(len(repeat), len(orders), 6),
        "returning_customer_rate": ratio(len(returning), len(orders), 6),
    }
