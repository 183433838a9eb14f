"""What a load refuses: single records, whole files, itself; and that nothing is left of it."""

from pathlib import Path

import pytest
from shops import CUSTOMERS, HEADER, ORDERS, load, raw_orders, rows, shop, state

from ecomdata.errors import InputError, TooManyRejectedError, UsageError
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]


def test_a_record_that_cannot_be_read_is_kept_with_file_line_rule_and_text(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    good = 60 * "O1,C1,P1,2,6.00,2024-05-01\n"
    bad = b'O9,C1\n"O9"x,C1,P1,2,6.00,2024-05-01\nO9,C\xff,P1,2,6.00,2024-05-01\n'
    load(pipeline, shop(tmp_path / "shop", orders=HEADER.encode() + bad + good.encode()))
    assert rows(pipeline, "meta.reader_rejects") == [
        (1, "orders.csv", 2, "orders", "wrong_field_count", "O9,C1"),
        (1, "orders.csv", 3, "orders", "malformed_quote", '"O9"x,C1,P1,2,6.00,2024-05-01'),
        (1, "orders.csv", 4, "orders", "undecodable_bytes", "O9,C\\xff,P1,2,6.00,2024-05-01"),
    ]
    assert len(raw_orders(pipeline)) == 60


def test_too_many_rejected_records_load_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    load(pipeline, shop(tmp_path / "first", orders=ORDERS))
    before = state(pipeline)
    bad = shop(tmp_path / "bad", customers=CUSTOMERS, orders=ORDERS + "O3\nO4\n")
    with pytest.raises(TooManyRejectedError) as caught:
        load(pipeline, bad)
    assert str(caught.value) == (
        "2 of 5 records could not be read, more than 5.0%; most in "
        f"{bad / 'orders.csv'}. Nothing was loaded. "
        "--dry-run shows what was refused, --max-rejected raises the limit"
    )
    assert state(pipeline) == before


def test_a_dry_run_judges_everything_and_changes_nothing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    load(pipeline, shop(tmp_path / "first", customers=CUSTOMERS))
    before = state(pipeline)
    judged = load(
        pipeline,
        shop(tmp_path / "next", orders=ORDERS + 20 * "O3,,P,1,1,2024-05-03\n" + "O4\n"),
        dry_run=True,
    )
    assert (judged.load_id, judged.rows) == (None, {"orders": 22})
    [file] = judged.files
    assert (file.records_read, file.rows_loaded, file.rows_rejected) == (23, 22, 1)
    assert state(pipeline) == before


@pytest.mark.parametrize(
    ("files", "message"),
    [
        pytest.param(
            {"numbers": "a,b,c\n1,2,3\n"},
            "no known layout in numbers.csv: orders need order_id, product_id, quantity, "
            "total_price and order_date; docs/connectors.md has all layouts",
            id="unknown layout",
        ),
        pytest.param(
            {"orders": "O1,C1,P1,2,6.00,2024-05-01\nO2,C1,P1,1,3.00,2024-05-02\n"},
            "{folder}/orders.csv: seems to have no header: line 1 is a record already. Write the "
            "columns' names above it, or say --header-line NUMBER if a header stands elsewhere; "
            "docs/connectors.md has all layouts",
            id="no header",
        ),
        pytest.param(
            {
                "customers": CUSTOMERS,
                "orders": "order_id,product_id,quantity,order_date\n1,2,3,4\n",
            },
            "{folder}/orders.csv: the header looks like orders of The brief's CSVs (customers, "
            "products, orders, returns) and lacks total_price. It has: order_id, product_id, "
            "quantity, order_date. Name the columns so, or check that it is the right file",
            id="a column is missing",
        ),
        pytest.param(
            {"customers": CUSTOMERS, "orders": ""},
            "{folder}/orders.csv: is empty; export it again, with its header line",
            id="empty file",
        ),
        pytest.param(
            {"customers": CUSTOMERS, "orders": HEADER + "O1,C1,P1,2,6.00,05/06/2024\n"},
            "{folder}/orders.csv: its dates can be read as day/month or month/day, and no value "
            "tells which: say --date-order dmy or --date-order mdy",
            id="ambiguous dates",
        ),
    ],
)
def test_one_file_that_cannot_be_used_loads_nothing_and_says_why(
    pipeline: Pipeline, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    folder = shop(tmp_path / "shop", **files)
    with pytest.raises(InputError) as caught:
        load(pipeline, folder)
    assert str(caught.value) == message.format(folder=folder)
    assert set(map(str, state(pipeline).values())) == {"[]"}


def test_a_file_of_no_known_layout_beside_good_ones_is_named_and_left_out(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    loaded = load(pipeline, shop(tmp_path / "shop", orders=ORDERS, numbers="a,b,c\n1,2,3\n"))
    assert loaded.unused == ("numbers.csv",)
    assert loaded.rows == {"orders": 2}


def test_a_failure_while_copying_takes_back_what_was_written_before(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    load(pipeline, shop(tmp_path / "first", customers=CUSTOMERS))
    before = state(pipeline)
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute("alter table raw.returns drop column reason")
    returns = "order_id,product_id,quantity,refund_amount,reason\nO1,P1,1,3,late\n"
    with pytest.raises(UsageError, match="reason"):
        load(pipeline, shop(tmp_path / "next", orders=ORDERS, returns=returns))
    after = state(pipeline)
    assert {name: after[name] for name in after if name != "raw.returns"} == {
        name: before[name] for name in before if name != "raw.returns"
    }
    assert after["raw.returns"] == []
