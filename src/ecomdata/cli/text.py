"""How single values look."""

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

#: A bar of a share of one cell, in eighths; and the cells of half a change's bar, each way.
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HALF = 4

#: Control characters but line feed and tab, and those that turn the direction of text.
_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(value: Any) -> Any:
    """Return a value as JSON has it: what JSON has no word for is text."""
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def shown(value: Any) -> str:
    """Return a value as a table shows it: thousands apart, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return printable(str(value).replace("\n", "⏎").replace("\t", "⇥"))


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: files and their names may hold anything."""
    return _STEERING.sub("\ufffd", text)


def amount(text: str | None, unit: str) -> str:
    """Return a figure with its unit's look."""
    if text is None:
        return "–"
    value = Decimal(text)
    if unit == "rate":
        return f"{value:.1%}"
    return f"{value:,.0f}" if unit == "count" else f"{value:,.2f}"


def aligned(text: str | None, unit: str) -> str:
    """Return a figure such that those of a column have their decimal points below each other."""
    return amount(text, unit) + ("" if text is not None and unit != "count" else "   ")


def bar(share: float, cells: int) -> str:
    """Return a bar of a share, of one in so many cells; a share below nothing is nothing."""
    eighths = round(min(max(share, 0), 1) * cells * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip().ljust(cells)


def change_bar(text: str | None) -> str:
    """Return a change as a bar to the right, or to the left for less; a whole half is 100 %."""
    if text is None:
        return ""
    moved = float(text)
    if moved >= 0:
        return " " * _HALF + "│" + bar(moved, _HALF)
    # No terminal has eighths from the right: halves.
    halves = round(min(-moved, 1) * _HALF * 2)
    left = ("▐" if halves % 2 else "") + "█" * (halves // 2)
    return f"{left:>{_HALF}}│{'':{_HALF}}"


def change(text: str | None, unit: str) -> str:
    """Return a change with its sign: of a rate in percentage points, else relative."""
    if text is None:
        return "–"
    return f"{Decimal(text) * 100:+.1f} pp" if unit == "rate" else f"{Decimal(text):+.1%}"
