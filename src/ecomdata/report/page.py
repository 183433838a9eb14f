"""One self-contained HTML file from figures that are ready to print.

The page computes nothing about money but its formatting (and, in two charts, one bar named
"Other" that adds up the tail). Tables and cards are rendered here, so that they read without
JavaScript; the script only draws. Text and numbers are English.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

Row = Mapping[str, Any]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}

# What one page draws and lists, so that it stays under 1 MB for a shop of any age or size.
LISTED = {"day": 731, "week": 261, "month": 120, "groups": 100, "rules": 30}
BARS = 10
TEXT_LIMIT = 100

# A control character is shown by its picture (U+2400 and on), never sent to the browser.
PICTURES = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}


def render(data: Mapping[str, Any]) -> str:
    """Render the report.

    Shape: the keys that `report.html.j2` reads; money, rates and counts as decimal strings or ints,
    None for a figure that the data cannot support. The same data gives the same bytes.
    """
    env = _environment()
    static = {name: _static(name) for name in ("report.css", "echarts.min.js", "report.js")}
    symbol = currency_symbol(data["currency"])
    sales = {grain: data["sales"][grain][-LISTED[grain] :] for grain in ("day", "week", "month")}
    customers = data["customers"][-LISTED["month"] :]
    charts = {
        "symbol": symbol,
        "sales": {grain: _columns(rows) for grain, rows in sales.items()},
        "customers": _columns(customers),
        "products": _columns(
            [_bar(row, "product_name") for row in data["products"]["rows"][:BARS]]
        ),
        "categories": _columns(_head_and_other(data["categories"], "category")),
        "countries": _columns(_head_and_other(data["countries"], "country")),
    }
    return env.get_template("report.html.j2").render(
        data=data,
        cards=[_card(kpi, symbol) for kpi in data["kpis"]],
        sales=sales,
        first_grain=next((g for g in ("month", "week") if len(sales[g]) >= 6), "day"),
        customers=customers,
        rules=[
            _rule(rule) for rule in (data["quality"] or {"rules": ()})["rules"][: LISTED["rules"]]
        ],
        listed=LISTED,
        charts=json_for_html(charts),
        static=static,
        csp=_content_security_policy(static),
    )


def show(value: object, kind: str) -> str:
    """Write one figure as the tables do: no currency, a true minus sign, an en dash for None."""
    if kind == "text":
        return clip(value)
    if value is None:
        return "–"
    if kind in ("day", "week", "month"):
        day = date.fromisoformat(str(value))
        return f"{day.day} " * (kind != "month") + f"{MONTHS[day.month - 1]} {day.year}"
    number = Decimal(str(value))
    if kind == "rate":
        text = f"{_rounded(number * 100, 1):,f}%"
    elif kind == "count":
        text = f"{_rounded(number, 0):,f}"
    else:
        text = f"{_rounded(number, 2):,f}"
    return text.replace("-", "−")


def figure(value: object, unit: str, symbol: str) -> str:
    """Write one figure as the cards do: money with its currency, None in words."""
    if value is None:
        return "not in this data"
    text = show(value, unit)
    if unit != "money":
        return text
    return f"−{symbol}{text[1:]}" if text.startswith("−") else f"{symbol}{text}"


def clip(value: object, limit: int = TEXT_LIMIT) -> str:
    """Shorten a text of the shop's to what a page can hold, its control characters made visible."""
    text = "" if value is None else str(value).translate(PICTURES)
    if not text.strip():
        return "not given"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def currency_symbol(currency: str | None) -> str:
    """Return what stands before an amount: a sign, a code and a space, or nothing."""
    if not currency:
        return ""
    return SYMBOLS.get(currency, f"{clip(currency, 12)}\N{NO-BREAK SPACE}")


def json_for_html(value: object) -> str:
    r"""Write JSON that a <script> element holds safely: <, > and & as \u escapes, ASCII only."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0  # -0.00 becomes 0.00


def _card(kpi: Row, symbol: str) -> dict[str, Any]:
    """Turn a KPI into the words of its card."""
    card = {key: kpi[key] for key in ("id", "label", "definition")} | {
        key: figure(kpi[key], kpi["unit"], symbol) for key in ("value", "previous", "all")
    }
    card["missing"] = kpi["value"] is None
    if kpi["value"] is None or kpi["change"] is None:
        return card | {"change": None}
    change = _rounded(Decimal(kpi["change"]) * 100, 1)
    if change == 0:
        word = "about the same" if Decimal(kpi["change"]) else "unchanged"
        return card | {"arrow": "", "change": "±0.0%", "tone": "neutral", "word": word}
    direction = "up" if change > 0 else "down"
    if kpi["better"] == "neutral":
        tone, word = "neutral", "higher" if direction == "up" else "lower"
    else:
        tone = word = "better" if direction == kpi["better"] else "worse"
    arrow, sign = ("▲", "+") if direction == "up" else ("▼", "−")
    return card | {"arrow": arrow, "change": f"{sign}{abs(change):,f}%", "tone": tone, "word": word}


def _rule(rule: Row) -> dict[str, Any]:
    example = rule["example"] or {"file": None, "line": None, "raw_text": None}
    where = f"{example['file']}:{example['line']}" if example["file"] else None
    return {**rule, "where": where, "raw_text": example["raw_text"]}


def _bar(row: Row, key: str) -> dict[str, Any]:
    return {"name": clip(row[key]), "net_sales": row["net_sales"], "share": row["share"]}


def _head_and_other(rows: Sequence[Row], key: str) -> list[dict[str, Any]]:
    """Keep the first bars and add up the tail: money is a sum, so this one addition is safe."""
    bars = [_bar(row, key) for row in rows]
    if len(bars) <= BARS + 1:
        return bars
    head, tail = bars[:BARS], bars[BARS:]
    shares = [Decimal(bar["share"]) for bar in tail if bar["share"] is not None]
    other = {
        "name": f"Other ({len(tail):,})",
        "net_sales": str(sum((Decimal(bar["net_sales"]) for bar in tail), Decimal(0))),
        "share": str(sum(shares, Decimal(0))) if len(shares) == len(tail) else None,
        "other": True,
    }
    return [*head, other]


def _columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: [row.get(key) for row in rows] for key in keys}


@cache
def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"show": show, "clip": clip, "figure": figure}
    return env


@cache
def _static(name: str) -> str:
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8").strip()


def _content_security_policy(static: Mapping[str, str]) -> str:
    def source(text: str) -> str:
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    scripts = " ".join(source(text) for name, text in static.items() if name.endswith(".js"))
    return (
        f"default-src 'none'; script-src {scripts}; style-src {source(static['report.css'])}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
