"""Shops whose staging is filled by hand, and the models over them, by dbt's compiled SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import compiled
import pytest
from compiled import Compiled
from oracle import Shop
from servers import History, NewPipeline
from shops import first_build

from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Connection, open_warehouse

Row = dict[str, Any]

#: As much of staging as the models behind it read.
STAGING = {
    "stg_customers": "customer_id text, country text, signup_date date",
    "stg_products": "product_id text, product_name text, category text, price numeric(18, 4),"
    " unit_cost numeric(18, 4)",
    "stg_orders": "order_id text, line_number bigint, customer_id text, product_id text,"
    " quantity bigint, total_price numeric(18, 2), discount_amount numeric(18, 2),"
    " ordered_at timestamp, order_date date, is_cancelled boolean, status text",
    "base_orders": "discount_amount numeric(18, 2), rule text, is_superseded boolean",
    "stg_returns": "order_id text, line_number bigint, customer_id text, product_id text,"
    " quantity bigint, refund_amount numeric(18, 2), return_date date",
}


@dataclass(frozen=True)
class Workshop:
    """A warehouse in which the models are built again and again."""

    pipeline: Pipeline
    models: Compiled

    def built(self, shop: Shop, tables: Sequence[str]) -> dict[str, list[Row]]:
        """Build the models over a shop and read some of the final tables; checks are run, too."""
        with open_warehouse(self.pipeline.settings).connect() as connection:
            _stage(connection, shop)
            self.models.build(connection)
            return {
                name: connection.query(f"select * from final.{name}").dicts() for name in tables
            }


def workshop(
    pipeline: Pipeline, target: Path, models: Sequence[str], checks: Sequence[str]
) -> Workshop:
    """Make a workshop of an empty warehouse, for some of what a build ran.

    Args:
        pipeline: over an empty warehouse.
        target: where dbt left what it compiled, for the same engine.
        models: names of those to build.
        checks: names of the tests of our own to run behind them.
    """
    every = compiled.read(target)
    with open_warehouse(pipeline.settings).connect() as connection:
        for schema in ("staging", "intermediate", "final", "meta"):
            connection.execute(f"create schema {schema}")
        connection.execute("create table meta.salts as select 'the same' as salt")
    chosen = Compiled(
        tuple(model for model in every.models if _name(model[0]) in models),
        tuple(check for check in every.checks if check[0] in checks),
    )
    assert {_name(table) for table, _ in chosen.models} == set(models)
    assert {name for name, _ in chosen.checks} == set(checks)
    return Workshop(pipeline, chosen)


def workshops_of(
    models: Sequence[str],
    checks: Sequence[str],
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    folders: pytest.TempPathFactory,
) -> Callable[[str], Workshop]:
    """The models as they were compiled for the hand-made shop, in warehouses of their own."""

    @cache
    def on(engine: str) -> Workshop:
        history(engine)
        target = first_build(shops_pipeline(engine))
        empty = new_pipeline(engine, folders.mktemp(f"{engine} {models[-1]}"))
        return workshop(empty, target, models, checks)

    return on


def _name(table: str) -> str:
    return table.rpartition(".")[2].strip('"')


def _stage(connection: Connection, shop: Shop) -> None:
    staged: dict[str, Sequence[tuple[Any, ...]]] = {
        "stg_customers": [(c.customer_id, c.country, c.signup_date) for c in shop.customers],
        "stg_products": [
            (p.product_id, p.name, p.category, p.price, p.unit_cost) for p in shop.products
        ],
        "stg_orders": [
            (
                *(line.order_id, number, line.customer_id, line.product_id, line.quantity),
                *(line.paid, line.discount, line.ordered_at, line.ordered_at.date()),
                line.cancelled,
                None if "cancellations" in shop.silent else "some",
            )
            for number, line in enumerate(shop.lines)
        ],
        "base_orders": [
            (None if "discounts" in shop.silent else line.discount, None, False)
            for line in shop.lines
        ],
        "stg_returns": [
            (r.order_id, number, r.customer_id, r.product_id, r.quantity, r.refund, r.day)
            for number, r in enumerate(shop.returns)
        ],
    }
    with connection.transaction():
        for table, columns in STAGING.items():
            connection.execute(f"drop table if exists staging.{table} cascade")
            connection.execute(f"create table staging.{table} ({columns})")
            for row in staged[table]:
                marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
                connection.execute(f"insert into staging.{table} values ({marks})", list(row))
