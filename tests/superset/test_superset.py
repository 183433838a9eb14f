"""A real Superset over PostgreSQL and a generated shop: `make test-superset`.

The whole way as a user goes it: `deploy/superset/local` starts both and deploys; then commands, and
a browser that signs in.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "e2e"))

from browser import launched  # noqa: E402
from command_line import Answer, Project  # noqa: E402

from ecomdata.dashboards import DASHBOARDS, Superset  # noqa: E402

ORDERS = 2000
PATIENCE = 600  # seconds; a start takes 60 on a busy machine
VIEWER = "viewer of one country"


@dataclass
class Served:
    """A project with its Superset, and a session of the administrator's."""

    project: Project
    url: str
    secrets: Path
    admin: Superset
    first: str

    def __call__(self, *words: str, code: int = 0) -> Answer:
        """Run a command of `ecomdata dashboards`."""
        password = self.secrets / "superset_admin_password"
        asked = ("--superset", self.url, "--password-file", password)
        return self.project("dashboards", *words, *asked, code=code)

    def kpis(self) -> dict[str, str]:
        """The figures over all days by name."""
        return {kpi["id"]: kpi["all"] for kpi in self.project.json("kpis")["kpis"]}

    def charts(self) -> dict[str, int]:
        """The ids of all charts by name."""
        return {each["slice_name"]: each["id"] for each in self.admin.listed("/api/v1/chart/")}

    def figure(self, name: str, session: Superset) -> Any:
        """The figure of a tile as a user gets it."""
        chart = self.charts()[name]
        [result] = session.get(f"/api/v1/chart/{chart}/data/?force=true")["result"]
        [row] = result["data"]
        [value] = row.values()
        return value

    def signed_in(self, username: str, password: str) -> Superset:
        """A session of another user's."""
        session = Superset(self.url)
        session.sign_in(username, password)
        return session


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A shop and the Superset that shows it."""
    programs = os.environ.get("SUPERSET_BIN", "")
    if not (Path(programs) / "gunicorn").exists():
        pytest.skip("Superset is missing: make test-superset makes its environment")
    folder = tmp_path_factory.mktemp("superset")
    project = Project(folder, "postgres")
    project("generate", "shop", "--orders", str(ORDERS), "--events", "3")
    project("run", "shop")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = folder / "ecomdata"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ecomdata "$@"\n')
    command.chmod(0o755)
    log = (folder / "superset.log").open("w")
    process = subprocess.Popen(
        [ROOT / "deploy/superset/local"],
        cwd=folder,
        env=project.environment(
            ECOMDATA=str(command),
            ECOMDATA_PROJECT=".",
            SUPERSET_BIN=programs,
            SUPERSET_PORT=str(port),
            SUPERSET_WORKERS="1",
            SUPERSET_SECRETS=str(folder / "secrets"),
            SUPERSET_HOME=str(folder / "home"),
        ),
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    try:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if line.startswith("Superset: "):
                break
        assert "Ctrl-C ends it" in said, said + (folder / "superset.log").read_text()[-3000:]
        watchdog.cancel()
        admin = Superset(f"http://127.0.0.1:{port}")
        secrets = folder / "secrets"
        admin.sign_in("admin", (secrets / "superset_admin_password").read_text())
        yield Served(project, admin.url, secrets, admin, said)
    finally:
        watchdog.cancel()
        os.killpg(process.pid, signal.SIGTERM)
        with log, process:
            process.wait(60)
        project("warehouse", "stop")


def test_one_command_starts_it_deploys_it_and_finds_it_right(served: Served) -> None:
    for slug in DASHBOARDS:
        assert f"{served.url}/superset/dashboard/{slug}/\n" in served.first
    assert " failed " not in served.first
    for secret in served.secrets.iterdir():
        assert len(secret.read_text()) == 64
        assert not secret.stat().st_mode & 0o077


def test_every_chart_answers_and_the_headline_is_that_of_kpis_to_the_cent(served: Served) -> None:
    charts = json.loads(served("check", "--json").out)["charts"]
    assert {chart["dashboard"] for chart in charts} == set(DASHBOARDS)
    assert {chart["state"] for chart in charts} == {"ok"}
    said = {chart["chart"]: chart["said"] for chart in charts}
    kpis = served.kpis()
    for name, kpi in {
        "Net sales": "net_sales",
        "Orders": "orders",
        "Average order value": "average_order_value",
        "Units": "units",
        "Returns": "returns",
        "Gross margin": "gross_margin",
        "Net sales, all products": "net_sales",
        "Return rate": "return_rate",
        "Margin rate": "margin_rate",
        "Customers": "customers",
        "Repeat purchase rate": "repeat_purchase_rate",
    }.items():
        assert said[name] == kpis[kpi]
        assert served.figure(name, served.admin) == Decimal(kpis[kpi])
    of_days = [name for name in said if re.search(r", \d{4}-\d\d-\d\d to ", name)]
    assert len(of_days) == 6
    assert said[next(n for n in of_days if n.startswith("Net sales"))] != kpis["net_sales"]


def test_pushed_again_nothing_is_there_twice_and_what_users_may_stays(served: Served) -> None:
    def there() -> dict[str, Any]:
        listed = {
            name: sorted(
                (each["id"], each.get("slice_name") or each.get("dashboard_title") or "")
                for each in served.admin.listed(f"/api/v1/{name}/")
            )
            for name in ("database", "dataset", "chart", "dashboard", "rowlevelsecurity")
        }
        dashboards = {
            slug: served.admin.get(f"/api/v1/dashboard/{slug}")["result"] for slug in DASHBOARDS
        }
        roles = {
            slug: [role["name"] for role in each["roles"]] for slug, each in dashboards.items()
        }
        filters = {
            slug: json.loads(each["json_metadata"])["native_filter_configuration"]
            for slug, each in dashboards.items()
        }
        return listed | {"roles": roles, "filters": filters}

    served("grant-country", "Germany")
    [sales, *_] = DASHBOARDS
    dashboard = served.admin.get(f"/api/v1/dashboard/{sales}")["result"]["id"]
    roles = served.admin.listed("/api/v1/security/roles/")
    [role] = [each["id"] for each in roles if each["name"] == "EcomData Germany"]
    served.admin.send("PUT", f"/api/v1/dashboard/{dashboard}", {"roles": [role]})
    before = there()
    assert before["roles"][sales] == ["EcomData Germany"]
    assert len(before["rowlevelsecurity"]) == 1
    assert [len(filters) for filters in before["filters"].values()] == [2, 2, 2]
    assert len(before["dashboard"]) == 3
    for _ in range(2):
        served("push")
    assert there() == before


def test_a_chart_that_fails_or_has_no_rows_or_another_figure_fails_the_check(
    served: Served,
) -> None:
    charts = served.charts()

    def query_of(name: str, change: Callable[[dict[str, Any]], None]) -> None:
        path = f"/api/v1/chart/{charts[name]}"
        context = json.loads(served.admin.get(path)["result"]["query_context"])
        change(context["queries"][0])
        served.admin.send("PUT", path, {"query_context": json.dumps(context)})

    nowhere = {"col": "country", "op": "==", "val": "Atlantis"}
    query_of("Orders", lambda query: query.update(metrics=["no_such_metric"]))
    query_of("Countries", lambda query: query.update(filters=[nowhere]))
    query_of("Units", lambda query: query.update(metrics=["orders"]))
    query_of("Returns", lambda query: query.update(filters=[nowhere]))
    answer = served("check", code=1)
    assert "4 of 40 answers are wrong" in answer.err
    assert "ecomdata-sales, Orders: 4" in answer.err  # the status
    assert "ecomdata-sales, Countries: no rows" in answer.err
    assert f"returns is None; ecomdata kpis says {served.kpis()['returns']}" in answer.err
    assert re.search(r"ecomdata-sales, Units: ", answer.err)
    served("push")
    served("check")

    served.admin.send("DELETE", f"/api/v1/chart/{charts['Orders']}", None)
    assert "Orders: it is not on the dashboard: push again" in served("check", code=1).err
    served("push")
    served("check")


def test_a_figure_that_is_a_cent_off_fails_the_check(served: Served) -> None:
    [dataset] = [
        each["id"]
        for each in served.admin.listed("/api/v1/dataset/")
        if each["table_name"] == "final_sales_report"
    ]
    path = f"/api/v1/dataset/{dataset}"
    metrics = served.admin.get(path)["result"]["metrics"]
    kept = ("id", "uuid", "metric_name", "verbose_name", "expression", "description", "d3format")
    changed = [{key: metric[key] for key in kept if key in metric} for metric in metrics]
    [net_sales] = [metric for metric in changed if metric["metric_name"] == "net_sales"]
    net_sales["expression"] = "sum(net_sales) + 0.01"
    served.admin.send("PUT", path, {"metrics": changed})
    true = served.kpis()["net_sales"]
    wrong = Decimal(true) + Decimal("0.01")
    assert f"net_sales is {wrong}; ecomdata kpis says {true}" in served("check", code=1).err
    served("push")
    served("check")


def test_a_role_of_a_country_sees_its_rows_and_no_table_without_countries(served: Served) -> None:
    for _ in range(2):
        assert served("grant-country", "Germany").out.startswith("role EcomData Germany: ")
    roles = served.admin.listed("/api/v1/security/roles/")
    [role] = [each["id"] for each in roles if each["name"] == "EcomData Germany"]
    person = {
        "username": "german",
        "first_name": "G",
        "last_name": "G",
        "email": "g@localhost",
        "active": True,
        "password": VIEWER,
        "roles": [role],
    }
    served.admin.send("POST", "/api/v1/security/users/", person)
    viewer = served.signed_in("german", VIEWER)
    by_country = served.project.json("kpis", "--by", "country")
    rows = [dict(zip(by_country["columns"], row, strict=True)) for row in by_country["rows"]]
    [germany] = [row for row in rows if row["country"] == "Germany"]
    assert served.figure("Net sales", viewer) == Decimal(germany["net_sales"])
    assert served.figure("Orders", viewer) == germany["orders"]
    assert served.figure("Customers", viewer) == germany["customers"]
    assert served.figure("Net sales", served.admin) == Decimal(served.kpis()["net_sales"])
    for name in ("Net sales, all products", "Net sales by segment", "Bought together"):
        chart = served.charts()[name]
        # It is not even told that they are there.
        assert viewer.ask("GET", f"/api/v1/chart/{chart}/data/?force=true").status == 404
    refused = viewer.ask("POST", "/api/v1/sqllab/execute/", {"database_id": 1, "sql": "select 1"})
    assert refused.status in (401, 403)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from raw.customers",
        "select * from intermediate.int_revenue_ledger",
        "select * from meta.salts",
        "delete from final.final_sales_report",
        "create table final.x (i int)",
        "select pg_read_file('/etc/passwd')",
    ],
)
def test_not_even_an_administrator_reads_or_writes_more_than_final(
    served: Served, sql: str
) -> None:
    [database] = [each["id"] for each in served.admin.listed("/api/v1/database/")]
    asked = {"database_id": database, "sql": sql, "runAsync": False}
    assert served.admin.ask("POST", "/api/v1/sqllab/execute/", asked).status >= 400
    asked["sql"] = "select count(*) from final.final_sales_report"
    assert served.admin.ask("POST", "/api/v1/sqllab/execute/", asked).status == 200


def test_no_default_password_opens_it_and_a_wrong_one_is_told(served: Served) -> None:
    wrong = served.project.folder / "wrong"
    wrong.write_text("admin")
    words = ("check", "--superset", served.url, "--password-file", wrong)
    answer = served.project("dashboards", *words, code=3)
    assert f"{served.url} refused user admin or the password" in answer.err


def test_it_listens_on_loopback_only(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    tcp = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    listening = [words[1] for words in tcp if words[3] == "0A"]
    assert [each for each in listening if each.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SUPERSET_SECRET_KEY": "short"}, "superset_secret_key is missing or shorter than 32"),
        ({"SUPERSET_SECRET_KEY": "k" * 40}, "SUPERSET_METADATA_URL is not set"),
    ],
)
def test_without_a_key_or_a_database_of_its_own_it_does_not_start(
    variables: dict[str, str], said: str
) -> None:
    programs = Path(os.environ["SUPERSET_BIN"])
    done = subprocess.run(
        [programs / "python", ROOT / "deploy/superset/superset_config.py"],
        env={"PATH": os.environ["PATH"], "SUPERSET_SECRETS": "/nowhere", **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("width", [1280, 390])
def test_the_dashboards_are_drawn_with_the_true_figures_and_nothing_from_elsewhere(
    served: Served, width: int
) -> None:
    kpis = served.kpis()
    answered: list[str] = []
    with launched() as browser:
        page = browser.new_page(viewport={"width": width, "height": 2600})
        page.on("response", lambda response: answered.append(response.url))
        page.goto(f"{served.url}/login/")
        page.fill("#username", "admin")
        page.fill("#password", (served.secrets / "superset_admin_password").read_text())
        page.keyboard.press("Enter")
        page.wait_for_url("**/welcome/**", timeout=60_000)
        for slug in DASHBOARDS:
            charts = served.admin.get(f"/api/v1/dashboard/{slug}/charts")["result"]
            page.goto(f"{served.url}/superset/dashboard/{slug}/")
            for chart in charts:
                holder = page.locator(f".dashboard-chart-id-{chart['id']}")
                holder.scroll_into_view_if_needed(timeout=60_000)
                drawn = holder.locator(
                    "canvas, table tbody tr, .header-line, .superset-legacy-chart-big-number"
                )
                drawn.first.wait_for(timeout=60_000)
                assert holder.locator("[role=alert]").count() == 0, chart["slice_name"]
                box = holder.bounding_box()
                assert box is not None
                assert box["width"] >= 120, f"{chart['slice_name']} is too narrow to be read"
            if slug == "ecomdata-sales":
                text = page.locator("body").inner_text()
                for kpi in ("net_sales", "returns", "gross_margin", "average_order_value"):
                    assert f"{Decimal(kpis[kpi]):,.2f} €" in text
                assert f"{int(kpis['orders']):,}" in text
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
                "rgb(255, 255, 255)", "rgb(245, 245, 245)", "rgba(0, 0, 0, 0)",
            )  # fmt: skip
    elsewhere = [url for url in answered if not url.startswith((served.url, "data:", "blob:"))]
    assert elsewhere == []
