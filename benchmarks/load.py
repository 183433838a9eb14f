"""Loading against what else loads such a file, in turn, in one run: `make bench [ROWS=] [PAIRS=]`.

Each pair is the product, then its peer, on the same file; the figure is the median of the pairs'
ratios, and beside it stands what has arrived. Absolute times mean nothing on another machine.
Nothing here is a test. Needs Linux, for /proc.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import psycopg
from orders import COLUMNS, DAMAGES, Arrival, Orders
from page import comparison_row, page
from peers import DUCKDB_FILE, PEERS, POSTGRES, PRODUCTS, TEXT_TABLE, Peer
from usage import Usage

from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
BAD_EVERY = 1_000
DAMAGE_ROWS = 20_000  # of the files with damage of one kind, where time is no matter
_AT_ONCE = 10_000  # rows fetched


@dataclass(frozen=True)
class Outcome:
    """One way to load a file: what it took, and what came of it.

    `bad_lines_named`: how many of the damaged lines it reports by their number.
    """

    usage: Usage
    arrival: Arrival
    bad_lines_named: int
    aborted: bool


@dataclass(frozen=True)
class Comparison:
    """The product and a peer on one file; a ratio above 1 says that the product is faster.

    `ratio` is None where the peer aborts.
    """

    engine: str
    peer: str
    rows: int
    bad_lines: int
    ratio: float | None
    product: Outcome
    other: Outcome


@dataclass(frozen=True)
class OneDamage:
    """What comes of a file in which all damage is of one kind."""

    engine: str
    peer: str
    damage: str
    outcome: Outcome


@dataclass(frozen=True)
class Bench:
    """A folder with the files, a PostgreSQL server, and a fresh warehouse for each run."""

    folder: Path
    server_url: str
    written: dict[Orders, Path] = field(default_factory=dict)

    def file(self, orders: Orders) -> Path:
        """The file, written when it is first asked for."""
        if orders not in self.written:
            path = self.folder / f"orders-{len(self.written)}.csv"
            orders.write(path)
            self.written[orders] = path
        return self.written[orders]

    def compare(self, peer: Peer, orders: Orders, pairs: int) -> Comparison:
        """Run the product and the peer in turn; once where the peer aborts.

        The product is its own peer on the clean file.
        """
        product = PRODUCTS[peer.engine]
        others = Orders(orders.rows) if peer is product else orders
        outcomes = [(self.load(product, orders), self.load(peer, others))]
        first, other = outcomes[0]
        if not other.aborted:
            outcomes += [
                (self.load(product, orders, first), self.load(peer, others, other))
                for _ in range(pairs - 1)
            ]
        ratios = [b.usage.seconds / a.usage.seconds for a, b in outcomes]
        return Comparison(
            peer.engine,
            peer.name,
            orders.rows,
            len(orders.bad_lines),
            None if other.aborted else round(statistics.median(ratios), 2),
            _median([a for a, _ in outcomes]),
            _median([b for _, b in outcomes]),
        )

    def load(self, peer: Peer, orders: Orders, known: Outcome | None = None) -> Outcome:
        """Load the file into an empty warehouse; look at what arrived unless it is known."""
        file = self.file(orders)
        with self._empty_warehouse(peer.engine) as (project, url):
            usage, status, said = measure(peer.command(file, url), project)
            if known:
                return Outcome(usage, known.arrival, known.bad_lines_named, bool(status))
            if status:
                last = said.strip().splitlines()[-1:]
                print(f"aborted: {peer.name}, {peer.engine}: {last}", file=sys.stderr)  # noqa: T201
            with self._connect(peer.engine, project) as connection:
                arrival = orders.compare(_rows(connection, peer.table))
                named = _lines(connection, peer.lines_sql) if peer.lines_sql else set()
            if peer.lines_said:
                named |= {int(n) + peer.lines_skipped for n in re.findall(peer.lines_said, said)}
        return Outcome(usage, arrival, len(named & orders.bad_lines), bool(status))

    @contextmanager
    def _empty_warehouse(self, engine: str) -> Iterator[tuple[Path, str]]:
        """Yield an empty folder to run in and the warehouse's URL."""
        if engine == POSTGRES:
            columns = ", ".join(f"{name} text" for name in COLUMNS)
            with psycopg.connect(self.server_url, autocommit=True) as connection:
                connection.execute("set client_min_messages = error")
                connection.execute("drop schema if exists raw, meta, peer, public cascade")
                connection.execute("create schema public")
                connection.execute(f"create table {TEXT_TABLE} ({columns})".encode())
                connection.execute("checkpoint")
        project = Path(tempfile.mkdtemp(dir=self.folder))
        yield project, self.server_url if engine == POSTGRES else f"duckdb:///{DUCKDB_FILE}"
        shutil.rmtree(project)

    @contextmanager
    def _connect(self, engine: str, project: Path) -> Iterator[Any]:
        if engine == POSTGRES:
            with psycopg.connect(self.server_url) as connection:
                yield connection
        else:
            with duckdb.connect(project / DUCKDB_FILE) as connection:
                yield connection


