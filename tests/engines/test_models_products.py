"""The models about products and the bridge, against an oracle in plain Python and planted pairs.

The hand-made shop and the histories of loads are compared in test_models and test_load_histories,
pairs of a real shop's baskets in test_online_retail.
"""

import csv
import json
import os
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import oracle_products
import oracle_tables
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oracle import Line, Product, Return, Shop
from oracle_products import Row
from servers import History, NewPipeline
from shops import Rows, in_order, load
from snapshots import listed
from staged_shops import Workshop, workshops_of

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

#: A longer round: ECOMDATA_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("ECOMDATA_EXAMPLES", "25"))

ORACLE: dict[str, Callable[[Shop], list[Row]]] = {
    "final_product_performance": oracle_tables.product_performance,
    "final_product_affinity": oracle_products.product_affinity,
    "final_sales_bridge": oracle_products.sales_bridge,
}

MODELS = (
    *("int_orders_classified", "int_revenue_ledger", "capabilities", "int_sales_summary"),
    *ORACLE,
)

CHECKS = (
    "affinity_counts_are_those_of_the_ledger",
    "the_bridges_components_add_up_to_the_change",
    "the_last_weeks_of_products_add_up_to_the_ledgers",
)

# What is drawn: few products, so that many orders have two of them; days at the ends of months and
# a year apart, and days that lie 28, 56 and 90 days before the last one.

LAST_DAYS = st.sampled_from([date(2025, 2, 28), date(2025, 3, 30), date(2025, 3, 31)])
days_back = st.sampled_from([0, 1, 27, 28, 29, 30, 31, 55, 56, 58, 59, 89, 90, 91, 365, 366, 396])
product_ids = st.sampled_from(["P1", "P2", "P3", "p1", "É4"])
quantities = st.sampled_from([1, 2, 3, 7])
amounts = st.sampled_from([Decimal(text) for text in ("0.00", "0.01", "5.00", "33.33", "100.00")])
prices = st.sampled_from([None, *(Decimal(text) for text in ("0", "0.0033", "5", "33.33"))])


@st.composite
def orders(draw: Any, number: int, last_day: date, every_day: st.SearchStrategy[int]) -> list[Line]:
    moment = datetime.combine(last_day - timedelta(days=draw(every_day)), time(12))
    return [
        Line(
            *(f"O{number}", draw(st.sampled_from([None, "C1", "C2"])), product_id),
            *(draw(quantities), draw(amounts), moment),
            draw(st.sampled_from([Decimal("0.00"), Decimal("0.50")])),
            draw(st.sampled_from([False, False, False, True])),
        )
        for product_id in draw(st.lists(product_ids, min_size=1, max_size=5))
    ]


@st.composite
def shops(draw: Any) -> Shop:
    last_day, longest = draw(LAST_DAYS), draw(st.sampled_from([20, 30, 60, 90, 100, 400, 400]))
    every_day = days_back.map(lambda days: days % (longest + 1))
    products = draw(st.dictionaries(product_ids, prices, max_size=4))
    lines: list[Line] = []
    for number in range(draw(st.integers(0, 24))):
        lines += draw(orders(number, last_day, every_day))
    back = st.builds(
        lambda product_id, quantity, refund, days: Return(
            "O1", "C1", product_id, quantity, refund, last_day - timedelta(days=days)
        ),
        *(product_ids, st.sampled_from([1, 2]), amounts, every_day),
    )
    return Shop(
        (),
        tuple(Product(i, f"{i}!", None, price, None) for i, price in sorted(products.items())),
        tuple(lines),
        tuple(draw(st.lists(back, max_size=4))),
    )


def order(number: int, day: str, *lines: tuple[str, int, str]) -> list[Line]:
    """An order of (product, units, what was paid)."""
    moment = datetime.fromisoformat(day)
    return [Line(f"O{number}", None, p, n, Decimal(paid), moment) for p, n, paid in lines]


def of(*orders: list[Line], returns: Sequence[Return] = ()) -> Shop:
    return Shop((), (), tuple(line for lines in orders for line in lines), tuple(returns))


def refund(day: str, amount: str) -> Return:
    return Return("O1", None, "P1", 1, Decimal(amount), date.fromisoformat(day))


def sold_on(first: date, days: int) -> list[list[Line]]:
    """Two orders, so many days apart."""
    both = (first, first + timedelta(days=days))
    return [order(number, day.isoformat(), ("P1", 1, "5.00")) for number, day in enumerate(both)]


TEA_AND_CUP = (("P1", 1, "5.00"), ("P2", 1, "1.00"))

