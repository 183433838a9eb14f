"""The benchmark counts truly: which lines are damaged, which good ones have not arrived."""

import json
import runpy
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from ecomdata.generate import ShopPlan, generate_shop

ROOT = Path(__file__).parents[2]

#: What a file of benchmarks/ defines, by its name.
Benchmark: TypeAlias = Callable[[str], dict[str, Any]]


@pytest.fixture
def orders(tmp_path: Path) -> Any:
    """Six lines; the second and the fifth are damaged, lines 3 and 6 of the file."""
    made = runpy.run_path(str(ROOT / "benchmarks/orders.py"))["Orders"](6, bad_every=3)
    made.write(tmp_path / "orders.csv")
    return made


@pytest.fixture
def written(orders: Any, tmp_path: Path) -> list[str]:
    return (tmp_path / "orders.csv").read_text("utf-8").split("\n")


def test_each_damage_stands_in_the_line_that_is_called_bad(tmp_path: Path) -> None:
    orders = runpy.run_path(str(ROOT / "benchmarks/orders.py"))["Orders"](8, bad_every=2)
    orders.write(tmp_path / "orders.csv")
    text = (tmp_path / "orders.csv").read_text("utf-8")
    lines = dict(enumerate(text.split("\n"), start=1))

    assert orders.bad_lines == {3, 5, 7, 9}
    assert orders.good_rows == 4
    assert [line for line, fields in lines.items() if fields.count(",") != 5] == [5, 7, 10]
    assert lines[10] == ""
    assert lines[3].startswith('"O0,C') and text.count('"') == 1
    assert lines[5].startswith("O1,C") and len(lines[5]) == 12
    assert lines[7].startswith("O2,C") and lines[7].endswith(",x")
    assert ",\0P" in lines[9] and text.count("\0") == 1


def test_a_good_line_arrives_whatever_its_values_types_are(orders: Any, written: list[str]) -> None:
    assert orders.bad_lines == {3, 6}
    good = [written[line - 1].split(",") for line in (2, 4, 5, 7)]
    days = [date.fromisoformat(row[5]) for row in good]
    arrived = [
        tuple(good[0]),
        (*good[1][:3], int(good[1][3]), float(good[1][4]), days[1]),
        (*good[2][:3], float(good[2][3]), Decimal(good[2][4]), str(days[2])),
        (*good[3][:3], good[3][3], good[3][4], datetime.combine(days[3], datetime.min.time(), UTC)),
    ]
    arrival = orders.compare(arrived)
    assert (arrival.rows, arrival.good_lost, arrival.strange) == (4, 0, 0)


def test_quotes_around_a_field_change_nothing_of_what_is_waited_for(tmp_path: Path) -> None:
    orders = runpy.run_path(str(ROOT / "benchmarks/orders.py"))["Orders"](3, quoted_every=2)
    orders.write(tmp_path / "orders.csv")
    text = (tmp_path / "orders.csv").read_text("utf-8")
    assert [line.count(',"P') + line.count('",') for line in text.splitlines()] == [0, 2, 0, 2]
    unquoted = [tuple(line.split(",")) for line in text.replace('"', "").splitlines()[1:]]
    arrival = orders.compare(unquoted)
    assert (arrival.rows, arrival.good_lost, arrival.strange) == (3, 0, 0)


def test_a_lost_line_a_doubled_one_and_damaged_ones_are_counted(
    orders: Any, written: list[str]
) -> None:
    first, damaged, second = (tuple(line.split(",")) for line in written[1:4])
    shortened = (*first[:3], None, None, None)
    swallowed = ("\n".join(written[2:5]),)
    arrival = orders.compare([first, second, second, damaged, shortened, swallowed])
    # of four good lines two came; the second copy of one and three others are no good lines
    assert (arrival.rows, arrival.good_lost, arrival.strange) == (6, 2, 4)


