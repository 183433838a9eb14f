"""Fuzz the reader: whatever the bytes, nothing is lost and nothing but its own errors escapes.

Usage: python tests/fuzz/fuzz_reader.py [--minutes 10] [--seed 0] [FILE_OR_FOLDER ...]

Inputs are mutated from a few built-in files and from those given. One that breaks a property is
kept, and the search ends. (`check` is all that atheris or another fuzzer needs.)
"""

import argparse
import codecs
import gzip
import random
import tempfile
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

from ecomdata.errors import EcomDataError
from ecomdata.ingest.reading.archives import unpacked
from ecomdata.ingest.reading.blocks import PlainBlock, read_blocks
from ecomdata.ingest.reading.contents import read
from ecomdata.ingest.reading.dialect import DELIMITERS, Dialect, sniff
from ecomdata.ingest.reading.reader import RULES, Batch, Reader, Record, Reject
from ecomdata.ingest.reading.text import new_decoder, physical_lines, readable

MOST_BYTES = 1 << 16
MOST_SECONDS = 7.0  # of processor time for one input, which is read seven times
MOST_MEMORY = 64 << 20
_OF_A_FILE = 2_000  # bytes: small inputs are quick, and most faults are small
Item = Record | Reject

SEEDS = (
    b"order_id,name,price\nO1,Ann,1.50\nO2,Bob,2.00\nO3,Cid,3.25\n",
    b'id;name;text\r\n1;"a;b";"say ""hi"""\r\n2;c;"two\r\nlines"\r\n',
    b"Report of May\n\na\tb\tc\n1\t2,5\t3\n4\t5,5\t6\n",
    b"'id','name'\n'1','it''s'\n'2','x'\n",
    b'a b c\n1 "x y" 3\n4 "z" 6\n',
    b'a, b, c\n1, "x, y", 3\n4, z, 6\n',
    b'id,text\n1,"say \\"hi\\" now"\n2,"a \\\\ b"\n3,"\\"x\\" y"\n',
    b"id,name\n1,Ann\n2,Bob\nid,name,more\n3,Cid,x\n",
    b"1,2.5,2024-05-01\n2,3.5,2024-05-02\n",
    b"name\nAnn\n\nBob\n",
    b"sep=;\na;b\n1;2\n",
    "id,name\n1,René\n2,Zoë €\n".encode("cp1252"),
    codecs.BOM_UTF16_LE + "a\tb\r\n1\tZoë\r\n".encode("utf-16-le"),
)
TOKENS = (
    *(b'"', b'""', b'"""', b"'", b"\\", b'\\"', b",", b";", b"\t", b"|", b" ", b", ", b",,,"),
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\0",
        b"\xff",
        b"\xe9",
        b"\xc3\xa9",
        b"\x1a",
        b"\xef\xbb\xbf",
    ),
    *(
        b'"x\ny"',
        b'1,"2',
        b'"a""b",',
        b"sep=;\n",
        b"a,b\n",
        b"2019",
        b"-1.5",
        "\u2028\x85é".encode(),
    ),
)


def check(path: Path, data: bytes) -> None:
    """Read some bytes as a file, in every way there is.

    Raises:
        AssertionError: a property does not hold. Any other error but the project's own is a fault.
    """
    path.write_bytes(data)
    try:
        dialect = sniff(path)
        alone, in_blocks, careful = (Reader(path, dialect) for _ in range(3))
        careful._read_plain = lambda lines, is_odd: (None, 0)  # type: ignore[method-assign]
        items = _items(alone.batches(), dialect)
        again = _items(alone.batches(), dialect)
        same = _items(read_blocks(in_blocks), dialect)
        slow = _items(careful.batches(), dialect)
    except EcomDataError:
        pass
    else:
        assert items == again, "another reading of the same file gives something else"
        assert items == same, "whole blocks give something else"
        assert items == slow, "the fast parser gives something else"
        lines = _lines(path, dialect)
        assert alone.lines_read == in_blocks.lines_read == len(lines), "lines are not all read"
        width = len(dialect.header)
        assert all(isinstance(item, Reject) or len(item.fields) == width for item in items)
        _check_all_is_there(lines, dialect, items)
    try:
        contents = read(path)
        assert contents == read(path), "another reading of the same file gives something else"
    except EcomDataError:
        return
    tables = contents.further_tables
    found: list[Item] = [*contents.records, *contents.rejects]
    for table in tables:
        found += [Record(table.line, list(table.header)), *table.records]
    found.sort(key=lambda item: item.line)
    _check_all_is_there(_lines(path, contents.dialect), contents.dialect, found)


def _items(parts: Iterable[PlainBlock | Batch | Reject], dialect: Dialect) -> list[Item]:
    """The records and rejects one by one."""
    items: list[Item] = []
    for part in parts:
        if isinstance(part, Reject):
            items.append(part)
        elif isinstance(part, PlainBlock):
            items += map(Record, part.line_numbers, part.rows(dialect.delimiter))
        else:
            items += map(Record, part.lines, part.rows)
    return items


