"""What is found in a shop with planted causes, and in the same one without them."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import compiled
import pytest
from servers import ENGINES, History, NewPipeline
from shops import first_build

from ecomdata.errors import DataError, UsageError
from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.events.event import Event
from ecomdata.ingest import LoadPlan
from ecomdata.insights import STANDING, anomalies
from ecomdata.insights.asking import days_covered, questions
from ecomdata.insights.customers import cohorts, lost
from ecomdata.insights.drivers import leaks, outages
from ecomdata.insights.finding import Finding
from ecomdata.insights.findings import COLUMNS, MOST_FINDINGS, Insights
from ecomdata.insights.products import prices, returned, runs
from ecomdata.insights.searches import SEARCHES
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

EVENTS = (
    Event("stock_out", date(2024, 11, 3), date(2024, 11, 24), {"product_id": "P00121"}),
    Event("viral_product", date(2024, 11, 10), date(2024, 11, 24), {"product_id": "P00024"}, 0.15),
    Event("price_rise", date(2024, 10, 20), date(2024, 11, 30), {"product_id": "P00203"}, 0.5),
    Event("country_outage", date(2024, 11, 4), date(2024, 11, 17), {"country": "United States"}),
    Event("coupon_leak", date(2024, 11, 6), date(2024, 11, 24), {"category": "Garden"}, 0.5),
    Event("duplicated_load", date(2024, 11, 20), date(2024, 11, 20)),
    Event("category_launch", date(2024, 11, 2), None, {"category": "Books"}),
    Event(
        "lost_segment",
        date(2024, 11, 1),
        None,
        {"country": "United Kingdom", "signed_up_before": "2024-11-01"},
    ),
)
#: Kinds whose evidence is in the schema `final`.
READERS = {"anomalous_day", "bridge", "country_outage", "forecast"}
PLAN = ShopPlan(
    orders=12_000, products=300, seed=11, start=date(2024, 1, 1), end=date(2024, 11, 30)
)

Shops = Callable[[str, bool], Pipeline]


@pytest.fixture(scope="module")
def shops(
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Shops:
    """A pipeline over the shop with or without the events, the models built without dbt."""
    made: dict[tuple[str, bool], Pipeline] = {}

    def of(engine: str, planted: bool) -> Pipeline:
        if (engine, planted) not in made:
            history(engine)
            models = compiled.read(first_build(shops_pipeline(engine)))
            pipeline = new_pipeline(engine, tmp_path_factory.mktemp(f"{engine} {planted}"))
            folder = pipeline.settings.project / "shop"
            plan = ShopPlan(**vars(PLAN) | {"events": EVENTS if planted else 0})
            generate_shop(plan, folder)
            pipeline.settings.cache.mkdir()
            pipeline.load([folder], LoadPlan(pipeline.settings.cache, Decimal("0.05")))
            with open_warehouse(pipeline.settings).connect() as connection:
                for table, sql in models.models:
                    connection.execute(f"create table {table} as {sql}")
            made[engine, planted] = pipeline
        return made[engine, planted]

    return of


@pytest.fixture(params=ENGINES)
def found(request: pytest.FixtureRequest, shops: Shops) -> Iterator[tuple[Pipeline, Insights]]:
    """What is found in the planted shop's last month, on each engine."""
    pipeline = shops(request.param, True)
    yield pipeline, pipeline.insights("month", MOST_FINDINGS)


