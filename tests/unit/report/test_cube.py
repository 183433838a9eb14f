"""The pieces that a page adds up, against the ledger's own figures."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from ledgers import COUNTRIES, Entry, ledger, random_entries, sale

from ecomdata.report.cube import (
    CUSTOMER_COUNTS,
    ORDER_COUNTS,
    SUMS,
    Members,
    cube,
    members,
    run,
)

#: Not the months', so that orders and customers stand in several pieces.
CUTS = [date(2023, 12, 1), date(2023, 12, 9), date(2024, 1, 5), date(2024, 1, 6), date(2024, 2, 9)]
BY = (Members("country", ("France", "Chile"), 1), Members("category", ("Tea", "Coffee"), 0))
ENTRIES = random_entries(seed=5, count=400)

Taken = Callable[[Entry], bool]


def country(place: int | None) -> Taken:
    names = ("France", "Chile", "Unknown")
    return lambda entry: place is None or entry.country == names[place]


def category(place: int | None) -> Taken:
    return lambda entry: place is None or entry.category == ("Tea", "Coffee")[place]


def added(table: dict[str, Any], key: str, first: int, behind: int) -> int:
    """What the page does: those of each piece, less those that an earlier one has, too."""
    again = table["again"].get(key)
    counted: int = sum(table["in"][key][first:behind])
    if again:
        counted -= sum(sum(again[piece][first:piece]) for piece in range(first, behind))
    return counted


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return cube(ledger(ENTRIES), "duckdb", CUTS, BY, {})


@pytest.mark.parametrize(("first", "behind"), list(combinations(range(5), 2)))
def test_a_count_of_any_run_of_pieces_has_each_order_and_customer_once(
    found: dict[str, Any], first: int, behind: int
) -> None:
    counted = [("order_id", *each) for each in ORDER_COUNTS.items()]
    counted += [("customer_id", *each) for each in CUSTOMER_COUNTS.items()]
    for unit, name, kind in counted:
        for place in (None, 0, 1, 2):
            for other in (None, 0, 1) if unit == "order_id" or place is None else (None,):
                taken = {
                    getattr(entry, unit)
                    for entry in ENTRIES
                    if CUTS[first] <= entry.entry_date < CUTS[behind]
                    and entry.entry_type == "sale"
                    and not entry.is_cancelled
                    and kind in (None, entry.customer_type)
                    and country(place)(entry)
                    and category(other)(entry)
                } - {None}
                key = ",".join("all" if each is None else str(each) for each in (place, other))
                assert added(found["counts"][name], key, first, behind) == len(taken), (name, key)


def test_sums_are_those_of_the_ledger_in_cents_and_an_unknown_cost_is_none(
    found: dict[str, Any],
) -> None:
    kinds = {"gross_sales": "sale", "discounts": "discount", "returns": "return"}
    assert list(found["sums"]) == list(SUMS)
    unknown = 0
    for place in range(3):
        for other in range(2):
            for piece in range(4):
                inside = [
                    entry
                    for entry in ENTRIES
                    if CUTS[piece] <= entry.entry_date < CUTS[piece + 1]
                    and country(place)(entry)
                    and category(other)(entry)
                ]
                cell = (place * 2 + other) * 4 + piece
                for name, kind in kinds.items():
                    amount = sum((e.amount for e in inside if e.entry_type == kind), Decimal(0))
                    assert found["sums"][name][cell] == amount * 100
                new = sum((e.amount for e in inside if e.customer_type == "new"), Decimal(0))
                assert found["sums"]["new_sales"][cell] == new * 100
                costs = [entry.cost_amount for entry in inside]
                known = [cost for cost in costs if cost is not None]
                is_known = len(known) == len(costs)
                assert found["sums"]["cost_amount"][cell] == (
                    sum(known, Decimal(0)) * 100 if is_known else None
                )
                unknown += not is_known
    assert unknown


def test_what_the_loads_cannot_tell_is_none_and_never_0() -> None:
    absent = {"customers": "no order names a customer", "returns": "no return was loaded"}
    found = cube(ledger(ENTRIES), "duckdb", CUTS, BY, absent)
    assert [name for name, column in found["sums"].items() if column is None] == [
        "returns", "new_sales", "returning_sales",
    ]  # fmt: skip
    assert [name for name, table in found["counts"].items() if table is None] == [
        "new_orders", "returning_orders", "customers", "new_customers",
    ]  # fmt: skip


def test_members_stand_by_their_net_sales_and_give_way_to_a_rest_where_room_is_short() -> None:
    connection = ledger(ENTRIES)
    found, _ = members(connection, 4)
    ranked = sorted(
        COUNTRIES, key=lambda name: -sum(e.amount for e in ENTRIES if e.country == name)
    )
    assert found == Members("country", tuple(ranked), 0)
    few, _ = members(connection, 420)
    assert (few.names, few.rest, few.places) == (tuple(ranked[:1]), 2, 2)


def test_a_run_of_pieces_begins_and_ends_with_the_days() -> None:
    assert run(CUTS, date(2023, 12, 9), date(2024, 1, 6)) == (1, 3)
    assert run(CUTS, CUTS[0], CUTS[-1]) == (0, 4)
    # Days that are asked for may lie outside of the data.
    assert run(CUTS, date(2020, 1, 1), date(2030, 1, 1)) == (0, 4)


def test_a_shop_of_one_sale_has_one_piece() -> None:
    day = date(2024, 1, 1)
    found = cube(
        ledger([sale(day, "5.00")]),
        "duckdb",
        [day, date(2024, 1, 2)],
        (Members("country", ("Chile",), 0), Members("category", ("Tea",), 0)),
        {},
    )
    assert found["sums"]["gross_sales"] == [500]
    assert found["counts"]["customers"]["in"] == {"0,all": [1], "all,0": [1], "all,all": [1]}
