"""The final tables as files, read back by readers that are not the writers."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from ledgers import ledger
from openpyxl import load_workbook
from sample import warehouse

from ecomdata.errors import UsageError
from ecomdata.report import exports
from ecomdata.report.exports import Format, export_table, final_tables
from ecomdata.warehouse.duckdb import DuckDBConnection

COLUMNS = ("name", "day", "orders", "net_sales", "rate", "is_known", "score", "seen_at")
ROWS: tuple[tuple[Any, ...], ...] = (
    ("", None, 0, Decimal("-0.50"), None, None, None, None),
    ("=1+1", date(2024, 2, 29), 3, Decimal("12.00"), Decimal("0.123456"), True, 0.5, None),
    ("Tea, \"green\"\nand 'fresh'", date(2024, 3, 1), -1, Decimal("9999999999999999.99"), None,
     False, None, datetime.fromisoformat("2024-01-01 12:30")),
    (None, date(2024, 3, 2), None, None, Decimal("0.000000"), None, None, None),
)  # fmt: skip


@pytest.fixture
def connection() -> DuckDBConnection:
    built = ledger([])
    built.execute("create schema final")
    built.execute(
        "create table final.final_data_quality (name text, day date, orders bigint,"
        " net_sales numeric(18, 2), rate numeric(18, 6), is_known boolean,"
        " score double, seen_at timestamp)"
    )
    for row in reversed(ROWS):
        marks = ", ".join(f"${i}" for i in range(1, 9))
        built.execute(f"insert into final.final_data_quality values ({marks})", row)
    return built


def exported(connection: DuckDBConnection, form: Format, rows: int = len(ROWS)) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        assert export_table(connection, "duckdb", "final_data_quality", form, path) == rows
        return path.read_bytes()


def test_csv_has_plain_text_and_no_formula(connection: DuckDBConnection) -> None:
    header, *rows = csv.reader(io.StringIO(exported(connection, "csv").decode(), newline=""))
    assert tuple(header) == COLUMNS
    assert rows == [
        ["", "", "0", "-0.50", "", "", "", ""],
        ["'=1+1", "2024-02-29", "3", "12.00", "0.123456", "true", "0.5", ""],
        ["Tea, \"green\"\nand 'fresh'", "2024-03-01", "-1", "9999999999999999.99", "", "false", "",
         "2024-01-01 12:30:00"],
        ["", "2024-03-02", "", "", "0.000000", "", "", ""],
    ]  # fmt: skip


def test_parquet_has_the_values_and_types_of_the_table(
    connection: DuckDBConnection, tmp_path: Any
) -> None:
    path = tmp_path / "table.parquet"
    path.write_bytes(exported(connection, "parquet"))
    found = duckdb.connect().read_parquet(str(path))
    assert [str(kind) for kind in found.types] == [
        "VARCHAR", "DATE", "BIGINT", "DECIMAL(18,2)", "DECIMAL(18,6)", "BOOLEAN", "DOUBLE",
        "TIMESTAMP",
    ]  # fmt: skip
    assert found.fetchall() == list(ROWS)


def test_xlsx_has_typed_cells_a_frozen_header_and_no_formula(connection: DuckDBConnection) -> None:
    sheet = load_workbook(io.BytesIO(exported(connection, "xlsx"))).active
    assert sheet is not None and sheet.title == "final_data_quality"
    assert sheet.freeze_panes == "A2"
    header, first, second, third, _ = sheet.iter_rows()
    assert tuple(cell.value for cell in header) == COLUMNS and header[0].font.bold
    assert (first[2].value, first[3].value, first[3].number_format) == (0, -0.5, "#,##0.00")
    assert [cell.data_type for cell in second] == ["s", "d", "n", "n", "n", "b", "n", "n"]
    assert second[0].value == "'=1+1"
    assert (second[1].value, second[1].number_format) == (
        datetime.fromisoformat("2024-02-29"),
        "yyyy-mm-dd",
    )
    assert third[0].value == "Tea, \"green\"\nand 'fresh'"
    assert sheet.column_dimensions["A"].width == 27 > sheet.column_dimensions["C"].width


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_the_same_table_gives_the_same_bytes(
    connection: DuckDBConnection, form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = exported(connection, form)
    connection.execute(
        "create or replace table final.final_data_quality as"
        " select * from final.final_data_quality order by name desc"
    )
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert exported(connection, form) == first


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_begins_like_a_formula_is_defused_in_both_spreadsheet_formats(
    connection: DuckDBConnection, start: str
) -> None:
    connection.execute("delete from final.final_data_quality where name <> '=1+1' or name is null")
    connection.execute("update final.final_data_quality set name = $1", [f"{start}cmd"])
    content = exported(connection, "csv", 1)
    [_, row] = csv.reader(io.StringIO(content.decode(), newline=""))
    assert row[0] == f"'{start}cmd"
    content = exported(connection, "xlsx", 1)
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None and str(sheet["A2"].value).startswith("'")


def test_what_xml_has_no_word_for_is_replaced(connection: DuckDBConnection) -> None:
    connection.execute("update final.final_data_quality set name = 'a' || chr(1) || 'b'")
    sheet = load_workbook(io.BytesIO(exported(connection, "xlsx"))).active
    assert sheet is not None and sheet["A2"].value == "a\ufffdb"


def test_more_rows_than_a_sheet_holds_are_refused_with_a_way_out(
    connection: DuckDBConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "SHEET_ROWS", 3)
    with pytest.raises(UsageError, match="4 rows.* holds 3: use --format csv or parquet"):
        exported(connection, "xlsx")
    assert exported(connection, "csv")


def test_tables_are_all_or_those_that_are_named_each_once() -> None:
    built = warehouse(days=2)
    assert "final_product_performance" in final_tables(built, [])
    names = ["final_insights", "final_insights"]
    assert final_tables(built, names) == ["final_insights"]
    with pytest.raises(UsageError, match="--tables raw is not known: use final_cohort_retention"):
        final_tables(built, ["raw"])
