"""The true KPIs of a shop, summed while it is made; the definitions are those of docs/kpis.md."""

from datetime import timedelta
from decimal import Decimal

import numpy as np

from ecomdata.generate.chance.draws import Ints
from ecomdata.generate.goods.baskets import Lines, Returns
from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.timeline import GUEST


class Tally:
    """Running KPIs of the lines and returns that it is shown.

    Whole orders at a time: an order's lines come in one call, so orders are counted by its end.
    """

    def __init__(self, plan: ShopPlan, accounts: int) -> None:
        self._start = plan.start
        self._by_day = {
            name: np.zeros(plan.days, dtype=np.int64)
            for name in ("gross_sales", "discounts", "returns", "cancellations")
        }
        self._bought = np.zeros(accounts, dtype=np.bool_)
        self._orders = 0
        self._units = 0

    def add_lines(self, lines: Lines) -> None:
        """Count the lines."""
        gross = lines.quantity * lines.unit_price
        self._add("gross_sales", lines.day, gross)
        self._add("discounts", lines.day, -lines.discount)
        void = np.flatnonzero(lines.cancelled)
        self._add("cancellations", lines.day[void], lines.discount[void] - gross[void])
        self._units += int(lines.quantity.sum()) - int(lines.quantity[void].sum())
        order = np.flatnonzero(np.diff(lines.order, prepend=-1))
        sold = order[~lines.cancelled[order]]
        self._orders += len(sold)
        customer = lines.customer[sold]
        self._bought[customer[customer != GUEST]] = True

    def add_returns(self, returns: Returns) -> None:
        """Count the returns."""
        self._add("returns", returns.day, -returns.refund)
        self._units -= int(returns.quantity.sum())

    def _add(self, name: str, day: Ints, cents: Ints) -> None:
        """Add amounts, those of a day one after the other."""
        if len(day):
            starts = np.flatnonzero(np.diff(day, prepend=-1))
            np.add.at(self._by_day[name], day[starts], np.add.reduceat(cents, starts))

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
