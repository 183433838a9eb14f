"""The report as a user opens it: from disk, without a network, in a real browser."""

import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from axe import violations
from browser import NAMES, find_chromium, launched
from generated_shop import Ran, asked
from playwright.sync_api import Browser, ConsoleMessage, Page

from ecomdata.insights.forecast import forecast_days
from ecomdata.report.data import report_data
from ecomdata.report.measures import customers_sql, sales_sql
from ecomdata.report.page import clip, render

pytestmark = pytest.mark.browser
pytest_plugins = ["shop_fixtures"]

UNIT = Path(__file__).parents[1] / "unit" / "report"
sys.path.insert(0, str(UNIT))
SAMPLE = runpy.run_path(str(UNIT / "sample.py"))
LEDGERS = runpy.run_path(str(UNIT / "ledgers.py"))
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

    def choose(self, **fields: str) -> None:
        """Choose what is shown: period, country, category, each by its label."""
        for name, label in fields.items():
            self.page.locator(f"select[name={name}]").select_option(label=label)

    def card(self, kpi: str) -> str | None:
        """The figure of a card, as the warehouse writes it; None where there is none."""
        found = self.page.locator(f"[data-kpi={kpi}] .value data")
        return found.get_attribute("value") if found.count() else None

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
    hostile = SAMPLE["warehouse"](name=SAMPLE["hostile"])
    for name in SAMPLE["HOSTILE"]:
        SAMPLE["find"](hostile, name)
    quiet = SAMPLE["warehouse"](days=40)
    quiet.execute("update intermediate.int_revenue_ledger set customer_id = null")
    quiet.execute("update intermediate.int_revenue_ledger set customer_type = 'guest'")
    quiet.execute(
        "delete from final.final_cohort_retention; delete from final.final_customer_segments"
    )
    quiet.execute(
        "update meta.capabilities set is_in_data = false, reason = 'no order names a customer'"
        " where capability = 'customers'"
    )
    shop = SAMPLE["warehouse"]()
    SAMPLE["find"](shop, "Germany fell by 1,200.50")
    small = SAMPLE["warehouse"](days=40, countries=3, categories=2, products=12)
    small.execute("delete from final.final_cohort_retention where cohort_month < '2025-10-01'")
    SAMPLE["find"](small, "Germany fell by 1,200.50")
    data = {
        "small": report_data(small, "duckdb"),
        "shop": report_data(shop, "duckdb"),
        "hostile_shop": report_data(hostile, "duckdb") | {"title": SAMPLE["HOSTILE"][0]},
        "without_customers": report_data(quiet, "duckdb") | {"currency": None},
        "german": report_data(shop, "duckdb", locale="de-DE"),
        "arabic": report_data(shop, "duckdb", locale="ar-EG"),
    }
    data["small"]["forecast"] = forecast_days(
        np.resize([80.0, 100, 120, 90, 110, 140, 95], 120), date(2025, 8, 28), 28
    ).document()
    rich = report_data(small, "duckdb")
    rich["cube"]["sums"]["gross_sales"] = [10**9 * n for n in rich["cube"]["sums"]["gross_sales"]]
    data["rich"] = rich
    paths = {}
    for name, each in data.items():
        paths[name] = folder / f"{name}.html"
        paths[name].write_text(render(each), encoding="utf-8")
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
    if options.get("java_script_enabled", True):
        report.page.wait_for_selector("html.drawn")
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
            assert len(report.shapes(chart)) >= 6, chart
            box = report.page.locator(f"[data-chart={chart}] svg").bounding_box()
            assert box is not None and 300 < box["width"] <= width
        assert report.page.evaluate("document.documentElement.scrollWidth") == width
        for summary in report.page.locator("summary:visible").all():
            summary.click()
        assert report.page.evaluate("document.documentElement.scrollWidth") == width


def test_the_report_of_a_run_has_the_figures_of_the_terminal(
    browser: Browser, duckdb_run: Ran
) -> None:
    with opened(browser, duckdb_run.folder / "report.html") as report:
        for chart in CHARTS:
            assert len(report.shapes(chart)) >= 6, chart
        for kpi in asked(duckdb_run, "kpis")["kpis"]:
            assert report.card(kpi["id"]) == kpi["value"], kpi["id"]
            before = report.page.locator(f"[data-kpi={kpi['id']}] dl data").first
            assert before.get_attribute("value") == kpi["previous"], kpi["id"]


