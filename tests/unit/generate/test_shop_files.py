"""The files of a shop: the same bytes for the same plan, and figures that agree with the truth."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shop_reading import Row, by_order, bytes_by_file, digest, files_of, kpis, read, truth

from ecomdata.contract import entity
from ecomdata.generate import ShopPlan, generate_shop, timeline, writer
from ecomdata.generate.files import records
from ecomdata.generate.people import customers
from ecomdata.generate.plan import VERSION

CLEAN = ShopPlan(orders=400, seed=11, end=date(2024, 9, 30), more_days=2)
DIRTY = replace(CLEAN, dirt=0.1, events=3)
#: Of these shops. They change only together with `ecomdata.generate.plan.VERSION`.
GOLDEN_CLEAN = "1b55d75edbe433cade38fe782bcbe2181363812848cb84fc222a9e69c81d135a"
GOLDEN_DIRTY = "03cc303c35da82709f939eb66d86d36d61eab78f471ba903e2da1b56e675ca0a"

FIRST, LAST = date(2024, 2, 1), date(2025, 1, 31)
ENTITIES = ("customers", "orders", "products", "returns")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean shop of a year and a leap day."""
    plan = ShopPlan(orders=6_000, seed=5, start=FIRST, end=LAST)
    return generate_shop(plan, tmp_path_factory.mktemp("clean") / "shop").out


@pytest.fixture(scope="module")
def lines(shop: Path) -> list[Row]:
    return read(shop, "orders.csv")


@pytest.fixture(
    scope="module",
    params=[CLEAN, DIRTY, replace(CLEAN, events=3)],
    ids=["clean", "dirty", "eventful"],
)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ShopPlan, dict[str, bytes]]:
    """A plan, and the bytes that the usual sizes and one worker make of it."""
    out = tmp_path_factory.mktemp("made") / "shop"
    return request.param, bytes_by_file(generate_shop(request.param, out).out)


@contextmanager
def generated(plan: ShopPlan) -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield generate_shop(plan, Path(folder, "shop")).out


def in_sql(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize(("plan", "golden"), [(CLEAN, GOLDEN_CLEAN), (DIRTY, GOLDEN_DIRTY)])
def test_a_small_shop_has_the_golden_bytes(tmp_path: Path, plan: ShopPlan, golden: str) -> None:
    assert digest(generate_shop(plan, tmp_path / "shop").out) == golden


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"chunk": 1, "sorted": 50},
        {"chunk": 7, "block": 7, "at_once": 3, "sorted": 1},
        {"block": 64, "at_once": 64, "sorted": 100},
    ],
    ids=str,
)
def test_any_sizes_and_workers_give_the_same_bytes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: tuple[ShopPlan, dict[str, bytes]],
    sizes: dict[str, int],
    workers: int,
) -> None:
    places = {
        "chunk": [(writer, "CHUNK")],
        "block": [(customers, "BLOCK"), (writer, "BLOCK")],
        "at_once": [(records, "AT_ONCE")],
        "sorted": [(timeline, "SORTED")],
    }
    for name, size in sizes.items():
        for module, constant in places[name]:
            monkeypatch.setattr(module, constant, size)
    plan, expected = made
    content = bytes_by_file(generate_shop(plan, tmp_path / "shop", workers=workers).out)
    assert [name for name in expected if content[name] != expected[name]] == []
    assert content.keys() == expected.keys()


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    seven = bytes_by_file(generate_shop(ShopPlan(orders=2_000, seed=7), tmp_path / "7").out)
    eight = bytes_by_file(generate_shop(ShopPlan(orders=2_000, seed=8), tmp_path / "8").out)
    nothing = ["truth/dirt.jsonl", "truth/events.jsonl"]
    assert [name for name in seven if seven[name] == eight[name]] == nothing


