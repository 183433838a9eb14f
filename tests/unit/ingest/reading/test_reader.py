"""`Reader`: every line is in one record or one reject, and the right one."""

import codecs
import csv
import io
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import spectrum
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ecomdata.errors import EcomDataError, UsageError
from ecomdata.ingest.reading import reader as module
from ecomdata.ingest.reading.dialect import Dialect, sniff
from ecomdata.ingest.reading.reader import MAX_RECORD, RULES, Batch, Reader, Reject

PUBLIC = Path(__file__).parents[5] / "shared" / "data"
Shown = list[tuple[int, list[str]] | tuple[int, str, str]]


def shown(reader: Reader) -> Shown:
    """Records as (line, fields), rejects as (line, raw, rule)."""
    return [
        (item.line, item.raw, item.rule) if isinstance(item, Reject) else (item.line, item.fields)
        for item in reader
    ]


def shown_file(path: Path, data: bytes) -> Shown:
    path.write_bytes(data)
    return shown(Reader(path, sniff(path)))


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], Shown]:
    return lambda data: shown_file(tmp_path / "some.csv", data)


Read = Callable[[bytes], Shown]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"a,b\n1,2\n3,4\n", [(2, ["1", "2"]), (3, ["3", "4"])], id="plain"),
        pytest.param(b"a,b\n1,2", [(2, ["1", "2"])], id="no final line end"),
        pytest.param(b"a,b", [], id="header only"),
        pytest.param(b"a,b\r\n1,2\r3,4\n", [(2, ["1", "2"]), (3, ["3", "4"])], id="mixed ends"),
        pytest.param(b"a,b\r1,2\r3,4", [(2, ["1", "2"]), (3, ["3", "4"])], id="CR"),
        pytest.param(b"a,b\n\n1,2\n\r\n \n3,4\n", [(3, ["1", "2"]), (6, ["3", "4"])], id="blank"),
        pytest.param(b"Title\n\na,b,c\n1,2,3\n", [(4, ["1", "2", "3"])], id="preamble"),
        pytest.param(b"sep=;\na;b\n1;2\n", [(3, ["1", "2"])], id="sep line"),
        pytest.param(b'"a\nx",b\n1,2\n', [(3, ["1", "2"])], id="header on two lines"),
        pytest.param(
            b'a,b\n1,"x, y"\n2,"say ""hi"""\n"3",""\n',
            [(2, ["1", "x, y"]), (3, ["2", 'say "hi"']), (4, ["3", ""])],
            id="quoted",
        ),
        pytest.param(
            b'a,b,c\n1,"two\r\n\nlines",3\n4,5,6\n',
            [(2, ["1", "two\r\n\nlines", "3"]), (5, ["4", "5", "6"])],
            id="field on three lines",
        ),
        pytest.param(
            b'a,b,c\n1,2,3\n"Once upon \na time",5,6\n7,8,9\n',
            [(2, ["1", "2", "3"]), (3, ["Once upon \na time", "5", "6"]), (5, ["7", "8", "9"])],
            id="first field on two lines",
        ),
        pytest.param(
            b'name,bio\nAnn,x\nBob,"likes\ncats, dogs\nand fish"\n',
            [(2, ["Ann", "x"]), (3, ["Bob", "likes\ncats, dogs\nand fish"])],
            id="a delimiter within is no record",
        ),
        pytest.param(b'a,b\n5" pipe,6"\n', [(2, ['5" pipe', '6"'])], id="stray quote"),
        pytest.param(b"a,b\n1,2,,\n3,4,\n", [(2, ["1", "2"]), (3, ["3", "4"])], id="trailing"),
        pytest.param(b"a,b\n1,'2\n", [(2, ["1", "'2"])], id="apostrophe"),
        pytest.param("a,b\n1,\x0b\u2028\n".encode(), [(2, ["1", "\x0b\u2028"])], id="exotic"),
        pytest.param(b"name\nAnn\n\n Bob\n", [(2, ["Ann"]), (4, [" Bob"])], id="one column"),
        pytest.param(b"a,b\n,\n", [(2, ["", ""])], id="empty fields"),
        pytest.param(
            codecs.BOM_UTF16_LE + "a\tb\r\n1\tZoë\r\n".encode("utf-16-le"),
            [(2, ["1", "Zoë"])],
            id="UTF-16",
        ),
        pytest.param(codecs.BOM_UTF8 + b"a,b\n1,2\n", [(2, ["1", "2"])], id="BOM"),
        pytest.param(b"a,b\n1,Ren\xe9 \x80\n", [(2, ["1", "René €"])], id="cp1252"),
    ],
)
def test_records(read: Read, data: bytes, expected: Shown) -> None:
    assert read(data) == expected


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b"4,5", "wrong_field_count"),
        (b"4,5,6,7", "wrong_field_count"),
        (b"4,5,6,,7,", "wrong_field_count"),
        (b'4,"5"x,6', "malformed_quote"),
        (b'4,"5" ,6', "malformed_quote"),
        (b'4,"5,6', "unterminated_quote"),
        (b'4,5,"6', "unterminated_quote"),
        (b'"4,5,6', "unterminated_quote"),
        (b'4,5,"', "unterminated_quote"),
        (b'4,"5, 6,7', "unterminated_quote"),
        (b"a,b,c", "repeated_header"),
        (b'"a",b,"c",', "repeated_header"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_fault_costs_its_line_and_no_other(
    read: Read, line: bytes, rule: str, end: bytes
) -> None:
    good = [b"1,2,3"] * 300
    expected: Shown = [(number, ["1", "2", "3"]) for number in range(2, 602)]
    expected.insert(300, (302, line.decode(), rule))
    expected[301:] = [(number, ["1", "2", "3"]) for number in range(303, 603)]
    assert read(end.join([b"a,b,c", *good, line, *good]) + end) == expected


def test_bytes_that_are_no_text_are_shown_as_such(read: Read) -> None:
    good = b"1,2\n" * 100
    data = b"a,b\n" + good + b"Ren\xe9,2\n" + b"A\x00n,\xff\n" + b'3,"\xe9\nx"\n' + good
    assert [item for item in read(data) if len(item) == 3] == [
        (102, "Ren\\xe9,2", "undecodable_bytes"),
        (103, "A\\x00n,\\xff", "nul_byte"),
        (104, '3,"\\xe9\nx"', "undecodable_bytes"),
    ]


def test_a_byte_that_cp1252_does_not_have_is_rejected(read: Read) -> None:
    assert read(b"a,b\nRen\xe9,1\nx\x81,2\n") == [
        (2, ["René", "1"]),
        (3, "x\\x81,2", "undecodable_bytes"),
    ]


def test_half_a_character_at_the_end_of_utf16_is_rejected(read: Read) -> None:
    assert read(codecs.BOM_UTF16_BE + "a,b\n1,2".encode("utf-16-be") + b"\x00") == [
        (2, "1,2\\udc00", "undecodable_bytes")
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'1,"abc,2', b'9,"def,3'),
        (b'1,"abc,2', b'9,def",3'),
        (b'1,2,"abc', b'9,8,"def'),
        (b'1,x,"', b'9,y,"'),
        (b'1,",2', b'9,",3'),
        (b'"1,a,2', b'9",a,3'),
        (b'1,2,"abc', b'9,"x, y",3'),
    ],
)
@pytest.mark.parametrize("distance", [0, 1, 2, 50])
def test_lines_between_two_faults_are_kept(
    read: Read, one: bytes, other: bytes, distance: int
) -> None:
    """Two quotes without partners would make one record of everything between them."""
    good = [b"5,x,7"] * distance
    items = read(b"\n".join([b"a,b,c", *[b"5,y,7"] * 3, one, *good, other, b"6,z,8"]))
    assert items[:3] == [(line, ["5", "y", "7"]) for line in (2, 3, 4)]
    assert items[3] == (5, one.decode(), "unterminated_quote")
    assert items[4:-2] == [(6 + line, ["5", "x", "7"]) for line in range(distance)]
    assert items[-2][0] == 6 + distance
    assert items[-1] == (7 + distance, ["6", "z", "8"])


