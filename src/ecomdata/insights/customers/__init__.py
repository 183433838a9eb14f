"""Who buys, who no longer does, and what that is worth."""

from ecomdata.insights.customers.lost import search_lost_segments

#: Each answers a question with what it found and how much it tested.
SEARCHES = (search_lost_segments,)
