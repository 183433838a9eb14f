"""Exports of other platforms come out to the cent, with no option but the folder."""

import csv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from servers import NewPipeline
from shops import load

from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]

SHARED = Path(__file__).parents[3] / "shared" / "data"
SUPERSTORE = SHARED / "superstore"
JAFFLE_SHOP = SHARED / "jaffle_shop"

SHOPIFY = """\
Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Notes,Cancelled at,\
Refunded Amount,Source,Lineitem discount
#1,ann@b.example,partially_refunded,EUR,29.99,4.90,0.00,34.89,0.01,2024-05-01 23:30:00 -0500,2,\
"Cup, blue",10.00,CUP,"Berg, Ann","two
lines",,10.00,web,0.00
#1,,,,,,,,,,1,Pot,10.00,POT,,,,,,0.00
#2,bob@b.example,refunded,EUR,"1,000.00",0,0,"1,000.00",0.00,2024-05-03 10:00:00 +0200,1,Safe,\
"1,000.00",SAFE,Bob,,2024-05-04 10:00:00 +0200,"1,000.00",web,0.00
"""


def _records(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _built(pipeline: Pipeline, folder: Path) -> dict[str, str | None]:
    """Load and build; return the headline figures over all days."""
    load(pipeline, folder)
    pipeline.build([], False)
    headline = pipeline.kpis(None, None, None).headline
    assert headline is not None
    return {kpi["id"]: kpi["all"] for kpi in headline["kpis"]}


@pytest.mark.shared_data
@pytest.mark.skipif(not SUPERSTORE.is_dir(), reason=f"the public data set is not at {SUPERSTORE}")
def test_superstore_reaches_its_sum_of_sales(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    found = _built(new_pipeline("duckdb", tmp_path), SUPERSTORE)
    records = list(_records(SUPERSTORE / "superstore.csv"))
    total = sum((Decimal(record["Sales"]) for record in records), Decimal(0))
    assert found["net_sales"] == str(total.quantize(Decimal("0.01"))) == "2297200.86"
    assert found["orders"] == str(len({record["Order ID"] for record in records})) == "5009"
    assert found["units"] == str(sum(int(record["Quantity"]) for record in records)) == "37873"
    assert found["customers"] == "793"
    # Each line's cost is rounded to the cent: at most half a cent of 9,994 lines.
    profit = sum(Decimal(record["Profit"]) for record in records)
    assert abs(Decimal(found["gross_margin"] or 0) - profit) < 5
    assert [name for name, value in found.items() if value is None] == [
        "returns",
        "cancellations",
        "return_rate",
    ]


@pytest.mark.shared_data
@pytest.mark.skipif(not JAFFLE_SHOP.is_dir(), reason=f"the public data set is not at {JAFFLE_SHOP}")
def test_jaffle_shop_is_worth_its_payments(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    found = _built(new_pipeline("duckdb", tmp_path), JAFFLE_SHOP)
    cents = sum(int(record["amount"]) for record in _records(JAFFLE_SHOP / "raw_payments.csv"))
    assert found["net_sales"] == str(Decimal(cents) / 100 + Decimal("0.00")) == "1672.00"
    assert found["orders"] == "99"
    # Customers are those who ordered: 62 of 100.
    assert found["customers"] == "62"


def test_shopify_comes_out_on_both_engines_and_says_what_it_cannot_tell(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "orders_export.csv").write_text(SHOPIFY, encoding="utf-8")
    (exports / "notes.csv").write_text("colour,size\nred,1\n", encoding="utf-8")
    found = _built(pipeline, exports)
    # 20.00 + 10.00 + 1,000.00; less 0.01, less the cancelled 1,000.00, less 10.00 given back.
    assert {name: found[name] for name in ("gross_sales", "discounts", "cancellations")} == {
        "gross_sales": "1030.00",
        "discounts": "-0.01",
        "cancellations": "-1000.00",
    }
    assert (found["returns"], found["net_sales"]) == ("-10.00", "19.99")
    assert (found["units"], found["return_rate"]) == ("3", None)
    # The refund stands on the order's day, which is the next one in UTC.
    days = pipeline.query(
        "select entry_date, quantity, amount from intermediate.int_revenue_ledger"
        " where entry_type = 'return' order by amount"
    )
    assert [(str(day), units, str(amount)) for day, units, amount in days.rows] == [
        ("2024-05-02", 0, "-6.67"),
        ("2024-05-02", 0, "-3.33"),
    ]
    headline = pipeline.kpis(None, None, None).headline
    assert headline is not None
    assert headline["caveats"][0].startswith("Refunded Amount has no date")


def test_a_returned_quantity_that_is_no_number_is_still_refused(
    engine: str, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline(engine, tmp_path / "project", max_rejected=Decimal(1))
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "orders.csv").write_text(
        "order_id,product_id,quantity,total_price,order_date\no1,p1,2,20.00,2024-05-01\n"
    )
    (exports / "returns.csv").write_text(
        "order_id,product_id,quantity,refund_amount,return_date\n"
        + "o1,p1,some,10.00,2024-05-02\no1,p1,,1.00,2024-05-02\n"
    )
    load(pipeline, exports)
    pipeline.build(["+stg_returns"], False)
    staged = pipeline.query("select quantity, refund_amount from staging.stg_returns")
    assert [(units, str(amount)) for units, amount in staged.rows] == [(0, "1.00")]
    refused = pipeline.query("select rule, field, value from meta.quarantine")
    assert refused.rows == (("invalid_number", "quantity", "some"),)