def test_the_folder_holds_the_files_and_the_truth(tmp_path: Path) -> None:
    summary = generate_shop(CLEAN, tmp_path / "shop")
    content = bytes_by_file(tmp_path / "shop")
    days = ("", "-2024-10-01", "-2024-10-02")
    data = {f"{name}{day}.csv" for name in ("customers", "orders", "returns") for day in days}
    data |= {"products.csv"}
    documents = ("dirt.jsonl", "events.jsonl", "kpis.json", "pairs.json", "plan.json", "prices.csv")
    assert content.keys() == (
        data | {f"truth/{name}" for name in (*documents, "customers.parquet")}
    )
    assert summary.out == tmp_path / "shop"
    assert summary.records == {name: content[name].count(b"\n") - 1 for name in data}
    assert summary.bytes == sum(len(content[name]) for name in data)
    assert summary.faults == {}
    assert content["truth/dirt.jsonl"] == b""
    assert str(summary.net_sales) == truth(summary.out, "kpis.json")["net_sales"]
    in_base = by_order(read(summary.out, "orders.csv"))
    later = [read(summary.out, name) for name in files_of(summary.out, "orders")[1:]]
    assert len(in_base) == 400
    assert summary.orders == 400 + sum(len(by_order(lines)) for lines in later)
    assert truth(summary.out, "plan.json") == {
        "version": VERSION,
        "orders": 400,
        "customers": None,
        "products": None,
        "seed": 11,
        "start": "2024-01-01",
        "end": "2024-09-30",
        "more_days": 2,
        "dirt": 0.0,
        "faults": [],
        "lines_per_order": 2.5,
        "currency": "EUR",
        "format": "csv",
        "events": 0,
        "accounts": content["customers.csv"].count(b"\n") - 1,
    }
    for name in data:
        assert content[name].endswith(b"\n"), name
        assert not set('"\r\0') & set(content[name].decode()), name
        columns = {line.count(b",") for line in content[name].splitlines()}
        assert len(columns) == 1, name


def test_the_faults_of_a_dirty_shop_are_summed_up(tmp_path: Path) -> None:
    summary = generate_shop(DIRTY, tmp_path / "shop")
    assert sum(summary.faults.values()) == len(truth(summary.out, "dirt.jsonl")) > 50
    content = bytes_by_file(summary.out)
    data = {name: text for name, text in content.items() if not name.startswith("truth/")}
    assert summary.bytes == sum(map(len, data.values()))
    assert summary.records == {name: text.count(b"\n") - 1 for name, text in data.items()}


def test_headers_are_columns_of_the_contract(shop: Path) -> None:
    for name in ENTITIES:
        header = Path(shop, f"{name}.csv").read_text("utf-8").split("\n")[0].split(",")
        assert set(entity(name).required) <= set(header) <= set(entity(name).column_names)


def test_the_files_give_the_true_kpis(shop: Path, lines: list[Row]) -> None:
    true = truth(shop, "kpis.json")
    planted = true.pop("planted")
    assert kpis(lines, read(shop, "returns.csv"), FIRST, LAST) == true == planted


def test_lines_add_up_and_agree_with_the_prices_of_their_day(shop: Path, lines: list[Row]) -> None:
    prices: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in read(shop, "truth/prices.csv"):
        prices[row["product_id"]].append((row["valid_from"], row["price"]))
    assert any(len(steps) > 1 for steps in prices.values())
    for steps in prices.values():
        assert [day for day, _ in steps] == sorted({day for day, _ in steps})
        assert steps[0][0] == "2024-02-01"
        assert all(day.endswith("-01") for day, _ in steps)
        assert all(
            before != after for (_, before), (_, after) in zip(steps, steps[1:], strict=False)
        )
    for line in lines:
        in_force = [price for day, price in prices[line["product_id"]] if day <= line["order_date"]]
        assert line["unit_price"] == in_force[-1]
        gross = int(line["quantity"]) * Decimal(line["unit_price"])
        assert Decimal(line["total_price"]) == gross - Decimal(line["discount_amount"])
        assert line["currency"] == "EUR"
    for product in read(shop, "products.csv"):
        assert product["price"] == prices[product["product_id"]][-1][1]


def test_a_discount_is_one_percentage_of_all_lines_of_an_order(lines: list[Row]) -> None:
    cent = Decimal("0.01")
    seen = set()
    for order in by_order(lines).values():
        fitting = {
            percent
            for percent in (0, 5, 10, 15, 20)
            if all(
                Decimal(line["discount_amount"])
                == (int(line["quantity"]) * Decimal(line["unit_price"]) * percent / 100).quantize(
                    cent, "ROUND_HALF_UP"
                )
                for line in order
            )
        }
        assert fitting
        seen |= fitting
    assert seen == {0, 5, 10, 15, 20}


