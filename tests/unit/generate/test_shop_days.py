"""Added days: as if they had always been asked for, but in files of their own."""

import gzip
import json
import os
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shop_reading import bytes_by_file, files_of, kpis, read, read_all, truth

from ecomdata.errors import UsageError
from ecomdata.generate import ShopPlan, extend_shop, generate_shop
from ecomdata.generate.files import series as files
from ecomdata.generate.files.series import Period
from ecomdata.generate.plan import VERSION

#: From a month's last days into the next one.
PLAN = ShopPlan(orders=3_000, seed=3, start=date(2024, 1, 1), end=date(2024, 4, 29))
DAILY = ("customers", "orders", "returns")


def a_shop(folder: Path, plan: ShopPlan, *days: int, workers: int = 1) -> dict[str, bytes]:
    """The files of a plan's shop that is made and then extended by these days, in turn."""
    out = generate_shop(plan, folder, workers=workers).out
    for each in days:
        extend_shop(out, each, workers=workers)
    return bytes_by_file(out)


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


@pytest.mark.parametrize(
    "end",
    [date(2024, 4, 29), date(2024, 1, 31), date(2023, 12, 30), date(2024, 2, 27)],
    ids=["within months", "a month is over", "a year is over", "a leap day"],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_days_one_by_one_are_those_at_once(tmp_path: Path, end: date, workers: int) -> None:
    plan = replace(PLAN, orders=600, start=end - timedelta(40), end=end)
    one_by_one = a_shop(tmp_path / "one by one", plan, 1, 1, 1, workers=workers)
    assert differing(one_by_one, a_shop(tmp_path / "at once", plan, 3)) == []
    assert differing(one_by_one, a_shop(tmp_path / "never less", replace(plan, more_days=3))) == []
    days = [f"{end + timedelta(day)}" for day in (1, 2, 3)]
    names = [f"{entity}{day}.csv" for entity in DAILY for day in ("", *(f"-{day}" for day in days))]
    assert {name for name in one_by_one if not name.startswith("truth/")} == {
        *names,
        "products.csv",
    }


def test_days_one_by_one_are_those_at_once_with_events_and_dirt_too(tmp_path: Path) -> None:
    plan = replace(PLAN, events=4, dirt=0.1)
    at_once = a_shop(tmp_path / "at once", plan, 20)
    assert at_once["truth/events.jsonl"].count(b"\n") == 4
    assert at_once["truth/dirt.jsonl"].count(b"2024-05-19.csv") > 0
    assert differing(a_shop(tmp_path / "in parts", plan, 1, 1, 18), at_once) == []
    never_less = a_shop(tmp_path / "never less", replace(plan, more_days=20))
    assert differing(never_less, at_once) == []


@settings(max_examples=10)
@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=4),
    st.builds(
        ShopPlan,
        orders=st.integers(1, 500),
        products=st.one_of(st.none(), st.integers(1, 60)),
        seed=st.integers(0, 2**63 - 1),
        start=st.dates(date(2023, 6, 1), date(2024, 1, 1)),
        end=st.dates(date(2024, 1, 1), date(2024, 3, 1)),
        more_days=st.integers(0, 3),
    ),
)
@example([1, 30, 1], ShopPlan(orders=1, start=date(2024, 2, 29), end=date(2024, 2, 29)))
def test_any_split_of_the_days_gives_the_same_files(splits: list[int], plan: ShopPlan) -> None:
    with TemporaryDirectory() as folder:
        split = a_shop(Path(folder, "split"), plan, *splits)
        whole = replace(plan, more_days=plan.more_days + sum(splits))
        assert differing(split, a_shop(Path(folder, "whole"), whole)) == []


def test_the_files_end_to_end_are_those_of_a_shop_in_one_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = a_shop(tmp_path / "pieces", PLAN, 40)
    monkeypatch.setattr(files, "periods", lambda plan: [Period(0, plan.days, "")])
    piece = a_shop(tmp_path / "piece", replace(PLAN, more_days=40))
    for entity in DAILY:
        names = files_of(tmp_path / "pieces", entity)
        assert len(names) == 41
        bodies = [pieces[name].split(b"\n", 1) for name in names]
        assert {header for header, _ in bodies} == {piece[f"{entity}.csv"].split(b"\n", 1)[0]}
        assert b"".join(body for _, body in bodies) == piece[f"{entity}.csv"].split(b"\n", 1)[1]
    rest = {name for name in pieces if name.startswith(("products", "truth"))}
    assert {name for name in piece if name.startswith(("products", "truth"))} == rest
    assert [name for name in sorted(rest) if pieces[name] != piece[name]] == []


