"""Events: each does what its kind says and nothing else, and its effect is a difference of sums."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from shop_reading import Row, by_order, bytes_by_file, kpis, read, truth

from ecomdata.errors import UsageError
from ecomdata.generate import ShopPlan, extend_shop, generate_shop, writer
from ecomdata.generate.calendar import make_calendar
from ecomdata.generate.events.event import KINDS, Event, read_events
from ecomdata.generate.events.planting import staying
from ecomdata.generate.events.schedule import planned
from ecomdata.generate.goods.catalogue import Catalogue, make_catalogue
from ecomdata.generate.goods.ladder import Ladder
from ecomdata.generate.goods.tastes import Tastes
from ecomdata.generate.people.customers import opened_before, settle
from ecomdata.generate.people.habits import make_habits
from ecomdata.generate.people.names import countries

PLAN = ShopPlan(orders=12_000, seed=5, start=date(2024, 1, 1), end=date(2024, 12, 31))
FIRST, LAST = date(2024, 5, 6), date(2024, 7, 28)
PRODUCT = "P00067"
EVENTS = {
    "price_rise": Event("price_rise", FIRST, LAST, {"product_id": PRODUCT}, 0.5),
    "stock_out": Event("stock_out", FIRST, LAST, {"product_id": PRODUCT}),
    "half a stock_out": Event("stock_out", FIRST, LAST, {"product_id": PRODUCT}, 0.5),
    "country_outage": Event("country_outage", FIRST, LAST, {"country": "Germany"}, 0.6),
    "coupon_leak": Event("coupon_leak", FIRST, LAST, {}, 0.2),
    "coupon_leak of one": Event("coupon_leak", FIRST, LAST, {"category": "Books"}, 0.4),
    "lost_segment": Event(
        "lost_segment", FIRST, None, {"country": "France", "signed_up_before": "2024-04-01"}, 0.7
    ),
    "viral_product": Event("viral_product", FIRST, LAST, {"product_id": PRODUCT}, 0.1),
    "duplicated_load": Event("duplicated_load", FIRST, FIRST),
    "category_launch": Event("category_launch", FIRST, None, {"category": "Garden"}),
}
SOME = ShopPlan(
    orders=900, seed=3, start=date(2024, 9, 1), end=date(2024, 12, 31), dirt=0.05, events=8
)
Key = tuple[str, str]


def catalogue_of(plan: ShopPlan) -> Catalogue:
    return make_catalogue(plan, Ladder(Tastes(plan.seed, make_habits(), plan.lines_per_order)))


def choose(plan: ShopPlan, count: int) -> tuple[Event, ...]:
    return planned(plan, count, catalogue_of(plan))


def key(line: Row) -> Key:
    return line["order_id"], line["line_number"]


def cents(amount: str) -> int:
    return int(Decimal(amount) * 100)


def half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def percent_off(line: Row) -> int:
    """Of the discount, which is one of a few and rounded to cents."""
    value = int(line["quantity"]) * cents(line["unit_price"])
    discounts = {half_up(value * percent, 100): percent for percent in (0, 5, 10, 15, 20)}
    return discounts[cents(line["discount_amount"])]


def sales(lines: list[Row]) -> Decimal:
    return sum(
        (Decimal(ln["total_price"]) for ln in lines if ln["status"] == "completed"), Decimal(0)
    )


def demand_share(hits: int, of: int, share: float) -> None:
    """Within four standard deviations of a binomial count, which has some chance to show."""
    assert of >= 30
    assert abs(hits - of * share) < 4 * math.sqrt(of * share * (1 - share))


@dataclass(frozen=True)
class Shop:
    """A shop as its files tell."""

    out: Path

    @cached_property
    def lines(self) -> list[Row]:
        return read(self.out, "orders.csv")

    @cached_property
    def by_key(self) -> dict[Key, Row]:
        return {key(line): line for line in self.lines}

    @cached_property
    def customers(self) -> dict[str, Row]:
        return {row["customer_id"]: row for row in read(self.out, "customers.csv")}

    @cached_property
    def category(self) -> dict[str, str]:
        return {row["product_id"]: row["category"] for row in read(self.out, "products.csv")}


@dataclass(frozen=True)
class Pair:
    """A shop without and with an event: the lines that went, came, and are other ones."""

    event: Event
    before: Shop
    after: Shop

    @cached_property
    def gone(self) -> list[Row]:
        return [line for line in self.before.lines if key(line) not in self.after.by_key]

    @cached_property
    def came(self) -> list[Row]:
        return [line for line in self.after.lines if key(line) not in self.before.by_key]

    @cached_property
    def changed(self) -> list[tuple[Row, Row]]:
        both = ((line, self.after.by_key.get(key(line))) for line in self.before.lines)
        return [(line, now) for line, now in both if now is not None and now != line]

    def concerned(self) -> list[Row]:
        """The lines before that are of the event's days and segment."""
        event, shop = self.event, self.before
        since, until = event.first.isoformat(), (event.last or PLAN.end).isoformat()
        if event.kind == "category_launch":
            since, until = "2024-01-01", (event.first - timedelta(1)).isoformat()

        def fits(line: Row) -> bool:
            buyer = shop.customers.get(line["customer_id"], {})
            values = {
                "product_id": line["product_id"],
                "category": shop.category[line["product_id"]],
                "country": buyer.get("country"),
            }
            return all(
                buyer.get("signup_date", "9") < value
                if name == "signed_up_before"
                else event.kind == "viral_product" or values[name] == value
                for name, value in event.segment.items()
            )

        return [line for line in shop.lines if since <= line["order_date"] <= until and fits(line)]


