"""The customers: who they are, and how eagerly and how long they buy."""

import json
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Final

import numpy as np

from ecomdata.generate.calendar import DAY, Calendar
from ecomdata.generate.csvtext import csv_bytes, digits, number, side_by_side, table
from ecomdata.generate.draws import (
    Bools,
    Ints,
    Purpose,
    Words,
    below,
    bits,
    chosen,
    heavy_tail,
    in_proportion,
    words,
)
from ecomdata.generate.plan import ShopPlan

COLUMNS: Final = ("customer_id", "name", "email", "country", "signup_date")

#: The share of each country's customers, in per cent.
COUNTRIES: Final = {
    "Germany": 26,
    "France": 18,
    "United Kingdom": 14,
    "Netherlands": 11,
    "Spain": 10,
    "Italy": 9,
    "Poland": 7,
    "United States": 5,
}
DOMAINS: Final = ("example.com", "example.org", "example.net", "mail.example.com")

#: Mean days between the first order and the end of a customer's interest.
LIFETIME: Final = 900
#: Steps of the rates of buying: 2**7, so that nobody buys at more than 15 times the mean rate.
RATE_BITS: Final = 7
#: Days between opening an account and the first order: none for half of the customers.
LEADS: Final = tuple(max(0, step - 31) ** 2 // 3 for step in range(64))

#: What Unicode does not decompose into a letter and its accent.
_FOLDS: Final = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae"})


@dataclass(frozen=True)
class Customers:
    """The customers by index, in the order in which they signed up.

    Args:
        signup: day of signing up, counted from the shop's start; may be before it.
        buys: places orders at all.
        first: moment of the first order.
        span: ticks from the first order until interest or the calendar ends.
        appetite: running sums of each customer's expected number of further orders, scaled.
    """

    signup: Ints
    buys: Bools
    first: Ints
    span: Ints
    appetite: Ints


def make_customers(plan: ShopPlan, calendar: Calendar, buyers: int) -> Customers:
    """The plan's customers, `buyers` of whom place orders.

    Further orders come at a rate of the customer's own, until a lifetime of the customer's own is
    over. Both are heavy-tailed, so half never come back and a few buy dozens of times.

    Source: the story of Pareto/NBD (Schmittlein, Morrison and Colombo 1987), with Lomax rates.
    """
    count = plan.customer_count
    who = words(plan.seed, Purpose.CUSTOMER, 0, count)
    habit = words(plan.seed, Purpose.HABIT, 0, count)
    # For three in four the earlier of two moments: a shop older than its books meets many early.
    even, other = below(who, 0, calendar.ticks), below(habit, 20, calendar.ticks)
    first = np.where(bits(who, 32, 2) > 0, np.minimum(even, other), even)
    lead = chosen(np.array(LEADS, dtype=np.int64), who, 34)
    lifetime = chosen(heavy_tail(LIFETIME, 10), habit, 0) * DAY
    rate = chosen(heavy_tail(256, RATE_BITS), habit, 10)  # relative: 256 is the mean
    span = np.minimum(lifetime, calendar.ticks - first)
    buys = np.arange(count) < buyers
    signup = calendar.day_of(first) - lead
    order = np.argsort(signup, kind="stable")
    eager = np.where(buys, rate * (span >> 6) + 1, 0)
    return Customers(signup[order], buys[order], first[order], span[order], np.cumsum(eager[order]))


class _Names:
    """The pools of one kind of name, end to end: a pool a country and sex."""

    def __init__(self, pools: list[list[str]]) -> None:
        names = [name for pool in pools for name in pool]
        self.sizes = np.array([len(pool) for pool in pools], dtype=np.int64)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.written = table(names)
        self.folded = table(fold(name) for name in names)

    def draw(self, group: Ints, word: Words, low: int) -> Ints:
        return self.starts[group] + below(word, low, self.sizes[group])


def fold(name: str) -> str:
    """The name in lower-case ASCII letters, as an e-mail address has it."""
    plain = unicodedata.normalize("NFKD", name.translate(_FOLDS))
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha()).lower()


class CustomerLines:
    """Writes the lines of customers.csv, any part at a time."""

    def __init__(self, plan: ShopPlan, customers: Customers) -> None:
        pools = json.loads(
            files("ecomdata.generate.pools").joinpath("names.json").read_text("utf-8")
        )["countries"]
        groups = [pools[country][sex] for country in COUNTRIES for sex in ("women", "men")]
        self._seed = plan.seed
        self._signup = customers.signup
        self._first = _Names([group["first"] for group in groups])
        self._last = _Names([group["last"] for group in groups])
        self._country = in_proportion(list(COUNTRIES.values()), 10)
        self._countries = table(COUNTRIES)
        self._domains = table(DOMAINS)
        self._oldest = int(customers.signup.min())
        newest = int(customers.signup.max())
        days = range(self._oldest, newest + 1)
        self._dates = table((plan.start + timedelta(day)).isoformat() for day in days)

    def lines(self, first: int, count: int) -> bytes:
        """The lines of customers `first` to `first + count - 1`."""
        word = words(self._seed, Purpose.NAME, 2 * first, 2 * count)
        who, called = word[0::2], word[1::2]
        country = chosen(self._country, who, 0)
        group = 2 * country + bits(who, 10, 1)
        given, family = self._first.draw(group, called, 0), self._last.draw(group, called, 32)
        ids = np.arange(first + 1, first + count + 1)
        return csv_bytes(
            count,
            side_by_side(count, b"C", digits(ids, 8)),
            side_by_side(count, self._first.written[given], b" ", self._last.written[family]),
            side_by_side(
                count,
                *(self._first.folded[given], b".", self._last.folded[family]),
                *(number(ids), b"@", self._domains[bits(who, 11, 2)]),
            ),
            self._countries[country],
            self._dates[self._signup[first : first + count] - self._oldest],
        )
