"""Which findings tell the same story, and what a row says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import cast

import pytest
import yaml

from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.findings import COLUMNS, Ranked, answer, same_story
from ecomdata.insights.score import Planted, Score, meets_event
from ecomdata.warehouse import Connection, Table

JUNE = Span(date(2025, 6, 1), date(2025, 6, 30))
MAY = Span(date(2025, 5, 1), date(2025, 5, 31))
QUESTION = Question(JUNE, MAY, None, Span(date(2024, 1, 1), JUNE.end))
CATEGORIES = {"P1": "Tea", "P2": "Cups"}


def _finding(
    kind: str = "contribution", span: Span = JUNE, effect: int = -100, **segment: str
) -> Finding:
    money = Decimal(effect)
    return Finding(
        "sales", kind, span, segment, "It fell.", {}, money, money - 10, money + 10, 0.001, "", ""
    )


#: Not of a month: there is no bridge to read.
WEEK = Question(
    Span(date(2025, 5, 26), date(2025, 6, 1)),
    Span(date(2025, 5, 19), date(2025, 5, 25)),
    None,
    Span(date(2024, 1, 1), date(2025, 6, 1)),
)


class _Categories:
    """A warehouse that knows no category."""

    def query(self, sql: str, values: object = ()) -> Table:
        return Table(("category",), ((None,),))


def _days(first: int, last: int) -> Span:
    return Span(date(2025, 6, first), date(2025, 6, last))


def test_a_search_has_a_share_as_the_root_of_what_it_tests() -> None:
    few = Searched((replace(_finding(country="Chile"), p_value=0.004),), 1)
    many = Searched((replace(_finding(country="Peru"), p_value=0.001),), 100)
    told = answer(cast(Connection, None), WEEK, searches=((lambda *_: few, lambda *_: many),))
    # Shares of 1/11 and 10/11: 0.004 x 1 x 11 = 0.044, and 0.001 x 100 x 1.1 = 0.11, of two 0.055.
    assert {each.finding.segment["country"]: each.q_value for each in told.ranked} == {
        "Chile": pytest.approx(0.044),
        "Peru": pytest.approx(0.055),
    }
    assert told.tests == 101


def test_what_surely_stands_makes_no_room_for_chance_in_what_happened() -> None:
    happened = Searched((replace(_finding(country="Chile"), p_value=0.14),), 1)
    pairs = tuple(
        replace(_finding("product_pair", product_id=product), p_value=1e-9) for product in "ABC"
    )
    stands = Searched(pairs, 3)
    searches = (lambda *_: happened,), (lambda *_: stands,)
    warehouse = cast(Connection, _Categories())
    told = answer(warehouse, WEEK, searches=searches)
    assert [each.finding.kind for each in told.ranked] == ["product_pair"] * 3
    together = answer(warehouse, WEEK, searches=((*searches[0], *searches[1]),))
    assert len(together.ranked) == 4  # of four told one may be as likely


def test_whose_orders_fail_to_come_is_told_before_that_they_do() -> None:
    outage = replace(_finding("country_outage", effect=-900, country="Chile"), p_value=1e-9)
    lost = replace(_finding("lost_segment", country="Chile"), p_value=1e-6)
    searched = Searched((outage, lost), 2)
    told = answer(cast(Connection, None), WEEK, searches=((lambda *_: searched,),))
    assert [each.finding.kind for each in told.ranked] == ["lost_segment"]


def test_what_was_told_of_the_week_before_is_told_as_standing_and_not_again() -> None:
    first_days = {"Chile": date(2025, 5, 23), "Peru": date(2025, 5, 23), "Cuba": date(2025, 5, 27)}

    def lost(connection: Connection, question: Question) -> Searched:
        return Searched(
            tuple(
                replace(
                    _finding("lost_segment", Span(first, question.current.end), country=name),
                    p_value=1e-6,
                )
                for name, first in first_days.items()
                if question is WEEK or name == "Chile"
            ),
            3,
        )

    told = answer(cast(Connection, None), WEEK, searches=((lost,),))
    # Peru's began before, too, but only now is it sure; Cuba's began now.
    assert [each.finding.segment["country"] for each in told.ranked] == ["Peru", "Cuba"]
    assert [each.rank for each in told.ranked] == [1, 2]
    assert [finding.segment["country"] for finding in told.still] == ["Chile"]


def test_a_part_and_its_whole_are_one_story() -> None:
    whole, part = _finding(country="Chile"), _finding(country="Chile", customer_type="new")
    assert same_story(part, whole, CATEGORIES) and same_story(whole, part, CATEGORIES)
    assert not same_story(whole, _finding(country="Peru"), CATEGORIES)
    assert not same_story(whole, _finding(category="Tea"), CATEGORIES)


def test_two_parts_of_one_whole_are_two_stories() -> None:
    tea, cups = (_finding(country="Chile", category=name) for name in ("Tea", "Cups"))
    assert not same_story(tea, cups, CATEGORIES)


def test_what_is_bought_together_or_comes_back_is_no_event_of_these_products() -> None:
    pair = _finding("product_pair", product_id="P1", with_product_id="P2")
    returns = _finding("return_prone_product", product_id="P1")
    stock_out = _finding("stock_out", product_id="P1")
    assert not same_story(pair, stock_out, CATEGORIES)
    assert not same_story(stock_out, returns, CATEGORIES)
    assert same_story(stock_out, _finding("price_rise", product_id="P1"), CATEGORIES)
    assert same_story(pair, pair, CATEGORIES)


def test_a_product_is_a_part_of_its_category() -> None:
    assert same_story(_finding(product_id="P1"), _finding(category="Tea"), CATEGORIES)
    assert not same_story(_finding(product_id="P2"), _finding(category="Tea"), CATEGORIES)


def test_a_rise_and_a_fall_are_two_stories() -> None:
    assert not same_story(
        _finding(country="Chile"), _finding(country="Chile", effect=100), CATEGORIES
    )


def test_other_days_are_another_story() -> None:
    early = _finding("country_outage", _days(1, 7), country="Chile")
    assert not same_story(early, _finding("country_outage", _days(8, 9), country="Chile"), {})
    assert same_story(early, _finding(country="Chile"), {})


def test_a_day_of_the_whole_shop_is_not_the_story_of_a_segments_month() -> None:
    day = _finding("anomalous_day", _days(3, 3))
    assert not same_story(day, _finding(country="Chile"), {})
    assert same_story(day, _finding("country_outage", _days(3, 4), country="Chile"), {})
    assert same_story(day, _finding("duplicated_load", _days(3, 3)), {})


def test_the_bridge_is_a_story_of_its_own() -> None:
    assert not same_story(_finding("bridge"), _finding(country="Chile"), {})
    assert not same_story(_finding("bridge"), _finding("duplicated_load", _days(3, 3)), {})


def test_an_id_is_of_what_is_found_and_not_of_its_rank() -> None:
    finding = _finding(country="Chile")
    row = Ranked(finding, 0.0123456789, 1).as_row()
    assert row["id"] == Ranked(finding, 0.02, 7).as_row()["id"]
    assert row["id"] != Ranked(_finding(country="Peru"), 0.02, 7).as_row()["id"]
    assert (row["period"], row["segment"]) == ("2025-06-01/2025-06-30", '{"country": "Chile"}')
    assert row["q_value"] == 0.0123457


def _event(kind: str, first: str, last: str, **segment: str) -> Planted:
    return Planted(
        "E1", kind, date.fromisoformat(first), date.fromisoformat(last), segment, Decimal(-9), 0.5,
        0.1,
    )  # fmt: skip


def test_a_finding_meets_an_event_of_its_segment_on_its_days() -> None:
    outage = _event("country_outage", "2025-06-03", "2025-06-09", country="Chile")
    own = _finding("country_outage", _days(4, 8), country="Chile")
    assert meets_event(own, QUESTION, outage, {})
    assert meets_event(_finding(country="Chile"), QUESTION, outage, {})
    assert not meets_event(_finding(country="Peru"), QUESTION, outage, {})
    assert not meets_event(_finding(category="Tea"), QUESTION, outage, {})
    late = _finding("country_outage", _days(10, 12), country="Chile")
    assert not meets_event(late, QUESTION, outage, {})


def test_a_change_is_met_by_what_happened_in_the_period_before() -> None:
    outage = _event("country_outage", "2025-05-03", "2025-05-09", country="Chile")
    assert meets_event(_finding(country="Chile", effect=100), QUESTION, outage, {})
    assert not meets_event(_finding("country_outage", country="Chile"), QUESTION, outage, {})


def test_a_product_meets_an_event_of_its_category() -> None:
    leak = _event("coupon_leak", "2025-06-03", "2025-06-20", category="Tea")
    assert meets_event(_finding(product_id="P1"), QUESTION, leak, CATEGORIES)
    assert not meets_event(_finding(product_id="P2"), QUESTION, leak, CATEGORIES)


def test_an_event_of_all_is_met_by_what_is_about_all() -> None:
    copies = _event("duplicated_load", "2025-06-03", "2025-06-03")
    assert meets_event(_finding("duplicated_load", _days(3, 3)), QUESTION, copies, {})
    assert meets_event(_finding("anomalous_day", _days(3, 3)), QUESTION, copies, {})
    assert not meets_event(_finding(country="Chile"), QUESTION, copies, {})


def test_an_event_that_lasts_is_news_for_three_months() -> None:
    lost = _event(
        "lost_segment", "2025-04-10", "2025-12-31", country="Chile", signed_up_before="2025-04-10"
    )
    assert meets_event(_finding(country="Chile"), QUESTION, lost, {})
    old = replace(lost, first=date(2025, 1, 10))
    assert not meets_event(_finding(country="Chile"), QUESTION, old, {})


def test_scores_of_shops_add_up() -> None:
    found = _event("country_outage", "2025-06-03", "2025-06-09", country="Chile")
    small = replace(found, id="E2", effect_share=0.1)
    one = Score([(found, "country_outage"), (small, None)], [("country_outage", True)], [0.0, 0.0])
    one.add(Score([], [("contribution", False)], [1.0, 0.0], standing=2, unmet=["It rose."]))
    record = one.as_record()
    assert (record["recall"], record["precision"], record["false_discovery_rate"]) == (
        0.5,
        0.5,
        0.25,
    )
    assert record["by_effect"] == {
        "large": {"events": 1, "recall": 1.0},
        "small": {"events": 1, "recall": 0.0},
    }
    assert record["findings_by_kind"]["contribution"] == {"findings": 1, "precision": 0.0}
    assert Score().as_record()["recall"] is None


def test_the_table_is_declared_to_dbt_with_the_columns_that_are_written() -> None:
    models = files("ecomdata.transform") / "project" / "models" / "final"
    declared = yaml.safe_load((models / "final_insights.yml").read_text(encoding="utf-8"))
    (table,) = declared["sources"][0]["tables"]
    assert tuple((one["name"], one["data_type"]) for one in table["columns"]) == COLUMNS
