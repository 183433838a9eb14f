"""The true KPIs of a shop, summed while it is made; the definitions are those of docs/kpis.md."""

from datetime import timedelta
from decimal import Decimal

import numpy as np

from ecomdata.generate.chance.draws import Ints
from ecomdata.generate.goods.baskets import Lines, Returns, first_of_each
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
        gross, stays = lines.quantity * lines.unit_price, ~lines.cancelled
        self._add(
            lines.day,
            gross_sales=gross,
            discounts=-lines.discount,
            cancellations=(lines.discount - gross) * lines.cancelled,
        )
        self._units += int((lines.quantity * stays).sum())
        order = lines.first_of_order
        sold = order[stays[order]]
        self._orders += len(sold)
        customer = lines.customer[sold]
        self._bought[customer[customer != GUEST]] = True

    def add_returns(self, returns: Returns) -> None:
        """Count the returns."""
        self._add(returns.day, returns=-returns.refund)
        self._units -= int(returns.quantity.sum())

    def _add(self, day: Ints, **amounts: Ints) -> None:
        """Add cents, those of a day one after the other."""
        if len(day):
            first = first_of_each(day)
            for name, cents in amounts.items():
                np.add.at(self._by_day[name], day[first], np.add.reduceat(cents, first))

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