def _lines(path: Path, dialect: Dialect) -> list[str]:
    with unpacked(path) as file:
        data = file.read()
    decoder = new_decoder(dialect.encoding)
    text = decoder.decode(data).removeprefix("\ufeff")
    return physical_lines(text + "".join(chr(0xDC00 + byte) for byte in decoder.getstate()[0]))


def _check_all_is_there(lines: list[str], dialect: Dialect, items: list[Item]) -> None:
    """Each line from the header on is in one item; and each has its lines' characters, in order.

    Only what structures a file is left out of the comparison: delimiters, quotes, escapes, space.
    """
    starts = [item.line for item in items]
    assert starts == sorted(set(starts)), "two items start on one line"
    ends = [*starts[1:], len(lines) + 1] if items else []
    marks = {*dialect.delimiter, dialect.quote, dialect.escape}

    def content(*texts: str, structure: set[str] = marks) -> str:
        kept = "".join("".join(texts).split())
        return "".join(char for char in kept if char not in structure)

    first = starts[0] if starts else len(lines) + 1
    above = "".join(readable(line) for line in lines[dialect.header_line - 1 : first - 1])
    in_header = marks.union(*DELIMITERS)  # it may be written with a delimiter of its own
    names = content(*dialect.header, structure=in_header)
    assert sorted(content(above, structure=in_header)) == sorted(names), "names are lost"
    for item, end in zip(items, ends, strict=True):
        span = lines[item.line - 1 : end - 1]
        if isinstance(item, Record):
            assert content(*span) == content(*item.fields), f"line {item.line} is not its record"
        else:
            assert item.rule in RULES
            raw, text = content(item.raw), content(*map(readable, span))
            is_whole = raw == text or (item.rule == "field_too_long" and text.startswith(raw))
            assert is_whole, f"line {item.line} is not its reject"


def mutated(choice: random.Random, corpus: list[bytes]) -> bytes:
    """One file of the corpus after one to eight mutations, of 64 KiB at most."""
    data = choice.choice(corpus)
    for _ in range(choice.randint(1, 8)):
        data = _mutation(choice, data, corpus)[:MOST_BYTES]
    return data


def _mutation(choice: random.Random, data: bytes, corpus: list[bytes]) -> bytes:
    at = choice.randint(0, len(data))
    to = min(len(data), at + choice.choice((1, 2, 8, 64, 1024)))
    lines = data.splitlines(keepends=True) or [b"\n"]
    line = choice.randrange(len(lines))
    match choice.randrange(12):
        case 0:  # another byte
            return data[:at] + bytes([choice.randrange(256)]) + data[at + 1 :]
        case 1 | 2 | 3:
            return data[:at] + choice.choice(TOKENS) + data[at:]
        case 4:
            return data[:at] + data[to:]
        case 5:
            return b"".join([*lines[:line], lines[line] * choice.choice((1, 2, 9)), *lines[line:]])
        case 6:  # a piece many times: that shows what takes time with the square of its length
            times = choice.choice((2, 3, 50)) if choice.random() < 0.95 else MOST_BYTES
            return data[:at] + data[at:to][:64] * times + data[to:]
        case 7:
            other = choice.choice(corpus)
            return data[:at] + other[choice.randint(0, len(other)) :]
        case 8:
            return data[:at]
        case 9:  # another character throughout
            return data.replace(choice.choice(TOKENS), choice.choice(TOKENS))
        case 10:
            text = data.decode("utf-8", "replace")
            encoding = choice.choice(("utf-8-sig", "utf-16", "utf-16-le", "cp1252"))
            return text.encode(encoding, "replace")
        case _:
            return gzip.compress(data, mtime=0) if choice.random() < 0.1 else data[at:to] + data


def _corpus(paths: list[Path]) -> Iterator[bytes]:
    yield from SEEDS
    for path in paths:
        files = [path] if path.is_file() else sorted(path.rglob("*.csv"))
        for file in files:
            yield file.read_bytes()[:_OF_A_FILE]


def measured(path: Path, data: bytes, *, is_weighed: bool) -> float:
    """Check an input and what it costs; return the seconds of processor time."""
    if is_weighed:  # that takes ten times as long
        tracemalloc.start()
        check(path, data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY, f"{peak >> 20} MiB of memory"
    before = time.process_time()
    check(path, data)
    seconds = time.process_time() - before
    assert len(data) > MOST_BYTES or seconds < MOST_SECONDS, f"{seconds:.1f} s"
    return seconds


def main() -> None:
    """Search until time is up or an input breaks a property."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=Path, nargs="*", help="files, or folders of *.csv, to mutate")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    corpus = list(_corpus(arguments.paths))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "fuzzed.csv"
        choice = random.Random(arguments.seed)
        end, done, slowest = time.monotonic() + 60 * arguments.minutes, 0, 0.0
        while time.monotonic() < end:
            data = mutated(choice, corpus)
            try:
                slowest = max(slowest, measured(scratch, data, is_weighed=done % 200 == 0))
            except Exception:
                Path("fuzzed-fault.csv").write_bytes(data)
                print(f"input {done} is kept as fuzzed-fault.csv")  # noqa: T201
                raise
            done += 1
    print(f"{done} inputs, none at fault; the slowest took {slowest:.2f} s")  # noqa: T201


if __name__ == "__main__":
    main()
