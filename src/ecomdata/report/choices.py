"""The periods that a reader of the report can choose, and what each is compared with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from ecomdata.report.kpis import Coverage, Period, a_year_before

Kind = Literal["headline", "all", "year", "quarter", "month"]

#: Months that can be chosen, up to the last one of the data; what is older stands as one piece.
MONTHS: Final = 24

_MONTHS_OF: Final = {"year": 12, "quarter": 3, "month": 1}


@dataclass(frozen=True)
class Choice:
    """A period to choose.

    Args:
        is_complete: whether the data hold all of the month, quarter or year.
        previous: the same before it, cut to as many days where this one is not over yet.
        last_year: the same a year before.
    """

    kind: Kind
    period: Period
    is_complete: bool
    previous: Period | None
    last_year: Period | None


def choices(covered: Coverage) -> list[Choice]:
    """Return the headline's period, all days, and years, quarters and months, the last first."""
    everything = covered.all
    found = [Choice("headline", covered.period, True, covered.previous, covered.last_year)]
    if covered.period != everything:
        found.append(Choice("all", everything, True, None, None))
    for kind in ("year", "quarter", "month"):
        found += _calendar(kind, everything)
    return found


def window(covered: Coverage) -> date:
    """Return the first day of the months that can be chosen."""
    return max(covered.all.start, _shifted(covered.all.end, 1 - MONTHS))


def cuts(covered: Coverage, offered: list[Choice]) -> list[date]:
    """Return the days at which the data are cut, so that every period is a run of whole pieces.

    Shape: the first day of each piece, and behind them the day after the last.
    """
    last = covered.all.end + timedelta(days=1)
    found = {covered.all.start, last}
    month = window(covered)
    while month < last:
        found.add(month)
        month = _shifted(month, 1)
    for choice in offered:
        for period in (choice.period, choice.previous, choice.last_year):
            if period:
                found |= {period.start, period.end + timedelta(days=1)}
    return sorted(day for day in found if covered.all.start <= day <= last)


def _calendar(kind: Literal["year", "quarter", "month"], everything: Period) -> Iterator[Choice]:
    """Yield the years, quarters or months of the window."""
    months = _MONTHS_OF[kind]
    start = everything.end.replace(day=1, month=(everything.end.month - 1) // months * months + 1)
    for _ in range(MONTHS // months):
        following = _shifted(start, months)
        whole = Period(start, following - timedelta(days=1), "")
        if whole.end < everything.start:
            return
        shown = Period(max(start, everything.start), min(whole.end, everything.end), "")
        before = _shifted(start, -months)
        days = None if shown.end == whole.end else shown.days
        yield Choice(
            kind,
            shown,
            shown == whole,
            _compared(before, start, days, everything),
            _compared(a_year_before(start), a_year_before(following), days, everything),
        )
        start = before


def _compared(start: date, following: date, days: int | None, data: Period) -> Period | None:
    """Return the period from `start`, or its first days; None where it begins before the data."""
    if start < data.start:
        return None
    end = following - timedelta(days=1)
    return Period(start, min(end, start + timedelta(days=days - 1)) if days else end, "")


def _shifted(day: date, months: int) -> date:
    """Return the first day of the month so many months on."""
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    return date(year, month + 1, 1)
