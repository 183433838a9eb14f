"""Building beside the compiled SQL by hand, and a day beside everything: `make bench-build`.

A round is a full build, the SQL that it compiled run without dbt, and the build after one more day
was loaded, each on a copy of the same warehouse. Figures are medians of the rounds' ratios. Nothing
here is a test. DuckDB only. Needs Linux, for /proc.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from load import ROOT, Usage, measure

RESULTS = ROOT / "benchmarks/build.json"
PAGE = ROOT / "docs/benchmarks-build.md"
ECOMDATA = [sys.executable, "-m", "ecomdata"]
LINES_PER_ORDER = 2.5  # the generator's, on average

_PAGE = """\
# Benchmarks: building the models

`make bench-build ROWS={rows} PAIRS={pairs}` wrote this page, on DuckDB: a full build, the SQL that
it compiled run without dbt (tests' queries, too), and the build after one more day was loaded; in
turn, whole processes with their start, on copies of one warehouse of {lines:,} order lines. The day
has {day_lines:,}. Figures are medians. Times mean nothing on another machine; where others use it,
CPU seconds are the measure. The machine, of {cores} cores, had a load of {load} at the end.

| run | seconds | CPU s | peak MB | seconds in models | in tests |
|---|---|---|---|---|---|
{runs}

| ratio | measured | target |
|---|---|---|
| full build through SQL by hand, CPU | **{overhead}** | <= 1.3 and 3 s more |
| CPU s that the full build takes above 1.3 times the SQL by hand | **{above}** | <= 3 |
| a day's build through the full build, CPU | **{day_ratio}** | <= 0.05 at 10 million lines |
| a day's build through the full build, seconds in models | **{day_models_ratio}** | |
| the same, of the models that are incremental | **{day_incremental_ratio}** | |

## What a day's build spends

Seconds of the full build and of the day's, of the models that take the most of the day's.

| model | materialized | full | day |
|---|---|---|---|
{models}
"""


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


def main() -> None:
    """Measure, and write both the results and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="build.") as name:
        results = compare(Path(name), arguments.rows, arguments.pairs)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    PAGE.write_text(page(results), "utf-8")


def compare(folder: Path, rows: int, pairs: int) -> dict[str, Any]:
    """Run all three in turn, `pairs` times."""
    shop = folder / "shop"
    loaded, built = folder / "loaded.duckdb", folder / "built.duckdb"
    warehouse = folder / "ecomdata.duckdb"
    target = folder / ".ecomdata/dbt/duckdb"
    orders = round(rows / LINES_PER_ORDER)
    _run(folder, *ECOMDATA, "generate", str(shop), "--orders", str(orders))
    _run(folder, *ECOMDATA, "load", str(shop))
    warehouse.rename(loaded)
    lines = _count(shop / "orders.csv")
    full: list[Run] = []
    by_hand: list[Usage] = []
    day: list[Run] = []
    for _ in range(pairs):
        shutil.copy(loaded, warehouse)
        full.append(_build(folder, target, "--full-refresh"))
        warehouse.replace(built)
        shutil.copy(loaded, warehouse)
        script = Path(__file__).with_name("build_by_hand.py")
        by_hand.append(_run(folder, sys.executable, str(script), str(warehouse), str(target)))
        if not day:
            _run(folder, *ECOMDATA, "generate", str(shop), "--append", "--days", "1")
        built.replace(warehouse)
        _run(folder, *ECOMDATA, "load", str(shop))
        day.append(_build(folder, target))
    manifest = json.loads((target / "manifest.json").read_text("utf-8"))["nodes"]
    day_file = next(file for file in shop.glob("orders-*.csv"))
    return {
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


def _build(folder: Path, target: Path, *arguments: str) -> Run:
    usage = _run(folder, *ECOMDATA, "build", *arguments)
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    return Run(usage, {one["unique_id"]: round(one["execution_time"], 3) for one in results})


def _run(folder: Path, *command: str) -> Usage:
    usage, status, said = measure(list(command), folder)
    if status:
        sys.exit(f"{' '.join(command)} ended with {status}:\n{said}")
    return usage


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file) - 1


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    full, day = (
        [Run(Usage(**run["usage"]), run["seconds"]) for run in results[kind]]
        for kind in ("full", "day")
    )
    by_hand = [Usage(**usage) for usage in results["by_hand"]]
    cpu = [run.usage.cpu_seconds for run in full]
    hand_cpu = [usage.cpu_seconds for usage in by_hand]
    materialized = results["materialized"]
    incremental = tuple(n for n, kind in materialized.items() if kind == "incremental")
    slowest = sorted(
        materialized, key=lambda n: statistics.median(run.total(n) for run in day), reverse=True
    )
    return _PAGE.format(
        rows=results["rows"],
        pairs=results["pairs"],
        lines=results["lines"],
        cores=results["cores"],
        load=results["load"],
        day_lines=results["day_lines"],
        runs="\n".join(
            [
                _run_row("full build", [run.usage for run in full], full),
                _run_row("SQL by hand", by_hand, []),
                _run_row("a day's build", [run.usage for run in day], day),
            ]
        ),
        overhead=_ratio(cpu, hand_cpu),
        above=f"{statistics.median(a - 1.3 * b for a, b in zip(cpu, hand_cpu, strict=True)):.1f}",
        day_ratio=_ratio([run.usage.cpu_seconds for run in day], cpu),
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
