"""What columns are by their values, under headers that say nothing."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from ecomdata.errors import InputError
from ecomdata.ingest.connecting.evidence import Column, Table
from ecomdata.ingest.connecting.propose import propose
from ecomdata.ingest.connecting.values import guess_lines

Line = tuple[str, ...]


def shop(*, with_price: bool, with_total: bool, discounts: bool = False) -> list[Line]:
    """Line number, order, buyer, name, country, sent, bought, product, its name, units, money."""
    draw = Random(5)
    lines: list[Line] = []
    prices = [draw.randrange(200, 5_000) for _ in range(25)]
    for order in range(120):
        buyer, day = draw.randrange(40), order % 28 + 1
        for item in draw.sample(range(25), draw.choice((1, 2, 3))):
            units = draw.choice((1, 1, 2, 4))
            total = units * prices[item] * (draw.choice((100, 90, 80)) if discounts else 100)
            money = [f"{prices[item] / 100:.2f}"] * with_price
            money += [f"{total / 10_000:.{4 if discounts else 2}f}"] * with_total
            lines.append(
                (str(len(lines)), f"A-{order:03}", f"K{buyer}", f"Ann {buyer:02}", "PE")
                + (f"2024-03-{day:02}", f"2024-02-{day:02}", f"P{item}", f"Cup no. {item}")
                + (str(units), *money)
            )
    return lines


def nameless(lines: Sequence[Line]) -> Table:
    header = tuple(f"f{place}" for place in range(len(lines[0])))
    columns = zip(header, zip(*lines, strict=True), strict=True)
    return Table("export.csv", header, tuple(Column(each, values) for each, values in columns))


LINES = {
    "orders.order_id": "f1",
    "orders.customer_id": "f2",
    "customers.name": "f3",
    "orders.order_date": "f6",  # never later than f5
    "orders.product_id": "f7",
    "products.product_name": "f8",
    "orders.quantity": "f9",
}


@pytest.mark.parametrize(
    ("lines", "money"),
    [
        (
            shop(with_price=True, with_total=True),
            {"orders.unit_price": "f10", "orders.total_price": "f11"},
        ),
        (
            [
                (*line[:10], *(m.replace(".", "") for m in line[10:]))  # yen: whole numbers
                for line in shop(with_price=True, with_total=True)
            ],
            {"orders.unit_price": "f10", "orders.total_price": "f11"},
        ),
        (shop(with_price=False, with_total=True), {"orders.total_price": "f10"}),
        (shop(with_price=True, with_total=False), {"orders.unit_price": "f10"}),
        (shop(with_price=True, with_total=True, discounts=True), {}),  # two amounts: asked
    ],
)
def test_lines_are_told_by_what_depends_on_what(lines: list[Line], money: dict[str, str]) -> None:
    found = {key: guess.header for key, guess in guess_lines(nameless(lines)).items()}
    assert found == LINES | money


def test_guesses_are_proposed_with_their_reasons_and_what_is_open_is_asked() -> None:
    found = propose([nameless(shop(with_price=False, with_total=True))])
    assert found.questions == []
    total = found.choices["orders"]["total_price"]
    assert (total.header, total.confidence) == ("f10", 0.6)
    assert total.reason == "by its values: it grows with f9"
    assert found.choices["customers"]["customer_id"].reason.startswith("by its values: each order")
    open_ones = propose([nameless(shop(with_price=True, with_total=True, discounts=True))])
    assert [(q.column, q.candidates) for q in open_ones.questions] == [
        ("orders.total_price", ("f0", "f10", "f11"))
    ]


def test_an_answer_stands_before_a_guess() -> None:
    lines = nameless(shop(with_price=False, with_total=True))
    found = propose([lines], {"orders.order_date": "f5"})
    assert found.choices["orders"]["order_date"].reason == "as you said"


@pytest.mark.parametrize(
    "lines",
    [
        [line[:5] + line[7:] for line in shop(with_price=True, with_total=True)],  # no date
        [line[:9] for line in shop(with_price=False, with_total=False)],  # no quantity
        [(*line[:1], f"B{line[0]}", *line[2:]) for line in shop(with_price=True, with_total=True)],
    ],
)
def test_a_file_that_is_not_of_order_lines_is_not_taken_for_them(lines: list[Line]) -> None:
    assert guess_lines(nameless(lines)) == {}
    with pytest.raises(InputError, match="no orders found"):
        propose([nameless(lines)])


def test_what_a_header_says_stands_before_what_the_values_look_like() -> None:
    lines = nameless(shop(with_price=True, with_total=True))
    columns = (*lines.columns[:5], replace(lines.columns[5], header="order date"))
    header = tuple(column.header for column in (*columns, *lines.columns[6:]))
    found = propose([Table("export.csv", header, (*columns, *lines.columns[6:]))])
    day = found.choices["orders"]["order_date"]
    assert (day.header, day.reason) == (
        "order date",
        "its header says so, and its values are dates",
    )
