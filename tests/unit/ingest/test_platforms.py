"""What each platform's files become: values worked by hand."""

import pytest
from platforms import Row, mapped


def picked(rows: list[Row], *columns: str) -> list[tuple[str | None, ...]]:
    return [tuple(row.get(column) for column in columns) for row in rows]


# --- Shopify ---------------------------------------------------------------------------------

SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,"
    "Billing Country,Notes,Cancelled at,Refunded Amount,Source,Lineitem discount\n"
)


def shopify(*rows: str) -> dict[str, list[Row]]:
    return mapped({"orders_export.csv": SHOPIFY + "\n".join(rows)})


def test_shopify_order_fields_stand_on_the_first_row_and_discounts_are_spread_to_the_cent() -> None:
    # 10.00 over lines worth 10.00, 10.00 and 10.00: 3.333.. each, and the first gets the cent.
    found = shopify(
        "#1001,Ann@Shop.example,paid,EUR,20.00,5.00,1.00,26.00,10.00,2024-05-01 23:30:00 -0500,1,"
        '"Cup, blue",10.00,CUP,Ann,DE,"two\nlines, and a comma",,0.00,web,0.00',
        "#1001,,,,,,,,,,2,Tea,5.00,,,,,,,,0.00",
        "#1001,,,,,,,,,,1,Pot,10.00,POT,,,,,,,0.00",
    )
    assert picked(
        found["orders"], "order_id", "customer_id", "product_id", "quantity", "total_price",
        "discount_amount", "line_number", "order_date", "status", "currency", "channel",
    ) == [
        ("#1001", "ann@shop.example", product, units, total, discount, number,
         "2024-05-01 23:30:00-0500", "paid", "EUR", "web")
        for product, units, total, discount, number in (
            ("CUP", "1", "6.66", "3.34", "1"),
            ("Tea", "2", "6.67", "3.33", "2"),
            ("POT", "1", "6.67", "3.33", "3"),
        )
    ]  # fmt: skip
    assert picked(found["customers"], "customer_id", "name", "email", "country") == [
        ("ann@shop.example", "Ann", "Ann@Shop.example", "DE")
    ]
    assert picked(found["products"], "product_id", "product_name") == [
        ("CUP", "Cup, blue"),
        ("Tea", "Tea"),
        ("POT", "Pot"),
    ]
    assert found["returns"] == []


@pytest.mark.parametrize(
    ("subtotal", "shipping", "total", "discount", "paid"),
    [
        # 500 cents over lines of 6,800 and 3,000 are 346.94 and 153.06: 347 and 153.
        ("93.00", "5.00", "98.00", "5.00", ["64.53", "28.47"]),  # beside the line's own 2.00
        ("93.00", "5.00", "98.00", "7.00", ["64.53", "28.47"]),  # the line's own 2.00 is in it
        ("98.00", "0.00", "98.00", "5.00", ["68.00", "30.00"]),  # it was about shipping
        ("93.00", "0.00", "93.00", "9.90", ["64.53", "28.47"]),  # 4.90 of it was
        ("", "", "", "5.00", ["64.53", "28.47"]),
    ],
)
def test_shopify_discounts_of_order_line_and_shipping_are_told_apart(
    subtotal: str, shipping: str, total: str, discount: str, paid: list[str]
) -> None:
    found = shopify(
        f"#1,a@b.example,paid,EUR,{subtotal},{shipping},0.00,{total},{discount},2024-05-01,"
        "1,A,70.00,A,,,,,,web,2.00",
        "#1,,,,,,,,,,3,B,10.00,B,,,,,,,0.00",
    )
    assert [row["total_price"] for row in found["orders"]] == paid


