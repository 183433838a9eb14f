"""The files of a shop: the same bytes for the same plan, and figures that agree with the truth."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from shop_reading import by_order, bytes_by_file, digest, kpis, read, rows, truth

from ecomdata.contract import entity
from ecomdata.generate import ShopPlan, generate_shop, writer

SMALL = ShopPlan(orders=400, seed=11, dirt=0.1)
#: Changes only together with `ecomdata.generate.plan.VERSION`.
GOLDEN = "f899f5862cda00cab3229116564dda14b676eaa416077b02ddc30d8a645f8993"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean shop of a year and a leap day."""
    plan = ShopPlan(orders=6_000, seed=5, start=date(2024, 2, 1), end=date(2025, 1, 31))
    return generate_shop(plan, tmp_path_factory.mktemp("clean") / "shop").out


def test_a_small_shop_has_the_golden_bytes(tmp_path: Path) -> None:
    assert digest(generate_shop(SMALL, tmp_path / "shop").out) == GOLDEN


def test_chunks_of_another_size_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHUNK", 7)
    assert digest(generate_shop(SMALL, tmp_path / "shop").out) == GOLDEN


def test_another_seed_gives_another_shop(tmp_path: Path) -> None:
    seven = bytes_by_file(generate_shop(ShopPlan(orders=50, seed=7), tmp_path / "7").out)
    eight = bytes_by_file(generate_shop(ShopPlan(orders=50, seed=8), tmp_path / "8").out)
    assert [name for name in seven if seven[name] == eight[name]] == ["truth/dirt.jsonl"]


def test_the_folder_holds_four_files_and_the_truth(tmp_path: Path) -> None:
    summary = generate_shop(SMALL, tmp_path / "shop")
    content = bytes_by_file(tmp_path / "shop")
    files = ["customers.csv", "orders.csv", "products.csv", "returns.csv"]
    assert list(content) == [*files, "truth/dirt.jsonl", "truth/kpis.json", "truth/plan.json"]
    assert summary.out == tmp_path / "shop"
    assert summary.orders == 400
    assert summary.records == {name: content[name].count(b"\n") - 1 for name in files}
    assert summary.bytes == sum(len(content[name]) for name in files)
    assert sum(summary.faults.values()) == content["truth/dirt.jsonl"].count(b"\n")
    assert str(summary.net_sales) == truth(summary.out, "kpis.json")["net_sales"]
    assert truth(summary.out, "plan.json") == {
        "version": 1,
        "orders": 400,
        "customers": 152,
        "products": 40,
        "seed": 11,
        "start": "2024-01-01",
        "end": "2025-12-31",
        "dirt": 0.1,
        "lines_per_order": 2.5,
    }


def test_headers_are_columns_of_the_contract(shop: Path) -> None:
    for name in ("customers", "products", "orders", "returns"):
        header = Path(shop, f"{name}.csv").read_text("utf-8").split("\n")[0].split(",")
        assert set(entity(name).required) <= set(header) <= set(entity(name).column_names)


def test_the_files_give_the_true_kpis(shop: Path) -> None:
    true = truth(shop, "kpis.json")
    planted = true.pop("planted")
    lines, returns = read(shop, "orders.csv"), read(shop, "returns.csv")
    assert kpis(lines, returns, date(2024, 2, 1), date(2025, 1, 31)) == true == planted


def test_lines_add_up_and_agree_with_the_catalogue(shop: Path) -> None:
    price = {product["product_id"]: product["price"] for product in read(shop, "products.csv")}
    for line in read(shop, "orders.csv"):
        assert line["unit_price"] == price[line["product_id"]]
        gross = int(line["quantity"]) * Decimal(line["unit_price"])
        discount = Decimal(line["discount_amount"])
        assert Decimal(line["total_price"]) == gross - discount
        assert 0 <= discount <= gross / 5 + Decimal("0.01")
        assert line["currency"] == "EUR"


def test_an_order_is_one_customers_on_one_day_in_the_order_of_time(shop: Path) -> None:
    orders = by_order(read(shop, "orders.csv"))
    assert list(orders) == [f"O{number:08d}" for number in range(1, 6_001)]
    days = []
    for lines in orders.values():
        assert [line["line_number"] for line in lines] == [
            str(number) for number in range(1, len(lines) + 1)
        ]
        shared = {(line["customer_id"], line["order_date"], line["status"]) for line in lines}
        assert len(shared) == 1
        days.append(lines[0]["order_date"])
    assert days == sorted(days)
    assert (days[0], days[-1]) == ("2024-02-01", "2025-01-31")


def test_customers_sign_up_before_they_buy_and_have_an_address_of_their_own(shop: Path) -> None:
    customers = read(shop, "customers.csv")
    signup = {customer["customer_id"]: customer["signup_date"] for customer in customers}
    assert list(signup.values()) == sorted(signup.values())
    emails = {customer["email"] for customer in customers}
    assert len(emails) == len(signup) == len(customers) == 2_280
    assert all(email.isascii() and email.count("@") == 1 for email in emails)
    assert {email.partition("@")[2].split(".")[-2] for email in emails} == {"example"}
    for line in read(shop, "orders.csv"):
        if line["customer_id"]:
            assert signup[line["customer_id"]] <= line["order_date"]


def test_products_have_names_of_their_own_and_cost_less_than_their_price(shop: Path) -> None:
    products = read(shop, "products.csv")
    assert len({product["product_name"] for product in products}) == len(products) == 154
    assert len({product["category"] for product in products}) == 8
    for product in products:
        assert 0 < Decimal(product["unit_cost"]) < Decimal(product["price"])


def test_returns_give_back_no_more_than_was_bought_and_never_before(shop: Path) -> None:
    orders = by_order(read(shop, "orders.csv"))
    returns = read(shop, "returns.csv")
    assert len(returns) > 500
    assert [line["return_id"] for line in returns] == [
        f"R{number:08d}" for number in range(1, len(returns) + 1)
    ]
    back: dict[tuple[str, str], list[dict[str, str]]] = {}
    for line in returns:
        back.setdefault((line["order_id"], line["product_id"]), []).append(line)
        assert orders[line["order_id"]][0]["order_date"] < line["return_date"] <= "2025-01-31"
    for (order, product), parts in back.items():
        bought = [line for line in orders[order] if line["product_id"] == product]
        assert {line["status"] for line in bought} == {"completed"}
        assert sum(int(line["quantity"]) for line in parts) <= sum(
            int(line["quantity"]) for line in bought
        )
        assert sum(Decimal(line["refund_amount"]) for line in parts) <= sum(
            Decimal(line["total_price"]) for line in bought
        )


def test_a_shop_of_one_order_on_one_day_is_a_shop(tmp_path: Path) -> None:
    day = date(2024, 2, 29)
    plan = ShopPlan(orders=1, customers=1, products=1, start=day, end=day, lines_per_order=1)
    shop = generate_shop(plan, tmp_path / "shop").out
    (line,) = read(shop, "orders.csv")
    assert (line["order_id"], line["customer_id"]) == ("O00000001", "C00000001")
    assert (line["product_id"], line["order_date"]) == ("P00001", "2024-02-29")
    assert rows(Path(shop, "returns.csv").read_text("utf-8")) == []
    assert truth(shop, "kpis.json")["orders"] == 1
