"""The models about customers over shops that hypothesis makes, against an oracle in plain Python.

The hand-made shop and the histories of loads are compared in test_models and test_load_histories.
"""

import os
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import oracle_customers
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oracle import Customer, Line, Return, Shop
from oracle_customers import Row, segment
from servers import History, NewPipeline
from shops import Rows, in_order
from snapshots import listed
from staged_shops import Workshop, workshops_of

from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

#: A longer round: ECOMDATA_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("ECOMDATA_EXAMPLES", "25"))

ORACLE: dict[str, Callable[[Shop], list[Row]]] = {
    "final_customer_behavior": oracle_customers.customer_behavior,
    "final_customer_segments": oracle_customers.customer_segments,
    "final_segment_movements": oracle_customers.segment_movements,
    "final_cohort_retention": oracle_customers.cohort_retention,
}

MODELS = (
    *("int_orders_classified", "int_revenue_ledger", "capabilities", "int_customers_summed"),
    *("int_customers_summed_to_month", "int_customer_behavior", "int_customers_scored", *ORACLE),
)

CHECKS = (
    "segments_add_up_to_all_customers",
    "cohorts_add_up_to_all_customers_with_an_order",
)

# What is drawn: few days, customers and prices, so that values are often equal; days at the ends
# of months; and some that lie 90 days apart (1 January and 31 March, 31 January and 30 April).

days = st.sampled_from(
    [
        *(date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 31), date(2024, 2, 1)),
        *(date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 31), date(2024, 4, 1)),
        *(date(2024, 4, 29), date(2024, 4, 30), date(2024, 5, 1), date(2024, 6, 30)),
    ]
)
amounts = st.sampled_from([Decimal("0.00"), Decimal("5.00"), Decimal("7.50"), Decimal("40.01")])
buyers = st.sampled_from([None, *(f"C{number}" for number in range(1, 10))])


@st.composite
def orders(draw: Any, number: int) -> tuple[Line, ...]:
    buyer, day = draw(buyers), draw(days)
    moment = datetime.combine(day, time(draw(st.integers(0, 23))))
    paid = draw(st.lists(amounts, min_size=1, max_size=2))
    is_cancelled = draw(st.sampled_from([False, False, False, True]))
    return tuple(
        Line(f"O{number}", buyer, "P1", 1, amount, moment, cancelled=is_cancelled)
        for amount in paid
    )


@st.composite
def shops(draw: Any) -> Shop:
    lines = [draw(orders(number)) for number in range(draw(st.integers(0, 24)))]
    listed_customers = draw(st.sets(buyers, max_size=9)) - {None}
    back = st.builds(
        lambda buyer, amount, day: Return("X", buyer, "P1", 1, amount, day), buyers, amounts, days
    )
    return Shop(
        tuple(Customer(each, "Peru") for each in sorted(listed_customers)),
        (),
        tuple(line for order in lines for line in order),
        tuple(draw(st.lists(back, max_size=3))),
    )


@pytest.fixture(scope="session")
def workshops(
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Workshop]:
    return workshops_of(MODELS, CHECKS, history, shops_pipeline, new_pipeline, tmp_path_factory)


def order(number: int, buyer: str | None, day: str, paid: str = "5.00") -> Line:
    return Line(f"O{number}", buyer, "P1", 1, Decimal(paid), datetime.fromisoformat(day))


ANN = Customer("C1", "Peru")

#: Nobody at all; nobody but guests; a customer whose only entry is a return; a first order on the
#: very day that is looked back to, and one a day later; a last day that ends a month; nine in ten
#: gaps that are just nine in ten, so that Bo, who is silent for two days, is lost.
EDGES = {
    "nothing": Shop((), (), (), ()),
    "guests only": Shop((ANN,), (), (order(1, None, "2024-01-01"),), ()),
    "a return only": Shop(
        (), (), (), (Return("X", "C2", "P1", 1, Decimal("4.00"), date(2024, 1, 1)),)
    ),
    "looked back to": Shop(
        (ANN,), (), (order(1, "C1", "2024-01-01"), order(2, None, "2024-03-31")), ()
    ),
    "a day too late": Shop(
        (ANN,), (), (order(1, "C1", "2024-01-02"), order(2, None, "2024-03-31")), ()
    ),
    "a month's end": Shop((), (), (order(1, "C1", "2024-02-29"),), ()),
    "nine in ten": Shop(
        *((), ()),
        (
            *(order(day, "C1", f"2024-01-0{day}") for day in range(1, 10)),
            *(order(10, "C1", "2024-02-10"), order(11, "C2", "2024-02-07")),
            order(12, "C2", "2024-02-08"),
        ),
        (),
    ),
}


