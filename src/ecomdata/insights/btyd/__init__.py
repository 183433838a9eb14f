"""Buy till you die: how often customers buy, whether they still do, and what they will spend.

Histories are arrays with one entry per customer: `x` purchases after the first, `t_x` the age at
the last of them (0 without one), `T` the age now, all since the first purchase and in one unit of
time; `z` the average value of the `x` purchases.
"""

from ecomdata.insights.btyd.maximum import FEWEST_REPEATERS
from ecomdata.insights.btyd.pareto import ParetoModel, fit_pareto_nbd
from ecomdata.insights.btyd.purchases import PurchaseModel, fit_bg_nbd, fit_mbg_nbd
from ecomdata.insights.btyd.spend import SpendModel, fit_gamma_gamma
from ecomdata.insights.btyd.value import Total, parameters_error, spend_interval, total_spend

__all__ = [
    "FEWEST_REPEATERS",
    "ParetoModel",
    "PurchaseModel",
    "SpendModel",
    "Total",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
    "parameters_error",
    "spend_interval",
    "total_spend",
]
