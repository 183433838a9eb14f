"""The report as a user opens it: from disk, without a network, in a real browser."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from browser import NAMES, find_chromium, launched
from generated_shop import Ran, asked
from playwright.sync_api import Browser, ConsoleMessage, Page

from ecomdata.report.page import render

pytestmark = pytest.mark.browser
pytest_plugins = ["shop_fixtures"]

SAMPLE = runpy.run_path(str(Path(__file__).parents[1] / "unit" / "report" / "sample.py"))
CHARTS = ("sales", "products", "categories", "countries", "customers")
Scheme = Literal["light", "dark"]


@dataclass
class Opened:
    """A page and everything that went on behind it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.violations")
        return found

    def shapes(self, chart: str) -> list[str]:
        """The outlines of what a chart draws."""
        outlines: list[str] = self.page.eval_on_selector_all(
            f"[data-chart={chart}] svg path", "paths => paths.map(path => path.getAttribute('d'))"
        )
        return outlines


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("a folder of reports")
    paths = {}
    for name in ("shop", "hostile_shop", "empty_shop"):
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(render(SAMPLE[name]()), encoding="utf-8")
    return paths


@contextmanager
def opened(
    browser: Browser, path: Path, width: int = 1280, scheme: Scheme = "light", **options: Any
) -> Iterator[Opened]:
    """Open a report; at the end nothing may have been asked for or complained about."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, **options
    )
    context.set_offline(True)
    context.add_init_script(
        "window.violations = [];"
        "addEventListener('securitypolicyviolation', (event) =>"
        " window.violations.push(event.violatedDirective))"
    )
    report = Opened(context.new_page())
    report.page.on("request", lambda request: report.requests.append(request.url))
    report.page.on("pageerror", lambda error: report.complaints.append(str(error)))
    report.page.on("console", report.hear)
    report.page.goto(path.as_uri())
    yield report
    assert report.requests == [path.as_uri()]
    assert report.complaints == []
    if options.get("java_script_enabled", True):
        assert report.violations() == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_is_drawn_and_nothing_runs_off_the_page(
    browser: Browser, reports: dict[str, Path], width: int, scheme: Scheme
) -> None:
    with opened(browser, reports["shop"], width, scheme) as report:
        for chart in CHARTS:
            assert len(report.shapes(chart)) >= 7, chart
            box = report.page.locator(f"[data-chart={chart}] svg").bounding_box()
            assert box is not None and 300 < box["width"] <= width
        assert report.page.evaluate("document.documentElement.scrollWidth") == width
        for summary in report.page.locator("summary:visible").all():
            summary.click()
        assert report.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_report_of_a_run_shows_the_shop_and_its_sales(
    browser: Browser, duckdb_run: Ran
) -> None:
    [net_sales] = [k for k in asked(duckdb_run, "kpis")["kpis"] if k["id"] == "net_sales"]
    with opened(browser, duckdb_run.folder / "report.html") as report:
        for chart in CHARTS:
            assert len(report.shapes(chart)) >= 7, chart
        card = report.page.locator(".cards > li").filter(
            has=report.page.get_by_role("heading", name="Net sales", exact=True)
        )
        shown = card.locator(".value").inner_text()
        assert shown.replace("€", "").replace(",", "") == net_sales["value"]


def test_light_turns_dark_under_a_page_that_is_open(
    browser: Browser, reports: dict[str, Path]
) -> None:
    painted = """() => {
        const bar = document.querySelector("[data-chart=products] path[fill*=accent]");
        return [getComputedStyle(document.body).backgroundColor, getComputedStyle(bar).fill];
    }"""
    with opened(browser, reports["shop"], scheme="light") as report:
        assert report.page.evaluate(painted) == ["rgb(255, 255, 255)", "rgb(29, 78, 137)"]
        report.page.emulate_media(color_scheme="dark")
        assert report.page.evaluate(painted) == ["rgb(19, 21, 24)", "rgb(132, 179, 236)"]
        report.page.emulate_media(media="print")
        assert report.page.evaluate(painted) == ["rgb(255, 255, 255)", "rgb(29, 78, 137)"]


def test_the_switches_redraw_and_bring_their_table(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        months = report.shapes("sales")
        section = report.page.locator("#sales")
        assert section.locator("summary:visible").all_text_contents() == [
            "Table: Sales by month, EUR"
        ]
        section.get_by_label("Month", exact=True).focus()
        report.page.keyboard.press("ArrowLeft")
        assert section.locator("summary:visible").all_text_contents() == [
            "Table: Sales by week, EUR"
        ]
        weeks = report.shapes("sales")
        assert len(weeks) > len(months) + 70
        section.get_by_label("Day", exact=True).check()
        assert section.locator("summary:visible").all_text_contents() == [
            "Table: Sales by day, EUR (731 of 737)"
        ]
        assert max(map(len, report.shapes("sales"))) > 731 * 5

        sales = report.shapes("customers")
        report.page.locator("#customers").get_by_label("Orders", exact=True).check()
        assert report.shapes("customers") != sales


def test_a_tooltip_says_the_exact_figure_with_its_currency(
    browser: Browser, reports: dict[str, Path]
) -> None:
    product = SAMPLE["shop"]()["products"]["rows"][0]
    with opened(browser, reports["shop"]) as report:
        report.page.locator("[data-chart=products]").hover(position={"x": 300, "y": 15})
        tip = report.page.locator("[data-chart=products] .tip")
        tip.wait_for(state="visible")
        whole, cents = product["net_sales"].split(".")
        assert tip.inner_text().split() == [
            *product["product_name"].split(), "Net", "sales", f"€{int(whole):,}.{cents}",
            "Share", "2.2%",
        ]  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
def test_names_that_want_to_be_code_do_not_run(
    browser: Browser, reports: dict[str, Path], width: int
) -> None:
    with opened(browser, reports["hostile_shop"], width) as report:
        for chart in CHARTS:
            assert len(report.shapes(chart)) >= 7, chart
            report.page.locator(f"[data-chart={chart}]").hover(position={"x": 200, "y": 15})
        for summary in report.page.locator("summary:visible").all():
            summary.click()
        assert report.page.evaluate("window.hacked") is None
        assert report.page.evaluate("document.images.length") == 0
        assert "{{7*7}}" in report.page.locator("#products table").inner_text()
        assert report.page.evaluate("document.documentElement.scrollWidth") == width


def test_an_empty_shop_opens(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["empty_shop"], 390) as report:
        assert report.page.locator("h1").inner_text() == "No orders yet"
        assert report.page.locator("svg").count() == 0
        assert report.page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_javascript_every_table_can_be_read(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"], java_script_enabled=False) as report:
        assert report.page.locator("summary:visible", has_text="Table:").count() == 7
        assert not report.page.locator(".chart").first.is_visible()
        assert "The charts need JavaScript" in report.page.locator("noscript").inner_text()


def test_the_policy_refuses_what_is_not_the_pages_own(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        report.page.evaluate("""async () => {
            const script = document.createElement("script");
            script.textContent = "hacked = 1";
            document.body.append(script);
            const text = "<p style='color: red' onclick='hacked = 1'>";
            document.body.insertAdjacentHTML("beforeend", text);
            document.querySelector("p[onclick]").click();
            await fetch("https://example.org/").catch(() => 0);
        }""")
        assert report.page.evaluate("window.hacked") is None
        assert set(report.violations()) == {
            "script-src-elem", "style-src-attr", "script-src-attr", "connect-src",
        }  # fmt: skip
        report.page.evaluate("window.violations = []")
        report.complaints.clear()


def test_without_chromium_the_tests_skip_and_in_ci_they_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "chromium" in NAMES
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        find_chromium()
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        find_chromium()
