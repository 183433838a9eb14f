"""Superset's assets are what the models and the semantic layer say, and travel as they stand."""

import io
import json
import re
import runpy
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecomdata.dashboards.assets import DASHBOARDS, DATABASE_FILE, bundle, documents

ROOT = Path(__file__).parents[3]
URL = "postgresql+psycopg2://ecomdata_reader@/shop?host=db.example"


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "deploy/superset/generate.py"))


def _members(archive: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        return {
            name.removeprefix("ecomdata/"): json.loads(members.read(name))
            for name in members.namelist()
        }


def test_the_files_are_what_the_models_and_the_semantic_layer_make(
    generated: dict[str, Any],
) -> None:
    folder = ROOT / "deploy/superset/assets"
    files = {
        path.relative_to(folder).as_posix(): yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
        for path in folder.rglob("*.yaml")
    }
    made = generated["assets"]()
    assert files == made


def test_a_metric_is_the_semantic_layers_formula_over_sums() -> None:
    """Worked by hand from docs/kpis.md."""
    [table] = [each for _, each in documents() if each.get("table_name") == "final_sales_report"]
    found = {metric["metric_name"]: metric["expression"] for metric in table["metrics"]}
    cost = "case when count(*) = count(cost_amount) then sum(cost_amount) end"
    assert found["net_sales"] == "sum(net_sales)"
    assert found["average_order_value"] == (
        "cast(round( cast(sum(net_sales) as numeric) / "
        "nullif(cast(sum(orders) as numeric), 0), 2 ) as numeric(18, 2))"
    )
    assert found["gross_margin"] == f"sum(net_sales) + {cost}"
    assert found["margin_rate"] == (
        f"cast(round( cast(sum(net_sales) + {cost} as numeric) / "
        "nullif(cast(sum(net_sales) as numeric), 0), 6 ) as numeric(18, 6))"
    )
    assert "customers" not in found  # a customer of two days is one


def test_every_id_is_fixed_and_another_and_what_points_at_one_finds_it() -> None:
    listed = list(documents())
    ids = [each["uuid"] for _, each in listed]
    assert len(set(ids)) == len(ids) == 46
    text = json.dumps([each for _, each in listed])
    pointed = re.findall(r'"(?:database_uuid|dataset_uuid|datasetUuid)": "([^"]+)"', text)
    assert len(pointed) > 40
    assert set(pointed) < set(ids)
    sales = next(each for _, each in listed if each.get("slug") == "ecomdata-sales")
    assert sales["uuid"] == "b7bd7822-ebce-5dcf-9648-676086647aee"


def test_charts_and_filters_name_columns_and_metrics_of_their_tables() -> None:
    listed = dict(documents())
    tables = {each["uuid"]: each for path, each in listed.items() if path.startswith("datasets/")}
    charts = [each for path, each in listed.items() if path.startswith("charts/")]
    assert len(charts) == 34
    for chart in charts:
        table = tables[chart["dataset_uuid"]]
        metrics = {metric["metric_name"] for metric in table["metrics"]}
        columns = {column["column_name"] for column in table["columns"]}
        [query] = json.loads(chart["query_context"])["queries"]
        assert set(query["metrics"]) <= metrics, chart["slice_name"]
        plain = {each for each in query["columns"] if isinstance(each, str)}
        assert plain | {each["col"] for each in query["filters"]} <= columns, chart["slice_name"]
        assert query["metrics"] or plain
    for slug in DASHBOARDS:
        [page] = [each for each in listed.values() if each.get("slug") == slug]
        for each in page["metadata"]["native_filter_configuration"]:
            [target] = each["targets"]
            if target:
                names = [
                    column["column_name"] for column in tables[target["datasetUuid"]]["columns"]
                ]
                assert target["column"]["name"] in names


def test_a_filter_leaves_alone_the_charts_whose_table_has_not_its_column() -> None:
    [sales] = [each for _, each in documents() if each.get("slug") == "ecomdata-sales"]
    names = {
        part["meta"]["chartId"]: part["meta"]["sliceName"]
        for part in sales["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    }
    _, country = sales["metadata"]["native_filter_configuration"]
    assert {names[number] for number in country["scope"]["excluded"]} == {
        "Why net sales changed from month to month",
        "Insights: what changed, and what to look at next",
    }


def test_the_archive_has_the_warehouses_address_and_the_shops_currency() -> None:
    members = _members(bundle(URL, "GBP"))
    assert members["metadata.yaml"]["type"] == "assets"
    assert members[DATABASE_FILE]["sqlalchemy_uri"] == URL
    assert members[DATABASE_FILE]["allow_dml"] is False
    metrics = {
        metric["metric_name"]: metric.get("currency")
        for metric in members["datasets/warehouse/final_sales_report.yaml"]["metrics"]
    }
    assert metrics["net_sales"] == {"symbol": "GBP", "symbolPosition": "suffix"}
    assert metrics["orders"] is metrics["return_rate"] is metrics["units_per_order"] is None
    without = _members(bundle(URL, ""))["datasets/warehouse/final_sales_report.yaml"]
    assert [metric for metric in without["metrics"] if metric.get("currency")] == []


def test_the_same_assets_are_the_same_bytes() -> None:
    assert bundle(URL, "EUR") == bundle(URL, "EUR") != bundle(URL, "GBP")
