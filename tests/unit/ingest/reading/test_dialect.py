"""`sniff`: the decisions for one file, and the errors for what is no delimited text."""

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.reading.dialect import SAMPLE_BYTES, Dialect, Given, sniff
from ecomdata.ingest.reading.grammar import parse_record
from ecomdata.ingest.reading.text import readable

Sniffed = Callable[[bytes], Dialect]


@pytest.fixture
def sniffed(tmp_path: Path) -> Sniffed:
    def of(data: bytes) -> Dialect:
        path = tmp_path / "some.csv"
        path.write_bytes(data)
        return sniff(path)

    return of


def test_a_plain_file_is_utf8_with_commas(sniffed: Sniffed) -> None:
    assert sniffed(b"id,name\n1,Ann\n") == Dialect("utf-8", ",", '"', "\n", ("id", "name"), 1)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("id,name\n1,Zoë\n".encode(), "utf-8"),
        (codecs.BOM_UTF8 + b"id,name\n1,Ann\n", "utf-8-sig"),
        (codecs.BOM_UTF16_LE + "id,name\n1,Zoë\n".encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + "id,name\n1,Zoë\n".encode("utf-16-be"), "utf-16-be"),
        (b"id,name\n1,Ren\xe9\n", "cp1252"),
        # broken lines no more than valid ones: damage
        ("id,name\n1,Zoë\n".encode() + b"2,Ren\xe9\n", "utf-8"),
        ("id,name\n1,Zoë\n".encode() + b"2,Ren\xe9\n3,Ren\xe9\n", "cp1252"),
        # 1 broken line of 51 is 1.96 %, and 1 of 50 is 2 %
        (b"id,name\n" + b"1,Ann\n" * 49 + b"2,Ren\xe9\n", "utf-8"),
        (b"id,name\n" + b"1,Ann\n" * 48 + b"2,Ren\xe9\n", "cp1252"),
    ],
)
def test_the_encoding(sniffed: Sniffed, data: bytes, encoding: str) -> None:
    dialect = sniffed(data)
    assert (dialect.encoding, dialect.header) == (encoding, ("id", "name"))


def test_a_character_cut_by_the_end_of_the_sample_is_no_damage(sniffed: Sniffed) -> None:
    line = "1,€\n".encode()
    data = b"id,ab\n" + line * (SAMPLE_BYTES // len(line) + 1)
    assert not _decodes(data[:SAMPLE_BYTES])
    assert sniffed(data).encoding == "utf-8"


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("data", "delimiter", "header"),
    [
        (b"id;price\n1;2,50\n2;3,75\n", ";", ("id", "price")),
        (b"id;qty;price\n1;2;2,50\n2;3\n3;1;2;3,75\n", ";", ("id", "qty", "price")),
        (b"id\tname\n1\tAnn, B.\n", "\t", ("id", "name")),
        (b"id|name|tags\n1|Ann|a,b\n2|Bob|a,b\n", "|", ("id", "name", "tags")),
        (b"id,tags\n1,a|b|c\n2,d|e|f\n", ",", ("id", "tags")),
        (b'id,address\n1,"a; b; c; d"\n2,"a; b; c; d"\n', ",", ("id", "address")),
        (b'id,text\n1,"x\ny\nz; a\nw"\n2,"x\ny\nz; a\nw"\n', ",", ("id", "text")),
        (b"sep=;\nid;name\n1;Ann\n", ";", ("id", "name")),
        (b'"sep=|"\r\nid|name,x\r\n', "|", ("id", "name,x")),
        (b"name\nAnn\nBob\n", ",", ("name",)),
        (b'id, name, text\n1, Ann, "a, b"\n2, Bob, "c, d"\n', ", ", ("id", "name", "text")),
        (b'id, name, text\n1,Ann,"a, b"\n2,Bob,"c, d"\n', ",", ("id", " name", " text")),
        (b'id name text\n1 Ann "a, b"\n2 Bob "c, d"\n', " ", ("id", "name", "text")),
        (b"full name\nAnn Lee\nBob May Day\n", ",", ("full name",)),
        (b"first name,last name\nAnn B,Lee C\nBob D,Day E\n", ",", ("first name", "last name")),
    ],
)
def test_the_delimiter(
    sniffed: Sniffed, data: bytes, delimiter: str, header: tuple[str, ...]
) -> None:
    dialect = sniffed(data)
    assert (dialect.delimiter, dialect.header) == (delimiter, header)


