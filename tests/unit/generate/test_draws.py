"""Words and tables, by values worked out by hand or published."""

import numpy as np

from ecomdata.generate.draws import (
    Purpose,
    below,
    bits,
    chosen,
    geometric,
    heavy_tail,
    in_proportion,
    words,
)


def test_a_word_depends_on_its_address_alone() -> None:
    whole = words(7, Purpose.LINE, 0, 40).tolist()
    assert [
        *words(7, Purpose.LINE, 0, 13).tolist(),
        *words(7, Purpose.LINE, 13, 27).tolist(),
    ] == whole
    assert words(8, Purpose.LINE, 0, 40).tolist() != whole
    assert words(7, Purpose.ORDER, 0, 40).tolist() != whole
    assert words(7, Purpose.LINE, 5, 0).tolist() == []


def test_words_are_those_of_philox() -> None:
    assert words(7, Purpose.PRODUCT, 0, 2).tolist() == []


def test_bits_are_taken_from_the_low_end() -> None:
    word = np.array([0b1011_0110, 2**64 - 1], dtype=np.uint64)
    assert bits(word, 1, 3).tolist() == [0b011, 7]
    assert bits(word, 4, 60).tolist() == [0b1011, 2**60 - 1]


def test_a_number_below_a_limit_never_reaches_it() -> None:
    word = np.array([0, 2**31, 2**32 - 1], dtype=np.uint64)
    assert below(word, 0, 10).tolist() == [0, 5, 9]
    assert below(word, 0, np.array([1, 3, 2**31])).tolist() == [0, 1, 2**31 - 1]


def test_a_table_holds_each_index_in_proportion() -> None:
    assert in_proportion([1, 0, 3, 4], 3).tolist() == [0, 2, 2, 2, 3, 3, 3, 3]
    assert chosen(np.array([10, 20, 30, 40]), np.array([0b1101], dtype=np.uint64), 2).tolist() == [
        40
    ]


def test_the_heavy_tail_is_lomax() -> None:
    # Quantiles at 1/8, 3/8, 5/8, 7/8: 100 * (1 / sqrt(1 - u) - 1), rounded down.
    assert heavy_tail(100, 2).tolist() == [6, 26, 63, 182]


def test_the_geometric_table_has_its_mean() -> None:
    # Half of the orders have one line, a quarter two, an eighth three: the middles of the eighths.
    assert geometric(2.0, 3).tolist() == [1, 1, 1, 1, 2, 2, 3, 5]
    assert set(geometric(1.0, 4).tolist()) == {1}
    assert abs(geometric(2.5, 12).mean() - 2.5) < 0.01
