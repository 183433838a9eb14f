"""Runs the product into faults and writes what became of them: `make fault-table`.

Each row is a run of the command into a fault, the same command again, and a comparison of every
final table with those of a run that nothing happened to. Writes benchmarks/faults.json after each
row, and the table of docs/operations.md.
"""

import argparse
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs/operations.md"
MARKS = "<!-- faults -->\n", "<!-- end of faults -->"
STEPS = ("load", "build", "alarms", "insights", "report")
ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL"}
ECOMDATA = (sys.executable, "-m", "ecomdata")
MIB = 1 << 20
#: Of the disks that become full: a server's holds a cluster and its log.
DISKS = {"duckdb": 24 * MIB, "postgres": 256 * MIB}

#: Loads with the clock of the machine elsewhere.
MOVED = """
import datetime as real, importlib, sys
moved_by = real.timedelta(days=int(sys.argv[1]))
class Moved(real.datetime):
    @classmethod
    def now(cls, tz=None):
        return real.datetime.now(tz) + moved_by
for module in ("ecomdata.ingest.load", "ecomdata.journal"):  # a function is called load, too
    importlib.import_module(module).datetime = Moved
sys.argv[:2] = ["ecomdata"]
from ecomdata.cli import main
main()
"""
#: Holds the warehouse until its input ends.
HOLD = """
import sys
from pathlib import Path
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse
warehouse = open_warehouse(load_settings(project=Path("."), warehouse=sys.argv[1]))
with warehouse.exclusive(60):
    print("holds", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Place:
    """A project of its own over an empty warehouse, with the shop beside it."""

    folder: Path
    engine: str
    shop: Path

    @property
    def warehouse(self) -> str:
        """Its URL."""
        return "postgres" if self.engine == "postgres" else "duckdb:///shop.duckdb"

    def start(self, *words: str, program: tuple[str, ...] = ECOMDATA, **more: str) -> Any:
        """Start a command, in a group of processes of its own."""
        return subprocess.Popen(
            [*program, *words, "--warehouse", self.warehouse],
            cwd=self.folder,
            env=os.environ | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *shops: Path, **more: str) -> tuple[int, str]:
        """Run the whole job; its exit code, and the last thing it said on stderr."""
        words = [str(shop) for shop in shops or (self.shop,)]
        process = self.start("run", *words, program=ECOMDATA, **more)
        said = process.communicate()[1].strip().splitlines()
        return process.returncode, said[-1] if said else ""

    def pipeline(self) -> Pipeline:
        """The same warehouse from within."""
        return Pipeline(load_settings(project=self.folder, warehouse=self.warehouse))

    def digest(self) -> str:
        """All final tables and raw rows, whatever their order, as one number."""
        pipeline, found = self.pipeline(), hashlib.sha256()
        tables = pipeline.query(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema in ('final', 'raw') order by 1, 2"
        ).rows
        for schema, table in tables:
            rows = sorted(map(str, pipeline.query(f'select * from "{schema}"."{table}"').rows))
            found.update(f"{table}\n{chr(10).join(rows)}\n".encode())
        return found.hexdigest()

    def stop(self) -> None:
        """End the project's own server."""
        if self.engine == "postgres":
            self.start("warehouse", "stop").communicate()


@dataclass(frozen=True)
class Row:
    """What became of a fault."""

    fault: str
    engine: str
    happened: str
    recovered: str
    same: bool | None


