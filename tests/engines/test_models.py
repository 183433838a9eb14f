"""The models over one small shop with every awkward case, against an oracle in plain Python."""

from collections.abc import Callable
from decimal import Decimal

import handmade
import oracle_customers
import oracle_products
import oracle_tables
import pytest
from oracle import Shop, measures
from oracle_tables import Row
from servers import History
from shops import in_order
from snapshots import Snapshot, columns, listed, without

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

PRICE = Decimal("0.0001")


@pytest.fixture(params=["first", "after the changes"])
def built(request: pytest.FixtureRequest, history: History, engine: str) -> tuple[Snapshot, Shop]:
    """What was built of each state of the files, and what the files say."""
    before, after = history(engine)
    return (before, handmade.FIRST) if request.param == "first" else (after, handmade.SECOND)


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
    assert len({row["entry_id"] for row in entries}) == len(entries)
    unnamed = without(entries, "entry_id", "line_number", "product_orders")
    assert listed(unnamed) == listed(oracle_tables.ledger(truth))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("final_sales_report", oracle_tables.sales_report),
        ("final_product_performance", oracle_tables.product_performance),
        ("final_product_affinity", oracle_products.product_affinity),
        ("final_sales_bridge", oracle_products.sales_bridge),
        ("final_customer_behavior", oracle_customers.customer_behavior),
        ("final_customer_segments", oracle_customers.customer_segments),
        ("final_segment_movements", oracle_customers.segment_movements),
        ("final_cohort_retention", oracle_customers.cohort_retention),
    ],
)
def test_a_final_table_is_the_oracles_cell_by_cell(
    built: tuple[Snapshot, Shop], table: str, expected: Callable[[Shop], list[Row]]
) -> None:
    found, truth = built
    assert listed(found.tables[f"final.{table}"]) == listed(expected(truth))


def test_what_changed_is_a_version_of_its_own_by_load(history: History, engine: str) -> None:
    first, second = history(engine)
    own = [
        [row for row in found.tables["final.final_product_history"] if row["product_id"] == "P2"]
        for found in (first, second)
    ]
    names = ("version_number", "category", "valid_from_load_id", "valid_to_load_id", "is_current")
    assert [columns(rows, *names) for rows in own] == [
        [(1, "Kitchen", 1, None, True)],
        [(1, "Kitchen", 1, 2, False), (2, "Drinks", 2, None, True)],
    ]
    products = second.tables["final.final_product_history"]
    assert len(products) == 6  # of five products, only P2 changed
    assert columns(products, "product_id", "list_price", "unit_cost", "is_current")[0] == (
        *("P1", Decimal("1250.0000"), Decimal("1000.0000")),
        True,
    )
    customers = second.tables["final.final_customer_history"]
    names = ("customer_id", "version_number", "country", "valid_from_load_id", "valid_to_load_id")
    assert columns(customers, *names) == [
        ("C1", 1, "Chile", 1, None),  # Peru in the first line of the same file
        ("C2", 1, "Peru", 1, 2),
        ("C2", 2, "Chile", 2, None),
        ("C3", 1, "Unknown", 1, None),
        ("C4", 1, "Chile", 1, None),
    ]


#: (load, file, entity) and what became of the file's records: read, rejected, loaded; raw rows,
#: staged, quarantined, superseded.
QUALITY = {
    "first": [
        (1, "customers.csv", "customers", 6, 0, 6, 6, 4, 1, 1),
        (1, "orders.csv", "orders", 25, 1, 24, 24, 13, 11, 0),
        (1, "products.csv", "products", 5, 0, 5, 5, 5, 0, 0),
        (1, "returns.csv", "returns", 6, 0, 6, 6, 4, 2, 0),
    ],
    "second": [
        (1, "customers.csv", "customers", 6, 0, 6, 6, 0, 1, 5),
        (1, "orders.csv", "orders", 25, 1, 24, 24, 0, 1, 23),
        (1, "products.csv", "products", 5, 0, 5, 5, 0, 0, 5),
        (1, "returns.csv", "returns", 6, 0, 6, 6, 4, 2, 0),
        (2, "customers.csv", "customers", 6, 0, 6, 6, 4, 1, 1),
        (2, "late.csv", "orders", 1, 0, 1, 1, 1, 0, 0),
        (2, "orders.csv", "orders", 24, 1, 23, 23, 12, 11, 0),
        (2, "products.csv", "products", 5, 0, 5, 5, 5, 0, 0),
    ],
}


def test_every_record_is_accounted_for(history: History, engine: str) -> None:
    names = [
        *("load_id", "file", "entity", "records_read", "rows_rejected", "rows_loaded"),
        *("raw_rows", "staged_rows", "quarantined_rows", "superseded_rows"),
    ]
    for found, expected in zip(history(engine), QUALITY.values(), strict=True):
        assert columns(found.tables["final.final_data_quality"], *names) == expected
