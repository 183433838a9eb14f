"""What the report reads from the warehouse: what is left out, what is masked, what is bounded."""

import json
from datetime import date

import pytest
from ledgers import ledger
from sample import find, hostile, last_day, warehouse

from ecomdata.errors import DataError
from ecomdata.report.data import report_data
from ecomdata.report.tables import require_insights


def test_a_warehouse_without_an_order_says_what_to_do() -> None:
    with pytest.raises(DataError, match="load orders and build first"):
        report_data(ledger([]), "duckdb")


def test_the_same_warehouse_gives_the_same_data() -> None:
    first, second = (report_data(warehouse(days=90), "duckdb") for _ in range(2))
    assert first == second


def test_no_e_mail_address_is_in_the_data() -> None:
    connection = warehouse(days=30, name=hostile)
    find(connection, "ann@example.org bought less")
    text = json.dumps(report_data(connection, "duckdb"))
    assert "example.org" not in text
    assert "***@***" in text


def test_redacted_data_have_no_text_of_a_record_and_no_finding_about_one_customer() -> None:
    connection = warehouse(days=30)
    find(connection, "Customer C17 left", customer_id="C17")
    find(connection, "Germany fell", country="Germany")
    shown, redacted = (report_data(connection, "duckdb", redact=each) for each in (False, True))
    assert [found["statement"] for found in shown["insights"]] == [
        "Customer C17 left", "Germany fell",
    ]  # fmt: skip
    assert [found["statement"] for found in redacted["insights"]] == ["Germany fell"]

    def examples(data: dict[str, object]) -> list[str]:
        quality = json.loads(json.dumps(data["quality"]))
        return [rule["example"]["raw_text"] for rule in quality["rules"]]

    assert examples(shown) == [
        'O-7,C-9,P-3,"two",19',
        "personal data: see ecomdata quarantine",
        "P-77,Desk lamp,ask ***@***",
    ]
    assert examples(redacted) == [
        "left out (--redact)",
        "personal data: see ecomdata quarantine",
        "left out (--redact)",
    ]


def test_insights_that_nobody_looked_for_are_none_and_not_an_empty_list() -> None:
    connection = warehouse(days=30)
    assert report_data(connection, "duckdb")["insights"] == []
    connection.execute("drop table final.final_insights")
    assert report_data(connection, "duckdb")["insights"] is None


def test_dashboards_need_a_search_for_insights_and_no_finding() -> None:
    connection = warehouse(days=2)
    require_insights(connection)
    connection.execute("drop table final.final_insights")
    with pytest.raises(DataError, match="final_insights is missing.*run `ecomdata insights`"):
        require_insights(connection)


def test_days_without_a_sale_are_zero_and_the_days_are_the_last_two_years() -> None:
    data = report_data(warehouse(days=900), "duckdb")
    days = data["days"]
    assert len(days["orders"]) == 731
    assert date.fromordinal(date.fromisoformat(days["start"]).toordinal() + 730) == last_day(900)
    gap = warehouse(days=30)
    gap.execute("delete from intermediate.int_revenue_ledger where entry_date = date '2023-12-22'")
    found = report_data(gap, "duckdb")["days"]
    assert (found["orders"][2], found["net_sales"][2]) == (0, 0)
    assert found["orders"][1] == found["orders"][3] == 4


def test_a_day_that_is_asked_for_may_lie_behind_the_data() -> None:
    data = report_data(warehouse(days=30), "duckdb", date(2024, 1, 10), date(2024, 3, 31))
    period = data["choices"][0]["period"]
    assert (period["start"], period["end"]) == ("2024-01-10", "2024-03-31")
    assert period["pieces"][1] == len(data["pieces"]) - 1


def test_products_are_in_pieces_that_add_up_to_their_net_sales() -> None:
    connection = warehouse(days=200)
    sold = dict(
        connection.query(
            "select product_id, sum(amount) from intermediate.int_revenue_ledger group by 1"
        ).rows
    )
    data = report_data(connection, "duckdb")
    rows = data["products"]["rows"]
    assert {row["product_id"]: sum(row["net_sales"]) for row in rows} == {
        row["product_id"]: sold[row["product_id"]] * 100 for row in rows
    }
    assert 40 <= len(rows) <= 60
    most = sorted(sold.values(), reverse=True)[:40]
    assert sum(sum(row["net_sales"]) for row in rows) >= sum(most) * 100


def test_a_cohort_has_a_year_of_months_and_none_where_one_is_not_over() -> None:
    cohorts = report_data(warehouse(days=30), "duckdb")["cohorts"]
    assert len(cohorts) == 24
    last, before, *_ = cohorts
    assert (last["month"], last["size"], last["retention"]) == ("2025-12-01", 124, [None])
    assert before["retention"] == ["1.000000", None]
    assert cohorts[-1]["value"][:2] == ["40.00", "43.00"]
    assert max(len(cohort["retention"]) for cohort in cohorts) == 13
