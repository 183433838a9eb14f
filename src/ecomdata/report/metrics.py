"""Figures from the semantic layer: any metrics by any dimensions, counted anew for what is asked.

MetricFlow sums and counts at the asked grain (`semantics.py`); what is divided is divided from that
by the project's own macros, so that money is exact on every engine.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from ecomdata.errors import DataError, UsageError
from ecomdata.report.kpis import KPIS, Kpi, absent_capabilities, coverage
from ecomdata.report.measures import project_macros
from ecomdata.report.semantics import CUSTOMER, Dimension, SemanticLayer
from ecomdata.report.tables import require_build
from ecomdata.warehouse import Connection, Table

#: Counts customers by their orders among those that are asked for: a sum over sums, which
#: MetricFlow has no word for (docs/decisions/0014).
BY_CUSTOMER: Final = "repeat_purchase_rate"

_TYPES: Final = {
    "money": "numeric(18, 2)",
    "number": "numeric(18, 2)",
    "rate": "numeric(18, 6)",
    "count": "bigint",
}


@dataclass(frozen=True)
class MetricTable:
    """Metrics by dimensions, and which of them are not in the data, and why: NULL in every row."""

    table: Table
    absent: dict[Kpi, str]


@dataclass(frozen=True)
class Vocabulary:
    """What can be asked for, and by what."""

    metrics: dict[str, Kpi]
    dimensions: dict[str, Dimension]

    def document(self) -> list[dict[str, Any]]:
        """Return the metrics as JSON has them, each with its dimensions."""
        return [
            {
                "metric": kpi.name,
                "label": kpi.label,
                "unit": kpi.unit,
                "definition": kpi.definition,
                "dimensions": list(self.dimensions),
            }
            for kpi in self.metrics.values()
        ]

    def asked(self, metrics: Sequence[str], by: Sequence[str]) -> tuple[list[Kpi], list[Dimension]]:
        """Look up what was asked for, each once and in the order of its first mention.

        Raises:
            UsageError: there is no such metric or dimension; says which there are.
        """
        for name in metrics:
            if name not in self.metrics:
                raise UsageError(f"metric {name} is not known: use {', '.join(self.metrics)}")
        for name in by:
            if name not in self.dimensions:
                raise UsageError(f"--by {name} is not known: use {', '.join(self.dimensions)}")
        return (
            [self.metrics[name] for name in dict.fromkeys(metrics)],
            [self.dimensions[name] for name in dict.fromkeys(by)],
        )


def vocabulary(engine: str, manifest: Path) -> Vocabulary:
    """Return what the semantic manifest of the project's last build knows.

    Raises:
        DataError: there is no such manifest.
    """
    return _vocabulary(SemanticLayer.read(manifest, engine))


def metric_table(
    connection: Connection,
    engine: str,
    manifest: Path,
    metrics: Sequence[str],
    by: Sequence[str],
    start: date | None,
    end: date | None,
) -> MetricTable:
    """Return metrics by dimensions over all days, or over the days that are given.

    `manifest` is the semantic manifest of the project's last build.

    Shape: one row per combination of the dimensions that has entries, in their order; without a
    dimension one row.

    Raises:
        UsageError: a metric or dimension is not known, or the days are none of the data's.
        DataError: there is nothing to compute from.
    """
    require_build(connection)
    layer = SemanticLayer.read(manifest, engine)
    asked, dimensions = _vocabulary(layer).asked(metrics, by)
    covered = coverage(connection, start, end)
    if covered is None:
        raise DataError("the ledger is empty: load orders and build first (ecomdata run DIR)")
    days = (start or covered.all.start, end or covered.all.end) if start or end else None
    missing = absent_capabilities(connection)
    absent = {kpi: missing[kpi.needs] for kpi in asked if kpi.needs in missing}
    sql = metrics_sql(layer, asked, absent, dimensions, days)
    return MetricTable(connection.query(sql), absent)


def metrics_sql(
    layer: SemanticLayer,
    metrics: Sequence[Kpi],
    absent: Collection[Kpi],
    by: Sequence[Dimension],
    days: tuple[date, date] | None,
) -> str:
    """Return the SQL of metrics by dimensions; those that are absent are NULL."""
    macros = project_macros(layer.engine)
    present = [kpi.name for kpi in metrics if kpi not in absent]
    columns = [dimension.column for dimension in by]
    computed = [name for name in present if name != BY_CUSTOMER]
    steps = _computed(layer, macros, computed, columns, days)
    last = list(steps)[-1]
    joined = ""
    if BY_CUSTOMER in present:
        steps |= _customers(layer, macros, columns, days)
        matches = [f"{last}.{column} = customers_rated.{column}" for column in columns]
        joined = f" left join customers_rated on {' and '.join(matches) or 'true'}"
    listed = [
        f'cast({last}.{each.column} as {"date" if each.is_time else "text"}) as "{each.name}"'
        for each in by
    ]
    for kpi in metrics:
        origin = "customers_rated" if kpi.name == BY_CUSTOMER else last
        value = f"{origin}.{kpi.name}" if kpi.name in present else "null"
        listed.append(f"cast({value} as {_TYPES[kpi.unit]}) as {kpi.name}")
    ordered = ", ".join(
        f"{last}.{each.column}" if each.is_time else macros.bytewise(f"{last}.{each.column}")
        for each in by
    )
    named = ", ".join(f"{name} as ({sql})" for name, sql in steps.items())
    order = f" order by {ordered}" if by else ""
    return f"with {named} select {', '.join(listed)} from {last}{joined}{order}"


def _vocabulary(layer: SemanticLayer) -> Vocabulary:
    known = {*layer.formulas, BY_CUSTOMER}
    return Vocabulary({kpi.name: kpi for kpi in KPIS if kpi.name in known}, layer.dimensions)


def _computed(
    layer: SemanticLayer,
    macros: Any,
    names: Iterable[str],
    columns: Sequence[str],
    days: tuple[date, date] | None,
) -> dict[str, str]:
    """Return the steps to metrics: what is summed, then what is made of that, and so on."""
    depths = _with_inputs(layer, names)
    # `orders` where nothing is summed: the rows are those of the entries all the same.
    simple = [name for name in depths if layer.formulas[name].kind == "simple"] or ["orders"]
    # A period without entries has sums of nothing.
    filled = ", ".join([*columns, *(f"coalesce({name}, 0) as {name}" for name in simple)])
    steps = {
        "summed": layer.sums_sql(simple, columns, days),
        "measured": f"select {filled} from summed",
    }
    for depth in range(1, 1 + max(depths.values(), default=0)):
        level = [name for name, its in depths.items() if its == depth]
        made = ", ".join(f"{_expression(layer, macros, name)} as {name}" for name in level)
        steps[f"computed_{depth}"] = f"select *, {made} from {list(steps)[-1]}"
    return steps


def _with_inputs(layer: SemanticLayer, names: Iterable[str]) -> dict[str, int]:
    """Return the metrics and all that they are made of, each with how many steps that takes."""
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            inputs = layer.formulas[name].inputs
            depths[name] = 1 + max(map(depth, inputs)) if inputs else 0
        return depths[name]

    for name in names:
        depth(name)
    return depths


def _expression(layer: SemanticLayer, macros: Any, name: str) -> str:
    """Return the SQL of a metric over the columns of its inputs."""
    formula = layer.formulas[name]
    if formula.kind == "derived":
        return formula.expression
    [digits] = [6 if kpi.unit == "rate" else 2 for kpi in KPIS if kpi.name == name]
    return str(macros.ratio(*formula.inputs, digits))


def _customers(
    layer: SemanticLayer, macros: Any, columns: Sequence[str], days: tuple[date, date] | None
) -> dict[str, str]:
    """Return the steps that count customers by their orders in every combination of columns."""
    listed = "".join(f"{column}, " for column in columns)
    grouping = f" group by {', '.join(columns)}" if columns else ""
    return {
        "by_customer": layer.sums_sql(["orders", "new_orders"], [*columns, CUSTOMER], days),
        "customers_counted": f"select {listed}{macros.customer_measures()} from by_customer"
        f" where orders > 0 and {CUSTOMER} is not null{grouping}",
        "customers_rated": f"select {listed}{macros.customer_ratios()} from customers_counted",
    }
