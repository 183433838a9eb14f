import base64
import hashlib
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from sample import HOSTILE, empty_shop, hostile_shop, shop

from ecomdata.report.page import LISTED, clip, currency_symbol, figure, json_for_html, render, show


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
    data: dict[str, Any] = json.loads(page.inline["script"][0])
    return data


def plain(shown: str) -> str:
    return shown.replace(",", "").replace("−", "-").removesuffix(" incomplete")


def test_the_same_data_give_the_same_bytes() -> None:
    assert render(shop()) == render(shop())


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
        ("1.4898", "number", "1.49"),
        ("2024-02-09", "day", "9 Feb 2024"),
        ("2024-02-01", "month", "Feb 2024"),
        (None, "money", "–"),
        (None, "text", "not given"),
    ],
)
def test_a_figure_is_shown_as(value: object, kind: str, shown: str) -> None:
    assert show(value, kind) == shown


def test_money_on_a_card_has_its_currency() -> None:
    assert figure("-1234.50", "money", currency_symbol("EUR")) == "−€1,234.50"
    assert figure("1234.50", "money", currency_symbol("CHF")) == "CHF\N{NO-BREAK SPACE}1,234.50"
    assert figure("1234.50", "money", currency_symbol(None)) == "1,234.50"
    assert figure(None, "money", "€") == "not in this data"


def test_every_figure_in_a_table_is_the_figure_given() -> None:
    data = shop()
    page = Parsed(render(data))
    for grain in ("week", "month"):
        assert [
            [plain(cell) for cell in row[1:]] for row in page.rows(f"Sales by {grain}, EUR")
        ] == [
            [row["net_sales"], row["gross_sales"], row["returns"], str(row["orders"])]
            for row in data["sales"][grain]
        ]
    assert [
        [row[0], row[1], plain(row[2]), plain(row[4]), plain(row[5]), row[7], row[8]]
        for row in page.rows("Products by net sales, EUR (50 of 1,234)")
    ] == [
        [
            *(row["product_name"], row["abc"], row["net_sales"]),
            *(str(row["orders"]), str(row["units"]), row["category"], row["product_id"]),
        ]
        for row in data["products"]["rows"]
    ]
    assert [[row[0], plain(row[1])] for row in page.rows("Net sales by category, EUR")] == [
        [row["category"], row["net_sales"]] for row in data["categories"]
    ]
    assert [
        [row[0], plain(row[1]), plain(row[3]), plain(row[4])]
        for row in page.rows("Net sales by country, EUR")
    ] == [
        [row["country"], row["net_sales"], str(row["orders"]), str(row["customers"])]
        for row in data["countries"]
    ]
    assert [
        [plain(cell) for cell in row[1:]]
        for row in page.rows("New and returning customers by month, EUR")
    ] == [
        [
            *(str(row["new_orders"]), str(row["returning_orders"])),
            *(row["new_sales"], row["returning_sales"], row["guest_sales"]),
        ]
        for row in data["customers"]
    ]


def test_what_is_drawn_is_what_was_given() -> None:
    data = shop()
    charts = drawn(Parsed(render(data)))
    for grain, rows in data["sales"].items():
        assert charts["sales"][grain]["net_sales"] == [row["net_sales"] for row in rows][-731:]
    assert charts["products"]["name"] == [
        row["product_name"] for row in data["products"]["rows"][:10]
    ]
    assert charts["categories"]["net_sales"] == [row["net_sales"] for row in data["categories"]]


def test_a_long_tail_is_drawn_as_one_bar_that_keeps_the_total() -> None:
    data = shop()
    for n, row in enumerate(data["countries"]):
        row |= {"net_sales": f"{100 - n}.01", "share": "0.01"}
    countries = drawn(Parsed(render(data)))["countries"]
    assert countries["name"][-1] == "Other (13)"
    # 90.01 + 89.01 + ... + 78.01
    assert countries["net_sales"][9:] == ["91.01", "1092.13"]
    assert countries["share"][-1] == "0.13"
    assert countries["other"] == [None] * 10 + [True]


def test_an_incomplete_period_is_said_to_be_one() -> None:
    page = Parsed(render(shop()))
    labels = [row[0] for row in page.rows("Sales by month, EUR")]
    assert (labels[0], labels[1], labels[-1]) == (
        "Dec 2023 incomplete", "Jan 2024", "Dec 2025 incomplete",
    )  # fmt: skip
    assert "incomplete: the data hold only a part of this month" in page.text
    assert "only a part of this day" not in page.text


@pytest.mark.parametrize(
    ("better", "change", "said"),
    [
        ("up", "0.15767", "▲ +15.8% better"),
        ("up", "-0.5", "▼ −50.0% worse"),
        ("down", "0.5", "▲ +50.0% worse"),
        ("down", "-0.5", "▼ −50.0% better"),
        ("neutral", "0.5", "▲ +50.0% higher"),
        ("neutral", "-12.5", "▼ −1,250.0% lower"),
        ("up", "0.0004", "±0.0% about the same"),
        ("up", "0.000000", "±0.0% unchanged"),
    ],
)
def test_a_change_is_said_in_sign_arrow_and_word(better: str, change: str, said: str) -> None:
    data = shop()
    data["kpis"] = [data["kpis"][0] | {"better": better, "change": change}]
    assert f"€2,764,184.07 {said} before €2,387,712.91 all data" in Parsed(render(data)).text


def test_a_figure_that_the_data_cannot_support_says_so() -> None:
    text = Parsed(render(shop())).text
    assert (
        "Gross margin What gross margin are, in one sentence that says it. not in this data" in text
    )
    assert "71,230 before not in this data all data 71,230" in text


