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


def test_a_truncated_archive_loads_nothing(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(ORDERS.encode())[:-9])
    with pytest.raises(InputError, match=r"orders\.csv\.gz: is cut off in the middle"):
        load(pipeline, path)
    assert pipeline.query("select count(*) from meta.loads").scalar == 0
