"""What a line costs on each engine: `make bench-sizing`.

A generated shop of each size is loaded and built on each warehouse as a user would: whole
processes with their start, one after the other. CPU and memory are read from /proc for every
process of the session (a JVM is not waited for by who started it), so this needs Linux. Nothing
here is a test.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/sizing.json"
PAGE = ROOT / "docs/sizing.md"
ECOMDATA = [sys.executable, "-m", "ecomdata"]
LINES_PER_ORDER = 2.5  # the generator's, on average
_BEGIN, _END = "<!-- measured -->\n", "<!-- end -->\n"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_WAREHOUSES = {
    "DuckDB": "duckdb:///ecomdata.duckdb",
    "Spark, local[2]": "spark:local[2]?lake=lake&spark.driver.memory=3g",
}


@dataclass(frozen=True)
class Usage:
    """What a command took with all the processes of its session."""

    seconds: float
    cpu_seconds: float
    peak_mb: int


def main() -> None:
    """Measure, and write both the results and the page's table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--engines", nargs="+", default=list(_WAREHOUSES), choices=_WAREHOUSES)
    arguments = parser.parse_args()
    results = [run for lines in arguments.lines for run in _measured(lines, arguments.engines)]
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    text = PAGE.read_text("utf-8")
    before, after = text.split(_BEGIN)[0], text.split(_END)[1]
    PAGE.write_text(f"{before}{_BEGIN}{table(results)}{_END}{after}", "utf-8")


def _measured(lines: int, engines: list[str]) -> list[dict[str, Any]]:
    """Load and build a shop of so many lines on each engine."""
    measured = []
    with tempfile.TemporaryDirectory(prefix="sizing.") as name:
        shop = Path(name) / "shop"
        orders = str(round(lines / LINES_PER_ORDER))
        _run(Path(name), *ECOMDATA, "generate", str(shop), "--orders", orders)
        with (shop / "orders.csv").open("rb") as file:
            exact = sum(1 for _ in file) - 1
        for engine in engines:
            project = Path(name) / engine.split(",")[0]
            project.mkdir()
            options = ("--project", str(project), "--warehouse", _WAREHOUSES[engine])
            load = _run(project, *ECOMDATA, "load", str(shop), *options)
            build = _run(project, *ECOMDATA, "build", *options)
            size = sum(p.stat().st_size for p in project.rglob("*") if p.is_file())
            measured.append(
                {
                    "engine": engine,
                    "lines": exact,
                    "load": asdict(load),
                    "build": asdict(build),
                    "disk_mb": size >> 20,
                }
            )
    return measured


def _run(folder: Path, *command: str) -> Usage:
    """Run a command to its end, in a session of its own."""
    cpu: dict[int, float] = {}
    peak = 0
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--no-progress"],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while process.poll() is None:
            memory = 0
            for pid, seconds, resident in _processes(process.pid):
                cpu[pid] = seconds
                memory += resident
            peak = max(peak, memory)
            time.sleep(0.1)
        seconds = time.perf_counter() - begun
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)}:\n{output.read().decode(errors='replace')}")
    return Usage(round(seconds, 1), round(sum(cpu.values()), 1), peak >> 20)


def _processes(session: int) -> list[tuple[int, float, int]]:
    """Return id, CPU seconds and resident bytes of a session's processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks = int(fields[11]) + int(fields[12])
                found.append((int(path.parent.name), ticks / _TICKS, int(fields[21]) * _PAGE_BYTES))
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Return the table of the page."""
    head = (
        "| order lines | engine | load, s | CPU s | build, s | CPU s | peak MB | disk MB "
        "| build, CPU µs a line |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "".join(map(_row, results))


def _row(run: dict[str, Any]) -> str:
    load, build = Usage(**run["load"]), Usage(**run["build"])
    figures = [
        f"{run['lines']:,}",
        str(run["engine"]),
        f"{load.seconds:.0f}",
        f"{load.cpu_seconds:.0f}",
        f"{build.seconds:.0f}",
        f"{build.cpu_seconds:.0f}",
        f"{max(load.peak_mb, build.peak_mb):,}",
        f"{run['disk_mb']:,}",
        f"{build.cpu_seconds * 1e6 / run['lines']:.0f}",
    ]
    return f"| {' | '.join(figures)} |\n"


if __name__ == "__main__":
    main()
