"""The models without dbt: its compiled SQL, run by the project's own connection in a second."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from shops import ORDERS, load, shop

from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Connection


@dataclass(frozen=True)
class Compiled:
    """What one build ran, in its order.

    Args:
        models: (schema.table, select) of every model.
        checks: (name, select) of the tests of our own: each is to find no row.
    """

    models: tuple[tuple[str, str], ...]
    checks: tuple[tuple[str, str], ...]

    def build(self, connection: Connection) -> None:
        """Make every model's table anew; what a check finds is an error."""
        with connection.transaction():
            for table, _ in self.models:
                connection.execute(f"drop table if exists {table} cascade")
            for table, sql in self.models:
                connection.execute(f"create table {table} as {sql}")
        for name, sql in self.checks:
            assert connection.query(sql).rows == (), name


def compiled(pipeline: Pipeline) -> Compiled:
    """Build an empty warehouse's first shop with dbt and keep what it ran."""
    load(pipeline, shop(pipeline.settings.project / "first", orders=ORDERS))
    return read(pipeline.build([], False).target)


def read(target: Path) -> Compiled:
    """What the last build ran, or would have run had it not failed before, by dbt's own files."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    models, checks = [], []
    for result in json.loads((target / "run_results.json").read_text())["results"]:
        node = nodes[result["unique_id"]]
        kind, name = node["resource_type"], node["name"]
        if kind != "model" and "test_metadata" in node:
            continue
        path = target / "compiled" / node["package_name"] / node["original_file_path"]
        # The database that the names begin with is another one each time.
        sql = re.sub(r'"[^"]+"\.("[^"]+"\."[^"]+")', r"\1", path.read_text())
        if kind == "model":
            models.append((node["relation_name"].split(".", 1)[1], sql))
        elif "within_the_limit" not in name:
            checks.append((name, sql))
    return Compiled(tuple(models), tuple(checks))
