"""One small shop with every awkward case: its files, and by hand what they mean."""

from datetime import date, datetime
from decimal import Decimal

from oracle import Customer, Line, Product, Return, Shop

CUSTOMERS = """
    customer_id,name,email,country,signup_date
    C1,Ann,ann@shop.org,Peru,2023-12-01
    C2, Bo ,not an e-mail,Peru,2024-01-15
    " C3 ",Cy,CY@Shop.org,,2024-02-30
    C4,Di,,Chile,
    C1,Ann Lee,ann@shop.org,Chile,2023-12-01
    ,Nobody,x@y.zz,Chile,2024-01-01
    """

PRODUCTS = """
    product_id,product_name,category,price,unit_cost
    P1,Tea set,Drinks,"€ 1,250.00","1,000.00"
    P2,"Cup, blue",Kitchen,4.00,1.50
    P3,Gift card,,0.00,0
    P4,Dust,Kitchen,9.99,
    P5, Jam ,Food,n/a,2.10
    """

_HEADER = (
    "order_id,customer_id,product_id,quantity,total_price,order_date,line_number,unit_price,"
    "discount_amount,status,currency,channel\n"
)

ORDERS = (
    _HEADER
    + """\
O1,C1,P1,2,"2,400.00",2024-01-10T12:00:00Z,1,1250,100.00,paid,EUR,web
O1,C1,P2,3,12.00,2024-01-10T12:00:00Z,2,4,0.00,paid,EUR,web
O2,C2,P2,1,4.00,2024-01-10T23:30:00-02:00,1,,,paid,EUR,
O2,C2,P2,2,8.00,2024-01-10T23:30:00-02:00,2,,,paid,EUR,
O3,C1,P2,1,3.00,2024-01-20,1,4,1.00,Cancelled,EUR,web
O3,C1,P3,1,0.00,2024-01-20,2,,,CANCELED,EUR,web
O4,C3,P2,2,8.00,2024-02-01,1,,,paid,EUR,
O4,C3,P1,1,1250.00,2024-02-01,2,,,void,EUR,
O5,,P3,1,0.00,2024-02-01,1,,,,EUR,shop
O6,C9,P9,1,7.77,2024-02-05,1,,,paid,EUR,
O7, C1 ,\tP2, 2 , 8.00 ,2024-03-01,1,,free,paid,eur,
O7,C1,P5,1,5.00,2024-03-01,1,,,paid,EUR,
O8,C2,P2,1,4.00,2024-03-02,,,,paid,EUR,
O8,C2,P2,1,4.00,2024-03-02,,,,paid,EUR,
O8,C2,P2,3,11.00,2024-03-02,,,,paid,EUR,
O9,C1,P2,1,4.00,2024-02-30,1,,,,EUR,
O10,C1,P2,0,4.00,2024-03-02,1,,,,EUR,
O11,C1,P2,1,-4.00,2024-03-02,1,,,,EUR,
O12,C1,P2,two,4.00,2024-03-02,1,,,,EUR,
O13,C1,P2,1,free,2024-03-02,1,,,,EUR,
O14,C1,,1,4.00,2024-03-02,1,,,,EUR,
O15,C1,P2,1,4.00,2024-03-02,1,,,,USD,
O16,C1,P2,1,4.00,2124-03-02,1,,,,EUR,
O17,C1
,C1,P2,1,4.00,2024-03-02,1,,,,EUR,"say ""hi"" twice"
"""
)

RETURNS = """
    order_id,product_id,quantity,refund_amount,return_date,return_id,reason,customer_id
    O1,P1,1,"1,200.00",2024-02-15,R1,broken,
    O1,P2,1,4.00,,R2,,
    O99,P2,1,4.50,2024-03-03,R3,,C2
    O99,P2,1,4.00,,R4,,
    O5,P3,1,0.00,2024-02-02,R5,,
    O5,P3,1,0.00,2024-02-02,R5,,
    """


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _eur(text: str) -> Decimal:
    return Decimal(text)


_C1 = Customer("C1", "Chile", date(2023, 12, 1))
_C2 = Customer("C2", "Peru", date(2024, 1, 15))
_REST_OF_CUSTOMERS = (Customer("C3", None), Customer("C4", "Chile"))

_P2 = Product("P2", "Cup, blue", "Kitchen", _eur("4.0000"), _eur("1.50"))
_REST_OF_PRODUCTS = (
    Product("P1", "Tea set", "Drinks", _eur("1250.0000"), _eur("1000.00")),
    Product("P3", "Gift card", None, _eur("0.0000"), _eur("0.00")),
    Product("P4", "Dust", "Kitchen", _eur("9.9900"), None),
    Product("P5", "Jam", "Food", None, _eur("2.10")),
)

