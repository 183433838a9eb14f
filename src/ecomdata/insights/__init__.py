"""What changed, why, for whom, how sure: findings over the final tables, each with its proof."""

from ecomdata.insights.asking import PERIODS, Period
from ecomdata.insights.findings import MOST_FINDINGS, Insights, Ranked, find_insights, write
from ecomdata.insights.forecast import Forecast, forecast, forecast_sales
from ecomdata.insights.score import Score, score_insights

__all__ = [
    "MOST_FINDINGS",
    "PERIODS",
    "Forecast",
    "Insights",
    "Period",
    "Ranked",
    "Score",
    "find_insights",
    "forecast",
    "forecast_sales",
    "score_insights",
    "write",
]
