"""The Pollock benchmark's scorer: ten measures a file, weighted by the paper's survey."""

import runpy
from pathlib import Path
from typing import Any

import pytest

SCORER = Path(__file__).parents[4] / "benchmarks" / "pollock.py"


@pytest.fixture(scope="module")
def scorer() -> dict[str, Any]:
    return runpy.run_path(str(SCORER))


def test_a_file_read_as_its_twin_has_ten_points(scorer: dict[str, Any], tmp_path: Path) -> None:
    polluted, clean = tmp_path / "polluted.csv", tmp_path / "clean.csv"
    polluted.write_bytes(b"a;b\n1;2\n3;4\n")
    clean.write_bytes(b"a,b\n1,2\n3,4\n")
    assert scorer["score"](polluted, clean) == 10


def test_one_record_of_two_and_five_cells_of_six(scorer: dict[str, Any], tmp_path: Path) -> None:
    polluted, clean = tmp_path / "polluted.csv", tmp_path / "clean.csv"
    polluted.write_bytes(b"a,b\n1,2\n3,5\n")
    clean.write_bytes(b"a,b\n1,2\n3,4\n")
    assert scorer["score"](polluted, clean) == pytest.approx(1 + 3 + 3 / 2 + 3 * 5 / 6)


def test_the_longest_known_beginning_of_a_name_weighs_it(scorer: dict[str, Any]) -> None:
    weight = scorer["weight"]
    assert weight("file_header_multirow_3.csv") == 47
    assert weight("file_field_delimiter_0x20.csv") == 4
    assert weight("file_field_delimiter_0x2C_0x20.csv") == 101
    assert weight("row_field_delimiter_83_0x20.csv") == pytest.approx(1 / 7)