def test_the_page_says_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("orders", "peers"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    page = runpy.run_path(str(ROOT / "benchmarks/page.py"))["page"]
    results = json.loads((ROOT / "benchmarks/results.json").read_text("utf-8"))
    assert (ROOT / "docs/benchmarks.md").read_text("utf-8") == page(results)


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Benchmark:
    """Run a file of benchmarks/ and return what it defines."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for path in (ROOT / "benchmarks").glob("*.py"):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return lambda name: runpy.run_path(str(ROOT / "benchmarks" / name))


def test_the_page_about_generating_says_what_was_measured(
    benchmark: Benchmark,
) -> None:
    page = benchmark("generate_page.py")["page"]
    results = json.loads((ROOT / "benchmarks/generate.json").read_text("utf-8"))
    assert (ROOT / "docs/benchmarks-generate.md").read_text("utf-8") == page(results)


def test_the_page_about_building_says_what_was_measured(benchmark: Benchmark) -> None:
    page = benchmark("build.py")["page"]
    results = json.loads((ROOT / "benchmarks/build.json").read_text("utf-8"))
    text = (ROOT / "docs/benchmarks-build.md").read_text("utf-8")
    assert text == page(results)
    assert f"## DuckDB, {results[0]['lines']:,} order lines" in text


def test_the_pages_about_alarms_and_faults_say_what_was_measured(benchmark: Benchmark) -> None:
    alarms = benchmark("insights/page.py")["alarms_page"]
    text = (ROOT / "docs/alarms.md").read_text("utf-8")
    assert text == alarms(text)
    faults = benchmark("faults.py")["page"]
    rows = json.loads((ROOT / "benchmarks/faults.json").read_text("utf-8"))
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    assert text == faults(text, rows)
    assert f"| {next(iter(rows.values()))['fault']} |" in text


def test_the_per_row_script_makes_a_shop_like_the_product_s(
    benchmark: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate_shop(ShopPlan(orders=400), tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    benchmark("generate_peers.py")["faker_script"](400)
    for name, most_apart in (("customers.csv", 0.25), ("products.csv", 0), ("orders.csv", 0.1)):
        ours = (tmp_path / "shop" / name).read_text("utf-8").splitlines()
        theirs = (tmp_path / name).read_text("utf-8").splitlines()
        assert theirs[0] == ours[0]
        assert len(theirs) == pytest.approx(len(ours), rel=most_apart)
    orders = {line.split(",")[0] for line in theirs[1:]}
    assert len(orders) == 400


def test_habits_of_a_shop_are_those_worked_out_by_hand(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    head = "order_id,customer_id,product_id,total_price,order_date,status"
    (tmp_path / "orders.csv").write_text(
        f"""{head}
O1,A,P1,60.00,2024-01-01,completed
O1,A,P2,20.00,2024-01-01,completed
O2,A,P1,60.00,2024-01-11,completed
O3,B,P1,10.00,2024-01-01,completed
O4,B,P2,10.00,2024-12-01,completed
O5,C,P3,10.00,2024-06-01,completed
O6,D,P1,5.00,2024-01-02,completed
O7,D,P4,5.00,2024-01-02,completed
O8,,P5,40.00,2024-01-02,completed
O9,E,P6,900.00,2024-01-03,cancelled
"""
    )
    (tmp_path / "returns.csv").write_text(
        "order_id,product_id,refund_amount,return_date\nO1,P2,20.00,2024-01-11\n"
    )
    realism = benchmark("generate_realism.py")
    habits = realism["habits"](realism["shop"], tmp_path)
    assert vars(habits) == {
        "customers": 4,
        "baskets": 8,
        "weeks": 48,
        # A, B and D are seen for 273 days; A is back after 10, B after 335, D on the same day
        "again_39_weeks": pytest.approx(1 / 3),
        "again": 0.5,
        "top_customers": pytest.approx(120 / 160),
        "days_between": (10 + 335) / 2,
        "lines_mean": 9 / 8,
        "lines_p90": 2.0,
        "top_products": pytest.approx(135 / 200),
        # by day 90, 50, 60 - 20, 10, 10: mean 40, variance (2500 + 100 + 0 + 900 + 900) / 5
        "daily_variation": pytest.approx(880**0.5 / 40),
    }


def test_a_cohort_without_products_has_no_figure_that_needs_them(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    (tmp_path / "CDNOW_sample.txt").write_bytes(
        b" 00004 0001 19970101  2   30.00\r\n"
        b" 00004 0001 19970118  2   10.00\r\n"
        b" 00021 0002 19970101  3   40.00\r\n"
    )
    realism = benchmark("generate_realism.py")
    habits = realism["habits"](realism["cdnow"], tmp_path)
    assert (habits.customers, habits.baskets, habits.weeks) == (2, 3, 2)
    assert (habits.again_39_weeks, habits.again, habits.days_between) == (None, 0.5, 17)
    assert (habits.lines_mean, habits.lines_p90, habits.top_products) == (None, None, None)
    assert habits.daily_variation == pytest.approx(30 / 40)


def test_of_online_retail_goods_alone_count_and_what_came_back_is_no_order(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    (tmp_path / "2010-12-01.csv").write_text(
        """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,"HOLDER, WHITE",6,2010-12-01 08:26:00,2.50,17850.0,United Kingdom
536365,71053,LANTERN,1,2010-12-01 08:26:00,3.00,17850.0,United Kingdom
536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850.0,United Kingdom
536366,71053,LANTERN,2,2010-12-02 09:00:00,3.00,,United Kingdom
536367,71053,lost,-9,2010-12-02 09:00:00,0.0,,United Kingdom
536366,22139,GIFT,1,2010-12-02 09:00:00,0.0,,United Kingdom
C536368,71053,LANTERN,-1,2010-12-02 10:00:00,3.00,17850.0,United Kingdom
"""
    )
    realism = benchmark("generate_realism.py")
    habits = realism["habits"](realism["online_retail"], tmp_path)
    assert (habits.customers, habits.baskets, habits.lines_mean) == (1, 2, 1.5)
    # 15 of the holder; 3 + 6 - 3 of the lantern
    assert habits.top_products == pytest.approx(15 / 21)
    assert habits.daily_variation == pytest.approx((18 - 3) / 21)


def test_of_jafgen_a_line_is_an_item_at_its_product_s_price(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    (tmp_path / "raw_products.csv").write_text("sku,price\nJAF-001,1100\nBEV-001,600\n")
    (tmp_path / "raw_orders.csv").write_text(
        "id,customer,ordered_at\n"
        "a,k,2018-09-01T13:32:00\nb,k,2018-09-02T10:40:00\nempty,l,2018-09-03T10:40:00\n"
    )
    (tmp_path / "raw_items.csv").write_text(
        "id,order_id,sku\n1,a,JAF-001\n2,a,BEV-001\n3,b,JAF-001\n"
    )
    realism = benchmark("generate_realism.py")
    habits = realism["habits"](realism["jaffle_shop"], tmp_path)
    assert (habits.customers, habits.baskets, habits.days_between) == (1, 2, 1)
    assert habits.lines_mean == 1.5
    assert habits.top_products == pytest.approx(22 / 28)
    assert habits.daily_variation == pytest.approx((17 - 11) / 28)


def test_a_public_data_set_that_is_not_there_keeps_its_figures_and_is_marked(
    benchmark: Benchmark, tmp_path: Path
) -> None:
    earlier = [{"shop": "CDNOW", "note": "a cohort", "kept": False, "customers": 2357}]
    rows = benchmark("generate.py")["public_habits"](tmp_path, earlier)
    assert rows == [{"shop": "CDNOW", "note": "a cohort", "kept": True, "customers": 2357}]


def test_a_generator_is_compared_at_its_own_size_and_at_the_one_asked_for(
    benchmark: Benchmark,
) -> None:
    defined = benchmark("generate.py")
    made, usage = defined["Made"], defined["Usage"]
    # a peer of 10 orders, 20 lines, in 1, 2 and 4 s of CPU; the product at 0.5 s, whatever its size
    seconds = iter((1.0, 2.0, 4.0))

    def run(generator: Any, orders: int) -> Any:
        if generator.name == "ecomdata":
            return made(usage(1.0, 0.5, 50), orders, 4 * orders, 1, "same")
        took = next(seconds)
        return made(usage(took, took, 30 + int(took)), 10, 20, 1, f"after {took} s")

    defined["compare"].__globals__["_run"] = run
    peer = defined["Generator"]("slow", "lines", lambda orders: None, most_orders=10)
    small, large = defined["compare"](peer, 100, 3)
    assert (small.product.orders, large.product.orders) == (10, 100)
    # of lines per CPU-second: 80 against 20, 10 and 5; 800 against the same
    assert (small.ratio, large.ratio) == (8.0, 80.0)
    assert small.other == large.other == made(usage(2.0, 2.0, 34), 10, 20, 1, None)
    assert small.product == made(usage(1.0, 0.5, 50), 10, 40, 1, "same")
