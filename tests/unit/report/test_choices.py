"""The periods that can be chosen, what they are compared with, and where they cut the data."""

from datetime import date

from ledgers import ledger, sale

from ecomdata.report.choices import Choice, choices, cuts, window
from ecomdata.report.kpis import Coverage, Period, coverage


def covered(first: str, last: str) -> Coverage:
    days = (date.fromisoformat(first), date.fromisoformat(last))
    found = coverage(ledger([sale(day, "1.00", f"O{day}") for day in days]))
    assert found is not None
    return found


def spelled(period: Period | None) -> str | None:
    return f"{period.start}..{period.end}" if period else None


def offered(first: str, last: str) -> dict[str, tuple[Choice, str | None, str | None]]:
    return {
        f"{each.kind} {spelled(each.period)}": (
            each,
            spelled(each.previous),
            spelled(each.last_year),
        )
        for each in choices(covered(first, last))
    }


def test_the_headline_comes_first_then_all_days_then_the_calendar_from_its_last() -> None:
    assert list(offered("2024-11-15", "2025-02-10")) == [
        "headline 2025-01-12..2025-02-10",
        "all 2024-11-15..2025-02-10",
        "year 2025-01-01..2025-02-10",
        "year 2024-11-15..2024-12-31",
        "quarter 2025-01-01..2025-02-10",
        "quarter 2024-11-15..2024-12-31",
        "month 2025-02-01..2025-02-10",
        "month 2025-01-01..2025-01-31",
        "month 2024-12-01..2024-12-31",
        "month 2024-11-15..2024-11-30",
    ]


def test_a_period_that_is_not_over_is_incomplete_and_compared_with_as_many_days() -> None:
    found = offered("2024-01-01", "2025-02-10")
    month, before, last_year = found["month 2025-02-01..2025-02-10"]
    assert not month.is_complete
    assert (before, last_year) == ("2025-01-01..2025-01-10", "2024-02-01..2024-02-10")
    year, before, last_year = found["year 2025-01-01..2025-02-10"]
    assert not year.is_complete
    assert before == last_year == "2024-01-01..2024-02-10"


def test_whole_periods_are_compared_with_whole_ones_however_long_these_are() -> None:
    found = offered("2024-01-01", "2025-02-28")
    february, before, last_year = found["month 2025-02-01..2025-02-28"]
    assert february.is_complete
    assert (before, last_year) == ("2025-01-01..2025-01-31", "2024-02-01..2024-02-29")


def test_what_begins_before_the_data_is_no_comparison() -> None:
    found = offered("2024-11-15", "2025-02-10")
    first, *compared = found["month 2024-11-15..2024-11-30"]
    assert not first.is_complete and compared == [None, None]
    assert found["month 2024-12-01..2024-12-31"][1:] == (None, None)
    assert found["month 2025-01-01..2025-01-31"][1:] == ("2024-12-01..2024-12-31", None)


def test_two_years_of_months_can_be_chosen_and_what_is_older_is_one_piece() -> None:
    ten_years = covered("2015-01-01", "2025-02-10")
    found = choices(ten_years)
    assert [each.kind for each in found].count("month") == 24
    assert window(ten_years) == date(2023, 3, 1)
    at = cuts(ten_years, found)
    assert at[0] == date(2015, 1, 1) and at[-1] == date(2025, 2, 11)
    assert len(at) < 48


def test_every_period_is_a_run_of_whole_pieces() -> None:
    data = covered("2024-01-10", "2025-02-10")
    found = choices(data)
    at = set(cuts(data, found))
    for choice in found:
        for period in (choice.period, choice.previous, choice.last_year):
            if period:
                assert {period.start, date.fromordinal(period.end.toordinal() + 1)} <= at
