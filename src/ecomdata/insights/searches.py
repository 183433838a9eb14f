"""All that is searched: each takes a connection and a question and says what it found."""

from collections.abc import Callable
from typing import Final

from ecomdata.insights import customers, drivers, products
from ecomdata.insights.anomalies import search_anomalies
from ecomdata.insights.bridge import search_bridge
from ecomdata.insights.finding import Question, Searched
from ecomdata.insights.forecast import search_forecast
from ecomdata.warehouse import Connection

Search = Callable[[Connection, Question], Searched]

#: What happened in the period.
NEWS: Final[tuple[Search, ...]] = (
    search_bridge,
    search_anomalies,
    *drivers.NEWS,
    *products.NEWS,
    *customers.NEWS,
)
#: How things stand, and what is to come.
STATE: Final[tuple[Search, ...]] = (*products.STATE, *customers.STATE, search_forecast)
#: What may be chance is controlled in each by itself: products that go together are sure, and
#: among so many sure findings there would be room for chance in what happened.
SEARCHES: Final = (NEWS, STATE)
