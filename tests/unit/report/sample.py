"""Two years of a shop as the report receives it, the same for the same arguments."""

import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Report = dict[str, Any]

HOSTILE = (
    "</script><script>window.hacked = 1</script>",
    '<!--<script>"\'><img src=x onerror="window.hacked = 1">',
    "{{7*7}} {% raw %} ${7*7} {b|bold}",
    "=HYPERLINK(1) & \u2028 \u2029 \x00 \x1b[31m",
    "👩‍👩‍👧 naïve \u202eright to left\u202c",
    "قميص",
    "x" * 10_000,
    "<" * 10_000,
    "</style><style>*{display:none}</style>",
    "   ",
)


def shop(
    first: date = date(2023, 12, 20), days: int = 737, name: Callable[[int], str] = str
) -> Report:
    """A shop of `days` days; its first and last week and month are cut short."""
    dice = random.Random(7)
    named = name if name is not str else _ordinary
    daily = []
    for n in range(days):
        day = first + timedelta(days=n)
        season = 1 + 0.3 * math.sin(2 * math.pi * (day.timetuple().tm_yday - 80) / 365)
        season *= 1.9 if day.month == 11 and day.day > 21 else 1.0
        orders = round(
            (95 + n / 12) * season * (1.25 if day.weekday() > 4 else 1) * dice.uniform(0.85, 1.15)
        )
        gross = orders * Decimal(dice.randrange(5400, 6800)) / 100
        returns = -gross * dice.randrange(3, 9) / 100
        daily.append((day, orders, gross, returns.quantize(Decimal("0.01"))))
    last = first + timedelta(days=days - 1)
    net = sum((gross + returns for _, _, gross, returns in daily), Decimal(0))
    months = _grouped(daily, lambda day: day.replace(day=1), last)
    products = [
        {
            "product_id": f"P-{i:05}",
            "product_name": named(i),
            "category": named(i % 7 + 100),
            "net_sales": str((net / (i + 9) / 5).quantize(Decimal("0.01"))),
            "orders": 41_020 // (i + 9),
            "units": 61_800 // (i + 9),
            "return_rate": None if i == 3 else f"0.0{dice.randrange(10, 99)}",
            "share": str((1 / Decimal(i + 9) / 5).quantize(Decimal("0.000001"))),
            "abc": "A" if i < 30 else "B",
        }
        for i in range(50)
    ]
    weights = [2**-n for n in range(1, 8)]
    countries = [
        {
            "country": named(n + 200),
            "net_sales": str((net / Decimal(n + 2) / 3).quantize(Decimal("0.01"))),
            "orders": 80_000 // (n + 2),
            "customers": 21_000 // (n + 2),
            "share": str((1 / Decimal(n + 2) / 3).quantize(Decimal("0.000001"))),
        }
        for n in range(23)
    ]
    return {
        "title": "Shop report",
        "currency": "EUR",
        "locale": "en",
        "coverage": {"first_day": str(first), "last_day": str(last)},
        "period": {
            "label": "last 365 days",
            "start": str(last - timedelta(days=364)),
            "end": str(last),
        },
        "previous": {
            "label": "the 365 days before",
            "start": str(last - timedelta(days=729)),
            "end": str(last - timedelta(days=365)),
        },
        "caveats": ["Returns without a date stand on their order's day."],
        "kpis": [
            _kpi("net_sales", "Net sales", "money", "up", "2764184.07", "2387712.91", "0.157670"),
            _kpi("gross_sales", "Gross sales", "money", "up", "2930121.55", "2540876.1", "0.1532"),
            _kpi("returns", "Returns", "money", "up", "-165937.48", "-153163.19", "-0.083403"),
            _kpi("orders", "Orders", "count", "up", "47812", "41553", "0.150627"),
            _kpi("customers", "Customers", "count", "up", "18240", "18243", "-0.000164"),
            _kpi("aov", "Average order value", "money", "up", "57.81", "57.46", "0.006091"),
            _kpi("units", "Units", "count", "up", "71230", None, None),
            _kpi("upt", "Units per order", "number", "neutral", "1.4898", "1.5121", "-0.01475"),
            _kpi("return_rate", "Return rate", "rate", "down", "0.056631", "0.060280", "-0.060534"),
            _kpi("gross_margin", "Gross margin", "money", "up", None, None, None),
        ],
        "sales": {
            "day": _grouped(daily, lambda day: day, last),
            "week": _grouped(daily, lambda day: day - timedelta(days=day.weekday()), last),
            "month": months,
        },
        "products": {"total": 1_234, "rows": products},
        "categories": [
            {
                "category": named(n + 100),
                "net_sales": str((net * Decimal(weight)).quantize(Decimal("0.01"))),
                "share": str(Decimal(weight).quantize(Decimal("0.000001"))),
            }
            for n, weight in enumerate(weights)
        ],
        "countries": countries,
        "customers": [_customers(month, i) for i, month in enumerate(months)],
        "quality": {
            "records": 191_204,
            "rejected": 14,
            "loaded": 191_190,
            "raw_rows": 191_190,
            "superseded": 120,
            "quarantined": 307,
            "staged": 190_763,
            "conserved": True,
            "rules": [
                _rule("number_unparseable", "staging", "orders", 211, 812, 'O-7,C-9,P-3,"two",19'),
                _rule("date_malformed", "staging", "orders", 96, 4_120, "O-39,C-4,P-8,2024-02-30"),
                _rule("wrong_number_of_fields", "reading", "products", 14, 77, "P-77,Desk lamp"),
            ],
            "field_issues": [
                {"entity": "customers", "field": "email", "rule": "malformed", "count": 58}
            ],
        },
        "definitions": [
            {"name": "Net sales", "text": "Gross sales less discounts, returns and cancellations."},
            {"name": "Orders", "text": "Orders with a line sold and not wholly cancelled."},
            {"name": "Return rate", "text": "Units returned divided by units sold."},
        ],
        "version": "0.1.0",
    }  # fmt: skip


