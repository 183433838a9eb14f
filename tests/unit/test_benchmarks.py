"""The benchmark counts truly: which lines are damaged, which good ones have not arrived."""

import json
import runpy
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def orders(tmp_path: Path) -> Any:
    """Six lines; the second and the fifth are damaged, lines 3 and 6 of the file."""
    made = runpy.run_path(str(ROOT / "benchmarks/orders.py"))["Orders"](6, bad_every=3)
    made.write(tmp_path / "orders.csv")
    return made


@pytest.fixture
def written(orders: Any, tmp_path: Path) -> list[str]:
    return (tmp_path / "orders.csv").read_text("utf-8").split("\n")


def test_each_damage_stands_in_the_line_that_is_called_bad(tmp_path: Path) -> None:
    orders = runpy.run_path(str(ROOT / "benchmarks/orders.py"))["Orders"](8, bad_every=2)
    orders.write(tmp_path / "orders.csv")
    text = (tmp_path / "orders.csv").read_text("utf-8")
    lines = dict(enumerate(text.split("\n"), start=1))

    assert orders.bad_lines == {3, 5, 7, 9}
    assert orders.good_rows == 4
    assert [line for line, fields in lines.items() if fields.count(",") != 5] == [5, 7, 10]
    assert lines[10] == ""
    assert lines[3].startswith('"O0,C') and text.count('"') == 1
    assert lines[5].startswith("O1,C") and len(lines[5]) == 12
    assert lines[7].startswith("O2,C") and lines[7].endswith(",x")
    assert ",\0P" in lines[9] and text.count("\0") == 1


def test_a_good_line_arrives_whatever_its_values_types_are(orders: Any, written: list[str]) -> None:
    assert orders.bad_lines == {3, 6}
    good = [written[line - 1].split(",") for line in (2, 4, 5, 7)]
    days = [date.fromisoformat(row[5]) for row in good]
    arrived = [
        tuple(good[0]),
        (*good[1][:3], int(good[1][3]), float(good[1][4]), days[1]),
        (*good[2][:3], float(good[2][3]), Decimal(good[2][4]), str(days[2])),
        (*good[3][:3], good[3][3], good[3][4], datetime.combine(days[3], datetime.min.time(), UTC)),
    ]
    arrival = orders.compare(arrived)
    assert (arrival.rows, arrival.good_lost, arrival.strange) == (4, 0, 0)


def test_quotes_around_a_field_change_nothing_of_what_is_waited_for(tmp_path: Path) -> None:
    orders = runpy.run_path(str(ROOT / "benchmarks/orders.py"))["Orders"](3, quoted_every=2)
    orders.write(tmp_path / "orders.csv")
    text = (tmp_path / "orders.csv").read_text("utf-8")
    assert [line.count(',"P') + line.count('",') for line in text.splitlines()] == [0, 2, 0, 2]
    unquoted = [tuple(line.split(",")) for line in text.replace('"', "").splitlines()[1:]]
    arrival = orders.compare(unquoted)
    assert (arrival.rows, arrival.good_lost, arrival.strange) == (3, 0, 0)


def test_a_lost_line_a_doubled_one_and_damaged_ones_are_counted(
    orders: Any, written: list[str]
) -> None:
    first, damaged, second = (tuple(line.split(",")) for line in written[1:4])
    shortened = (*first[:3], None, None, None)
    swallowed = ("\n".join(written[2:5]),)
    arrival = orders.compare([first, second, second, damaged, shortened, swallowed])
    # of four good lines two came; the second copy of one and three others are no good lines
    assert (arrival.rows, arrival.good_lost, arrival.strange) == (6, 2, 4)


def test_the_page_says_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("orders", "peers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    page = runpy.run_path(str(ROOT / "benchmarks/page.py"))["page"]
    results = json.loads((ROOT / "benchmarks/results.json").read_text("utf-8"))
    assert (ROOT / "docs/benchmarks.md").read_text("utf-8") == page(results)
