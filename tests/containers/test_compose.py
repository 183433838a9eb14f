"""compose.yaml on a new and on a kept volume: `make test-containers`."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ORDERS = 400
REPORT_PORT, DATABASE_PORT, PREFECT_PORT, SUPERSET_PORT = 18080, 15432, 14200, 18088


@dataclass(frozen=True)
class Compose:
    """The project's services under a name of their own, with data and secrets in a folder."""

    folder: Path

    def __call__(self, *words: str, code: int | None = 0) -> str:
        """Run docker compose; return what it printed."""
        command = ["docker", "compose", "--project-name", "ecomdata-test", *words]
        return self._run(command, code)

    def make(self, target: str, profile: str = "") -> str:
        """Run one of the Makefile's targets."""
        return self._run(["env", f"COMPOSE_PROFILES={profile}", "make", target], 0)

    def containers(self, *words: str) -> list[str]:
        """The services' containers, of whatever profile."""
        label = "label=com.docker.compose.project=ecomdata-test"
        return self._run(["docker", "ps", "--quiet", "--filter", label, *words], 0).split()

    def psql(self, role: str, sql: str) -> subprocess.CompletedProcess[str]:
        """Run SQL as a role, with its password, over the network."""
        password = (self.folder / "secrets" / f"{role}_password").read_text()
        words = ["psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql]
        address = f"host=warehouse user=ecomdata_{role} dbname=ecomdata"
        command = [
            *("docker", "compose", "--project-name", "ecomdata-test", "exec", "-T"),
            *("-e", f"PGPASSWORD={password}", "warehouse", *words, address),
        ]
        return subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True
        )

    def value(self, role: str, sql: str) -> str:
        """Return what SQL answers that the role may run."""
        done = self.psql(role, sql)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def _run(self, command: list[str], code: int | None) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True
        )
        assert code in (None, done.returncode), f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "COMPOSE_PROJECT_NAME": "ecomdata-test",
            "ECOMDATA_DATA": str(self.folder / "data"),
            "ECOMDATA_SECRETS": str(self.folder / "secrets"),
            "ECOMDATA_REPORT_PORT": str(REPORT_PORT),
            "ECOMDATA_DATABASE_PORT": str(DATABASE_PORT),
            "ECOMDATA_PREFECT_PORT": str(PREFECT_PORT),
            "ECOMDATA_SUPERSET_PORT": str(SUPERSET_PORT),
            "ECOMDATA_CRON": "* * * * *",
            "ECOMDATA_DEMO_ORDERS": str(ORDERS),
        }


def page() -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{REPORT_PORT}/", timeout=10) as answer:
        text: str = answer.read().decode()
        return text


def addresses(inspected: str) -> list[str]:
    """Where the ports are open of what `docker inspect` told."""
    return [
        binding["HostIp"]
        for each in json.loads(inspected)
        for bindings in each.get("NetworkSettings", {}).get("Ports", {}).values()
        for binding in bindings or ()
    ]


@pytest.fixture(scope="module")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The services after `make up` on new volumes, without data of one's own."""
    engine = shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True)
    if not engine or engine.returncode:
        pytest.skip("NO CONTAINER ENGINE ANSWERS: the image and compose.yaml are not tested")
    folder = tmp_path_factory.mktemp("compose")
    (folder / "data").mkdir()
    services, everything = Compose(folder), ("--profile", "schedule", "--profile", "dashboards")
    services(*everything, "down", "--volumes")
    try:
        services.make("up")
        yield services
    finally:
        sys.stderr.write(services(*everything, "logs", "--no-color", code=None))
        services.make("down")
        left = services.containers("--all")
        services(*everything, "down", "--volumes")
        assert left == [], "`make down` leaves containers"


def test_without_data_a_demo_shop_is_loaded_built_and_its_report_served(compose: Compose) -> None:
    assert "<title>" in page()
    logs = compose("logs", "--no-color", "build")
    assert re.search(r"built \d+ models; \d+ tests passed", logs)
    orders = int(compose.value("reader", "select sum(orders) from final.final_sales_report"))
    assert 0.9 * ORDERS < orders <= ORDERS


def test_each_role_may_do_its_own_and_nothing_else(compose: Compose) -> None:
    refused = {
        "reader": (
            "select * from raw.customers",
            "select * from staging.stg_customers",
            "select * from intermediate.int_revenue_ledger",
            "select * from meta.quarantine",
            "delete from final.final_sales_report",
            "create table final.x (i int)",
            "create table public.x (i int)",
        ),
        "loader": (
            "select * from staging.stg_customers",
            "select * from final.final_sales_report",
            "create schema x",
        ),
        "transformer": (
            "delete from raw.orders",
            "update raw.customers set name = 'x'",
            "drop table raw.orders",
            "create table raw.x (i int)",
            "delete from meta.loads",
        ),
    }
    for role, statements in refused.items():
        for statement in statements:
            assert "permission denied" in compose.psql(role, statement).stderr or (
                "must be owner" in compose.psql(role, statement).stderr
            ), f"{role}: {statement}"
    assert int(compose.value("owner", "select count(*) from raw.customers")) > 100
    superuser = "select count(*) from pg_roles where rolname like 'ecomdata_%' and rolsuper"
    assert compose.value("owner", superuser) == "0"


def test_a_wrong_password_is_refused(compose: Compose) -> None:
    secret = compose.folder / "secrets" / "reader_password"
    kept = secret.read_text()
    secret.chmod(0o600)
    secret.write_text("wrong")
    try:
        assert "authentication failed" in compose.psql("reader", "select 1").stderr
    finally:
        secret.write_text(kept)
        secret.chmod(0o444)