@given(shop=shops())
@example(shop=EDGES["nothing"])
@example(shop=EDGES["guests only"])
@example(shop=EDGES["a return only"])
@example(shop=EDGES["looked back to"])
@example(shop=EDGES["a day too late"])
@example(shop=EDGES["a month's end"])
@example(shop=EDGES["nine in ten"])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_table_about_customers_is_the_oracles_on_both_engines_cell_by_cell(
    workshops: Callable[[str], Workshop], shop: Shop
) -> None:
    found = {name: workshops(name).built(shop, tuple(ORACLE)) for name in ("duckdb", "postgres")}
    for name, expected in ORACLE.items():
        on_duckdb, on_postgres = found["duckdb"][name], found["postgres"][name]
        assert listed(on_duckdb) == listed(expected(shop)), name
        assert typed(on_duckdb) == typed(on_postgres), name


def typed(found: list[Row]) -> Rows:
    return in_order([tuple((type(x).__name__, x) for x in row.values()) for row in found])


def test_the_oracle_itself_agrees_with_scores_worked_by_hand() -> None:
    """Ten customers with 1 to 10 orders; those with two to five spent the same."""
    lines = [
        order(10 * buyer + number, f"C{buyer}", f"2024-01-{10 + buyer}", paid)
        for buyer in range(1, 11)
        for number in range(buyer)
        for paid in (str(Decimal(60) / buyer if 2 <= buyer <= 5 else Decimal(100 * buyer)),)
    ]
    found = oracle_customers.scored(Shop((), (), tuple(lines), ()))
    assert [found[f"C{buyer}"].scores for buyer in range(1, 11)] == [
        (1, 1, 3),  # 100.00 in one order: four of ten spent less, 60.00 each
        (1, 1, 1),
        (2, 2, 1),
        (2, 2, 1),
        (3, 3, 1),
        *((3, 3, 3), (4, 4, 4), (4, 4, 4), (5, 5, 5), (5, 5, 5)),
    ]
    assert found["C2"].segment == "Lost"
    assert found["C10"].segment == "Champions"
    assert {each.segment_before for each in found.values()} == {None}


def test_the_oracles_segments_are_each_met_by_some_scores() -> None:
    every = [segment(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    assert set(every) | {oracle_customers.NO_ORDERS} == set(oracle_customers.NAMES)
    assert [every.count(name) for name in oracle_customers.NAMES[:-1]] == [
        *(8, 22, 20, 4, 6, 10, 5, 8, 32, 5, 5)
    ]


#: A change to a table that is right, and the check that is to find it.
DAMAGES = {
    "update final.final_customer_segments set customers = customers + 1 where segment = 'Lost'": 0,
    "update final.final_customer_segments set orders = orders + 1 where segment = 'Lost'": 0,
    "update final.final_customer_segments set net_sales = net_sales + 1 where segment = 'Lost'": 0,
    "update final.final_customer_segments set customers_before = customers_before + 1": 0,
    "update final.final_customer_segments set net_sales_before = net_sales_before + 0.01": 0,
    "update final.final_customer_segments set customers_entered = customers_entered + 1": 0,
    "update final.final_customer_segments set customers_left = customers_left + 1": 0,
    "update final.final_segment_movements set net_sales_before = net_sales_before + 0.01": 0,
    "update final.final_segment_movements set net_sales_between = 0": 0,
    "update final.final_segment_movements set segment = segment_before": 0,
    "delete from final.final_customer_segments": 0,
    "delete from final.final_segment_movements": 0,
    "update final.final_cohort_retention set cohort_size = cohort_size + 1": 1,
    "update final.final_cohort_retention set net_sales = net_sales + 0.01": 1,
    "delete from final.final_cohort_retention where months_since_first_order = 2": 1,
}

#: Three months and a day; one customer has moved, one is new.
DAMAGED = Shop(
    *((ANN,), ()),
    (
        *(order(1, "C1", "2024-01-01"), order(2, "C2", "2024-01-02"), order(3, "C3", "2024-03-30")),
        *(order(4, "C2", "2024-03-31"), order(5, None, "2024-04-01")),
    ),
    (),
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_check_finds_a_figure_that_is_wrong(
    workshops: Callable[[str], Workshop], engine: str, damage: str
) -> None:
    shop = workshops(engine)
    shop.built(DAMAGED, ())
    queries = dict(shop.models.checks)
    with open_warehouse(shop.pipeline.settings).connect() as connection:
        connection.execute(damage)
        found = {name for name, sql in queries.items() if connection.query(sql).rows}
    assert found == {CHECKS[DAMAGES[damage]]}