def test_shopify_refunds_are_spread_over_lines_without_a_date_or_units() -> None:
    # 10.01 over 20.00 and 10.00: 6.6733 and 3.3366, so 6.67 and 3.34.
    found = shopify(
        "#7,a@b.example,partially_refunded,EUR,30.00,0,0,30.00,0.00,2024-05-01,1,A,20.00,A,,,,,"
        "10.01,web,0.00",
        "#7,,,,,,,,,,1,B,10.00,B,,,,,,,0.00",
    )
    assert [
        {k: v for k, v in row.items() if k not in ("_file", "_line")} for row in found["returns"]
    ] == [
        {"order_id": "#7", "product_id": "A", "refund_amount": "6.67", "return_id": "#7-refund-1"},
        {"order_id": "#7", "product_id": "B", "refund_amount": "3.34", "return_id": "#7-refund-2"},
    ]


@pytest.mark.parametrize(
    ("refund", "of_products"),
    [
        ("36.70", ["20.00", "10.00"]),  # all of it: 6.70 were shipping and taxes
        ("33.00", ["20.00", "10.00"]),
        ("3.00", ["2.00", "1.00"]),
        ("0.00", []),
    ],
)
def test_shopify_a_refund_is_the_products_up_to_what_was_paid_for_them(
    refund: str, of_products: list[str]
) -> None:
    found = shopify(
        "#7,a@b.example,refunded,EUR,30.00,4.90,1.80,36.70,0.00,2024-05-01,1,A,20.00,A,,,,,"
        f"{refund},web,0.00",
        "#7,a@b.example,,,,,,,,2024-05-01,1,B,10.00,B,,,,,,,0.00",
    )
    assert [row["refund_amount"] for row in found["returns"]] == of_products


def test_shopify_an_order_that_is_cut_over_two_files_is_one_order() -> None:
    # 3.00 off 20.00 and 10.00 is 2.00 and 1.00, in whichever file the line is.
    found = mapped(
        {
            "orders_export_1.csv": SHOPIFY
            + "#1,a@b.example,paid,EUR,27.00,0,0,27.00,3.00,2024-05-01,1,A,20.00,A,Ann,DE,,,,web,0",
            "orders_export_2.csv": SHOPIFY
            + "#1,a@b.example,,,,,,,,2024-05-01,1,B,10.00,B,,,,,,,0\n"
            + "#2,b@b.example,paid,EUR,10.00,0,0,10.00,0,2024-05-02,1,B,10.00,B,Bo,AT,,,,pos,0",
        }
    )
    assert picked(
        found["orders"], "order_id", "line_number", "total_price", "status", "currency", "channel"
    ) == [
        ("#1", "1", "18.00", "paid", "EUR", "web"),
        ("#1", "2", "9.00", "paid", "EUR", "web"),
        ("#2", "1", "10.00", "paid", "EUR", "pos"),
    ]
    assert [row["_file"][-5:] for row in found["orders"]] == ["1.csv", "2.csv", "2.csv"]


def test_shopify_an_order_of_the_test_gateway_is_taken_back() -> None:
    header = "Name,Financial Status,Total,Payment Method,Created at,Lineitem quantity,"
    found = mapped(
        {
            "orders_export.csv": f"{header}Lineitem name,Lineitem price\n"
            "#1,paid,9.00,(for testing) Bogus Gateway,2024-05-01,1,A,9.00\n"
            "#2,paid,9.00,Shopify Payments,2024-05-01,1,A,9.00\n"
        }
    )
    assert picked(found["orders"], "order_id", "status") == [("#1", "cancelled"), ("#2", "paid")]


def test_shopify_who_has_no_email_is_the_name_or_the_phone_number_without_its_apostrophe() -> None:
    header = "Name,Phone,Billing Name,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"
    found = mapped(
        {
            "orders_export.csv": header
            + "#1,'+4930123,,2024-05-01,1,A,9.00\n#2,'+4930124,Bo Box,2024-05-01,1,A,9.00\n",
            "customers_export.csv": "Customer ID,First Name,Last Name,Email,Phone\n"
            "'71,,,,'+4930123\n'72,,,,\n",
        }
    )
    assert [row["customer_id"] for row in found["orders"]] == ["+4930123", "Bo Box"]
    assert picked(found["customers"], "customer_id") == [("+4930123",), ("72",), ("Bo Box",)]


