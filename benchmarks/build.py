"""Building beside the compiled SQL by hand, and a day beside everything: `make bench-build`.

A round is a full build, the SQL that it compiled run without dbt, and the build after one more day
was loaded, each on a copy of the same warehouse. Figures are medians of the rounds' ratios, kept by
engine and size. Nothing here is a test. Needs Linux, for /proc.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, LiteralString, TypeAlias

import psycopg
from processes import ECOMDATA, measured, postgres
from psycopg.sql import SQL, Identifier
from usage import Usage

from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/build.json"
PAGE = ROOT / "docs/benchmarks-build.md"
BY_HAND = Path(__file__).with_name("build_by_hand.py")
LINES_PER_ORDER = 2.5  # the generator's, on average
_LARGE = 10_000_000
_NAMES = {"duckdb": "DuckDB", "postgres": "PostgreSQL"}

_HEAD = """\
# Benchmarks: building the models

`make bench-build [ENGINE=postgres] [ROWS=...] [PAIRS=...]` wrote this page: a full build, the SQL
that it compiled run without dbt (tests' queries, indexes and statistics, too), and the build after
one more day was loaded; in turn, whole processes with their start and with PostgreSQL's server, on
copies of one warehouse. Figures are medians. Times mean nothing on another machine; where others
use it, CPU seconds are the measure. On PostgreSQL two models run side by side, in the build and by
hand.
"""
_MEASURED = """\

## {engine}, {lines:,} order lines

Rounds: {pairs}. The day has {day_lines:,} lines. The machine, of {cores} cores, had a load of
{load} at the end.

| run | seconds | CPU s | peak MB | seconds in models | in tests |
|---|---|---|---|---|---|
{runs}

| ratio | measured | target |
|---|---|---|
{overhead}
| full build through SQL by hand, seconds | **{overhead_seconds}** | |
| a day's build through the full build, CPU | **{day_ratio}** | {day_target} |
| a day's build through the full build, seconds in models | **{day_models_ratio}** | |
| the same, of the models that are incremental | **{day_incremental_ratio}** | |

What a day's build spends: seconds of the full build and of the day's, of the models that take the
most of the day's.

| model | materialized | full | day |
|---|---|---|---|
{models}
"""
_OVERHEAD = """\
| full build through SQL by hand, CPU | **{}** | <= 1.3 and 3 s more |
| CPU s that the full build takes above 1.3 times the SQL by hand | **{:.1f}** | <= 3 |"""
_OVERHEAD_LARGE = "| full build through SQL by hand, CPU | **{}** | <= 1.1 |"


@dataclass(frozen=True)
class Run:
    """One build: what its process took, and what dbt says each node did.

    Args:
        usage: of the process and its children.
        seconds: by node.
    """

    usage: Usage
    seconds: dict[str, float]

    def total(self, *begins: str) -> float:
        """Return the seconds of the nodes whose ids begin with one of these."""
        return sum(took for node, took in self.seconds.items() if node.startswith(begins))


class DuckDB:
    """A file; its states are copies of it."""

    engine = "duckdb"
    url = "duckdb:///ecomdata.duckdb"
    servers = ()
    environment = None
    threads = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = str(folder / "ecomdata.duckdb")

    def keep(self, state: str) -> None:
        """Keep what is in it under a name."""
        shutil.copy(self.database, self.folder / state)

    def take(self, state: str) -> None:
        """Put what was kept in its place."""
        shutil.copy(self.folder / state, self.database)


class Postgres:
    """A database of the project's own server; its states are databases made after it."""

    engine = "postgres"
    url = "postgres"
    database = ""  # build_by_hand.py takes what the environment names

    def __init__(self, folder: Path, server: int) -> None:
        self.folder = folder
        self.servers = (server,)
        settings = load_settings(project=folder, warehouse=self.url)
        self.threads = settings.threads
        of = open_warehouse(settings).dbt_environment()
        self.environment = {
            f"PG{name}": of[f"ECOMDATA_DBT_{name}"] for name in ("HOST", "PORT", "USER", "DATABASE")
        } | {"PGPASSWORD": of["DBT_ENV_SECRET_ECOMDATA_PASSWORD"], "PGOPTIONS": of["PGOPTIONS"]}

    def keep(self, state: str) -> None:
        """Keep what is in it under a name."""
        self._execute("drop database if exists {}", state)
        self._execute("create database {} template {}", state, self._name)

    def take(self, state: str) -> None:
        """Put what was kept in its place."""
        self._execute("drop database {}", self._name)
        self._execute("create database {} template {}", self._name, state)

    @property
    def _name(self) -> str:
        return self.environment["PGDATABASE"]

    def _execute(self, statement: LiteralString, *names: str) -> None:
        of = self.environment
        with psycopg.connect(
            host=of["PGHOST"],
            port=of["PGPORT"],
            user=of["PGUSER"],
            password=of["PGPASSWORD"],
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(SQL(statement).format(*map(Identifier, names)))


Warehouse: TypeAlias = DuckDB | Postgres


def main() -> None:
    """Measure, and write both the results and the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", choices=_NAMES, default="duckdb")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that nothing is left behind
    with (
        tempfile.TemporaryDirectory(prefix="build.") as name,
        _warehouse(options.engine, Path(name)) as warehouse,
    ):
        result = compare(warehouse, options.rows, options.pairs)
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    results = [each for each in known if _kind(each) != _kind(result)] + [result]
    results.sort(key=_kind)
    RESULTS.write_text("[\n" + ",\n".join(map(json.dumps, results)) + "\n]\n", "utf-8")
    PAGE.write_text(page(results), "utf-8")


def _kind(result: dict[str, Any]) -> tuple[str, int]:
    return result["engine"], result["rows"]


@contextmanager
def _warehouse(engine: str, folder: Path) -> Iterator[Warehouse]:
    if engine == "duckdb":
        yield DuckDB(folder)
    else:
        with postgres(folder) as server:
            yield Postgres(folder, server)


def compare(warehouse: Warehouse, rows: int, pairs: int) -> dict[str, Any]:
    """Run all three in turn, `pairs` times."""
    folder, shop = warehouse.folder, warehouse.folder / "shop"
    target = folder / ".ecomdata/dbt" / warehouse.engine
    orders = round(rows / LINES_PER_ORDER)
    measured([*ECOMDATA, "generate", str(shop), "--orders", str(orders)], folder)
    _ecomdata(warehouse, "load", str(shop))
    warehouse.keep("loaded")
    lines = _count(shop / "orders.csv")
    full: list[Run] = []
    by_hand: list[Usage] = []
    day: list[Run] = []
    for _ in range(pairs):
        warehouse.take("loaded")
        full.append(_build(warehouse, target, "--full-refresh"))
        warehouse.keep("built")
        warehouse.take("loaded")
        of = [warehouse.database, str(target), str(warehouse.threads)]
        command = [sys.executable, str(BY_HAND), *of]
        by_hand.append(measured(command, folder, warehouse.servers, warehouse.environment))
        if not day:
            measured([*ECOMDATA, "generate", str(shop), "--append", "--days", "1"], folder)
        warehouse.take("built")
        _ecomdata(warehouse, "load", str(shop))
        day.append(_build(warehouse, target))
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    day_file = next(file for file in shop.glob("orders-*.csv"))
    return {
        "engine": warehouse.engine,
        "rows": rows,
        "pairs": pairs,
        "lines": lines,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2]),
        "day_lines": _count(day_file),
        "full": [asdict(run) for run in full],
        "by_hand": [asdict(usage) for usage in by_hand],
        "day": [asdict(run) for run in day],
        "materialized": {
            node: manifest[node]["config"]["materialized"]
            for node in full[0].seconds
            if node.startswith("model.")
        },
    }


def _ecomdata(warehouse: Warehouse, *words: str) -> Usage:
    of = ["--project", str(warehouse.folder), "--warehouse", warehouse.url, "--no-progress"]
    return measured([*ECOMDATA, *words, *of], warehouse.folder, warehouse.servers)


def _build(warehouse: Warehouse, target: Path, *arguments: str) -> Run:
    usage = _ecomdata(warehouse, "build", *arguments)
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    return Run(usage, {one["unique_id"]: round(one["execution_time"], 3) for one in results})


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def page(results: list[dict[str, Any]]) -> str:
    """Return the page."""
    return _HEAD + "".join(map(_measured, results))


def _measured(result: dict[str, Any]) -> str:
    full, day = (
        [Run(Usage(**run["usage"]), run["seconds"]) for run in result[kind]]
        for kind in ("full", "day")
    )
    by_hand = [Usage(**usage) for usage in result["by_hand"]]
    cpu = [run.usage.cpu_seconds for run in full]
    hand_cpu = [usage.cpu_seconds for usage in by_hand]
    materialized = result["materialized"]
    incremental = tuple(n for n, kind in materialized.items() if kind == "incremental")
    slowest = sorted(
        materialized, key=lambda n: statistics.median(run.total(n) for run in day), reverse=True
    )
    large = result["rows"] >= _LARGE
    above = statistics.median(a - 1.3 * b for a, b in zip(cpu, hand_cpu, strict=True))
    return _MEASURED.format(
        **{key: result[key] for key in ("pairs", "lines", "cores", "load", "day_lines")},
        engine=_NAMES[result["engine"]],
        runs="\n".join(
            [
                _run_row("full build", [run.usage for run in full], full),
                _run_row("SQL by hand", by_hand, []),
                _run_row("a day's build", [run.usage for run in day], day),
            ]
        ),
        overhead_seconds=_ratio(
            [run.usage.seconds for run in full], [usage.seconds for usage in by_hand]
        ),
        overhead=(_OVERHEAD_LARGE if large else _OVERHEAD).format(_ratio(cpu, hand_cpu), above),
        day_ratio=_ratio([run.usage.cpu_seconds for run in day], cpu),
        day_target="<= 0.05" if large else "",
        day_models_ratio=_ratio(*([run.total("model.") for run in runs] for runs in (day, full))),
        day_incremental_ratio=_ratio(
            *([run.total(*incremental) for run in runs] for runs in (day, full))
        ),
        models="\n".join(
            f"| {node.rpartition('.')[2]} | {materialized[node]} "
            f"| {statistics.median(run.total(node) for run in full):.2f} "
            f"| {statistics.median(run.total(node) for run in day):.2f} |"
            for node in slowest[:12]
        ),
    )


def _run_row(name: str, usages: list[Usage], runs: list[Run]) -> str:
    medians = [
        statistics.median(usage.seconds for usage in usages),
        statistics.median(usage.cpu_seconds for usage in usages),
        max(usage.peak_mb for usage in usages),
    ]
    parts = [
        f"{statistics.median(run.total(kind) for run in runs):.1f}" if runs else "-"
        for kind in ("model.", "test.")
    ]
    figures = [f"{medians[0]:.1f}", f"{medians[1]:.1f}", f"{medians[2]:,}", *parts]
    return f"| {name} | {' | '.join(figures)} |"


def _ratio(above: list[float], below: list[float]) -> str:
    return f"{statistics.median(a / b for a, b in zip(above, below, strict=True)):.2f}"


if __name__ == "__main__":
    main()
