"""Whatever a shop has of sales, everything that reads them has an answer."""

import json
from collections.abc import Callable

import pytest
from benches import Bench
from hypothesis import given
from hypothesis import settings as examples
from random_shops import EXAMPLES, LENIENT, Drawn, shops

from ecomdata.insights import PERIODS, find_insights, forecast_next
from ecomdata.report import report_data
from ecomdata.report.kpis import coverage

pytest_plugins = ["engine_fixtures", "bench_fixtures"]

pytestmark = pytest.mark.xdist_group("models")


@examples(LENIENT, max_examples=max(EXAMPLES // 10, 1))
@given(drawn=shops())
def test_insights_forecast_and_report_have_an_answer_for_any_shop(
    benches: Callable[[str], Bench], drawn: Drawn
) -> None:
    bench = benches("duckdb")
    bench.build(drawn)
    for period in PERIODS:
        insights = find_insights(bench.connection, period)
        assert insights.ranked or insights.silences or insights.tests
    if coverage(bench.connection, None, None) is None:
        return
    forecast = forecast_next(bench.connection).document()
    data = report_data(bench.connection, "duckdb", forecast=forecast)
    json.dumps(data, allow_nan=False)
    # The days of these shops lie within the last two years, which are drawn day by day.
    assert sum(data["days"]["net_sales"]) == 100 * sum(each.money for each in drawn.amounts())
