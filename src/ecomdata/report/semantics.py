"""The dbt project's metrics and dimensions, compiled to SQL by MetricFlow in this process.

What is read is the semantic manifest that a build leaves behind; neither dbt nor a database takes
part. MetricFlow only sums and counts here: it divides as floating point, and money is never that.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ecomdata.errors import DataError
from ecomdata.warehouse import quote

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

#: What days are put together to.
_GRAINS: Final = {
    "day": "Days, UTC.",
    "week": "Weeks, by their Monday.",
    "month": "Months, by their first day.",
    "quarter": "Quarters, by their first day.",
    "year": "Years, by their first day.",
}

#: The entity that customers are counted by.
CUSTOMER: Final = "customer"


@dataclass(frozen=True)
class Dimension:
    """What metrics can be asked by.

    Args:
        name: as the user says it.
        column: as MetricFlow does.
    """

    name: str
    column: str
    definition: str
    is_time: bool = False


@dataclass(frozen=True)
class Formula:
    """How a metric comes about.

    Args:
        kind: simple (of the ledger), ratio (of two other metrics) or derived (of others).
        inputs: the other metrics; of a ratio, what is divided and by what.
        expression: SQL over them, of a derived metric.
    """

    kind: str
    inputs: tuple[str, ...]
    expression: str


@dataclass(frozen=True)
class SemanticLayer:
    """The semantic manifest of a build, for one engine."""

    engine: str
    manifest: dict[str, Any]

    @classmethod
    def read(cls, path: Path, engine: str) -> Self:
        """Read what the last build left behind.

        Raises:
            DataError: there is none, or none with metrics; says what to do.
        """
        try:
            manifest = json.loads(path.read_bytes())
        except FileNotFoundError:
            raise DataError(
                f"{path} is missing, which says what the metrics are and is made by a build of "
                "this project: run `ecomdata build` first"
            ) from None
        except (OSError, ValueError) as exc:
            raise DataError(f"{path} cannot be read ({exc}): run `ecomdata build` again") from exc
        if not manifest.get("semantic_models"):
            raise DataError(
                "the models were built by a version without metrics: run `ecomdata build` again"
            )
        relations = [model["node_relation"] for model in manifest["semantic_models"]]
        relations += [
            spine["node_relation"] for spine in manifest["project_configuration"]["time_spines"]
        ]
        for relation in relations:  # without the database, whose name may be another by now
            relation["database"] = None
            relation["relation_name"] = quote(relation["schema_name"], relation["alias"])
        return cls(engine, manifest)

    @cached_property
    def formulas(self) -> dict[str, Formula]:
        """How each metric comes about, also those that are only parts of others."""
        return {metric["name"]: _formula(metric) for metric in self.manifest["metrics"]}

    @cached_property
    def dimensions(self) -> dict[str, Dimension]:
        """What metrics can be asked by, days first."""
        listed = [
            Dimension(grain, f"metric_time__{grain}", definition, is_time=True)
            for grain, definition in _GRAINS.items()
        ]
        for model in self.manifest["semantic_models"]:
            [entity] = [each["name"] for each in model["entities"] if each["type"] == "primary"]
            listed += [
                Dimension(each["name"], f"{entity}__{each['name']}", each["description"])
                for each in model["dimensions"]
                if each["type"] == "categorical"
            ]
        return {each.name: each for each in listed}

    def sums_sql(
        self,
        metrics: Iterable[str],
        by: Sequence[str],
        days: tuple[date, date] | None = None,
    ) -> str:
        """Return the SQL of simple metrics, one scan of the ledger.

        Shape: columns as MetricFlow names them; one row per combination of `by` that has entries,
        in no order.

        Args:
            metrics: names of simple metrics, at least one.
            by: names of dimensions' columns and of entities.
            days: the first and the last one; None takes all.
        """
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        # Not MetricFlow's own time constraint: it grows to whole months where months are asked by,
        # and begins in the year 2000 at the earliest.
        day = "{{ TimeDimension('metric_time', 'day') }}"
        within = [f"{day} between '{days[0]}' and '{days[1]}'"] if days else None
        request = MetricFlowQueryRequest.create(
            metric_names=sorted(metrics), group_by_names=list(by), where_constraints=within
        )
        return self._flow.explain(request).sql_statement.without_descriptions.sql

    @cached_property
    def _flow(self) -> "MetricFlowEngine":
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.dbt_manifest_parser import (
            parse_manifest_from_dbt_generated_manifest,
        )
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        manifest = parse_manifest_from_dbt_generated_manifest(json.dumps(self.manifest))
        client: Any = _Dialect(self.engine)
        return MetricFlowEngine(SemanticManifestLookup(manifest), sql_client=client)


class _Dialect:
    """As much of MetricFlow's client as it takes to write SQL."""

    def __init__(self, engine: str) -> None:
        from metricflow.protocols.sql_client import SqlEngine
        from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
        from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer

        self.sql_engine_type, self.sql_plan_renderer = {
            "duckdb": (SqlEngine.DUCKDB, DuckDbSqlPlanRenderer()),
            "postgres": (SqlEngine.POSTGRES, PostgresSQLSqlPlanRenderer()),
        }[engine]


def _formula(metric: dict[str, Any]) -> Formula:
    kind, how = metric["type"], metric["type_params"]
    if kind == "ratio":
        return Formula(kind, (how["numerator"]["name"], how["denominator"]["name"]), "")
    return Formula(kind, tuple(each["name"] for each in how["metrics"] or ()), how["expr"])
