"""The synthetic shop: the same arguments give the same bytes, and `truth/` says what is in them."""

from ecomdata.generate.dirt.faults import rates
from ecomdata.generate.events.event import read_events
from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.writer import Progress, Summary, extend_shop, generate_shop

__all__ = [
    "Progress",
    "ShopPlan",
    "Summary",
    "extend_shop",
    "generate_shop",
    "rates",
    "read_events",
]
