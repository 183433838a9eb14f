"""The metrics of the dbt project are the KPIs; a manifest that cannot be used says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

import ecomdata
from ecomdata.errors import DataError
from ecomdata.report import KPIS
from ecomdata.report.metrics import BY_CUSTOMER
from ecomdata.report.semantics import SemanticLayer

MODELS = Path(ecomdata.__file__).parent / "transform/project/models/intermediate"


def _yaml(name: str) -> Any:
    return yaml.safe_load((MODELS / name).read_text(encoding="utf-8"))


def _metrics() -> list[dict[str, Any]]:
    [ledger] = _yaml("int_revenue_ledger.yml")["models"]
    return [*ledger["metrics"], *_yaml("metrics.yml")["metrics"]]


def test_every_kpi_is_a_metric_with_its_name_and_definition() -> None:
    public = {
        each["name"]: (each["label"], each["description"])
        for each in _metrics()
        if not each.get("hidden")
    }
    assert public == {
        kpi.name: (kpi.label, kpi.definition) for kpi in KPIS if kpi.name != BY_CUSTOMER
    }


def test_what_is_no_kpi_is_a_part_of_one_and_says_what_it_is() -> None:
    metrics = {each["name"]: each for each in _metrics()}
    used: set[str] = set()
    for each in metrics.values():
        used |= {each.get("numerator", ""), each.get("denominator", "")}
        used |= set(each.get("input_metrics", []))
    hidden = {name for name, each in metrics.items() if each.get("hidden")}
    assert len(hidden) >= 5
    assert hidden <= used
    assert all(metrics[name]["description"] for name in hidden)


def test_beside_the_ledger_stand_simple_metrics_only() -> None:
    """The others dbt 1.12.0 finds twice after a change (dbt-core issue 13004)."""
    [ledger] = _yaml("int_revenue_ledger.yml")["models"]
    assert {each["type"] for each in ledger["metrics"]} == {"simple"}
    assert {each["type"] for each in _yaml("metrics.yml")["metrics"]} == {"ratio", "derived"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, r"manifest.json is missing, .* is made by a build .*: run `ecomdata build` first"),
        ('{"semantic_mod', r"manifest.json cannot be read \(.*\): run `ecomdata build` again"),
        ('{"semantic_models": []}', "by a version without metrics: run `ecomdata build` again"),
    ],
    ids=["missing", "broken off", "of an earlier version"],
)
def test_a_manifest_that_cannot_be_used_says_what_to_do(
    tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "semantic_manifest.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=said):
        SemanticLayer.read(path, "duckdb")


def test_tables_are_named_without_the_database_of_the_build(tmp_path: Path) -> None:
    relation = {
        "alias": "int_revenue_ledger",
        "schema_name": "intermediate",
        "database": "yesterday",
        "relation_name": '"yesterday"."intermediate"."int_revenue_ledger"',
    }
    written = {
        "semantic_models": [{"node_relation": dict(relation)}],
        "project_configuration": {"time_spines": [{"node_relation": dict(relation)}]},
    }
    path = tmp_path / "semantic_manifest.json"
    path.write_text(json.dumps(written))
    manifest = SemanticLayer.read(path, "duckdb").manifest
    found = [
        manifest["semantic_models"][0]["node_relation"],
        manifest["project_configuration"]["time_spines"][0]["node_relation"],
    ]
    for each in found:
        assert each["database"] is None
        assert each["relation_name"] == '"intermediate"."int_revenue_ledger"'