_O1_TEA = Line("O1", "C1", "P1", 2, _eur("2400.00"), _at("2024-01-10 12:00"), _eur("100.00"))
_O2_SECOND = Line("O2", "C2", "P2", 2, _eur("8.00"), _at("2024-01-11 01:30"))
_REST_OF_LINES = (
    Line("O1", "C1", "P2", 3, _eur("12.00"), _at("2024-01-10 12:00")),
    Line("O2", "C2", "P2", 1, _eur("4.00"), _at("2024-01-11 01:30")),
    Line("O3", "C1", "P2", 1, _eur("3.00"), _at("2024-01-20"), _eur("1.00"), cancelled=True),
    Line("O3", "C1", "P3", 1, _eur("0.00"), _at("2024-01-20"), cancelled=True),
    Line("O4", "C3", "P2", 2, _eur("8.00"), _at("2024-02-01")),
    Line("O4", "C3", "P1", 1, _eur("1250.00"), _at("2024-02-01"), cancelled=True),
    Line("O5", None, "P3", 1, _eur("0.00"), _at("2024-02-01")),
    Line("O6", "C9", "P9", 1, _eur("7.77"), _at("2024-02-05")),
    Line("O7", "C1", "P2", 2, _eur("8.00"), _at("2024-03-01")),
    Line("O8", "C2", "P2", 1, _eur("4.00"), _at("2024-03-02")),
    Line("O8", "C2", "P2", 3, _eur("11.00"), _at("2024-03-02")),
)
_RETURNS = (
    Return("O1", "C1", "P1", 1, _eur("1200.00"), date(2024, 2, 15)),
    Return("O1", "C1", "P2", 1, _eur("4.00"), date(2024, 1, 10)),
    Return("O99", "C2", "P2", 1, _eur("4.50"), date(2024, 3, 3)),
    Return("O5", None, "P3", 1, _eur("0.00"), date(2024, 2, 2)),
)

#: What the files say.
FIRST = Shop(
    (_C1, _C2, *_REST_OF_CUSTOMERS),
    (_P2, *_REST_OF_PRODUCTS),
    (_O1_TEA, _O2_SECOND, *_REST_OF_LINES),
    _RETURNS,
)

#: What is refused: entity, line, rule, field, value, text.
REFUSED = [
    ("customers", 7, "missing_id", "customer_id", None, ",Nobody,x@y.zz,Chile,2024-01-01"),
    ("orders", 13, "duplicate_line", "order_id", "O7",
     "O7,C1,P5,1,5.00,2024-03-01,1,,,paid,EUR,"),
    ("orders", 15, "duplicate_line", "order_id", "O8",
     "O8,C2,P2,1,4.00,2024-03-02,,,,paid,EUR,"),
    ("orders", 17, "invalid_date", "order_date", "2024-02-30",
     "O9,C1,P2,1,4.00,2024-02-30,1,,,,EUR,"),
    ("orders", 18, "non_positive_quantity", "quantity", "0",
     "O10,C1,P2,0,4.00,2024-03-02,1,,,,EUR,"),
    ("orders", 19, "number_out_of_range", "total_price", "-4.00",
     "O11,C1,P2,1,-4.00,2024-03-02,1,,,,EUR,"),
    ("orders", 20, "invalid_number", "quantity", "two",
     "O12,C1,P2,two,4.00,2024-03-02,1,,,,EUR,"),
    ("orders", 21, "invalid_number", "total_price", "free",
     "O13,C1,P2,1,free,2024-03-02,1,,,,EUR,"),
    ("orders", 22, "missing_id", "product_id", None,
     "O14,C1,,1,4.00,2024-03-02,1,,,,EUR,"),
    ("orders", 23, "foreign_currency", "currency", "USD",
     "O15,C1,P2,1,4.00,2024-03-02,1,,,,USD,"),
    ("orders", 24, "date_out_of_range", "order_date", "2124-03-02",
     "O16,C1,P2,1,4.00,2124-03-02,1,,,,EUR,"),
    ("orders", 25, "wrong_field_count", None, None, "O17,C1"),
    ("orders", 26, "missing_id", "order_id", None,
     '"","C1","P2","1","4.00","2024-03-02","1","","","","EUR","say ""hi"" twice"'),
    ("returns", 5, "invalid_date", "return_date", None, "O99,P2,1,4.00,,R4,,"),
    ("returns", 7, "duplicate_line", "return_id", "R5", "O5,P3,1,0.00,2024-02-02,R5,,"),
]  # fmt: skip

#: What was set to NULL without losing the record: entity, field, rule, value, line.
FIELD_ISSUES = [
    ("customers", "email", "invalid_email", "not an e-mail", 3),
    ("customers", "signup_date", "invalid_date", "2024-02-30", 4),
    ("orders", "discount_amount", "invalid_number", "free", 12),
    ("products", "price", "invalid_number", "n/a", 6),
]

FILES = {"customers": CUSTOMERS, "products": PRODUCTS, "orders": ORDERS, "returns": RETURNS}

#: The files that change: an order with another quantity, one with a line fewer, a customer who
#: moved, a product of another category; and a late file with the first of all orders.
CHANGED = {
    "customers": CUSTOMERS.replace("Bo ,not an e-mail,Peru", "Bo ,bo@shop.org,Chile"),
    "products": PRODUCTS.replace("Kitchen,4.00", "Drinks,4.00"),
    "orders": ORDERS.replace('P1,2,"2,400.00"', 'P1,1,"1,150.00"').replace(
        "O2,C2,P2,2,8.00,2024-01-10T23:30:00-02:00,2,,,paid,EUR,\n", ""
    ),
    "late": _HEADER + "O0,C1,P5,4,20.00,2024-01-02,1,,,paid,EUR,\n",
}

#: What the files say then.
SECOND = Shop(
    (_C1, Customer("C2", "Chile", date(2024, 1, 15)), *_REST_OF_CUSTOMERS),
    (Product("P2", "Cup, blue", "Drinks", _eur("4.0000"), _eur("1.50")), *_REST_OF_PRODUCTS),
    (
        Line("O0", "C1", "P5", 4, _eur("20.00"), _at("2024-01-02")),
        Line("O1", "C1", "P1", 1, _eur("1150.00"), _at("2024-01-10 12:00"), _eur("100.00")),
        *_REST_OF_LINES,
    ),
    _RETURNS,
)
