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


def totals_sql(engine: str, periods: int) -> str:
    """Return the SQL of `sales_sql` by "total" and of `customers_sql`, of so many periods at once.

    The days of the first are $1 to $2, of the second $3 to $4, and so on. Orders and customers are
    brought together once for all of them: that is what takes the time.

    Shape: one row per period, in their order.
    """
    macros = project_macros(engine)
    capabilities, _, in_data, ratios = _rendered(engine)
    numbers = range(1, periods + 1)
    days = {number: f"entry_date between ${2 * number - 1} and ${2 * number}" for number in numbers}
    is_in = ", ".join(
        f"max(case when {days[number]} then 1 else 0 end) as is_in_{number}" for number in numbers
    )
    kinds = ("new", "returning")
    is_of_kind = ", ".join(
        f"max(case when {days[number]} and customer_type = '{kind}' then 1 else 0 end)"
        f" as is_{kind}_in_{number}"
        for number in numbers
        for kind in kinds
    )
    standing = "entry_type = 'sale' and not is_cancelled"
    by_customer = ", ".join(
        f"sum(is_in_{number}) as orders_{number},"
        f" sum(case when customer_type = 'new' then is_in_{number} else 0 end) as new_{number}"
        for number in numbers
    )
    sums = " union all ".join(
        f"select {number} as period, {macros.sales_sums()} from {LEDGER} where {days[number]}"
        for number in numbers
    )
    counts = " union all ".join(
        f"select {number} as period, count(case when is_in_{number} = 1 then 1 end) as orders, "
        + ", ".join(
            f"count(case when is_{kind}_in_{number} = 1 then 1 end) as {kind}_orders"
            for kind in kinds
        )
        + " from orders"
        for number in numbers
    )
    customers = " union all ".join(
        f"select {number} as period, {macros.customer_measures()} from (select"
        f" orders_{number} as orders, new_{number} as new_orders from customers"
        f" where orders_{number} > 0) as of_period"
        for number in numbers
    )
    return (
        f"with what_loads_tell as ({capabilities}),"
        f" orders as (select order_id, {is_in}, {is_of_kind} from {LEDGER}"
        f" where {standing} group by order_id),"
        f" orders_of_customers as (select customer_id, order_id, customer_type, {is_in}"
        f" from {LEDGER} where {standing} and customer_id is not null"
        " group by customer_id, order_id, customer_type),"
        f" customers as (select customer_id, {by_customer} from orders_of_customers"
        " group by customer_id),"
        f" sums as ({sums}), orders_counted as ({counts}), customers_counted as ({customers}),"
        " measured as (select sums.*, orders_counted.orders, orders_counted.new_orders,"
        " orders_counted.returning_orders, customers_counted.customers,"
        " customers_counted.repeat_customers, customers_counted.returning_customers"
        " from sums inner join orders_counted on sums.period = orders_counted.period"
        " inner join customers_counted on sums.period = customers_counted.period),"
        f" told as (select period, {in_data}, {macros.customer_ratios()}"
        " from measured cross join what_loads_tell) "
        f"select *, {ratios} from told order by period"
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
