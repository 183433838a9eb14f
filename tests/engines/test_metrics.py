"""Every metric of the semantic layer, by any dimensions, is the oracle's on both engines."""

import json
import os
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import handmade
import oracle_customers
import oracle_tables
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oracle import Customer, Entry, Line, Product, Return, Shop, measures
from servers import History, NewPipeline
from shops import first_build, load, shop
from snapshots import SOME_DAYS
from staged_shops import Workshop, workshop

from ecomdata.errors import DataError, UsageError
from ecomdata.pipeline import Pipeline
from ecomdata.report import KPIS
from ecomdata.report.metrics import BY_CUSTOMER, metrics_sql
from ecomdata.report.semantics import SemanticLayer
from ecomdata.transform import semantic_manifest
from ecomdata.warehouse import Table, open_warehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

#: A longer round: ECOMDATA_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("ECOMDATA_EXAMPLES", "15"))

Days = tuple[date, date] | None
Row = dict[str, Any]
OnEngine = Callable[[str], Pipeline]

NAMES = [kpi.name for kpi in KPIS]

BY: dict[str, Callable[[Entry], Any]] = oracle_tables.BY | {
    "quarter": lambda entry: entry.day.replace(month=(entry.day.month + 2) // 3 * 3 - 2, day=1),
    "year": lambda entry: entry.day.replace(month=1, day=1),
    "product_id": lambda entry: entry.product_id,
    "customer_type": lambda entry: entry.customer_type,
}

PAIRS = [("month", "country"), ("category", "customer_type"), ("product_id", "week")]

GROUPINGS: list[tuple[str, ...]] = [(), *((name,) for name in BY), *PAIRS]


def expected(truth: Shop, by: tuple[str, ...], days: Days) -> list[Row]:
    """All metrics by these dimensions, in their order."""
    groups: dict[tuple[Any, ...], list[Entry]] = {} if by else {(): []}
    for entry in truth.ledger():
        if days is None or days[0] <= entry.day <= days[1]:
            groups.setdefault(tuple(BY[name](entry) for name in by), []).append(entry)
    rows = []
    for key in sorted(groups):
        figures = measures(groups[key]) | oracle_customers.rates(groups[key])
        rows.append(
            dict(zip(by, key, strict=True)) | {name: figures[name] for name in NAMES},
        )
    return rows


def exactly(rows: list[Row]) -> list[dict[str, str]]:
    """Rows with what no comparison of numbers sees: types, and digits behind the point."""

    def told(value: Any) -> str:  # Python has a zero below zero, which a warehouse has not
        return f"{type(value).__name__} {value + 0 if isinstance(value, Decimal) else value}"

    return [{name: told(value) for name, value in row.items()} for row in rows]


@pytest.fixture(scope="session")
def built(history: History, shops_pipeline: OnEngine) -> OnEngine:
    """The hand-made shop after its changes, on an engine."""

    def on(engine: str) -> Pipeline:
        history(engine)
        return shops_pipeline(engine)

    return on


@pytest.mark.parametrize("days", [None, SOME_DAYS], ids=["all days", "some days"])
@pytest.mark.parametrize("by", GROUPINGS, ids=lambda by: "+".join(by) or "nothing")
def test_every_metric_by_any_dimensions_is_the_oracles(
    built: OnEngine, engine: str, by: tuple[str, ...], days: Days
) -> None:
    start, end = days or (None, None)
    found = built(engine).metrics(NAMES, by, start, end)
    assert found.absent == {}
    assert found.table.columns == (*by, *NAMES)
    assert exactly(found.table.dicts()) == exactly(expected(handmade.SECOND, by, days))


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_alone_is_what_it_is_among_others(built: OnEngine, engine: str, name: str) -> None:
    alone = built(engine).metrics([name], ["country"], None, None).table
    assert exactly(alone.dicts()) == exactly(
        [
            {column: row[column] for column in ("country", name)}
            for row in expected(handmade.SECOND, ("country",), None)
        ]
    )


def test_the_metrics_of_all_days_are_those_of_the_headline(built: OnEngine, engine: str) -> None:
    headline = built(engine).kpis(None, None, None).headline
    assert headline is not None
    [row] = built(engine).metrics(NAMES, [], None, None).table.dicts()
    assert {name: None if value is None else str(value) for name, value in row.items()} == {
        kpi["id"]: kpi["all"] for kpi in headline["kpis"]
    }


@pytest.mark.parametrize("side", [0, 1], ids=["from", "to"])
def test_one_day_alone_bounds_one_side(built: OnEngine, engine: str, side: int) -> None:
    first, last = date(2024, 1, 1), date(2024, 12, 31)
    start, end = [(SOME_DAYS[0], None), (None, SOME_DAYS[1])][side]
    found = built(engine).metrics(NAMES, ["month"], start, end).table
    days = (start or first, end or last)
    assert exactly(found.dicts()) == exactly(expected(handmade.SECOND, ("month",), days))


def test_days_without_entries_have_zeros_and_nothing_to_divide(
    built: OnEngine, engine: str
) -> None:
    days = (date(2024, 2, 6), date(2024, 2, 14))
    found = built(engine).metrics(NAMES, [], *days).table
    assert exactly(found.dicts()) == exactly(expected(handmade.SECOND, (), days))
    assert found.dicts()[0]["net_sales"] == 0
    assert built(engine).metrics(NAMES, ["month"], *days).table.rows == ()


def test_text_is_in_the_same_order_whatever_the_databases_language(built: OnEngine) -> None:
    manifest = semantic_manifest(built("postgres").settings, "postgres")
    layer = SemanticLayer.read(manifest, "postgres")
    by = [layer.dimensions[name] for name in ("country", "month")]
    sql = metrics_sql(layer, KPIS[:1], (), by, None)
    assert sql.endswith(
        ' order by measured.entry__country collate "C", measured.metric_time__month'
    )


def test_what_is_asked_for_twice_is_one_column(built: OnEngine, engine: str) -> None:
    found = built(engine).metrics(["orders", "units", "orders"], ["year", "year"], None, None)
    assert found.table.columns == ("year", "orders", "units")


def test_other_tools_of_metricflow_get_the_same_figures_but_for_floating_point(
    built: OnEngine, engine: str
) -> None:
    """They divide by MetricFlow itself, and do not ask this product's macros."""
    pipeline = built(engine)
    layer = SemanticLayer.read(semantic_manifest(pipeline.settings, engine), engine)
    exact = pipeline.metrics(NAMES, ["month"], None, None).table.dicts()
    for kpi in KPIS:
        if kpi.name == BY_CUSTOMER:
            continue
        flow = pipeline.query(layer.sums_sql([kpi.name], ["metric_time__month"])).dicts()
        values = {_day(row["metric_time__month"]): row[kpi.name] for row in flow}
        assert values.keys() == {row["month"] for row in exact}
        for row in exact:
            value = values[row["month"]]
            if row[kpi.name] is None:
                assert value is None
            else:
                tolerance = 5.1e-7 if kpi.unit == "rate" else 0.0051
                assert float(value) == pytest.approx(float(row[kpi.name]), abs=tolerance), kpi.name


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def test_the_calendar_has_every_day_from_the_ledgers_first_to_its_last(
    built: OnEngine, engine: str
) -> None:
    rows = built(engine).query("select date_day from intermediate.int_days_spanned order by 1").rows
    days = [day for (day,) in rows]
    assert (days[0], days[-1]) == (date(2024, 1, 2), date(2024, 3, 3))
    assert {later - earlier for earlier, later in pairwise(days)} == {timedelta(days=1)}


# Random shops: few names, so that groups are full; and orders around the ends of grains.

days_of_orders = st.sampled_from(
    [
        datetime.fromisoformat(f"{day} 12:00")
        for day in ("1999-12-31", "2000-01-01", "2024-02-29", "2024-03-01", "2024-12-29",
                    "2024-12-30", "2025-01-01", "2025-03-31", "2025-04-01")
    ]
)  # fmt: skip
amounts = st.sampled_from([Decimal(text) for text in ("0.00", "0.01", "0.05", "33.33", "9999.99")])
product_ids = st.sampled_from(["P1", "P2", "p1", "É4"])
customer_ids = st.sampled_from([None, "C1", "C2", "C3"])
costs = st.sampled_from([None, Decimal("0.00"), Decimal("1.25")])
countries = st.sampled_from([None, "Chile", "chile", "Österreich"])


@st.composite
def orders(draw: Any, number: int) -> list[Line]:
    moment, customer = draw(days_of_orders), draw(customer_ids)
    cancelled = draw(st.sampled_from([(False,), (False,), (True,), (False, True)]))
    return [
        Line(
            *(f"O{number}", customer, product, draw(st.integers(1, 3)), draw(amounts), moment),
            draw(st.sampled_from([Decimal("0.00"), Decimal("0.50")])),
            cancelled[position % len(cancelled)],
        )
        for position, product in enumerate(draw(st.lists(product_ids, min_size=1, max_size=3)))
    ]


@st.composite
def shops(draw: Any) -> Shop:
    lines: list[Line] = []
    for number in range(draw(st.integers(1, 12))):
        lines += draw(orders(number))
    back = st.builds(
        lambda line, units, refund, days: Return(
            *(line.order_id, line.customer_id, line.product_id, units, refund),
            (line.ordered_at + timedelta(days=days)).date(),
        ),
        *(st.sampled_from(lines), st.integers(1, 2), amounts, st.integers(0, 40)),
    )
    return Shop(
        tuple(Customer(name, draw(countries)) for name in ("C1", "C2")),
        tuple(
            Product(name, name, draw(st.sampled_from([None, "Tea", "tea"])), None, draw(costs))
            for name in ("P1", "P2", "p1")
        ),
        tuple(lines),
        tuple(draw(st.lists(back, max_size=4))),
    )


#: Two orders in one quarter and none more in each of its months; orders of a customer in two
#: countries' worth of months, so that distinct counts do not add up; a return with nothing sold.
REPEATED = Shop(
    (Customer("C1", "Chile"),),
    (Product("P1", "P1", "Tea", None, Decimal("1.25")),),
    tuple(
        Line(f"O{n}", "C1", "P1", n, Decimal("33.33"), datetime.fromisoformat(day))
        for n, day in enumerate(("2024-11-30", "2024-12-31", "2025-01-01"), 1)
    ),
    (Return("O1", "C1", "P1", 1, Decimal("0.05"), date(2025, 6, 1)),),
)


@pytest.fixture(scope="session")
def workshops(
    built: OnEngine, new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Workshop, SemanticLayer]]:
    """The ledger as it was compiled for the hand-made shop, in a warehouse of its own."""
    made: dict[str, tuple[Workshop, SemanticLayer]] = {}

    def on(engine: str) -> tuple[Workshop, SemanticLayer]:
        if engine not in made:
            manifest = semantic_manifest(built(engine).settings, engine)
            empty = new_pipeline(engine, tmp_path_factory.mktemp(f"{engine} metrics"))
            models = ("int_orders_classified", "int_revenue_ledger")
            made[engine] = (
                workshop(empty, first_build(built(engine)), models, ()),
                SemanticLayer.read(manifest, engine),
            )
        return made[engine]

    return on


