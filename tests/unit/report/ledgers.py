"""A ledger on an in-memory DuckDB."""

import random
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from ecomdata.warehouse.duckdb import DuckDBConnection

COUNTRIES = ("Chile", "France", "Unknown")


@dataclass(frozen=True)
class Entry:
    """A row of the ledger."""

    entry_type: str
    order_id: str
    customer_id: str | None
    product_id: str
    country: str
    entry_date: date
    quantity: int
    amount: Decimal
    cost_amount: Decimal | None
    category: str
    customer_type: str
    is_cancelled: bool


def ledger(entries: Sequence[Entry], absent: Sequence[str] = ()) -> DuckDBConnection:
    """A warehouse with these entries, and without these capabilities."""
    connection = DuckDBConnection(duckdb.connect(), Path("memory"))
    connection.execute("create schema intermediate")
    connection.execute("create schema meta")
    connection.execute(
        "create table intermediate.int_revenue_ledger (entry_type varchar, order_id varchar, "
        "customer_id varchar, product_id varchar, country varchar, entry_date date, "
        "quantity bigint, amount numeric(18, 2), cost_amount numeric(18, 2), category varchar, "
        "customer_type varchar, is_cancelled boolean)"
    )
    for entry in entries:
        marks = ", ".join(f"${i}" for i in range(1, 13))
        connection.execute(
            f"insert into intermediate.int_revenue_ledger values ({marks})", astuple(entry)
        )
    connection.execute(
        "create table meta.loads (load_id bigint, replaced_by bigint, caveats varchar)"
    )
    connection.execute(
        "create table meta.capabilities (capability varchar, is_in_data boolean, reason varchar)"
    )
    for name in ("discounts", "returns", "returned_units", "cancellations", "customers", "costs"):
        connection.execute(
            "insert into meta.capabilities values ($1, $2, $3)",
            [name, name not in absent, f"no {name} here" if name in absent else None],
        )
    return connection


def sale(day: date, amount: str, order: str = "O1", quantity: int = 1) -> Entry:
    """A sale to a new customer."""
    money, cost = Decimal(amount), Decimal("-1.00")
    who = ("C1", "P1", "Chile")
    return Entry("sale", order, *who, day, quantity, money, cost, "Tea", "new", False)


def random_entries(seed: int, count: int) -> list[Entry]:
    """Entries of every kind, of 70 days over a turn of the year."""
    draw = random.Random(seed)
    signs = {"sale": 1, "discount": -1, "return": -1, "cancellation": -1}
    entries = []
    for _ in range(count):
        kind = draw.choice(list(signs))
        order = draw.randrange(count // 3)
        quantity = 0 if kind == "discount" else signs[kind] * draw.randrange(1, 9)
        cost = Decimal(-quantity * draw.randrange(1, 999)) / 100
        entries.append(
            Entry(
                kind,
                f"O{order}",
                None if order % 5 == 0 else f"C{order % 7}",
                f"P{draw.randrange(6)}",
                draw.choice(COUNTRIES),
                date(2023, 12, 1) + timedelta(days=draw.randrange(70)),
                quantity,
                Decimal(signs[kind] * draw.randrange(1, 99999)) / 100,
                None if draw.random() < 0.02 else cost,
                draw.choice(("Tea", "Coffee")),
                ("guest", "new", "returning")[order % 3] if order % 5 else "guest",
                order % 11 == 0,
            )
        )
    return entries
