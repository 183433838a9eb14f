"""Any history of loads gives what a new warehouse of the surviving files has, and what is meant."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import oracle_customers
import oracle_products
import oracle_tables
import pytest
from batches import Book, Export
from compiled import Compiled, compiled
from histories import (
    CUT,
    OVERLAP,
    REPLACED,
    UNDONE,
    Again,
    Load,
    Undo,
    histories,
    is_killed,
    load_files,
)
from hypothesis import HealthCheck, example, given, settings
from servers import NewPipeline
from shops import FINAL_TABLES, Rows, in_order, load, shop
from snapshots import listed

from ecomdata.ingest import undo as ingest_undo
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Connection, open_warehouse, prepare

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("histories")

#: A longer round: ECOMDATA_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("ECOMDATA_EXAMPLES", "8"))

ORACLE = {
    "final_sales_report": oracle_tables.sales_report,
    "final_product_performance": oracle_tables.product_performance,
    "final_product_affinity": oracle_products.product_affinity,
    "final_sales_bridge": oracle_products.sales_bridge,
    "final_customer_behavior": oracle_customers.customer_behavior,
    "final_customer_segments": oracle_customers.customer_segments,
    "final_segment_movements": oracle_customers.segment_movements,
    "final_cohort_retention": oracle_customers.cohort_retention,
}


@dataclass(frozen=True)
class Workshop:
    """Makes warehouses and builds their models."""

    models: Compiled
    new: Callable[[], Pipeline]

    def after(self, history: Sequence[Load | Again | Undo]) -> None:
        """Play a history; hold what is built to both the oracle and a new warehouse."""
        pipeline, book = self.new(), Book()
        home = pipeline.settings.project
        loads: list[Load] = []
        with open_warehouse(pipeline.settings).connect() as connection:
            prepare(connection)
            for step in history:
                if isinstance(step, Undo):
                    if book.load_ids:
                        load_id = book.load_ids[step.place % len(book.load_ids)]
                        ingest_undo(connection, load_id)
                        book.undo(load_id)
                    continue
                if isinstance(step, Again):
                    if not loads:
                        continue
                    step = Load(loads[step.step % len(loads)].files, step.replace)
                loads.append(step)
                if step.killed is None or not is_killed(connection, home, step):
                    if step.killed is None:
                        load_files(connection, home, step.files, step.replace)
                    book.load(step.files, step.replace)
            found = self._final(connection)
        assert_as_meant(found, book)
        contents = [file.export for file in book.files if not file.replaced_by]
        if len(contents) == len(set(contents)):  # a new warehouse takes no copy by another name
            assert figures(found) == figures(self._fresh(book))

    def _fresh(self, book: Book) -> dict[str, Any]:
        """A new warehouse that gets just the surviving files, statement by statement."""
        pipeline = self.new()
        statements: dict[int, dict[str, Export]] = {}
        for file in sorted(book.files, key=lambda file: file.statement):
            if not file.replaced_by:
                statements.setdefault(file.statement, {})[file.name] = file.export
        with open_warehouse(pipeline.settings).connect() as connection:
            prepare(connection)
            for files in statements.values():
                load_files(connection, pipeline.settings.project, files, False)
            return self._final(connection)

    def _final(self, connection: Connection) -> dict[str, Any]:
        self.models.build(connection)
        return {name: connection.query(f"select * from final.{name}") for name in FINAL_TABLES}


def figures(tables: dict[str, Any]) -> dict[str, Rows]:
    """The tables that tell of the shop, not of the loads."""
    return {name: in_order(tables[name].rows) for name in ORACLE}


def assert_as_meant(found: dict[str, Any], book: Book) -> None:
    shop = book.shop()
    for name, expected in ORACLE.items():
        assert listed(found[name].dicts()) == listed(expected(shop)), name
    quality = found["final_data_quality"].dicts()
    names = ("load_id", "file", "entity", "staged_rows", "quarantined_rows", "superseded_rows")
    assert sorted(tuple(row[name] for name in names) for row in quality) == book.quality()
    loads = ("valid_from_load_id", "valid_to_load_id")
    assert {
        (row["product_id"], row["version_number"], row["list_price"], row["unit_cost"])
        + tuple(row[name] for name in loads)
        for row in found["final_product_history"].dicts()
    } == {
        (key, number, Decimal(price), Decimal(cost), *between)
        for key, number, (price, cost), *between in book.versions("products")
    }
    assert {
        (row["customer_id"], row["version_number"], row["country"])
        + tuple(row[name] for name in loads)
        for row in found["final_customer_history"].dicts()
    } == {
        (key, number, country or "Unknown", *between)
        for key, number, (country,), *between in book.versions("customers")
    }


@pytest.fixture(scope="module")
def workshops(
    new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Workshop]:
    made: dict[str, Workshop] = {}

    def of(engine: str) -> Workshop:
        if engine not in made:
            home: Path = tmp_path_factory.mktemp(f"{engine} histories")
            numbers = count()
            made[engine] = Workshop(
                compiled(new_pipeline(engine, home / "first")),
                lambda: new_pipeline(engine, home / str(next(numbers))),
            )
        return made[engine]

    return of


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(history=histories)
@example(history=OVERLAP)
@example(history=REPLACED)
@example(history=UNDONE)
@example(history=CUT)
def test_any_history_gives_what_the_surviving_files_say(
    workshops: Callable[[str], Workshop], history: list[Load | Again | Undo]
) -> None:
    workshops("duckdb").after(history)


@settings(
    max_examples=max(EXAMPLES // 5, 2),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(history=histories)
def test_so_does_it_on_postgresql(
    workshops: Callable[[str], Workshop], history: list[Load | Again | Undo]
) -> None:
    workshops("postgres").after(history)


def test_only_lines_that_count_say_what_the_shops_currency_is(
    workshops: Callable[[str], Workshop], tmp_path: Path
) -> None:
    workshop = workshops("duckdb")
    pipeline = workshop.new()
    header = "order_id,product_id,quantity,total_price,order_date,currency\n"
    euros = "".join(f"O1,P{i},1,3.00,2024-05-01,EUR\n" for i in range(3))
    dollars = "O1,P1,1,3.00,2024-05-01,USD\nO2,P1,1,4.00,2024-05-02,USD\n"
    load(pipeline, shop(tmp_path / "wrong", may=header + euros))
    load(pipeline, shop(tmp_path / "corrected", june=header + dollars))
    with open_warehouse(pipeline.settings).connect() as connection:
        workshop.models.build(connection)
        staged = connection.query("select order_id, currency from staging.stg_orders order by 1")
        assert staged.rows == (("O1", "USD"), ("O2", "USD"))