def measure(command: list[str], folder: Path) -> tuple[Usage, int, str]:
    """Run a process to its end; return its status and what it said as well.

    It and its children count, a server does not.
    """
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        with _watched_memory(process.pid) as peak:
            _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    cpu = used.ru_utime + used.ru_stime
    return Usage(round(seconds, 3), round(cpu, 3), max(peak)), process.returncode, said


@contextmanager
def _watched_memory(pid: int) -> Iterator[list[int]]:
    """Yield the list that the memory of a process and its children is added to, in MB.

    Not ru_maxrss: that begins with the memory of the process that started it, which is this one.
    """
    peaks: list[int] = []
    over = Event()

    def watch() -> None:
        while True:
            peaks.append(sum(_high_water_kb(one) for one in _family(pid)) // 1024)
            if over.wait(0.02):
                return

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended
            for child in children.read_text().split():
                yield from _family(int(child))


def _high_water_kb(pid: int) -> int:
    with suppress(OSError):
        found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else 0
    return 0


def _rows(connection: Any, table: str) -> Iterator[tuple[Any, ...]]:
    """Return the rows of a table: the orders' columns, or all where it has not these."""
    try:
        found = connection.execute(f"select * from {table} limit 0")
    except (psycopg.errors.UndefinedTable, duckdb.CatalogException):
        return
    names = {column[0] for column in found.description}
    columns = ", ".join(COLUMNS) if names >= set(COLUMNS) else "*"
    query = f"select {columns} from {table}"
    if isinstance(connection, psycopg.Connection):
        with connection.cursor("rows") as cursor:
            cursor.itersize = _AT_ONCE
            yield from cursor.execute(query)
    else:
        rows = connection.execute(query)
        while some := rows.fetchmany(_AT_ONCE):
            yield from some


def _lines(connection: Any, query: str) -> set[int]:
    return {line for (line,) in connection.execute(query).fetchall()}


def _median(outcomes: list[Outcome]) -> Outcome:
    usages = [outcome.usage for outcome in outcomes]
    usage = Usage(
        statistics.median(usage.seconds for usage in usages),
        statistics.median(usage.cpu_seconds for usage in usages),
        max(usage.peak_mb for usage in usages),
    )
    first = outcomes[0]
    return Outcome(usage, first.arrival, first.bad_lines_named, first.aborted)


def damaged(rows: int) -> dict[str, Orders]:
    """Return files with damage of one kind each."""
    files = {damage: Orders(rows, BAD_EVERY, (damage,)) for damage in DAMAGES}
    quote = next(iter(DAMAGES))
    return files | {f"{quote}, 1 line in 10 quoted": Orders(rows, BAD_EVERY, (quote,), 10)}


def main() -> None:
    """Measure, and write benchmarks/results.json and docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    missing = {peer: reason for peer in PEERS if (reason := peer.missing())}
    for peer, reason in missing.items():
        print(f"SKIPPED: {peer.name}, {peer.engine}: {reason}", file=sys.stderr)  # noqa: T201
    peers = [peer for peer in PEERS if peer not in missing]
    with tempfile.TemporaryDirectory() as name:
        server = EmbeddedPostgres(Path(name) / "server")
        bench = Bench(Path(name), server.start())
        try:
            comparisons = [
                _shown(bench.compare(peer, Orders(rows, bad_every), options.pairs))
                for peer in (*PRODUCTS.values(), *peers)
                for rows in (min(options.rows, peer.most_rows or options.rows),)
                for bad_every in (0, BAD_EVERY)
                if bad_every or peer in peers
            ]
            damages = [
                OneDamage(peer.engine, peer.name, damage, bench.load(peer, orders))
                for damage, orders in damaged(min(options.rows, DAMAGE_ROWS)).items()
                for peer in (*PRODUCTS.values(), *peers)
            ]
        finally:
            server.stop()
    results = {
        "rows": options.rows,
        "pairs": options.pairs,
        "comparisons": [asdict(one) for one in comparisons],
        "damage_rows": min(options.rows, DAMAGE_ROWS),
        "damages": [asdict(one) for one in damages],
        "skipped": {f"{peer.name}, {peer.engine}": reason for peer, reason in missing.items()},
    }
    (ROOT / "benchmarks/results.json").write_text(json.dumps(results, indent=2) + "\n")
    (ROOT / "docs/benchmarks.md").write_text(page(results))


def _shown(comparison: Comparison) -> Comparison:
    print(comparison.engine, comparison_row(asdict(comparison)), flush=True)  # noqa: T201
    return comparison


if __name__ == "__main__":
    main()
