"""`ecomdata metrics`: what it lists, and which questions it does not take."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ecomdata.cli.app import app
from ecomdata.report import KPIS

DIMENSIONS = ["day", "week", "month", "quarter", "year", "country"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose build left a manifest with one dimension and all metrics."""
    folder = tmp_path / ".ecomdata/dbt/duckdb"
    folder.mkdir(parents=True)
    relation = {"alias": "int_revenue_ledger", "schema_name": "intermediate"}
    country = {"name": "country", "type": "categorical", "description": "Where customers live."}
    how = {"expr": "amount", "metrics": []}
    manifest = {
        "semantic_models": [
            {
                "node_relation": relation,
                "entities": [{"name": "entry", "type": "primary"}],
                "dimensions": [{"name": "entry_date", "type": "time"}, country],
            }
        ],
        "metrics": [{"name": k.name, "type": "simple", "type_params": how} for k in KPIS],
        "project_configuration": {"time_spines": []},
    }
    (folder / "semantic_manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def _asked(project: Path, *arguments: str) -> Result:
    words = ["metrics", "--project", str(project), *arguments]
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_without_a_metric_all_are_listed_with_their_definitions_in_80_columns(
    project: Path,
) -> None:
    done = _asked(project)
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    words = " ".join(done.stdout.split())
    assert all(f"{kpi.name}: {kpi.definition}" in words for kpi in KPIS)
    assert "country: Where customers live." in words
    assert all(f"{name}: " in words for name in DIMENSIONS)


def test_scripts_get_each_metric_with_its_dimensions(project: Path) -> None:
    listed = json.loads(_asked(project, "--json").stdout)
    assert [each["metric"] for each in listed] == [kpi.name for kpi in KPIS]
    assert listed[0] == {
        "metric": "net_sales",
        "label": "Net sales",
        "unit": "money",
        "definition": "Gross sales less discounts, returns and cancellations.",
        "dimensions": DIMENSIONS,
    }


@pytest.mark.parametrize("option", [("--by", "month"), ("--from", "2025-01-01")])
def test_dimensions_and_days_of_no_metric_are_refused(
    project: Path, option: tuple[str, ...]
) -> None:
    done = _asked(project, *option, "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"] == (
        "--by, --from and --to are about metrics: name one (`ecomdata metrics` lists them)"
    )


def test_where_nothing_was_built_a_build_is_asked_for(tmp_path: Path) -> None:
    done = _asked(tmp_path, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"].endswith("run `ecomdata build` first")


def test_the_dimensions_of_the_help_are_all_there_are() -> None:
    said = " ".join(CliRunner().invoke(app, ["metrics", "--help"]).stdout.split())
    assert "day, week, month, quarter, year, country, category, product_id or customer_type" in said
