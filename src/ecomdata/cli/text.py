"""How single values look."""

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

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


def change(text: str | None, unit: str) -> str:
    """Return a change with its sign: of a rate in percentage points, else relative."""
    if text is None:
        return "–"
    return f"{Decimal(text) * 100:+.1f} pp" if unit == "rate" else f"{Decimal(text):+.1%}"
