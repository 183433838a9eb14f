"""Looks at what was built: KPIs, what was refused, the state of the warehouse, the HTML report."""

from ecomdata.report.data import report_data
from ecomdata.report.kpis import KPIS
from ecomdata.report.metrics import MetricTable, Vocabulary, metric_table, vocabulary
from ecomdata.report.page import render
from ecomdata.report.tables import (
    KpiTable,
    Status,
    is_built,
    kpi_table,
    quarantine,
    require_build,
    status,
)

__all__ = [
    "KPIS",
    "KpiTable",
    "MetricTable",
    "Status",
    "Vocabulary",
    "is_built",
    "kpi_table",
    "metric_table",
    "quarantine",
    "render",
    "report_data",
    "require_build",
    "status",
    "vocabulary",
]
