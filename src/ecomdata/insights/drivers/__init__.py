"""What changed, why and where: causes in the sales of a period."""

from ecomdata.insights.drivers.contributions import search_contributions
from ecomdata.insights.drivers.copies import search_copies
from ecomdata.insights.drivers.launches import search_launches
from ecomdata.insights.drivers.leaks import search_leaks
from ecomdata.insights.drivers.outages import search_outages

#: Each answers a question with what happened and how much it tested.
NEWS = (
    search_copies,
    search_launches,
    search_leaks,
    search_outages,
    search_contributions,
)