@given(
    shop=shops(),
    pair=st.lists(st.sampled_from(list(BY)), min_size=2, max_size=3, unique=True),
    days=st.none() | st.tuples(days_of_orders, days_of_orders),
)
@example(shop=REPEATED, pair=["quarter", "year"], days=None)
@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_metrics_of_any_shop_are_the_oracles_on_both_engines(
    workshops: Callable[[str], tuple[Workshop, SemanticLayer]],
    shop: Shop,
    pair: list[str],
    days: tuple[datetime, datetime] | None,
) -> None:
    bounds = (min(days).date(), max(days).date()) if days else None
    for engine in ("duckdb", "postgres"):
        house, layer = workshops(engine)
        house.built(shop, ())
        with open_warehouse(house.pipeline.settings).connect(read_only=True) as connection:
            for by in ((), *((name,) for name in BY), tuple(pair)):
                dimensions = [layer.dimensions[name] for name in by]
                sql = metrics_sql(layer, KPIS, (), dimensions, bounds)
                found: Table = connection.query(sql)
                assert exactly(found.dicts()) == exactly(expected(shop, by, bounds)), by


def test_what_the_data_cannot_tell_is_null_and_named(pipeline: Pipeline) -> None:
    header = "order_id,product_id,quantity,total_price,order_date\n"
    orders = f"{header}O1,P1,2,6.00,2024-05-01\nO2,P1,1,4.00,2024-06-02\n"
    load(pipeline, shop(pipeline.settings.project / "shop", orders=orders))
    pipeline.build([], False)
    names = ["net_sales", "returns", "gross_margin", "customers", "repeat_purchase_rate"]
    found = pipeline.metrics(names, ["month"], None, None)
    assert {kpi.name: reason for kpi, reason in found.absent.items()} == {
        "returns": "no return was loaded",
        "gross_margin": "no product has a unit cost",
        "customers": "no order names a customer",
        "repeat_purchase_rate": "no order names a customer",
    }
    assert found.table.rows == (
        (date(2024, 5, 1), Decimal("6.00"), None, None, None, None),
        (date(2024, 6, 1), Decimal("4.00"), None, None, None, None),
    )
    only_absent = pipeline.metrics(["returns"], [], None, None)
    assert only_absent.table.rows == ((None,),)


