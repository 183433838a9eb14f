"""Generated shops in warehouses of their own, without dbt: its compiled SQL is run as it is."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.ingest import LoadPlan, load
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import Connection, open_warehouse, prepare

Models = list[tuple[str, str]]
#: What the searches for what happened read; half of the models need not be built for them.
READ = (
    "final_product_performance",
    "final_sales_bridge",
    "final_sales_report",
    "int_orders_classified",
    "int_revenue_ledger",
    "int_sales_summary",
    "stg_customers",
    "stg_orders",
    "stg_products",
)


def compiled(folder: Path) -> Models:
    """Build a small shop with dbt; (schema.table, select) of the models to be read, in order."""
    folder.mkdir(parents=True)
    generate_shop(ShopPlan(orders=500), folder / "shop")
    pipeline = Pipeline(load_settings(project=folder))
    plan = LoadPlan(pipeline.settings.cache, pipeline.settings.max_rejected)
    pipeline.load([folder / "shop"], plan)
    target = pipeline.build([], full_refresh=True).target
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    needed: set[str] = set()
    left = [name for name, node in nodes.items() if node["name"] in READ]
    while left:
        needed.add(name := left.pop())
        left += [each for each in nodes[name]["depends_on"]["nodes"] if each in nodes]
    models = []
    for result in json.loads((target / "run_results.json").read_text())["results"]:
        node = nodes[result["unique_id"]]
        if node["resource_type"] == "model" and result["unique_id"] in needed:
            path = target / "compiled" / node["package_name"] / node["original_file_path"]
            sql = re.sub(r'"[^"]+"\.("[^"]+"\."[^"]+")', r"\1", path.read_text())
            models.append((node["relation_name"].split(".", 1)[1], sql))
    return models


@contextmanager
def built(folder: Path, plan: ShopPlan, models: Models) -> Iterator[tuple[Connection, Path]]:
    """Make a shop, load it, build the models; the connection, and the folder of its truth."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generate_shop(plan, folder / "shop")
    settings = load_settings(project=folder)
    settings.cache.mkdir()
    with open_warehouse(settings).connect() as connection:
        prepare(connection)
        load(
            connection,
            [folder / "shop"],
            LoadPlan(settings.cache, settings.max_rejected),
            lambda what, done, total: None,
        )
        for table, sql in models:
            connection.execute(f"create table {table} as {sql}")
        yield connection, folder / "shop" / "truth"
    shutil.rmtree(folder)
