"""What products do: run out, take off, change price, stop selling, come back, go together."""

from ecomdata.insights.products.pairs import search_pairs
from ecomdata.insights.products.prices import search_prices
from ecomdata.insights.products.returned import search_returned
from ecomdata.insights.products.runs import search_runs

#: Each answers a question with what happened and how much it tested.
NEWS = (search_runs, search_prices)
#: The same of how things stand.
STATE = (search_returned, search_pairs)
