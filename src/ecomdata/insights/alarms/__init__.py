"""Loads that are not as the shop's loads are: what a file that is wrong does to the figures."""

from ecomdata.insights.alarms.alarm import Alarm, Alarms
from ecomdata.insights.alarms.book import judge_loads, read_alarms

__all__ = ["Alarm", "Alarms", "judge_loads", "read_alarms"]