Pairs = Callable[[str], Pair]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairs]:
    folder = tmp_path_factory.mktemp("events")
    before = Shop(generate_shop(PLAN, folder / "before").out)
    made: dict[str, Pair] = {}

    def pair(name: str) -> Pair:
        if name not in made:
            plan = replace(PLAN, events=(EVENTS[name],))
            made[name] = Pair(
                EVENTS[name], before, Shop(generate_shop(plan, folder / f"{len(made)}").out)
            )
        return made[name]

    yield pair


def test_every_kind_is_tried() -> None:
    assert {event.kind for event in EVENTS.values()} == set(KINDS)


@pytest.mark.parametrize("name", EVENTS)
def test_nothing_else_changes(pairs: Pairs, name: str) -> None:
    pair = pairs(name)
    concerned = {key(line) for line in pair.concerned()}
    orders = {order for order, _ in concerned}
    gone, came = {key(line) for line in pair.gone}, {key(line) for line in pair.came}
    assert gone <= concerned
    assert {key(line) for line, _ in pair.changed} <= concerned
    assert {f"O{int(order[1:]) % 50_000_000:08d}" for order, _ in came} <= orders
    # Lines that stay keep their order.
    assert [key(line) for line in pair.after.lines if key(line) not in came] == [
        key(line) for line in pair.before.lines if key(line) not in gone
    ]
    same = ["customers.csv", "products.csv", "truth/prices.csv", "truth/customers.parquet"]
    for file in same:
        assert Path(pair.after.out, file).read_bytes() == Path(pair.before.out, file).read_bytes()


@pytest.mark.parametrize("name", EVENTS)
def test_the_answer_key_says_what_the_files_show(pairs: Pairs, name: str) -> None:
    pair = pairs(name)
    touched = [*pair.gone, *pair.came, *(line for line, _ in pair.changed)]
    effect = sales(pair.after.lines) - sales(pair.before.lines)
    assert effect != 0
    assert truth(pair.after.out, "events.jsonl") == [
        {
            "id": "E01",
            "kind": pair.event.kind,
            "from": "2024-05-06",
            "to": (pair.event.last or PLAN.end).isoformat(),
            "segment": pair.event.segment,
            "size": pair.event.size,
            "effect": str(effect),
            "orders": len({line["order_id"] for line in touched}),
            "lines": len(touched),
        }
    ]


