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


def philox(counter: int, key: tuple[int, int]) -> list[int]:
    """Philox 4x64-10 as the paper has it, for a counter below 2**64."""
    a, b, c, d = counter, 0, 0, 0
    low, high = key
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b = second >> 64 ^ b ^ low, second % 2**64
        c, d = first >> 64 ^ d ^ high, first % 2**64
        low, high = (low + 0x9E3779B97F4A7C15) % 2**64, (high + 0xBB67AE8584CAA73B) % 2**64
    return [a, b, c, d]


def test_words_are_those_of_philox() -> None:
    # The first known answer that the authors publish (Random123, kat_vectors).
    answer = "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b"
    assert philox(0, (0, 0)) == [int(word, 16) for word in answer.split()]
    # numpy steps the counter before it draws, so words 4 to 11 are those of counters 2 and 3.
    expected = philox(2, (Purpose.LINE, 7)) + philox(3, (Purpose.LINE, 7))
    assert words(7, Purpose.LINE, 4, 8).tolist() == expected


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
    # Half of the orders have one line, a quarter two, an eighth three: at the middles of eighths.
    assert geometric(2.0, 3).tolist() == [1, 1, 1, 1, 2, 2, 3, 4]
    assert set(geometric(1.0, 4).tolist()) == {1}
    assert abs(geometric(2.5, 12).mean() - 2.5) < 0.01