def test_each_file_holds_what_happens_on_its_days(tmp_path: Path) -> None:
    a_shop(tmp_path / "shop", PLAN, 10)
    for entity, column in (
        ("customers", "signup_date"),
        ("orders", "order_date"),
        ("returns", "return_date"),
    ):
        first, *later = files_of(tmp_path / "shop", entity)
        assert max(row[column] for row in read(tmp_path / "shop", first)) <= "2024-04-29"
        assert len(later) == 10
        for name in later:
            days = {row[column] for row in read(tmp_path / "shop", name)}
            assert days <= {name.removeprefix(f"{entity}-").removesuffix(".csv")}
        rows = read_all(tmp_path / "shop", entity)
        assert len({row[column] for row in rows} - {f"2024-04-{day:02d}" for day in range(31)}) > 5
        assert [row[column] for row in rows] == sorted(row[column] for row in rows)
    ids = list(dict.fromkeys(row["order_id"] for row in read_all(tmp_path / "shop", "orders")))
    assert ids == [f"O{number:08d}" for number in range(1, len(ids) + 1)]
    assert len(ids) > 3_000
    early = {row["order_id"] for row in read(tmp_path / "shop", "orders.csv")}
    late = [read(tmp_path / "shop", name) for name in files_of(tmp_path / "shop", "returns")[1:]]
    assert {row["order_id"] in early for rows in late for row in rows} == {True, False}


def test_orders_name_customers_of_no_later_file_and_products_of_the_one(tmp_path: Path) -> None:
    a_shop(tmp_path / "shop", PLAN, 30)
    products = {row["product_id"] for row in read(tmp_path / "shop", "products.csv")}
    known = {""}
    later = set()
    names = zip(
        *(files_of(tmp_path / "shop", each) for each in ("customers", "orders")), strict=True
    )
    for customers_name, orders_name in names:
        new = {row["customer_id"] for row in read(tmp_path / "shop", customers_name)}
        assert not new & known
        known |= new
        lines = read(tmp_path / "shop", orders_name)
        assert {line["customer_id"] for line in lines} <= known
        assert {line["product_id"] for line in lines} <= products
        if orders_name != "orders.csv":
            later |= {line["customer_id"] for line in lines}
    first = {row["customer_id"] for row in read(tmp_path / "shop", "customers.csv")}
    assert later & first, "customers of old order again"
    assert later - first - {""}, "and new ones order too"


def test_what_was_written_stays_and_products_and_truth_are_stated_anew(tmp_path: Path) -> None:
    before = a_shop(tmp_path / "shop", PLAN, 1)
    inodes = {name: Path(tmp_path, "shop", name).stat().st_ino for name in before}
    extend_shop(tmp_path / "shop", 2)
    after = bytes_by_file(tmp_path / "shop")
    kept = [name for name in before if not name.startswith(("products", "truth/"))]
    assert len(kept) == 6
    for name in kept:
        assert after[name] == before[name]
        assert Path(tmp_path, "shop", name).stat().st_ino == inodes[name]
    anew = {"products.csv", *(f"truth/{name}" for name in ("kpis.json", "plan.json"))}
    anew |= {"truth/customers.parquet", "truth/prices.csv"}  # from April into May
    assert {name for name in before if after[name] != before[name]} == anew
    days = ("2024-05-01", "2024-05-02")
    assert after.keys() - before.keys() == {
        f"{entity}-{day}.csv" for entity in DAILY for day in days
    }
    assert after["truth/prices.csv"].startswith(before["truth/prices.csv"])
    prices = {row["product_id"]: row for row in read(tmp_path / "shop", "truth/prices.csv")}
    assert "2024-05-01" in {row["valid_from"] for row in prices.values()}
    for product in read(tmp_path / "shop", "products.csv"):
        assert product["price"] == prices[product["product_id"]]["price"]


def test_without_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    linked = a_shop(tmp_path / "linked", replace(PLAN, orders=50), 2)
    monkeypatch.setattr(os, "link", refuse)
    copied = a_shop(tmp_path / "copied", replace(PLAN, orders=50), 1, 1)
    assert differing(linked, copied) == []


def test_the_true_kpis_are_those_of_all_files(tmp_path: Path) -> None:
    out = generate_shop(PLAN, tmp_path / "shop").out
    for days in (1, 35):
        summary = extend_shop(out, days)
    true = truth(out, "kpis.json")
    assert true.pop("planted") == true
    lines, returns = read_all(out, "orders"), read_all(out, "returns")
    assert kpis(lines, returns, PLAN.start, PLAN.end + timedelta(36)) == true
    assert str(summary.net_sales) == true["net_sales"]
    assert summary.orders == len({line["order_id"] for line in lines})