@pytest.fixture(scope="module")
def tangled() -> Any:
    """A warehouse whose orders stand in several months, countries and categories at once."""
    connection = SAMPLE["warehouse"](days=1)
    connection.execute("delete from intermediate.int_revenue_ledger")
    marks = ", ".join(f"${i}" for i in range(1, 13))
    for entry in LEDGERS["random_entries"](seed=11, count=300):
        connection.execute(
            f"insert into intermediate.int_revenue_ledger values ({marks})", astuple(entry)
        )
    return connection


def test_filters_recompute_what_the_warehouse_says_to_the_last_digit(
    browser: Browser, tangled: Any, tmp_path: Path
) -> None:
    data = report_data(tangled, "duckdb")
    path = tmp_path / "tangled.html"
    path.write_text(render(data), encoding="utf-8")
    with opened(browser, path) as report:
        shown = report.page.evaluate("""() => {
            const form = document.querySelector(".filters");
            const values = (select) => [...select.options].map((option) => option.value);
            const found = [];
            for (const period of values(form.period)) for (const country of values(form.country))
                for (const category of values(form.category)) {
                    // All of the first two periods, half of what can be chosen with the others.
                    if (period > 1 && (country.length + category.length) % 2) continue;
                    Object.assign(form.period, {value: period});
                    Object.assign(form.country, {value: country});
                    Object.assign(form.category, {value: category});
                    form.period.dispatchEvent(new Event("change", {bubbles: true}));
                    const cards = [...document.querySelectorAll("[data-kpi]")].map((card) =>
                        [card.dataset.kpi, card.querySelector(".value data")?.value ?? null]);
                    found.push([Number(period), country, category, Object.fromEntries(cards)]);
                }
            return found;
        }""")
    assert len(shown) == 2 * 4 * 3 + (len(data["choices"]) - 2) * 7
    for choice, country, category, cards in shown:
        period = data["choices"][choice]["period"]
        days = [date.fromisoformat(period[name]) for name in ("start", "end")]
        chosen = {
            name: data[names]["names"][int(place)]
            for name, names, place in (
                ("country", "countries", country), ("category", "categories", category),
            )
            if place
        }  # fmt: skip
        narrowed = "".join(f" and {name} = '{value}'" for name, value in chosen.items())
        rows = tangled.query(sales_sql("duckdb", *chosen or ["total"]), days).dicts()
        [sales] = [row for row in rows if all(row[n] == v for n, v in chosen.items())]
        [rates] = tangled.query(customers_sql("duckdb", narrowed), days).dicts()
        for kpi, value in cards.items():
            expected = (sales | rates)[kpi]
            if kpi == "repeat_purchase_rate" and (chosen or choice):
                expected = None  # said not to be in the file
            if kpi in ("customers", "returning_customer_rate") and len(chosen) == 2:
                expected = None
            assert value == (None if expected is None else str(expected)), (kpi, period, chosen)


def test_the_sql_that_a_figure_shows_gives_that_figure(
    browser: Browser, tangled: Any, tmp_path: Path
) -> None:
    path = tmp_path / "tangled.html"
    path.write_text(render(report_data(tangled, "duckdb")), encoding="utf-8")
    with opened(browser, path) as report:
        report.choose(period="Jan 2024", country="France")
        for kpi in report.page.locator("[data-kpi]:not(.missing)").all():
            kpi.locator("button").click()
            sql = report.page.locator("#how pre").first.inner_text()
            name = kpi.get_attribute("data-kpi")
            assert str(tangled.query(sql).scalar) == report.card(str(name)), name
            report.page.keyboard.press("Escape")
        report.page.locator("#countries summary").click()
        report.page.locator("#countries thead button").first.click()
        sql = report.page.locator("#how pre").first.inner_text()
        rows = {row[0]: str(row[1]) for row in tangled.query(sql).rows}
        report.page.keyboard.press("Escape")
        table = report.page.locator("#countries tbody tr")
        assert {
            row.locator("th").inner_text(): row.locator("data").first.get_attribute("value")
            for row in table.all()
        } == rows
        assert len(rows) == 3


