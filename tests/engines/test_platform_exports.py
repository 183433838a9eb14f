"""A platform's exports add up to the cent, a few thousand orders of each, with no option given."""

from collections.abc import Callable
from pathlib import Path

import platform_exports
import pytest
from compiled import Compiled, compiled
from servers import NewPipeline
from shops import load

from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("platform exports")

Shop = Callable[[Path], dict[str, str | None]]


@pytest.fixture(scope="module")
def models(new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """What a build runs, compiled once for all platforms."""
    return compiled(new_pipeline("duckdb", tmp_path_factory.mktemp("compiled")))


@pytest.mark.parametrize(
    "shop",
    [
        platform_exports.shopify,
        platform_exports.woocommerce,
        platform_exports.olist,
        platform_exports.adventureworks,
    ],
    ids=lambda shop: shop.__name__,
)
def test_an_export_adds_up_to_what_was_planted(
    shop: Shop, models: Compiled, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    planted = shop(tmp_path / "exports")
    loaded = load(pipeline, tmp_path / "exports")
    assert {file.connector.name for file in loaded.files} == {shop.__name__}
    assert sum(file.rows_rejected for file in loaded.files) == 0
    with open_warehouse(pipeline.settings).connect() as connection:
        models.build(connection)
    headline = pipeline.kpis(None, None, None).headline
    assert headline is not None
    found = {kpi["id"]: kpi["all"] for kpi in headline["kpis"]}
    assert {name: found[name] for name in planted} == planted
    assert pipeline.query("select rule, field, value from meta.quarantine limit 3").rows == ()