def hostile_shop() -> Report:
    """The same shop with names that want to be code."""
    report = shop(name=lambda i: HOSTILE[i % len(HOSTILE)])
    for rule, text in zip(report["quality"]["rules"], HOSTILE, strict=False):
        rule["example"] = {"file": text, "line": 1, "raw_text": text}
    return report | {"title": HOSTILE[0], "currency": HOSTILE[1]}


def empty_shop() -> Report:
    """A warehouse into which nothing was loaded."""
    return shop() | {
        "currency": None,
        "coverage": {"first_day": None, "last_day": None},
        "period": None,
        "previous": None,
        "caveats": [],
        "kpis": [],
        "sales": {"day": [], "week": [], "month": []},
        "products": {"total": 0, "rows": []},
        "categories": [],
        "countries": [],
        "customers": [],
        "quality": {
            "records": 0, "rejected": 0, "loaded": 0, "raw_rows": 0, "superseded": 0,
            "quarantined": 0, "staged": 0, "conserved": True, "rules": [], "field_issues": [],
        },
    }  # fmt: skip


def _ordinary(i: int) -> str:
    if i >= 200:
        places = (
            "Germany,France,Netherlands,Austria,Belgium,Spain,Italy,Poland,Sweden,Denmark,Norway"
        )
        return [*places.split(","), *(f"Country {n}" for n in range(12))][i - 200]
    if i >= 100:
        return "Home,Kitchen,Garden,Lighting,Textiles,Stationery,Toys".split(",")[i - 100]
    things = (
        "Linen tablecloth,Oak desk lamp,Enamel teapot,Wool blanket,Glass carafe with a cork stopper"
    )
    return f"{things.split(',')[i % 5]}{f' No. {i // 5 + 1}' if i > 4 else ''}"


def _grouped(
    daily: list[tuple[date, int, Decimal, Decimal]], start: Callable[[date], date], last: date
) -> list[Report]:
    rows: dict[date, Report] = {}
    for day, orders, gross, returns in daily:
        row = rows.setdefault(
            start(day),
            {
                "net_sales": Decimal(0),
                "gross_sales": Decimal(0),
                "returns": Decimal(0),
                "orders": 0,
            },
        )
        row["gross_sales"] += gross
        row["returns"] += returns
        row["net_sales"] += gross + returns
        row["orders"] += orders
    following = start(last + timedelta(days=1))
    return [
        {"start": str(begin)}
        | {key: value if key == "orders" else str(value) for key, value in row.items()}
        | {"complete": begin >= daily[0][0] and begin != following}
        for begin, row in rows.items()
    ]


def _customers(month: Report, i: int) -> Report:
    new, guests = Decimal("0.62") - Decimal(i) / 100, Decimal("0.06")
    sales = Decimal(month["net_sales"])
    cents = Decimal("0.01")
    return {
        "start": month["start"],
        "new_orders": round(month["orders"] * new),
        "returning_orders": month["orders"] - round(month["orders"] * new),
        "new_sales": str((sales * new).quantize(cents)),
        "returning_sales": str((sales * (1 - new - guests)).quantize(cents)),
        "guest_sales": str((sales * guests).quantize(cents)),
        "complete": month["complete"],
    }


def _kpi(
    name: str, label: str, unit: str, better: str,
    value: str | None, previous: str | None, change: str | None,
) -> Report:  # fmt: skip
    return {
        "id": name, "label": label, "unit": unit, "better": better, "value": value,
        "previous": previous, "change": change, "all": value,
        "definition": f"What {label.lower()} are, in one sentence that says it.",
    }  # fmt: skip


def _rule(rule: str, stage: str, entity: str, count: int, line: int, raw_text: str) -> Report:
    example = {"file": f"{entity}.csv", "line": line, "raw_text": raw_text}
    return {"rule": rule, "stage": stage, "entity": entity, "count": count, "example": example}