class Faults:
    """The faults, each on a warehouse of its own."""

    def __init__(self, scratch: Path, orders: int, loads: int, lines: int) -> None:
        self.scratch = scratch
        self.loads, self.lines = loads, lines
        self.shop = scratch / "shop"
        generate_shop(ShopPlan(orders=orders, dirt=0.005), self.shop)
        self._expected: dict[str, str] = {}
        self._number = 0

    @contextmanager
    def place(self, engine: str, folder: Path | None = None) -> Iterator[Place]:
        """Make a project, and end what it started."""
        self._number += 1
        made = folder or self.scratch / f"project-{self._number}"
        made.mkdir(exist_ok=True)
        place = Place(made, engine, self.shop)
        try:
            yield place
        finally:
            place.stop()
            shutil.rmtree(made, ignore_errors=True)

    def expected(self, engine: str) -> str:
        """What a run that nothing happens to makes."""
        if engine not in self._expected:
            with self.place(engine) as place:
                code, said = place.run()
                assert code == 0, said
                self._expected[engine] = place.digest()
        return self._expected[engine]

    def again(self, place: Place, fault: str, happened: str) -> Row:
        """Run the command again after a fault, and compare."""
        code, said = place.run()
        recovered = "the same command again" if code == 0 else f"exit {code}: {said}"
        same = code == 0 and place.digest() == self.expected(place.engine)
        return Row(fault, ENGINES[place.engine], happened, recovered, same)

    def at_step(self, engine: str, step: str, what: Callable[[Place, Any], None], name: str) -> Row:
        """Let something happen to a run once it is within a step."""
        with self.place(engine) as place:
            process = place.start("run", str(self.shop), "--log-json")
            before = ("run started", None, *STEPS)[STEPS.index(step) + (step != "load")]
            for line in process.stderr:
                with suppress(ValueError):
                    event = json.loads(line)
                    if before in (event.get("step"), event.get("event")):
                        break
            time.sleep(0.2)
            what(place, process)
            said = process.stderr.read().strip().splitlines()
            code = process.wait()
            errors = [line for line in said if line.startswith("error: ")]
            happened = (
                "killed" if code < 0 else f"exit {code}: {_short(errors[-1] if errors else '')}"
            ).removesuffix(": ")
            return self.again(place, name.format(step), happened)

    def killed(self, engine: str, step: str) -> Row:
        """`kill -9` of the command and all its processes."""

        def kill(place: Place, process: Any) -> None:
            os.killpg(process.pid, signal.SIGKILL)

        return self.at_step(engine, step, kill, "run killed in the step {}")

    def server_killed(self, step: str) -> Row:
        """`kill -9` of the server's first process."""

        def kill(place: Place, process: Any) -> None:
            [pid, *_] = place.pipeline().settings.cache.glob("**/postmaster.pid")
            os.kill(int(pid.read_text().split()[0]), signal.SIGKILL)

        return self.at_step("postgres", step, kill, "server killed in the step {}")

    def cut(self, step: str) -> Row:
        """The server ends all connections, once there are more than the one with the lock."""

        def cut(place: Place, process: Any) -> None:
            others = (
                "from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database()"
            )
            with open_warehouse(place.pipeline().settings).connect() as connection:
                while process.poll() is None:
                    if connection.query(f"select count(*) {others}").scalar > 1:
                        connection.query(f"select count(pg_terminate_backend(pid)) {others}")
                        break

        return self.at_step("postgres", step, cut, "connections cut in the step {}")

    def full_disk(self, engine: str, step: str) -> Row:
        """A small file system that another file fills, which is then deleted."""
        disk = self.scratch / f"disk-{step}-{engine}"
        disk.mkdir()
        size = f"size={DISKS[engine]}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=True)
        try:
            with self.place(engine, disk / "project") as place:
                if engine == "postgres":  # the server is there before its disk is full
                    place.start("warehouse", "start").communicate()
                if step == "build":  # what it builds from is there, too
                    place.start("load", str(self.shop)).communicate()
                ballast = disk / "ballast"
                free = os.statvfs(disk)
                with ballast.open("wb") as file:
                    file.write(bytes(free.f_bavail * free.f_frsize - MIB // 2))
                code, said = place.run()
                ballast.unlink()
                return self.again(
                    place, f"disk full in the step {step}", f"exit {code}: {_short(said)}"
                )
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)

    def held(self, engine: str) -> Row:
        """Another process holds the warehouse for longer than the run waits."""
        with self.place(engine) as place:
            other = subprocess.Popen(
                [sys.executable, "-c", HOLD, place.warehouse],
                cwd=place.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert other.stdout and other.stdout.readline()
            code, said = place.run(ECOMDATA_LOCK_TIMEOUT="1")
            other.communicate("")
            return self.again(place, "lock held by another", f"exit {code}: {_short(said)}")

    def clock(self, engine: str, days: int) -> Row:
        """The first run is of another day; the second finds nothing new and builds again."""
        with self.place(engine) as place:
            program = (sys.executable, "-c", MOVED, str(days))
            process = place.start("run", str(self.shop), program=program)
            said = process.communicate()[1]
            happened = f"exit {process.returncode}: {_short(said)}".rstrip(": ")
            return self.again(place, f"clock moved by {days:+} days", happened)

    def two(self, engine: str) -> Row:
        """Two runs over the same shop at once."""
        with self.place(engine) as place:
            both = [place.start("run", str(self.shop)) for _ in range(2)]
            said = [process.communicate()[1] for process in both]
            codes = [process.returncode for process in both]
            happened = f"exit {codes[0]} and {codes[1]}: one waited" + "".join(
                f"; {_short(each)}" for each in said if each.strip()
            )
            same = codes == [0, 0] and place.digest() == self.expected(engine)
            return Row("two runs at once", ENGINES[engine], happened, "nothing to recover", same)

    def many(self, engine: str) -> Row:
        """Small loads in one process, one after the other."""
        with self.place(engine) as place:
            pipeline = place.pipeline()
            pipeline.settings.cache.mkdir(exist_ok=True)
            plan = LoadPlan(pipeline.settings.cache, pipeline.settings.max_rejected)
            file = self.scratch / "orders.csv"
            seen = {}
            for number in range(1, self.loads + 1):
                file.write_text(
                    "order_id,customer_id,product_id,quantity,total_price,order_date\n"
                    f"O{number},C1,P1,1,1.00,2025-01-01\n"
                )
                pipeline.load([file], plan)
                if number in (self.loads // 10, self.loads):
                    files = len(list(pipeline.settings.cache.iterdir()))
                    seen[number] = (_resident(), len([*Path("/proc/self/fd").iterdir()]), files)
            orders = pipeline.query("select count(*) from raw.orders").scalar
            (early, early_open, early_left), (late, late_open, late_left) = seen.values()
            happened = (
                f"{orders:,} orders of {self.loads:,}; after {min(seen)} and {max(seen)} loads "
                f"{early:.0f} and {late:.0f} MB, {early_open} and {late_open} open files, "
                f"{early_left} and {late_left} files in the cache"
            )
            flat = late < early * 1.2 + 20 and (late_open, late_left) == (early_open, early_left)
            name = f"{self.loads:,} loads in a row"
            return Row(name, ENGINES[engine], happened, "nothing to recover", flat)

    def large(self, limit: int) -> Row:
        """A whole run of many lines in a group of processes with so much memory."""
        big = self.scratch / "big"
        generate_shop(ShopPlan(orders=int(self.lines / 2.5)), big)
        with self.place("duckdb") as place, _limited(limit) as group:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            code, said = place.run(big, ECOMDATA_MEMORY_LIMIT="1GiB")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            lines = place.pipeline().query("select count(*) from raw.orders").scalar
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            peak = int((group / "memory.max_usage_in_bytes").read_text()) / MIB
            shutil.rmtree(big)
            happened = (
                f"exit {code}: {lines:,} lines, {seconds:.0f} CPU seconds, at most {peak:,.0f} MiB"
                f" with the cache of files, the largest process {after.ru_maxrss / 1024:,.0f} MiB"
            )
            name = f"{self.lines / 1e6:g} million lines in {limit // MIB} MiB"
            return Row(name, "DuckDB", happened, _short(said) or "nothing to recover", code == 0)

    def all(self) -> dict[str, Callable[[], Row]]:
        """Every row by its name."""
        rows: dict[str, Callable[[], Row]] = {}
        for step in STEPS:
            rows[f"killed {step}"] = partial(self.killed, "duckdb", step)
            rows[f"server {step}"] = partial(self.server_killed, step)
        for step in ("load", "build"):
            rows[f"cut {step}"] = partial(self.cut, step)
            for engine in ENGINES:
                rows[f"disk {step} {engine}"] = partial(self.full_disk, engine, step)
        for engine in ENGINES:
            rows[f"held {engine}"] = partial(self.held, engine)
            rows[f"two {engine}"] = partial(self.two, engine)
            rows[f"many {engine}"] = partial(self.many, engine)
        for days in (-30, 400):
            rows[f"clock {days}"] = partial(self.clock, "duckdb", days)
        rows["large"] = partial(self.large, 2048 * MIB)
        return rows


@contextmanager
def _limited(limit: int) -> Iterator[Path]:
    """A control group in which whatever this process starts has so much memory."""
    group = Path("/sys/fs/cgroup/memory") / f"ecomdata-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(limit))
        (group / "cgroup.procs").write_text(str(os.getpid()))
        yield group
    finally:
        (group.parent / "cgroup.procs").write_text(str(os.getpid()))
        group.rmdir()


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


def _short(said: str) -> str:
    """The last line of what was said, without the machine's own paths and numbers."""
    line = (said.strip().splitlines() or [""])[-1].removeprefix("error: ")
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?", "…", line)
    line = re.sub(r"(%2F|/)[\w.%/ -]*?(?=[\s;,\"?&:]|$)", "…", line)
    return re.sub(r"\b\d{4,}\b", "…", line)[:160]


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = [
        "| fault | engine | what the command said | how it recovered | lost |",
        "|---|---|---|---|---|",
    ]
    for row in rows.values():
        lost = "nothing" if row["same"] else "**see the row**"
        cells = (row["fault"], row["engine"], row["happened"], row["recovered"], lost)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def page(text: str, rows: dict[str, dict[str, Any]]) -> str:
    """The page with the table between its marks."""
    head, _, rest = text.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    assert rest and tail, f"the page has no marks {MARKS}"
    return head + MARKS[0] + table(rows) + MARKS[1] + tail


def main() -> None:
    """Run the faults that are asked for, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="names that begin so, as killed or server")
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--loads", type=int, default=1_000)
    parser.add_argument("--lines", type=int, default=10_000_000)
    given = parser.parse_args()
    out = HERE / "faults.json"
    rows = json.loads(out.read_text("utf-8")) if out.exists() else {}
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)  # the embedded server is no root
        faults = Faults(Path(scratch), given.orders, given.loads, given.lines)
        for name, run in faults.all().items():
            if name.startswith(given.only or ""):
                row = vars(run())
                print(name, row, file=sys.stderr, flush=True)  # noqa: T201
                rows[name] = row
                ordered = {each: rows[each] for each in faults.all() if each in rows}
                out.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(page(PAGE.read_text("utf-8"), json.loads(out.read_text("utf-8"))), "utf-8")


if __name__ == "__main__":
    main()