def test_how_a_figure_is_computed_says_definition_model_and_loads_and_gives_the_focus_back(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        button = report.page.locator("[data-kpi=orders] button")
        button.focus()
        report.page.keyboard.press("Enter")
        text = report.page.locator("#how").inner_text()
        assert "Orders with at least one line sold and not wholly cancelled." in text
        assert "intermediate.int_revenue_ledger" in text and "orders.csv" in text
        report.page.keyboard.press("Escape")
        assert not report.page.locator("#how").is_visible()
        assert button.evaluate("button => document.activeElement === button")


def test_the_page_breaks_no_rule_of_wcag_aa(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["small"], bypass_csp=True) as report:
        for summary in report.page.locator("summary:visible").all():
            summary.click()
        assert violations(report.page) == []
        report.page.locator("[data-kpi=orders] button").click()
        assert violations(report.page, "#how") == []
        report.page.keyboard.press("Escape")
        report.page.emulate_media(color_scheme="dark")
        assert violations(report.page, rules=["color-contrast"]) == []
        # The check can fail: text that is too pale is found.
        report.page.evaluate("document.querySelector('h2').style.color = 'var(--hair)'")
        [pale] = violations(report.page, rules=["color-contrast"])
        assert pale.startswith("color-contrast: #figures-h")


def test_a_search_leaves_the_rows_that_have_the_words(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        report.page.locator("#products summary").click()
        report.page.get_by_label("Search in: Products by net sales").fill("oak desk")
        names = report.page.locator("#products tbody tr:visible th").all_inner_texts()
        assert len(names) > 5 and all(name.startswith("Oak desk lamp") for name in names)


def test_numbers_and_days_are_written_as_the_shop_does(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["german"]) as report:
        [value] = report.page.locator("[data-kpi=net_sales] .value data").all()
        whole, cents = str(value.get_attribute("value")).split(".")
        assert (
            value.inner_text()
            == f"{int(whole):,}".replace(",", ".") + f",{cents}\N{NO-BREAK SPACE}€"
        )
        assert report.page.locator("h1").inner_text() == "20. Dez. 2023 to 25. Dez. 2025"
    with opened(browser, reports["arabic"], 390) as report:
        assert "٪" in report.page.locator("[data-kpi=return_rate] .value").inner_text()
        assert report.page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_customers_their_figures_are_said_not_to_be_in_the_data(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["without_customers"]) as report:
        for kpi in ("customers", "new_orders", "returning_orders", "repeat_purchase_rate"):
            said = report.page.locator(f"[data-kpi={kpi}] .value").inner_text()
            assert said == "not in this data: no order names a customer"
        section = report.page.locator("#customers")
        assert section.locator("svg").count() == 0
        assert "Customers are not in this data" in section.inner_text()


def test_a_page_turned_from_right_to_left_stays_within_its_width(
    browser: Browser, reports: dict[str, Path]
) -> None:
    for width in (1280, 390):
        with opened(browser, reports["hostile_shop"], width) as report:
            report.page.evaluate("document.documentElement.dir = 'rtl'")
            assert report.page.evaluate("document.documentElement.scrollWidth") == width
            side = report.page.locator("#sales .side").bounding_box()
            assert side is not None and (width == 390 or side["x"] > 640)


def test_what_is_printed_has_no_controls_and_every_chart(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        assert report.page.pdf().startswith(b"%PDF")
        report.page.set_viewport_size({"width": 700, "height": 990})  # A4 less its margins
        report.page.emulate_media(media="print")
        assert report.page.evaluate("document.documentElement.scrollWidth") == 700
        for chart in CHARTS:
            assert report.page.locator(f"[data-chart={chart}] svg").is_visible()
        for hidden in ("nav", ".switch", ".filters button"):
            assert not report.page.locator(hidden).first.is_visible()


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
        assert section.locator("summary").all_text_contents() == ["Table: Sales by month"]
        section.get_by_label("Month", exact=True).focus()
        report.page.keyboard.press("ArrowLeft")
        assert section.locator("summary").all_text_contents() == ["Table: Sales by week"]
        weeks = report.shapes("sales")
        assert len(weeks) > len(months) + 20
        section.locator("summary").click()
        incomplete = section.locator("tbody tr", has_text="(incomplete)")
        assert incomplete.count() == 2  # the period begins and ends within a week
        section.get_by_label("Day", exact=True).check()
        assert section.locator("tbody tr").count() == 365

        sales = report.shapes("customers")
        report.page.locator("#customers").get_by_label("Orders", exact=True).check()
        assert report.shapes("customers") != sales
        cohorts = report.page.locator("#cohorts table:visible caption")
        before = cohorts.all_text_contents()
        report.page.locator("#cohorts").get_by_label("Net sales per customer so far").check()
        assert cohorts.count() == 1 and cohorts.all_text_contents() != before


def test_a_period_that_is_not_over_is_marked_in_its_name_its_chart_and_its_table(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        report.choose(period="Dec 2025 (incomplete)")
        spans = report.page.locator(".spans dd").all_inner_texts()
        assert spans == [
            "Dec 2025 (incomplete)\nDec 1, 2025 – Dec 25, 2025", "Nov 1, 2025 – Nov 25, 2025",
            "Dec 1, 2024 – Dec 25, 2024",
        ]  # fmt: skip
        assert report.page.locator("#sales input[value=day]").is_checked()
        report.page.locator("#sales").get_by_label("Month", exact=True).check()
        assert "incomplete: only a part of this month" in report.page.locator("#sales").inner_text()
        report.page.get_by_role("button", name="Show all").click()
        report.page.locator(".spans", has_text="Last 365").wait_for()


def test_a_month_that_the_period_begins_in_is_drawn_whole(
    browser: Browser, reports: dict[str, Path]
) -> None:
    def amount(text: str) -> Decimal:
        return Decimal(text.strip().replace("€", "").replace(",", ""))

    with opened(browser, reports["shop"]) as report:
        report.choose(period="Dec 2024")
        whole = Decimal(str(report.card("net_sales")))
        report.choose(period="Last 365 days")  # from December 26 on
        first = report.page.locator("#sales tbody tr").first
        assert first.locator("th").text_content() == "Dec 2024 (incomplete)"
        for name in ("sales", "customers"):
            section = report.page.locator(f"#{name}")
            assert "outside the chosen period" in section.locator(".key").inner_text()
        report.page.locator("[data-chart=sales]").hover(position={"x": 90, "y": 150})
        tip = report.page.locator("[data-chart=sales] .tip")
        tip.wait_for(state="visible")
        inside, outside = (
            amount(tip.locator("p", has_text=label).locator("bdi").inner_text())
            for label in ("Net sales", "Outside the period")
        )
        assert str(inside) == first.locator("data").first.get_attribute("value")
        assert inside + outside == whole and inside > 0 < outside


@pytest.mark.parametrize("width", [1280, 390])
def test_a_figure_of_many_digits_stays_on_its_line(
    browser: Browser, reports: dict[str, Path], width: int
) -> None:
    with opened(browser, reports["rich"], width) as report:
        for kpi in ("net_sales", "gross_sales"):
            value = report.page.locator(f"[data-kpi={kpi}] .value")
            assert len(value.inner_text()) >= 18
            assert value.locator("data").evaluate(
                "figure => figure.getClientRects().length === 1"
                " && figure.offsetWidth <= figure.parentElement.clientWidth"
            ), kpi


def test_a_tooltip_says_the_exact_figure_with_its_currency(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"]) as report:
        report.page.locator("#products summary").click()
        name = report.page.locator("#products tbody th").first.inner_text()
        net, share = report.page.locator("#products tbody tr").first.locator("data").all()[:2]
        report.page.locator("[data-chart=products]").hover(position={"x": 300, "y": 15})
        tip = report.page.locator("[data-chart=products] .tip")
        tip.wait_for(state="visible")
        assert tip.inner_text().split() == [
            *name.split(), "Net", "sales", f"€{net.inner_text()}", "Share", share.inner_text(),
        ]  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
def test_names_that_want_to_be_code_do_not_run(
    browser: Browser, reports: dict[str, Path], width: int
) -> None:
    with opened(browser, reports["hostile_shop"], width) as report:
        for chart in CHARTS:
            assert len(report.shapes(chart)) >= 6, chart
            report.page.locator(f"[data-chart={chart}]").hover(position={"x": 200, "y": 15})
        for summary in report.page.locator("summary:visible").all():
            summary.click()
        assert report.page.evaluate("window.hacked") is None
        assert report.page.evaluate("document.images.length") == 0
        assert "{{7*7}}" in report.page.locator("#products table").inner_text()
        report.choose(country=clip(SAMPLE["HOSTILE"][0]))
        report.page.locator("[data-kpi=orders] button").click()
        assert "and country = '</script>" in report.page.locator("#how pre").first.inner_text()
        report.page.keyboard.press("Escape")
        assert report.page.evaluate("window.hacked") is None
        assert report.page.evaluate("document.documentElement.scrollWidth") == width


def test_without_javascript_the_key_figures_can_be_read(
    browser: Browser, reports: dict[str, Path]
) -> None:
    with opened(browser, reports["shop"], java_script_enabled=False) as report:
        assert "Gross margin" in report.page.locator("#figures table").inner_text()
        assert report.page.locator("#cohorts table").first.is_visible()
        assert not report.page.locator(".chart").first.is_visible()
        assert not report.page.locator(".filters").is_visible()


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