def test_a_quote_that_nothing_closes_costs_one_line_of_a_large_file(read: Read) -> None:
    good = b"1,some text of a fair length that fills the blocks,3\n" * 40_000
    items = read(b"a,b,c\n" + good + b'4,"5,6\n' + good)
    assert [item for item in items if len(item) == 3] == [(40_002, '4,"5,6', "unterminated_quote")]
    assert len(items) == 80_001


def test_a_long_quoted_field_is_a_field(read: Read) -> None:
    text = "a line, of text\n" * 20_000  # 320 KB: beyond the 128 KiB of the csv module
    assert read(f'a,b,c\n1,"{text}",3\n4,5,6\n'.encode()) == [
        (2, ["1", text, "3"]),
        (20_003, ["4", "5", "6"]),
    ]


@pytest.mark.parametrize("length", [MAX_RECORD, 5 * MAX_RECORD])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b""])
def test_a_line_that_is_too_long_is_passed_over(read: Read, length: int, end: bytes) -> None:
    items = read(b"a,b\n1,2\n" + b"3," + b"x" * length + end + (b"5,6\n" if end else b""))
    assert items[0] == (2, ["1", "2"])
    line, raw, rule = items[1]  # type: ignore[misc]
    assert (line, raw[:4], rule) == (3, "3,xx", "field_too_long")
    assert items[2:] == ([(4, ["5", "6"])] if end else [])


