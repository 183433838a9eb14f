"""The true KPIs of a shop, summed while it is made; the definitions are those of docs/kpis.md."""

from datetime import timedelta
from decimal import Decimal

import numpy as np

from ecomdata.generate.baskets import Lines, Returns
from ecomdata.generate.demand import GUEST
from ecomdata.generate.draws import Bools, Ints
from ecomdata.generate.plan import ShopPlan


class Tally:
    """Running KPIs of the lines and returns that it is shown.

    Whole orders at a time: an order's lines come in one call, so orders are counted by its end.
    """

    def __init__(self, plan: ShopPlan) -> None:
        self._start = plan.start
        self._by_day = {
            name: np.zeros(plan.days, dtype=np.int64)
            for name in ("gross_sales", "discounts", "returns", "cancellations")
        }
        self._bought = np.zeros(plan.customer_count, dtype=np.bool_)
        self._orders = 0
        self._units = 0

    def add_lines(self, lines: Lines, kept: Bools) -> None:
        """Count the lines that are kept."""
        day, total, discount = lines.day[kept], lines.total[kept], lines.discount[kept]
        cancelled, quantity = lines.cancelled[kept], lines.quantity[kept]
        self._add("gross_sales", day, total + discount)
        self._add("discounts", day, -discount)
        self._add("cancellations", day[cancelled], -total[cancelled])
        self._units += int(quantity[~cancelled].sum())
        counts = kept & ~lines.cancelled
        self._orders += len(np.unique(lines.order[counts]))
        self._bought[lines.customer[counts & (lines.customer != GUEST)]] = True

    def add_returns(self, returns: Returns) -> None:
        """Count the returns."""
        self._add("returns", returns.day, -returns.refund)
        self._units -= int(returns.quantity.sum())

    def _add(self, name: str, day: Ints, cents: Ints) -> None:
        np.add.at(self._by_day[name], day, cents)

    @property
    def net_sales(self) -> Decimal:
        """Net sales of all days."""
        return _money(sum(int(cents.sum()) for cents in self._by_day.values()))

    def as_record(self) -> dict[str, object]:
        """The KPIs as JSON can hold them: money as text, counts as numbers."""
        net_by_day = np.sum(list(self._by_day.values()), axis=0)
        return {
            **{name: str(_money(int(cents.sum()))) for name, cents in self._by_day.items()},
            "net_sales": str(_money(int(net_by_day.sum()))),
            "orders": self._orders,
            "customers": int(self._bought.sum()),
            "units": self._units,
            "by_day": {
                (self._start + timedelta(day)).isoformat(): str(_money(cents))
                for day, cents in enumerate(net_by_day.tolist())
            },
        }


def _money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
