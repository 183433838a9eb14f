"""What a line costs on each engine, and whether all make the same of it: `make bench-sizing`.

A generated shop of each size is loaded and built on each warehouse as a user would, whole processes
with their start, one after the other; then every final table is held against DuckDB's, cell by
cell. Each run is kept in sizing.json as soon as it is over; one that is there is not run again
unless it is named with --again. CPU and memory are read from /proc, servers' and executors' with
the rest, so this needs Linux. Nothing here is a test.
"""

import argparse
import csv
import json
import os
import runpy
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
from processes import ECOMDATA, measured, postgres
from sizing_page import page
from usage import Usage

from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse
from ecomdata.warehouse.protocol import quote

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/sizing.json"
PAGE = ROOT / "docs/sizing.md"
LINES_PER_ORDER = 2.5  # the generator's, on average
DUCKDB, POSTGRESQL, CLUSTER = "DuckDB", "PostgreSQL", "Spark-cluster"
WAREHOUSES = {
    DUCKDB: "duckdb:///ecomdata.duckdb",
    POSTGRESQL: "postgres",
    "Spark-local": "spark:local[2]?spark.driver.memory=3g",
    CLUSTER: "{master}?spark.driver.memory=1g&spark.executor.memory=1800m",
}
#: Of lines in a shop with skew: one in three is of one product, one order in ten of one customer.
_PRODUCT_EVERY, _CUSTOMER_EVERY = 3, 10


def main() -> None:
    """Measure what is asked for and not known yet; write the results and the page's tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--engines", nargs="+", default=list(WAREHOUSES), choices=WAREHOUSES)
    parser.add_argument("--skew", action="store_true", help="a popular product, a big customer")
    parser.add_argument("--again", action="store_true", help="also what is known")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left behind
    for lines in options.lines:
        known = {
            run["engine"] for run in _runs() if (run["asked"], run["skew"]) == (lines, options.skew)
        }
        engines = [name for name in options.engines if options.again or name not in known]
        if engines:
            _measure_all(lines, options.skew, engines)
    PAGE.write_text(page(PAGE.read_text("utf-8"), _runs()), "utf-8")


def _runs() -> list[dict[str, Any]]:
    return list(json.loads(RESULTS.read_text("utf-8"))) if RESULTS.exists() else []


def _keep(run: dict[str, Any]) -> None:
    """Put a run among the results, in the place of one of the same kind."""

    def kind(each: dict[str, Any]) -> tuple[Any, ...]:
        return each["skew"], each["asked"], list(WAREHOUSES).index(each["engine"])

    runs = [each for each in _runs() if kind(each) != kind(run)]
    RESULTS.write_text(json.dumps(sorted([*runs, run], key=kind), indent=1) + "\n", "utf-8")
    print(json.dumps(run), flush=True)  # noqa: T201


def _measure_all(lines: int, skew: bool, engines: list[str]) -> None:
    """Load and build a shop on each engine; DuckDB always, as the others are held against it."""
    with tempfile.TemporaryDirectory(prefix="sizing.") as name:
        folder, shop = Path(name), Path(name) / "shop"
        orders = str(round(lines / LINES_PER_ORDER))
        measured([*ECOMDATA, "generate", str(shop), "--orders", orders], folder)
        if skew:
            _skew(shop / "orders.csv")
        exact = _count(shop / "orders.csv")
        expected = folder / "expected"
        duckdbs: dict[str, Any] = {}
        for engine in dict.fromkeys([DUCKDB, *engines]):
            with _project(folder / "project", engine) as (warehouse, servers):
                run = _measure(folder / "project", shop, warehouse, servers)
                duckdbs = duckdbs or run
                found = expected if engine == DUCKDB else folder / "found"
                _ecomdata(
                    folder / "project",
                    warehouse,
                    servers,
                    "export",
                    str(found),
                    "--format",
                    "parquet",
                )
            different = {} if engine == DUCKDB else _different(expected, found)
            if engine in engines:
                kind = {"engine": engine, "asked": lines, "lines": exact, "skew": skew}
                busy = {"cores": os.cpu_count(), "load_average": round(os.getloadavg()[1], 1)}
                beside = {"duckdbs_cpu_seconds": duckdbs["build"]["cpu_seconds"]}
                _keep(kind | run | beside | {"different": different} | busy)
            if found != expected:
                shutil.rmtree(found)


def _measure(folder: Path, shop: Path, warehouse: str, servers: list[int]) -> dict[str, Any]:
    """Load and build a shop."""
    load = _ecomdata(folder, warehouse, servers, "load", str(shop))
    # Customers stand in the final tables by a salted hash of their ids, the salt by chance.
    settings = load_settings(project=folder, warehouse=warehouse)
    with open_warehouse(settings).connect() as connection:
        connection.execute("update meta.salts set salt = $1", ["of sizing"])
    build = _ecomdata(folder, warehouse, servers, "build")
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {"load": asdict(load), "build": asdict(build), "disk_mb": size >> 20}


@contextmanager
def _project(folder: Path, engine: str) -> Iterator[tuple[str, list[int]]]:
    """Yield the warehouse's URL in an empty project, and the ids of servers that work for it."""
    folder.mkdir()
    try:
        if engine == CLUSTER:
            of = runpy.run_path(str(ROOT / "deploy/spark/cluster.py"))
            (folder / "cluster").mkdir()
            with of["cluster"](folder / "cluster") as (master, pids):
                yield WAREHOUSES[engine].format(master=master), list(pids.values())
        elif engine == POSTGRESQL:
            with postgres(folder) as pid:
                yield WAREHOUSES[engine], [pid]
        else:
            yield WAREHOUSES[engine], []
    finally:
        shutil.rmtree(folder)


def _ecomdata(folder: Path, warehouse: str, servers: list[int], *words: str) -> Usage:
    of = ["--project", str(folder), "--warehouse", warehouse, "--no-progress"]
    return measured([*ECOMDATA, *words, *of], folder, servers)


def _different(expected: Path, found: Path) -> dict[str, int]:
    """Return how many rows of each final table are in one of both only; none where all agree.

    Types count as well. Numbers of loads and times of runs are no figures of the shop.
    """
    assert {p.name for p in expected.iterdir()} == {p.name for p in found.iterdir()}
    different = {}
    with duckdb.connect() as connection:
        for file in sorted(expected.glob("*.parquet")):
            tables = [f"read_parquet('{folder / file.name}')" for folder in (expected, found)]
            columns = [connection.execute(f"describe select * from {t}").fetchall() for t in tables]
            if columns[0] != columns[1]:
                sys.exit(f"{file.name} has other columns: {columns[0]} and {columns[1]}")
            listed = ", ".join(quote(column[0]) for column in columns[0])
            sides = [f"(select {listed} from {table})" for table in tables]
            counts = [
                connection.execute(f"select count(*) from ({a} except all {b})").fetchall()[0][0]
                for a, b in (sides, sides[::-1])
            ]
            if any(counts):
                different[file.stem] = sum(counts)
    return different


def _skew(path: Path) -> None:
    """Make one product of every third line, and one customer of every tenth order."""
    draft = path.with_suffix(".skewed")
    with path.open(newline="") as file, draft.open("w", newline="") as out:
        lines = csv.DictReader(file)
        assert lines.fieldnames
        writer = csv.DictWriter(out, lines.fieldnames, lineterminator="\n")
        writer.writeheader()
        product = customer = order = ""
        orders = 0
        for number, line in enumerate(lines):
            product, customer = product or line["product_id"], customer or line["customer_id"]
            if line["order_id"] != order:
                order, orders = line["order_id"], orders + 1
            if number % _PRODUCT_EVERY == 0:
                line["product_id"] = product
            if orders % _CUSTOMER_EVERY == 0:
                line["customer_id"] = customer
            writer.writerow(line)
    draft.replace(path)


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


if __name__ == "__main__":
    main()