def test_shopify_a_cancelled_order_is_taken_back_once() -> None:
    found = shopify(
        "#8,a@b.example,refunded,EUR,30.00,0,0,30.00,0.00,2024-05-01,1,A,30.00,A,,,,2024-05-02,"
        "30.00,web,0.00"
    )
    assert picked(found["orders"], "status", "total_price") == [("cancelled", "30.00")]
    assert found["returns"] == []


def test_shopify_numbers_may_bear_signs_and_separators_and_what_is_none_goes_to_staging() -> None:
    found = shopify(
        '#9,,paid,USD,,,,,"$1,000.00",2024-05-01,2,A,"$1,250.00",,Bob Box,,,,,web,',
        "#10,,paid,USD,,,,,ten,2024-05-01,1,B,free,,,,,,,web,",
    )
    assert picked(
        found["orders"], "customer_id", "product_id", "total_price", "discount_amount"
    ) == [("Bob Box", "A", "1500.00", "1000.00"), (None, "B", "free", "ten")]


def test_shopify_customers_and_products_come_from_their_own_exports_first() -> None:
    found = mapped(
        {
            "orders_export.csv": SHOPIFY
            + "#1,ann@b.example,paid,EUR,,,,,,2024-05-01,1,Cup - Blue,10.00,,Ann B,AT,,,,web,\n"
            + "#2,bob@b.example,paid,EUR,,,,,,2024-05-01,1,Cup,10.00,CUP,Bob C,,,,,web,\n",
            "customers_export.csv": "First Name,Last Name,Email,Country Code,Total Spent\n"
            "Ann,Berg,Ann@b.example,DE,1\n,,eve@b.example,,0\n",
            "products_export.csv": "Handle,Title,Type,Option1 Value,Variant SKU,Variant Price,"
            "Cost per item,Image Src\n"
            "cup,Cup,China,Default Title,CUP,12.00,5.00,a.png\n"
            "cup,,,,,,,b.png\n"
            "pot,Pot,China,Red,,30.00,,\n"
            "pot,,,Green,,31.00,,\n",
        }
    )
    assert picked(found["customers"], "customer_id", "name", "country") == [
        ("ann@b.example", "Ann Berg", "DE"),
        ("eve@b.example", None, None),
        ("bob@b.example", "Bob C", None),
    ]
    assert picked(
        found["products"], "product_id", "product_name", "category", "price", "unit_cost"
    ) == [
        ("Cup - Blue", "Cup - Blue", None, None, None),
        ("CUP", "Cup", "China", "12.00", "5.00"),
        ("Pot - Red", "Pot - Red", "China", "30.00", None),
        ("Pot - Green", "Pot - Green", "China", "31.00", None),
    ]


def test_shopify_products_are_read_by_the_headers_of_2025_too() -> None:
    found = mapped(
        {
            "products_export_1.csv": "Title,URL handle,Type,SKU,Option1 value,Price,"
            "Cost per item,Product image URL\nCup,cup,China,CUP,Blue,12.00,5.00,a.png\n"
            ",cup,,,,,,b.png\n",
            "orders_export.csv": SHOPIFY
            + "#1,a@b.example,paid,EUR,,,,,,2024-05-01,1,Cup - Blue,10.00,CUP,Ann,AT,,,,web,\n",
        }
    )
    assert picked(
        found["products"], "product_id", "product_name", "category", "price", "unit_cost"
    ) == [("CUP", "Cup - Blue", "China", "12.00", "5.00")]


# --- WooCommerce -----------------------------------------------------------------------------


