"""What changed, why, for whom, how sure: findings over the final tables, each with its proof."""

from ecomdata.insights.alarms import Alarm, Alarms, judge_loads
from ecomdata.insights.asking import PERIODS, Period
from ecomdata.insights.customers import Segment, Segments, list_customers
from ecomdata.insights.findings import MOST_FINDINGS, Insights, Ranked, find_insights, write
from ecomdata.insights.forecast import Forecast, forecast_days, forecast_next, forecast_sales
from ecomdata.insights.score import STANDING, Score, score_insights

__all__ = [
    "MOST_FINDINGS",
    "PERIODS",
    "STANDING",
    "Alarm",
    "Alarms",
    "Forecast",
    "Insights",
    "Period",
    "Ranked",
    "Score",
    "Segment",
    "Segments",
    "find_insights",
    "forecast_days",
    "forecast_next",
    "forecast_sales",
    "judge_loads",
    "list_customers",
    "score_insights",
    "write",
]
