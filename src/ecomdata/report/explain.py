"""How the report's figures are computed: SQL that anybody can run, and the loads behind it."""

import re
from typing import Any, Final

from ecomdata.report.kpis import KPIS
from ecomdata.report.measures import GRAINS, LEDGER, customers_sql, project_macros
from ecomdata.warehouse import Connection

#: What the page puts in: days, and conditions that each begin with "and".
_CHOSEN: Final = "entry_date between date '«from»' and date '«to»'«narrowed»"

DAYS: Final = """\
select
  sales_date,
  sum(net_sales) as net_sales
from final.final_sales_report
group by sales_date
order by sales_date"""
COHORTS: Final = """\
select
  cohort_month,
  cohort_size,
  months_since_first_order,
  retention_rate,
  cumulative_net_sales_per_customer
from final.final_cohort_retention
order by cohort_month desc, months_since_first_order"""
SEGMENTS: Final = """\
select
  segment,
  customers,
  customer_share,
  orders,
  net_sales,
  net_sales_share,
  average_order_value,
  customers_entered,
  customers_left
from final.final_customer_segments
order by segment_number"""
RECORDS: Final = """\
select
  coalesce(sum(records_read), 0) as records,
  coalesce(sum(rows_rejected), 0) as rejected,
  coalesce(sum(rows_loaded), 0) as loaded
from meta.loads"""
ROWS: Final = """\
select
  coalesce(sum(raw_rows), 0) as raw_rows,
  coalesce(sum(superseded_rows), 0) as superseded,
  coalesce(sum(quarantined_rows), 0) as quarantined,
  coalesce(sum(staged_rows), 0) as staged
from final.final_data_quality"""
RULES: Final = """\
select entity, rule, stage, file, line, raw_text, number
from (
  select
    *,
    count(*) over (partition by entity, rule) as number,
    row_number() over (partition by entity, rule order by load_id, file, line) as place
  from meta.quarantine
) as refused
where place = 1
order by number desc, entity, rule"""
FIELDS: Final = """\
select entity, field, rule, count(*) as number
from meta.field_issues
group by entity, field, rule
order by count(*) desc, entity, field"""

#: The SQL of what is the same whatever is chosen, by the page's sections.
SECTIONS: Final = {
    "forecast": (DAYS,),
    "cohorts": (COHORTS,),
    "segments": (SEGMENTS,),
    "quality": (RECORDS, ROWS, RULES, FIELDS),
}

_SPLIT: Final = ("net_sales", "gross_sales", "returns", "orders", "units")
_LOADS_LISTED: Final = 12


def figures_sql(engine: str) -> dict[str, str]:
    """Return the SQL of each figure; «from», «to» and «narrowed» stand for what is chosen."""
    macros = project_macros(engine)
    measures = _columns(str(macros.sales_measures()))
    made = _columns(str(macros.sales_ratios()))
    by_customer, _, _ = customers_sql(engine, "«narrowed»").rpartition(" select ")
    by_customer = by_customer.replace("$1", "date '«from»'").replace("$2", "date '«to»'")
    rates = _columns(str(macros.customer_ratios()))
    found = {}
    for kpi in KPIS:
        if kpi.name in rates:
            found[kpi.name] = f"{by_customer}\nselect {rates[kpi.name]} as {kpi.name} from measured"
            continue
        inputs = [kpi.name]
        last = kpi.name
        if kpi.name in made:
            inputs = [name for name in measures if re.search(rf"\b{name}\b", made[kpi.name])]
            last = f"{made[kpi.name]} as {kpi.name}"
        sums = ",\n    ".join(f"{measures[name]} as {name}" for name in inputs)
        found[kpi.name] = (
            f"with measured as (\n  select\n    {sums}\n  from {LEDGER}\n  where {_CHOSEN}\n)\n"
            f"select {last} from measured"
        )
    return found


def split_sql(engine: str) -> dict[str, str]:
    """Return the SQL of sales by each grain, to be filled in alike."""
    measures = _columns(str(project_macros(engine).sales_measures()))
    sums = ",\n  ".join(f"{measures[name]} as {name}" for name in _SPLIT)
    return {
        name: f"select\n  {GRAINS[name]} as {name},\n  {sums}\nfrom {LEDGER}\nwhere {_CHOSEN}\n"
        "group by 1 order by 1"
        for name in ("day", "week", "month", "country", "category", "product", "customer_type")
    }


def loads(connection: Connection) -> dict[str, Any]:
    """Return the loads that the figures come from, the last first."""
    rows = connection.query(
        "select load_id, min(source) as source, min(file) as file, count(*) as files,"
        " cast(sum(records_read) as bigint) as records, cast(sum(rows_loaded) as bigint) as loaded"
        " from meta.loads where replaced_by is null group by load_id order by load_id desc"
    ).dicts()
    return {"total": len(rows), "rows": rows[:_LOADS_LISTED]}


def _columns(listed: str) -> dict[str, str]:
    """Return the expressions of a list of columns by their names."""
    found: dict[str, str] = {}
    depth, column = 0, ""
    for character in f"{listed},":
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            expression, _, name = re.sub(r"\s+", " ", column).strip().rpartition(" as ")
            found[name] = expression
            column = ""
        else:
            column += character
    return found