def test_a_price_rise_is_paid_by_those_who_stay(pairs: Pairs) -> None:
    pair = pairs("price_rise")
    assert not pair.came
    for before, after in pair.changed:
        quantity, price = int(before["quantity"]), cents(before["unit_price"])
        dearer = half_up(price * 3, 2)
        discount = half_up(quantity * dearer * percent_off(before), 100)
        assert after == before | {
            "unit_price": f"{dearer / 100:.2f}",
            "discount_amount": f"{discount / 100:.2f}",
            "total_price": f"{(quantity * dearer - discount) / 100:.2f}",
        }
    # Who stays pays the new price for each line.
    assert len(pair.changed) + len(pair.gone) == len(pair.concerned())
    buyers = {line["customer_id"] or line["order_id"] for line in pair.concerned()}
    left = {line["customer_id"] or line["order_id"] for line in pair.gone}
    assert not left & {line["customer_id"] or line["order_id"] for line, _ in pair.changed}
    demand_share(len(left), len(buyers), 1 - 1.5**-2.5)


def test_demand_has_an_elasticity_of_minus_two_and_a_half() -> None:
    assert [staying(rise) for rise in (0.1, 0.5, 3.0)] == [
        pytest.approx(price**-2.5, rel=1e-12) for price in (1.1, 1.5, 4.0)
    ]


def test_a_stock_out_takes_all_sales_of_the_product(pairs: Pairs) -> None:
    pair = pairs("stock_out")
    assert pair.gone == pair.concerned() != []
    assert not pair.came and not pair.changed


def test_half_a_stock_out_takes_half_of_them(pairs: Pairs) -> None:
    pair = pairs("half a stock_out")
    demand_share(len(pair.gone), len(pair.concerned()), 0.5)
    assert not pair.came and not pair.changed


def test_a_country_outage_takes_whole_orders(pairs: Pairs) -> None:
    pair = pairs("country_outage")
    orders, gone = by_order(pair.concerned()), by_order(pair.gone)
    assert all(orders[order] == lines for order, lines in gone.items())
    demand_share(len(gone), len(orders), 0.6)
    assert not pair.came and not pair.changed


@pytest.mark.parametrize(("name", "share"), [("coupon_leak", 0.2), ("coupon_leak of one", 0.4)])
def test_a_leaked_coupon_halves_the_price_of_orders(pairs: Pairs, name: str, share: float) -> None:
    pair = pairs(name)
    assert not pair.came and not pair.gone
    for before, after in pair.changed:
        value = int(before["quantity"]) * cents(before["unit_price"])
        half = half_up(value, 2)
        assert after == before | {
            "discount_amount": f"{half / 100:.2f}",
            "total_price": f"{(value - half) / 100:.2f}",
        }
    orders = by_order(pair.concerned())
    halved = by_order([line for line, _ in pair.changed])
    assert all(orders[order] == lines for order, lines in halved.items())
    demand_share(len(halved), len(orders), share)


def test_a_lost_segment_never_orders_again(pairs: Pairs) -> None:
    pair = pairs("lost_segment")
    customers = Counter(line["customer_id"] for line in pair.concerned())
    lost = Counter(line["customer_id"] for line in pair.gone)
    assert all(customers[customer] == count for customer, count in lost.items())
    demand_share(len(lost), len(customers), 0.7)
    assert not pair.came and not pair.changed


