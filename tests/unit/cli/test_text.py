"""How single values look at the terminal, in JSON and in a spreadsheet."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ecomdata.cli.text import (
    aligned,
    amount,
    bar,
    change,
    change_bar,
    plain,
    printable,
    shown,
)
from ecomdata.report import defused

MOMENT = datetime(2024, 5, 1, 13, 4, 5, 999)  # noqa: DTZ001 - a moment in UTC, naive


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (-1234567, "-1,234,567"),
        (Decimal("1234567.80"), "1,234,567.80"),
        (Decimal("0.000001"), "0.000001"),
        (date(2024, 5, 1), "2024-05-01"),
        (MOMENT, "2024-05-01 13:04:05"),
        ("Zoë", "Zoë"),
        ("", ""),
        ("two\nlines\tand a tab", "two⏎lines⇥and a tab"),
        ("\x1b[31mred", "\ufffd[31mred"),
    ],
)
def test_a_value_in_a_table(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    "steering", ["\x00", "\x07", "\x1b", "\r", "\x7f", "\x9b", "\u202e", "\u2066"]
)
def test_nothing_that_steers_a_terminal_is_printed(steering: str) -> None:
    assert printable(f"a{steering}b") == "a\ufffdb"


def test_line_feeds_tabs_and_every_script_are_printed() -> None:
    assert printable("a\n\tб é قميص 💶\u00a0") == "a\n\tб é قميص 💶\u00a0"


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        (None, "money", "–"),
        (None, "rate", "–"),
        ("1234567.80", "money", "1,234,567.80"),
        ("-0.50", "money", "-0.50"),
        ("1234", "count", "1,234"),
        ("0", "count", "0"),
        ("0.123456", "rate", "12.3%"),
        ("1.000000", "rate", "100.0%"),
        ("2.50", "number", "2.50"),
        ("9999999999999999.99", "money", "9,999,999,999,999,999.99"),
    ],
)
def test_a_figure_has_its_units_look(text: str | None, unit: str, expected: str) -> None:
    assert amount(text, unit) == expected


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        (None, "money", "–"),
        ("0.100000", "money", "+10.0%"),
        ("-0.333333", "count", "-33.3%"),
        ("0.000000", "number", "+0.0%"),
        ("12.000000", "count", "+1200.0%"),
        ("0.227642", "rate", "+22.8 pp"),
        ("-0.001000", "rate", "-0.1 pp"),
        (None, "rate", "–"),
    ],
)
def test_a_change_has_its_sign_and_that_of_a_rate_is_in_points(
    text: str | None, unit: str, expected: str
) -> None:
    assert change(text, unit) == expected


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "-", "="])
def test_a_text_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=1", "1-1", "'=1", " x", -1, Decimal("-1.00"), None, True])
def test_other_cells_and_numbers_below_zero_stay(cell: Any) -> None:
    assert defused(cell) is cell


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("1.10"), "1.10"),
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 13, 4), "2024-05-01T13:04:00"),  # noqa: DTZ001
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (2**70, 2**70),
        (b"x", "b'x'"),
        ((1, [Decimal(2)]), [1, ["2"]]),
        ({1: {date(2024, 5, 1): None}}, {"1": {"2024-05-01": None}}),
    ],
)
def test_a_value_as_json_has_it(value: Any, expected: Any) -> None:
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("share", "drawn"),
    [
        (0, "    "),
        (-1, "    "),
        (1 / 32, "▏   "),
        (0.5, "██  "),
        (0.99, "████"),
        (1, "████"),
        (7, "████"),
    ],
)
def test_a_bar_is_a_share_of_its_cells_in_eighths(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


@pytest.mark.parametrize(
    ("moved", "drawn"),
    [
        (None, ""),
        ("0", "    │    "),
        ("0.5", "    │██  "),
        ("1.147", "    │████"),
        ("-0.5", "  ██│    "),
        ("-0.625", " ▐██│    "),
        ("-3", "████│    "),
    ],
)
def test_a_change_is_a_bar_to_its_side(moved: str | None, drawn: str) -> None:
    assert change_bar(moved) == drawn


def test_figures_of_a_column_have_their_decimal_points_below_each_other() -> None:
    figures = [("118952.17", "money"), ("2895", "count"), ("0.385", "rate"), ("-1", "number")]
    texts = [aligned(text, unit) for text, unit in figures]
    assert texts == ["118,952.17", "2,895   ", "38.5%", "-1.00"]
    to_the_right = [f"{text:>12}" for text in texts]
    assert {text.index(".") for text in to_the_right if "." in text} == {9}
    assert to_the_right[1] == "    2,895   "  # its last digit is before the others' points
    assert aligned(None, "money") == "–   "
