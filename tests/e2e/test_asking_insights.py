"""`ecomdata insights` and `ecomdata score insights` as a user types them, on both engines."""

import csv

from generated_shop import Ran
from processes import at_terminal, visible

from ecomdata.insights import STANDING

pytest_plugins = ["shop_fixtures"]

MONTH = "2025-12-01 to 2025-12-31, beside 2025-11-01 to 2025-11-30"


def test_a_run_looks_for_insights_as_a_step_of_its_own(project: Ran) -> None:
    assert MONTH in project.first.out
    steps = project.rows(
        "select step, status from meta.run_steps where run_id = 1 and model is null"
        " order by step_number"
    )
    assert steps == [[step, "done"] for step in ("load", "build", "alarms", "insights", "report")]


def test_the_table_the_document_and_the_text_say_the_same(project: Ran) -> None:
    document = project.json("insights")
    assert document["period"] == {"from": "2025-12-01", "to": "2025-12-31"}
    assert document["tests"] > 0
    rows = project.rows("select id, rank, statement from final.final_insights order by rank")
    news = [each for each in document["findings"] if each["kind"] not in STANDING]
    assert [[each["id"], each["rank"], each["statement"]] for each in document["findings"]] == rows
    said = project("insights").out
    assert said.startswith(MONTH)
    assert f"net sales {float(document['bridge']['net_sales']):,.2f} after" in said
    assert all(statement in said for _, _, statement in rows)
    assert ("Nothing stands out" in said) == (news == [])


def test_segments_are_told_with_their_action_and_listed_without_names_unless_asked(
    duckdb_project: Ran,
) -> None:
    project = duckdb_project
    told = project.json("insights")["segments"]
    of = project.rows("select segment, customers from final.final_customer_segments")
    assert {each["segment"]: each["customers"] for each in told["rows"]} == {
        segment: customers for segment, customers in of if customers
    }
    said = project("insights", "--export-customers", "list.csv").out
    assert all(f"{each['segment']}: {each['action']}" in said for each in told["rows"])
    text = (project.folder / "list.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert f"{len(rows)} customers: list.csv" in said.replace(",", "")
    assert len(rows) == sum(each["customers"] for each in told["rows"])
    assert "customer_id" not in rows[0] and "@" not in text and rows[0]["customer"][0] == "#"
    document = project.json("insights", "--export-customers", "named.csv", "--with-names")
    assert document["export"] == {"file": "named.csv", "customers": len(rows)}
    named = list(csv.DictReader((project.folder / "named.csv").read_text("utf-8").splitlines()))
    known = {row[0] for row in project.rows("select customer_id from staging.stg_customers")}
    assert known <= {row["customer_id"] for row in named}
    assert "@" in str(named)
    refused = project("insights", "--with-names", code=2)
    assert "--with-names is about the file of --export-customers" in refused.err


def test_what_is_too_short_to_be_asked_about_is_said_with_what_it_needs(
    duckdb_project: Ran,
) -> None:
    document = duckdb_project.json("insights", "--period", "quarter", "--top", "1")
    assert len(document["findings"]) <= 1 and document["bridge"] is None
    truth = duckdb_project.folder / "shop/truth"
    answer = duckdb_project("score", "insights", truth.parent, code=2)
    assert "is no answer key: give the folder truth" in answer.err
    assert duckdb_project.json("score", "insights", truth)["recall"] is None


def test_the_findings_fit_a_terminal_of_80_columns(duckdb_project: Ran) -> None:
    code, written = at_terminal(duckdb_project, "insights")
    assert code == 0
    assert max(map(len, visible(written))) <= 80
