"""What products do: run out, take off, change price, stop selling, come back, go together."""

from ecomdata.insights.products.pairs import search_pairs
from ecomdata.insights.products.prices import search_prices
from ecomdata.insights.products.returned import search_returned
from ecomdata.insights.products.runs import search_runs

#: Each answers a question with what it found and how much it tested.
SEARCHES = (
    search_runs,
    search_prices,
    search_returned,
    search_pairs,
)
