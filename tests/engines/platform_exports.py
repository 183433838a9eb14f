"""Exports of a few thousand orders in the platforms' own layouts, and what they add up to.

Each planted shop is drawn with a seed and kept in whole cents; its figures are added up order by
order, apart from all that the connectors do.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from random import Random
from typing import Any

CENT = Decimal("0.01")
START = datetime(2024, 1, 1, 8, tzinfo=UTC)
NAMES = ('Berg, Ann "Annie"', "José Núñez", "O'Neil, Bo", "Ødegård Li", "李 雷", "Cy")

Row = dict[str, Any]


@dataclass
class Planted:
    """What a shop's files hold: money in cents, and who ordered."""

    gross: int = 0
    discounts: int = 0
    cancellations: int = 0
    returns: int = 0
    units: int = 0
    orders: set[str] = field(default_factory=set)
    buyers: set[str] = field(default_factory=set)

    def add_order(
        self,
        order: str,
        buyer: str,
        *,
        gross: int,
        paid: int,
        units: int,
        refund: int = 0,
        units_back: int = 0,
        is_cancelled: bool = False,
    ) -> None:
        """Add an order up; one that is cancelled is taken back whole, its refund with it."""
        self.gross += gross
        self.discounts += gross - paid
        if is_cancelled:
            self.cancellations += paid
            return
        self.returns += refund
        self.units += units - units_back
        self.orders.add(order)
        if buyer:
            self.buyers.add(buyer)

    def figures(self, *absent: str) -> dict[str, str | None]:
        """The headline figures as the KPIs have them; the absent are not in the data."""
        net = self.gross - self.discounts - self.cancellations - self.returns
        money = {
            "gross_sales": self.gross,
            "discounts": -self.discounts,
            "cancellations": -self.cancellations,
            "returns": -self.returns,
            "net_sales": net,
        }
        found: dict[str, str | None] = {name: euros(cents) for name, cents in money.items()}
        found |= {
            "orders": str(len(self.orders)),
            "customers": str(len(self.buyers)),
            "units": str(self.units),
        }
        return found | dict.fromkeys(absent)


def euros(cents: int) -> str:
    return str(Decimal(cents) * CENT)


def text(header: str, rows: Sequence[Row]) -> str:
    """A CSV of the header's columns; a row holds what is not empty."""
    columns = next(csv.reader([header]))
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def write(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode(encoding))


# --- Shopify ---------------------------------------------------------------------------------

SHOPIFY_ORDERS = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
    "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
    "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
    "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
    "Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,"
    "Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,"
    "Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,"
    "Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,"
    "Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,"
    "Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,"
    "Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,"
    "Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,"
    "Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At,"
    "Payment References"
)
SHOPIFY_CUSTOMERS = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
    "Default Address Address1,Default Address Address2,Default Address City,"
    "Default Address Province Code,Default Address Country Code,Default Address Zip,"
    "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,"
    "Tax Exempt,Tags"
)
SHOPIFY_PRODUCTS = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,"
    "Status,SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,"
    "Option2 Linked To,Option3 name,Option3 value,Option3 Linked To,Price,Compare-at price,"
    "Cost per item,Charge tax,Tax code,Inventory tracker,Inventory quantity,"
    "Continue selling when out of stock,Weight value (grams),Weight unit for display,"
    "Requires shipping,Fulfillment service,Product image URL,Image position,Image alt text,"
    "Variant image URL,Gift card,SEO title,SEO description"
)