def test_a_viral_product_is_one_more_line_of_orders(pairs: Pairs) -> None:
    pair = pairs("viral_product")
    orders = by_order(pair.concerned())
    prices = [
        (row["valid_from"], row["price"])
        for row in read(pair.before.out, "truth/prices.csv")
        if row["product_id"] == PRODUCT
    ]
    for line in pair.came:
        last = orders[line["order_id"]][-1]
        price = [price for since, price in prices if since <= line["order_date"]][-1]
        off = half_up(cents(price) * percent_off(last), 100)
        assert line == last | {
            "line_number": f"{int(last['line_number']) + 1}",
            "product_id": PRODUCT,
            "quantity": "1",
            "unit_price": price,
            "discount_amount": f"{off / 100:.2f}",
            "total_price": f"{(cents(price) - off) / 100:.2f}",
        }
    assert len({line["order_id"] for line in pair.came}) == len(pair.came)
    demand_share(len(pair.came), len(orders), 0.1)
    assert not pair.gone and not pair.changed


def test_a_product_is_not_viral_before_it_is_sold(tmp_path: Path) -> None:
    launched = catalogue_of(PLAN).launched.tolist()
    may = launched.index(4)
    event = Event("viral_product", PLAN.start, None, {"product_id": f"P{may + 1:05d}"}, 0.5)
    out = generate_shop(replace(PLAN, events=(event,)), tmp_path / "shop").out
    days = [
        row["order_date"]
        for row in read(out, "orders.csv")
        if row["quantity"] == "1" and row["product_id"] == f"P{may + 1:05d}"
    ]
    assert min(days) == "2024-05-01"


def test_orders_grow_no_longer_than_their_lines_can_be_numbered(tmp_path: Path) -> None:
    plan = ShopPlan(orders=400, seed=2, lines_per_order=20, products=40)
    before = by_order(read(generate_shop(plan, tmp_path / "before").out, "orders.csv"))
    viral = tuple(
        Event("viral_product", plan.start, None, {"product_id": f"P{n:05d}"}) for n in (1, 2, 3)
    )
    assert {catalogue_of(plan).launched[n] for n in range(3)} == {0}
    after = by_order(
        read(generate_shop(replace(plan, events=viral), tmp_path / "after").out, "orders.csv")
    )
    assert max(map(len, before.values())) == 64
    for order, lines in before.items():
        assert len(after[order]) == min(len(lines) + 3, 65)
        numbers = [int(line["line_number"]) for line in after[order]]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_duplicated_load_has_every_order_of_the_day_twice(pairs: Pairs) -> None:
    pair = pairs("duplicated_load")
    assert pair.came == [
        line | {"order_id": f"O{int(line['order_id'][1:]) + 50_000_000:08d}"}
        for line in pair.concerned()
    ]
    assert not pair.gone and not pair.changed
    # A copy stands behind its order, and never comes back.
    ids = list(by_order(pair.after.lines))
    for at, order in enumerate(ids):
        if order >= "O50000001":
            assert ids[at - 1] == f"O{int(order[1:]) - 50_000_000:08d}"
    returns = [Path(shop.out, "returns.csv").read_bytes() for shop in (pair.before, pair.after)]
    assert returns[0] == returns[1]


def test_a_launched_category_is_sold_from_its_day_on(pairs: Pairs) -> None:
    pair = pairs("category_launch")
    assert pair.gone == pair.concerned() != []
    assert not pair.came and not pair.changed


def test_returns_are_of_lines_that_are_there_at_what_they_cost(pairs: Pairs) -> None:
    for name in ("price_rise", "coupon_leak", "viral_product", "country_outage"):
        shop = pairs(name).after
        returns = read(shop.out, "returns.csv")
        for row in returns:
            line = shop.by_key[row["order_id"], row["return_id"].rpartition("-")[2]]
            assert row["product_id"] == line["product_id"]
            paid, units = cents(line["total_price"]), int(line["quantity"])
            assert cents(row["refund_amount"]) == paid * int(row["quantity"]) // units
        true = truth(shop.out, "kpis.json")
        assert true.pop("planted") == true == kpis(shop.lines, returns, PLAN.start, PLAN.end)


