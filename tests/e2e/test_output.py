"""Where the output goes: a terminal of 80 columns, a pipe, a pipe that closes, a full disk."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from command_line import Answer, Project
from generated_shop import Ran
from processes import STEERING, at_terminal, visible

pytest_plugins = ["shop_fixtures"]

NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?%?")
NOT_SHOWN = "not shown for lack of width: "
ORDERS = "order_id,product_id,quantity,total_price,order_date\nO1,P1,12,1234.50,2025-01-01\n"


def through(project: Project, pipe: str) -> Answer:
    """Run a command line of the shell that contains `ecomdata`."""
    command = shlex.join(project.command)
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {pipe.replace('ecomdata', command, 1)}"],
        cwd=project.folder,
        env=project.environment(),
        capture_output=True,
        encoding="utf-8",
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "words", ["kpis", "kpis --by product", "kpis --by month", "quarantine", "status"]
)
def test_at_80_columns_no_line_is_longer_and_no_number_is_cut(duckdb_run: Ran, words: str) -> None:
    code, written = at_terminal(duckdb_run, *words.split())
    assert code == 0
    shown = "\n".join(visible(written))
    assert max(map(len, shown.splitlines())) <= 80
    piped = duckdb_run(*words.split()).out
    [*rest, missing] = shown.split(NOT_SHOWN) if NOT_SHOWN in shown else [shown, ""]
    assert set(NUMBER.findall(rest[0])) <= set(NUMBER.findall(piped))
    if words == "kpis --by product":
        heading = rest[0].splitlines()[1].split()
        assert heading[3:] == ["total_revenue", "total_orders"]
        assert [*heading, *missing.replace(",", " ").split()] == piped.splitlines()[1].split()
    elif not missing:
        assert sorted(NUMBER.findall(shown)) == sorted(NUMBER.findall(piped))


def test_at_a_terminal_the_progress_is_shown_and_fits(tmp_path: Path) -> None:
    project = Project(tmp_path)
    name = "orders [/b] as they were exported in 2025.csv"
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / name.replace("/", "\N{DIVISION SLASH}")).write_text(ORDERS)
    code, written = at_terminal(project, "load", "late")
    assert code == 0
    lines = visible(written)
    assert max(map(len, lines)) <= 80
    assert any("━" in line and line.startswith("loaded") for line in lines)
    assert "━" not in at_terminal(project, "load", "late", "--no-progress")[1]


def test_through_a_pipe_nothing_is_coloured_moved_or_shortened(duckdb_run: Ran) -> None:
    said = duckdb_run.first
    assert not STEERING.search(said.out + said.err)
    assert "━" not in said.out + said.err
    wide = duckdb_run("quarantine").out
    assert not STEERING.search(wide)
    assert "raw_text" in wide.splitlines()[1] and NOT_SHOWN not in wide


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("query 'select * from raw.orders' --csv", "order_id,customer_id,"),
        ("query 'select * from raw.orders' --json", "{"),
        ("query 'select * from raw.orders'", "order_id   "),
        ("quarantine", "Quarantine"),
        ("--help", "Usage: ecomdata "),
    ],
)
def test_a_reader_that_goes_away_is_no_error(duckdb_run: Ran, words: str, first: str) -> None:
    answer = through(duckdb_run, f"ecomdata {words} | head -1")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(first)
    assert through(duckdb_run, f"ecomdata {words} | true") == Answer(0, "", "")


def test_a_full_disk_behind_the_output_is_said(duckdb_run: Ran) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs root to make a device that is full")
    for words in ("kpis", "kpis --json", "query 'select * from raw.orders' --csv"):
        answer = through(duckdb_run, f"ecomdata {words} > /dev/full")
        assert answer == Answer(
            2, "", "error: the output cannot be used: No space left on device\n"
        )
    assert through(duckdb_run, "ecomdata kpis >&-") == Answer(0, "", "")


def test_quiet_says_nothing_but_errors(duckdb_run: Ran) -> None:
    assert duckdb_run("kpis", "--quiet") == Answer(0, "", "")
    assert duckdb_run("-q", "kpis", "--by", "x", code=2).err.startswith("error: ")


def test_a_terminal_that_knows_ascii_only_is_good_enough(duckdb_run: Ran) -> None:
    sql = "select 'ä€' as x"
    assert "\n??\n" in duckdb_run("query", sql, PYTHONIOENCODING="ascii").out
    assert "\\u00e4\\u20ac" in duckdb_run("query", sql, "--json", PYTHONIOENCODING="ascii").out
    assert duckdb_run("query", sql, "--csv", PYTHONIOENCODING="ascii").out == "x\nä€\n"


def test_text_of_a_file_cannot_steer_the_terminal(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "orders.csv").write_text("a\x1b[2J,b\x1b]0;owned\x07,c\n1,2,3\n")
    said = project("load", "orders.csv", code=1).err
    assert "a\N{REPLACEMENT CHARACTER}[2J" in said and not STEERING.search(said)
    (tmp_path / "orders.csv").write_text(ORDERS.replace("O1", "O\x1b[31m1"))
    project("load", "orders.csv")
    printed = project("query", "select order_id from raw.orders").out
    assert printed.split()[-1] == "O\N{REPLACEMENT CHARACTER}[31m1"
