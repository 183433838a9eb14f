"""Which questions there are: the periods of a shop, each beside the one before."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, get_args

from ecomdata.insights.finding import Question, Span
from ecomdata.warehouse import Connection

Period = Literal["week", "month", "quarter"]
PERIODS: tuple[Period, ...] = get_args(Period)

_MONTHS = {"month": 1, "quarter": 3}


def days_covered(connection: Connection) -> Span | None:
    """Return the first and the last day with sales; None: there is none."""
    [days] = connection.query(
        "select min(sales_date), max(sales_date) from final.final_sales_report"
    ).rows
    return None if days[0] is None else Span(*days)


def questions(data: Span, period: Period) -> list[Question]:
    """Return a question for each whole period that has a whole one before it, the latest last.

    Each has the days up to the end of its period to look at.
    """
    whole = [span for span in _periods(data, period) if _within(span, data)]
    return [
        Question(current, before, _year_ago(current, data, period), Span(data.start, current.end))
        for before, current in zip(whole, whole[1:], strict=False)
    ]


def earlier(span: Span, period: Period, count: int) -> Span:
    """Return the period that is so many before this one."""
    if period == "week":
        return Span(span.start - timedelta(7 * count), span.end - timedelta(7 * count))
    months = _MONTHS[period] * count
    return Span(_add_months(span.start, -months), _add_months(span.end + _DAY, -months) - _DAY)


def period_of(span: Span) -> Period:
    """Return what sort of period it is."""
    days = (span.end - span.start).days + 1
    return "week" if days == 7 else "month" if days <= 31 else "quarter"


_DAY = timedelta(1)


def _periods(data: Span, period: Period) -> Iterator[Span]:
    start = data.start.replace(day=1)
    if period == "week":
        start = data.start - timedelta(data.start.weekday())
    elif period == "quarter":
        start = _add_months(start, -((start.month - 1) % 3))
    while start <= data.end:
        after = start + timedelta(7) if period == "week" else _add_months(start, _MONTHS[period])
        yield Span(start, after - _DAY)
        start = after


def _year_ago(span: Span, data: Span, period: Period) -> Span | None:
    ago = earlier(span, period, {"week": 52, "month": 12, "quarter": 4}[period])
    return ago if _within(ago, data) else None


def _within(span: Span, data: Span) -> bool:
    return data.start <= span.start and span.end <= data.end


def _add_months(day: date, months: int) -> date:
    """Move the first of a month."""
    month = day.year * 12 + day.month - 1 + months
    return day.replace(year=month // 12, month=month % 12 + 1)
