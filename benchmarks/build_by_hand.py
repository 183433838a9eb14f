"""The compiled SQL of a build, run without dbt: `build_by_hand.py DATABASE TARGET THREADS`.

DATABASE is a file of DuckDB's, or empty for the PostgreSQL that libpq's variables name. The models'
tables are made anew, with their indexes and statistics, and the tests' queries run, each as soon as
what it reads is there, over as many connections as dbt has threads.
"""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from ecomdata.warehouse.duckdb import usual_memory_limit

_DUCKDB = ("create or replace {kind} {name} as {query}",)
_POSTGRES = ("drop {kind} if exists {name} cascade", "create {kind} {name} as {query}")


def main() -> None:
    """Run what the last build in TARGET ran."""
    database, target, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    nodes = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    queries = {result["unique_id"]: result["compiled_code"] for result in results}
    reads = {node: set(nodes[node]["depends_on"]["nodes"]) & set(queries) for node in queries}
    order = TopologicalSorter(reads)
    order.prepare()
    idle = [_connected(database) for _ in range(threads)]
    ready: list[str] = []
    running: dict[Future[None], tuple[str, Any]] = {}
    with ThreadPoolExecutor(threads) as pool:
        while order.is_active():
            ready += order.get_ready()
            while ready and idle:
                node, connection = ready.pop(0), idle.pop()
                future = pool.submit(_run, connection, nodes[node], queries[node], database)
                running[future] = node, connection
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                node, connection = running.pop(future)
                future.result()
                order.done(node)
                idle.append(connection)
    for connection in idle:
        connection.close()


def _run(connection: Any, node: dict[str, Any], query: str, database: str) -> None:
    if node["resource_type"] == "test":
        connection.execute(query).fetchall()
        return
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    for statement in _DUCKDB if database else _POSTGRES:
        connection.execute(statement.format(kind=kind, name=node["relation_name"], query=query))
    if kind == "table" and not database:
        for statement in _physical(node):
            connection.execute(statement)


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