def test_woocommerce_line_totals_win_over_item_costs_and_refunds_over_the_orders() -> None:
    found = mapped(
        {
            "orders.csv": "Order Number,Order Status,Order Date,Email (Billing),Item #,Item Name,"
            "SKU,Quantity,Item Cost,Order Line Subtotal,Order Line Total,"
            "Order Line Total Refunded,Order Refund Amount\n"
            '71,Completed,2024-03-01 10:00,Ann@b.example,1,"Cup, blue",CUP,2,9.00,20.00,18.00,'
            "9.00,9.00\n"
            "71,Completed,2024-03-01 10:00,Ann@b.example,2,Pot,,1,30.00,30.00,30.00,0,9.00\n"
            "72,Failed,2024-03-02 10:00,,1,Pot,,1,30.00,30.00,30.00,0,0\n"
        }
    )
    assert picked(
        found["orders"], "order_id", "customer_id", "product_id", "quantity", "total_price",
        "discount_amount", "line_number", "status",
    ) == [
        ("71", "ann@b.example", "CUP", "2", "18.00", "2.00", "1", "completed"),
        ("71", "ann@b.example", "Pot", "1", "30.00", "0.00", "2", "completed"),
        ("72", None, "Pot", "1", "30.00", "0.00", "1", "cancelled"),
    ]  # fmt: skip
    assert picked(found["returns"], "order_id", "product_id", "quantity", "refund_amount") == [
        ("71", "CUP", None, "9.00")
    ]


def test_woocommerce_order_fields_may_stand_on_the_first_row_only() -> None:
    # 10.00 of refund over 20.00 and 10.00: 6.67 and 3.33.
    found = mapped(
        {
            "export.csv": "Order ID,Order Date,Order Status,Customer Email,Item Name,Quantity,"
            "Item Cost,Order Refund Amount\n"
            '5,2024-03-01,wc-completed,a@b.example,Cup,2,"$10.00",10.00\n'
            ",,,,Pot,1,10.00,\n"
            "6,2024-03-01,refunded,c@b.example,Pot,1,10.00,\n"
        }
    )
    assert picked(found["orders"], "order_id", "customer_id", "total_price", "status") == [
        ("5", "a@b.example", "20.00", "completed"),
        ("5", "a@b.example", "10.00", "completed"),
        ("6", "c@b.example", "10.00", "refunded"),
    ]
    assert picked(found["returns"], "return_id", "quantity", "refund_amount") == [
        ("5-refund-1", None, "6.67"),
        ("5-refund-2", None, "3.33"),
        ("6-refund-1", "1", "10.00"),
    ]


def test_woocommerce_a_refund_is_the_items_up_to_what_they_cost() -> None:
    found = mapped(
        {
            "export.csv": "Order Number,Order Date,Order Status,Email (Billing),Item Name,"
            "Quantity,Item Cost,Order Refund Amount,Order Total Amount\n"
            "5,2024-03-01,Rückerstattet,a@b.example,Cup,2,10.00,28.70,28.70\n"
            "6,2024-03-01,Completed,a@b.example,Cup,2,10.00,3.00,28.70\n"
        }
    )
    assert picked(found["returns"], "return_id", "quantity", "refund_amount") == [
        ("5-refund-1", "2", "20.00"),
        ("6-refund-1", None, "3.00"),
    ]


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("wc-failed", "cancelled"),
        ("Pending payment", "cancelled"),
        ("Storniert", "cancelled"),
        ("Annulée", "cancelled"),
        ("Reembolsado", "refunded"),
        ("In Bearbeitung", "in bearbeitung"),
    ],
)
def test_woocommerce_states_are_understood_in_the_shops_language(written: str, status: str) -> None:
    found = mapped(
        {
            "export.csv": "Order Number,Order Date,Order Status,Customer User ID,Item Name,"
            f"Quantity,Item Cost\n5,2024-03-01,{written},0,Cup,2,10.00\n"
        }
    )
    assert picked(found["orders"], "status", "customer_id") == [(status, None)]  # 0: a guest


def test_woocommerce_items_of_the_order_export_plugin_say_what_was_refunded() -> None:
    found = mapped(
        {
            "orders.csv": "order_id,order_number,date,status,order_currency,refunded_total,"
            "billing_email,item_id,item_name,item_sku,item_quantity,item_subtotal,item_total,"
            "item_refunded,item_refunded_qty\n"
            "71,7,2024-03-01 10:00:00,completed,EUR,12.50,a@b.example,901,Cup,CUP,2,20.00,18.00,"
            "9.00,-1\n71,7,2024-03-01 10:00:00,completed,EUR,12.50,a@b.example,902,Pot,,1,30.00,"
            "30.00,0.00,0\n"
        }
    )
    assert picked(found["orders"], "order_id", "line_number", "total_price", "discount_amount") == [
        ("71", "901", "18.00", "2.00"),
        ("71", "902", "30.00", "0.00"),
    ]
    assert picked(found["returns"], "product_id", "quantity", "refund_amount") == [
        ("CUP", "1", "9.00")
    ]


