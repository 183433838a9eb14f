"""The report over the live warehouse: to this machine only, anew for each question."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import pytest
from browser import launched
from generated_shop import Ran, asked

pytest_plugins = ["shop_fixtures"]
pytestmark = pytest.mark.xdist_group("e2e-serve")


@dataclass(frozen=True)
class Served:
    """A server of the report."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str = "/", host: str = "") -> tuple[int, dict[str, str], str]:
        """Ask for a page under a name of the host."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
            connection.request("GET", path, headers={"Host": host} if host else {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()


@contextmanager
def serving(duckdb_run: Ran, end: signal.Signals, code: int) -> Iterator[Served]:
    """A server that is ended by a signal."""
    process = subprocess.Popen(
        [*duckdb_run.command, "serve", "--port", "0"],
        cwd=duckdb_run.folder,
        env=duckdb_run.environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.fullmatch(r"the report is at http://127\.0\.0\.1:(\d+)/; Ctrl-C ends it\n", said)
    assert found, said
    try:
        yield Served(int(found[1]))
    finally:
        process.send_signal(end)
        rest, _ = process.communicate(timeout=60)
        assert (process.returncode, rest) == (code, "stopped\n")


@pytest.fixture(scope="module")
def served(duckdb_run: Ran) -> Iterator[Served]:
    """Ctrl-C ends it: the exit code says so."""
    with serving(duckdb_run, signal.SIGINT, 130) as server:
        yield server


def test_a_server_that_is_told_to_end_has_not_failed(duckdb_run: Ran) -> None:
    with serving(duckdb_run, signal.SIGTERM, 0) as server:
        assert server.get()[0] == 200


def test_the_page_is_that_of_the_days_that_are_asked_for(served: Served, duckdb_run: Ran) -> None:
    days = ("2025-01-01", "2025-06-30")
    status, headers, page = served.get(f"/?from={days[0]}&to={days[1]}")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers["cache-control"] == "no-store"
    kpis = asked(duckdb_run, "kpis", "--from", days[0], "--to", days[1])["kpis"]
    [net_sales] = [kpi["value"] for kpi in kpis if kpi["id"] == "net_sales"]
    whole, cents = net_sales.split(".")
    assert f'<bdi>Net sales</bdi></th><td class="t"><bdi>{int(whole):,}.{cents}</bdi>' in page


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/?from=yesterday", 400, "yesterday is no day: write it as 2025-01-31\n"),
        ("/?from=2025-02-01&to=2025-01-01", 400, "--from 2025-02-01 lies behind --to 2025-01-01\n"),
        ("/etc/passwd", 404, "Not Found"),
    ],
)
def test_what_cannot_be_shown_is_said(served: Served, path: str, status: int, said: str) -> None:
    found, headers, text = served.get(path)
    assert (found, text) == (status, said)
    assert headers["content-type"].startswith("text/plain")


def test_a_page_elsewhere_that_has_its_name_lead_here_is_refused(served: Served) -> None:
    assert served.get(host="evil.example")[0] == 400
    assert served.get(host=f"localhost:{served.port}")[0] == 200


def test_a_port_that_is_taken_is_said_so(served: Served, duckdb_run: Ran) -> None:
    said = duckdb_run("serve", "--port", str(served.port), code=2).err
    assert f"port {served.port} cannot be listened on" in said and "--port 0" in said


def test_the_form_asks_for_other_days(served: Served) -> None:
    with launched() as chromium:
        page = chromium.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(served.url)
        page.get_by_label("From").fill("2025-03-01")
        page.get_by_label("to", exact=True).fill("2025-03-31")
        page.get_by_role("button", name="Show these days").click()
        page.wait_for_selector("html.drawn")
        assert page.locator(".spans dd").first.inner_text().endswith("Mar 1, 2025 – Mar 31, 2025")
        assert complaints == []
