"""What is printed, at a terminal of a given width and elsewhere."""

import io
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from ecomdata.cli.terminal import Terminal

MONEY = Decimal("9999999999999999.99")


def printed(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    width: int = 80,
    is_terminal: bool = True,
    shortened: Sequence[str] = (),
    right: Sequence[str] = (),
) -> list[str]:
    """The lines of a table, without the empty one behind it."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=is_terminal, color_system=None, highlight=False
    )
    Terminal(_out=console).table("", columns, rows, shortened, right)
    return [line for line in out.getvalue().split("\n") if line]


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    assert printed(
        ["name", "net", "orders", "rate"],
        [["Zoë", Decimal("1234.50"), 7, "12.3%"], ["Bartholomew", None, 1000, "1.0%"]],
        right=["rate"],
    ) == [
        "name               net   orders    rate",
        "───────────────────────────────────────",
        "Zoë           1,234.50        7   12.3%",
        "Bartholomew          –    1,000    1.0%",
    ]


def test_wide_characters_take_their_two_cells() -> None:
    lines = printed(["name", "n"], [["日本", 1], ["abcd", 2]])
    assert lines[2:] == ["日本   1", "abcd   2"]


def test_a_table_without_rows_is_its_head() -> None:
    assert printed(["a", "b"], []) == ["a   b", "─────"]


@pytest.mark.parametrize("width", [20, 40, 79, 80, 81, 120])
@pytest.mark.parametrize("text", ["x", 200 * "x", 50 * "日本 "])
def test_a_number_is_never_cut_and_a_line_never_wider_than_the_terminal(
    width: int, text: str
) -> None:
    columns = ["id", "text", *(f"figure {i}" for i in range(9))]
    number = f"{MONEY:,}"
    lines = printed(columns, [[1, text, *(9 * [MONEY])]], width, shortened=["text"])
    table = lines[:3]
    assert all(cell_len(line) <= width for line in table)
    kept = [name for name in columns if name in table[0]]
    assert table[2].count(number) == sum(name.startswith("figure") for name in kept)
    assert table[2].replace(number, "").count("9") == 0
    left_out = " ".join(line.strip() for line in lines[3:])
    assert left_out == f"not shown for lack of width: {', '.join(columns[len(kept) :])}"


def test_at_80_columns_text_is_cut_before_a_column_is_left_out() -> None:
    # 80 less three gaps of 3, two numbers of 24 and one of 1 leave 22 cells.
    lines = printed(["file", *"abc"], [[60 * "x", MONEY, MONEY, 1]], shortened=["file"])
    assert lines[2] == f"{21 * 'x'}…   {MONEY:,}   {MONEY:,}   1"
    assert len(lines) == 3


def test_what_fits_is_shown_whole_at_any_length_up_to_40() -> None:
    assert printed(["t"], [[40 * "x"], [41 * "x"]], shortened=["t"])[2:] == [
        40 * "x",
        39 * "x" + "…",
    ]


def test_a_file_or_pipe_gets_every_column() -> None:
    lines = printed([*"abcdef"], [6 * [MONEY]], is_terminal=False)
    assert lines[2].split() == 6 * [f"{MONEY:,}"]
    assert len(lines) == 3


def test_cells_cannot_steer_the_terminal() -> None:
    lines = printed(["t"], [["\x1b[2J[bold]x\n"]])
    assert lines[2] == "\ufffd[2J[bold]x⏎"


@pytest.mark.parametrize("terminal", [Terminal(as_json=True), Terminal(quiet=True)])
def test_no_table_and_no_line_for_json_or_quiet(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.table("title", ["a"], [[1]])
    terminal.say("done")
    assert capsys.readouterr() == ("", "")


def test_an_answer_is_a_line_or_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().answer({"net": Decimal("1.10")}, "net is 1.10")
    assert capsys.readouterr().out == "net is 1.10\n"
    Terminal(as_json=True).answer({"net": Decimal("1.10")}, "net is 1.10")
    assert json.loads(capsys.readouterr().out) == {"net": "1.10"}


def test_an_error_is_one_line_on_stderr_and_a_document_for_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = 100 * "long " + "\x1b[31m[red]"
    Terminal(quiet=True).error(long)
    expected = f"error: {100 * 'long '}\ufffd[31m[red]\n"
    assert capsys.readouterr() == ("", expected)
    Terminal(as_json=True).error("no")
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"error": "no"}, "error: no\n")


def test_a_list_is_one_document_whose_elements_come_at_once_also_where_an_error_ends_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal(as_json=True)
    terminal.open_list()
    terminal.element({"price": Decimal("1.50")})
    assert capsys.readouterr().out == '[\n{"price": "1.50"}\n'
    terminal.element({})
    terminal.error("the disk is full")
    assert capsys.readouterr() == (
        ',{}\n,{"error": "the disk is full"}\n]\n',
        "error: the disk is full\n",
    )

    empty, read = Terminal(as_json=True), Terminal()
    for each in (empty, read):
        each.open_list()
        each.close_list()
    assert capsys.readouterr().out == "[\n]\n"
    read.element({})
    assert capsys.readouterr().out == ""


def test_progress_is_not_shown_where_stderr_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    terminal.progress("reading", 1, 2)
    terminal.stop()
    assert capsys.readouterr() == ("", "")
