"""What the tests know of a shop's files without the code that made them."""

import csv
import hashlib
import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, str]


def rows(text: str) -> list[Row]:
    return list(csv.DictReader(text.splitlines()))


def read(shop: Path, name: str) -> list[Row]:
    return rows(Path(shop, name).read_text("utf-8"))


def files_of(shop: Path, entity: str) -> list[str]:
    """The names of an entity's CSV files, that of each later day after those before."""
    later = sorted(path.name for path in shop.glob(f"{entity}-????-??-??.csv"))
    return [f"{entity}.csv", *later]


def read_all(shop: Path, entity: str) -> list[Row]:
    """An entity's records from all of its files."""
    return [row for name in files_of(shop, entity) for row in read(shop, name)]


def truth(shop: Path, name: str) -> Any:
    text = Path(shop, "truth", name).read_text("utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def physical_lines(shop: Path, name: str) -> list[bytes]:
    return Path(shop, name).read_bytes().removesuffix(b"\n").split(b"\n")


def bytes_by_file(shop: Path) -> dict[str, bytes]:
    paths = sorted(path for path in shop.rglob("*") if path.is_file())
    return {path.relative_to(shop).as_posix(): path.read_bytes() for path in paths}


def digest(shop: Path) -> str:
    """A hash of all files but Parquet, whose bytes are those of a version of DuckDB."""
    whole = hashlib.sha256()
    for name, content in bytes_by_file(shop).items():
        if not name.endswith(".parquet"):
            whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def by_order(lines: list[Row]) -> dict[str, list[Row]]:
    orders: dict[str, list[Row]] = defaultdict(list)
    for line in lines:
        orders[line["order_id"]].append(line)
    return orders


def kpis(lines: list[Row], returns: list[Row], start: date, end: date) -> dict[str, Any]:
    """The KPIs of docs/kpis.md, entry by entry of the ledger."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    by_day: dict[str, Decimal] = defaultdict(Decimal)
    orders, customers, units = set(), set(), 0

    def enter(name: str, day: str, amount: Decimal) -> None:
        sums[name] += amount
        sums["net_sales"] += amount
        by_day[day] += amount

    for line in lines:
        paid, discount = Decimal(line["total_price"]), Decimal(line["discount_amount"])
        enter("gross_sales", line["order_date"], paid + discount)
        enter("discounts", line["order_date"], -discount)
        if line["status"] == "cancelled":
            enter("cancellations", line["order_date"], -paid)
            continue
        orders.add(line["order_id"])
        customers |= {line["customer_id"]} - {""}
        units += int(line["quantity"])
    for line in returns:
        enter("returns", line["return_date"], -Decimal(line["refund_amount"]))
        units -= int(line["quantity"])
    days = [(start + timedelta(day)).isoformat() for day in range((end - start).days + 1)]
    assert by_day.keys() <= set(days)
    names = ("gross_sales", "discounts", "returns", "cancellations", "net_sales")
    return {
        **{name: f"{sums[name]:.2f}" for name in names},
        "orders": len(orders),
        "customers": len(customers),
        "units": units,
        "by_day": {day: f"{by_day[day]:.2f}" for day in days},
    }
