"""A build or test that fails: the model or test is named, and so is what was said of it."""

from pathlib import Path

import pytest
from servers import NewPipeline
from shops import CUSTOMERS, ORDERS, load, rows, shop

from ecomdata.errors import BuildError, UsageError
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]


def test_a_model_that_fails_is_named_with_what_the_warehouse_said(pipeline: Pipeline) -> None:
    load(pipeline, shop(pipeline.settings.project / "shop", customers=CUSTOMERS))
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute("alter table raw.customers drop column email")
    with pytest.raises(BuildError, match="model base_customers: .*email") as caught:
        pipeline.build(["base_customers"], False)
    assert caught.value.exit_code == 1
    assert str(pipeline.settings.cache / "dbt") in str(caught.value)
    [_, (_, status, message)] = rows(pipeline, "meta.runs", "run_id", "status", "message")
    assert (status, message) == ("failed", str(caught.value))


def test_a_selection_that_dbt_cannot_read_or_that_is_of_nothing(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline("duckdb", tmp_path)
    with pytest.raises(BuildError, match="dbt ended with code 2: (?s:.*)'colour' is not"):
        pipeline.build(["colour:red"], False)
    with pytest.raises(UsageError, match="--select nothing: no model or test is called so"):
        pipeline.build(["nothing"], False)


def test_a_test_that_fails_is_named(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    pipeline = new_pipeline("duckdb", tmp_path)
    load(pipeline, shop(tmp_path / "shop", customers=CUSTOMERS, orders=ORDERS))
    pipeline.build([], False)
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute("update intermediate.int_revenue_ledger set entry_type = 'gift'")
    with pytest.raises(BuildError, match="test int_revenue_ledger_is_well_formed"):
        pipeline.test(["int_revenue_ledger"])
