"""What a load does to the raw tables and the book-keeping, on every engine."""

import hashlib
from pathlib import Path

import pytest
from shops import CUSTOMERS, HEADER, ORDERS, load, raw_orders, rows, shop, state

from ecomdata import __version__
from ecomdata.cli import show
from ecomdata.cli.terminal import Terminal
from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]


def test_every_record_is_a_raw_row_as_read_with_its_file_and_line(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    loaded = load(
        pipeline,
        shop(
            tmp_path / "shop",
            customers='ID,name,email,country\n C1 ,"Ann\nLee",ANN@,\n\nC2,,,Peru\n',
            products="ID, name ,category,price\nP1,Tea,Drinks,€ 3\n",
            orders="Order ID,customer ID,PRODUCT id,quantity,total price,order date\n"
            "O1,C1,P1,2,6.00,2024-05-01\n",
            returns="order_id,product_id,quantity,refund_amount,return_date,return_id,reason\n"
            'O1,P1,1,3,2024-05-09,R1,"it said ""new"""\n',
        ),
    )
    assert (loaded.load_id, loaded.rows) == (
        1,
        {"customers": 2, "products": 1, "orders": 1, "returns": 1},
    )
    assert rows(pipeline, "raw.customers") == [
        (" C1 ", "Ann\nLee", "ANN@", None, None, 1, "customers.csv", 2),
        ("C2", None, None, "Peru", None, 1, "customers.csv", 5),
    ]
    assert rows(pipeline, "raw.products") == [
        ("P1", "Tea", "Drinks", "€ 3", None, 1, "products.csv", 2)
    ]
    assert rows(pipeline, "raw.orders") == [
        ("O1", "C1", "P1", "2", "6.00", "2024-05-01", *6 * [None], 1, "orders.csv", 2)
    ]
    assert rows(pipeline, "raw.returns") == [
        ("O1", "P1", "1", "3", "2024-05-09", "R1", 'it said "new"', None, 1, "returns.csv", 2)
    ]


def test_the_book_of_loads_has_an_exact_row_for_each_file(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    few = HEADER + "O1,C1,P1,2,6.00,2024-05-01\nO2,C1\n" + 30 * "O3,,P1,1,3.00,2024-05-02\n"
    late = "order_id;product_id;quantity;refund_amount;return_date\r\nO1;P1;1;2,50;24.12.2024\r\n"
    load(pipeline, shop(tmp_path / "shop", orders=few, returns=late))
    columns = (
        "load_id file source sha256 bytes lines records_read rows_loaded rows_rejected "
        "identical_lines decimal_mark date_order dialect version"
    )
    dialect = (
        '{"encoding": "utf-8", "delimiter": "%s", "quote": "\\"", "line_end": "%s", '
        '"header": ["%s"], "header_line": 1, "header_lines": 1, "escape": "\\""}'
    )
    assert rows(pipeline, "meta.loads", *columns.split()) == [
        (
            *(1, "orders.csv", "brief", hashlib.sha256(few.encode()).hexdigest()),
            *(len(few), 33, 32, 31, 1, "quarantine", ".", "ymd"),
            dialect % (",", "\\n", '", "'.join(HEADER.strip().split(","))),
            __version__,
        ),
        (
            *(1, "returns.csv", "brief", hashlib.sha256(late.encode()).hexdigest()),
            *(len(late), 2, 1, 1, 0, "quarantine", ",", "dmy"),
            dialect % (";", "\\r\\n", '", "'.join(late.split("\r")[0].split(";"))),
            __version__,
        ),
    ]
    [started, finished, loaded_at] = pipeline.query(
        "select min(started_at), max(finished_at), max(loaded_at) from meta.runs, meta.loads"
    ).rows[0]
    assert started <= loaded_at <= finished


def test_the_same_bytes_again_change_nothing_and_it_says_so(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shop(tmp_path / "shop", orders=ORDERS, customers=CUSTOMERS)
    load(pipeline, folder)
    before = state(pipeline)
    again = load(pipeline, folder)
    assert (again.load_id, again.files, again.rows) == (None, (), {})
    assert again.known == ("customers.csv", "orders.csv")
    show.load(Terminal(), again, per_file=True)
    assert capsys.readouterr().out == "nothing new: 2 files were loaded before, byte for byte\n"
    elsewhere = load(pipeline, shop(tmp_path / "copy", backup=ORDERS))
    assert elsewhere.known == ("backup.csv",)
    assert state(pipeline) == before


def test_two_copies_of_a_file_in_one_load_are_one_file(pipeline: Pipeline, tmp_path: Path) -> None:
    loaded = load(pipeline, shop(tmp_path / "shop", orders=ORDERS, orders_copy=ORDERS))
    assert [file.file.name for file in loaded.files] == ["orders.csv"]
    assert loaded.known == ("orders_copy.csv",)
    assert [row[3] for row in raw_orders(pipeline)] == ["O1", "O2"]


def test_files_of_one_load_go_by_their_path_in_the_folder(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    shop(tmp_path / "shop" / "05", orders=HEADER + "O1,C1,P1,2,6.00,2024-05-01\n")
    shop(tmp_path / "shop" / "06", orders=HEADER + "O2,C1,P1,3,9.00,2024-06-01\n")
    load(pipeline, tmp_path / "shop")
    assert raw_orders(pipeline) == [
        (1, "05/orders.csv", 2, "O1", "2"),
        (1, "06/orders.csv", 2, "O2", "3"),
    ]


def test_a_changed_file_and_a_late_one_are_a_load_of_their_own_beside_the_earlier_rows(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(tmp_path / "shop", orders=ORDERS, customers=CUSTOMERS)
    load(pipeline, folder)
    shop(folder, orders=ORDERS.replace("P1,2", "P1,7"), late=HEADER + "O0,,P1,1,3,2024-01-01\n")
    second = load(pipeline, folder)
    assert (second.load_id, second.known) == (2, ("customers.csv",))
    assert raw_orders(pipeline) == [
        (1, "orders.csv", 2, "O1", "2"),
        (1, "orders.csv", 3, "O2", "1"),
        (2, "late.csv", 2, "O0", "1"),
        (2, "orders.csv", 2, "O1", "7"),
        (2, "orders.csv", 3, "O2", "1"),
    ]


def test_a_file_changed_back_to_what_it_was_is_loaded_again(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    changed = ORDERS.replace("P1,2", "P1,7")
    loads = [load(pipeline, shop(tmp_path, orders=x)) for x in (ORDERS, changed, ORDERS, ORDERS)]
    assert [each.load_id for each in loads] == [1, 2, 3, None]
    assert [row[4] for row in raw_orders(pipeline) if row[3] == "O1"] == ["2", "7", "2"]


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_the_order_of_ambiguous_dates_can_be_said(
    pipeline: Pipeline, tmp_path: Path, order: str
) -> None:
    folder = shop(tmp_path / "shop", orders=HEADER + "O1,C1,P1,2,6.00,05/06/2024\n")
    load(pipeline, folder, date_order="dmy" if order == "dmy" else "mdy")
    assert rows(pipeline, "meta.loads", "date_order") == [(order,)]


def test_what_the_values_say_stands_above_the_order_that_was_said(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    load(
        pipeline,
        shop(tmp_path / "shop", orders=HEADER + "O1,,P1,2,6,31/12/2024\n"),
        date_order="mdy",
    )
    assert rows(pipeline, "meta.loads", "date_order") == [("dmy",)]


def test_a_file_of_western_excel_is_read_as_it_is_meant(pipeline: Pipeline, tmp_path: Path) -> None:
    content = (
        "order_id;customer_id;product_id;quantity;total_price;order_date;channel\r\n"
        'O1;C1;P1;2;"1.234,50";31.12.2024;Café "Süd"\r\n'
        "O2;C1;P1;1;3,00;01.02.2024;Straße\r\n"
    )
    load(pipeline, shop(tmp_path / "shop", orders=content.encode("cp1252")))
    columns = ("order_id", "total_price", "order_date", "channel")
    assert rows(pipeline, "raw.orders", *columns) == [
        ("O1", "1.234,50", "31.12.2024", 'Café "Süd"'),
        ("O2", "3,00", "01.02.2024", "Straße"),
    ]
    assert rows(pipeline, "meta.loads", "decimal_mark", "date_order") == [(",", "dmy")]
    [(dialect,)] = rows(pipeline, "meta.loads", "dialect")
    assert '"encoding": "cp1252", "delimiter": ";"' in dialect


def test_a_list_of_nothing_but_ids_is_a_list_of_customers(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    load(pipeline, shop(tmp_path / "shop", customers="customer_id\nC10\nC11\n"))
    assert rows(pipeline, "raw.customers", "customer_id", "_line") == [("C10", 2), ("C11", 3)]
