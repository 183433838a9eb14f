"""`ecomdata.read`: everything in a file, each line once."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ecomdata
from ecomdata.errors import EcomDataError
from ecomdata.ingest.reading.contents import Contents

PUBLIC = Path(__file__).parents[5] / "shared" / "data"
POLLOCK = PUBLIC / "pollock"

Read = Callable[[bytes], Contents]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def of(data: bytes) -> Contents:
        path = tmp_path / "some.csv"
        path.write_bytes(data)
        return ecomdata.read(path)

    return of


def rows(contents: Contents) -> list[list[str]]:
    return [record.fields for record in contents.records]


def test_records_have_their_own_number_of_fields(read: Read) -> None:
    contents = read(b"id,name,text\n1,Ann,x\n2,Bob\n3,Cid,y,,\n4,Dan,z\n")
    assert contents.header == ("id", "name", "text")
    assert [(r.line, r.fields) for r in contents.records] == [
        (2, ["1", "Ann", "x"]),
        (3, ["2", "Bob"]),
        (4, ["3", "Cid", "y", "", ""]),
        (5, ["4", "Dan", "z"]),
    ]
    assert contents.rejects == []


def test_a_quote_out_of_place_is_data_where_that_fits(read: Read) -> None:
    good = b"0,Eve,y\n" * 3
    contents = read(b"id,name,text\n" + good + b'1,"Ann,x\n' + good + b'2,""Bob, B.",z\n')
    eve = [["0", "Eve", "y"]] * 3
    assert rows(contents) == [*eve, ["1", '"Ann', "x"], *eve, ["2", '"Bob, B.', "z"]]


def test_what_cannot_be_read_is_a_reject(read: Read) -> None:
    contents = read(b'id,name,text\n1,Ann,x\n2,"Bob\n3,Cid,\0\n' + b"4,Dan,y\n" * 20)
    assert rows(contents) == [["1", "Ann", "x"], *[["4", "Dan", "y"]] * 20]
    assert [(r.line, r.raw, r.rule) for r in contents.rejects] == [
        (3, '2,"Bob', "unterminated_quote"),
        (4, "3,Cid,\\x00", "nul_byte"),
    ]


def test_a_table_whose_header_begins_alike_is_a_further_table(read: Read) -> None:
    contents = read(b"id,name\n1,Ann\nid,name,more\n2,Bob,x\n")
    assert rows(contents) == [["1", "Ann"]]
    [table] = contents.further_tables
    assert (table.line, table.header) == (3, ("id", "name", "more"))
    assert [(r.line, r.fields) for r in table.records] == [(4, ["2", "Bob", "x"])]


def test_a_file_without_a_header_has_records_only(read: Read) -> None:
    contents = read(b"1,Ann\n2,Bob\n")
    assert (contents.header, rows(contents)) == ((), [["1", "Ann"], ["2", "Bob"]])


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_an_empty_file_has_nothing(read: Read, data: bytes) -> None:
    contents = read(data)
    assert (contents.header, contents.records, contents.rejects) == ((), [], [])


def test_the_header_line_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b"x,y\n1,2\na,b\n3,4\n")
    assert ecomdata.read(path, header_line=3).header == ("a", "b")
    assert rows(ecomdata.read(path, header_line=3)) == [["3", "4"]]
    assert len(ecomdata.read(path, header_line=0).records) == 4


@given(
    st.lists(
        st.sampled_from(
            [
                "1",
                "a",
                '"',
                '""',
                "'",
                ",",
                ";",
                "\t",
                " ",
                ", ",
                "\n",
                "\r\n",
                "\\",
                "é",
                "\0",
                "id,name\n",
                '1,"x"\n',
                "2019",
            ]
        ),
        max_size=40,
    )
)
def test_whatever_a_file_is_every_line_is_somewhere(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes("".join(pieces).encode())
    try:
        contents = ecomdata.read(path)
    except EcomDataError:
        return
    starts = [r.line for r in contents.records] + [r.line for r in contents.rejects]
    starts += [
        line for t in contents.further_tables for line in (t.line, *(r.line for r in t.records))
    ]
    assert len(starts) == len(set(starts))
    lines = "".join(pieces).replace("\r\n", "\n").split("\n")
    unstarted = [
        number
        for number, line in enumerate(lines, 1)
        if number >= contents.dialect.header_line and line.strip() and number not in starts
    ]
    # A line that starts nothing is the header, or within a record that starts above it.
    texts = [*contents.header, *(f for r in contents.records for f in r.fields)]
    texts += [f for t in contents.further_tables for r in t.records for f in r.fields]
    texts += [f for t in contents.further_tables for f in t.header]
    texts += [r.raw for r in contents.rejects]
    inner = sum(text.count("\n") for text in texts)
    assert len(unstarted) <= inner + contents.dialect.header_lines


public = pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"no public data sets at {PUBLIC}")


@pytest.mark.shared_data
@public
def test_the_pollock_files_are_read_as_their_clean_twins() -> None:
    clean = sorted((POLLOCK / "clean").glob("*.csv"))
    assert len(clean) == 21
    for twin in clean:
        contents = ecomdata.read(POLLOCK / "csv" / twin.name)
        with twin.open(encoding="utf-8", newline="") as file:
            expected = list(csv.reader(file))
        header = [list(contents.header)] if contents.header else []
        assert [*header, *rows(contents)] == expected, twin.name
        assert contents.rejects == [], twin.name


@pytest.mark.shared_data
@public
def test_csv_spectrum_is_read_as_its_json_twins() -> None:
    for twin in sorted((PUBLIC / "csv-spectrum" / "json").glob("*.json")):
        if twin.stem in ("location_coordinates", "newlines_crlf"):
            continue  # the one's twin has another phone number, the other has lost its CRs
        contents = ecomdata.read(PUBLIC / "csv-spectrum" / "csvs" / f"{twin.stem}.csv")
        expected = json.loads(twin.read_text("utf-8"))
        records = [dict(zip(contents.header, row, strict=True)) for row in rows(contents)]
        assert records == (expected if isinstance(expected, list) else [expected]), twin.stem