def shopify(folder: Path, orders: int = 2000) -> dict[str, str | None]:
    """Write a Shopify shop's exports, its orders in two files that are cut within an order."""
    draw, planted = Random(20240301), Planted()
    rows: list[Row] = []
    customers: list[Row] = []
    starts: list[int] = []
    for number in range(1001, 1001 + orders):
        starts.append(len(rows))
        rows += _shopify_order(draw, planted, number)
        if number % 3 == 0:
            customers.append(_shopify_customer(number))
    # The second file begins with the second row of an order of several.
    cut = next(at for at in starts[orders // 2 :] if rows[at + 1]["Name"] == rows[at]["Name"]) + 1
    products: list[Row] = []
    for item in range(60):
        title, handle = f"Thing {item}", f"thing-{item}"
        cost = "" if item % 7 == 0 else "2.50"
        described = {"Title": title, "Description": f'<p>"{title}",\n  new</p>', "Type": "Things"}
        variant = {"SKU": f"SKU{item}", "Option1 value": "Default Title", "Price": "9.90"}
        products.append({"URL handle": handle, "Cost per item": cost} | described | variant)
        products.append({"URL handle": handle, "Product image URL": "https://cdn.example/2.png"})
    write(
        folder,
        {
            "orders_export_1.csv": text(SHOPIFY_ORDERS, rows[:cut]),
            "orders_export_2.csv": text(SHOPIFY_ORDERS, rows[cut:]),
            "customers_export.csv": text(SHOPIFY_CUSTOMERS, customers),
            "products_export.csv": text(SHOPIFY_PRODUCTS, products),
        },
    )
    return planted.figures()


def _shopify_order(draw: Random, planted: Planted, number: int) -> list[Row]:
    created = START + timedelta(hours=4 * (number - 1001), minutes=draw.randrange(60))
    lines = []
    for item in draw.sample(range(60), draw.choice((1, 1, 2, 3))):
        quantity, price = draw.choice((1, 1, 2, 5)), draw.randrange(199, 19_999)
        taken = quantity * price // 10 if draw.random() < 0.1 else 0
        lines.append((item, quantity, price, taken))
    gross = sum(quantity * price for _, quantity, price, _ in lines)
    line_discounts = sum(taken for *_, taken in lines)
    shipping = draw.choice((0, 490, 1290))
    code = draw.choice(("", "", "", "TEN", "FREESHIP", "BOTH"))
    of_products = (gross - line_discounts) * 10 // 100 + 1 if code in ("TEN", "BOTH") else 0
    off_shipping = shipping if code in ("FREESHIP", "BOTH") else 0
    subtotal = gross - line_discounts - of_products
    shipping -= off_shipping
    state, county = subtotal * 5 // 100, subtotal * 2 // 100
    total = subtotal + shipping + state + county
    status = draw.choices(
        ("paid", "pending", "voided", "partially_refunded", "refunded", "test", "cancelled"),
        (70, 4, 2, 10, 6, 1, 7),
    )[0]
    # Part of a refund may be the shipping's: never more counts than was paid for the products.
    refund = {
        "partially_refunded": draw.randrange(1, subtotal + 1),
        "refunded": total,
        "cancelled": total,
    }.get(status, 0)
    email = f"Buyer{number % 700}@Shop.example" if draw.random() < 0.9 else ""
    name = draw.choice((*NAMES, "")) if not email else draw.choice(NAMES)
    phone = f"'+49301{number % 90:04}"
    planted.add_order(
        f"#{number}",
        email.lower() or name or phone.lstrip("'"),
        gross=gross,
        paid=subtotal,
        units=sum(quantity for _, quantity, _, _ in lines),
        refund=min(refund, subtotal),
        is_cancelled=status in ("voided", "test", "cancelled"),
    )
    day = f"{created:%Y-%m-%d %H:%M:%S} {draw.choice(('+0100', '+0200', '-0500'))}"
    of_order: Row = {
        "Financial Status": {"test": "paid", "cancelled": "refunded"}.get(status, status),
        "Paid at": day,
        "Currency": "EUR",
        "Subtotal": euros(subtotal),
        "Shipping": euros(shipping),
        "Taxes": euros(state + county),
        "Total": euros(total),
        "Discount Code": code,
        "Discount Amount": euros(line_discounts + of_products + off_shipping),
        "Billing Name": name,
        "Billing Zip": "'08001",
        "Billing Country": "DE",
        "Notes": draw.choice(("", 'Leave it\nat the "back" door, please', "a,b;c")),
        "Note Attributes": "utm_source: mail\nutm_medium: x",
        "Cancelled at": day if status == "cancelled" else "",
        "Payment Method": "(for testing) Bogus Gateway" if status == "test" else "Shopify Payments",
        "Refunded Amount": euros(refund),
        "Outstanding Balance": "0.00",
        "Id": f"{5_000_000_000 + number}",
        "Risk Level": "Low",
        "Source": draw.choice(("web", "pos", "shopify_draft_order", "5690175")),
        "Tax 1 Name": "State Tax 5%",
        "Tax 1 Value": euros(state),
        "Tax 2 Name": "County Tax 2%",
        "Tax 2 Value": euros(county),
        "Payment References": f"r{number}.1 + r{number}.2",
    }
    rows: list[Row] = []
    for item, quantity, price, taken in lines:
        rows.append(
            {
                "Name": f"#{number}",
                "Email": email,
                "Created at": day,
                "Lineitem quantity": quantity,
                "Lineitem name": f"Thing {item}",
                "Lineitem price": euros(price),
                "Lineitem compare at price": euros(price + 500),
                "Lineitem sku": "" if item % 5 == 0 else f"SKU{item}",
                "Lineitem requires shipping": "true",
                "Lineitem discount": euros(taken),
                "Vendor": "Things, Inc.",
                "Phone": phone,
            }
            | (of_order if not rows else {})
        )
    return rows


def _shopify_customer(number: int) -> Row:
    by_phone = number % 4 == 0
    return {
        "Customer ID": f"'{7_000_000 + number}",
        "First Name": "" if by_phone else "Ann",
        "Last Name": "" if by_phone else "Berg",
        "Email": "" if by_phone else f"buyer{number % 700}@shop.example",
        "Default Address Country Code": "AT",
        "Phone": f"'+49301{number % 90:04}",
        "Total Spent": "1.00",
        "Note": "likes\nblue",
    }


# --- WooCommerce -----------------------------------------------------------------------------

#: "Default - one row per item" of Customer/Order/Coupon Export.
WOO_BY_ITEM = (
    "order_id,order_number,order_number_formatted,date,status,shipping_total,shipping_tax_total,"
    "fee_total,fee_tax_total,tax_total,discount_total,order_total,refunded_total,order_currency,"
    "payment_method,shipping_method,customer_id,billing_first_name,billing_last_name,"
    "billing_company,billing_email,billing_phone,billing_address_1,billing_city,billing_country,"
    "customer_note,item_id,item_product_id,item_name,item_sku,item_quantity,item_subtotal,"
    "item_subtotal_tax,item_total,item_total_tax,item_refunded,item_refunded_qty,item_meta,"
    "shipping_items,fee_items,tax_items,coupon_items,order_notes,download_permissions"
)
#: Advanced Order Export, in a German shop, with the order's fields on its first row only.
WOO_ADVANCED = (
    "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),"
    "Company (Billing),Address 1&2 (Billing),City (Billing),State Code (Billing),"
    "Postcode (Billing),Country Code (Billing),Email (Billing),Phone (Billing),"
    "Payment Method Title,Cart Discount Amount,Order Subtotal Amount,Shipping Method Title,"
    "Order Shipping Amount,Order Refund Amount,Order Total Amount,Order Total Tax Amount,SKU,"
    "Item #,Item Name,Quantity,Item Cost,Coupon Code,Discount Amount,Discount Amount Tax"
)
#: The core's analytics, whose server writes "Net Sales".
WOO_LIST = (
    "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,"
    "Coupon(s),Net Sales,Attribution"
)
WOO_PRODUCTS = (
    'ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,Is featured?,Visibility in catalog,'
    "Short description,Description,Date sale price starts,Date sale price ends,Tax status,"
    "Tax class,In stock?,Stock,Sale price,Regular price,Categories,Tags,Parent,Position"
)
WOO_CUSTOMERS = (
    "Name,Username,Last active,Sign up,Email,Orders,Total spend,AOV,Country / Region,City,Region,"
    "Postal code"
)


def woocommerce(folder: Path, orders: int = 2000) -> dict[str, str | None]:
    """Write a WooCommerce shop's exports: half of its orders by each of two plugins, and a few that
    only the analytics list."""
    draw, planted = Random(71), Planted()
    by_item: list[Row] = []
    advanced: list[Row] = []
    for number in range(5001, 5001 + orders // 2):
        by_item += _woo_by_item(draw, planted, number)
    for number in range(8001, 8001 + orders // 2):
        advanced += _woo_advanced(draw, planted, number)
    listed = [_woo_listed(draw, planted, number) for number in range(9501, 9601)]
    products: list[Row] = []
    for item in range(40):
        parent = {"ID": item + 1, "Type": "variable", "Name": f"Hemd {item}"}
        products.append(parent | {"SKU": f"H{item}", "Categories": "Kleidung > Hemden"})
        products.append(
            {"ID": 100 + item, "Type": "variation", "SKU": f"H{item}-B", "Parent": f"H{item}"}
            | {"Name": f"Hemd {item} - Blau", "Regular price": "19.90"}
        )
    customers = [
        {"Name": "Ann Berg", "Username": f"ann{n}", "Last active": "2024-05-01", "AOV": "1"}
        | {"Sign up": "2023-01-01", "Email": f"kunde{n}@shop.example", "Total spend": "1"}
        for n in range(0, 400, 2)
    ]
    write(
        folder,
        {
            "orders-export-2024.csv": text(WOO_BY_ITEM, by_item),
            "orders-2024-advanced.csv": text(WOO_ADVANCED, advanced),
            "wc-orders-report-export.csv": text(WOO_LIST, listed),
            "wc-product-export.csv": text(WOO_PRODUCTS, products),
            "wc-customers-report-export.csv": text(WOO_CUSTOMERS, customers),
        },
        "utf-8-sig",
    )
    return planted.figures()


def _woo_by_item(draw: Random, planted: Planted, number: int) -> list[Row]:
    status = draw.choices(
        ("completed", "processing", "on-hold", "refunded", "cancelled", "failed", "pending"),
        (70, 8, 2, 6, 6, 4, 4),
    )[0]
    is_cancelled = status in ("cancelled", "failed", "pending")
    email = f"Kunde{number % 400}@shop.example" if draw.random() < 0.95 else ""
    user = number % 400 if draw.random() < 0.5 else 0
    rows: list[Row] = []
    sums = dict.fromkeys(("gross", "paid", "units", "refund", "units_back"), 0)
    for item in draw.sample(range(40), draw.choice((1, 2, 3))):
        quantity, subtotal = draw.choice((1, 2, 3)), draw.randrange(300, 30_000)
        total = subtotal - (subtotal // 7 if draw.random() < 0.2 else 0)
        back = quantity if status == "refunded" else 0
        refund = total if back else 0
        if status == "completed" and draw.random() < 0.08:
            back, refund = 1, total // quantity
        sums["gross"] += subtotal
        sums["paid"] += total
        sums["units"] += quantity
        sums["refund"] += refund
        sums["units_back"] += back
        rows.append(
            {
                "order_id": number + 70_000,
                "order_number": number,
                "order_number_formatted": f"#{number}",
                "date": f"{START + timedelta(hours=number - 5001):%Y-%m-%d %H:%M:%S}",
                "status": status,
                "shipping_total": "4.90",
                "tax_total": "3.21",
                "order_currency": "EUR",
                "customer_id": user,
                "billing_first_name": "Ann",
                "billing_last_name": f"Berg {number % 30}",
                "billing_email": email,
                "billing_country": "DE",
                "customer_note": "bitte\nklingeln, danke",
                "item_id": 900_000 + number * 10 + len(rows),
                "item_name": f"Hemd {item} - Blau",
                "item_sku": f"H{item}-B",
                "item_quantity": quantity,
                "item_subtotal": euros(subtotal),
                "item_total": euros(total),
                "item_total_tax": euros(total * 19 // 100),
                "item_refunded": euros(refund),
                "item_refunded_qty": -back,
                "item_meta": "Farbe: Blau, Größe: M",
            }
        )
    for row in rows:
        row["order_total"] = euros(sums["paid"] + 811)
        row["refunded_total"] = euros(sums["refund"])
    buyer = email.lower() or (str(user) if user else f"Ann Berg {number % 30}")
    planted.add_order(f"{number}", buyer, is_cancelled=is_cancelled, **sums)
    return rows


def _woo_advanced(draw: Random, planted: Planted, number: int) -> list[Row]:
    status = draw.choices(
        ("Abgeschlossen", "In Bearbeitung", "Rückerstattet", "Storniert", "Fehlgeschlagen"),
        (75, 10, 5, 6, 4),
    )[0]
    email = f"kunde{number % 400}@shop.example"
    lines = [
        (item, draw.choice((1, 2, 4)), draw.randrange(300, 9_999))
        for item in draw.sample(range(40), draw.choice((1, 1, 2, 3)))
    ]
    worth = sum(quantity * cost for _, quantity, cost in lines)
    units = sum(quantity for _, quantity, _ in lines)
    tax, shipping = worth * 19 // 100, 490
    # A whole refund is of shipping and taxes too, and comes with or without its amount.
    refund = 0
    if status == "Rückerstattet":
        refund = draw.choice((0, worth + tax + shipping))
    elif status == "Abgeschlossen" and draw.random() < 0.08:
        refund = draw.randrange(1, worth // 2)
    is_whole = status == "Rückerstattet"
    planted.add_order(
        f"{number}",
        email,
        gross=worth,
        paid=worth,
        units=units,
        refund=worth if is_whole else refund,
        units_back=units if is_whole else 0,
        is_cancelled=status in ("Storniert", "Fehlgeschlagen"),
    )
    of_order: Row = {
        "Order Number": number,
        "Order Status": status,
        "Order Date": f"{START + timedelta(hours=number - 8001):%Y-%m-%d %H:%M}",
        "First Name (Billing)": "Bo",
        "Last Name (Billing)": "Berg",
        "Address 1&2 (Billing)": "Straße 1, Hof",
        "Country Code (Billing)": "DE",
        "Email (Billing)": email,
        "Order Subtotal Amount": euros(worth),
        "Order Shipping Amount": euros(shipping),
        "Order Refund Amount": euros(refund),
        "Order Total Amount": euros(worth + tax + shipping),
        "Order Total Tax Amount": euros(tax),
    }
    rows: list[Row] = []
    for item, quantity, cost in lines:
        of_line = {"SKU": f"H{item}-B", "Item Name": f"Hemd {item} - Blau", "Quantity": quantity}
        of_line |= {"Item #": len(rows) + 1, "Item Cost": euros(cost)}
        rows.append(of_line | (of_order if not rows else {}))
    return rows


def _woo_listed(draw: Random, planted: Planted, number: int) -> Row:
    status = draw.choice(("completed", "processing", "cancelled"))
    units, worth = draw.choice((1, 2, 3)), draw.randrange(300, 30_000)
    buyer = f"Cy {number % 20}"
    is_cancelled = status == "cancelled"
    planted.add_order(
        f"{number}", buyer, gross=worth, paid=worth, units=units, is_cancelled=is_cancelled
    )
    return {
        "Date": f"2024-05-01 {number % 24:02}:00:00",
        "Order #": number,
        "N. Revenue (formatted)": f"{worth // 100},{worth % 100:02} €",
        "Status": status,
        "Customer": buyer,
        "Product(s)": "1× Hemd 1, Blau, 2× Hemd 2",
        "Items sold": units,
        "Net Sales": str(Decimal(worth) / 100),
    }


# --- Olist -----------------------------------------------------------------------------------


def olist(folder: Path, orders: int = 2000) -> dict[str, str | None]:
    """Write the nine files of Olist's marketplace."""
    draw, planted = Random(1017), Planted()
    heads: list[Row] = []
    items: list[Row] = []
    payments: list[Row] = []
    customers: list[Row] = []
    reviews: list[Row] = []
    for number in range(orders):
        order, person = f"{number:032x}", f"{draw.randrange(orders * 9 // 10):032x}"
        status = draw.choices(
            ("delivered", "shipped", "invoiced", "processing", "canceled", "unavailable"),
            (90, 3, 1, 1, 3, 2),
        )[0]
        bought = START + timedelta(minutes=37 * number)
        prices = [draw.randrange(85, 250_000) for _ in range(draw.choice((1, 1, 1, 2, 4)))]
        if draw.random() < 0.02:  # some orders have no item: nothing was sold
            prices = []
        else:
            planted.add_order(
                order,
                person,
                gross=sum(prices),
                paid=sum(prices),
                units=len(prices),
                is_cancelled=status in ("canceled", "unavailable"),
            )
        heads.append(
            {"order_id": order, "customer_id": f"c{number:031x}", "order_status": status}
            | {"order_purchase_timestamp": f"{bought:%Y-%m-%d %H:%M:%S}"}
            | {"order_estimated_delivery_date": f"{bought + timedelta(20):%Y-%m-%d} 00:00:00"}
        )
        customers.append(
            {"customer_id": f"c{number:031x}", "customer_unique_id": person}
            | {"customer_zip_code_prefix": "01151", "customer_city": "sao paulo"}
        )
        product = f"p{draw.randrange(300):031x}"
        items += [
            {"order_id": order, "order_item_id": place, "product_id": product, "seller_id": "s1"}
            | {"shipping_limit_date": f"{bought + timedelta(5):%Y-%m-%d %H:%M:%S}"}
            | {"price": euros(price), "freight_value": "13.29"}
            for place, price in enumerate(prices, start=1)
        ]
        payments.append(
            {"order_id": order, "payment_sequential": 1, "payment_type": "boleto"}
            | {"payment_installments": 1, "payment_value": euros(sum(prices) + 1329)}
        )
        reviews.append(
            {"review_id": f"r{number}", "order_id": order, "review_score": 5}
            | {"review_comment_message": 'Recebi bem antes do prazo,\r\n"ótimo"'}
        )
    products: list[Row] = [
        {"product_id": f"p{n:031x}", "product_category_name": "perfumaria" if n % 9 else ""}
        | {"product_name_lenght": 40, "product_photos_qty": 1}
        for n in range(300)
    ]
    write(
        folder,
        {
            "olist_orders_dataset.csv": text(
                "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,"
                "order_delivered_carrier_date,order_delivered_customer_date,"
                "order_estimated_delivery_date",
                heads,
            ),
            "olist_order_items_dataset.csv": text(
                "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,"
                "freight_value",
                items,
            ),
            "olist_order_payments_dataset.csv": text(
                "order_id,payment_sequential,payment_type,payment_installments,payment_value",
                payments,
            ),
            "olist_order_reviews_dataset.csv": text(
                "review_id,order_id,review_score,review_comment_title,review_comment_message,"
                "review_creation_date,review_answer_timestamp",
                reviews,
            ),
            "olist_customers_dataset.csv": text(
                "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,"
                "customer_state",
                customers,
            ),
            "olist_products_dataset.csv": text(
                "product_id,product_category_name,product_name_lenght,"
                "product_description_lenght,product_photos_qty,product_weight_g,"
                "product_length_cm,product_height_cm,product_width_cm",
                products,
            ),
            "olist_sellers_dataset.csv": text(
                "seller_id,seller_zip_code_prefix,seller_city,seller_state", [{"seller_id": "s1"}]
            ),
            "olist_geolocation_dataset.csv": text(
                "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,geolocation_city,"
                "geolocation_state",
                [{"geolocation_zip_code_prefix": "01037", "geolocation_lat": "-23.54"}],
            ),
            "product_category_name_translation.csv": "\ufeff"
            + text(
                "product_category_name,product_category_name_english",
                [{"product_category_name": "perfumaria"}],
            ),
        },
    )
    return planted.figures("discounts", "returns")


# --- AdventureWorks --------------------------------------------------------------------------


def adventureworks(folder: Path, orders: int = 2000) -> dict[str, str | None]:
    """Write the star of CSVs: orders by year, prices with four decimals, returns on their own."""
    draw, planted = Random(2015), Planted()
    prices = {key: Decimal(draw.randrange(22_900, 35_782_700)) / 10_000 for key in range(214, 314)}

    def worth(key: int, quantity: int) -> int:
        return int((quantity * prices[key] * 100).quantize(Decimal(1), ROUND_HALF_UP))

    years: dict[int, list[Row]] = {2015: [], 2016: [], 2017: []}
    returns: list[Row] = []
    for number in range(orders):
        day = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(hours=12 * number)
        customer, territory = 11_000 + draw.randrange(900), draw.randrange(1, 11)
        keys = draw.sample(sorted(prices), draw.choice((1, 1, 2, 4)))
        lines = [(key, draw.choice((1, 1, 2, 3))) for key in keys]
        total = sum(worth(key, quantity) for key, quantity in lines)
        units = sum(quantity for _, quantity in lines)
        planted.add_order(f"SO{number}", f"{customer}", gross=total, paid=total, units=units)
        years[day.year] += [
            {"OrderDate": f"{day.month}/{day.day}/{day.year}", "StockDate": "9/21/2014"}
            | {"OrderNumber": f"SO{45_080 + number}", "ProductKey": key, "CustomerKey": customer}
            | {"TerritoryKey": territory, "OrderLineItem": place, "OrderQuantity": quantity}
            for place, (key, quantity) in enumerate(lines, start=1)
        ]
        if number % 20 == 0:  # two that are alike are two
            key, quantity = draw.choice(lines)
            for _ in range(draw.choice((1, 2))):
                planted.returns += worth(key, quantity)
                planted.units -= quantity
                returns.append(
                    {"ReturnDate": f"{day.month}/{day.day}/{day.year}", "ProductKey": key}
                    | {"TerritoryKey": territory, "ReturnQuantity": quantity}
                )
    customers: list[Row] = [
        {"CustomerKey": 11_000 + n, "Prefix": "MR.", "FirstName": "JOSÉ", "LastName": "NÚÑEZ"}
        | {"BirthDate": "4/8/1966", "MaritalStatus": "M", "AnnualIncome": "$90,000 "}
        | {"EmailAddress": f"jose{n}@adventure-works.com"}
        for n in range(900)
    ]
    products: list[Row] = [
        {"ProductKey": key, "ProductSubcategoryKey": 31, "ProductSKU": f"HL-{key}"}
        | {"ProductName": f"Helmet, {key}", "ProductDescription": 'Fits 2" wide,\nlight'}
        | {"ProductCost": price / 2, "ProductPrice": price}
        for key, price in prices.items()
    ]
    write(
        folder,
        {
            f"AdventureWorks_Sales_{year}.csv": text(
                "OrderDate,StockDate,OrderNumber,ProductKey,CustomerKey,TerritoryKey,"
                "OrderLineItem,OrderQuantity",
                rows,
            )
            for year, rows in years.items()
        }
        | {
            "AdventureWorks_Returns.csv": text(
                "ReturnDate,TerritoryKey,ProductKey,ReturnQuantity", returns
            ),
            "AdventureWorks_Customers.csv": text(
                "CustomerKey,Prefix,FirstName,LastName,BirthDate,MaritalStatus,Gender,"
                "EmailAddress,AnnualIncome,TotalChildren,EducationLevel,Occupation,HomeOwner",
                customers,
            ),
            "AdventureWorks_Products.csv": text(
                "ProductKey,ProductSubcategoryKey,ProductSKU,ProductName,ModelName,"
                "ProductDescription,ProductColor,ProductSize,ProductStyle,ProductCost,ProductPrice",
                products,
            ),
            "AdventureWorks_Product_Categories.csv": "ProductCategoryKey,CategoryName\n"
            "4,Accessories\n",
            "AdventureWorks_Product_Subcategories.csv": "ProductSubcategoryKey,SubcategoryName,"
            "ProductCategoryKey\n31,Helmets,4\n",
            "AdventureWorks_Territories.csv": "SalesTerritoryKey,Region,Country,Continent\n"
            + "".join(f"{n},Region {n},Country {n},Europe\n" for n in range(1, 11)),
            "AdventureWorks_Calendar.csv": "Date\n1/1/2015\n1/2/2015\n",
        },
        "cp1252",
    )
    return planted.figures("discounts", "cancellations")