def test_the_true_habits_are_those_at_the_end_of_all_days(tmp_path: Path) -> None:
    out = generate_shop(PLAN, tmp_path / "shop").out
    extend_shop(out, 20)
    placed: dict[str, set[str]] = {row["customer_id"]: set() for row in read_all(out, "customers")}
    for line in read_all(out, "orders"):
        if line["customer_id"]:
            placed[line["customer_id"]].add(line["order_id"])
    with duckdb.connect() as connection:
        table = connection.read_parquet(f"{out}/truth/customers.parquet")
        rows = table.project("customer_id, orders").fetchall()
    assert rows == [(customer, len(orders)) for customer, orders in placed.items()]


def test_the_summary_is_of_what_was_written(tmp_path: Path) -> None:
    out = generate_shop(PLAN, tmp_path / "shop").out
    summary = extend_shop(out, 1)
    names = ["products.csv", *(f"{entity}-2024-04-30.csv" for entity in DAILY)]
    content = bytes_by_file(out)
    assert summary.records == {name: content[name].count(b"\n") - 1 for name in names}
    assert summary.bytes == sum(len(content[name]) for name in names)
    assert (summary.out, summary.faults) == (out, {})
    assert truth(out, "plan.json")["more_days"] == 1


@pytest.mark.parametrize("format", ["csv.gz", "parquet"])
def test_shops_of_another_format_go_on_in_it(tmp_path: Path, format: str) -> None:
    plain = a_shop(tmp_path / "plain", PLAN, 2, 1)
    other = a_shop(tmp_path / "other", replace(PLAN, format=format), 2, 1)
    whole = a_shop(tmp_path / "whole", replace(PLAN, format=format, more_days=3))
    assert differing(other, whole) == []
    data = [name for name in plain if not name.startswith("truth/")]
    assert {name for name in other if not name.startswith("truth/")} == {
        name.replace("csv", format) for name in data
    }
    for name in data:
        path = tmp_path / "other" / name.replace("csv", format)
        if format == "csv.gz":
            assert gzip.decompress(path.read_bytes()) == plain[name]
        else:
            with duckdb.connect() as connection:
                values = connection.read_parquet(str(path)).fetchall()
            rows = [tuple(row.values()) for row in read(tmp_path / "plain", name)]
            assert [tuple("" if x is None else str(x) for x in row) for row in values] == rows


def test_a_missing_or_broken_plan_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "shop"
    none = re.escape(
        f"there is no {out}/truth/plan.json: only a shop that `ecomdata generate` made"
    )
    with pytest.raises(UsageError, match=none):
        extend_shop(out, 1)
    assert not out.exists()
    out.mkdir()
    with pytest.raises(UsageError, match=none):
        extend_shop(out, 1)
    generate_shop(replace(PLAN, orders=50), out)
    path = Path(out, "truth", "plan.json")
    record = json.loads(path.read_text("utf-8"))
    broken = (
        "",
        "not JSON",
        "[1]",
        "null",
        json.dumps({**record, "start": "yesterday"}),
        json.dumps({**record, "orders": "50"}),
        json.dumps({"version": VERSION}),
        json.dumps({name: value for name, value in record.items() if name != "version"}),
    )
    for text in broken:
        path.write_text(text, "utf-8")
        before = bytes_by_file(out)
        with pytest.raises(UsageError, match="is no plan of a shop: .*: make the shop anew"):
            extend_shop(out, 1)
        assert bytes_by_file(out) == before
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is no plan of a shop"):
        extend_shop(out, 1)


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_a_shop_of_another_version_is_refused(tmp_path: Path, version: int) -> None:
    out = generate_shop(replace(PLAN, orders=50), tmp_path / "shop").out
    path = Path(out, "truth", "plan.json")
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"version": version}))
    before = bytes_by_file(out)
    with pytest.raises(UsageError, match=f"is of version {version}, and this is {VERSION}: make"):
        extend_shop(out, 1)
    assert bytes_by_file(out) == before


@pytest.mark.parametrize("days", [0, -1])
def test_no_days_are_refused(tmp_path: Path, days: int) -> None:
    before = a_shop(tmp_path / "shop", replace(PLAN, orders=50), 2)
    with pytest.raises(UsageError, match=f"{days} days are none to add: give 1 or more"):
        extend_shop(tmp_path / "shop", days)
    assert bytes_by_file(tmp_path / "shop") == before


def test_a_shop_does_not_go_on_for_ever(tmp_path: Path) -> None:
    plan = ShopPlan(orders=50, start=date(2069, 12, 1), end=date(2069, 12, 29))
    before = a_shop(tmp_path / "shop", plan, 2)
    with pytest.raises(UsageError, match="more days 3 is out of range: give a value from 0 to 2"):
        extend_shop(tmp_path / "shop", 1)
    assert bytes_by_file(tmp_path / "shop") == before
