"""The synthetic shop: the same arguments give the same bytes, and `truth/` says what is in them."""

from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.writer import Progress, Summary, generate_shop

__all__ = ["Progress", "ShopPlan", "Summary", "generate_shop"]