def test_viral_lines_come_back_like_others(pairs: Pairs) -> None:
    pair = pairs("viral_product")
    came = {key(line) for line in pair.came}
    returns = read(pair.after.out, "returns.csv")
    back = [
        row for row in returns if (row["order_id"], row["return_id"].rpartition("-")[2]) in came
    ]
    assert 10 < len(back) < len(came) / 4
    # Not because the line before them came back.
    returned = {(row["order_id"], row["return_id"].rpartition("-")[2]) for row in returns}
    both = [(order, line) for order, line in came if (order, f"{int(line) - 1}") in returned]
    assert len([each for each in both if each in returned]) < len(back) / 4


def test_several_events_add_up(tmp_path: Path) -> None:
    before = read(generate_shop(replace(PLAN, events=0), tmp_path / "before").out, "orders.csv")
    summary = generate_shop(replace(PLAN, events=tuple(EVENTS.values())), tmp_path / "after")
    after = read(summary.out, "orders.csv")
    entries = truth(summary.out, "events.jsonl")
    assert [entry["id"] for entry in entries] == [f"E{n:02d}" for n in range(1, len(EVENTS) + 1)]
    effects = sum(Decimal(entry["effect"]) for entry in entries)
    assert effects == sales(after) - sales(before)
    assert summary.orders == len(by_order(after)) != len(by_order(before))
    true = truth(summary.out, "kpis.json")
    assert true.pop("planted") == true
    assert true == kpis(after, read(summary.out, "returns.csv"), PLAN.start, PLAN.end)


def test_two_events_of_one_kind_have_luck_of_their_own(pairs: Pairs, tmp_path: Path) -> None:
    event = EVENTS["half a stock_out"]
    out = generate_shop(replace(PLAN, events=(event, event)), tmp_path / "shop").out
    pair = Pair(event, pairs("stock_out").before, Shop(out))
    demand_share(len(pair.gone), len(pair.concerned()), 0.75)


def test_guests_have_no_country(pairs: Pairs, tmp_path: Path) -> None:
    everywhere = tuple(
        Event("country_outage", PLAN.start, None, {"country": country}) for country in countries()
    )
    out = generate_shop(replace(PLAN, events=everywhere), tmp_path / "shop").out
    guests = [line for line in pairs("stock_out").before.lines if not line["customer_id"]]
    assert read(out, "orders.csv") == guests != []


@pytest.mark.parametrize("day", [0, 1, 91, 365, 366, 9_999])
def test_accounts_are_counted_without_being_made(pairs: Pairs, day: int) -> None:
    date_ = (PLAN.start + timedelta(day)).isoformat()
    customers = pairs("stock_out").before.customers.values()
    calendar = make_calendar(PLAN)
    count = opened_before(PLAN, calendar, settle(PLAN, calendar), day)
    assert count == len([row for row in customers if row["signup_date"] < date_])


def test_workers_and_chunks_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = bytes_by_file(generate_shop(SOME, tmp_path / "one").out)
    assert one == bytes_by_file(generate_shop(SOME, tmp_path / "two", workers=2).out)
    monkeypatch.setattr(writer, "CHUNK", 3)
    assert one == bytes_by_file(generate_shop(SOME, tmp_path / "small").out)


@pytest.mark.parametrize(
    "events",
    [8, (Event("lost_segment", FIRST, None, EVENTS["lost_segment"].segment), *EVENTS.values())],
)
def test_a_shop_that_goes_on_goes_on_with_its_events(
    tmp_path: Path, events: int | tuple[Event, ...]
) -> None:
    plan = replace(PLAN, orders=2_000, end=date(2024, 7, 20), events=events)
    daily = generate_shop(plan, tmp_path / "daily").out
    early = truth(daily, "events.jsonl")
    extend_shop(daily, 2)
    extend_shop(daily, 9)
    at_once = generate_shop(replace(plan, more_days=11), tmp_path / "at once").out
    assert bytes_by_file(daily) == bytes_by_file(at_once)
    assert truth(daily, "events.jsonl") != early


