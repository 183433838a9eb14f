"""Orders in the order of time, more of them than memory holds: spilled by period, sorted in turn.

An order is a key of 63 bits, its moment and its customer, so that sorting keys sorts orders.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from ecomdata.generate.calendar import Calendar
from ecomdata.generate.chance.draws import Ints, Purpose, below, words

#: The customer of a guest's order.
GUEST: Final = -1
_CUSTOMER_BITS: Final = 34
_CUSTOMER: Final = (1 << _CUSTOMER_BITS) - 1
#: Orders that are sorted at a time, about, and periods at most (files that are open at once).
SORTED: Final = 1 << 18
MOST_PERIODS: Final = 200


def order_keys(moment: Ints, customer: Ints) -> Ints:
    """The keys of customers' orders, sorted."""
    return np.sort(moment << _CUSTOMER_BITS | customer)


class Timeline:
    """All orders of a shop, added in any order and read in the order of time.

    Args:
        folder: for the spilled keys; an empty one.
        orders: about how many there will be.
    """

    def __init__(self, folder: Path, calendar: Calendar, orders: int) -> None:
        self._calendar = calendar
        periods = min(MOST_PERIODS, -(-orders // SORTED), len(calendar.closes))
        ends = np.arange(1, periods + 1) * len(calendar.closes) // periods
        self._days = np.concatenate([[0], ends])
        self._edges = calendar.closes[ends - 1] << _CUSTOMER_BITS
        self._paths = [folder / f"{period}.keys" for period in range(periods)]
        self._streams = [path.open("wb") for path in self._paths]
        self._base_key = calendar.base << _CUSTOMER_BITS
        self.base_orders = self.orders = 0

    def close(self) -> None:
        """Close the files, which can still be read."""
        for stream in self._streams:
            stream.close()

    def add(self, keys: Ints) -> None:
        """Add the sorted keys of customers' orders."""
        self.orders += len(keys)
        self.base_orders += int(np.searchsorted(keys, self._base_key))
        ends = np.searchsorted(keys, self._edges)
        for stream, part in zip(self._streams, np.split(keys, ends[:-1]), strict=True):
            stream.write(part.tobytes())

    def read(self, seed: int, base_guests: int) -> Iterator[tuple[Ints, Ints]]:
        """(day, customer) of consecutive orders, parts of some days in the order of time.

        Guests come evenly on the shop's clock, `base_guests` of them by the end of its base.
        """
        closes = self._calendar.closes
        # Two factors of 2**31 at most.
        guests = np.concatenate([[0], closes * base_guests // self._calendar.base])
        opens = np.concatenate([[0], closes])
        self.close()
        for path, first, end in zip(self._paths, self._days, self._days[1:], strict=False):
            day = np.repeat(np.arange(first, end), np.diff(guests[first : end + 1]))
            word = words(seed, Purpose.GUEST, int(guests[first]), len(day))
            moment = opens[day] + below(word, 0, np.diff(opens)[day])
            keys = np.concatenate(
                [np.fromfile(path, dtype=np.int64), moment << _CUSTOMER_BITS | _CUSTOMER]
            )
            path.unlink()
            keys.sort()
            # The days before Christmas hold several times as many as others.
            for low in range(0, len(keys), SORTED):
                part = keys[low : low + SORTED]
                counts = np.diff(np.searchsorted(part, opens[first : end + 1] << _CUSTOMER_BITS))
                customer = part & _CUSTOMER
                yield (
                    np.repeat(np.arange(first, end), counts),
                    np.where(customer == _CUSTOMER, GUEST, customer),
                )
