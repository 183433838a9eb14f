"""A bounded round of fuzzing, and what longer ones found."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz_reader import SEEDS, check, mutated

from ecomdata.ingest.reading.reader import Batch, Reader, Reject

ESCAPED = b'a,b\n1,"x\\"y"\n2,"z\\"w"\n3,"z\\"w"\n'


def test_no_mutated_file_breaks_a_property(tmp_path: Path) -> None:
    choice = random.Random(20240501)
    for _ in range(600):
        check(tmp_path / "fuzzed.csv", mutated(choice, list(SEEDS)))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"id,name\n1,Ann\n2,Bob\nid", id="a word at the end was lost with the block"),
        pytest.param(b"\xff\xfea\0\t\xff\0", id="half a character after the header was lost"),
        pytest.param(b"a b c\n\n\na b c\na b c\n1 2 3\n", id="blank lines between header records"),
        pytest.param(ESCAPED + b'"a" ,b\n' * 2_000, id="unclosed quotes: each read to the end"),
        pytest.param(ESCAPED + b'"a\nb,c\n' * 1_000, id="records within records looked at twice"),
        pytest.param(b'z\n""""\r"""\n"\\""', id="a doubled quote where a backslash escapes"),
        pytest.param(b'a b c\n1 2 3\n"x y" 2 3\n' + b" " * 16_000, id="cubic time for spaces"),
    ],
)
def test_what_was_at_fault_once_is_no_more(tmp_path: Path, data: bytes) -> None:
    check(tmp_path / "fuzzed.csv", data)


def test_a_lost_record_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = Reader.batches

    def lossy(reader: Reader) -> Iterator[Batch | Reject]:
        for item in batches(reader):
            yield Batch(item.lines[:-1], item.rows[:-1]) if isinstance(item, Batch) else item

    monkeypatch.setattr(Reader, "batches", lossy)
    with pytest.raises(AssertionError, match="line 2 is not its record|gives something else"):
        check(tmp_path / "fuzzed.csv", b"a, b\n1, 2\n3, 4\n")