def test_an_event_that_lasts_is_there_on_the_days_that_are_added(
    pairs: Pairs, tmp_path: Path
) -> None:
    event = Event("stock_out", PLAN.end, None, {"product_id": PRODUCT})
    out = generate_shop(replace(PLAN, events=(event,)), tmp_path / "shop").out
    extend_shop(out, 12)
    added = [line for path in out.glob("orders-*.csv") for line in read(out, path.name)]
    assert len(added) > 500
    assert PRODUCT not in {line["product_id"] for line in added}
    [entry] = truth(out, "events.jsonl")
    assert (entry["from"], entry["to"]) == ("2024-12-31", "2025-01-12")
    # Sales of a dozen days are lost, and not of one.
    assert entry["orders"] > 6
    end = [line for line in pairs("stock_out").before.lines if line["order_date"] == "2024-12-31"]
    assert len([line for line in end if line["product_id"] == PRODUCT]) < 6


def test_a_shop_without_events_has_an_empty_key(tmp_path: Path) -> None:
    plan = replace(SOME, events=0)
    none = bytes_by_file(generate_shop(plan, tmp_path / "none").out)
    assert none["truth/events.jsonl"] == b""
    empty = bytes_by_file(generate_shop(replace(plan, events=()), tmp_path / "empty").out)
    assert [name for name in none if none[name] != empty[name]] == ["truth/plan.json"]


@pytest.mark.parametrize("events", [0, 5, tuple(EVENTS.values())])
def test_a_plan_with_events_is_read_as_it_was_written(
    tmp_path: Path, events: int | tuple[Event, ...]
) -> None:
    plan = replace(PLAN, orders=50, products=99, events=events)
    out = generate_shop(plan, tmp_path / "shop").out
    assert ShopPlan.read(out / "truth" / "plan.json") == plan


@pytest.mark.parametrize("seed", range(1, 6))
def test_chosen_events_take_turns_and_can_be_told_apart(seed: int) -> None:
    plan = replace(PLAN, seed=seed)
    events = choose(plan, 24)
    assert events == choose(replace(plan, more_days=300), 24)
    kinds = [event.kind for event in events]
    assert sorted(kinds[:8]) == sorted(KINDS)
    assert kinds == kinds[:8] * 3
    for name in ("product_id", "country", "category"):
        values = [event.segment[name] for event in events if name in event.segment]
        assert len(set(values)) == len(values) == {"product_id": 9}.get(name, 6)
    days = [event.first for event in events if event.kind == "duplicated_load"]
    assert len(set(days)) == 3
    for event in events:
        # 366 days: the first quarter ends on the 92nd, 2024-04-01.
        assert date(2024, 4, 1) < event.first <= (event.last or PLAN.end) <= PLAN.end
        if event.kind in ("price_rise", "stock_out", "viral_product"):
            assert event.last and (event.last - event.first).days >= 13


def test_products_are_not_of_a_category_that_is_launched() -> None:
    for seed in range(10):
        catalogue = catalogue_of(replace(PLAN, seed=seed))
        events = planned(replace(PLAN, seed=seed), 24, catalogue)
        launched = {
            event.segment["category"] for event in events if event.kind == "category_launch"
        }
        products = [
            event.segment["product_id"] for event in events if "product_id" in event.segment
        ]
        assert not launched & {
            catalogue.categories[catalogue.category[int(product[1:]) - 1]] for product in products
        }


def test_the_shortest_shop_has_room_for_all_events() -> None:
    for seed in range(30):
        plan = replace(PLAN, seed=seed, end=date(2024, 1, 28))
        events = choose(plan, 24)
        assert all(date(2024, 1, 8) <= event.first <= plan.end for event in events)
        assert all((event.last or plan.end) <= plan.end for event in events)
        assert len({event.first for event in events if event.kind == "duplicated_load"}) == 3