def test_woocommerce_the_analytics_list_adds_orders_whose_items_no_file_has() -> None:
    found = mapped(
        {
            "orders.csv": "Order Number,Order Date,Order Status,Email (Billing),Item Name,"
            "Quantity,Item Cost\n5,2024-03-01,Completed,a@b.example,Cup,2,10.00\n",
            "wc-orders-report-export.csv": "Date,Order #,N. Revenue (formatted),Status,Customer,"
            "Customer type,Product(s),Items sold,Coupon(s),Net Sales,Attribution\n"
            '2024-03-01 10:00:00,5,"20,00 €",completed,Ann Berg,new,2× Cup,2,,20,Direct\n'
            '2024-03-02 11:00:00,6,"33,50 €",refunded,Bo Box,new,"1× Cup, 1× Pot",2,,33.5,Direct\n',
        }
    )
    assert picked(
        found["orders"], "order_id", "customer_id", "product_id", "quantity", "total_price"
    ) == [
        ("5", "a@b.example", "Cup", "2", "20.00"),
        ("6", "Bo Box", "unknown", "2", "33.50"),
    ]
    assert picked(found["returns"], "order_id", "quantity", "refund_amount") == [
        ("6", "2", "33.50")
    ]
    assert picked(found["products"], "product_id") == [("Cup",)]


def test_woocommerce_quantities_less_refunds_are_not_refunded_again() -> None:
    found = mapped(
        {
            "export.csv": "Order Number,Order Status,Order Date,Email (Billing),Item #,Item Name,"
            "Quantity (- Refund),Item Cost,Order Refund Amount\n"
            "5,Completed,2024-03-01,a@b.example,1,Cup,1,10.00,10.00\n"
        }
    )
    assert picked(found["orders"], "quantity", "total_price") == [("1", "10.00")]
    assert found["returns"] == []


def test_woocommerce_products_and_customers_come_from_their_own_exports_first() -> None:
    found = mapped(
        {
            "orders.csv": "Order Number,Order Status,Order Date,Customer Email,Item Name,SKU,"
            "Quantity,Item Cost\n1,completed,2024-03-01,Ann@b.example,Cup,CUP,1,10\n",
            "products.csv": "ID,Type,SKU,Name,Published,Regular price,Categories,Parent\n"
            "3,simple,CUP,Blue cup,1,11.00,China,\n4,variable,,Shirt,1,,Clothing,\n"
            "5,variation,S-B,Shirt - Blue,1,20.00,,id:4\n",
            "customers.csv": "Name,Username,Last active,Sign up,Email,Orders,Total spend,AOV,"
            "Country / Region\nAnn Berg,ann,2024-04-01,2024-02-01,ann@b.example,1,10,10,DE\n",
        }
    )
    assert picked(found["products"], "product_id", "product_name", "category", "price") == [
        ("CUP", "Blue cup", "China", "11.00"),
        ("Shirt", "Shirt", "Clothing", None),
        ("S-B", "Shirt - Blue", "Clothing", "20.00"),  # with its product's categories
    ]
    assert picked(found["customers"], "customer_id", "name", "country", "signup_date") == [
        ("ann@b.example", "Ann Berg", "DE", "2024-02-01")
    ]


# --- Superstore ------------------------------------------------------------------------------

SUPERSTORE = (
    "Row ID,Order ID,Order Date,Customer ID,Customer Name,Country,Product ID,Category,"
    "Product Name,Sales,Quantity,Discount,Profit\n"
)


