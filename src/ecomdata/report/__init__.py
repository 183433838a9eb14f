"""Looks at what was built: KPIs, what was refused, the state of the warehouse, the HTML report."""

from ecomdata.report.data import report_data
from ecomdata.report.kpis import KPIS
from ecomdata.report.tables import KpiTable, Status, kpi_table, quarantine, status
from ecomdata.report.write import write

__all__ = [
    "KPIS",
    "KpiTable",
    "Status",
    "kpi_table",
    "quarantine",
    "report_data",
    "status",
    "write",
]