def test_other_seeds_choose_other_events() -> None:
    chosen = [choose(replace(PLAN, seed=seed), 8) for seed in range(6)]
    assert len({events[0].kind for events in chosen}) > 2
    assert len({str(events) for events in chosen}) == 6


@pytest.mark.parametrize("seed", [1, 2])
def test_chosen_events_show(tmp_path: Path, seed: int) -> None:
    plan = ShopPlan(orders=30_000, seed=seed, events=24)
    for entry in truth(generate_shop(plan, tmp_path / "shop").out, "events.jsonl"):
        assert Decimal(entry["effect"]) != 0
        assert entry["orders"] >= 5
        signs = {"duplicated_load": 1, "viral_product": 1, "price_rise": 0}
        sign = signs.get(entry["kind"], -1)
        assert sign == 0 or Decimal(entry["effect"]) * sign > 0


def test_events_are_read_from_toml_and_json(tmp_path: Path) -> None:
    toml, as_list, as_table = (tmp_path / name for name in ("e.toml", "e.json", "t.json"))
    toml.write_text(
        """
        [[events]]
        kind = "lost_segment"
        from = 2024-05-06
        size = 0.7
        segment = { country = "France", signed_up_before = 2024-04-01 }

        [[events]]
        kind = "duplicated_load"
        from = "2024-05-06"
        to = 2024-05-06
        """
    )
    wanted = (EVENTS["lost_segment"], EVENTS["duplicated_load"])
    assert read_events(toml) == wanted
    as_list.write_text(json.dumps([event.as_record() for event in wanted]))
    assert read_events(as_list) == wanted
    as_table.write_text(json.dumps({"events": [event.as_record() for event in wanted]}))
    assert read_events(as_table) == wanted


