"""The ledger proves itself: net sales agree to the cent by everything, in every model.

Random shops go from raw text through every model; what is found is held to sums in plain Python
(`random_shops`). Behind them stand the well-known failures of other systems, each by its name.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from benches import ALL_DAYS, Bench
from compiled import Compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from proof import assert_proven
from random_shops import EXAMPLES, LENIENT, Back, Drawn, Sold, shops, side_by_side
from servers import NewPipeline
from shops import load, shop

from ecomdata.report.measures import sales_sql
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures", "bench_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

#: Random shops in a warehouse; on DuckDB all that are drawn, a tenth of them on PostgreSQL.
TOGETHER = 5
malls = st.tuples(*[shops()] * TOGETHER).map(side_by_side)


@settings(LENIENT, max_examples=max(EXAMPLES // TOGETHER, 1))
@given(drawn=malls, numbered=st.booleans())
def test_net_sales_of_random_shops_agree_in_every_model_by_everything(
    benches: Callable[[str], Bench], drawn: Drawn, numbered: bool
) -> None:
    bench = benches("duckdb")
    bench.build(drawn, numbered)
    assert_proven(bench, drawn)


@settings(LENIENT, max_examples=max(EXAMPLES // TOGETHER // 10, 1))
@given(drawn=malls, numbered=st.booleans())
def test_so_do_they_on_postgresql(
    benches: Callable[[str], Bench], drawn: Drawn, numbered: bool
) -> None:
    bench = benches("postgres")
    bench.build(drawn, numbered)
    assert_proven(bench, drawn)


NOON = datetime.fromisoformat("2024-01-31T12:00")
EUR = Decimal
CATALOGUE = {"P1": ("Tea", EUR("2")), "P2": ("Tea", EUR("3")), "P3": ("Cups", EUR("1"))}


def line(order: str, product: str, paid: str, units: int = 1, moment: datetime = NOON) -> Sold:
    return Sold(order, "C1", product, units, EUR(paid), moment, discount=EUR("0.00"))


#: A fault in a model's SQL that the proof is to find: table, what stands there, what is put there.
FAULTS = {
    "a refund on its order's day": (
        *("int_revenue_ledger", "return_date as entry_date"),
        "cast('2024-01-31' as date) as entry_date",
    ),
    "a discount taken off twice": (
        *("int_revenue_ledger", "total_price + discount_amount as amount", "total_price as amount"),
    ),
    "an orphan lost": (*("int_revenue_ledger", "left join products on", "inner join products on"),),
    "a customer that is in no file lost": (
        *("int_customers_summed", "select customer_id from entries_summed_to_customer"),
        "select customer_id from customers",
    ),
    "a cancelled line that stays": (
        *("int_revenue_ledger", "where is_cancelled", "where is_cancelled and quantity < 0"),
    ),
    "a product that is in no file lost": (
        *("final_product_performance", "select product_id from entries_summed_to_product"),
        "select product_id from products",
    ),
    "guests left out": ("final_customer_behavior", "having count(*) > 0", "having count(*) < 0"),
}

#: With one of everything that a fault could lose.
EVERYTHING = Drawn(
    {"C1": "Chile"},
    CATALOGUE,
    (
        replace(line("O1", "P1", "10.00"), discount=EUR("1.50")),
        line("O1", "P9", "7.00"),
        Sold("O2", None, "P1", 1, EUR("6.00"), NOON),
        Sold("O3", "C9", "P2", 1, EUR("8.00"), NOON),
        replace(line("O4", "P2", "9.00"), status="cancelled"),
    ),
    (Back("O1", "P1", 1, EUR("2.00"), NOON + timedelta(days=3)),),
)


@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_the_proof_finds_a_model_that_is_wrong(
    benches: Callable[[str], Bench], fault: str | None
) -> None:
    bench = benches("duckdb")
    models = dict(bench.models.models)
    if fault is not None:
        name, right, wrong = FAULTS[fault]
        [table] = [table for table in models if table.endswith(f'"{name}"')]
        assert models[table].count(right) == 1
        models[table] = models[table].replace(right, wrong)
    unchecked = replace(bench, models=Compiled(tuple(models.items()), ()))
    unchecked.build(EVERYTHING)
    if fault is None:
        assert_proven(unchecked, EVERYTHING)
        return
    with pytest.raises(AssertionError):
        assert_proven(unchecked, EVERYTHING)


#: A change to what was built right, and the checks of the project that are to find it.
DAMAGES = {
    "update final.final_customer_behavior set net_sales = net_sales + 0.01 where is_guest": {
        "every_model_has_the_ledgers_sales"
    },
    "update final.final_product_performance set units = units + 1 where product_id = 'P1'": {
        "every_model_has_the_ledgers_sales"
    },
    "update intermediate.int_sales_summary set country = 'Peru'": {
        "parts_add_up_to_the_ledgers_total_by_day_and_country"
    },
    "update final.final_sales_report set net_sales = net_sales + 1, country = 'Peru'": {
        "every_model_has_the_ledgers_sales",
        "parts_add_up_to_the_ledgers_total_by_day_and_country",
    },
    "update staging.stg_orders set total_price = total_price + 0.01": {
        "staged_money_reaches_the_ledger"
    },
    "delete from staging.stg_returns": {
        "staged_money_reaches_the_ledger",
        "raw_rows_are_staged_quarantined_or_superseded",
    },
    "update final.final_data_quality set staged_rows = 0, quarantined_rows = staged_rows": {
        "raw_rows_are_staged_quarantined_or_superseded"
    },
    "update meta.loads set rows_loaded = rows_loaded - 1": {"records_become_rows_or_rejects"},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_check_finds_what_is_lost_or_doubled(
    benches: Callable[[str], Bench], damage: str
) -> None:
    bench = benches("duckdb")
    sold = (line("O1", "P1", "5.00"), Sold("O2", None, "P2", 1, EUR("6.00"), NOON))
    bench.build(Drawn({"C1": "Chile"}, CATALOGUE, sold, (Back("O1", "P1", 1, EUR("2"), NOON),)))
    bench.connection.execute(damage)
    found = {name for name, sql in bench.models.checks if bench.connection.query(sql).rows}
    assert found == DAMAGES[damage]


# The failures of other systems, each with figures worked by hand.


def test_lines_times_refunds_do_not_fan_out(benches: Callable[[str], Bench], engine: str) -> None:
    """A join of two lines with two refunds of the same order and product has four rows."""
    bench = benches(engine)
    refunds = [Back("O1", "P1", 1, EUR(each), NOON) for each in ("3.00", "4.00")]
    sold = (line("O1", "P1", "10.00"), line("O1", "P1", "12.00"))
    bench.build(Drawn({"C1": "Chile"}, CATALOGUE, sold, tuple(refunds)))
    [row] = bench.figures("total")
    assert (row["gross_sales"], row["returns"], row["net_sales"]) == (
        *(EUR("22.00"), EUR("-7.00"), EUR("15.00")),
    )
    assert (row["orders"], row["units_sold"], row["units_returned"]) == (1, 2, 2)
    assert bench.rows(
        "select total_revenue, units, cost_amount from final.final_product_performance"
        " where product_id = 'P1'"
    ) == {(EUR("15.00"), 0, EUR("0.00"))}


def test_a_refund_counts_on_its_own_day_and_leaves_the_orders_day_as_it_was(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    back = Back("O1", "P1", 1, EUR("30.00"), NOON + timedelta(days=2))
    bench.build(Drawn({"C1": "Chile"}, CATALOGUE, (line("O1", "P1", "100.00"),), (back,)))
    assert bench.rows(
        "select sales_date, gross_sales, returns, net_sales, orders, units"
        " from final.final_sales_report"
    ) == {
        (date(2024, 1, 31), EUR("100.00"), EUR("0.00"), EUR("100.00"), 1, 1),
        (date(2024, 2, 2), EUR("0.00"), EUR("-30.00"), EUR("-30.00"), 0, -1),
    }
    assert [(row["month"].month, row["net_sales"]) for row in bench.figures("month")] == [
        (1, EUR("100.00")),
        (2, EUR("-30.00")),
    ]


def test_an_order_of_two_products_is_one_order_in_every_total(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    sold = (line("O1", "P1", "5.00"), line("O1", "P2", "6.00"), line("O1", "P3", "7.00"))
    bench.build(Drawn({"C1": "Chile"}, CATALOGUE, sold))
    assert bench.rows(
        "select product_id, total_orders, customers from final.final_product_performance"
    ) == {("P1", 1, 1), ("P2", 1, 1), ("P3", 1, 1)}
    assert bench.rows("select orders, customers from final.final_sales_report") == {(1, 1)}
    assert {row["category"]: row["orders"] for row in bench.figures("category")} == {
        "Tea": 1,  # of P1 and P2
        "Cups": 1,
    }
    [row] = bench.figures("total")
    assert (row["orders"], row["customers"], row["average_order_value"]) == (1, 1, EUR("18.00"))


def test_an_average_is_of_sums_and_not_of_averages(
    benches: Callable[[str], Bench], engine: str
) -> None:
    """Two days of 1 order and of 3: the mean of their averages would be 55.00 and 50.50."""
    bench = benches(engine)
    sold = [line("O1", "P1", "100.00", units=1)]
    for number in (2, 3, 4):
        sold.append(line(f"O{number}", "P1", "10.00", 10, NOON + timedelta(days=1)))
    bench.build(Drawn({"C1": "Chile"}, CATALOGUE, tuple(sold)))
    by_day = [
        (row["average_order_value"], row["average_selling_price"]) for row in bench.figures("day")
    ]
    assert by_day == [(EUR("100.00"), EUR("100.00")), (EUR("10.00"), EUR("1.00"))]
    [row] = bench.figures("total")
    assert row["average_order_value"] == EUR("32.50")  # 130.00 / 4
    assert row["average_selling_price"] == EUR("4.19")  # 130.00 / 31
    assert bench.rows(
        "select average_order_value, average_selling_price from final.final_product_performance"
        " where product_id = 'P1'"
    ) == {(EUR("32.50"), EUR("4.19"))}


def test_an_order_across_midnight_counts_on_its_day_in_utc(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    moment = datetime.fromisoformat("2024-02-01T00:30")
    sold = (Sold("O1", "C1", "P1", 1, EUR("5.00"), moment, offset=-480),)
    assert sold[0].written_date == "2024-01-31T16:30:00-08:00"
    bench.build(Drawn({}, {}, sold))
    assert bench.rows("select sales_date from final.final_sales_report") == {(date(2024, 2, 1),)}


def test_nothing_that_came_back_costs_nothing_whatever_one_costs(
    benches: Callable[[str], Bench], engine: str
) -> None:
    """A refund without units has no cost to give back, also where the product's is not known."""
    bench = benches(engine)
    back = Back("O1", "P9", None, EUR("1.00"), NOON)
    bench.build(Drawn({}, CATALOGUE, (line("O1", "P1", "5.00"),), (back,)))
    assert bench.rows(
        "select entry_type, product_id, cost_amount from intermediate.int_revenue_ledger"
    ) == {("sale", "P1", EUR("-2.00")), ("return", "P9", EUR("0.00"))}
    [row] = bench.figures("total")
    assert (row["net_sales"], row["gross_margin"]) == (EUR("4.00"), EUR("2.00"))


