"""Looks at what was built: KPIs, what was refused, status, the HTML report, exported tables."""

from ecomdata.report.data import currency, report_data
from ecomdata.report.exports import Exported, Format, defused, export_table, final_tables
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
    require_insights,
    status,
)

__all__ = [
    "KPIS",
    "Exported",
    "Format",
    "KpiTable",
    "MetricTable",
    "Status",
    "Vocabulary",
    "defused",
    "currency",
    "export_table",
    "final_tables",
    "is_built",
    "kpi_table",
    "metric_table",
    "quarantine",
    "render",
    "report_data",
    "require_build",
    "require_insights",
    "status",
    "vocabulary",
]
