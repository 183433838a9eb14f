"""The KPIs' SQL, rendered from the dbt project's own macros: one definition for every figure.

`macros/measures.sql` is what the models use at build time. Here the same text is rendered for
questions that are asked afterwards: another period, another grain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_MACROS = resources.files("ecomdata") / "transform" / "project" / "macros"

LEDGER = "intermediate.int_revenue_ledger"

CAPABILITIES = "meta.capabilities"

#: What figures can be asked by: an expression over the ledger.
GRAINS = {
    "total": "'all'",
    "day": "entry_date",
    "week": "cast(date_trunc('week', entry_date) as date)",
    "month": "cast(date_trunc('month', entry_date) as date)",
    "country": "country",
    "category": "category",
    "product": "product_id",
    "customer_type": "customer_type",
}


def sales_sql(engine: str, *grains: str) -> str:
    """Return the SQL of every sales figure by these grains, over entries of days $1 to $2.

    What the loads cannot tell is NULL.

    Shape: one row per combination that has entries, in order of the grains; by "total" alone one
    row always.
    """
    capabilities, measures, in_data, ratios = _rendered(engine)
    columns = ", ".join(f'{GRAINS[grain]} as "{grain}"' for grain in grains)
    names = ", ".join(f'"{grain}"' for grain in grains)
    positions = ", ".join(str(i + 1) for i in range(len(grains)))
    grouping = "" if grains == ("total",) else f"group by {positions}"
    return (
        f"with what_loads_tell as ({capabilities}), "
        f"measured as (select {columns}, {measures} from {LEDGER} "
        f"where entry_date between $1 and $2 {grouping}), "
        f"told as (select {names}, {in_data} from measured cross join what_loads_tell) "
        f"select *, {ratios} from told order by {positions}"
    )


def sales_by_product_sql(engine: str) -> str:
    """Return the SQL of the sales of every product, sold or not, most first; days $1 to $2.

    Names and classes (over all days) are those of `final_product_performance`.
    """
    macros = project_macros(engine)
    share = macros.ratio("total_revenue", "(select sum(total_revenue) from listed)", 6)
    return (
        f"with sold as ({sales_sql(engine, 'product')}), listed as ("
        " select final_product_performance.product_id, product_name,"
        " final_product_performance.category, coalesce(sold.net_sales, 0.00) as total_revenue,"
        " coalesce(sold.orders, 0) as total_orders, coalesce(sold.units, 0) as units,"
        " sold.return_rate, abc_class"
        " from final.final_product_performance"
        ' left join sold on sold."product" = final_product_performance.product_id) '
        f"select *, {share} as revenue_share from listed"
        f" order by total_revenue desc, {macros.bytewise('product_id')} asc"
    )


def customers_sql(engine: str, narrowed: str = "") -> str:
    """Return the SQL of the figures that are counted by customer, over orders of days $1 to $2.

    `narrowed` is what else the orders' entries must be, beginning with "and".

    Shape: one row; the rates are NULL where nobody ordered. Guests are no customers.
    """
    macros = project_macros(engine)
    return (
        "with orders as (select distinct customer_id, order_id, customer_type"
        f" from {LEDGER} where entry_date between $1 and $2{narrowed}"
        " and entry_type = 'sale' and not is_cancelled and customer_id is not null),"
        " by_customer as (select customer_id, count(*) as orders,"
        " count(case when customer_type = 'new' then 1 end) as new_orders"
        " from orders group by customer_id),"
        f" measured as (select {macros.customer_measures()} from by_customer) "
        f"select {macros.customer_ratios()} from measured"
    )


@cache
def _rendered(engine: str) -> tuple[str, str, str, str]:
    macros = project_macros(engine)
    return (
        str(macros.capabilities_in_one_row(CAPABILITIES)),
        str(macros.sales_measures()),
        str(macros.sales_in_data()),
        str(macros.sales_ratios()),
    )


@cache
def project_macros(engine: str) -> Any:
    """Return the project's macros by name, rendered with as much of dbt as they use."""
    from jinja2 import Environment, StrictUndefined

    names = ("measures.sql", "capabilities.sql", "portable/numbers.sql", "portable/text.sql")
    text = "".join((_MACROS / name).read_text(encoding="utf-8") for name in names)
    environment = Environment(undefined=StrictUndefined)
    environment.globals["adapter"] = adapter = _Adapter(engine)
    module: Any = environment.from_string(text).module
    adapter.macros = module
    return module


@dataclass
class _Adapter:
    """dbt's dispatch: the engine's macro, else the default one."""

    engine: str
    macros: Any = None

    def dispatch(self, name: str, package: str) -> Callable[..., str]:
        name = next(
            full
            for full in (f"{self.engine}__{name}", f"default__{name}")
            if hasattr(self.macros, full)
        )
        macro: Callable[..., str] = getattr(self.macros, name)
        return macro
