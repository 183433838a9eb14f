"""Orders over time: who orders when."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ecomdata.generate.calendar import Calendar
from ecomdata.generate.customers import Customers
from ecomdata.generate.draws import Ints, Purpose, below, bits, words
from ecomdata.generate.plan import ShopPlan

#: The customer of a guest's order.
GUEST: Final = -1
#: Orders of guests, in a hundred.
GUESTS: Final = 4


@dataclass(frozen=True)
class Orders:
    """Every order, in the order of time; `customer` is an index or `GUEST`."""

    day: Ints
    customer: Ints


def guests_and_buyers(plan: ShopPlan) -> tuple[int, int]:
    """How many orders guests place, and how many customers place at least one."""
    guests = plan.orders * GUESTS // 100
    return guests, min(max(1, plan.customer_count * 9 // 10), plan.orders - guests)


def place_orders(plan: ShopPlan, calendar: Calendar, customers: Customers) -> Orders:
    """The plan's orders: one first order a buyer, then further ones by appetite, then guests'."""
    guests, buyers = guests_and_buyers(plan)
    further = plan.orders - guests - buyers
    # Appetites add up to less than 2**51 for the largest shop, so the modulus of a number of 62
    # bits favours nobody by more than one in two thousand (one in millions for the default shop).
    wish = bits(words(plan.seed, Purpose.REPEAT_BUYER, 0, further), 0, 62)
    again = np.searchsorted(customers.appetite, wish % customers.appetite[-1], side="right")
    when = words(plan.seed, Purpose.REPEAT_TIME, 0, further)
    once = np.flatnonzero(customers.buys)
    moment = np.concatenate(
        [
            customers.first[once],
            customers.first[again] + below(when, 0, customers.span[again]),
            below(words(plan.seed, Purpose.GUEST_TIME, 0, guests), 0, calendar.ticks),
        ]
    )
    customer = np.concatenate([once, again, np.full(guests, GUEST)]).astype(np.int64)
    in_time = np.argsort(moment, kind="stable")
    return Orders(calendar.day_of(moment[in_time]), customer[in_time])
