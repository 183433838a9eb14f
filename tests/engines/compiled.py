"""The models without dbt: its compiled SQL, run by the project's own connection in a second."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class Step:
    """What one build ran of a model of staging, or of one that is incremental.

    Args:
        table: schema.table.
        sql: the select.
        merge: what is done with its rows where it made only what changed; None makes the table.
    """

    table: str
    sql: str
    merge: str | None = None

    def take(self, connection: Connection) -> None:
        """Run it in a transaction of its own, as dbt does."""
        with connection.transaction():
            if self.merge is None:
                connection.execute(f"drop table if exists {self.table} cascade")
                connection.execute(f"create table {self.table} as {self.sql}")
                return
            name = re.search(r'"\w+__dbt_tmp\w*"', self.merge)
            assert name
            connection.execute(f"create temporary table {name[0]} as {self.sql}")
            for statement in self.merge.split(";"):
                connection.execute(statement)
            connection.execute(f"drop table {name[0]}")


def read_steps(target: Path, only_changes: bool) -> list[Step]:
    """What the last build ran of the models that are incremental or staging."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    steps = []
    for result in json.loads((target / "run_results.json").read_text())["results"]:
        node = nodes[result["unique_id"]]
        is_incremental = node["config"].get("materialized") == "incremental"
        if node["resource_type"] == "model" and (is_incremental or node["schema"] == "staging"):
            path = Path(node["package_name"], node["original_file_path"])
            sql, run = (_without_database(target / kind / path) for kind in ("compiled", "run"))
            merge = run if is_incremental and only_changes else None
            steps.append(Step(_table(node), sql, merge))
    return steps


def _table(node: dict[str, Any]) -> str:
    return str(node["relation_name"]).split(".", 1)[1]


def _without_database(path: Path) -> str:
    """The database that the names begin with is another one each time."""
    return re.sub(r'"[^"]+"\.("[^"]+"\."[^"]+")', r"\1", path.read_text())


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
        sql = _without_database(path)
        if kind == "model":
            models.append((_table(node), sql))
        elif "within_the_limit" not in name:
            checks.append((name, sql))
    return Compiled(tuple(models), tuple(checks))
