"""Loading against the engines' own ways, in turn, in one run: `make bench [ROWS=1000000]`.

Each pair is the product, then its peer, on the same file; the figure is the median of the pairs'
ratios. Absolute times mean nothing on another machine. Nothing here is a test.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

HEADER = "order_id,customer_id,product_id,quantity,total_price,order_date\n"
COLUMNS = ", ".join(f"{name} text" for name in HEADER.strip().split(","))
ROOT = Path(__file__).parents[1]

#: Runs in a process of its own, as the command does; prints rows and rejects.
LOAD = """
import sys
from decimal import Decimal
from pathlib import Path
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
file, project, url = sys.argv[1:]
pipeline = Pipeline(load_settings(project=Path(project), warehouse=url))
pipeline.settings.cache.mkdir(exist_ok=True)
load = pipeline.load([Path(file)], LoadPlan(pipeline.settings.cache, Decimal("0.05")))
"""
READ_CSV = """
import sys, duckdb
file, project, _ = sys.argv[1:]
connection = duckdb.connect(f"{project}/peer.duckdb")
connection.execute("create table t as select * from read_csv($1)", [file])
"""


@dataclass(frozen=True)
class Run:
    """One process. Units: seconds, MB; of the client, not of a server."""

    seconds: float
    cpu_seconds: float
    peak_mb: int


@dataclass(frozen=True)
class Comparison:
    """Pairs of one work; a ratio above 1 says that the product is faster."""

    work: str
    peer: str
    ratio: float
    product: Run
    other: Run


def write_orders(path: Path, rows: int, bad_every: int = 0) -> None:
    """Write order lines, the same each time; of each `bad_every` lines one is damaged."""
    draw = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for i in range(rows):
            line = (
                f"O{i // 2},C{draw.randrange(200_000)},P{draw.randrange(5_000)},"
                f"{draw.randrange(1, 6)},{draw.randrange(100, 30_000) / 100:.2f},"
                f"2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}\n"
            )
            if bad_every and i % bad_every == bad_every // 2:
                kinds = ('"' + line, line[:12] + "\n", line[:-1] + ",x\n", line.replace("P", "\0P"))
                line = kinds[i // bad_every % len(kinds)]
            file.write(line)


def measure(command: list[str]) -> Run:
    """Run a process to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"failed: {command[:3]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(round(seconds, 3), round(cpu, 3), used.ru_maxrss // 1024)


def compare(
    work: str, peer: str, product: Callable[[], Run], other: Callable[[], Run], pairs: int
) -> Comparison:
    """Run both in turn; return the medians."""
    runs = [(product(), other()) for _ in range(pairs)]

    def median(of: list[Run]) -> Run:
        return Run(
            statistics.median(run.seconds for run in of),
            statistics.median(run.cpu_seconds for run in of),
            max(run.peak_mb for run in of),
        )

    ratio = statistics.median(b.seconds / a.seconds for a, b in runs)
    return Comparison(
        work, peer, round(ratio, 2), median([a for a, _ in runs]), median([b for _, b in runs])
    )


def main() -> None:
    """Measure, and write benchmarks/results.json and docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clean, dirty = folder / "orders.csv", folder / "damaged.csv"
        write_orders(clean, options.rows)
        write_orders(dirty, options.rows, bad_every=1_000)
        server = EmbeddedPostgres(folder / "server")
        url = server.start()
        psql = shutil.which("psql")
        found = []
        try:

            def run_sql(sql: str) -> list[str]:
                return [str(psql), url, "--quiet", "-v", "ON_ERROR_STOP=1", "--command", sql]

            def script(text: str, file: Path, warehouse: str) -> Run:
                if psql:
                    drop = (
                        "set client_min_messages = error; drop schema if exists raw, meta cascade"
                    )
                    subprocess.run(run_sql(drop), check=True)
                project = Path(tempfile.mkdtemp(dir=folder))
                run = measure([sys.executable, "-c", text, str(file), str(project), warehouse])
                shutil.rmtree(project)
                return run

            def copy() -> Run:
                subprocess.run(
                    run_sql(
                        "set client_min_messages = error; drop table if exists peer;"
                        f" create table peer ({COLUMNS})"
                    ),
                    check=True,
                )
                return measure(run_sql(f"\\copy peer from '{clean}' csv header"))

            duck = "duckdb:///shop.duckdb"

            def peer_duckdb() -> Run:
                return script(READ_CSV, clean, duck)

            def ours(file: Path, warehouse: str) -> Callable[[], Run]:
                return lambda: script(LOAD, file, warehouse)

            works = [
                ("clean, DuckDB", "read_csv", ours(clean, duck), peer_duckdb),
                ("1 bad in 1,000, DuckDB", "clean", ours(dirty, duck), ours(clean, duck)),
            ]
            if psql:
                works += [
                    ("clean, PostgreSQL", "psql \\copy", ours(clean, url), copy),
                    ("1 bad in 1,000, PostgreSQL", "clean", ours(dirty, url), ours(clean, url)),
                ]
            else:
                print("SKIPPED: PostgreSQL: psql is not on the PATH", file=sys.stderr)  # noqa: T201
            for work, peer, product, other in works:
                found.append(compare(work, peer, product, other, options.pairs))
                print(found[-1])  # noqa: T201
        finally:
            server.stop()
    write(found, options.rows, options.pairs)


def write(found: list[Comparison], rows: int, pairs: int) -> None:
    """Write the results as JSON and as a page."""
    result = {"rows": rows, "pairs": pairs, "comparisons": [asdict(one) for one in found]}
    (ROOT / "benchmarks" / "results.json").write_text(json.dumps(result, indent=2) + "\n")
    lines = [
        "# Benchmarks",
        "",
        f"`make bench`: {rows:,} order lines, {pairs} pairs: the product and its peer in turn.",
        "Times are medians of whole processes, with their start; CPU and memory are the client's.",
        "A ratio above 1 says that the product is faster.",
        "",
        "| load | against | ratio | product s | CPU s | peak MB | peer s | CPU s | peak MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        a, b = one.product, one.other
        lines.append(
            f"| {one.work} | {one.peer} | {one.ratio} | {a.seconds:.2f} | {a.cpu_seconds:.2f} "
            f"| {a.peak_mb} | {b.seconds:.2f} | {b.cpu_seconds:.2f} | {b.peak_mb} |"
        )
    (ROOT / "docs" / "benchmarks.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
