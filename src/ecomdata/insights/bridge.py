"""How net sales came from one month to the next: price, volume, mix and the rest, to the cent."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.asking import period_of
from ecomdata.insights.evidence import figures, literal, money, percent_change, said
from ecomdata.insights.finding import Z90, Finding, Question, Searched
from ecomdata.warehouse import Connection

#: Months that tell how net sales usually move, and what they did a year ago.
FEWEST_MONTHS: Final = 14
_YEAR: Final = 12
_QUARTILE: Final = 1.1503
_WORDS: Final = {
    "price": "price",
    "volume": "volume",
    "mix": "mix",
    "new_products": "new products",
    "discontinued_products": "products no longer sold",
    "returns": "returns",
}


@dataclass(frozen=True)
class Bridge:
    """The change of net sales and its exact components.

    Args:
        net_sales: of the month.
        base_net_sales: of the month before.
        components: name and amount, in the order in which they are drawn; None: not in the data.
    """

    net_sales: Decimal
    base_net_sales: Decimal
    components: tuple[tuple[str, Decimal | None], ...]

    @property
    def change(self) -> Decimal:
        """The sum of the components."""
        return self.net_sales - self.base_net_sales

    def in_words(self) -> str:
        """The components with their signs, those that are nothing left out."""
        return ", ".join(
            f"{_WORDS[name]} {amount:+,}" for name, amount in self.components if amount
        )


def read_bridge(connection: Connection, question: Question) -> Bridge | None:
    """Return the bridge to the question's month; None where it is about no months."""
    if period_of(question.current) != "month":
        return None
    rows = connection.query(
        "select component, amount, net_sales, base_net_sales from final.final_sales_bridge"
        " where sales_month = $1 and compared_with = 'month_before' order by component_number",
        [question.current.start],
    ).rows
    if not rows:
        return None
    return Bridge(rows[0][2], rows[0][3], tuple((row[0], row[1]) for row in rows))


def search_bridge(connection: Connection, question: Question) -> Searched:
    """Return the bridge where net sales moved as they usually do not, nor did a year ago."""
    bridge = read_bridge(connection, question)
    if bridge is None:
        return Searched((), 0)
    months = connection.query(
        "select distinct sales_month, net_sales, base_net_sales from final.final_sales_bridge"
        " where compared_with = 'month_before' and is_complete and sales_month <= $1"
        " order by sales_month desc",
        [question.current.start],
    ).rows
    if len(months) < FEWEST_MONTHS - 1 or any(min(row[1:]) <= 0 for row in months):
        return Searched(
            (),
            0,
            f"whether net sales as a whole moved: needs {FEWEST_MONTHS} whole months of sales, "
            f"has {len(months) + 1}",
        )
    steps = np.array([float(row[1].ln() - row[2].ln()) for row in months])
    usual = float(np.quantile(np.abs(steps[1:]), 0.75)) / _QUARTILE
    apart = float(steps[0] - steps[_YEAR]) / 2**0.5
    score = min(abs(steps[0]), abs(apart)) / usual if steps[0] * apart > 0 else 0.0
    from scipy.special import stdtr

    p_value = float(2 * stdtr(0.5 * (len(steps) - 1), -score))
    return Searched((_finding(connection, question, bridge, usual, p_value),), 1)


def _finding(
    connection: Connection, question: Question, bridge: Bridge, usual: float, p_value: float
) -> Finding:
    parts = ",\n    ".join(
        f"sum(case when component = {literal(name)} then amount end) as {name}"
        for name, _ in bridge.components
    )
    sql = f"""select
    max(net_sales) as net_sales,
    max(base_net_sales) as base_net_sales,
    {money("sum(amount)")} as effect,
    {percent_change("max(net_sales)", "max(base_net_sales)")} as change_percent,
    {parts}
from final.final_sales_bridge
where compared_with = 'month_before' and sales_month = {literal(question.current.start)}"""
    told = figures(connection, sql)
    base = float(bridge.base_net_sales)
    middle = float(np.log(float(bridge.net_sales) / base))
    low, high = (
        Decimal(base * (float(np.exp(middle + sign * Z90 * usual)) - 1)).quantize(Decimal("0.01"))
        for sign in (-1, 1)
    )
    return Finding(
        family="sales",
        kind="bridge",
        span=question.current,
        segment={},
        statement=(
            f"Net sales were {said(told['net_sales'])} after {said(told['base_net_sales'])} "
            f"({told['change_percent']:+} %), more of a change than is usual here or was a year "
            f"ago: {bridge.in_words()}."
        ),
        numbers=told,
        effect=told["effect"],
        low=low,
        high=high,
        p_value=p_value,
        evidence_sql=sql,
        next_look="Ask for the largest component by product: ecomdata kpis --by product.",
    )
