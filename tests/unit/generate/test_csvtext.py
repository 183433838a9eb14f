"""CSV text against what str.format writes."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecomdata.generate.chance.draws import Ints
from ecomdata.generate.csvtext import (
    Column,
    csv_bytes,
    decimal,
    digits,
    joined,
    money,
    number,
    only_where,
    table,
)

EDGES = [
    0,
    1,
    9,
    10,
    99,
    100,
    999,
    1_000,
    9_999,
    10_000,
    10_001,
    99_999,
    100_000,
    10**8 - 1,
    10**8,
    10**8 + 1,
    10**12 - 1,
    10**12,
    10**16,
    2**63 - 1,
]
NUMBERS = st.lists(
    st.one_of(st.sampled_from(EDGES), st.integers(0, 2**63 - 1), st.integers(0, 20_000))
)


def ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def written(count: int, *columns: Column) -> list[str]:
    lines = csv_bytes(count, *columns).decode().split("\n")
    assert lines.pop() == ""
    return lines


@given(NUMBERS)
@example(EDGES)
@example([*EDGES[:9], 0])
def test_numbers_are_written_without_leading_zeros(values: list[int]) -> None:
    assert written(len(values), number(ints(values))) == [f"{value:d}" for value in values]


@pytest.mark.parametrize("value", EDGES)
def test_a_number_is_written_alike_alone_and_beside_a_larger_one(value: int) -> None:
    assert written(1, number(ints([value]))) == [f"{value}"]
    assert written(2, number(ints([value, 2**63 - 1]))) == [f"{value}", "9223372036854775807"]


@given(NUMBERS)
@example(EDGES)
def test_amounts_have_two_decimals(values: list[int]) -> None:
    expected = [f"{Decimal(value).scaleb(-2):.2f}" for value in values]
    assert written(len(values), money(ints(values))) == expected


@given(NUMBERS, st.integers(1, 4))
@example(EDGES, 1)
@example(EDGES, 4)
def test_decimals_have_as_many_places_as_asked_for(values: list[int], places: int) -> None:
    expected = [f"{Decimal(value).scaleb(-places):.{places}f}" for value in values]
    assert written(len(values), decimal(ints(values), places)) == expected


@given(st.data(), st.integers(1, 18))
def test_digits_have_the_width_that_is_asked_for(data: st.DataObject, width: int) -> None:
    values = data.draw(st.lists(st.integers(0, 10**width - 1))) + [0, 10**width - 1]
    expected = [f"{value:0{width}d}" for value in values]
    assert written(len(values), digits(ints(values), width)) == expected


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), max_size=20)),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=9),
    st.data(),
)
@example(["", "a", "abcd", "abcde", "Ærø Żółć 東京 🎁"], "x", None)
def test_texts_of_a_table_are_what_was_put_in(
    texts: list[str], longest: str, data: st.DataObject | None
) -> None:
    texts = [*texts, longest]
    index = list(range(len(texts)))[::-1]
    if data:
        index = data.draw(st.lists(st.sampled_from(index)))
    column = table(texts).take(ints(index))
    assert written(len(index), (column,)) == [texts[each] for each in index]


@pytest.mark.parametrize("width", range(1, 12))
def test_texts_of_any_width_come_out_with_nothing_beside_them(width: int) -> None:
    texts = ["x" * width, "", "y" * (width - 1)]
    assert written(3, (table(texts),)) == texts


@given(st.lists(st.tuples(st.integers(0, 10**8 - 1), st.booleans(), st.integers(0, 10**10))))
def test_columns_stand_side_by_side_and_parts_within_them(
    rows: list[tuple[int, bool, int]],
) -> None:
    count = len(rows)
    ids, present, cents = (ints([row[n] for row in rows]) for n in range(3))
    buyer = only_where(joined(count, b"C", digits(ids, 8)), present > 0)
    made = csv_bytes(
        count, (b"O", *digits(ids, 8), b"-", *number(cents)), buyer, b"EUR", money(cents)
    )
    assert made.decode() == "".join(
        f"O{each:08d}-{amount},{f'C{each:08d}' if there else ''},EUR,"
        f"{Decimal(amount).scaleb(-2):.2f}\n"
        for each, there, amount in rows
    )


def test_what_is_joined_can_be_taken_and_joined_again() -> None:
    ids = joined(3, b"O", digits(ints([1, 22, 333]), 4), b"/", (table(["a", "", "abcde"]),))
    again = joined(4, ids.take(ints([2, 0, 0, 1])), b"!")
    assert csv_bytes(4, again).decode() == "O0333/abcde!\nO0001/a!\nO0001/a!\nO0022/!\n"


@pytest.mark.parametrize("texts", [["a"], ["abcd"], ["abcdef"], ["abcdefgh"], ["a long text"]])
def test_only_what_is_present_is_written(texts: list[str]) -> None:
    column = table(texts).take(ints([0, 0, 0]))
    assert written(3, (only_where(column, np.array([True, False, True])),)) == [*texts, "", *texts]
    assert written(3, (only_where(column, np.zeros(3, np.bool_)),)) == ["", "", ""]


@pytest.mark.parametrize(
    "column",
    [
        number,
        money,
        lambda values: digits(values, 8),
        lambda values: (b"P", *decimal(values, 4)),
        lambda values: (only_where(table(["abcde"]).take(values), values > 0),),
    ],
)
def test_no_values_are_no_lines(column: Callable[[Ints], Column]) -> None:
    assert csv_bytes(0, column(ints([])), b"EUR") == b""


def test_the_values_stay_as_they_were() -> None:
    values = ints(EDGES)
    csv_bytes(len(values), number(values), money(values), digits(values, 19))
    assert values.tolist() == EDGES