def test_an_order_is_one_customers_on_one_day_in_the_order_of_time(lines: list[Row]) -> None:
    orders = by_order(lines)
    assert list(orders) == [f"O{number:08d}" for number in range(1, 6_001)]
    assert [line["order_id"] for line in lines] == sorted(line["order_id"] for line in lines)
    days = []
    for parts in orders.values():
        assert [line["line_number"] for line in parts] == [
            str(number) for number in range(1, len(parts) + 1)
        ]
        shared = {(line["customer_id"], line["order_date"], line["status"]) for line in parts}
        assert len(shared) == 1
        assert shared.pop()[2] in ("completed", "cancelled")
        days.append(parts[0]["order_date"])
    assert days == sorted(days)
    assert (days[0], days[-1]) == ("2024-02-01", "2025-01-31")


def test_customers_sign_up_before_they_buy_and_have_an_address_of_their_own(
    shop: Path, lines: list[Row]
) -> None:
    known = read(shop, "customers.csv")
    assert [customer["customer_id"] for customer in known] == [
        f"C{number:08d}" for number in range(1, len(known) + 1)
    ]
    signup = {customer["customer_id"]: customer["signup_date"] for customer in known}
    assert list(signup.values()) == sorted(signup.values())
    emails = {customer["email"] for customer in known}
    assert len(emails) == len(signup) == len(known) == truth(shop, "plan.json")["accounts"]
    assert all(email.isascii() and email.count("@") == 1 for email in emails)
    assert {email.partition("@")[2].split(".")[-2] for email in emails} == {"example"}
    for line in lines:
        if line["customer_id"]:
            assert signup[line["customer_id"]] <= line["order_date"]
    assert {line["customer_id"] == "" for line in lines} == {True, False}


def test_products_have_names_of_their_own_and_cost_less_than_their_price(
    shop: Path, lines: list[Row]
) -> None:
    products = read(shop, "products.csv")
    # All that were ever launched: 2 * isqrt(6,000).
    assert [product["product_id"] for product in products] == [
        f"P{number:05d}" for number in range(1, 155)
    ]
    assert len({product["product_name"] for product in products}) == len(products) == 154
    assert len({product["category"] for product in products}) == 8
    # Prices change after a cost has been stated, by 12 % at most.
    first = {row["product_id"]: row["price"] for row in reversed(read(shop, "truth/prices.csv"))}
    for product in products:
        assert 0 < Decimal(product["unit_cost"]) < Decimal(first[product["product_id"]])
    assert {line["product_id"] for line in lines} < {each["product_id"] for each in products}


def test_returns_give_back_no_more_than_was_bought_and_never_before(
    shop: Path, lines: list[Row]
) -> None:
    bought = {
        f"R{line['order_id'][1:]}-{line['line_number']}": line
        for line in lines
        if line["status"] == "completed"
    }
    returns = read(shop, "returns.csv")
    assert len(returns) > 500
    assert len({back["return_id"] for back in returns}) == len(returns)
    days = []
    for back in returns:
        line = bought[back["return_id"]]
        assert back["order_id"] == line["order_id"]
        assert back["product_id"] == line["product_id"]
        part, whole = int(back["quantity"]), int(line["quantity"])
        assert 1 <= part <= whole
        assert Decimal(back["refund_amount"]) == (
            Decimal(line["total_price"]) * part / whole
        ).quantize(Decimal("0.01"), "ROUND_DOWN")
        ordered, returned = (
            date.fromisoformat(line["order_date"]),
            date.fromisoformat(back["return_date"]),
        )
        assert timedelta(3) <= returned - ordered <= timedelta(45)
        assert returned <= LAST
        number = int(line["order_id"][1:]), int(line["line_number"])
        days.append((returned, number))
    assert days == sorted(days)


