"""`ecomdata.read`: everything in a file, each line once."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import spectrum
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


def test_a_header_of_several_records_has_one_name_a_column(read: Read) -> None:
    contents = read(
        b"shop,sales,returns,day\n,EUR,pcs,\nA,1.50,2,2024-05-01\nB,2.50,0,2024-05-02\n"
    )
    assert contents.header == ("shop", "sales EUR", "returns pcs", "day")
    assert [(r.line, r.fields[0]) for r in contents.records] == [(3, "A"), (4, "B")]
    repeated = read(b"id,name\n\nid,name\n1,Ann\n2,Bob\n")
    assert repeated.header == ("id id", "name name")
    assert [r.line for r in repeated.records] == [4, 5]


@pytest.mark.parametrize(
    "second",
    [
        b"A,n/a,n/a,2024-05-01",  # the day is a number where numbers are
        b"A,n/a,n/a,n/a",  # one value for all that is missing
        b"A,unknown,3,",
        b"A,,,",
    ],
)
def test_a_record_of_missing_values_is_no_header(read: Read, second: bytes) -> None:
    good = b"\nB,1.50,2,2024-05-01\nC,2.50,0,2024-05-02\n"
    contents = read(b"shop,sales,returns,day\n" + second + good)
    assert contents.header == ("shop", "sales", "returns", "day")
    assert [r.line for r in contents.records] == [2, 3, 4]


def test_a_header_may_have_a_delimiter_of_its_own(read: Read) -> None:
    contents = read(b'day qty "net price"\n2024-05-01,1,2.50\n2024-05-02,3,4.50\n')
    assert contents.header == ("day", "qty", "net price")
    assert [r.line for r in contents.records] == [2, 3]


def test_a_title_of_as_many_words_as_columns_is_no_header(read: Read) -> None:
    contents = read(b"Sales in May\nday,qty,price\n2024-05-01,1,2.50\n2024-05-02,3,4.50\n")
    assert contents.header == ("day", "qty", "price")
    assert [r.line for r in contents.records] == [3, 4]


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
    twins = list(spectrum.twins())
    assert len(twins) == 12
    for path, expected in twins:
        contents = ecomdata.read(path)
        records = [dict(zip(contents.header, row, strict=True)) for row in rows(contents)]
        assert records == expected, path.name


NUMBERS = [["1", "2", "3"], ["3", "2", "1"]]
WORDS = [["Biff", "Baff", "Boff"], ["Qux", "Teaspoon", "Doge"]]


@pytest.mark.shared_data
@public
@pytest.mark.parametrize(
    ("name", "line_end", "header", "expected"),
    [
        ("valid", "\r\n", ("Foo", "Bar", "Baz"), NUMBERS),
        ("valid_many_rows", "\r\n", ("Foo", "Bar", "Baz"), 3 * NUMBERS),
        ("white space in filename", "\r\n", ("Foo", "Bar", "Baz"), NUMBERS),
        ("windows-line-endings", "\r\n", ("a", "b", "c"), [["d", "e", "f"]]),
        ("cr-line-endings", "\r", ("Foo", "Bar", "Baz"), WORDS),
        ("crlf-line-endings", "\r\n", ("Foo", "Bsr", "Baz"), WORDS),
        ("lf-line-endings", "\n", ("Foo", "Bsr", "Baz"), WORDS),
        ("inconsistent-line-endings", "mixed", ("Foo", "Bsr", "Baz"), WORDS),
        ("inconsistent-line-endings-unquoted", "mixed", ("Foo", "Bsr", "Baz"), WORDS),
        ("title-row", "\n", ("Foo", "Bsr", "Baz"), WORDS),
        (
            "invalid_many_rows",  # a quote too many in line 4, a blank line, an empty record
            "\r\n",
            ("Foo", "Bar", "Baz"),
            [
                *([*NUMBERS, ["1", "2", '3" '], ["3", "two", "1"], *NUMBERS]),
                *([["3", "2", "1"], ["3", "2", "1"], ["", "", ""], ["3", "2", "1"]]),
            ],
        ),
    ],
)
def test_csvlint_files_are_read_as_they_are_meant(
    name: str, line_end: str, header: tuple[str, ...], expected: list[list[str]]
) -> None:
    contents = ecomdata.read(PUBLIC / "csvlint" / "features" / "fixtures" / f"{name}.csv")
    assert (contents.dialect.line_end, contents.header) == (line_end, header)
    assert (rows(contents), contents.rejects) == (expected, [])


@pytest.mark.shared_data
@public
def test_csvlint_bytes_that_are_no_utf8_are_text_of_their_own() -> None:
    folder = PUBLIC / "csvlint" / "features" / "fixtures"
    contents = ecomdata.read(folder / "invalid-byte-sequence.csv")
    assert contents.header[2:6] == (
        "Histórico",
        "Data do Balancete",
        "Número do documento",
        "Valor",
    )
    assert len(contents.records) == 23
    assert contents.rejects == []