def test_a_file_is_never_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    good = b"1,some text of a fair length that fills the blocks,3\n" * 100_000
    path.write_bytes(b"a,b,c\n" + good + b'"' + b"x" * 50_000_000 + b"\n" + good)
    dialect = sniff(path)
    tracemalloc.start()
    items = Reader(path, dialect).batches()
    count = sum(len(item.rows) for item in items if isinstance(item, Batch))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 20_000_000  # of 60 MB


def test_lines_read_counts_every_physical_line(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b'Title\n\na,b,c\r\n1,"x\ny",2\r\r\n3,4\n5,6,7')
    reader = Reader(path, sniff(path))
    assert [item.line for item in reader] == [4, 7, 8]
    assert reader.lines_read == 8
    assert [item.line for item in reader] == [4, 7, 8]  # again from the beginning
    assert reader.lines_read == 8


def test_a_file_that_went_away_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(Reader(tmp_path / "gone.csv", Dialect("utf-8", ",", '"', "\n", ("a",), 1)))


PIECES = [b"1", b"a", b"B", b",", b",", b'"', b'"', b"\n", b"\n", b"\r", b"\r\n", b" ", b";", b"'"]
PIECES += [b"\xc3\xa9", b"\xe9", b"\0", b"a,b\n", b"1,2\n", b"x,y,z\n", b'1,"x\ny"\n', b"\xff\xfe"]
MESS = st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join)
ENDS = re.compile(r"\r\n|\r|\n")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader") / "some.csv"


@given(data=MESS | MESS.map(b"a,b\n".__add__) | MESS.map(b"a,b,c\n1,2,3\n".__add__) | st.binary())
@example(data=b'a,"b\nc"')
@example(data=b'a,b\n1,"\n"2,')
def test_every_line_is_in_one_record_or_one_reject(scratch: Path, data: bytes) -> None:
    scratch.write_bytes(data)
    try:
        dialect = sniff(scratch)
    except EcomDataError:
        return
    reader = Reader(scratch, dialect)
    items = list(reader)
    errors = "surrogatepass" if dialect.encoding.startswith("utf-16") else "surrogateescape"
    padding = b"\0" * (len(data) % 2) if dialect.encoding.startswith("utf-16") else b""
    text = (data + padding).decode(dialect.encoding, errors).removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))
    taken = [dialect.header_line + n for n in range(_lines_of(*dialect.header))]
    for item in items:
        texts = [item.raw] if isinstance(item, Reject) else item.fields
        taken += [item.line + n for n in range(_lines_of(*texts))]
        if isinstance(item, Reject):
            assert item.rule in RULES
        else:
            assert len(item.fields) == len(dialect.header)
    assert taken == sorted(set(taken))
    left = set(range(dialect.header_line, len(lines) + 1)) - set(taken)
    assert not [lines[n - 1] for n in left if lines[n - 1].strip()]
    assert reader.lines_read == len(lines)


def _lines_of(*texts: str) -> int:
    return 1 + sum(len(ENDS.findall(text)) for text in texts)


@given(data=MESS)
def test_the_fast_way_gives_what_the_careful_way_gives(scratch: Path, data: bytes) -> None:
    scratch.write_bytes(b"a,b\n1,2\n" + data)
    reader = Reader(scratch, _sniffed(scratch))
    careful = Reader(scratch, _sniffed(scratch))
    careful._read_plain = lambda lines, is_odd: (None, 0)  # type: ignore[method-assign]
    assert shown(reader) == shown(careful)


SPACED = [
    b"1",
    b"a",
    b", ",
    b", ",
    b",",
    b" ",
    b'"',
    b"\\",
    b"\n",
    b"\n",
    b"\r",
    b"1, 2\n",
    b'"x, y", "z"\n',
]


