"""The models over one small shop with every awkward case, against an oracle in plain Python."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import handmade
import oracle_tables
import psycopg
import pytest
from conftest import ENGINES, PASSWORD, NewPipeline, Server
from oracle import Shop, measures
from oracle_tables import Row
from shops import Rows, final_tables, in_order, load, rows, shop, types

from ecomdata.errors import TooManyRejectedError
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Table

pytestmark = pytest.mark.xdist_group("models")

DIMENSIONS = ("day", "week", "month", "country", "category", "product")
ALL_DAYS = (date(2024, 1, 1), date(2024, 12, 31))
#: The last day of these months has a return, and nothing that was sold.
SOME_DAYS = (date(2024, 1, 11), date(2024, 2, 15))
READER = "models_reader"


@dataclass(frozen=True)
class Snapshot:
    """What a build left behind."""

    final: dict[str, Rows]
    types: Rows
    tables: dict[str, list[Row]]
    kpis: dict[tuple[str, tuple[date, date]], Table]
    headline: dict[str, Any] | None


def snapshot(pipeline: Pipeline) -> Snapshot:
    pipeline.build([], False)
    names = [f"final.{name}" for name in final_tables(pipeline)]
    names += [f"staging.stg_{name}" for name in ("customers", "products", "orders", "returns")]
    names += ["intermediate.int_revenue_ledger", "meta.quarantine", "meta.field_issues"]
    kpis = {}
    for by in DIMENSIONS:
        for days in (ALL_DAYS, SOME_DAYS):
            table = pipeline.kpis(by, *days).table
            assert table is not None
            kpis[by, days] = table
    return Snapshot(
        final_tables(pipeline),
        types(pipeline, "final"),
        {name: pipeline.query(f"select * from {name}").dicts() for name in names},
        kpis,
        pipeline.kpis(None, None, None).headline,
    )


History = Callable[[str], tuple[Snapshot, Snapshot]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def pipelines(new_pipeline: NewPipeline, folder: Path) -> Callable[[str], Pipeline]:
    """A warehouse for each engine."""
    return cache(lambda engine: new_pipeline(engine, folder / engine, max_rejected="0.5"))


@pytest.fixture(scope="module")
def history(
    pipelines: Callable[[str], Pipeline], folder: Path, request: pytest.FixtureRequest
) -> History:
    """On each engine, the first files loaded and built, then the changed ones on top."""

    @cache
    def of(engine: str) -> tuple[Snapshot, Snapshot]:
        pipeline = pipelines(engine)
        files = shop(
            folder / f"{engine} shop",
            customers=handmade.CUSTOMERS,
            products=handmade.PRODUCTS,
            orders=handmade.ORDERS,
            returns=handmade.RETURNS,
        )
        load(pipeline, files)
        first = snapshot(pipeline)
        if engine == "postgres":
            server: Server = request.getfixturevalue("postgres_server")
            server.run(f"create role {READER} login")
            pipeline.grant_reader(READER)
        load(pipeline, shop(files, **handmade.CHANGED))
        return first, snapshot(pipeline)

    return of


@pytest.fixture(params=["first", "after the changes"])
def built(request: pytest.FixtureRequest, history: History, engine: str) -> tuple[Snapshot, Shop]:
    """What was built of each state of the files, and what the files say."""
    before, after = history(engine)
    return (before, handmade.FIRST) if request.param == "first" else (after, handmade.SECOND)


def columns(found: list[Row], *names: str) -> Rows:
    return in_order([tuple(row[name] for name in names) for row in found])


def same(found: list[Row], expected: list[Row]) -> bool:
    """Whether all columns of all rows are equal, whatever their order; says where not."""
    assert {frozenset(row) for row in found} == {frozenset(row) for row in expected}
    names = sorted(expected[0])
    assert columns(found, *names) == columns(expected, *names)
    return True


def test_the_oracle_itself_agrees_with_figures_worked_by_hand() -> None:
    figures = measures(handmade.FIRST.ledger())
    assert figures == {
        "gross_sales": Decimal("3816.77"),
        "discounts": Decimal("-101.00"),
        "returns": Decimal("-1208.50"),
        "cancellations": Decimal("-1253.00"),
        "net_sales": Decimal("1254.27"),
        "orders": 7,  # O1 O2 O4 O5 O6 O7 O8
        "new_orders": 4,  # O1 O2 O4 O6
        "returning_orders": 2,  # O7 O8
        "customers": 4,  # C1 C2 C3 C9
        "units": 14,
        "units_sold": 18,
        "units_returned": 4,
        "cost_amount": None,  # of P9 nothing is known
        "average_order_value": Decimal("179.18"),
        "units_per_order": Decimal("2.00"),
        "average_selling_price": Decimal("89.59"),
        "return_rate": Decimal("0.222222"),
        "gross_margin": None,
        "margin_rate": None,
    }


def test_staging_holds_what_the_files_say(built: tuple[Snapshot, Shop]) -> None:
    found, truth = built
    lines = found.tables["staging.stg_orders"]
    assert columns(
        lines,
        *("order_id", "customer_id", "product_id", "quantity", "total_price", "ordered_at"),
        *("discount_amount", "is_cancelled"),
    ) == in_order([tuple(vars(line).values()) for line in truth.lines])
    assert all(line["order_date"] == line["ordered_at"].date() for line in lines)
    assert {line["currency"] for line in lines} == {"EUR"}
    back = ("order_id", "customer_id", "product_id", "quantity", "refund_amount", "return_date")
    assert columns(found.tables["staging.stg_returns"], *back) == in_order(
        [tuple(vars(each).values()) for each in truth.returns]
    )
    product = ("product_id", "product_name", "category", "price", "unit_cost")
    assert columns(found.tables["staging.stg_products"], *product) == in_order(
        [
            (p.product_id, p.name, p.category, p.price, p.unit_cost and p.unit_cost.quantize(PRICE))
            for p in truth.products
        ]
    )
    customer = ("customer_id", "country", "signup_date")
    assert columns(found.tables["staging.stg_customers"], *customer) == in_order(
        [tuple(vars(each).values()) for each in truth.customers]
    )


PRICE = Decimal("0.0001")


def test_names_and_e_mails_are_cleaned(history: History, engine: str) -> None:
    first, second = history(engine)
    names = ("customer_id", "name", "email")
    assert columns(first.tables["staging.stg_customers"], *names) == [
        ("C1", "Ann Lee", "ann@shop.org"),
        ("C2", "Bo", None),
        ("C3", "Cy", "cy@shop.org"),
        ("C4", "Di", None),
    ]
    bo = [row for row in second.tables["staging.stg_customers"] if row["customer_id"] == "C2"]
    assert [row["email"] for row in bo] == ["bo@shop.org"]


def test_every_refused_record_stands_in_quarantine_with_its_reason(
    history: History, engine: str
) -> None:
    names = ("entity", "line", "rule", "field", "value", "raw_text")
    found = history(engine)[0].tables["meta.quarantine"]
    assert columns(found, *names) == in_order(handmade.REFUSED)
    assert {(row["file"], row["load_id"]) for row in found} == {
        (f"{entity}.csv", 1) for entity in ("customers", "orders", "returns")
    }


def test_every_field_that_could_not_be_read_is_listed(history: History, engine: str) -> None:
    names = ("entity", "field", "rule", "value", "line")
    found = history(engine)[0].tables["meta.field_issues"]
    assert columns(found, *names) == handmade.FIELD_ISSUES


def test_the_ledger_has_every_entry(built: tuple[Snapshot, Shop]) -> None:
    found, truth = built
    entries = found.tables["intermediate.int_revenue_ledger"]
    assert len({row.pop("entry_id") for row in entries if "entry_id" in row}) in (0, len(entries))
    unnamed = [{k: v for k, v in row.items() if k != "line_number"} for row in entries]
    assert same(unnamed, oracle_tables.ledger(truth))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("final_sales_report", oracle_tables.sales_report),
        ("final_product_performance", oracle_tables.product_performance),
        ("final_customer_behavior", oracle_tables.customer_behavior),
    ],
)
def test_a_final_table_is_the_oracles_cell_by_cell(
    built: tuple[Snapshot, Shop], table: str, expected: Callable[[Shop], list[Row]]
) -> None:
    found, truth = built
    assert same(found.tables[f"final.{table}"], expected(truth))