JAFFLE = {
    "raw_customers": "id,first_name,last_name\n1,Ann,B.\n",
    "raw_orders": "id,user_id,order_date,status\n1,1,2024-05-01,completed\n",
    "raw_payments": "id,order_id,payment_method,amount\n1,1,coupon,400\n2,1,card,600\n",
}
OLIST = {
    "olist_orders_dataset": "order_id,customer_id,order_status,order_purchase_timestamp\n"
    "o1,c1,delivered,2024-05-01 10:00:00\n",
    "olist_order_items_dataset": "order_id,order_item_id,product_id,price,freight_value\n"
    "o1,1,p1,6.00,1.00\no1,2,p1,4.00,1.00\n",
    "olist_order_payments_dataset": "order_id,payment_sequential,payment_type,payment_value\n"
    "o1,1,voucher,7.00\no1,2,credit_card,5.00\n",
}


@pytest.mark.parametrize("files", [JAFFLE, OLIST], ids=["jaffle_shop", "Olist"])
def test_items_times_payments_do_not_fan_out(
    benches: Callable[[str], Bench],
    new_pipeline: NewPipeline,
    tmp_path: Path,
    files: dict[str, str],
) -> None:
    """An order of 10.00 in two payments; Olist's has two items, and freight on top."""
    pipeline = new_pipeline("duckdb", tmp_path / "project")
    load(pipeline, shop(tmp_path / "exports", **files))
    with open_warehouse(pipeline.settings).connect() as connection:
        benches("duckdb").models.build(connection)
        [row] = connection.query(sales_sql("duckdb", "total"), ALL_DAYS).dicts()
    assert (row["net_sales"], row["orders"]) == (EUR("10.00"), 1)
