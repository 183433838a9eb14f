"""The headline figures: what they are called, what they mean, and how they moved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

from ecomdata.errors import UsageError
from ecomdata.report.measures import CAPABILITIES, LEDGER, totals_sql
from ecomdata.warehouse import Connection

Unit = Literal["money", "count", "rate", "number"]
Better = Literal["up", "down", "neutral"]


@dataclass(frozen=True)
class Kpi:
    """One figure of the dbt project's macros (`macros/measures.sql`).

    Args:
        needs: the row of `meta.capabilities` without which it is not in the data.
        gap: why it can be unknown all the same.
    """

    name: str
    label: str
    unit: Unit
    better: Better
    definition: str
    needs: str = ""
    gap: str = ""


_COSTS: Final = ("costs", "the cost of some of what was sold is not known")

KPIS: Final = (
    Kpi("net_sales", "Net sales", "money", "up",
        "Gross sales less discounts, returns and cancellations."),
    Kpi("gross_sales", "Gross sales", "money", "up",
        "Order lines before discount, on the order's day."),
    Kpi("discounts", "Discounts", "money", "neutral",
        "Discounts on order lines; zero or less.", "discounts"),
    Kpi("returns", "Returns", "money", "up",
        "Refunds, on the day the return was processed; zero or less.", "returns"),
    Kpi("cancellations", "Cancellations", "money", "up",
        "Lines of cancelled orders taken back, on the order's day; zero or less.", "cancellations"),
    Kpi("orders", "Orders", "count", "up",
        "Orders with at least one line sold and not wholly cancelled."),
    Kpi("average_order_value", "Average order value", "money", "up",
        "Net sales divided by orders."),
    Kpi("customers", "Customers", "count", "up",
        "Customers with at least one such order; guests are not counted.", "customers"),
    Kpi("new_orders", "New orders", "count", "up",
        "Orders that are their customer's first in all history.", "customers"),
    Kpi("returning_orders", "Returning orders", "count", "up",
        "Orders of customers who had ordered before.", "customers"),
    Kpi("repeat_purchase_rate", "Repeat purchase rate", "rate", "up",
        "Customers with two orders or more in the period divided by those with one or more.",
        "customers"),
    Kpi("returning_customer_rate", "Returning customer rate", "rate", "up",
        "Customers whose first order is older than the period divided by all with an order in it.",
        "customers"),
    Kpi("units", "Units", "count", "up",
        "Units sold less units cancelled and returned."),
    Kpi("units_per_order", "Units per order", "number", "up",
        "Units divided by orders."),
    Kpi("average_selling_price", "Average selling price", "money", "neutral",
        "Net sales divided by units."),
    Kpi("return_rate", "Return rate", "rate", "down",
        "Units returned divided by units sold.", "returned_units"),
    Kpi("gross_margin", "Gross margin", "money", "up",
        "Net sales less the cost of what was sold; known only where every product has a cost.",
        *_COSTS),
    Kpi("margin_rate", "Margin rate", "rate", "up",
        "Gross margin divided by net sales.", *_COSTS),
)  # fmt: skip


@dataclass(frozen=True)
class Period:
    """Days, both ends included."""

    start: date
    end: date
    label: str

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.start).days + 1

    def document(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {
            "label": self.label,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
        }


@dataclass(frozen=True)
class Coverage:
    """The days that the ledger has entries for, and the period that the headline is about."""

    all: Period
    period: Period
    previous: Period | None
    last_year: Period | None


@dataclass(frozen=True)
class Figure:
    """A KPI in the period, before it, a year before it, and over all days; None = not in this data.

    Args:
        reason: why it is not in this data; empty where it is, or where there is nothing to divide.
    """

    kpi: Kpi
    value: Decimal | int | None
    previous: Decimal | int | None
    last_year: Decimal | int | None
    all: Decimal | int | None
    reason: str = ""

    def change(self, before: Decimal | int | None) -> Decimal | None:
        """Return how it moved: of a rate the difference, of anything else the relative change.

        None where there is nothing to compare with, or to divide by.
        """
        if self.value is None or before is None:
            return None
        moved = Decimal(self.value) - before
        if self.kpi.unit == "rate":
            return moved
        if not before:
            return None
        return (moved / abs(Decimal(before))).quantize(Decimal("0.000001"), ROUND_HALF_UP)

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it: numbers as text."""
        numbers = {
            "value": self.value,
            "previous": self.previous,
            "last_year": self.last_year,
            "all": self.all,
            "change": self.change(self.previous),
            "change_last_year": self.change(self.last_year),
        }
        return {
            "id": self.kpi.name,
            "label": self.kpi.label,
            "unit": self.kpi.unit,
            "better": self.kpi.better,
            "definition": self.kpi.definition,
            "reason": self.reason,
        } | {name: as_text(number) for name, number in numbers.items()}


