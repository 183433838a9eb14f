"""The customers: when they sign up, order for the first time, order again, and lose interest."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np

from ecomdata.generate.calendar import Calendar
from ecomdata.generate.chance.draws import (
    Bools,
    Floats,
    Ints,
    Purpose,
    bits,
    chosen,
    fraction,
    words,
    words_at,
)
from ecomdata.generate.people.habits import (
    GROWTH_PER_TICK,
    IDLE,
    LEADS,
    LEVEL_BITS,
    STEP_BITS,
    WAIT_UNIT,
    Habits,
    make_habits,
)
from ecomdata.generate.people.names import country_levels
from ecomdata.generate.plan import MOST_ORDERS, ShopPlan

#: Accounts made at a time.
BLOCK: Final = 1 << 15
#: Accounts from whose habits those of a shop are judged beforehand; fewer where there are many
#: habits to judge.
PILOT: Final = 1 << 14
PACE_PILOT: Final = 1 << 10
#: Orders that a customer places at most (the word of an order is addressed by account and number).
MOST_OF_ONE: Final = 1 << 12
#: The share of the plan's orders that customers are meant to place; the rest is guests'.
CUSTOMERS_SHARE: Final = 0.94
_ONE: Final = 1 << 16


@dataclass(frozen=True)
class Population:
    """How many accounts there are from the plan's start to its end, and what they are like.

    Args:
        accounts: opened until the plan's `end`.
        buyers: the share of accounts that ever buy, in 65,536ths.
        habits: of the buyers.
    """

    accounts: int
    buyers: int
    habits: Habits


@dataclass(frozen=True)
class Accounts:
    """Consecutive accounts, in the order of signing up; moments are ticks.

    Args:
        first: the index of the first of them.
        begins: the first order, for who buys.
        rate, dropout, spend: levels of the habits.
    """

    first: int
    signup: Ints
    begins: Ints
    buys: Bools
    country: Ints
    rate: Ints
    dropout: Ints
    spend: Ints


@dataclass(frozen=True)
class History:
    """What accounts do until the calendar ends.

    Args:
        moment, account: of each order; accounts are counted from the first of the block.
        orders: by account.
        last: the moment of the account's last order; that of signing up where there is none.
        interested: still at the end of the calendar.
    """

    moment: Ints
    account: Ints
    orders: Ints
    last: Ints
    interested: Bools


def make_accounts(
    plan: ShopPlan, calendar: Calendar, population: Population, first: int, count: int
) -> Accounts:
    """Accounts `first` to `first + count - 1`, should they sign up while the calendar lasts."""
    who = words(plan.seed, Purpose.CUSTOMER, first, count)
    habit = words(plan.seed, Purpose.HABIT, first, count)
    index = np.arange(first, first + count, dtype=np.int64)
    signup = _signup(calendar, population, index, fraction(who, 0))
    # What has no moment within the calendar has none: the number of accounts is not the clock's.
    during = int(np.searchsorted(signup, calendar.ticks))
    who, habit, signup = who[:during], habit[:during], signup[:during]
    return Accounts(
        first=first,
        signup=signup,
        begins=signup + chosen(np.array(LEADS, dtype=np.int64), who, 32),
        buys=bits(habit, 42, 16) < population.buyers,
        country=country_of(plan.seed, index[:during]),
        rate=bits(habit, 0, LEVEL_BITS),
        dropout=bits(habit, 14, LEVEL_BITS),
        spend=bits(habit, 28, LEVEL_BITS),
    )


def country_of(seed: int, customer: Ints) -> Ints:
    """The country of customers, by index; no account is needed to know it."""
    return chosen(country_levels(), words_at(seed, Purpose.CUSTOMER, customer), 38)


def opened_before(plan: ShopPlan, calendar: Calendar, population: Population, day: int) -> int:
    """How many accounts are opened before a day of the shop."""

    def signup(account: int) -> int:
        index = np.array([account], dtype=np.int64)
        who = words_at(plan.seed, Purpose.CUSTOMER, index)
        return int(_signup(calendar, population, index, fraction(who, 0))[0])

    opens = int(calendar.closes[min(day, len(calendar.closes)) - 1]) if day > 0 else 0
    return bisect_left(range(MOST_ORDERS), opens, key=signup)


def blocks(calendar: Calendar, population: Population) -> Iterator[tuple[int, int]]:
    """(first, count) of the parts of all accounts that may sign up while the calendar lasts."""
    until = population.accounts * _opened(calendar.ticks) / _opened(calendar.base)
    for first in range(0, int(until) + 2, BLOCK):
        yield first, BLOCK


def _opened(ticks: int) -> float:
    """Accounts opened until then, in those that are opened in the first tick."""
    return ticks + GROWTH_PER_TICK * ticks * ticks / 2.0


def _signup(calendar: Calendar, population: Population, index: Ints, jitter: Floats) -> Ints:
    """Moments at which the number of accounts opened so far, growing ever faster, passes each."""
    opened = (index + jitter) / population.accounts * _opened(calendar.base)
    moment = 2.0 * opened / (1.0 + np.sqrt(1.0 + 2.0 * GROWTH_PER_TICK * opened))
    ticks = moment.astype(np.int64)
    before = index < population.accounts
    return np.where(before, np.minimum(ticks, calendar.base - 1), np.maximum(ticks, calendar.base))


def simulate(plan: ShopPlan, habits: Habits, accounts: Accounts, until: int) -> History:
    """The orders of the accounts before the tick `until`."""
    count = len(accounts.signup)
    interested = np.ones(count, dtype=np.bool_)
    who = np.flatnonzero(accounts.buys & (accounts.begins < until))
    moment = accounts.begins[who]
    gap, dropout = habits.gaps[accounts.rate], habits.dropouts[accounts.dropout]
    moments, accounts_ = [moment], [who]
    for number in range(1, MOST_OF_ONE):
        word = words_at(plan.seed, Purpose.AGAIN, (accounts.first + who) * MOST_OF_ONE + number)
        wait = habits.waits[bits(word, 0, STEP_BITS)] * gap[who] >> WAIT_UNIT
        moment = moment + wait
        again = np.flatnonzero(moment < until)
        if not len(again):
            break
        who, moment, word = who[again], moment[again], word[again]
        moments.append(moment)
        accounts_.append(who)
        stays = bits(word, 32, 32) >= dropout[who]
        interested[who[~stays]] = False
        who, moment = who[stays], moment[stays]
    last = accounts.signup.copy()
    for at, those in zip(moments, accounts_, strict=True):
        last[those] = at
    placed = np.concatenate(accounts_)
    return History(
        moment=np.concatenate(moments),
        account=placed,
        orders=np.bincount(placed, minlength=count),
        last=last,
        interested=interested,
    )


def settle(plan: ShopPlan, calendar: Calendar) -> Population:
    """A population that places nearly the plan's orders until its end, and never more.

    Where the plan names too few accounts for that, these buy more often; where it names too many,
    fewer of them buy.
    """
    wanted = plan.orders * CUSTOMERS_SHARE
    habits = make_habits()
    mean, variance = _judged(plan, calendar, habits)
    share = 1.0 - IDLE
    if plan.customers is None:
        accounts = min(max(1, round(wanted / (mean * share))), MOST_ORDERS)
    else:
        accounts = plan.customers
        if accounts * share * mean > wanted:
            share = wanted / (accounts * mean)
        else:
            habits = make_habits(_pace(plan, calendar, wanted / (accounts * share)))
            mean, variance = _judged(plan, calendar, habits, PACE_PILOT)
    population = Population(accounts, int(share * _ONE), habits)
    deviation = sqrt(accounts * share * (variance + mean * mean))
    if plan.orders - accounts * share * mean < 8.0 * deviation:
        population = _fewer(plan, calendar, population)
    return population


def _judged(
    plan: ShopPlan, calendar: Calendar, habits: Habits, count: int = PILOT
) -> tuple[float, float]:
    """Mean and variance of the number of orders of a buyer, from some of them."""
    accounts = make_accounts(plan, calendar, Population(count, _ONE, habits), 0, count)
    orders = simulate(plan, habits, accounts, calendar.base).orders
    mean = int(orders.sum()) / count
    return mean, int((orders * orders).sum()) / count - mean * mean


def _pace(plan: ShopPlan, calendar: Calendar, orders: float) -> float:
    """The pace at which a buyer places as many orders on average, or nearly."""
    low, high = 1.0, 2.0
    while high < MOST_OF_ONE and _judged(plan, calendar, make_habits(high), PACE_PILOT)[0] < orders:
        low, high = high, 2.0 * high
    for _ in range(6):
        middle = (low + high) / 2.0
        if _judged(plan, calendar, make_habits(middle), PACE_PILOT)[0] < orders:
            low = middle
        else:
            high = middle
    return low


def _fewer(plan: ShopPlan, calendar: Calendar, population: Population) -> Population:
    """The population with so many of its buyers that they place no more than the orders."""
    while population.buyers:
        placed = sum(
            int(simulate(plan, population.habits, accounts, calendar.base).orders.sum())
            for accounts in (
                make_accounts(plan, calendar, population, *block)
                for block in blocks(calendar, population)
            )
        )
        if placed <= plan.orders:
            break
        fewer = int(population.buyers * (CUSTOMERS_SHARE * plan.orders / placed))
        population = replace(population, buyers=min(population.buyers - 1, fewer))
    return population