def test_the_containers_are_an_ordinary_user_with_a_read_only_root(compose: Compose) -> None:
    inside = "id -u; touch /etc/x /usr/x /opt/ecomdata/x 2>&1; grep CapEff /proc/self/status"
    said = compose("run", "--rm", "--no-deps", "--entrypoint", "sh", "build", "-c", inside)
    assert said.count("Read-only file system") == 3
    assert "10001" in said.split()
    assert "0000000000000000" in said


def test_no_secret_is_in_the_image_or_in_a_containers_settings(compose: Compose) -> None:
    secrets = [path.read_text() for path in (compose.folder / "secrets").iterdir()]
    assert len(set(secrets)) == 9
    containers = compose("ps", "--all", "--quiet").split()
    told = subprocess.run(
        ["docker", "inspect", "ecomdata-insights", *containers], capture_output=True, text=True
    ).stdout
    assert len(json.loads(told)) == 5
    logs = compose("logs", "--no-color")
    assert [secret for secret in secrets if secret in told + logs] == []


def test_every_port_is_open_on_loopback_only(compose: Compose) -> None:
    told = subprocess.run(
        ["docker", "inspect", *compose("ps", "--quiet").split()], capture_output=True, text=True
    ).stdout
    assert addresses(told) == 2 * ["127.0.0.1"]


def test_on_kept_volumes_nothing_is_loaded_twice_and_new_files_come_in(compose: Compose) -> None:
    """Last: it changes what is loaded."""
    sales = "select sum(net_sales) from final.final_sales_report"
    before = compose.value("reader", sales)
    compose.make("down")
    compose.make("up")
    assert "nothing new: 4 files were loaded before" in compose("logs", "--no-color", "load")
    assert compose.value("reader", sales) == before
    assert "<title>" in page()

    header = "order ID,customer ID,product ID,quantity,total price,order date"
    orders = compose.folder / "data" / "orders.csv"
    orders.write_text(f"{header}\nnew-1,,P1,1,1000000.00,2025-12-31\n")
    compose.make("up")
    difference = f"select ({sales}) - {before}"
    assert compose.value("reader", difference) == "1000000.00"


def prefect(path: str, password: str) -> object:
    """Ask Prefect's server."""
    login = base64.b64encode(f"ecomdata:{password}".encode()).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PREFECT_PORT}/api/{path}",
        data=b"{}",
        headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_the_profile_schedule_runs_the_flow_and_leaves_every_role_its_own(compose: Compose) -> None:
    compose("--profile", "schedule", "up", "--build", "--detach", "prefect", "schedule")
    # what came before this was the work of `load` and `build`
    last = compose.value("owner", "select max(run_id) from meta.runs")
    (compose.folder / "data" / "customers.csv").write_text("customer ID,name\nA,Ann\n")
    runs = f"select command, status from meta.runs where run_id > {last} order by run_id limit 3"
    deadline = time.monotonic() + 900
    while compose.value("owner", runs).split() != ["load|done", "build|done", "insights|done"]:
        assert time.monotonic() < deadline, compose("--profile", "schedule", "logs", "schedule")
        time.sleep(5)
    loaded = "select count(*) from meta.loads where file like '%customers.csv' and records_read = 1"
    while compose.value("owner", loaded) != "1":
        assert time.monotonic() < deadline, compose("--profile", "schedule", "logs", "schedule")
        time.sleep(5)

    password = (compose.folder / "secrets" / "prefect_password").read_text()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        prefect("flow_runs/count", "wrong")
    assert isinstance(prefect("flow_runs/count", password), int)

    containers = compose("--profile", "schedule", "ps", "--quiet", "prefect", "schedule").split()
    told = subprocess.run(["docker", "inspect", *containers], capture_output=True, text=True).stdout
    secrets = [path.read_text() for path in (compose.folder / "secrets").iterdir()]
    logs = compose("--profile", "schedule", "logs", "--no-color")
    assert [secret for secret in secrets if secret in told + logs] == []
    assert addresses(told) == ["127.0.0.1"]

    compose("--profile", "schedule", "stop", "--timeout", "60", "schedule")
    ended = compose("--profile", "schedule", "ps", "--all", "schedule", "--format", "json")
    assert json.loads(ended)["ExitCode"] == 130
    compose("run", "--rm", "--no-deps", "build")  # what the owner made is the transformer's


def test_the_profile_dashboards_deploys_and_checks_them(compose: Compose) -> None:
    compose.make("up", "dashboards")
    profile = ("--profile", "dashboards")
    state = ("ps", "--all", "dashboards", "--format", "json")
    deadline = time.monotonic() + 900
    while (ended := json.loads(compose(*profile, *state)))["State"] != "exited":
        assert time.monotonic() < deadline, compose(*profile, "logs", "dashboards")
        time.sleep(2)
    logs = compose(*profile, "logs", "--no-color")
    assert ended["ExitCode"] == 0, logs
    told = compose(*profile, "logs", "--no-color", "--no-log-prefix", "dashboards")
    assert "http://superset:8088/superset/dashboard/" in told
    net_sales = compose.value("reader", "select sum(net_sales) from final.final_sales_report")
    assert re.search(rf"\bok\b.* Net sales, all products +{net_sales}$", told, re.MULTILINE), told

    with urllib.request.urlopen(f"http://127.0.0.1:{SUPERSET_PORT}/login/", timeout=60) as answer:
        assert "<title>" in answer.read().decode()
    secrets = [path.read_text() for path in (compose.folder / "secrets").iterdir()]
    inspected = subprocess.run(
        ["docker", "inspect", "ecomdata-superset", *compose.containers("--all")],
        capture_output=True,
        text=True,
    ).stdout
    assert [secret for secret in secrets if secret in inspected + logs] == []
    assert set(addresses(inspected)) == {"127.0.0.1"}
