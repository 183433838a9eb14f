"""The compiled SQL of a build, run without dbt: `build_by_hand.py DATABASE TARGET`.

The models' tables are made anew, and the tests' queries run, in the order in which dbt did.
"""

import json
import sys
from pathlib import Path

import duckdb


def main() -> None:
    """Run what the last build in TARGET ran."""
    database, target = sys.argv[1], Path(sys.argv[2])
    nodes = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    connection = duckdb.connect(database)
    for result in results:
        node = nodes[result["unique_id"]]
        if node["resource_type"] == "test":
            connection.execute(result["compiled_code"]).fetchall()
            continue
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        connection.execute(
            f"create or replace {kind} {node['relation_name']} as {result['compiled_code']}"
        )
    connection.close()


if __name__ == "__main__":
    main()
