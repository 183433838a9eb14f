"""Superset's dashboards: deployed from files, and held to the KPIs."""

from ecomdata.dashboards.assets import DASHBOARDS
from ecomdata.dashboards.check import ChartState, check_charts, check_figures
from ecomdata.dashboards.country import grant_country
from ecomdata.dashboards.push import push
from ecomdata.dashboards.superset import Superset

__all__ = [
    "DASHBOARDS",
    "ChartState",
    "Superset",
    "check_charts",
    "check_figures",
    "grant_country",
    "push",
]
