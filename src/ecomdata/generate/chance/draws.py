"""Chance by address: word `i` of a purpose depends on (seed, purpose, i) and on nothing else.

So a shop is the same whatever the chunks it is made in, the threads that make them, and the day on
which it ends, and any word can be had without those before it. Integers, and floats under
operations that IEEE 754 rounds alike everywhere (+ - * / and square roots), are all that is used:
the logarithms and powers of two platforms can differ in the last bit, and so in a byte.
"""

from collections.abc import Sequence
from enum import IntEnum, unique
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Words: TypeAlias = NDArray[np.uint64]
Levels: TypeAlias = NDArray[np.uint16]

_GAMMA: Final = 0x9E3779B97F4A7C15
_LOW_64: Final = (1 << 64) - 1


@unique
class Purpose(IntEnum):
    """What words are drawn for. A number is never used for something else."""

    PRODUCT = 1
    POPULARITY = 2
    CUSTOMER = 3
    HABIT = 4
    NAME = 5
    AGAIN = 6
    DAY = 7
    GUEST = 8
    ORDER = 9
    LINE = 10
    FATE = 11
    DIRT_IN_ORDERS = 12
    DIRT_IN_CUSTOMERS = 13
    DIRT_IN_PRODUCTS = 14
    PRICE = 15
    PAIR = 16
    LADDER = 17
    PILOT = 18
    EVENT = 19
    DIRT_IN_RETURNS = 20
    GUEST_SPEND = 21


def words_at(seed: int, purpose: int, index: Ints) -> Words:
    """The words of a purpose at these addresses, which are zero or more.

    Source: SplitMix64 (Steele, Lea and Flood 2014), a state of whose sequence is `index` steps
    from a start that the seed and the purpose choose.
    """
    start = _mixed(_mixed(seed + _GAMMA & _LOW_64) + purpose * _GAMMA & _LOW_64)
    word = index.astype(np.uint64)
    word *= np.uint64(_GAMMA)
    word += np.uint64(start)
    word ^= word >> np.uint64(30)
    word *= np.uint64(0xBF58476D1CE4E5B9)
    word ^= word >> np.uint64(27)
    word *= np.uint64(0x94D049BB133111EB)
    word ^= word >> np.uint64(31)
    return word


def words(seed: int, purpose: int, first: int, count: int) -> Words:
    """Words `first` to `first + count - 1` of a purpose."""
    return words_at(seed, purpose, np.arange(first, first + count, dtype=np.int64))


def _mixed(word: int) -> int:
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 & _LOW_64
    word = (word ^ word >> 27) * 0x94D049BB133111EB & _LOW_64
    return word ^ word >> 31


def bits(word: Words, low: int, count: int) -> Ints:
    """The `count` (at most 63) bits of each word from bit `low` on, as a number."""
    taken = word >> np.uint64(low)
    taken &= np.uint64((1 << count) - 1)
    return taken.view(np.int64)


def below(word: Words, low: int, limit: Ints | int) -> Ints:
    """A whole number from 0 to `limit` - 1 (`limit` at most 2**31), from 32 bits of each word."""
    return (bits(word, low, 32) * limit) >> 32


def fraction(word: Words, low: int) -> Floats:
    """A number from 0 to below 1, from 32 bits of each word."""
    return bits(word, low, 32).astype(np.float64) * 2.0**-32


def chosen(table: Ints, word: Words, low: int) -> Ints:
    """An entry of the table, whose length is a power of two, by as many bits of each word."""
    return table[bits(word, low, (len(table) - 1).bit_length())]


def in_proportion(weights: Sequence[int] | Ints, size_bits: int) -> Ints:
    """A table of 2**`size_bits` indexes in which each index stands in proportion to its weight.

    The weights add up to less than 2**(61 - `size_bits`).
    """
    return np.repeat(np.arange(len(weights)), times_in(weights, size_bits))


def times_in(weights: Sequence[int] | Ints, size_bits: int) -> Ints:
    """How often each index stands in such a table."""
    size = 1 << size_bits
    cumulative = np.cumsum(np.asarray(weights, dtype=np.int64))
    # An index's entries end with the last whose middle, of `size` equal parts of all, it reaches.
    total = cumulative[-1]
    ends = (cumulative * (2 * size) + (total - 1)) // (2 * total)
    times: Ints = np.diff(ends, prepend=0)
    return times


def by_share(shares: dict[int, int], size_bits: int = 10) -> Ints:
    """A table of 2**`size_bits` values, each in proportion to its share."""
    values = np.array(list(shares), dtype=np.int64)
    return values[in_proportion(list(shares.values()), size_bits)]
