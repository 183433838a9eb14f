"""Who buys, who no longer does, and what that is worth."""

from ecomdata.insights.customers.at_risk import search_value_at_risk
from ecomdata.insights.customers.cohorts import search_cohorts
from ecomdata.insights.customers.lost import search_lost_segments
from ecomdata.insights.customers.segments import (
    Segment,
    Segments,
    list_customers,
    read_segments,
)

#: Each answers a question with what happened and how much it tested.
NEWS = (search_lost_segments, search_cohorts)
#: The same of how things stand.
STATE = (search_value_at_risk,)

__all__ = ["NEWS", "STATE", "Segment", "Segments", "list_customers", "read_segments"]
