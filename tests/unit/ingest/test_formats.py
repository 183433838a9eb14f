import datetime
import gzip
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from ecomdata.errors import InputError
from ecomdata.ingest.files import File, find_files
from ecomdata.ingest.formats import tables
from ecomdata.ingest.reading.archives import unpacked, zstd
from ecomdata.ingest.reading.dialect import sniff
from ecomdata.ingest.reading.reader import Reader, Record

CSV = b"order_id,total\n" + b"".join(b"%d,19.99\n" % number for number in range(3_000))


def packed(kind: str, data: bytes) -> bytes:
    return gzip.compress(data) if kind == "gz" else zstd.compress(data)


def rows(path: Path) -> list[list[str]]:
    return [item.fields for item in Reader(path, sniff(path)) if isinstance(item, Record)]


def text(path: Path, folder: Path) -> list[File]:
    return tables(File(path, path.name), folder)


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_compressed_file_is_read_like_the_file_inside(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"orders.csv.{kind}"
    path.write_bytes(packed(kind, CSV[:20_000]) + packed(kind, CSV[20_000:]))
    assert rows(path) == [[str(number), "19.99"] for number in range(3_000)]
    assert [file.name for file in find_files([tmp_path])] == [path.name]


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_truncated_archive_is_said_to_be_cut_off(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"orders.csv.{kind}"
    path.write_bytes(packed(kind, CSV)[:-6])
    with pytest.raises(InputError, match=r"orders\.csv\.\w+: is cut off in the middle; copy"):
        rows(path)


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_a_damaged_archive_is_said_to_be_damaged(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"orders.csv.{kind}"
    data = bytearray(packed(kind, CSV))
    data[len(data) // 2 : len(data) // 2 + 8] = b"\xff" * 8
    path.write_bytes(data + b"garbage behind it")
    with pytest.raises(InputError, match="damaged archive"):
        rows(path)


@pytest.mark.parametrize("kind", ["gz", "zst"])
def test_what_is_unpacked_comes_in_pieces_no_larger_than_asked_for(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / f"bomb.csv.{kind}"
    path.write_bytes(packed(kind, b"a,b\n" + bytes(50_000_000)))
    assert path.stat().st_size < 100_000
    with unpacked(path) as file:
        assert len(file.read(1_000)) == 1_000
        assert len(file.read(1 << 20)) == 1 << 20


def test_parquet_is_read_as_text_without_zeros_that_nobody_wrote(tmp_path: Path) -> None:
    path = tmp_path / "orders[1].parquet"
    duckdb.sql(
        f"copy (select * from (values (1, 5.0::double, 2.50::decimal(9, 2), date '2024-01-31',"
        " timestamptz '2024-01-31 10:00:00+02', 'a\"b;c'),"
        " (2, null, 0.10, null, null, '')) t(id, whole, price, day, moment, text))"
        f" to '{path}'"
    )
    [table] = text(path, tmp_path)
    assert sniff(table.readable).header == ("id", "whole", "price", "day", "moment", "text")
    assert rows(table.readable) == [
        ["1", "5", "2.50", "2024-01-31", "2024-01-31 08:00:00", 'a"b;c'],
        ["2", "", "0.10", "", "", ""],
    ]


def test_a_damaged_parquet_file_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    path.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(InputError, match=r"orders\.parquet: is a damaged Parquet file"):
        text(path, tmp_path)


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "Notes"  # type: ignore[union-attr]
    book.active["A1"] = "an export"  # type: ignore[index]
    orders = book.create_sheet("orders")
    orders.append(["order_id", "price", "date", "moment", "paid", "note"])
    orders.append([1, 19.99, datetime.date(2024, 1, 31), None, True, None])
    orders.append([])
    moment = datetime.datetime(2024, 1, 31, 9, 5, 7)  # noqa: DTZ001 - a cell has no zone
    orders.append([2.0, 0.1 + 0.2, None, moment, None, None])
    book.save(path)
    return path


def test_a_sheet_is_read_as_it_shows_its_cells_each_row_on_the_line_of_its_number(
    tmp_path: Path,
) -> None:
    [table] = text(workbook(tmp_path / "book.xlsx"), tmp_path)
    assert table.name == "book.xlsx"
    records = Reader(table.readable, sniff(table.readable))
    assert [item for item in records if isinstance(item, Record)] == [
        (2, ["1", "19.99", "2024-01-31", "", "TRUE", ""]),
        (4, ["2", "0.3", "", "2024-01-31 09:05:07", "", ""]),
    ]


@pytest.mark.parametrize(
    ("heading", "cells", "read"),
    [
        # 45322 is 2024-01-31; 0.375 of a day is 9 o'clock.
        ("Bought", [datetime.date(2024, 1, 31), 45323], ["2024-01-31", "2024-02-01"]),
        ("Bought", [45322, datetime.date(2024, 2, 1)], ["2024-01-31", "2024-02-01"]),
        ("Order Date", [45322, 45322.375], ["2024-01-31", "2024-01-31 09:00:00"]),
        ("Created at", [45322, None], ["2024-01-31", ""]),
        ("Bestelldatum", [45322, "unbekannt"], ["2024-01-31", "unbekannt"]),
        ("注文日", [45322, 45323], ["2024-01-31", "2024-02-01"]),
        # Numbers: no word says date; one of them is no date; a date among amounts is a slip.
        ("Amount", [45322, 45323], ["45322", "45323"]),
        ("Rated", [45322, 45323], ["45322", "45323"]),
        ("Date", [45322, 7], ["45322", "7"]),
        ("Amount", [datetime.date(2024, 1, 31), 19.99], ["2024-01-31", "19.99"]),
        ("Date", [True, 45322], ["TRUE", "2024-01-31"]),
    ],
)
def test_a_bare_number_is_a_date_where_its_column_is_of_dates(
    heading: str, cells: list[object], read: list[str], tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("orders")
    sheet.append(["order_id", heading])
    for number, cell in enumerate(cells):
        sheet.append([f"O{number}", None])
        place = sheet.cell(number + 2, 2, cell)
        if isinstance(cell, int | float):
            place.number_format = "General"
    book.save(tmp_path / "book.xlsx")
    [table] = text(tmp_path / "book.xlsx", tmp_path)
    assert [row[1] for row in rows(table.readable)] == read


def test_a_workbook_that_counts_from_1904_does_so_with_bare_numbers_too(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.create_sheet("orders")
    sheet.append(["order_id", "date"])
    sheet.append(["O1", 43860])  # 1,462 less than 45322
    book.save(tmp_path / "book.xlsx")
    [table] = text(tmp_path / "book.xlsx", tmp_path)
    assert rows(table.readable) == [["O1", "2024-01-31"]]


def test_each_sheet_with_a_table_counts_as_a_file(tmp_path: Path) -> None:
    path = workbook(tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(path)
    customers = book.create_sheet("customers")
    customers.append(["id", "name"])
    customers.append([7, "Ann"])
    book.save(path)
    found = text(path, tmp_path)
    assert [file.name for file in found] == ["book.xlsx#orders", "book.xlsx#customers"]
    assert found[1].place == tmp_path / "book.xlsx#customers"
    assert rows(found[1].readable) == [["7", "Ann"]]


def test_a_workbook_without_a_table_a_damaged_one_and_a_plain_zip_are_refused(
    tmp_path: Path,
) -> None:
    empty = tmp_path / "empty.xlsx"
    openpyxl.Workbook().save(empty)
    with pytest.raises(InputError, match="no sheet has a header and a row"):
        text(empty, tmp_path)
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(workbook(tmp_path / "book.xlsx").read_bytes()[:3_000])
    with pytest.raises(InputError, match="damaged workbook"):
        text(cut, tmp_path)
    plain = tmp_path / "export.xlsx"
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("orders.csv", "a,b\n")
    with pytest.raises(InputError, match="is a zip archive, not a workbook; unpack it first"):
        text(plain, tmp_path)


def test_a_workbook_that_would_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecomdata.ingest.formats._MOST_SHARED", 1 << 20)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", bytes(3 << 20))
    with pytest.raises(InputError, match="holds 3 MiB of texts and pictures; save it as CSV"):
        text(path, tmp_path)
