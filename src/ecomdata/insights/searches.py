"""All that is searched: each takes a connection and a question and says what it found."""

from collections.abc import Callable
from typing import Final

from ecomdata.insights import customers, drivers, products
from ecomdata.insights.anomalies import search_anomalies
from ecomdata.insights.bridge import search_bridge
from ecomdata.insights.finding import Question, Searched
from ecomdata.insights.forecast import search_forecast
from ecomdata.warehouse import Connection

SEARCHES: Final[tuple[Callable[[Connection, Question], Searched], ...]] = (
    search_bridge,
    search_anomalies,
    *drivers.SEARCHES,
    *products.SEARCHES,
    *customers.SEARCHES,
    search_forecast,
)