def test_the_truth_about_customers_agrees_with_their_orders(shop: Path, lines: list[Row]) -> None:
    placed: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        placed[line["customer_id"]].add(line["order_id"])
    known = read(shop, "customers.csv")
    rows = in_sql(
        "select customer_id, buys, orders, recency_weeks, age_weeks, interested"
        f" from read_parquet('{shop}/truth/customers.parquet')"
    )
    assert [row[0] for row in rows] == [customer["customer_id"] for customer in known]
    for customer, buys, orders, recency, age, interested in rows:
        assert orders == len(placed[customer])
        assert buys or (orders == 0 and interested)
        if orders == 0:
            assert (recency, age) == (None, None)
        else:
            assert 0 <= recency < age
            assert (recency == 0) == (orders == 1) or orders > 1
    assert {row[1] for row in rows} == {row[5] for row in rows} == {True, False}


def test_a_shop_of_one_order_on_one_day_is_a_shop(tmp_path: Path) -> None:
    day = date(2024, 2, 29)
    plan = ShopPlan(orders=1, customers=1, products=1, start=day, end=day, lines_per_order=1)
    shop = generate_shop(plan, tmp_path / "shop").out
    (line,) = read(shop, "orders.csv")
    assert (line["order_id"], line["line_number"]) == ("O00000001", "1")
    assert line["customer_id"] in ("", "C00000001")
    assert (line["product_id"], line["order_date"]) == ("P00001", "2024-02-29")
    assert [customer["signup_date"] for customer in read(shop, "customers.csv")] == ["2024-02-29"]
    assert read(shop, "returns.csv") == []
    assert truth(shop, "kpis.json")["orders"] == (line["status"] == "completed")


def assert_as_planned(plan: ShopPlan) -> None:
    """As many orders, customers and products as asked for, and KPIs that agree."""
    with generated(plan) as out:
        lines = read(out, "orders.csv")
        assert list(by_order(lines)) == [f"O{number:08d}" for number in range(1, plan.orders + 1)]
        known = {customer["customer_id"] for customer in read(out, "customers.csv")}
        if plan.customers is not None:
            assert len(known) == plan.customers
        assert {line["customer_id"] for line in lines} <= known | {""}
        products = {product["product_id"] for product in read(out, "products.csv")}
        assert products == {f"P{number:05d}" for number in range(1, plan.product_count + 1)}
        assert {line["product_id"] for line in lines} <= products
        true = truth(out, "kpis.json")
        assert true.pop("planted") == true
        assert kpis(lines, read(out, "returns.csv"), plan.start, plan.end) == true


@pytest.mark.parametrize(
    "plan",
    [
        ShopPlan(orders=1),
        ShopPlan(orders=10),
        ShopPlan(orders=10, customers=3_000),
        ShopPlan(orders=300, customers=1),
        ShopPlan(orders=200, products=1),
        ShopPlan(orders=20, products=500),
        ShopPlan(orders=200, lines_per_order=1),
        ShopPlan(orders=200, lines_per_order=20),
        ShopPlan(orders=500, start=date(2024, 2, 29), end=date(2024, 2, 29)),
        ShopPlan(orders=500, customers=1, start=date(2024, 11, 29), end=date(2024, 11, 29)),
        ShopPlan(orders=100, start=date(1990, 1, 1), end=date(2069, 12, 31)),
        ShopPlan(orders=9_000, seed=2**63 - 1),
    ],
    ids=lambda plan: " ".join(
        f"{name}={value}"
        for name, value in asdict(plan).items()
        if value != asdict(ShopPlan())[name]
    ),
)
def test_a_shop_has_exactly_the_orders_customers_and_products_asked_for(plan: ShopPlan) -> None:
    assert_as_planned(plan)


def test_one_customer_places_no_more_than_can_be_told_apart_and_guests_the_rest() -> None:
    assert_as_planned(ShopPlan(orders=5_000, customers=1))


@settings(max_examples=25)
@given(
    st.builds(
        ShopPlan,
        orders=st.integers(1, 400),
        customers=st.one_of(st.none(), st.integers(30, 600)),
        products=st.one_of(st.none(), st.integers(1, 300)),
        seed=st.integers(0, 2**63 - 1),
        start=st.dates(date(2019, 1, 1), date(2024, 1, 1)),
        end=st.dates(date(2024, 1, 1), date(2024, 12, 31)),
        lines_per_order=st.floats(1, 20),
    )
)
@example(ShopPlan(orders=2, customers=2, products=2))
@example(ShopPlan(orders=1, seed=5, lines_per_order=1))
def test_any_plan_is_kept(plan: ShopPlan) -> None:
    assert_as_planned(plan)


