"""Each way in which a chart can be wrong, by answers such as Superset gives."""

from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from ecomdata.dashboards import ChartState, Superset, check_charts, check_figures
from ecomdata.dashboards.assets import DASHBOARDS, MAY_BE_EMPTY
from ecomdata.dashboards.superset import Answer

KPIS: dict[str, Decimal | int | None] = {
    "net_sales": Decimal("10.00"),
    "orders": 2,
    "customers": None,
}
SALES, *OTHERS = DASHBOARDS


class Server:
    """A Superset with one chart on its first dashboard."""

    def __init__(self, form: dict[str, Any], status: int, document: Any) -> None:
        self.form, self.answer = {"datasource": "3__table"} | form, Answer(status, document)
        self.asked: list[Any] = []

    def get(self, path: str) -> Any:
        chart = {"id": 7, "slice_name": "A chart", "form_data": self.form}
        return {"result": [chart] if SALES in path else []}

    def ask(self, method: str, path: str, document: Any = None) -> Answer:
        self.asked.append((method, path, document))
        return self.answer


def rows(*found: dict[str, Any]) -> dict[str, Any]:
    return {"result": [{"data": list(found), "error": None}]}


def tile(metric: str) -> dict[str, Any]:
    return {"viz_type": "big_number_total", "metric": metric}


TABLE = {"viz_type": "table"}
BROKEN = {"errors": [{"message": "column x does not exist", "extra": {"issue_codes": []}}]}


@pytest.mark.parametrize(
    ("form", "status", "document", "state", "said"),
    [
        (TABLE, 200, rows({"a": 1}, {"a": 2}), "ok", ""),
        (tile("net_sales"), 200, rows({"net_sales": Decimal("10.0")}), "ok", "10.00"),
        (tile("orders"), 200, rows({"orders": 2}), "ok", "2"),
        (tile("customers"), 200, rows({"customers": None}), "ok", "None"),
        (tile("products"), 200, rows({"products": 9}), "ok", ""),
        (
            tile("net_sales"), 200, rows({"net_sales": Decimal("10.01")}), "failed",
            "net_sales is 10.01; ecomdata kpis says 10.00",
        ),
        (
            tile("customers"), 200, rows({"customers": 0}), "failed",
            "customers is 0; ecomdata kpis says None",
        ),
        (
            tile("orders"), 200, rows({"orders": None}), "failed",
            "orders is None; ecomdata kpis says 2",
        ),
        (tile("net_sales"), 200, rows({"orders": 2}), "failed",
         "net_sales is not in its data: orders"),
        (TABLE, 200, rows(), "failed", "no rows"),
        (TABLE | {MAY_BE_EMPTY: "always"}, 200, rows(), "empty", "no rows"),
        (TABLE | {MAY_BE_EMPTY: "customers"}, 200, rows(), "empty", "no rows"),
        (TABLE | {MAY_BE_EMPTY: "orders"}, 200, rows(), "failed", "no rows"),
        (TABLE, 200, {"result": [{"data": [], "error": "no such table"}]}, "failed",
         "no such table"),
        (TABLE, 400, BROKEN, "failed", "400 column x does not exist"),
        (TABLE, 500, "<html>", "failed", "500 <html>"),
    ],
)  # fmt: skip
def test_a_chart_is_what_its_answer_says(
    form: dict[str, Any], status: int, document: Any, state: str, said: str
) -> None:
    server = Server(form, status, document)
    found = check_charts(cast(Superset, server), KPIS)[0]
    assert (found.dashboard, found.chart, found.state, found.said) == (
        SALES,
        "A chart",
        state,
        said,
    )


def test_a_chart_of_the_assets_that_is_on_no_dashboard_has_failed() -> None:
    found = check_charts(cast(Superset, Server(TABLE, 200, rows({"a": 1}))), KPIS)
    missing = [each for each in found if each.said.endswith("push again")]
    assert len(missing) == len(found) - 1 == 34
    assert ChartState(SALES, "Orders", "failed", 0, missing[0].said) in missing
    assert {each.dashboard for each in missing} == set(DASHBOARDS)


def test_figures_are_asked_for_with_both_ends_of_the_days() -> None:
    server = Server(tile("net_sales"), 200, rows({"net_sales": Decimal("10.00")}))
    days = date(2025, 1, 1), date(2025, 12, 31)
    [found] = check_figures(cast(Superset, server), KPIS, *days)
    assert (found.chart, found.state) == ("A chart, 2025-01-01 to 2025-12-31", "ok")
    [(method, path, asked)] = server.asked
    assert (method, path) == ("POST", "/api/v1/chart/data")
    [query] = asked["queries"]
    assert asked["datasource"] == {"id": 3, "type": "table"}
    assert query["filters"] == [
        {"col": "sales_date", "op": "TEMPORAL_RANGE", "val": "2025-01-01 : 2026-01-01"}
    ]
