"""Chance by address: word `i` of a purpose depends on (seed, purpose, i) and on nothing else.

So a shop is the same whatever the size of the chunks it is made in. Raw Philox words are the only
source (numpy may change its distributions, not its bit generators), and distributions are tables
made with integers or with operations that IEEE 754 rounds alike everywhere (+ - * / and square
roots): the logarithms and powers of two platforms can differ in the last bit, and so in a byte.
"""

from collections.abc import Sequence
from enum import IntEnum, unique
from math import isqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]


@unique
class Purpose(IntEnum):
    """What words are drawn for. A number is never used for something else."""

    PRODUCT = 1
    POPULARITY = 2
    CUSTOMER = 3
    HABIT = 4
    NAME = 5
    REPEAT_BUYER = 6
    REPEAT_TIME = 7
    GUEST_TIME = 8
    ORDER = 9
    LINE = 10
    RETURN = 11
    DIRT_IN_ORDERS = 12
    DIRT_IN_CUSTOMERS = 13
    DIRT_IN_PRODUCTS = 14


def words(seed: int, purpose: int, first: int, count: int) -> Words:
    """Words `first` to `first + count - 1` of a purpose.

    Source: Salmon et al. 2011, Philox 4x64-10: four words a counter value.
    """
    counter, skipped = divmod(first, 4)
    philox = np.random.Philox(counter=counter, key=(seed << 64) | purpose)
    return philox.random_raw(skipped + count)[skipped:]


def bits(word: Words, low: int, count: int) -> Ints:
    """The `count` (at most 63) bits of each word from bit `low` on, as a number."""
    return ((word >> np.uint64(low)) & np.uint64((1 << count) - 1)).astype(np.int64)


def below(word: Words, low: int, limit: Ints | int) -> Ints:
    """A whole number from 0 to `limit` - 1 (`limit` at most 2**31), from 32 bits of each word."""
    return (bits(word, low, 32) * limit) >> 32


def chosen(table: Ints, word: Words, low: int) -> Ints:
    """An entry of the table, whose length is a power of two, by as many bits of each word."""
    return table[bits(word, low, (len(table) - 1).bit_length())]


def in_proportion(weights: Sequence[int] | Ints, size_bits: int) -> Ints:
    """A table of 2**`size_bits` indexes in which each index stands in proportion to its weight."""
    size = 1 << size_bits
    cumulative = np.cumsum(np.asarray(weights, dtype=np.int64))
    middles = (2 * np.arange(size, dtype=np.int64) + 1) * cumulative[-1]
    table: Ints = np.searchsorted(cumulative * (2 * size), middles, side="right")
    return table


def heavy_tail(mean: int, size_bits: int) -> Ints:
    """A quantile table of the Lomax distribution of shape 2: much below its mean, some far above.

    Source: F(x) = 1 - (1 + x / mean) ** -2, inverted at the middle of each of the steps.
    """
    size = 1 << size_bits
    return np.array(
        [isqrt(mean * mean * 2 * size // (2 * (size - step) - 1)) - mean for step in range(size)],
        dtype=np.int64,
    )


def geometric(mean: float, size_bits: int) -> Ints:
    """A quantile table of the geometric distribution on 1, 2, ... with that mean."""
    size = 1 << size_bits
    again = (mean - 1) / mean
    table, value, tail = [], 1, again
    for step in range(size):
        while 1 - tail < (step + 0.5) / size:
            value, tail = value + 1, tail * again
        table.append(value)
    return np.array(table, dtype=np.int64)
