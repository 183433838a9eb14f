"""One at a time: the second waits, is told who holds it, and never waits for the dead."""

import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from servers import Server
from shops import load, shop

from ecomdata.errors import WarehouseUnreachableError
from ecomdata.journal import recorded, unlogged
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

ASK = """
import sys, time
from pathlib import Path
from ecomdata.errors import WarehouseBusyError
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse

project, url, timeout = sys.argv[1:]
warehouse = open_warehouse(load_settings(project=Path(project), warehouse=url))
print("asks", flush=True)
try:
    with warehouse.exclusive(float(timeout)):
        print("holds", flush=True)
        sys.stdin.read()
except WarehouseBusyError as exc:
    print(exc, flush=True)
"""


@contextmanager
def second_process(pipeline: Pipeline, timeout: float) -> Iterator["subprocess.Popen[str]"]:
    """A process that asks for the warehouse and holds it until its input ends."""
    settings = pipeline.settings
    process = subprocess.Popen(
        [sys.executable, "-c", ASK, settings.project, settings.warehouse, str(timeout)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_a_second_process_gives_up_after_its_time_and_says_who_holds_it(pipeline: Pipeline) -> None:
    warehouse = open_warehouse(pipeline.settings)
    with warehouse.exclusive(0), second_process(pipeline, 0.3) as second:
        assert said(second) == "asks"
        refusal = said(second)
    if warehouse.engine == "duckdb":
        assert refusal == (
            f"another run (process {os.getpid()}) is changing the warehouse: it holds "
            f"{pipeline.settings.project}/shop.duckdb.lock; "
            "waited 0.3 s, try again when it is done"
        )
    else:
        assert re.fullmatch(
            r"another run is changing the warehouse \(ecomdata, server process \d+, since "
            r"\d{4}-\d\d-\d\d \d\d:\d\d UTC\); waited 0.3 s, try again when it is done",
            refusal,
        )


def test_a_second_process_waits_until_the_first_is_done(pipeline: Pipeline) -> None:
    with second_process(pipeline, 60) as second:
        with open_warehouse(pipeline.settings).exclusive(0):
            assert said(second) == "asks"
            assert second.stdout is not None
            assert not select.select([second.stdout], [], [], 0.5)[0]
        assert said(second) == "holds"


def test_nobody_waits_for_a_process_that_was_killed(pipeline: Pipeline) -> None:
    with second_process(pipeline, 0) as second:
        assert [said(second), said(second)] == ["asks", "holds"]
        second.kill()
        with open_warehouse(pipeline.settings).exclusive(10):
            pass


def test_a_run_whose_lock_was_lost_does_not_go_on(postgres_server: Server, tmp_path: Path) -> None:
    url = postgres_server.new_database()
    pipeline = Pipeline(load_settings(project=tmp_path, warehouse=url))
    warehouse = open_warehouse(pipeline.settings)
    with pytest.raises(WarehouseUnreachableError, match="another run may have begun; run the"):
        with recorded("build", warehouse, 0, unlogged) as run:
            with run.step("one"):
                postgres_server.run(
                    "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
                )
            with run.step("two"):
                raise AssertionError("it went on")
    steps = "select runs.status, step from meta.runs inner join meta.run_steps using (run_id)"
    assert pipeline.query(steps).rows == (("failed", "one"),)


def test_what_is_held_can_still_be_read(pipeline: Pipeline) -> None:
    load(pipeline, shop(pipeline.settings.project / "shop", customers="customer_id\nC1\n"))
    with open_warehouse(pipeline.settings).exclusive(0):
        assert pipeline.query("select customer_id from raw.customers").rows == (("C1",),)