@pytest.mark.parametrize(
    ("data", "quote"),
    [
        (b"id,name\n1,'Ann, B.'\n2,'Bob'\n", "'"),
        (b"id,name\n1,'Ann'\n2,\"Bob\"\n", '"'),
        (b"id,name\n1,Ann's\n2,'t Hart\n", '"'),
        (b"id,name\n1,'Ann'\n2,Bob\n3,Cid\n4,Dan\n", '"'),
    ],
)
def test_a_single_quote_must_be_evident(sniffed: Sniffed, data: bytes, quote: str) -> None:
    assert sniffed(data).quote == quote


@pytest.mark.parametrize(
    ("rows", "escape"),
    [
        ([b'1,"5"" pipe"', b'2,"6"" pipe"'], '"'),
        ([b'1,"5\\" pipe"', b'2,"6\\" pipe, a"'], "\\"),
        ([b'1,"5" pipe"', b'2,"6" pipe, a"'], ""),
        ([b'1,"5"" pipe"', b'2,"6" pipe"'], '"'),  # damage
        ([b'1,"C:\\"', b'2,"D:\\"'], '"'),
        ([b'1,"5" pipe"', b'2,"6" pipe"', *[b'3,"a"'] * 98], '"'),  # 2 of 101 lines with quotes
    ],
)
def test_the_escape(sniffed: Sniffed, rows: list[bytes], escape: str) -> None:
    assert sniffed(b"\n".join([b'id,"text"', *rows])).escape == escape


def test_what_is_given_is_not_found_out(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b"a note, with commas\nid;name\n1;'Ren\xc3\xa9'\n")
    given = Given(encoding="cp1252", delimiter=";", quote="'", escape="", header_line=2)
    assert sniff(path, given) == Dialect("cp1252", ";", "'", "\n", ("id", "name"), 2, 1, "")


def test_a_header_line_beyond_the_end_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(UsageError, match="has no line 3"):
        sniff(path, Given(header_line=3))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (Given(encoding="none-such"), "no encoding that is known"),
        (Given(encoding="base64"), "no encoding that is known"),
        (Given(delimiter=""), "--delimiter"),
        (Given(delimiter="\n"), "--delimiter"),
        (Given(quote="ab"), "--quote"),
        (Given(escape="ab"), "--escape"),
        (Given(delimiter="'", quote="'"), "have to differ"),
        (Given(header_line=-1), "--header-line"),
    ],
)
def test_what_no_file_is_written_with_is_a_usage_error(
    tmp_path: Path, given: Given, message: str
) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(UsageError, match=message):
        sniff(path, given)


@pytest.mark.parametrize(
    ("data", "lines", "header"),
    [
        (b"id,name\n1,Ann\n", 1, ("id", "name")),
        (b"1,Ann\n2,Bob\n", 0, ()),
        (b"region,2019,2020\nNorth,5,6\n", 1, ("region", "2019", "2020")),
        (b"Ann,Lee\nBob,Day\n", 1, ("Ann", "Lee")),
        (b"id,name\nid,name\n1,Ann\n", 2, ("id id", "name name")),
        (b"id,name\n", 1, ("id", "name")),
        (b"", 0, ()),
        (b"\n \n", 0, ()),
    ],
)
def test_where_no_header_is_needed_it_has_to_be_one(
    tmp_path: Path, data: bytes, lines: int, header: tuple[str, ...]
) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(data)
    dialect = sniff(path, needs_header=False)
    assert (dialect.header_lines, dialect.header) == (lines, header)


@pytest.mark.parametrize(
    ("data", "line_end"),
    [
        (b"a,b\n1,2\n", "\n"),
        (b"a,b\r\n1,2\r\n", "\r\n"),
        (b"a,b\r1,2\r", "\r"),
        (b"a,b\r\n1,2\n", "mixed"),
        (b"a,b", "\n"),
    ],
)
def test_the_line_end(sniffed: Sniffed, data: bytes, line_end: str) -> None:
    assert sniffed(data).line_end == line_end


