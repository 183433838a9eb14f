"""Which questions a shop's days allow."""

from datetime import date

from ecomdata.insights.asking import earlier, period_of, questions
from ecomdata.insights.finding import Question, Span


def _span(start: str, end: str) -> Span:
    return Span(date.fromisoformat(start), date.fromisoformat(end))


def test_only_whole_months_are_asked_about_each_beside_the_one_before() -> None:
    asked = questions(_span("2024-01-01", "2024-04-29"), "month")
    assert asked == [
        Question(
            _span("2024-02-01", "2024-02-29"),
            _span("2024-01-01", "2024-01-31"),
            None,
            _span("2024-01-01", "2024-02-29"),
        ),
        Question(
            _span("2024-03-01", "2024-03-31"),
            _span("2024-02-01", "2024-02-29"),
            None,
            _span("2024-01-01", "2024-03-31"),
        ),
    ]


def test_a_month_that_began_before_the_data_is_not_whole() -> None:
    assert questions(_span("2024-01-02", "2024-02-29"), "month") == []


def test_a_year_ago_is_the_same_month_or_quarter_and_52_weeks() -> None:
    data = _span("2023-01-01", "2024-12-31")
    assert questions(data, "month")[-1].year_ago == _span("2023-12-01", "2023-12-31")
    assert questions(data, "quarter")[-1].year_ago == _span("2023-10-01", "2023-12-31")
    week = questions(data, "week")[-1]
    assert week.current == _span("2024-12-23", "2024-12-29")
    assert week.year_ago == _span("2023-12-25", "2023-12-31")


def test_earlier_months_end_on_their_own_last_days() -> None:
    march = _span("2024-03-01", "2024-03-31")
    assert earlier(march, "month", 1) == _span("2024-02-01", "2024-02-29")
    assert earlier(march, "month", 13) == _span("2023-02-01", "2023-02-28")
    assert earlier(_span("2024-01-01", "2024-03-31"), "quarter", 1) == _span(
        "2023-10-01", "2023-12-31"
    )


def test_a_period_is_known_by_its_length() -> None:
    for period in ("week", "month", "quarter"):
        for question in questions(_span("2023-01-01", "2024-12-31"), period):
            assert period_of(question.current) == period