GOOD: dict[str, Any] = {
    "kind": "price_rise",
    "from": "2024-05-06",
    "to": "2024-06-06",
    "segment": {"product_id": "P00003"},
    "size": 0.2,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "flood"}, f"kind 'flood' is none: give one of {', '.join(KINDS)}"),
        ({"kind": 3}, "kind 3 is none: give one of price_rise"),
        ({"kind": None}, "field kind is missing: give one"),
        ({"from": None}, "field from is missing: give one"),
        ({"from": "6 May"}, "from '6 May' is no day: give one such as 2025-03-01"),
        ({"to": 20240606}, "to 20240606 is no day"),
        ({"to": "2024-05-05"}, "to 2024-05-05 is before from 2024-05-06: give a later day"),
        ({"until": "2024-06-06"}, "field until is none of kind, from, to, segment, size"),
        ({"size": None}, r"field size is missing: give one \(a unit of the product costs"),
        ({"size": "big"}, "size 'big' is no number: give one such as 0.25"),
        ({"size": True}, "size True is no number"),
        ({"size": 0}, r"size 0.0 is out of range: give one from above 0 to 4.0 \(a unit"),
        ({"size": math.nan}, "size nan is out of range"),
        (
            {"kind": "stock_out", "size": 1.1},
            "size 1.1 is out of range: give one from above 0 to 1",
        ),
        ({"kind": "duplicated_load", "segment": {}}, "size 0.2 means nothing here: leave it out"),
        ({"segment": "P00003"}, "segment 'P00003' is no table"),
        ({"segment": {}}, "segment has no product_id: give one, for a unit of"),
        (
            {"segment": {"product_id": "P00003", "country": "Spain"}},
            "segment has country, which a price_rise has not: give product_id",
        ),
        ({"segment": {"product_id": "P00000"}}, "product_id 'P00000' is none: give one such as"),
        ({"segment": {"product_id": 3}}, "product_id 3 is no text"),
        (
            {"kind": "lost_segment", "segment": {"country": "Spain", "signed_up_before": "May"}},
            "signed_up_before 'May' is no day",
        ),
    ],
)
def test_an_entry_that_is_no_event_is_refused(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps([GOOD, GOOD | change]))
    with pytest.raises(UsageError, match=rf"events\.json: event 2: {message}"):
        read_events(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("e.toml", "[[events]", "e.toml is no TOML: .*: mend it"),
        ("e.json", "[", "e.json is no JSON: .*: mend it"),
        ("e.toml", "kind = 'stock_out'", "e.toml has no list of events: give one, each entry with"),
        ("e.json", "3", "e.json has no list of events"),
        ("e.json", "[3]", "e.json: event 1: 3 is no event: give a table of kind, from"),
        ("e.csv", "\0", "e.csv is no TOML"),
        (
            "e.toml",
            "[[events]]\nkind = 'duplicated_load'\nfrom = 2024-05-06T10:00:00",
            "from .* is no day",
        ),
    ],
)
def test_a_file_that_holds_no_events_is_refused(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    Path(tmp_path, name).write_text(text)
    with pytest.raises(UsageError, match=message):
        read_events(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none.toml cannot be read: No such file"):
        read_events(tmp_path / "none.toml")


TWICE = EVENTS["duplicated_load"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": 25}, "events 25 is out of range: give a value from 0 to 24"),
        ({"events": -1}, "events -1 is out of range"),
        (
            {"events": (TWICE, replace(TWICE, first=date(2023, 12, 31), last=None))},
            r"event 2 \(duplicated_load\) begins on 2023-12-31, outside the shop's days: "
            "give a day from 2024-01-01 to 2024-12-31",
        ),
        ({"events": (replace(TWICE, first=date(2025, 1, 1), last=None),)}, "begins on 2025-01-01"),
        (
            {"events": (replace(TWICE, last=None), replace(TWICE, first=LAST, last=LAST))},
            r"event 2 \(duplicated_load\) is of days that another one duplicates",
        ),
        (
            {"events": (TWICE,), "orders": 50_000_000},
            "a shop with a duplicated load has fewer than 50000000 orders",
        ),
    ],
)
def test_a_plan_refuses_events_that_it_has_no_room_for(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        replace(PLAN, **change)


def test_a_shop_does_not_grow_into_the_numbers_of_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecomdata.generate.events.event.COPIES", 1_001)
    plan = replace(PLAN, orders=1_000, events=(TWICE,))
    out = generate_shop(plan, tmp_path / "shop").out
    with pytest.raises(UsageError, match="a shop with a duplicated load has fewer than 1001 ord"):
        extend_shop(out, 3)


def test_duplicated_loads_of_different_days_are_fine() -> None:
    events = (TWICE, replace(TWICE, first=LAST, last=LAST))
    assert replace(PLAN, events=events, orders=49_999_999).events == events


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"events": (Event("stock_out", FIRST, LAST, {"product_id": "P00041"}),)},
            r"event 1 \(stock_out\) is about P00041: give a product up to P00040",
        ),
        (
            {"events": (Event("category_launch", FIRST, None, {"category": "Cars"}),)},
            r"event 1 \(category_launch\) is about 'Cars': give one of Electronics, ",
        ),
        (
            {"events": (Event("country_outage", FIRST, None, {"country": "Atlantis"}),)},
            r"event 1 \(country_outage\) is about 'Atlantis': give one of Germany, ",
        ),
        (
            {"events": 1, "start": date(2024, 12, 5)},
            "a shop of 27 days is too short for events: give 28 or more",
        ),
        ({"events": 24, "products": 5}, "the shop has too few products for 24 events"),
    ],
)
def test_a_shop_refuses_events_about_what_it_has_not(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    plan = replace(PLAN, **{"orders": 50, "products": 40} | change)
    with pytest.raises(UsageError, match=message):
        generate_shop(plan, tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []
