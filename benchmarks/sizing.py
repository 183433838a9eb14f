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
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
from sizing_page import page
from usage import Usage

from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse
from ecomdata.warehouse.protocol import quote

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/sizing.json"
PAGE = ROOT / "docs/sizing.md"
ECOMDATA = [sys.executable, "-m", "ecomdata"]
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
_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLED_SECONDS = 0.2


@dataclass(frozen=True)
class Process:
    """What /proc says of a process.

    Args:
        ticks: of the processor, its own.
        childrens_ticks: of the children that it has waited for.
    """

    parent: int
    session: int
    ticks: int
    childrens_ticks: int


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
        _run(folder, [], "generate", str(shop), "--orders", orders)
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
            _run(folder, [], "warehouse", "start", "--project", str(folder))
            (postmaster,) = folder.glob(".ecomdata/postgres/**/postmaster.pid")
            yield WAREHOUSES[engine], [int(postmaster.read_text().split()[0])]
        else:
            yield WAREHOUSES[engine], []
    finally:
        if engine == POSTGRESQL:
            _run(folder, [], "warehouse", "stop", "--project", str(folder))
        shutil.rmtree(folder)


def _ecomdata(folder: Path, warehouse: str, servers: list[int], *words: str) -> Usage:
    return _run(
        folder, servers, *words, "--project", str(folder), "--warehouse", warehouse, "--no-progress"
    )


def _run(folder: Path, servers: list[int], *words: str) -> Usage:
    """Run a command to its end; what it started and what worked for it counts."""
    command = [*ECOMDATA, *words]
    own: dict[int, int] = {}
    peak = 0
    before = _ticks_of(_family(_processes(), servers))
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while process.poll() is None:
                processes = _processes()
                family = _family(processes, servers)
                started = _started(processes, process.pid)
                own |= {id: one.ticks for id, one in started.items()}
                peak = max(peak, sum(map(_memory_kb, {**started, **family})))
                time.sleep(_SAMPLED_SECONDS)
        finally:  # Ctrl-C reaches no other session
            for id in _started(_processes(), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(id, signal.SIGKILL)
            process.wait()
        seconds = time.perf_counter() - begun
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)}:\n{output.read().decode(errors='replace')}")
    ticks = sum(own.values()) + _ticks_of(_family(_processes(), servers)) - before
    return Usage(round(seconds, 1), round(ticks / _TICKS, 1), peak >> 10)


def _processes() -> dict[int, Process]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            parent, session = int(fields[1]), int(fields[3])
            ticks = [int(field) for field in fields[11:15]]
            found[int(path.parent.name)] = Process(
                parent, session, ticks[0] + ticks[1], ticks[2] + ticks[3]
            )
    return found


def _started(processes: dict[int, Process], leader: int) -> dict[int, Process]:
    """Return a session's processes, and those that they have put in sessions of their own."""
    return _family(processes, [id for id, one in processes.items() if one.session == leader])


def _family(processes: dict[int, Process], roots: list[int]) -> dict[int, Process]:
    """Return the processes of these ids and all that descend from them."""
    found = {id: processes[id] for id in roots if id in processes}
    while more := {
        id: one for id, one in processes.items() if one.parent in found and id not in found
    }:
        found |= more
    return found


def _ticks_of(family: dict[int, Process]) -> int:
    return sum(one.ticks + one.childrens_ticks for one in family.values())


def _memory_kb(id: int) -> int:
    """Return what a process keeps in memory; what several share is divided among them."""
    with suppress(OSError):
        for line in Path(f"/proc/{id}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


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
