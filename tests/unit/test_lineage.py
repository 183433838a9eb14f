"""Lineage is told where it is wanted, and never in the way; the events: `make test-airflow`."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from ecomdata import lineage
from ecomdata.errors import UsageError
from ecomdata.ingest import LoadPlan
from ecomdata.journal import Run, unlogged
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse


def test_without_the_library_the_setting_is_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    pipeline = Pipeline(load_settings(project=tmp_path, openlineage="lineage.ndjson"))
    with pytest.raises(UsageError, match=r"pip install 'ecomdata-insights\[openlineage\]'"):
        pipeline.load([tmp_path], LoadPlan(tmp_path, pipeline.settings.max_rejected))
    assert not (tmp_path / "ecomdata.duckdb").exists()


@pytest.mark.parametrize(
    ("where", "steps"), [(None, []), ("https://marquez.example", [("lineage", "failed")])]
)
def test_what_cannot_be_delivered_fails_its_own_step_and_no_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str | None, steps: list[Any]
) -> None:
    def unreachable(*arguments: object) -> int:
        raise lineage.LineageError("lineage was not delivered: ConnectionError")

    monkeypatch.setattr(lineage, "emit", unreachable)
    pipeline = Pipeline(load_settings(project=tmp_path, openlineage=where))
    run = Run(1, unlogged, lambda: None)
    pipeline._tell_lineage(run, open_warehouse(pipeline.settings))
    assert [(step, status) for step, _, status, _, _ in run.steps] == steps
    assert run.complaint == ("lineage was not delivered: ConnectionError" if where else "")


def test_the_key_of_the_api_and_the_password_of_the_warehouse_go_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://marquez.example"
    settings = load_settings(project=tmp_path, openlineage=url, openlineage_key="open sesame")
    assert lineage._transport(settings) == {
        "type": "http",
        "url": url,
        "auth": {"type": "api_key", "apiKey": "open sesame"},
    }
    assert "open sesame" not in repr(settings)
    warehouse = open_warehouse(settings)
    told = {"ECOMDATA_DBT_TARGET": "postgres", "ECOMDATA_DBT_HOST": "db", "ECOMDATA_DBT_USER": "u"}
    secret = {"DBT_ENV_SECRET_ECOMDATA_PASSWORD": "secret"}
    monkeypatch.setattr(type(warehouse), "dbt_environment", lambda self: told | secret)
    assert lineage._profile(warehouse) == {"type": "postgres", "host": "db"}
