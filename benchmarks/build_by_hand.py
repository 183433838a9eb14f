"""The compiled SQL of a build, run without dbt: `build_by_hand.py DATABASE TARGET`.

DATABASE is a file of DuckDB's, or empty for the PostgreSQL that libpq's variables name. The models'
tables are made anew, with their indexes and statistics, and the tests' queries run, in the order in
which dbt did.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from ecomdata.warehouse.duckdb import usual_memory_limit

_DUCKDB = ("create or replace {kind} {name} as {query}",)
_POSTGRES = ("drop {kind} if exists {name} cascade", "create {kind} {name} as {query}")


def main() -> None:
    """Run what the last build in TARGET ran."""
    database, target = sys.argv[1], Path(sys.argv[2])
    nodes = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    connection = _connected(database)
    for result in results:
        node = nodes[result["unique_id"]]
        query = result["compiled_code"]
        if node["resource_type"] == "test":
            connection.execute(query).fetchall()
            continue
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        for statement in _DUCKDB if database else _POSTGRES:
            connection.execute(statement.format(kind=kind, name=node["relation_name"], query=query))
        if kind == "table" and not database:
            for statement in _physical(node):
                connection.execute(statement)
    connection.close()


def _connected(database: str) -> Any:
    """A connection with what the product gives to dbt's."""
    if not database:
        return psycopg.connect(autocommit=True)
    return duckdb.connect(database, config={"memory_limit": usual_memory_limit()})


def _physical(node: dict[str, Any]) -> Iterator[str]:
    for index in node["config"].get("indexes", []):
        columns = ", ".join(index["columns"])
        yield f"create index on {node['relation_name']} using {index['type']} ({columns})"
    yield f"analyze {node['relation_name']}"


if __name__ == "__main__":
    main()
