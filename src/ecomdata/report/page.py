"""One self-contained HTML file from figures that the warehouse has computed.

What does not depend on a choice is written here. What does is drawn by the script from sums in
cents and counts, in whole numbers only, by the same rules as the warehouse's. Text is English;
numbers and days are written as the shop's locale has them, by the browser, which knows them all.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

from ecomdata.report.explain import SECTIONS

Row = Mapping[str, Any]

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

RULES_LISTED = 30
TEXT_LIMIT = 100

# A control character is shown by its picture (U+2400 and on), never sent to the browser.
PICTURES = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}

#: What the script draws from; the rest is written into the page.
DRAWN = (
    "locale", "coverage", "period", "previous", "last_year", "kpis", "absent", "choices",
    "window", "pieces", "countries", "categories", "cube", "days", "products", "sql", "loads",
)  # fmt: skip
FIGURES = ("value", "previous", "last_year", "all")

#: Colours of the heat map.
STEPS = 9


def render(data: Mapping[str, Any], is_live: bool = False) -> str:
    """Render the report; where it is live, with a form that asks for other days.

    Shape: what `report_data` returns. The same data gives the same bytes.
    """
    env = _environment()
    static = {name: _static(name) for name in ("report.css", "echarts.min.js", "report.js")}
    drawn = {name: data[name] for name in DRAWN} | {
        "currency": clip(data["currency"], 12) if data["currency"] else ""
    }
    for dimension in ("countries", "categories"):
        names = [clip(name) for name in data[dimension]["names"]]
        drawn[dimension] = {"names": names, "rest": data[dimension]["rest"]}
    products = [
        {key: clip(value) if isinstance(value, str) else value for key, value in row.items()}
        for row in data["products"]["rows"]
    ]
    drawn["products"] = {"total": data["products"]["total"], "rows": products}
    return env.get_template("report.html.j2").render(
        data=data,
        is_live=is_live,
        figures=[
            {"label": kpi["label"]}
            | {
                key: show(kpi[key], kpi["unit"])
                for key in ("value", "previous", "last_year", "all")
            }
            for kpi in data["kpis"]
        ],
        cohorts=_cohorts(data["cohorts"]),
        rules=[_rule(rule) for rule in data["quality"]["rules"][:RULES_LISTED]],
        rules_listed=RULES_LISTED,
        how=SECTIONS,
        packed=packed(drawn),
        static=static,
        csp=_content_security_policy(static, "'self'" if is_live else "'none'"),
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
    if kind == "percent":
        text = f"{_rounded(number * 100, 0):,f}%"
    elif kind == "whole":
        text = f"{_rounded(number, 0):,f}"
    elif kind == "rate":
        text = f"{_rounded(number * 100, 1):,f}%"
    elif kind == "count":
        text = f"{_rounded(number, 0):,f}"
    else:
        text = f"{_rounded(number, 2):,f}"
    return text.replace("-", "−")


def clip(value: object, limit: int = TEXT_LIMIT) -> str:
    """Shorten a text of the shop's to what a page can hold, its control characters made visible."""
    text = "" if value is None else str(value).translate(PICTURES)
    if not text.strip():
        return "not given"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def code(text: str) -> str:
    """Return SQL as a page can hold it: its lines kept, other control characters made visible."""
    return text.translate({place: sign for place, sign in PICTURES.items() if place != 10})


def packed(value: object) -> str:
    """Write JSON as base64 of deflate: small, and nothing in it can end a <script> element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) + 0  # -0.00 becomes 0.00


def _cohorts(cohorts: list[Row]) -> list[dict[str, Any]]:
    """Turn the cohorts into the tables of the heat map: each cell with its step of colour."""
    tables = []
    # The month of the first order itself says nothing of coming back.
    for name, kind, first in (("retention", "percent", 1), ("value", "whole", 0)):
        most = max((Decimal(v) for c in cohorts for v in c[name][first:] if v), default=Decimal(0))
        rows = [
            {
                "month": cohort["month"],
                "size": cohort["size"],
                "cells": [(value, _step(value, most)) for value in cohort[name][first:]],
            }
            for cohort in cohorts
        ]
        months = range(first, max((len(c[name]) for c in cohorts), default=0))
        tables.append({"name": name, "kind": kind, "months": months, "rows": rows})
    return tables


def _step(value: str | None, most: Decimal) -> int:
    """Return the step of colour, 0 to STEPS - 1, of a value among those up to the most."""
    if value is None or most <= 0:
        return 0
    return min(STEPS - 1, max(0, int(Decimal(value) / most * STEPS)))


def _rule(rule: Row) -> dict[str, Any]:
    example = rule["example"] or {"file": None, "line": None, "raw_text": None}
    where = f"{example['file']}:{example['line']}" if example["file"] else None
    return {**rule, "where": where, "raw_text": example["raw_text"]}


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"show": show, "clip": clip, "code": code}
    return env


@cache
def _static(name: str) -> str:
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8").strip()


def _content_security_policy(static: Mapping[str, str], forms: str) -> str:
    def source(text: str) -> str:
        digest = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(digest).decode()}'"

    scripts = " ".join(source(text) for name, text in static.items() if name.endswith(".js"))
    return (
        f"default-src 'none'; script-src {scripts}; style-src {source(static['report.css'])}; "
        f"img-src data:; base-uri 'none'; form-action {forms}"
    )
