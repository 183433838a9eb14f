"""What a file is by its header."""

from pathlib import Path

import pytest

from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.connector import connectors, find_connector, recognise

ORDERS = "order_id,customer_id,product_id,quantity,total_price,order_date"
RETAIL = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"


def recognised(header: str, name: str = "some.csv", source: str | None = None) -> str | None:
    found = recognise(Path(name), header.split(","), source)
    return f"{found.connector.name} {found.kind.name}" if found else None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (ORDERS, "brief orders"),
        ("ID,name,email,country", "brief customers"),
        ("ID,name,category,price", "brief products"),
        ("customer_id,name,email,country,signup_date", "brief customers"),
        ("product_id,product_name,category,price", "brief products"),
        ("order_id,product_id,quantity,refund_amount,return_date", "brief returns"),
        ("Order ID,ProductID,Qty,Total,Date", "brief orders"),
        (" order-id , PRODUCT.ID ,quantity,Total Price,order_date,colour", "brief orders"),
        (RETAIL, "online_retail lines"),
        (
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
            "online_retail lines",
        ),
        ("a,b,c", None),
        ("name,colour", None),
    ],
)
def test_a_file_is_what_its_header_fits_best(header: str, expected: str | None) -> None:
    assert recognised(header) == expected


@pytest.mark.parametrize("kind", ["customers", "products"])
def test_where_two_kinds_fit_alike_the_files_name_decides(kind: str) -> None:
    assert recognised("id,name", f"{kind}.csv") == f"brief {kind}"
    assert recognised("id,name", f"{kind.upper()}.CSV") == f"brief {kind}"


@pytest.mark.parametrize(
    ("name", "kind", "header", "lacks"),
    [
        ("orders.csv", "orders", "order_id,product_id,quantity,order_date", "total_price"),
        ("x.csv", "orders", "order_id,product_id,quantity,order_date", "total_price"),
        ("customers.csv", "customers", "name,email", "customer_id"),
        ("returns.csv", "returns", "order_id,reason", "product_id, quantity, refund_amount"),
    ],
)
def test_a_file_that_resembles_a_kind_and_lacks_a_column_is_refused(
    name: str, kind: str, header: str, lacks: str
) -> None:
    with pytest.raises(InputError) as caught:
        recognised(header, name)
    assert str(caught.value) == (
        f"{name}: the header looks like {kind} of The brief's CSVs (customers, products, orders, "
        f"returns) and lacks {lacks}. It has: {header.replace(',', ', ')}. Name the columns so, "
        "or check that it is the right file"
    )


def test_with_a_source_only_its_layouts_count() -> None:
    assert recognised(RETAIL, source="online_retail") == "online_retail lines"
    with pytest.raises(InputError, match="looks like lines of UCI Online Retail and lacks invoice"):
        recognised(ORDERS, source="online_retail")


def test_an_unknown_source_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        recognised(ORDERS, source="shopify")
    assert str(caught.value) == ("no source is called 'shopify': there are brief, online_retail")


def test_columns_stand_where_the_header_has_them_and_the_first_of_two_counts() -> None:
    [customers] = [kind for kind in find_connector("brief").kinds if kind.name == "customers"]
    assert customers.positions(["E-Mail", "colour", "Full Name", "id", "name"]) == {
        "customer_id": 3,
        "name": 2,
        "email": 0,
    }
    assert customers.missing(["name"]) == ("customer_id",)
    assert customers.missing(["ID"]) == ()


def test_only_entities_that_the_files_can_fill_are_mapped() -> None:
    brief, retail = connectors()
    assert [name for name, _ in brief.entity_sql(["orders"])] == ["orders"]
    assert [name for name, _ in brief.entity_sql(["returns", "customers"])] == [
        "customers",
        "returns",
    ]
    assert list(brief.entity_sql([])) == []
    assert [name for name, _ in retail.entity_sql(["lines"])] == [
        "customers",
        "products",
        "orders",
        "returns",
    ]
