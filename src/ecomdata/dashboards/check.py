"""Whether what the dashboards show is there, and is what the KPIs say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from ecomdata.dashboards.assets import DASHBOARDS, MAY_BE_EMPTY, documents
from ecomdata.dashboards.superset import Superset, described

#: Figures by the names of their KPIs; None is not in the data.
Figures = Mapping[str, Decimal | int | None]

_TILE: Final = "big_number_total"


@dataclass(frozen=True)
class ChartState:
    """What became of one chart, or of one figure of it.

    Args:
        rows: how many its data have.
        said: what is wrong, or the figure.
    """

    dashboard: str
    chart: str
    state: Literal["ok", "empty", "failed"]
    rows: int
    said: str = ""


def check_charts(superset: Superset, figures: Figures) -> list[ChartState]:
    """Ask for the data of every chart of the dashboards; figures that are KPIs have to be equal.

    Also charts that users have put there. A chart of the assets that is on none is a failure.

    `figures` are the KPIs over all days.
    """
    found: list[ChartState] = []
    for slug in DASHBOARDS:
        charts = superset.get(f"/api/v1/dashboard/{slug}/charts")["result"]
        found += [_checked(superset, slug, chart, figures) for chart in charts]
        there = {chart["slice_name"] for chart in charts}
        found += [
            ChartState(slug, name, "failed", 0, "it is not on the dashboard: push again")
            for name in _expected(slug)
            if name not in there
        ]
    return found


def check_figures(
    superset: Superset, figures: Figures, start: date, end: date
) -> Iterable[ChartState]:
    """Ask for the figures of the first dashboard as if these days were chosen there."""
    slug, *_ = DASHBOARDS
    days = f"{start} : {end + timedelta(days=1)}"  # the last day is not one of them, to Superset
    chosen = {"col": "sales_date", "op": "TEMPORAL_RANGE", "val": days}
    for chart in superset.get(f"/api/v1/dashboard/{slug}/charts")["result"]:
        form = chart["form_data"]
        if form["viz_type"] != _TILE or form["metric"] not in figures:
            continue
        dataset, _, kind = form["datasource"].partition("__")
        query = {"metrics": [form["metric"]], "columns": [], "filters": [chosen]}
        asked = {
            "datasource": {"id": int(dataset), "type": kind},
            "queries": [query],
            "result_format": "json",
            "result_type": "full",
            "force": True,
        }
        answer = superset.ask("POST", "/api/v1/chart/data", asked)
        name = f"{chart['slice_name']}, {start} to {end}"
        yield _judged(slug, name, form, answer, figures)


def _checked(superset: Superset, slug: str, chart: dict[str, Any], figures: Figures) -> ChartState:
    answer = superset.ask("GET", f"/api/v1/chart/{chart['id']}/data/?force=true")
    return _judged(slug, chart["slice_name"], chart["form_data"], answer, figures)


def _judged(
    slug: str, name: str, form: dict[str, Any], answer: Any, figures: Figures
) -> ChartState:
    if answer.status != 200:
        return ChartState(slug, name, "failed", 0, described(answer))
    [result] = answer.document["result"]
    if result.get("error"):
        return ChartState(slug, name, "failed", 0, str(result["error"]))
    rows = result["data"]
    if not rows:
        unless: str = form.get(MAY_BE_EMPTY, "")
        allowed = unless == "always" or (unless in figures and figures[unless] is None)
        return ChartState(slug, name, "empty" if allowed else "failed", 0, "no rows")
    metric: str = form.get("metric", "")
    if form["viz_type"] != _TILE or metric not in figures:
        return ChartState(slug, name, "ok", len(rows))
    if metric not in rows[0]:
        said = f"{metric} is not in its data: {', '.join(rows[0])}"
        return ChartState(slug, name, "failed", 1, said)
    shown, true = rows[0][metric], figures[metric]
    if _number(shown) == _number(true):
        return ChartState(slug, name, "ok", len(rows), str(true))
    return ChartState(slug, name, "failed", 1, f"{metric} is {shown}; ecomdata kpis says {true}")


def _number(value: Any) -> Decimal | None:
    """Return a figure as a number; Superset's JSON has counts with a point, too."""
    return None if value is None else Decimal(value)


def _expected(slug: str) -> list[str]:
    """Return the names of the charts that the assets put on a dashboard."""
    [position] = [each["position"] for _, each in documents() if each.get("slug") == slug]
    return [
        part["meta"]["sliceName"]
        for part in position.values()
        if isinstance(part, dict) and part["type"] == "CHART"
    ]