def test_another_currency_stands_in_every_line(tmp_path: Path) -> None:
    euro = generate_shop(ShopPlan(orders=50), tmp_path / "euro").out
    yen = generate_shop(ShopPlan(orders=50, currency="JPY"), tmp_path / "yen").out
    text = Path(euro, "orders.csv").read_text("utf-8")
    assert Path(yen, "orders.csv").read_text("utf-8") == text.replace(",EUR\n", ",JPY\n")
    assert text.count(",EUR\n") == text.count("\n") - 1


@pytest.mark.parametrize("orders", [1, 400])
def test_compressed_files_hold_the_same_lines_and_no_time(tmp_path: Path, orders: int) -> None:
    plan = replace(CLEAN, orders=orders)
    plain = bytes_by_file(generate_shop(plan, tmp_path / "plain").out)
    summary = generate_shop(replace(plan, format="csv.gz"), tmp_path / "packed")
    packed = bytes_by_file(summary.out)
    again = generate_shop(replace(plan, format="csv.gz"), tmp_path / "elsewhere", workers=2).out
    assert bytes_by_file(again) == packed
    assert len(packed) == len(plain)
    for name, content in plain.items():
        if name.startswith("truth/"):
            assert name == "truth/plan.json" or packed[name] == content
        else:
            assert gzip.decompress(packed[f"{name}.gz"]) == content
            assert packed[f"{name}.gz"][4:8] == bytes(4), "the time of the header"
    assert summary.records == {
        f"{name}.gz": content.count(b"\n") - 1
        for name, content in plain.items()
        if not name.startswith("truth/")
    }
    assert summary.bytes == sum(len(packed[name]) for name in summary.records)


MONEY, WHOLE, DAY, TEXT = "DECIMAL(18,2)", "BIGINT", "DATE", "VARCHAR"
COLUMN_TYPES = {
    "customers": {
        "customer_id": TEXT,
        "name": TEXT,
        "email": TEXT,
        "country": TEXT,
        "signup_date": DAY,
    },
    "products": {
        "product_id": TEXT,
        "product_name": TEXT,
        "category": TEXT,
        "price": MONEY,
        "unit_cost": MONEY,
    },
    "orders": {
        "order_id": TEXT,
        "line_number": WHOLE,
        "customer_id": TEXT,
        "product_id": TEXT,
        "quantity": WHOLE,
        "unit_price": MONEY,
        "discount_amount": MONEY,
        "total_price": MONEY,
        "order_date": DAY,
        "status": TEXT,
        "currency": TEXT,
    },
    "returns": {
        "return_id": TEXT,
        "order_id": TEXT,
        "product_id": TEXT,
        "quantity": WHOLE,
        "refund_amount": MONEY,
        "return_date": DAY,
        "reason": TEXT,
    },
}


@pytest.mark.parametrize("orders", [1, 3_000])
def test_parquet_files_hold_the_same_values_with_types(tmp_path: Path, orders: int) -> None:
    plan = replace(CLEAN, orders=orders)
    plain = generate_shop(plan, tmp_path / "plain")
    summary = generate_shop(replace(plan, format="parquet"), tmp_path / "typed", workers=2)
    assert summary.records == {
        name.replace(".csv", ".parquet"): count for name, count in plain.records.items()
    }
    assert summary.bytes == sum(Path(summary.out, name).stat().st_size for name in summary.records)
    assert {path.name for path in summary.out.iterdir()} == {*summary.records, "truth"}
    for name in plain.records:
        typed = f"read_parquet('{summary.out}/{name.replace('.csv', '.parquet')}')"
        types = {row[0]: row[1] for row in in_sql(f"describe from {typed}")}
        assert types == COLUMN_TYPES[name.partition("-")[0].removesuffix(".csv")]
        values = in_sql(f"from {typed}")
        expected = [tuple(row.values()) for row in read(plain.out, name)]
        assert [tuple("" if x is None else str(x) for x in row) for row in values] == expected
    truths = bytes_by_file(plain.out / "truth")
    typed_truths = bytes_by_file(summary.out / "truth")
    assert [name for name in truths if truths[name] != typed_truths[name]] == ["plan.json"]