#: Nothing at all; nothing but a return; data of 27, 28, 55 and 56 days; more returned than sold in
#: the 28 days before; a month without entries between two; products that go together in five
#: orders, in four, in six of seven; a leap day a year before; days of the base month behind the day
#: that the last month has come to.
EDGES = {
    "nothing": of(),
    "a return only": of(returns=[refund("2025-01-10", "3.00")]),
    **{f"{27 + n} days": of(*sold_on(date(2025, 3, 1), 26 + n)) for n in (0, 1, 28, 29)},
    "more returned": of(
        *sold_on(date(2025, 3, 1), 60),
        returns=[refund("2025-03-15", "3.00"), refund("2025-03-15", "3.00")],
    ),
    "a gap": of(order(1, "2025-01-01", ("P1", 2, "9.00")), order(2, "2025-03-31", ("P1", 1, "4"))),
    "five": of(*(order(number, "2025-01-01", *TEA_AND_CUP) for number in range(5))),
    "four": of(*(order(number, "2025-01-01", *TEA_AND_CUP) for number in range(4))),
    "six of seven": of(
        *(order(number, "2025-01-01", *TEA_AND_CUP) for number in range(6)),
        order(7, "2025-01-02", ("P1", 1, "5.00")),
    ),
    "a leap day": of(
        order(1, "2024-02-29", ("P1", 3, "10.00")), order(2, "2025-02-28", ("P1", 1, "3.34"))
    ),
    "days behind": of(
        order(1, "2025-01-10", ("P1", 1, "5.00")),
        order(2, "2025-01-11", ("P1", 1, "7.00")),
        order(3, "2025-02-10", ("P1", 1, "6.00")),
        returns=[refund("2025-01-11", "1.00"), refund("2025-02-10", "2.00")],
    ),
}


@pytest.fixture(scope="session")
def workshops(
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Workshop]:
    return workshops_of(MODELS, CHECKS, history, shops_pipeline, new_pipeline, tmp_path_factory)


@given(shop=shops())
@example(shop=EDGES["nothing"])
@example(shop=EDGES["a return only"])
@example(shop=EDGES["27 days"])
@example(shop=EDGES["28 days"])
@example(shop=EDGES["55 days"])
@example(shop=EDGES["56 days"])
@example(shop=EDGES["more returned"])
@example(shop=EDGES["a gap"])
@example(shop=EDGES["five"])
@example(shop=EDGES["four"])
@example(shop=EDGES["six of seven"])
@example(shop=EDGES["a leap day"])
@example(shop=EDGES["days behind"])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == 25,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_every_table_about_products_is_the_oracles_on_both_engines_cell_by_cell(
    workshops: Callable[[str], Workshop], shop: Shop
) -> None:
    found = {name: workshops(name).built(shop, tuple(ORACLE)) for name in ("duckdb", "postgres")}
    for name, expected in ORACLE.items():
        on_duckdb, on_postgres = found["duckdb"][name], found["postgres"][name]
        assert listed(on_duckdb) == listed(expected(shop)), name
        assert typed(on_duckdb) == typed(on_postgres), name


def typed(found: list[Row]) -> Rows:
    return in_order([tuple((type(x).__name__, x) for x in row.values()) for row in found])


def test_the_oracle_itself_agrees_with_a_bridge_worked_by_hand() -> None:
    shop = of(
        order(1, "2025-01-01", ("P1", 10, "100.00"), ("P2", 10, "40.00"), ("P3", 1, "7.00")),
        order(2, "2025-02-28", ("P1", 6, "72.00"), ("P2", 15, "60.00"), ("P4", 1, "9.00")),
        returns=[refund("2025-01-31", "1.50"), refund("2025-02-01", "4.00")],
    )
    bridge = oracle_products.sales_bridge(shop)
    assert {row["component"]: row["amount"] for row in bridge} == {
        "price": Decimal("12.00"),  # (12 - 10) * 6 + (4 - 4) * 15
        "volume": Decimal("7.00"),  # (21 - 20) * 140 / 20
        "mix": Decimal("-27.00"),  # (10 - 7) * (6 - 10) + (4 - 7) * (15 - 10)
        "new_products": Decimal("9.00"),
        "discontinued_products": Decimal("-7.00"),
        "returns": Decimal("-2.50"),
    }
    assert {(row["net_sales"], row["base_net_sales"]) for row in bridge} == {
        (Decimal("137.00"), Decimal("145.50"))
    }