@pytest.mark.parametrize(
    ("data", "header", "line"),
    [
        (b"\n\r\n\na,b\n1,2\n", ("a", "b"), 4),
        (b"Report of May\n\na,b,c\n1,2,3\n", ("a", "b", "c"), 3),
        (b"Report,,\n,,\na,b,c\n1,2,3\n", ("a", "b", "c"), 3),
        (b"sep=,\n\na,b\n1,2\n", ("a", "b"), 3),
        (b'"two\nlines","with, comma"\n1,2\n', ("two\nlines", "with, comma"), 1),
        (b'a,"b,c\n1,2,3\n4,5,6\n', ("a", '"b', "c"), 1),
        (b"a,b,c,\n1,2,3,\n", ("a", "b", "c", ""), 1),
        (codecs.BOM_UTF8 + b'"a",b\n1,2\n', ("a", "b"), 1),
    ],
)
def test_the_header(sniffed: Sniffed, data: bytes, header: tuple[str, ...], line: int) -> None:
    dialect = sniffed(data)
    assert (dialect.header, dialect.header_line) == (header, line)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\r\n \n", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        (b",,\n,,\n", "has no header line"),
        (b"sep=;\n", "has no header line"),
        (b"a\x00b,c\n1,2\n", "binary file"),
        (b"a,b\n" + b"1,\x00\n" * 2, "binary file"),
        (b"PK\x03\x04\x14\x00", "Excel workbook"),
        (b"\x1f\x8b\x08", "is cut off in the middle"),
        (b"PAR1", "Parquet"),
        (b"x" * (SAMPLE_BYTES + 1), "no line end in its first MiB"),
    ],
)
def test_what_is_no_delimited_text_is_an_input_error(
    sniffed: Sniffed, data: bytes, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        sniffed(data)


def test_a_nul_in_one_line_of_many_is_left_to_the_reader(sniffed: Sniffed) -> None:
    assert sniffed(b"a,b\n" + b"1,2\n" * 20 + b"1,\x00\n").header == ("a", "b")


def test_a_directory_and_a_missing_file_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        sniff(tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        sniff(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="cannot be read"):
        sniff(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\nc", (["a", "b"], 4, None)),
        ("a,\r\n", (["a", ""], 4, None)),
        ('"a""b",c', (['a"b', "c"], 8, None)),
        ('"a\r\nb"\r', (["a\r\nb"], 7, None)),
        ('5" pipe,"x"', (['5" pipe', "x"], 11, None)),
        ('a,"b,c\nd', (["a"], 8, "open")),
        ('a,"b"c\n', (["a", "b"], 5, "malformed")),
    ],
)
def test_one_record(text: str, expected: tuple[list[str], int, str | None]) -> None:
    assert parse_record(text, 0, len(text), ",", '"') == expected


@pytest.mark.parametrize(
    ("text", "delimiter", "quote", "escape", "expected"),
    [
        (r'"a\"b","c\\",d', ",", '"', "\\", ['a"b', "c\\", "d"]),
        (r'"a\'b"', ",", '"', "\\", [r"a\'b"]),
        ('"5" pipe","6""', ",", '"', "", ['5" pipe', '6"']),
        ("'Kids' 24\"\"','b'", ",", "'", '"', ["Kids' 24\"", "b"]),
        ('a, "b, c", d,e', ", ", '"', '"', ["a", "b, c", "d,e"]),
    ],
)
def test_one_record_of_an_unusual_dialect(
    text: str, delimiter: str, quote: str, escape: str, expected: list[str]
) -> None:
    parsed = parse_record(text, 0, len(text), delimiter, quote, escape)
    assert parsed == (expected, len(text), None)


def test_what_is_no_text_is_written_as_its_bytes() -> None:
    damaged = b"a\x00b\xe9\x80".decode("utf-8", "surrogateescape") + "é\ud800"
    assert readable(damaged) == "a\\x00b\\xe9\\x80é\\ud800"
