"""What no record tells is NULL with its reason, and no 0; what was counted is a 0."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from benches import Bench, Rows
from random_shops import Back, Drawn, Sold
from shops import FINAL_TABLES

from ecomdata.report.kpis import coverage, headline
from ecomdata.report.tables import DIMENSIONS, kpi_table

pytest_plugins = ["engine_fixtures", "bench_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

EUR = Decimal
NOON = datetime.fromisoformat("2024-03-05T12:00")

#: Two orders of people whom nobody names, of products that no file has.
BARE = Drawn(
    {},
    {},
    (
        Sold("O1", None, "P1", 2, EUR("6.00"), NOON, status=None),
        Sold("O2", None, "P1", 1, EUR("4.00"), NOON + timedelta(days=1), status=None),
    ),
)

REASONS = {
    "discounts": "no order line names a discount",
    "cancellations": "no order line has a status",
    "returns": "no return was loaded",
    "returned_units": "no return says how many units came back",
    "customers": "no order names a customer",
    "costs": "no product has a unit cost",
    "list_prices": "no product has a list price",
    "categories": "no product has a category",
    "product_names": "no product has a name",
    "countries": "no customer has a country",
    "signup_dates": "no customer has a day of sign-up",
}


def some(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def table(bench: Bench, name: str) -> list[dict[str, Any]]:
    """The rows, in order of their first column."""
    found = bench.connection.query(f"select * from {name}").dicts()
    return sorted(found, key=lambda row: str(next(iter(row.values()))))


def test_a_shop_that_tells_of_nothing_but_sales_has_net_sales_and_no_0(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    bench.build(BARE)
    capabilities = table(bench, "meta.capabilities")
    assert dict(some(capabilities, "capability", "reason")) == REASONS
    assert {row["is_in_data"] for row in capabilities} == {False}
    known = {
        "gross_sales": EUR("6.00"),
        "net_sales": EUR("6.00"),
        "orders": 1,
        "units": 2,
        "units_sold": 2,
        "average_order_value": EUR("6.00"),
        "units_per_order": EUR("2.00"),
        "average_selling_price": EUR("3.00"),
    }
    unknown = dict.fromkeys(
        (
            *("discounts", "returns", "cancellations", "new_orders", "returning_orders"),
            *("customers", "units_returned", "cost_amount", "return_rate", "gross_margin"),
            "margin_rate",
        )
    )
    day = {"sales_date": date(2024, 3, 5), "country": "Unknown"}
    assert table(bench, "final.final_sales_report")[0] == day | known | unknown
    [product] = table(bench, "final.final_product_performance")
    assert (
        product.items()
        >= {
            "total_revenue": EUR("10.00"),
            "total_orders": 2,
            "units": 3,
            "category": "Unknown",
            **dict.fromkeys(set(unknown) - {"new_orders", "returning_orders"}),
            **dict.fromkeys(("product_name", "list_price", "price_realisation")),
        }.items()
    )
    [guests] = table(bench, "final.final_customer_behavior")
    assert (
        guests.items()
        >= {
            "customer_id": "(guest)",
            "gross_sales": EUR("10.00"),
            "net_sales": EUR("10.00"),
            **dict.fromkeys(("orders", "discounts", "returns", "cancellations", "segment")),
        }.items()
    )
    for name in ("customer_segments", "cohort_retention", "segment_movements"):
        assert table(bench, f"final.final_{name}") == []


def test_the_terminal_names_what_is_not_in_the_data_and_why(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    bench.build(BARE)
    of_all = {name: REASONS[name] for name in ("customers", "discounts", "returns")}
    of_all["cancellations"] = REASONS["cancellations"]
    own = {
        "country": {"country": REASONS["countries"]},
        "category": {"category": REASONS["categories"]},
    }
    for by in DIMENSIONS:
        found = kpi_table(bench.connection, engine, by, None, None)
        assert found.table is not None
        if by == "product":
            assert found.absent == {
                "product_name": REASONS["product_names"],
                "category": REASONS["categories"],
                "return_rate": REASONS["returned_units"],
            }
            continue
        assert found.absent == of_all | own.get(by, {})
        for row in found.table.dicts():
            assert [row[name] for name in of_all] == [None] * 4
            assert row["net_sales"] > 0
    covered = coverage(bench.connection)
    assert covered is not None
    kpis = headline(bench.connection, engine, covered)["kpis"]
    assert {kpi["id"]: kpi["reason"] for kpi in kpis if kpi["all"] is None} == {
        "discounts": REASONS["discounts"],
        "returns": REASONS["returns"],
        "cancellations": REASONS["cancellations"],
        **dict.fromkeys(("customers", "new_orders", "returning_orders"), REASONS["customers"]),
        **dict.fromkeys(("repeat_purchase_rate", "returning_customer_rate"), REASONS["customers"]),
        "return_rate": REASONS["returned_units"],
        **dict.fromkeys(("gross_margin", "margin_rate"), REASONS["costs"]),
    }


#: A shop that tells everything, of two months.
FULL = Drawn(
    {"C1": "Chile"},
    {"P1": ("Tea", EUR("2"))},
    (
        Sold("O1", "C1", "P1", 2, EUR("9.00"), NOON, discount=EUR("1.00")),
        Sold("O2", "C1", "P1", 1, EUR("5.00"), NOON, discount=EUR("0"), status="cancelled"),
        Sold("O3", "C1", "P1", 1, EUR("5.00"), NOON + timedelta(days=31), discount=EUR("0")),
    ),
    (Back("O1", "P1", 1, EUR("4.50"), NOON + timedelta(days=1)),),
)


def everything() -> Rows:
    rows = FULL.rows(numbered=True)
    rows["products"][0] |= {"product_name": "Green tea", "price": "6.00"}
    rows["customers"][0] |= {"signup_date": "2024-01-01"}
    return rows


REPORT, PRODUCTS, CUSTOMERS = (
    *("final_sales_report", "final_product_performance"),
    "final_customer_behavior",
)


def of(tables: tuple[str, ...], *columns: str) -> set[str]:
    return {f"{table}.{column}" for table in tables for column in columns}


HISTORY = "final_product_history"
RETURNED = of((REPORT, PRODUCTS), "units_returned", "return_rate")

#: By capability: the raw column that tells it, and the columns that have nothing without it.
NEEDED: dict[str, tuple[str, str, set[str]]] = {
    "discounts": ("orders", "discount_amount", of((REPORT, PRODUCTS, CUSTOMERS), "discounts")),
    "cancellations": ("orders", "status", of((REPORT, PRODUCTS, CUSTOMERS), "cancellations")),
    "returned_units": ("returns", "quantity", RETURNED),
    "costs": (
        *("products", "unit_cost"),
        of((REPORT, PRODUCTS), "cost_amount", "gross_margin", "margin_rate")
        | of((HISTORY,), "unit_cost"),
    ),
    "list_prices": (
        *("products", "price"),
        of((PRODUCTS,), "list_price", "price_realisation") | of((HISTORY,), "list_price"),
    ),
    "categories": ("products", "category", of((PRODUCTS, HISTORY), "category")),
    "product_names": ("products", "product_name", of((PRODUCTS, HISTORY), "product_name")),
    "countries": (
        *("customers", "country"),
        of((REPORT, CUSTOMERS, "final_customer_history"), "country"),
    ),
    "signup_dates": (
        *("customers", "signup_date"),
        of((CUSTOMERS, "final_customer_history"), "signup_date"),
    ),
}


def empty_columns(bench: Bench) -> set[str]:
    """The columns of the final tables that have nothing, or nothing but Unknown, in any row."""
    found = set()
    for name in FINAL_TABLES:
        rows = bench.connection.query(f"select * from final.{name}").dicts()
        for column in rows[0] if rows else ():
            if {row[column] for row in rows} <= {None, "Unknown"}:
                found.add(f"{name}.{column}")
    return found


@pytest.fixture(scope="module")
def empty_anyhow(benches: Callable[[str], Bench]) -> set[str]:
    """The columns that have nothing in a shop that tells everything, young as it is."""
    bench = benches("duckdb")
    bench.build_rows(everything())
    assert bench.rows("select is_in_data, reason from meta.capabilities") == {(True, None)}
    return empty_columns(bench)


@pytest.mark.parametrize("capability", NEEDED)
def test_without_one_column_just_the_figures_that_need_it_are_not_known(
    benches: Callable[[str], Bench], empty_anyhow: set[str], capability: str
) -> None:
    bench = benches("duckdb")
    rows = everything()
    file, column, expected = NEEDED[capability]
    for row in rows[file]:
        row[column] = None
    bench.build_rows(rows)
    assert empty_columns(bench) - empty_anyhow == expected
    absent = bench.connection.query(
        "select capability, figures, reason from meta.capabilities where not is_in_data"
    ).rows
    assert [(name, reason) for name, _, reason in absent] == [(capability, REASONS[capability])]
    columns = {name.partition(".")[2] for name in expected} - {"unit_cost"}
    assert {name.strip() for name in absent[0][1].split(",")} >= columns


def test_without_returns_they_are_not_known_and_the_bridge_adds_up_all_the_same(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    bench.build(replace(FULL, back=()))
    assert empty_columns(bench) >= of((REPORT, PRODUCTS, CUSTOMERS), "returns") | RETURNED
    assert bench.rows(
        "select component, amount from final.final_sales_bridge"
        " where compared_with = 'month_before'"
    ) == {
        # 9.00 for two, then 5.00 for one; April is compared as far as it goes
        ("price", EUR("0.50")),
        ("volume", EUR("-4.50")),
        ("mix", EUR("0.00")),
        ("new_products", EUR("0.00")),
        ("discontinued_products", EUR("0.00")),
        ("returns", None),
    }


def test_without_customers_the_sums_of_a_customer_are_not_known_and_guests_have_it_all(
    benches: Callable[[str], Bench], engine: str
) -> None:
    bench = benches(engine)
    bench.build(replace(FULL, sold=tuple(replace(line, customer_id=None) for line in FULL.sold)))
    found = table(bench, "final.final_customer_behavior")
    names = ("customer_id", "orders", "units", "gross_sales", "net_sales", "average_order_value")
    assert some(found, *names) == [
        ("(guest)", None, 2, EUR("20.00"), EUR("9.50"), None),
        ("C1", None, None, None, None, None),
    ]
    [total] = bench.figures("total")
    assert (total["net_sales"], total["orders"], total["customers"]) == (EUR("9.50"), 2, None)
    assert (total["new_orders"], total["returning_orders"]) == (None, None)
