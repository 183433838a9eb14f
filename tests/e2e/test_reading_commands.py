"""The commands that answer questions: what they print is the truth, on both engines alike."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from command_line import Project
from generated_shop import Ran, asked

pytest_plugins = ["shop_fixtures"]

GRAINS = ("day", "week", "month", "country", "category", "product")

WRITES = (
    "delete from final.final_product_performance",
    "select 1; drop schema final cascade",
    "commit; drop schema final cascade",
    "copy (select 1) to 'stolen.csv'",
)


def records(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query's document by column."""
    assert document.keys() == {"columns", "rows"}
    return [dict(zip(document["columns"], row, strict=True)) for row in document["rows"]]


def headline(project: Project, *days: str) -> dict[str, dict[str, Any]]:
    return {kpi["id"]: kpi for kpi in asked(project, "kpis", *days)["kpis"]}


def test_the_headline_is_the_truth_to_the_cent(project: Ran) -> None:
    truth = project.shop.kpis
    kpis = headline(project)
    assert {name: kpis[name]["all"] for name in truth if name in kpis} == {
        name: str(value) for name, value in truth.items() if name in kpis
    }
    assert {"gross_sales", "discounts", "returns", "cancellations", "net_sales",
            "orders", "customers", "units"} <= kpis.keys() & truth.keys()  # fmt: skip


def test_the_sales_of_every_day_are_the_truth_to_the_cent(project: Ran) -> None:
    by_day = {
        row["day"]: row["net_sales"] for row in records(asked(project, "kpis", "--by", "day"))
    }
    truth = project.shop.kpis["by_day"]
    assert by_day == {day: truth[day] for day in by_day}
    assert {money for day, money in truth.items() if day not in by_day} <= {"0.00"}


@pytest.mark.parametrize("grain", GRAINS)
def test_the_parts_add_up_to_the_whole(project: Ran, grain: str) -> None:
    rows = records(asked(project, "kpis", "--by", grain))
    sales = "total_revenue" if grain == "product" else "net_sales"
    assert all(isinstance(row[sales], str) for row in rows)
    assert sum(Decimal(row[sales]) for row in rows) == Decimal(project.shop.kpis["net_sales"])
    assert sum(row["units"] for row in rows) == project.shop.kpis["units"]


def test_products_stand_by_revenue_with_those_that_nobody_bought(project: Ran) -> None:
    rows = records(asked(project, "kpis", "--by", "product"))
    assert list(rows[0])[:3] == ["product_id", "product_name", "category"]
    assert {"total_revenue", "total_orders"} <= rows[0].keys()
    order = [(-Decimal(row["total_revenue"]), row["product_id"]) for row in rows]
    assert order == sorted(order)
    assert len(rows) == 41
    unsold = rows[-1]
    assert (unsold["product_id"], unsold["product_name"], unsold["category"]) == (
        "P99999", "=1+1", "Nobody's",
    )  # fmt: skip
    assert (unsold["total_revenue"], unsold["total_orders"], unsold["units"]) == ("0.00", 0, 0)
    lines = project("kpis", "--by", "product").out.splitlines()
    assert [line.split()[0] for line in lines[3:44]] == [row["product_id"] for row in rows]


def test_the_printed_table_has_the_same_rows(project: Ran) -> None:
    rows = records(asked(project, "kpis", "--by", "month"))
    title, heading, _, *lines = project("kpis", "--by", "month").out.splitlines()
    assert (title, heading.split()) == ("Sales by month", list(rows[0]))
    shown = [line.replace(",", "").split() for line in lines if line]
    assert shown == [[str(value) for value in row.values()] for row in rows]


def test_a_period_has_its_own_days(project: Ran) -> None:
    days = ("--from", "2025-02-01", "--to", "2025-02-28")
    by_day = project.shop.kpis["by_day"]
    truth = sum(Decimal(money) for day, money in by_day.items() if day.startswith("2025-02"))
    kpis = headline(project, *days)
    assert (kpis["net_sales"]["value"], kpis["net_sales"]["all"]) == (
        str(truth), project.shop.kpis["net_sales"],
    )  # fmt: skip
    rows = records(project.json("kpis", "--by", "month", *days))
    assert [(row["month"], row["net_sales"]) for row in rows] == [("2025-02-01", str(truth))]
    products = records(project.json("kpis", "--by", "product", *days))
    assert sum(Decimal(row["total_revenue"]) for row in products) == truth


def test_the_quarantine_is_the_answer_key(project: Ran) -> None:
    refused = records(asked(project, "quarantine"))
    key = {
        (fault["file"], fault["line"]): fault["rule"]
        for fault in project.shop.dirt
        if fault["outcome"] == "refused"
    }
    late = {("late orders.csv", line): "invalid_number" for line in (2, 3)}
    assert {(row["file"], row["line"]): row["rule"] for row in refused} == key | late
    assert len(refused) == len(key | late)


