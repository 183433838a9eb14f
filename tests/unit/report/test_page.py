"""The page as it is written, before any script runs."""

import base64
import hashlib
import html
import json
import random
import re
import zlib
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from sample import HOSTILE, find, hostile, shop, warehouse

from ecomdata.report.data import report_data
from ecomdata.report.page import RULES_LISTED, clip, code, packed, render, show
from ecomdata.warehouse import Table


class Parsed(HTMLParser):
    """What a browser would make of the page, as far as these tests ask."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.tables: dict[str, list[list[str]]] = {}
        self.words: list[str] = []
        self._open: list[str] = []
        self._rows: list[list[str]] = []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "link", "br", "input"):
            self._open.append(tag)
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")
        elif tag in self.inline:
            self.inline[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in ("script", "style"):
            if tag in self._open:
                self.inline[tag][-1] += data
                return
        self.words.append(data)
        if "caption" in self._open:
            self.tables[data] = self._rows
        elif {"td", "th"} & set(self._open):
            self._rows[-1][-1] += data

    def rows(self, caption: str) -> list[list[str]]:
        """The body of a table."""
        return self.tables[caption][1:]


def drawn(page: Parsed) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(page.inline["script"][0])))
    return data


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return shop()


@pytest.fixture(scope="module")
def ordinary(data: dict[str, Any]) -> Parsed:
    return Parsed(render(data))


def test_the_same_data_give_the_same_bytes(data: dict[str, Any]) -> None:
    assert render(data) == render(json.loads(json.dumps(data)))


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("1807019.93", "money", "1,807,019.93"),
        ("-231722.66", "money", "−231,722.66"),
        ("12", "money", "12.00"),
        ("0.005", "money", "0.01"),
        ("-0.001", "money", "0.00"),
        ("123456789012345678.91", "money", "123,456,789,012,345,678.91"),
        (1682, "count", "1,682"),
        ("0.12345", "rate", "12.3%"),
        ("-0.0005", "rate", "−0.1%"),
        ("0.126", "percent", "13%"),
        ("12.50", "whole", "13"),
        ("1.4898", "number", "1.49"),
        ("2024-02-09", "day", "9 Feb 2024"),
        ("2024-02-01", "month", "Feb 2024"),
        (None, "money", "–"),
        (None, "text", "not given"),
    ],
)
def test_a_figure_is_shown_as(value: object, kind: str, shown: str) -> None:
    assert show(value, kind) == shown


def test_without_a_script_the_key_figures_stand_in_a_table(
    data: dict[str, Any], ordinary: Parsed
) -> None:
    [rows] = [rows for caption, rows in ordinary.tables.items() if caption.startswith("Key")]
    net = data["kpis"][0]
    assert rows[1] == [
        "Net sales",
        *(show(net[name], "money") for name in ("value", "previous", "last_year", "all")),
    ]
    assert [row[0] for row in rows[1:]] == [kpi["label"] for kpi in data["kpis"]]


def test_what_is_drawn_is_what_the_warehouse_gave(data: dict[str, Any], ordinary: Parsed) -> None:
    found = drawn(ordinary)
    for name in ("cube", "choices", "pieces", "days", "kpis", "sql"):
        assert found[name] == json.loads(json.dumps(data[name])), name
    assert found["countries"]["names"] == list(data["countries"]["names"])


def test_cohorts_are_a_heat_map_whose_steps_go_by_the_most(ordinary: Parsed) -> None:
    rows = ordinary.rows("Share of a cohort that ordered again, by months since the first order")
    # The share of a month is 1 / (1 + months): a half in the first, a third in the second.
    assert rows[0] == ["Dec 2025", "124"] + ["–"] * 0
    assert rows[2] == ["Oct 2025", "122", "50%", "–"]
    assert rows[3] == ["Sep 2025", "121", "50%", "33%", "–"]
    steps = [value for tag, name, value in ordinary.attributes if (tag, name) == ("td", "class")]
    assert "h8" in steps and "h5" in steps and "open" in steps


def test_a_finding_stands_with_its_interval_its_chance_and_its_sql() -> None:
    connection = warehouse(days=30)
    find(connection, "Germany fell by 1,200.50")
    page = Parsed(render(report_data(connection, "duckdb")))
    assert (
        "Germany fell by 1,200.50 1 Nov 2025 to 30 Nov 2025 : −1,200.50 (EUR), "
        "90 % interval −1,500.00 to −900.25 ; chance below 0.001. "
        "Next: ask who: Germany fell by 1,200.50 How was this computed "
        "select sum(amount) from intermediate.int_revenue_ledger" in page.text
    )


def test_a_forecast_stands_with_its_interval_its_backtest_and_its_sql(data: dict[str, Any]) -> None:
    days = {"first": "2026-01-01", "last": "2026-01-28"}
    week = {"first": "2026-01-01", "last": "2026-01-07", "forecast": "1250", "low": "990"}
    told = {
        "silence": "", "uses_year": False, "weeks": [week | {"high": "1510"}],
        "total": days | {"forecast": "5000", "low": "4100", "high": "6050"},
        "backtest": {
            "origins": 6, "week_wape": 0.0834, "naive_week_wape": 0.21, "week_coverage": 0.9167,
        },
    }  # fmt: skip
    page = Parsed(render(data | {"forecast": told}))
    assert page.rows("Net sales expected (EUR)") == [
        ["1 Jan 2026", "7 Jan 2026", "1,250", "990", "1,510"]
    ]
    assert (
        "1 Jan 2026 to 28 Jan 2026 , all countries and categories, are expected to be 5,000 (EUR); "
        "nine times in ten between 4,100 and 6,050" in page.text
    )
    assert "missed them by 8.3% , the last week repeated by 21.0% ; 91.7% of the weeks" in page.text
    assert "from final.final_sales_report group by sales_date" in page.text
    silent = Parsed(render(data | {"forecast": {"silence": "needs 84 days of sales, has 12"}}))
    assert "There is no forecast: it needs 84 days of sales, has 12." in silent.text


def test_no_finding_and_no_search_for_any_are_said_apart(
    data: dict[str, Any], ordinary: Parsed
) -> None:
    assert "Nothing stands out" in ordinary.text
    nobody = Parsed(render(data | {"insights": None}))
    assert "Nobody has looked yet: ecomdata insights does." in nobody.text


def test_what_is_not_in_the_data_is_named_with_its_reason(data: dict[str, Any]) -> None:
    reasons = {"customers": "no order names a customer", "countries": "no customer has a country"}
    page = Parsed(render(data | {"absent": reasons, "cohorts": [], "segments": []}))
    for part in ("Customers", "Cohorts", "Segments"):
        assert f"{part} are not in this data: no order names a customer." in page.text
    assert "Countries are not in this data: no customer has a country." in page.text
    assert not [
        value for _, name, value in page.attributes if (name, value) == ("data-chart", "countries")
    ]


def test_a_currency_that_the_files_do_not_name_is_said_so(data: dict[str, Any]) -> None:
    page = Parsed(render(data | {"currency": None}))
    assert "the shop’s currency, which these files do not name" in page.text
    assert drawn(page)["currency"] == ""


def test_records_that_add_up_are_an_equation(ordinary: Parsed) -> None:
    assert "Every record is accounted for." in ordinary.text
    assert "191,204 records read = 191,190 rows loaded + 14 refused on reading" in ordinary.text
    assert "191,190 raw rows = 190,763 staged + 307 quarantined + 120 superseded" in ordinary.text


def test_records_that_do_not_add_up_are_said_not_to(data: dict[str, Any]) -> None:
    text = Parsed(render(data | {"quality": data["quality"] | {"conserved": False}})).text
    assert "Not every record is accounted for" in text
    assert "The records do not add up. Do not rely on these figures" in text
    assert "191,204 records read ≠ 191,190 rows loaded" in text


def test_a_rule_has_its_count_and_its_example(ordinary: Parsed) -> None:
    assert ordinary.rows("Records set aside, by rule")[0] == [
        "number_unparseable", "staging", "orders", "2", "orders.csv:812", 'O-7,C-9,P-3,"two",19',
    ]  # fmt: skip
    assert ordinary.rows("Fields left empty, by rule") == [["email", "customers", "malformed", "1"]]


def test_names_that_want_to_be_code_stay_text(ordinary: Parsed) -> None:
    connection = warehouse(name=hostile)
    for name in HOSTILE:
        find(connection, name)
    data = report_data(connection, "duckdb") | {"title": HOSTILE[0], "currency": HOSTILE[1]}
    page = Parsed(render(data))
    assert page.tags.count("script") == 3 and page.tags.count("style") == 1
    assert {tag for tag in page.tags} - set(ordinary.tags) == {"ol"}
    assert {name for _, name, _ in page.attributes} == {name for _, name, _ in ordinary.attributes}
    assert page.inline["script"][1:] == ordinary.inline["script"][1:]
    found = drawn(page)
    assert found["currency"] == clip(HOSTILE[1], 12)
    assert set(found["countries"]["names"]) | {"Unknown"} == {
        *(clip(name).replace("buyer@example.org's", "***@***'s") for name in HOSTILE), "Unknown",
    }  # fmt: skip
    for row in found["products"]["rows"]:
        assert len(row["product_name"]) <= 100 and not set(map(chr, range(32))) & set(
            row["product_name"]
        )


def test_text_is_clipped_and_its_control_characters_are_pictured() -> None:
    assert clip("x" * 10_000) == "x" * 99 + "…"
    assert clip("a\x00b\tc\x7f") == "a␀b␉c␡"
    assert clip("  ") == clip(None) == "not given"
    assert code("select 1\n\x00") == "select 1\n␀"


def test_what_is_packed_is_nothing_but_base64() -> None:
    text = packed(list(HOSTILE))
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    assert json.loads(zlib.decompress(base64.b64decode(text))) == list(HOSTILE)


def test_only_the_inline_scripts_and_styles_of_the_page_may_run(ordinary: Parsed) -> None:
    [policy] = [value for _, _, value in ordinary.attributes if value.startswith("default-src")]

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    bundle, script = map(hashed, ordinary.inline["script"][1:])
    [style] = map(hashed, ordinary.inline["style"])
    assert policy == (
        f"default-src 'none'; script-src {bundle} {script}; style-src {style}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_the_page_points_nowhere_but_into_itself(ordinary: Parsed) -> None:
    for tag, name, value in ordinary.attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith("#") or (tag, value) == ("link", "data:,")
    [style] = ordinary.inline["style"]
    assert "url(" not in style and "@import" not in style
    assert "://" not in style + ordinary.inline["script"][2]


def test_a_shop_of_any_size_fits_in_a_megabyte() -> None:
    sizes = {"countries": 240, "categories": 300, "products": 900}
    wild = warehouse(days=3653, name=lambda i: str(i) + '"<' * 999, **sizes)
    # Amounts as large, and as unlike each other, as those of tens of millions of orders are.
    wild.execute(
        "update intermediate.int_revenue_ledger set amount = amount * 20000"
        " + cast(hash(order_id) % 1000000 as integer) / 100, cost_amount = amount * 9999.37"
    )
    for _ in range(20):
        find(wild, "&" * 10_000)
    data = report_data(wild, "duckdb")
    # What is added to the rest is not lost.
    assert data["countries"]["rest"] > 0 and data["categories"]["rest"] > 0
    total = wild.query("select sum(amount) from intermediate.int_revenue_ledger").scalar
    sums = data["cube"]["sums"]
    money = ("gross_sales", "discounts", "returns", "cancellations")
    assert Decimal(sum(sum(sums[name]) for name in money)) / 100 == total

    # No piece without any, and counts of as many.
    draw = random.Random(3)

    def grown(value: Any, below: int) -> Any:
        if isinstance(value, dict):
            return {key: grown(each, below) for key, each in value.items()}
        if isinstance(value, list):
            return [grown(each, below) for each in value]
        return draw.randrange(below)

    data["cube"]["sums"] = {
        name: grown(sums[name], 10 ** (6 if "units" in name else 9)) for name in sums
    }
    data["cube"]["counts"] = grown(data["cube"]["counts"], 10**5)
    for row in data["products"]["rows"]:
        row |= {name: grown(row[name], 10**7) for name in ("net_sales", "units_sold")}
    quality = data["quality"]
    for rule in quality["rules"]:
        rule["example"] = {"file": "'" * 10_000, "line": 1, "raw_text": "&" * 10_000}
    quality |= {"rules": quality["rules"] * 50, "field_issues": quality["field_issues"] * 500}
    page = render(data)
    assert len(page.encode()) <= 1_000_000
    tables = Parsed(page).tables
    assert len(tables["Records set aside, by rule, the first 30 of 150"]) == 1 + RULES_LISTED
    assert len(tables["Fields left empty, by rule"]) == 1 + RULES_LISTED


def test_cohorts_segments_and_quality_stand_with_the_sql_that_gives_them() -> None:
    """What is shown runs on the warehouse that the page was made of, and gives what it shows."""
    connection = warehouse(days=100)
    data = report_data(connection, "duckdb")
    page = render(data)
    answers: dict[str, list[Table]] = {}
    for name in ("cohorts", "segments", "quality"):
        section = page.split(f'<section id="{name}"')[1].split("</section>")[0]
        assert section.count("How was this computed") == 1
        shown = re.findall(r'<pre tabindex="0" aria-label="SQL">(.*?)</pre>', section, re.DOTALL)
        answers[name] = [connection.query(html.unescape(sql)) for sql in shown]
    [cohorts], [segments] = answers["cohorts"], answers["segments"]
    months = {row["cohort_month"].isoformat() for row in cohorts.dicts()}
    assert {cohort["month"] for cohort in data["cohorts"]} <= months
    assert [row["segment"] for row in segments.dicts()] == [
        row["segment"] for row in data["segments"]
    ]
    records, rows, rules, fields = answers["quality"]
    assert records.dicts()[0]["records"] == data["quality"]["records"]
    assert rows.dicts()[0]["staged"] == data["quality"]["staged"]
    assert sum(row["number"] for row in rules.dicts()) == sum(
        rule["count"] for rule in data["quality"]["rules"]
    )
    assert len(fields.rows) == len(data["quality"]["field_issues"])
