"""A load takes packed files, Parquet and workbooks like the CSVs that they stand for."""

import gzip
import hashlib
from pathlib import Path

import duckdb
import openpyxl
import pytest
from servers import NewPipeline
from shops import CUSTOMERS, HEADER, ORDERS, load

from ecomdata.errors import InputError
from ecomdata.ingest import EarlierFile
from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]


def test_every_format_is_loaded_with_its_lines_and_its_own_digest(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "orders.csv.gz").write_bytes(gzip.compress(ORDERS.encode()))
    duckdb.sql(
        "copy (select 'P1' as product_id, 'Cup' as name, 3.00::decimal(9, 2) as price)"
        f" to '{folder / 'products.parquet'}'"
    )
    book = openpyxl.Workbook()
    orders, customers = book.create_sheet("orders"), book.create_sheet("customers")
    orders.append(HEADER.strip().split(","))
    orders.append(["O9", "C1", "P1", 1, 3.5, "2024-05-03"])
    for line in CUSTOMERS.splitlines():
        customers.append(line.split(","))
    book.save(folder / "book.xlsx")
    result = load(pipeline, folder)
    assert result.rows == {"customers": 1, "products": 1, "orders": 3}
    assert pipeline.query(
        "select order_id, total_price, _file, _line from raw.orders order by order_id"
    ).rows == (
        ("O1", "6.00", "orders.csv.gz", 2),
        ("O2", "4.00", "orders.csv.gz", 3),
        ("O9", "3.5", "book.xlsx#orders", 2),
    )
    digests = dict(pipeline.query("select file, sha256 from meta.loads").rows)
    packed = hashlib.sha256((folder / "orders.csv.gz").read_bytes()).hexdigest()
    assert digests["orders.csv.gz"] == packed
    assert digests["book.xlsx#orders"] == digests["book.xlsx#customers"]
    assert load(pipeline, folder).load_id is None


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def order(order_id: str, total: float) -> list[object]:
    return [order_id, "C1", "P1", 1, total, 45322]


COLUMNS: list[object] = [*HEADER.strip().split(",")]
MARCH = [COLUMNS, order("O1", 6), order("O2", 4)]
BUYERS: list[list[object]] = [["customer_id", "name"], ["C1", "Ann"]]


def files_in_force(pipeline: Pipeline) -> list[tuple[str, int]]:
    return [
        (file, load_id)
        for file, load_id in pipeline.query(
            "select file, load_id from meta.loads where replaced_by is null order by load_id, file"
        ).rows
    ]


def test_a_workbook_of_which_one_sheet_changed_states_both_anew(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    path = workbook(tmp_path / "book.xlsx", march=MARCH, buyers=BUYERS)
    load(pipeline, path)
    workbook(path, march=[COLUMNS, order("O1", 5.5)], buyers=BUYERS)
    again = load(pipeline, path)
    assert again.earlier == (EarlierFile("book.xlsx#march", 1, 1, False),)  # O2 stays
    replaced = load(pipeline, path, replace=True)  # the same bytes, now for the whole
    assert replaced.load_id is None
    assert replaced.earlier == (
        EarlierFile("book.xlsx#buyers", 1, 0, True),
        EarlierFile("book.xlsx#march", 1, 1, True),
    )
    assert files_in_force(pipeline) == [("book.xlsx#buyers", 2), ("book.xlsx#march", 2)]
    assert load(pipeline, path, replace=True).earlier == ()


def test_a_workbook_is_replaced_with_the_sheets_that_it_no_longer_has(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    other = workbook(tmp_path / "other.xlsx", march=MARCH, buyers=BUYERS)
    load(pipeline, other)
    path = workbook(tmp_path / "book.xlsx", march=MARCH, april=[COLUMNS, order("O3", 1)])
    load(pipeline, path)
    workbook(path, march=[COLUMNS, order("O1", 6)])  # one sheet: the file's own name
    alone = load(pipeline, path, replace=True)
    assert alone.earlier == (
        EarlierFile("book.xlsx#april", 2, 1, True),
        EarlierFile("book.xlsx#march", 2, 1, True),
    )
    assert alone.files[0].conventions.date_order == "ymd"
    path.write_bytes(other.read_bytes())  # bytes that are known under another name are new here
    assert load(pipeline, path, replace=True).load_id == 4
    assert files_in_force(pipeline) == [
        ("other.xlsx#buyers", 1),
        ("other.xlsx#march", 1),
        ("book.xlsx#buyers", 4),
        ("book.xlsx#march", 4),
    ]


def test_a_truncated_archive_loads_nothing(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(ORDERS.encode())[:-9])
    with pytest.raises(InputError, match=r"orders\.csv\.gz: is cut off in the middle"):
        load(pipeline, path)
    assert pipeline.query("select count(*) from meta.loads").scalar == 0
