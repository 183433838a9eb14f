"""The models without dbt: its compiled SQL, run by the project's own connection in a second."""

import json
import re
from dataclasses import dataclass

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
    target = pipeline.build([], False).target
    models, checks = [], []
    for result in json.loads((target / "run_results.json").read_text())["results"]:
        kind, _, name = result["unique_id"].split(".")[:3]
        # The database that the names begin with is another one each time.
        sql = re.sub(r'"[^"]+"\.("[^"]+"\."[^"]+")', r"\1", result["compiled_code"])
        if kind == "model":
            models.append((result["relation_name"].split(".", 1)[1], sql))
        elif len(result["unique_id"].split(".")) == 3 and "within_the_limit" not in name:
            checks.append((name, sql))
    return Compiled(tuple(models), tuple(checks))
