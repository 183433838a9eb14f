"""The sizing page: what its tables say of runs, and which rows count as different."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(__file__).parents[2]

#: The marks between which tables stand.
NAMES = ("measured", "skewed", "extrapolated")
BLANK = "".join(f"{name}:\n<!-- {name} -->\n<!-- end -->\n" for name in NAMES)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Run a file of benchmarks/ and return what it defines."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("sizing_page", "usage", "processes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return lambda name: runpy.run_path(str(ROOT / "benchmarks" / name))


def run(lines: int, cpu: float, *, skew: bool = False, different: int = 0) -> dict[str, Any]:
    """A run on Spark: a load takes a tenth of a build, DuckDB a build of 20 s, a line 100 bytes."""
    return {
        "engine": "Spark-local",
        "asked": lines,
        "lines": lines,
        "skew": skew,
        "load": {"seconds": 7.6, "cpu_seconds": cpu / 10, "peak_mb": 400},
        "build": {"seconds": 1234.5, "cpu_seconds": cpu, "peak_mb": 3000},
        "duckdbs_cpu_seconds": 20.0,
        "disk_mb": lines * 100 >> 20,
        "different": {"final_sales_report": different} if different else {},
        "load_average": 2.5,
    }


def test_the_page_says_what_was_measured(benchmark: Callable[[str], dict[str, Any]]) -> None:
    runs = json.loads((ROOT / "benchmarks/sizing.json").read_text("utf-8"))
    text = (ROOT / "docs/sizing.md").read_text("utf-8")
    assert benchmark("sizing_page.py")["page"](text, runs) == text
    assert f"| {runs[0]['lines']:,} | {runs[0]['engine']} |" in text


def test_what_a_line_costs_and_ten_billion_would_is_worked_out_of_the_runs(
    benchmark: Callable[[str], dict[str, Any]],
) -> None:
    mega = 1 << 20
    runs = [run(mega, 200), run(3 * mega, 300, different=2), run(mega, 250, skew=True)]
    tables = benchmark("sizing_page.py")["page"](BLANK, runs)
    rows = [line for line in tables.splitlines() if line.startswith(("| 1,", "| 3,", "| Spark"))]
    assert rows == [
        # 200 s of 1,048,576 lines are 191 us each
        "| 1,048,576 | Spark-local | 8 | 20 | 1,234 | 200 | 191 | 10.0 | 3,000 | 100 | 2.5 | 0 |",
        "| 3,145,728 | Spark-local | 8 | 30 | 1,234 | 300 | 95 | 15.0 | 3,000 | 300 | 2.5 | 2 |",
        "| 1,048,576 | Spark-local | 200 | 250 | 10.0 | 12.5 | 3,000 | 3,000 | 0 |",
        # 2,097,152 lines more took 10 s, 100 s and 200 MB more; times ten billion
        "| Spark-local | 1,048,576 and 3,145,728 | 4.8 | 47.7 | 100 | 13 | 132 | 1.0 |",
    ]


def test_rows_differ_that_one_side_has_oftener(
    benchmark: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    for side, values in (("expected", "(1), (1), (2)"), ("found", "(2), (1), (3)")):
        (tmp_path / side).mkdir()
        for table, rows in (("same", "(1), (2)"), ("other", values)):
            file = tmp_path / side / f"{table}.parquet"
            duckdb.execute(f"copy (select * from (values {rows}) as t(x)) to '{file}'")
    different = benchmark("sizing.py")["_different"](tmp_path / "expected", tmp_path / "found")
    assert different == {"other": 2}


def test_a_shop_with_skew_has_one_popular_product_and_one_big_customer(
    benchmark: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "orders.csv"
    lines = [f"O{n // 2},C{n // 2},P{n}" for n in range(60)]
    path.write_text("\n".join(["order_id,customer_id,product_id", *lines, ""]))
    benchmark("sizing.py")["_skew"](path)
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == [line.split(",")[0] for line in lines]
    assert sum(row[2] == "P0" for row in rows) == 20
    assert {row[0] for row in rows if row[1] == "C0"} == {"O0", "O9", "O19", "O29"}
