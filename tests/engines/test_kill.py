"""`kill -9` at any moment of a load leaves the whole state of before, or of after."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from servers import ENGINES, NewPipeline, Server
from shops import HEADER, WRITTEN, load, shop

from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

KILLS = 20

# Forks a process per load: each is new, and none spends its time on importing.
NURSERY = """
import json, os, sys
from pathlib import Path
import ecomdata.warehouse.duckdb, ecomdata.warehouse.postgres
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

for line in sys.stdin:
    project, url, folder = json.loads(line)
    child = os.fork()
    if not child:
        try:
            settings = load_settings(project=Path(project), warehouse=url)
            plan = LoadPlan(settings.cache, settings.max_rejected)
            Pipeline(settings).load([Path(folder)], plan)
            os._exit(0)
        finally:
            os._exit(1)
    print(child, flush=True)
    sys.stdin.readline()  # until then its number is nobody else's, also when it has ended
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Nursery:
    """Starts processes that load."""

    process: "subprocess.Popen[str]"

    def start(self, pipeline: Pipeline, folder: Path) -> int:
        """Start loading a folder; return the process's number."""
        settings = pipeline.settings
        return self._ask(json.dumps([str(settings.project), settings.warehouse, str(folder)]))

    def wait(self) -> int:
        """Wait for the process's end; return its exit code, below zero for a signal."""
        return self._ask("")

    def _ask(self, line: str) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Nursery(process)


def files(version: int) -> dict[str, str]:
    """A shop of some thousand rows and a few that cannot be read; versions differ throughout."""
    customers = "".join(f"C{i},Name {i} of {version}\n" for i in range(400))
    products = "".join(f"P{i},Product {i},{version}.50\n" for i in range(100))
    lines = "".join(
        f"O{i // 3},C{i % 400},P{i % 100},{version},{i}.25,2024-05-01\n" for i in range(2400)
    )
    broken = "".join(f"O{i},{version}\n" for i in range(10))
    returns = "".join(f"O{i},P{i},1,{version}.00\n" for i in range(100))
    return {
        "customers": f"customer_id,name\n{customers}",
        "products": f"product_id,product_name,price\n{products}",
        "orders": HEADER + lines + broken,
        "returns": f"order_id,product_id,quantity,refund_amount\n{returns}",
    }


def written(pipeline: Pipeline) -> dict[str, Counter[tuple[Any, ...]]]:
    """All that a load writes, but for when."""
    found = {}
    warehouse = open_warehouse(pipeline.settings)
    # A server lets go of the dead in a moment: hence the waiting.
    with warehouse.exclusive(30), warehouse.connect(read_only=True) as connection:
        for name in WRITTEN:
            table = connection.query(f"select * from {name}")
            kept = [i for i, column in enumerate(table.columns) if column != "loaded_at"]
            found[name] = Counter(map(itemgetter(*kept), table.rows))
    return found


@pytest.fixture(
    params=[pytest.param(e, marks=pytest.mark.xdist_group(f"kill {e}")) for e in ENGINES]
)
def copies(
    request: pytest.FixtureRequest, new_pipeline: NewPipeline, tmp_path: Path
) -> Callable[[], Pipeline]:
    """Make copies of a warehouse in which version 1 of the shop is loaded."""
    first = new_pipeline(request.param, tmp_path / "first")
    load(first, shop(tmp_path / "shop 1", **files(1)))
    numbers = iter(range(1000))

    def copy() -> Pipeline:
        project = tmp_path / f"copy {next(numbers)}"
        (project / ".ecomdata").mkdir(parents=True)
        url = first.settings.warehouse
        if request.param == "duckdb":
            shutil.copy(first.settings.project / "shop.duckdb", project)
        else:
            server: Server = request.getfixturevalue("postgres_server")
            url = server.copy_of(url)
        return Pipeline(load_settings(project=project, warehouse=url))

    return copy


def test_a_load_that_is_killed_happened_wholly_or_not_at_all(
    copies: Callable[[], Pipeline], nursery: Nursery, tmp_path: Path
) -> None:
    shop_2 = shop(tmp_path / "shop 2", **files(2))
    undisturbed = copies()
    before = written(undisturbed)
    started = time.monotonic()
    nursery.start(undisturbed, shop_2)
    assert nursery.wait() == 0
    duration = time.monotonic() - started
    after = written(undisturbed)
    assert {name: found.total() for name, found in before.items()} == {
        "raw.customers": 400,
        "raw.products": 100,
        "raw.orders": 2400,
        "raw.returns": 100,
        "meta.loads": 4,
        "meta.reader_rejects": 10,
    }
    assert all(after[name].total() == 2 * before[name].total() for name in before)

    def killed_after(delay: float) -> bool:
        """Kill a load; False where it was done by then."""
        pipeline = copies()
        process = nursery.start(pipeline, shop_2)
        time.sleep(delay)
        os.kill(process, signal.SIGKILL)
        killed = nursery.wait() == -signal.SIGKILL
        assert written(pipeline) in (before, after)
        load(pipeline, shop_2)
        assert written(pipeline) == after
        assert not list(pipeline.settings.cache.glob("load-*"))
        return killed

    moments = random.Random(20241124)
    for part in moments.sample(range(KILLS), KILLS):
        while not killed_after((part + moments.random()) / KILLS * duration):
            duration *= 0.9  # it was slower while it was measured
