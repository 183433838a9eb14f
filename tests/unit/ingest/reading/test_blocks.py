"""Plain blocks as bytes: the same records, lines and rejects as the reader alone gives."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ecomdata.errors import InputError
from ecomdata.ingest.reading import blocks
from ecomdata.ingest.reading.blocks import PlainBlock, read_blocks
from ecomdata.ingest.reading.dialect import sniff
from ecomdata.ingest.reading.reader import Reader, Reject

HEADER = b"order_id,name,price,day"
PLAIN = b"O1,Ann,1.50,2024-05-01"
#: One record or what may stand in its place; `,` and LF are exchanged for the file's own.
PIECES = (
    *(PLAIN, PLAIN, PLAIN, "O2,Zoë,2.00,2024-05-02".encode(), b",,,", b"a,b,c,\\."),
    *(b'1,"two\nlines, here",3,4', b'1,"it said ""new""",3,4', b'"1","2","3","4"', b'1,a"b,3,4'),
    *(b'"open,b,c,d', b'1,"open', b'1,"2"x,3,4', b"1,2", b"1,2,3,4,5", b"1,2,3,4,,", b"", b"  "),
    *(HEADER, b"1,\xff,3,4", b"1,\0,3,4", b"1,2,3,4\r5,6,7,8", b"\\.", b'"', b"1,a\rb,3,4"),
)
Item = tuple[int, list[str]] | Reject


def flat(items: "list[object]", delimiter: str) -> list[Item]:
    """The records with their lines, and the rejects, one by one."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Reject):
            found.append(item)
        elif isinstance(item, PlainBlock):
            found += zip(item.line_numbers, item.rows(delimiter), strict=True)
        else:
            found += zip(item.lines, item.rows, strict=True)  # type: ignore[attr-defined]
    return found


@pytest.fixture(params=[64, 1 << 18], ids=["small blocks", "whole file"])
def block_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_BLOCK_BYTES", request.param)
    monkeypatch.setattr(blocks, "SAMPLE_BYTES", request.param * 4)
    monkeypatch.setattr(blocks, "_SPAN_BYTES", 48)


@pytest.mark.usefixtures("block_bytes")
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)
@given(
    pieces=st.lists(st.tuples(st.sampled_from(PIECES), st.integers(1, 30)), max_size=12),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    delimiter=st.sampled_from([b",", b";", b"\t"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    is_ended=st.booleans(),
)
@example(  # a last line that shows nothing of its structure
    pieces=[(PLAIN, 2), (b"alone", 1)], line_end=b"\n", delimiter=b",", mark=b"", is_ended=False
)
def test_blocks_give_what_the_reader_alone_gives(
    tmp_path: Path,
    pieces: list[tuple[bytes, int]],
    line_end: bytes,
    delimiter: bytes,
    mark: bytes,
    is_ended: bool,
) -> None:
    records = [HEADER, *(piece for piece, times in pieces for _ in range(times))]
    data = b"\n".join(records).replace(b",", delimiter).replace(b"\n", line_end)
    file = tmp_path / "file.csv"
    file.write_bytes(mark + data + (line_end if is_ended else b""))
    try:
        dialect = sniff(file)
    except InputError:
        return
    alone, in_blocks = Reader(file, dialect), Reader(file, dialect)
    expected = flat(list(alone.batches()), dialect.delimiter)
    assert flat(list(read_blocks(in_blocks)), dialect.delimiter) == expected
    assert in_blocks.lines_read == alone.lines_read


def test_a_clean_file_is_not_parsed_at_all(tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(HEADER + b"\r\n" + 5 * (PLAIN + b"\r\n"))
    [block] = read_blocks(Reader(file, sniff(file)))
    assert block == PlainBlock(2, 5, 5 * (PLAIN + b"\r\n"), b"\r\n")


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (2, b"0002,a,b\n0003,c,d\n"),
        (998, b"0998,a,b\n0999,c,d\n"),
        (999, b"0999,a,b\n1000,c,d\n"),
        (12_999, b"12999,a,b\n13000,c,d\n"),
    ],
)
def test_records_are_numbered_by_their_physical_lines(first: int, expected: bytes) -> None:
    block = PlainBlock(first, 2, b"a,b\r\nc,d\r\n", b"\r\n")
    assert block.numbered(b",") == expected
