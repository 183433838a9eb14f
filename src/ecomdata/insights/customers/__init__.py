"""Who buys, who no longer does, and what that is worth."""

from ecomdata.insights.customers.at_risk import search_value_at_risk
from ecomdata.insights.customers.lost import search_lost_segments
from ecomdata.insights.customers.segments import (
    Segment,
    Segments,
    list_customers,
    read_segments,
)

#: Each answers a question with what it found and how much it tested.
SEARCHES = (search_lost_segments, search_value_at_risk)

__all__ = ["SEARCHES", "Segment", "Segments", "list_customers", "read_segments"]