def test_the_oracle_itself_agrees_with_a_pair_worked_by_hand() -> None:
    baskets = [*3 * [["A", "B", "B"]], ["A"], *2 * [["B"]], *4 * [["C"]]]
    [pair] = oracle_products.pairs(baskets, 3)
    assert pair == {
        "first_product_id": "A",
        "second_product_id": "B",
        "orders": 10,
        "orders_with_first": 4,
        "orders_with_second": 5,
        "orders_with_both": 3,
        "support": Decimal("0.3"),
        "confidence_first_to_second": Decimal("0.75"),
        "confidence_second_to_first": Decimal("0.6"),
        "lift": Decimal("1.5"),  # 0.75 / 0.5
        "leverage": Decimal("0.1"),  # 0.3 - 0.4 * 0.5
        "conviction_first_to_second": Decimal("2"),  # 0.5 / 0.25
        "conviction_second_to_first": Decimal("1.5"),  # 0.6 / 0.4
    }


#: A change to a table that is right, and the check that is to find it.
DAMAGES = {
    "update final.final_product_affinity set orders_with_first = orders_with_first + 1": CHECKS[0],
    "update final.final_product_affinity set orders = orders + 1": CHECKS[0],
    "update final.final_product_affinity set orders_with_both = 4": CHECKS[0],
    "update final.final_product_affinity set orders_with_both = 8": CHECKS[0],
    "update final.final_product_affinity set first_product_id = 'P2', second_product_id = 'P1',"
    " orders_with_first = orders_with_second, orders_with_second = orders_with_first": CHECKS[0],
    "update final.final_sales_bridge set amount = amount + 0.01 where component = 'mix'": CHECKS[1],
    "update final.final_sales_bridge set net_sales = net_sales + 1, amount ="
    " case when component = 'price' then amount + 1 else amount end": CHECKS[1],
    "update final.final_sales_bridge set base_net_sales = base_net_sales - 1, amount ="
    " case when component = 'price' then amount + 1 else amount end": CHECKS[1],
    "delete from final.final_sales_bridge where component = 'new_products'": CHECKS[1],
    "update final.final_product_performance set units_last_28_days = 0": CHECKS[2],
    "update final.final_product_performance set net_sales_prior_28_days = 0": CHECKS[2],
}

#: Two months, of which both are whole; tea and cups go together in six of seven orders.
DAMAGED = of(
    *(order(number, "2025-02-01", *TEA_AND_CUP) for number in range(6)),
    order(7, "2025-01-01", ("P1", 1, "5.00")),
    order(8, "2025-02-28", ("P2", 1, "2.00")),
    order(9, "2025-01-31", ("P2", 1, "2.00")),
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
    assert found == {DAMAGES[damage]}


@pytest.fixture(scope="module")
def generated(
    new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Row], Path]:
    """The pairs of a generated shop, and its folder."""
    home = tmp_path_factory.mktemp("generated")
    folder = generate_shop(ShopPlan(orders=60_000), home / "shop").out
    pipeline = new_pipeline("duckdb", home / "project")
    load(pipeline, folder)
    pipeline.build(["+final_product_affinity"], False)
    return pipeline.query("select * from final.final_product_affinity").dicts(), folder


def test_pairs_of_a_generated_shop_are_counted_as_itertools_counts_them(
    generated: tuple[list[Row], Path],
) -> None:
    found, folder = generated
    baskets: dict[str, set[str]] = {}
    standing = set()
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            baskets.setdefault(line["order_id"], set()).add(line["product_id"])
            if line["status"] != "cancelled":
                standing.add(line["order_id"])
    assert len(standing) < len(baskets)
    expected = list(oracle_products.pairs((baskets[name] for name in standing), 5))
    assert len(expected) > 5_000
    named = [
        {name: value for name, value in row.items() if not name.endswith("_name")} for row in found
    ]
    assert listed(named) == listed(expected)


def test_of_pairs_planted_with_the_highest_lift_each_product_has_no_higher_one_with_another(
    generated: tuple[list[Row], Path],
) -> None:
    found, folder = generated
    planted = json.loads((folder / "truth" / "pairs.json").read_text(encoding="utf-8"))
    highest = [set(pair["product_ids"]) for pair in planted if pair["lift"] == 13]
    assert len(highest) >= 3
    # Of fewer orders a pair can have any lift by chance.
    often = {
        (row["first_product_id"], row["second_product_id"]): row["lift"]
        for row in found
        if row["orders_with_both"] >= 20
    }
    for pair in highest:
        for product_id in pair:
            own = {other: lift for other, lift in often.items() if product_id in other}
            assert len(own) >= 10
            assert [set(other) for other, lift in own.items() if lift == max(own.values())] == [
                pair
            ]
