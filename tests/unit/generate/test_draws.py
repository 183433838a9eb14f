"""Words and tables, by values worked out by hand, published, or had in another way."""

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecomdata.generate.chance.draws import (
    Purpose,
    below,
    bits,
    by_share,
    chosen,
    fraction,
    in_proportion,
    words,
    words_at,
)

SEEDS = st.integers(0, 2**63 - 1)
INDEXES = st.integers(0, 2**62)


def splitmix(state: int, steps: int) -> int:
    """What a SplitMix64 generator gives after so many steps from its state."""
    for _ in range(steps):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
    word = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


def test_the_reference_gives_the_published_words() -> None:
    # The test vector of Rosetta Code's task "Pseudo-random numbers/Splitmix64".
    assert [splitmix(1_234_567, step) for step in range(1, 6)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(SEEDS, st.sampled_from(Purpose), st.integers(0, 300))
@example(2**63 - 1, Purpose.GUEST_SPEND, 0)
def test_words_are_those_of_splitmix64(seed: int, purpose: Purpose, index: int) -> None:
    start = splitmix(splitmix(seed, 1), purpose)
    assert words_at(seed, purpose, np.array([index, 0])).tolist() == [
        splitmix(start, index),
        splitmix(start, 0),
    ]


@given(SEEDS, st.sampled_from(Purpose), INDEXES)
def test_a_word_far_out_is_that_many_steps_on(seed: int, purpose: Purpose, index: int) -> None:
    start = splitmix(splitmix(seed, 1), purpose)
    expected = splitmix((start + index * 0x9E3779B97F4A7C15) % 2**64, 0)
    assert words_at(seed, purpose, np.array([index])).tolist() == [expected]


@given(SEEDS, INDEXES, st.lists(st.integers(0, 9), max_size=8))
def test_a_word_depends_on_its_address_alone(seed: int, first: int, sizes: list[int]) -> None:
    whole = words(seed, Purpose.LINE, first, sum(sizes)).tolist()
    starts = [first + before for before in accumulate(sizes, initial=0)]
    parts = [words(seed, Purpose.LINE, *part) for part in zip(starts, sizes, strict=False)]
    assert [word for part in parts for word in part.tolist()] == whole
    index = np.arange(first, first + sum(sizes))
    assert words_at(seed, Purpose.LINE, index[::-1]).tolist() == whole[::-1]
    assert index.tolist() == list(range(first, first + sum(sizes))), "the addresses stay"


def test_seeds_and_purposes_have_words_of_their_own() -> None:
    drawn = [
        word
        for seed in (0, 1, 7, 8, 2**63 - 1)
        for purpose in Purpose
        for word in words(seed, purpose, 0, 100).tolist()
    ]
    assert len(set(drawn)) == len(drawn) == 5 * 21 * 100


@pytest.mark.parametrize("step", [1, 64, 4_096])
def test_each_bit_is_set_in_half_of_the_words_whatever_those_before(step: int) -> None:
    drawn = words_at(7, Purpose.LINE, np.arange(1 << 14) * step)
    changed = np.bitwise_xor(drawn[1:], drawn[:-1])
    for low in range(64):
        # Six standard deviations of 2**14 throws of a coin, 64.
        assert abs(bits(drawn, low, 1).sum() - 2**13) < 6 * 64
        assert abs(bits(changed, low, 1).sum() - 2**13) < 6 * 64


def test_bits_are_taken_from_the_low_end() -> None:
    word = np.array([0b1011_0110, 2**64 - 1], dtype=np.uint64)
    assert bits(word, 1, 3).tolist() == [0b011, 7]
    assert bits(word, 4, 60).tolist() == [0b1011, 2**60 - 1]
    assert bits(word, 1, 63).tolist() == [0b1011_011, 2**63 - 1]
    assert bits(word, 63, 1).tolist() == [0, 1]


@given(st.integers(0, 2**64 - 1), st.integers(0, 63), st.integers(0, 63))
def test_bits_are_those_of_the_number(word: int, low: int, count: int) -> None:
    assert bits(np.array([word], dtype=np.uint64), low, count).tolist() == [
        word // 2**low % 2**count
    ]


def test_a_number_below_a_limit_never_reaches_it() -> None:
    word = np.array([0, 2**31, 2**32 - 1], dtype=np.uint64)
    assert below(word, 0, 10).tolist() == [0, 5, 9]
    assert below(word, 0, 1).tolist() == [0, 0, 0]
    assert below(word, 0, np.array([1, 3, 2**31])).tolist() == [0, 1, 2**31 - 1]
    assert below(word << np.uint64(32), 32, 2**31).tolist() == [0, 2**30, 2**31 - 1]


def test_a_fraction_is_from_0_to_below_1() -> None:
    word = np.array([0, 2**31, 2**32 - 1], dtype=np.uint64)
    assert fraction(word, 0).tolist() == [0.0, 0.5, 1 - 2.0**-32]
    assert fraction(word << np.uint64(5), 5).tolist() == [0.0, 0.5, 1 - 2.0**-32]


def test_an_entry_is_chosen_by_as_many_bits_as_the_table_needs() -> None:
    word = np.array([0b1101, 0b0010], dtype=np.uint64)
    assert chosen(np.array([10, 20, 30, 40]), word, 2).tolist() == [40, 10]
    assert chosen(np.array([10, 20, 30, 40]), word, 0).tolist() == [20, 30]
    assert chosen(np.array([10]), word, 0).tolist() == [10, 10]


def test_a_table_holds_each_index_in_proportion() -> None:
    assert in_proportion([1, 0, 3, 4], 3).tolist() == [0, 2, 2, 2, 3, 3, 3, 3]
    assert in_proportion([0, 0, 5], 1).tolist() == [2, 2]
    assert by_share({7: 1, 30: 3}, 3).tolist() == [7, 7, 30, 30, 30, 30, 30, 30]


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=40).filter(any), st.integers(0, 10))
@example([2**51 - 1], 10)
@example([2**50, 2**50 - 1], 10)
@example([1] * 40, 3)
def test_an_entry_is_what_stands_at_the_middle_of_its_part(weights: list[int], size: int) -> None:
    ends = [Fraction(end, sum(weights)) for end in accumulate(weights)]
    middles = [Fraction(2 * entry + 1, 2 * 2**size) for entry in range(2**size)]
    expected = [bisect_right(ends, middle) for middle in middles]
    assert in_proportion(weights, size).tolist() == expected
    for index, weight in enumerate(weights):
        assert abs(expected.count(index) - Fraction(weight * 2**size, sum(weights))) <= 1