def test_without_a_period_before_there_is_no_change() -> None:
    data = shop() | {"previous": None}
    data["kpis"] = [kpi | {"previous": None, "change": None} for kpi in data["kpis"]]
    text = Parsed(render(data)).text
    assert "Before not in this data" in text
    assert "€2,764,184.07 all data €2,764,184.07" in text


def test_an_empty_shop_has_a_sentence_and_no_chart() -> None:
    page = Parsed(render(empty_shop()))
    assert "this warehouse holds no orders" in page.text
    assert "Nothing has been read yet." in page.text
    assert not [name for _, name, _ in page.attributes if name == "data-chart"]


def test_parts_that_are_missing_are_named() -> None:
    nothing = empty_shop()
    parts = ("sales", "products", "categories", "countries", "customers", "currency")
    text = Parsed(render(shop() | {part: nothing[part] for part in parts})).text
    for part in ("Sales over time", "Products", "Categories", "Countries", "Customers"):
        assert f"{part} are not in this data." in text
    assert "the shop’s currency, which these files do not name" in text


def test_records_that_add_up_are_an_equation() -> None:
    text = Parsed(render(shop())).text
    assert "Every record is accounted for." in text
    assert "191,204 records read = 191,190 rows loaded + 14 refused on reading" in text
    assert "191,190 raw rows = 190,763 staged + 307 quarantined + 120 superseded" in text


def test_records_that_do_not_add_up_are_said_not_to() -> None:
    data = shop()
    data["quality"] |= {"conserved": False}
    text = Parsed(render(data)).text
    assert "Not every record is accounted for" in text
    assert "The records do not add up. Do not rely on these figures" in text
    assert "191,204 records read ≠ 191,190 rows loaded" in text


def test_a_rule_has_its_count_and_its_example() -> None:
    page = Parsed(render(shop()))
    assert page.rows("Records set aside, by rule")[0] == [
        "number_unparseable", "staging", "orders", "211", "orders.csv:812",
        'O-7,C-9,P-3,"two",19',
    ]  # fmt: skip
    assert page.rows("Fields left empty, by rule") == [["email", "customers", "malformed", "58"]]


def test_names_that_want_to_be_code_stay_text() -> None:
    ordinary, page = Parsed(render(shop())), Parsed(render(hostile_shop()))
    assert [tag for tag in page.tags if tag not in ("tr", "td")] == [
        tag for tag in ordinary.tags if tag not in ("tr", "td")
    ]
    assert {name for _, name, _ in page.attributes} == {name for _, name, _ in ordinary.attributes}
    assert page.inline["script"][1:] == ordinary.inline["script"][1:]
    names = [row[0] for row in page.rows("Net sales by country, " + clip(HOSTILE[1], 12))]
    assert names[:10] == [clip(name) for name in HOSTILE]
    assert drawn(page)["products"]["name"] == [clip(name) for name in HOSTILE]


def test_text_is_clipped_and_its_control_characters_are_pictured() -> None:
    assert clip("x" * 10_000) == "x" * 99 + "…"
    assert clip("a\x00b\tc\x7f") == "a␀b␉c␡"
    assert clip("  ") == clip(None) == "not given"


def test_json_cannot_leave_its_script_element() -> None:
    text = json_for_html(list(HOSTILE))
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == list(HOSTILE)


def test_only_the_inline_scripts_and_styles_of_the_page_may_run() -> None:
    page = Parsed(render(shop()))
    [policy] = [value for _, _, value in page.attributes if value.startswith("default-src")]

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    bundle, script = map(hashed, page.inline["script"][1:])
    [style] = map(hashed, page.inline["style"])
    assert policy == (
        f"default-src 'none'; script-src {bundle} {script}; style-src {style}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_the_page_points_nowhere_but_into_itself() -> None:
    page = Parsed(render(hostile_shop()))
    for tag, name, value in page.attributes:
        if name in ("src", "href", "srcset", "action", "data", "poster"):
            assert value.startswith("#") or (tag, value) == ("link", "data:,")
    [style] = page.inline["style"]
    assert "url(" not in style and "@import" not in style
    assert "://" not in style + page.inline["script"][2]


def test_a_shop_of_any_size_fits_in_a_megabyte() -> None:
    data = shop(days=3653, name=lambda i: f"{i}" + '"' * 10_000)
    for part in ("categories", "countries"):
        data[part] = data[part] * 300
    quality = data["quality"]
    for rule in quality["rules"]:
        rule["example"] = {"file": "'" * 10_000, "line": 1, "raw_text": "&" * 10_000}
    quality |= {"rules": quality["rules"] * 50, "field_issues": quality["field_issues"] * 500}
    page = render(data)
    assert len(page.encode()) <= 1_000_000
    tables = Parsed(page).tables
    assert {caption: len(rows) - 1 for caption, rows in tables.items()} == {
        "Sales by day, EUR (731 of 3,653)": LISTED["day"],
        "Sales by week, EUR (261 of 523)": LISTED["week"],
        "Sales by month, EUR (120 of 121)": LISTED["month"],
        "Products by net sales, EUR (50 of 1,234)": 50,
        "Net sales by category, EUR (100 of 2,100)": LISTED["groups"],
        "Net sales by country, EUR (100 of 6,900)": LISTED["groups"],
        "New and returning customers by month, EUR (120 of 121)": LISTED["month"],
        "Records set aside, by rule, the first 30 of 150": LISTED["rules"],
        "Fields left empty, by rule": LISTED["rules"],
    }
