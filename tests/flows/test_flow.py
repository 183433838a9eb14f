"""The Prefect flow and its schedule, in an environment of their own: `make test-prefect`."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from prefect.testing.utilities import prefect_test_harness

from ecomdata.errors import InputError, WarehouseBusyError
from ecomdata.orchestrate import flow as flows
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

WAREHOUSE = "duckdb:///shop.duckdb"
CUSTOMERS = "customer_id,name\nC1,Ann\n"
ORDERS = (
    "order_id,customer_id,product_id,quantity,total_price,order_date\n"
    "O1,C1,P1,2,6.00,2024-05-01\nO2,C1,P2,1,4.00,2024-05-02\n"
)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """A Prefect server of the tests' own."""
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(autouse=True)
def tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the next try."""
    for task in (flows.load_task, flows.build_task, flows.insights_task, flows.report_task):
        monkeypatch.setattr(task, "retry_delay_seconds", 0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "customers.csv").write_text(CUSTOMERS)
    (shop / "orders.csv").write_text(ORDERS)
    return tmp_path


def run(project: Path) -> Any:
    return flows.shop(str(project), WAREHOUSE, str(project / "shop"))


def runs(project: Path) -> list[tuple[Any, ...]]:
    pipeline = Pipeline(load_settings(project=project, warehouse=WAREHOUSE))
    return list(pipeline.query("select command, status from meta.runs order by run_id").rows)


DONE = [("load", "done"), ("build", "done"), ("insights", "done")]


def test_a_step_that_meets_a_busy_warehouse_is_tried_again_and_a_second_flow_loads_nothing_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, calls = Pipeline.build_and_judge, []

    def busy_at_first(self: Pipeline, *arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) < 3:
            raise WarehouseBusyError("another run is changing the warehouse")
        return build(self, *arguments)

    monkeypatch.setattr(Pipeline, "build_and_judge", busy_at_first)
    assert run(project) == str(project / "report.html")
    assert len(calls) == 3
    assert (project / "report.html").read_text().startswith("<!doctype html>")
    assert runs(project) == DONE
    run(project)
    assert runs(project) == 2 * DONE
    pipeline = Pipeline(load_settings(project=project, warehouse=WAREHOUSE))
    assert pipeline.query("select count(*) from raw.orders").scalar == 2


class Webhook(BaseHTTPRequestHandler):
    told: list[dict[str, str]] = []

    def do_POST(self) -> None:
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def test_data_that_is_wrong_is_tried_once_and_a_webhook_is_told_without_any_data(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "shop" / "orders.csv").write_text("Ann,secret\nx,y\n")
    (project / "shop" / "customers.csv").unlink()
    with HTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("ECOMDATA_NOTIFY_URL", f"http://127.0.0.1:{server.server_port}/")
        with pytest.raises(InputError):
            run(project)
        server.shutdown()
    assert runs(project) == [("load", "failed")]
    [told] = Webhook.told
    assert told["error"] == "InputError"
    assert set(told) == {"run", "error", "text"}
    assert "Ann" not in str(told)


def test_a_busy_warehouse_is_given_up_after_the_last_try(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def busy(self: Pipeline, *arguments: Any) -> Any:
        calls.append(arguments)
        raise WarehouseBusyError("busy")

    monkeypatch.setattr(Pipeline, "load", busy)
    with pytest.raises(WarehouseBusyError):
        run(project)
    assert len(calls) == 1 + len(flows.DELAYS)


def ecomdata(project: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ecomdata", *words, "--warehouse", WAREHOUSE]
    return subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schedule", "shop", "--cron", "every day"), "is no schedule"),
        (("flow", "run", "shop", "--warehouse", "postgresql://a:b@h/d"), "ECOMDATA_PASSWORD"),
        (("flow", "run", "nothing"), "error: nothing does not exist: name a folder with exports"),
    ],
)
def test_what_cannot_be_scheduled_is_wrong_usage(
    project: Path, words: tuple[str, ...], said: str
) -> None:
    command = [sys.executable, "-m", "ecomdata", *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_a_schedule_runs_the_flow_and_ends_with_a_signal(project: Path) -> None:
    with ecomdata(project, "schedule", "shop", "--cron", "* * * * *") as process:
        try:
            deadline = time.monotonic() + 900
            while not (project / "report.html").exists():
                assert process.poll() is None, process.stdout and process.stdout.read()
                assert time.monotonic() < deadline, "no run within a quarter of an hour"
                time.sleep(1)
        finally:
            process.send_signal(signal.SIGINT)
            out = process.communicate(timeout=120)[0]
    assert runs(project)[:3] == DONE
    assert process.returncode == 130, out
    assert out.endswith("stopped\n")
    assert "Traceback" not in out