def _rows(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.query("select * from final.final_insights order by rank").dicts()


def test_every_planted_cause_is_told_once_with_its_days(
    found: tuple[Pipeline, Insights],
) -> None:
    _, insights = found
    told = {
        (each.finding.kind, *each.finding.segment.values()): each.finding.span
        for each in insights.ranked
    }
    launch = told["category_launch", "Books"]
    assert launch.start >= date(2024, 11, 2) and launch.end == date(2024, 11, 30)
    outage = told["country_outage", "United States"]
    assert abs((outage.start - date(2024, 11, 4)).days) <= 2
    assert abs((outage.end - date(2024, 11, 17)).days) <= 2
    leak = told["coupon_leak", "Garden"]
    assert abs((leak.start - date(2024, 11, 6)).days) <= 2
    assert abs((leak.end - date(2024, 11, 24)).days) <= 2
    copies = told["duplicated_load",]
    assert (copies.start, copies.end) == (date(2024, 11, 20), date(2024, 11, 20))
    stock_out = told["stock_out", "P00121"]
    assert abs((stock_out.start - date(2024, 11, 3)).days) <= 3
    assert abs((stock_out.end - date(2024, 11, 24)).days) <= 3
    viral = told["viral_product", "P00024"]
    assert abs((viral.start - date(2024, 11, 10)).days) <= 2
    assert abs((viral.end - date(2024, 11, 24)).days) <= 2
    rise = told["price_rise", "P00203"]
    # A price is known from the first day on which somebody pays it.
    assert 0 <= (rise.start - date(2024, 10, 20)).days <= 7 and rise.end == date(2024, 11, 30)
    of_britain = [key for key in told if "United Kingdom" in key]
    assert len(of_britain) == 1


def test_effects_are_near_the_answer_keys(found: tuple[Pipeline, Insights]) -> None:
    pipeline, insights = found
    text = (pipeline.settings.project / "shop/truth/events.jsonl").read_text()
    truth = {entry["kind"]: entry for entry in map(json.loads, text.splitlines())}
    effect = {each.finding.kind: each.finding.effect for each in insights.ranked}
    copies = Decimal(truth["duplicated_load"]["effect"])
    assert abs(effect["duplicated_load"] - copies) < Decimal("0.1") * copies
    leaked = Decimal(truth["coupon_leak"]["effect"])
    assert abs(effect["coupon_leak"] - leaked) < abs(Decimal("0.35") * leaked)
    for kind in ("stock_out", "viral_product", "price_rise"):
        planted = Decimal(truth[kind]["effect"])
        assert abs(effect[kind] - planted) < abs(Decimal("0.35") * planted)
    [outage] = [each.finding for each in insights.ranked if "United States" in str(each.finding)]
    assert outage.low <= Decimal(truth["country_outage"]["effect"]) <= outage.high


def test_evidence_gives_every_number_of_the_statement_and_the_effect(
    found: tuple[Pipeline, Insights],
) -> None:
    pipeline, insights = found
    assert len(insights.ranked) >= 8
    for each in insights.ranked:
        _check_evidence(pipeline, each.finding)


@pytest.mark.parametrize("engine", ENGINES)
def test_so_does_the_evidence_of_what_is_not_sure_enough(
    shops: Shops, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomalies, "NEIGHBOUR", 0.3)
    monkeypatch.setattr(cohorts, "FEWEST", 3)
    for search in (leaks, outages, lost, prices, returned, runs):
        monkeypatch.setattr(search, "CANDIDATE", 0.5)
    pipeline = shops(engine, True)
    with open_warehouse(pipeline.settings).connect(read_only=True) as connection:
        data = days_covered(connection)
        assert data
        question = questions(data, "month")[-1]
        searches = [search for part in SEARCHES for search in part]
        findings = [each for search in searches for each in search(connection, question).findings]
    for finding in findings:
        _check_evidence(pipeline, finding)
    kinds = {finding.kind for finding in findings}
    assert {
        "anomalous_day",
        "cohort",
        "country_outage",
        "forecast",
        "price_rise",
        "product_pair",
        "stock_out",
    } <= kinds


def _check_evidence(pipeline: Pipeline, finding: Finding) -> None:
    [evidence] = pipeline.query(finding.evidence_sql).dicts()
    assert evidence == dict(finding.numbers)
    assert evidence["effect"] == finding.effect
    assert finding.low <= finding.effect <= finding.high
    # A role that may read `final` alone can run what docs/insights.md says.
    reads_more = re.search(r"\b(intermediate|staging)\.", finding.evidence_sql)
    assert (reads_more is None) == (finding.kind in READERS)
    text = re.sub(r"\d{4}-\d\d-\d\d", "", finding.statement)
    names = [value for value in evidence.values() if isinstance(value, str)]
    for word in (*names, *finding.segment.values()):
        text = text.replace(word, "")
    numbers = [Decimal(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]
    assert numbers
    figures = [abs(value) for value in evidence.values() if isinstance(value, Decimal | int)]
    assert [number for number in numbers if number not in figures] == [], finding.statement


def test_the_table_has_a_row_for_each_finding_and_the_same_rows_the_next_time(
    found: tuple[Pipeline, Insights],
) -> None:
    pipeline, insights = found
    rows = _rows(pipeline)
    assert [tuple(row) for row in rows] == [tuple(name for name, _ in COLUMNS)] * len(rows)
    assert [row["statement"] for row in rows] == [
        each.finding.statement for each in insights.ranked
    ]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row["p_value"] <= row["q_value"] <= 0.1 for row in rows)
    pipeline.insights("month", MOST_FINDINGS)
    assert _rows(pipeline) == rows
    pipeline.insights("month", 2)
    assert _rows(pipeline) == rows[:2]


def test_the_engines_find_the_same(shops: Shops) -> None:
    tables = []
    for engine in ENGINES:
        pipeline = shops(engine, True)
        pipeline.insights("month", MOST_FINDINGS)
        tables.append(_rows(pipeline))
    assert tables[0] == tables[1]


def test_a_shop_with_nothing_planted_is_told_how_it_is_and_not_that_something_happened(
    shops: Shops,
) -> None:
    pipeline = shops("duckdb", False)
    found = pipeline.insights("month", MOST_FINDINGS)
    assert {each.finding.kind for each in found.ranked} <= STANDING
    assert found.tests > 50
    assert [row["kind"] for row in _rows(pipeline)] == [each.finding.kind for each in found.ranked]
    assert found.bridge is not None
    assert sum(amount or 0 for _, amount in found.bridge.components) == found.bridge.change
    assert [row["command"] for row in pipeline.status().runs][:1] == ["insights"]


def test_weeks_are_asked_about_too_and_quarters_are_refused_for_what_they_need(
    shops: Shops,
) -> None:
    pipeline = shops("duckdb", False)
    weeks = pipeline.insights("week", MOST_FINDINGS)
    assert weeks.question and (weeks.question.current.end.weekday(), weeks.bridge) == (6, None)
    quarters = pipeline.insights("quarter", MOST_FINDINGS)
    assert "what moved apart from the rest: needs 7 whole periods of sales, has 3" in (
        quarters.silences
    )


def test_the_score_knows_what_was_planted_and_what_was_not(shops: Shops) -> None:
    pipeline = shops("duckdb", True)
    truth = pipeline.settings.project / "shop/truth"
    record = pipeline.score_insights(truth, "month").as_record()
    assert record["recall"] == 1.0
    assert record["precision"] == 1.0
    assert record["false_discovery_rate"] == 0.0
    assert record["events"] == len(EVENTS)
    large = {each["kind"] for each in record["found"] if each["large"]}
    assert {"country_outage", "duplicated_load", "category_launch"} <= large
    # The same findings, asked against a shop in which nothing was planted, are all false.
    other = shops("duckdb", False).settings.project / "shop/truth"
    record = pipeline.score_insights(other, "month").as_record()
    assert (record["recall"], record["precision"]) == (None, 0.0)
    assert record["false_discovery_rate"] == 0.1  # one question in ten has findings


def test_a_score_without_an_answer_key_and_insights_without_a_build_are_refused(
    shops: Shops, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no answer key"):
        shops("duckdb", True).score_insights(tmp_path, "month")
    with pytest.raises(DataError, match="nothing is built yet"):
        new_pipeline("duckdb", tmp_path / "empty").insights("month", MOST_FINDINGS)
