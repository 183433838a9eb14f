"""What else makes the files of a shop, each as its users do it.

A peer either is the command of a program or, with `scripted`, a function of this module that is
run in the environment of requirements/bench.lock, in the folder that it writes to:

    .venv-bench/bin/python benchmarks/generate_peers.py FUNCTION ORDERS

A function's docstring is what the page says of it. The scripts write the product's columns, about
as many customers, products and lines for as many orders; returns and an answer key they leave out.
Both have a fixed seed, and call the library only for what the standard library has not.
"""

import csv
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isqrt
from pathlib import Path

PYTHON = Path(__file__).parents[1] / ".venv-bench/bin/python"
SEED = 7
START, DAYS = date(2024, 1, 1), 731
#: Customers for an order, and lines of one: 2.5 on average, as the product has them.
CUSTOMERS = 0.46
MOST_LINES = 4
CATEGORIES = ("Beauty", "Electronics", "Home", "Sports", "Toys")


@dataclass(frozen=True)
class Generator:
    """One way to make a shop.

    Args:
        name: as the table has it.
        unit: what its speed counts: `lines` (of orders) or `orders`.
        make: called with the orders that are asked for; see the top of this module.
        folder: of its files, below the working folder.
        lines_file: holds a line for every line of an order.
        orders_file: holds a line for every order, where a number of orders cannot be asked for.
        scripted: `make` is the work itself.
        most_orders: more would take too long.
        lines_per_order: what the product is asked for beside it; None: its own default.
    """

    name: str
    unit: str
    make: Callable[[int], list[str] | None]
    folder: str = "."
    lines_file: str = "orders.csv"
    orders_file: str | None = None
    scripted: bool = False
    most_orders: int | None = None
    lines_per_order: float | None = None

    @property
    def how(self) -> str:
        """How it is called, in a sentence."""
        return " ".join((self.make.__doc__ or "").split())

    def command(self, orders: int) -> list[str]:
        """The command that makes a shop in the working folder."""
        if self.scripted:
            return [str(PYTHON), __file__, self.make.__name__, str(orders)]
        return self.make(orders) or []


def ecomdata(orders: int, *more: str) -> list[str]:
    """`ecomdata generate shop --orders N`: also writes returns, and an answer key for the KPIs."""
    program = [sys.executable, "-m", "ecomdata", "generate", "shop", "--orders", str(orders)]
    return [*program, "--project", ".", "--no-progress", *more]


def ecomdata_beside(peer: Generator) -> Generator:
    """The product, writing as many lines an order as the peer."""
    lines = peer.lines_per_order
    if lines is None:
        return PRODUCT
    return replace(PRODUCT, make=lambda orders: ecomdata(orders, "--lines-per-order", f"{lines}"))


def faker_script(orders: int) -> None:
    """A script that writes row by row: `fake.name()`, `fake.email()`, `random`, `csv.writer`."""
    from faker import Faker

    Faker.seed(SEED)
    fake = Faker()
    _write_shop(orders, fake.name, fake.email, fake.country)


def mimesis_script(orders: int) -> None:
    """The same script with `Person().full_name()`, `Person().email()`, `Address().country()`."""
    from mimesis import Address, Person

    person, address = Person(seed=SEED), Address(seed=SEED)
    _write_shop(orders, person.full_name, person.email, address.country)


def jafgen(orders: int) -> list[str]:
    """`jafgen 1`: a year of dbt Labs' jaffle shop, whatever orders come of it; it takes no seed.

    Beside it the product writes as many lines an order, 1.5.
    """
    return [str(PYTHON.with_name("jafgen")), "1"]


def _write_shop(
    orders: int, name: Callable[[], str], email: Callable[[], str], country: Callable[[], str]
) -> None:
    random.seed(SEED)
    customers = [f"C{number:08}" for number in range(1, int(orders * CUSTOMERS) + 1)]
    products = [f"P{number:05}" for number in range(1, 2 * isqrt(orders) + 1)]
    prices = {product: round(random.uniform(2, 300), 2) for product in products}
    with Path("customers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("customer_id", "name", "email", "country", "signup_date"))
        for customer in customers:
            writer.writerow((customer, name(), email(), country(), _some_day()))
    with Path("products.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("product_id", "product_name", "category", "price", "unit_cost"))
        for product in products:
            title = f"Product {product}"
            price = prices[product]
            cost = f"{price / 2:.2f}"
            writer.writerow((product, title, random.choice(CATEGORIES), f"{price:.2f}", cost))
    with Path("orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("order_id", "line_number", "customer_id", "product_id", "quantity", "unit_price")
            + ("discount_amount", "total_price", "order_date", "status", "currency")
        )
        for number in range(1, orders + 1):
            order, customer, day = f"O{number:08}", random.choice(customers), _some_day()
            status = "cancelled" if random.random() < 0.02 else "completed"
            for line in range(1, random.randint(1, MOST_LINES) + 1):
                product = random.choice(products)
                quantity = random.randint(1, 5)
                price = prices[product]
                discount = round(quantity * price * random.choice((0, 0, 0, 0.1, 0.2)), 2)
                total = quantity * price - discount
                writer.writerow(
                    (order, line, customer, product, quantity, f"{price:.2f}")
                    + (f"{discount:.2f}", f"{total:.2f}", day, status, "EUR")
                )


def _some_day() -> str:
    return (START + timedelta(days=random.randrange(DAYS))).isoformat()


PRODUCT = Generator("ecomdata", "lines", ecomdata, "shop")
PEERS = (
    Generator("Faker", "lines", faker_script, scripted=True, most_orders=100_000),
    Generator("mimesis", "lines", mimesis_script, scripted=True, most_orders=1_000_000),
    Generator(
        "jafgen",
        "orders",
        jafgen,
        "jaffle-data",
        "raw_items.csv",
        "raw_orders.csv",
        lines_per_order=1.5,
    ),
)


if __name__ == "__main__":
    globals()[sys.argv[1]](int(sys.argv[2]))