def test_superstore_lines_add_up_to_the_files_sales_rounded_once() -> None:
    # 0.004 + 0.0045 + 0.0045 = 0.013: one cent, and of 0.0045 twice the earlier line gets it.
    rows = [
        "1,A,2016-11-08,C,Cy,US,P,Cat,Pen,0.004,1,0,0\n",
        "2,A,2016-11-08,C,Cy,US,P,Cat,Pen,0.0045,1,0,0\n",
        "3,A,2016-11-08,C,Cy,US,P,Cat,Pen,0.0045,1,0,0\n",
    ]
    found = mapped({"superstore.csv": SUPERSTORE + "".join(rows)})
    assert [row["total_price"] for row in found["orders"]] == ["0.00", "0.01", "0.00"]
    assert [row["line_number"] for row in found["orders"]] == ["1", "2", "3"]


def test_superstore_rates_become_discounts_and_profits_unit_costs() -> None:
    # 957.5775 at 0.45 off was 1,741.05; cost is (957.5775 - -383.031) / 5 = 268.1217.
    found = mapped(
        {
            "x.csv": "\ufeffRow_ID;Order_ID;Order_Date;Customer_ID;Customer_Name;Product_ID;"
            "Sub Category;Product_Name;Sales;Quantity;Discount;Profit\n".replace(";", ",")
            + '4,US-1,10/11/2015,SO,Sean,FUR,Tables,"Table, rectangular","957,5775",5,'
            '"0,45","-383,031"\n' + "4,US-1,10/11/2015,SO,Sean,FUR,Tables,Table,n/a,5,1,1\n"
        },
        comma_files=("x.csv",),
    )
    assert picked(found["orders"], "total_price", "discount_amount", "line_number") == [
        ("957.58", "783.47", "1"),
        ("n/a", "rate 1", "1"),
    ]
    assert picked(found["products"], "product_name", "unit_cost") == [("Table", "268.1217")]


def test_superstore_without_quantities_counts_a_unit_a_line() -> None:
    found = mapped(
        {
            "train.csv": "Row ID,Order ID,Order Date,Customer ID,Customer Name,Product ID,"
            "Product Name,Sales\n1,A,08/11/2017,C,Cy,P,Pen,261.96\n"
        }
    )
    assert picked(found["orders"], "quantity", "total_price", "discount_amount") == [
        ("1", "261.96", None)
    ]
    assert picked(found["products"], "unit_cost") == [(None,)]


# --- The stars -------------------------------------------------------------------------------


def test_olist_items_carry_the_lines_and_the_person_is_the_unique_id() -> None:
    found = mapped(
        {
            "olist_orders_dataset.csv": "order_id,customer_id,order_status,"
            "order_purchase_timestamp\no1,c1,delivered,2017-10-02 10:56:33\n"
            "o2,c2,unavailable,2017-10-03 10:00:00\n",
            "olist_order_items_dataset.csv": "order_id,order_item_id,product_id,seller_id,"
            "shipping_limit_date,price,freight_value\no1,1,p1,s,2017-10-06,58.90,13.29\n"
            "o1,2,p1,s,2017-10-06,58.90,13.29\no2,1,p2,s,2017-10-06,10.00,1.00\n",
            "olist_customers_dataset.csv": "customer_id,customer_unique_id,"
            "customer_zip_code_prefix,customer_city,customer_state\n"
            "c1,u1,14409,franca,SP\nc2,u1,14409,franca,SP\n",
            "olist_products_dataset.csv": "product_id,product_category_name,"
            "product_name_lenght\np1,perfumaria,40\np2,artes,10\n",
            "product_category_name_translation.csv": "product_category_name,"
            "product_category_name_english\nperfumaria,perfumery\n",
            "olist_order_payments_dataset.csv": "order_id,payment_sequential,payment_type,"
            "payment_installments,payment_value\no1,1,credit_card,1,99.99\n",
        }
    )
    assert picked(
        found["orders"], "order_id", "line_number", "customer_id", "product_id", "quantity",
        "total_price", "order_date", "status",
    ) == [
        ("o1", "1", "u1", "p1", "1", "58.90", "2017-10-02 10:56:33", "delivered"),
        ("o1", "2", "u1", "p1", "1", "58.90", "2017-10-02 10:56:33", "delivered"),
        ("o2", "1", "u1", "p2", "1", "10.00", "2017-10-03 10:00:00", "cancelled"),
    ]  # fmt: skip
    assert picked(found["customers"], "customer_id") == [("u1",), ("u1",)]
    assert picked(found["products"], "product_id", "category") == [
        ("p1", "perfumery"),
        ("p2", "artes"),
    ]
    assert "returns" not in found


