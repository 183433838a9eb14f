"""What customers are called: names of their country, addresses that fit the names."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from ecomdata.generate.chance.draws import Ints, Words, below, bits, in_proportion
from ecomdata.generate.csvtext import Column, number, table

#: Of addresses: reserved names, so that no mail ever reaches anybody.
DOMAINS: Final = ("example.com", "example.org", "example.net", "mail.example.com")


@cache
def _pools() -> dict[str, Any]:
    text = files("ecomdata.generate.pools").joinpath("names.json").read_text("utf-8")
    pools: dict[str, Any] = json.loads(text)["countries"]
    return pools


def countries() -> list[str]:
    """The countries that customers come from, by index."""
    return list(_pools())


@cache
def country_levels() -> Ints:
    """A table of 1,024 country indexes, each as often as customers come from there."""
    return in_proportion([pool["share"] for pool in _pools().values()], 10)


class Names:
    """Writes the names and addresses of customers."""

    def __init__(self) -> None:
        # All names end to end: a pool a country and sex, first the given names, then the others.
        pools = [
            pool[sex][kind]
            for kind in ("first", "last")
            for pool in _pools().values()
            for sex in ("women", "men")
        ]
        names = [name for pool in pools for name in pool]
        self._sizes = np.array([len(pool) for pool in pools], dtype=np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._written = table(written for written, _ in names)
        self._plain = table(plain for _, plain in names)
        self._domains = table(DOMAINS)
        self._family_first = np.array([pool["family_first"] for pool in _pools().values()])

    def write(self, customer: Ints, country: Ints, word: Words) -> tuple[Column, Column]:
        """Name and e-mail address of customers by their index, their country and a word each."""
        # The lowest bits of a draw from a pool of a few hundred say nothing of what is drawn.
        given = self._drawn(2 * country + bits(word, 0, 1), word, 0)
        family = self._drawn(2 * (country + len(_pools())) + bits(word, 0, 1), word, 32)
        turned = self._family_first[country]
        name = (
            self._written.take(np.where(turned, family, given)),
            b" ",
            self._written.take(np.where(turned, given, family)),
        )
        email = (
            *(self._plain.take(given), b".", self._plain.take(family), *number(customer + 1)),
            *(b"@", self._domains.take(bits(word, 32, 2))),
        )
        return name, email

    def _drawn(self, pool: Ints, word: Words, low: int) -> Ints:
        return self._starts[pool] + below(word, low, self._sizes[pool])