def test_the_quarantine_can_be_asked_by_rule_and_file(project: Ran) -> None:
    everything = asked(project, "quarantine")["rows"]
    rules = {row[5] for row in everything}
    assert len(rules) > 4
    duplicates = project.json("quarantine", "--rule", "duplicate_line")["rows"]
    assert duplicates == [row for row in everything if row[5] == "duplicate_line"] != []
    late = project.json("quarantine", "--file", "late orders.csv")["rows"]
    assert late == [row for row in everything if row[2] == "late orders.csv"] != []
    assert project.json("quarantine", "--rule", "invalid_date", "--file", "late orders.csv") == {
        "columns": asked(project, "quarantine")["columns"],
        "rows": [],
    }
    printed = project("quarantine", "--file", "late orders.csv").out
    assert "=HYPERLINK" in printed and printed.count("invalid_number") == 2


def test_a_query_answers_with_exact_values(project: Ran) -> None:
    sql = (
        "select cast(12.50 as numeric(18, 2)) as money, date '2025-03-04' as day,"
        " timestamp '2025-03-04 05:06:07' as moment, 3 as n, 0.5::double precision as rate,"
        " null as nothing, true as yes, 'Ä, \"b\"' as words, 'nan'::double precision as no_number"
    )
    document = project.json("query", sql)
    assert document["columns"] == [
        "money", "day", "moment", "n", "rate", "nothing", "yes", "words", "no_number",
    ]  # fmt: skip
    assert document["rows"] == [[
        "12.50", "2025-03-04", "2025-03-04T05:06:07", 3, 0.5, None, True, 'Ä, "b"', "nan",
    ]]  # fmt: skip
    assert list(csv.reader(io.StringIO(project("query", sql, "--csv").out))) == [
        document["columns"],
        ["12.50", "2025-03-04", "2025-03-04 05:06:07", "3", "0.5", "", "True", 'Ä, "b"', "nan"],
    ]
    assert project("query", "select 1234567.80::numeric(18, 2) as money").out.split() == [
        "money", "────────────", "1,234,567.80",
    ]  # fmt: skip


def test_a_query_can_change_nothing(project: Ran) -> None:
    before = project.json("status")
    for sql in WRITES:
        said = project("query", sql, code=None)
        assert said.code in (2, 3) and said.out == "", sql
        assert said.err.startswith("error: "), sql
    assert project.json("status") == before
    assert [
        *project.folder.glob("stolen.csv"),
        *project.folder.glob(".ecomdata/*/*/stolen.csv"),
    ] == []


def test_status_tells_loads_rows_and_runs(project: Ran) -> None:
    status = project.json("status")
    [load] = status["loads"]
    assert (load["files"], load["source"], load["rejected"]) == (6, "brief", load["rejected"])
    assert load["records"] == status["rows"]["raw.orders"] + load["rejected"] + sum(
        status["rows"][f"raw.{name}"] for name in ("customers", "products", "returns")
    )
    ledger = "select max(entry_date), count(*) from intermediate.int_revenue_ledger"
    assert [[status["last_day"], status["rows"]["intermediate.int_revenue_ledger"]]] == (
        project.rows(ledger)
    )
    assert status["runs"][-1]["command"] == "run" and status["runs"][-1]["status"] == "done"
    printed = project("status").out
    assert f"last day with sales: {status['last_day']}" in printed
    for table, rows in status["rows"].items():
        assert any(line.split() == [table, f"{rows:,}"] for line in printed.splitlines()), table


def test_the_doctor_finds_everything_in_order(project: Ran) -> None:
    checks = project.json("doctor")
    assert {check["state"] for check in checks} <= {"ok", "warning"}
    names = [check["name"] for check in checks]
    assert names[0] == "python" and names[-2:] == ["disk", "warehouse"]
    printed = project("doctor").out
    assert [line.split(":")[0].split(maxsplit=1) for line in printed.splitlines()] == [
        [check["state"], check["name"]] for check in checks
    ]
    assert str(project.folder) in printed


@pytest.mark.xdist_group("e2e-postgres")
def test_both_engines_say_the_same_of_the_shop(duckdb_run: Ran, postgres_project: Ran) -> None:
    for words in (
        ("kpis",),
        ("kpis", "--by", "week"),
        ("kpis", "--by", "country"),
        ("kpis", "--by", "product"),
        ("quarantine",),
    ):
        assert asked(duckdb_run, *words) == asked(postgres_project, *words), words