@given(
    data=st.lists(st.sampled_from(SPACED), max_size=40).map(b"".join), escape=st.sampled_from('"\\')
)
def test_a_comma_and_a_space_are_one_delimiter_the_fast_way_too(
    scratch: Path, data: bytes, escape: str
) -> None:
    scratch.write_bytes(b"a, b\n1, 2\n" + data)
    dialect = Dialect("utf-8", ", ", '"', "\n", ("a", "b"), 1, escape=escape)
    reader, careful = Reader(scratch, dialect), Reader(scratch, dialect)
    careful._read_plain = lambda lines, is_odd: (None, 0)  # type: ignore[method-assign]
    assert shown(reader) == shown(careful)


@given(data=MESS, size=st.integers(1, 9))
def test_where_blocks_and_windows_end_changes_nothing(
    scratch: Path, data: bytes, size: int
) -> None:
    start = b"a,b\n" + b"1,2\n" * module._LEARNED  # what is learned is in the first block
    scratch.write_bytes(start + data)
    dialect = _sniffed(scratch)
    whole = shown(Reader(scratch, dialect))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SAMPLE_BYTES", len(start) + size)
        patch.setattr(module, "_BLOCK_BYTES", size)
        assert shown(Reader(scratch, dialect))[1_000:] == whole[1_000:]
    with pytest.MonkeyPatch.context() as patch:
        reader = Reader(scratch, dialect)
        patch.setattr(reader._looks, "learn", _learn_with(reader._looks.learn, patch, size))
        assert shown(reader)[1_000:] == whole[1_000:]


def _learn_with(
    learn: Callable[[list[str]], None], patch: pytest.MonkeyPatch, window: int
) -> Callable[[list[str]], None]:
    def then_set_window(lines: list[str]) -> None:
        learn(lines)
        patch.setattr(module, "_WINDOW", window)

    return then_set_window


def _sniffed(path: Path) -> Dialect:
    try:
        return sniff(path)
    except EcomDataError:
        assume(False)
        raise


FIELD = st.text(st.sampled_from("aB1é€ '\"\n\r,;|\t.-"), max_size=6)
TABLE = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(FIELD, min_size=width, max_size=width), max_size=8)
)


@given(
    rows=TABLE,
    delimiter=st.sampled_from(",;\t|"),
    # the csv module quotes a line end only if it is its own
    style=st.sampled_from([("\r\n", 0), ("\r\n", 1), ("\n", 1), ("\r", 1)]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le"]),
)
def test_what_the_csv_module_writes_is_read_back(
    scratch: Path,
    rows: list[list[str]],
    delimiter: str,
    style: tuple[str, Literal[0, 1]],
    encoding: str,
) -> None:
    end, quoting = style
    assume(rows)
    header = [f"name {n}" for n in range(len(rows[0]))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([header, *rows])
    bom = "\ufeff" if encoding == "utf-16-le" else ""
    scratch.write_bytes((bom + out.getvalue()).encode(encoding))
    dialect = Dialect(encoding, delimiter, '"', end, tuple(header), 1)
    reader = Reader(scratch, dialect)
    reader._looks.learn = lambda lines: None  # type: ignore[method-assign]
    reader._looks._kinds = [set() for _ in header]  # no line within a field looks like a record
    assert [item[1] for item in shown(reader)] == rows


public = pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"no public data sets at {PUBLIC}")


@pytest.mark.shared_data
@public
def test_real_files_are_read_as_the_csv_module_reads_them() -> None:
    folders = ["uci_online_retail", "superstore", "jaffle_shop"]
    paths = [path for folder in folders for path in sorted((PUBLIC / folder).glob("*.csv"))]
    assert len(paths) == 72
    for path in paths:
        dialect = sniff(path)
        items = list(Reader(path, dialect))
        with path.open(encoding="utf-8-sig", newline="") as file:
            expected = list(csv.reader(file))
        assert not [item for item in items if isinstance(item, Reject)]
        assert [list(dialect.header), *(item.fields for item in items)] == expected  # type: ignore[union-attr]


@pytest.mark.shared_data
@public
def test_csv_spectrum_is_read_as_its_json_twins() -> None:
    twins = list(spectrum.twins())
    assert len(twins) == 12
    for path, expected in twins:
        dialect = sniff(path)
        rows = [fields for _, fields in shown(Reader(path, dialect))]  # type: ignore[misc]
        assert [dict(zip(dialect.header, row, strict=True)) for row in rows] == expected, path.name