def test_adventureworks_lines_and_returns_are_worth_the_products_price() -> None:
    orders = (
        "OrderDate,StockDate,OrderNumber,ProductKey,CustomerKey,TerritoryKey,OrderLineItem,"
        "OrderQuantity\n"
    )
    found = mapped(
        {
            "Sales_2015.csv": orders + "1/1/2015,9/21/2014,SO1,332,14657,1,1,3\n",
            "Sales_2016.csv": orders + "2/13/2016,1/1/2016,SO2,999,14657,4,1,1\n",
            "Returns.csv": "ReturnDate,TerritoryKey,ProductKey,ReturnQuantity\n"
            "1/18/2016,9,332,1\n1/18/2016,9,332,1\n",
            "Products.csv": "ProductKey,ProductSubcategoryKey,ProductSKU,ProductName,ProductCost,"
            "ProductPrice\n332,31,HL-U509,Helmet,13.0863,34.995\n",
            "Subcategories.csv": "ProductSubcategoryKey,SubcategoryName,ProductCategoryKey\n"
            "31,Helmets,4\n",
            "Categories.csv": "ProductCategoryKey,CategoryName\n4,Accessories\n",
            "Customers.csv": "CustomerKey,Prefix,FirstName,LastName,EmailAddress\n"
            "14657,MR.,JON,YANG,jon24@example.com\n",
            "Territories.csv": "SalesTerritoryKey,Region,Country,Continent\n"
            "1,Northwest,United States,North America\n4,Southwest,Mexico,North America\n",
        }
    )
    # 3 x 34.995 = 104.985, so 104.99. The product without a price has no total: it is refused.
    assert picked(found["orders"], "order_id", "line_number", "quantity", "total_price") == [
        ("SO1", "1", "3", "104.99"),
        ("SO2", "1", "1", None),
    ]
    assert picked(
        found["returns"], "order_id", "return_id", "product_id", "refund_amount", "return_date"
    ) == [
        (f"return-1/18/2016-9-332-{n}", f"return-1/18/2016-9-332-{n}", "332", "35.00", "1/18/2016")
        for n in (1, 2)
    ]
    assert picked(found["products"], "category", "price", "unit_cost") == [
        ("Accessories", "34.995", "13.0863")
    ]
    assert picked(found["customers"], "name", "country") == [("JON YANG", "Mexico")]


def test_jaffle_shop_orders_are_worth_their_payments() -> None:
    found = mapped(
        {
            "raw_customers.csv": "id,first_name,last_name\n1,Michael,P.\n",
            "raw_orders.csv": "id,user_id,order_date,status\n1,1,2018-01-01,returned\n"
            "2,1,2018-01-02,placed\n",
            "raw_payments.csv": "id,order_id,payment_method,amount\n1,1,coupon,1000\n"
            "2,1,credit_card,205\n",
        }
    )
    assert picked(found["orders"], "order_id", "customer_id", "total_price", "status") == [
        ("1", "1", "12.05", "returned"),
        ("2", "1", "0.00", "placed"),
    ]
    assert picked(found["customers"], "customer_id", "name") == [("1", "Michael P.")]


def test_online_retail_prices_may_bear_signs_and_separators() -> None:
    found = mapped(
        {
            "2010.csv": "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,"
            'Country\n1,S,Lamp,2,2010-12-01,"£1,234.505",17850.0,France\n'
            "C2,S,Lamp,-1,2010-12-02,£2.50,,France\n"
        }
    )
    assert picked(found["orders"], "customer_id", "total_price") == [("17850", "2469.0100")]
    assert picked(found["returns"], "quantity", "refund_amount") == [("1", "2.5000")]
