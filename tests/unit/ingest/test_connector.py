"""What a file is by its header."""

from pathlib import Path

import pytest

from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.connector import connectors, find_connector, recognise, spellings

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
        (
            "Row ID,Order ID,Order Date,Ship Date,Ship Mode,Customer ID,Customer Name,Segment,"
            "Country,City,State,Postal Code,Region,Product ID,Category,Sub-Category,Product Name,"
            "Sales,Quantity,Discount,Profit",
            "superstore lines",
        ),
        ("order_id,order_date,customer_id,product_id,sales,quantity", "superstore lines"),
        (
            "Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,"
            "Lineitem price,Lineitem sku,Cancelled at,Refunded Amount",
            "shopify orders",
        ),
        ("First Name,Last Name,Email,Accepts Email Marketing,Total Spent", "shopify customers"),
        ("Handle,Title,Vendor,Type,Variant SKU,Variant Price", "shopify products"),
        ("Title,URL handle,Description,Vendor,Product category,SKU,Price", "shopify products"),
        (
            "Order Number,Order Status,Order Date,Email (Billing),Item #,Item Name,SKU,"
            "Quantity (- Refund),Item Cost,Order Refund Amount",
            "woocommerce orders",
        ),
        (
            "Order ID,Order Date,Order Status,Customer Email,Item Name,SKU,Quantity,Item Cost",
            "woocommerce orders",
        ),
        ("ID,Type,SKU,Name,Published,Regular price,Categories", "woocommerce products"),
        (
            "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),"
            "Items sold,Coupon(s),N. Revenue",
            "woocommerce order_list",
        ),
        ("order_id,customer_id,order_status,order_purchase_timestamp", "olist orders"),
        ("order_id,order_item_id,product_id,seller_id,price,freight_value", "olist items"),
        ("customer_id,customer_unique_id,customer_city", "olist customers"),
        ("product_category_name,product_category_name_english", "olist translations"),
        ("id,user_id,order_date,status", "jaffle_shop raw_orders"),
        ("id,first_name,last_name", "jaffle_shop raw_customers"),
        ("id,order_id,payment_method,amount", "jaffle_shop raw_payments"),
        (
            "OrderDate,StockDate,OrderNumber,ProductKey,CustomerKey,TerritoryKey,OrderLineItem,"
            "OrderQuantity",
            "adventureworks orders",
        ),
        ("ReturnDate,TerritoryKey,ProductKey,ReturnQuantity", "adventureworks returns"),
        ("Territory,Region,Country,Continent", "adventureworks territories"),
        ("CustomerKey,Prefix,FirstName,LastName,EmailAddress", "adventureworks customers"),
        ("review_id,order_id,review_score,review_comment_title", None),
        ("name,phone,email,country,a,b,c,d,e,f,g,h", None),
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
        ("returns.csv", "returns", "order_id,reason", "product_id, refund_amount"),
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
        recognised(ORDERS, source="shopware")
    known = ", ".join(platform.name for platform in connectors())
    assert str(caught.value) == f"no source is called 'shopware': there are {known}"
    assert known.startswith("adventureworks, brief, ")


def test_the_reason_names_the_required_columns_and_counts_the_known_ones() -> None:
    header = ["Order ID", "colour", "Order Date", "Product ID", "Sales", "Segment"]
    found = recognise(Path("x.csv"), header)
    assert found is not None
    assert found.kind.reason(header) == (
        "Order ID, Order Date, Product ID, Sales, ... (5 of 6 columns known)"
    )


def test_every_connector_maps_only_its_own_kinds_and_views() -> None:
    for platform in connectors():
        names = {kind.name for kind in platform.kinds}
        assert not names & {name for name, _ in platform.views()}, platform.name
        for kind in platform.kinds:
            assert set(kind.required) <= kind.columns.keys(), (platform.name, kind.name)
            assert {*kind.numbers, *kind.dates} <= kind.columns.keys(), (platform.name, kind.name)
            spellings = [name for names in kind.columns.values() for name in names]
            assert len(spellings) == len(set(spellings)), (platform.name, kind.name)


def test_columns_stand_where_the_header_has_them_and_the_first_of_two_counts() -> None:
    [customers] = [kind for kind in find_connector("brief").kinds if kind.name == "customers"]
    assert customers.positions(["E-Mail", "colour", "Full Name", "id", "name"]) == {
        "customer_id": 3,
        "name": 2,
        "email": 0,
    }
    assert customers.missing(["name"]) == ("customer_id",)
    assert customers.missing(["ID"]) == ()


def test_headers_are_spelled_in_any_script_and_those_alike_by_their_place() -> None:
    assert spellings(["Order ID", " order-id ", "注文番号", "Währung", "", "€", "ORDER.ID"]) == [
        "order_id",
        "order_id#2",
        "注文番号",
        "währung",
        "#5",
        "#6",
        "order_id#3",
    ]


def test_only_entities_that_the_files_can_fill_are_mapped() -> None:
    shopify, star = find_connector("shopify"), find_connector("adventureworks")
    everything = ["customers", "products", "orders", "returns"]
    assert [name for name, _ in shopify.entity_sql(["orders"])] == everything  # by a view
    assert [name for name, _ in shopify.entity_sql(["customers"])] == ["customers"]
    assert [name for name, _ in star.entity_sql(["returns"])] == ["returns"]
    assert list(shopify.entity_sql([])) == []