def coverage(
    connection: Connection, start: date | None = None, end: date | None = None
) -> Coverage | None:
    """Return what the ledger covers; None where it has no entry.

    Without a start or end, the period is the longest of 365, 90, 30 and 7 days that the data
    hold twice, up to their last day; it is compared with as many days before.

    Raises:
        UsageError: the start lies behind the end.
    """
    [(first, last)] = connection.query(
        f"select min(entry_date), max(entry_date) from {LEDGER}"
    ).rows
    if first is None:
        return None
    everything = Period(first, last, "all days")
    if start or end:
        if start and start > (end or last):
            limit = f"--to {end}" if end else f"the last day of the data, {last}"
            raise UsageError(f"--from {start} lies behind {limit}")
        if end and end < (start or first):
            raise UsageError(f"--to {end} lies before the first day of the data, {first}")
        start, end = start or first, end or last
        period = Period(start, end, f"{start} to {end}")
    else:
        days = next((n for n in (365, 90, 30, 7) if 2 * n <= everything.days), everything.days)
        label = f"last {days} days" if days < everything.days else everything.label
        period = Period(last - timedelta(days=days - 1), last, label)
    before = period.start - timedelta(days=1)
    previous = Period(
        before - timedelta(days=period.days - 1), before, f"the {period.days} days before"
    )
    last_year = Period(a_year_before(period.start), a_year_before(period.end), "a year before")
    return Coverage(
        everything, period, *(p if p.start >= first else None for p in (previous, last_year))
    )


def a_year_before(day: date) -> date:
    """Return the same day of the year before; February's 28th for its 29th."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def headline(connection: Connection, engine: str, covered: Coverage) -> dict[str, Any]:
    """Return the headline figures and their periods, as JSON has them."""
    periods = (covered.period, covered.all, covered.previous, covered.last_year)
    totals = iter(_totals(connection, engine, [each for each in periods if each]))
    value, all_days, previous, last_year = (next(totals) if each else {} for each in periods)
    absent = absent_capabilities(connection)
    figures = []
    for kpi in KPIS:
        in_all = all_days[kpi.name]
        reason = absent.get(kpi.needs, kpi.gap) if in_all is None else ""
        before = (previous.get(kpi.name), last_year.get(kpi.name))
        figures.append(Figure(kpi, value[kpi.name], *before, in_all, reason))
    return {
        "period": covered.period.document(),
        "previous": covered.previous.document() if covered.previous else None,
        "last_year": covered.last_year.document() if covered.last_year else None,
        "kpis": [figure.document() for figure in figures],
        "caveats": _caveats(connection),
    }


def absent_capabilities(connection: Connection) -> dict[str, str]:
    """Return what the loads cannot tell, and why: the figures that need it are not in the data."""
    found = connection.query(
        f"select capability, reason from {CAPABILITIES} where not is_in_data order by capability"
    )
    return dict(found.rows)


def as_text(value: Decimal | int | None) -> str | None:
    """Return a number as JSON text: no figure passes through floating point."""
    return None if value is None else str(value)


def _caveats(connection: Connection) -> list[str]:
    """What the platforms' exports cannot tell of these figures."""
    files = connection.query(
        "select caveats, min(load_id) from meta.loads where replaced_by is null"
        " group by caveats order by min(load_id), caveats"
    ).rows
    return list(dict.fromkeys(caveat for caveats, _ in files for caveat in json.loads(caveats)))


def _totals(connection: Connection, engine: str, periods: Sequence[Period]) -> list[dict[str, Any]]:
    """Every figure by name, of each of the periods."""
    days = [day for period in periods for day in (period.start, period.end)]
    return connection.query(totals_sql(engine, len(periods)), days).dicts()