def test_the_models_may_stand_in_a_file_of_another_name(
    duckdb_history: object, shops_pipeline: OnEngine, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    """A database's name is in dbt's manifest; the file may be moved, the manifest with it."""
    original = shops_pipeline("duckdb")
    moved = new_pipeline("duckdb", tmp_path / "moved")
    manifest = semantic_manifest(moved.settings, "duckdb")
    manifest.parent.mkdir(parents=True)
    written = json.loads(semantic_manifest(original.settings, "duckdb").read_text())
    assert written["semantic_models"][0]["node_relation"]["database"] == "shop"
    manifest.write_text(json.dumps(written))
    file = moved.settings.project / "other name.duckdb"
    file.write_bytes((original.settings.project / "shop.duckdb").read_bytes())
    elsewhere = Pipeline(moved.settings.model_copy(update={"warehouse": f"duckdb:///{file.name}"}))
    [row] = elsewhere.metrics(["orders"], [], None, None).table.rows
    assert row == (expected(handmade.SECOND, (), None)[0]["orders"],)


def test_wrong_questions_are_refused_with_what_there_is(built: OnEngine, engine: str) -> None:
    pipeline = built(engine)
    known = "net_sales, gross_sales, discounts, returns, cancellations, orders"
    with pytest.raises(UsageError, match=f"metric revenue is not known: use {known}"):
        pipeline.metrics(["orders", "revenue"], [], None, None)
    dimensions = "day, week, month, quarter, year, product_id, country, category, customer_type"
    with pytest.raises(UsageError, match=f"--by weekday is not known: use {dimensions}$"):
        pipeline.metrics(["orders"], ["month", "weekday"], None, None)
    with pytest.raises(UsageError, match="--from 2024-02-01 lies behind --to 2024-01-01"):
        pipeline.metrics(["orders"], [], date(2024, 2, 1), date(2024, 1, 1))


def test_parts_of_other_metrics_are_not_asked_for_by_themselves(
    built: OnEngine, engine: str
) -> None:
    assert list(built(engine).vocabulary().metrics) == NAMES
    with pytest.raises(UsageError, match="metric known_cost is not known"):
        built(engine).metrics(["known_cost"], [], None, None)


def test_before_the_first_build_it_is_said_what_to_do(pipeline: Pipeline) -> None:
    load(pipeline, shop(pipeline.settings.project / "shop", orders=handmade.ORDERS), source=None)
    with pytest.raises(DataError, match="nothing is built yet: run `ecomdata build`"):
        pipeline.metrics(["orders"], [], None, None)
    with pytest.raises(DataError, match="is missing, .*: run `ecomdata build` first"):
        pipeline.vocabulary()
