"""Periods, changes and the headline as JSON has it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from ledgers import ledger, sale

from ecomdata.errors import UsageError
from ecomdata.report.kpis import KPIS, Coverage, Figure, Period, coverage, headline

FIRST = date(2024, 1, 1)


def days(start: str, end: str, label: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end), label)


def covered(last: date, start: date | None = None, end: date | None = None) -> Coverage:
    found = coverage(ledger([sale(FIRST, "1.00"), sale(last, "1.00")]), start, end)
    assert found is not None
    return found


def test_a_period_has_both_its_ends() -> None:
    leap = days("2024-02-28", "2024-03-01", "a leap year's")
    assert leap.days == 3
    assert days("2024-02-29", "2024-02-29", "").days == 1
    assert leap.document() == {
        "label": "a leap year's",
        "start": "2024-02-28",
        "end": "2024-03-01",
    }


def test_an_empty_ledger_covers_nothing() -> None:
    assert coverage(ledger([])) is None


@pytest.mark.parametrize(
    ("held", "period"),
    [(14, 7), (59, 7), (60, 30), (179, 30), (180, 90), (729, 90), (730, 365), (5000, 365)],
)
def test_the_period_is_the_longest_that_the_data_hold_twice(held: int, period: int) -> None:
    last = FIRST + timedelta(days=held - 1)
    found = covered(last)
    start = last - timedelta(days=period - 1)
    before = start - timedelta(days=1)
    assert found == Coverage(
        Period(FIRST, last, "all days"),
        Period(start, last, f"last {period} days"),
        Period(before - timedelta(days=period - 1), before, f"the {period} days before"),
        found.last_year,
    )


@pytest.mark.parametrize("held", [1, 7, 13])
def test_less_than_two_weeks_are_one_period_without_one_before(held: int) -> None:
    everything = Period(FIRST, FIRST + timedelta(days=held - 1), "all days")
    assert covered(everything.end) == Coverage(everything, everything, None, None)


@pytest.mark.parametrize(
    ("start", "end", "period", "previous"),
    [
        (
            *("2024-02-10", "2024-02-19"),
            *(("2024-02-10", "2024-02-19"), ("2024-01-31", "2024-02-09")),
        ),
        ("2024-01-11", "2024-01-20", ("2024-01-11", "2024-01-20"), ("2024-01-01", "2024-01-10")),
        ("2024-01-10", "2024-01-20", ("2024-01-10", "2024-01-20"), None),
        ("2024-03-01", None, ("2024-03-01", "2024-03-31"), ("2024-01-30", "2024-02-29")),
        (None, "2024-01-05", ("2024-01-01", "2024-01-05"), None),
    ],
)
def test_days_that_are_asked_for_are_compared_with_as_many_before_if_the_data_hold_them(
    start: str | None,
    end: str | None,
    period: tuple[str, str],
    previous: tuple[str, str] | None,
) -> None:
    found = covered(
        date(2024, 3, 31),
        date.fromisoformat(start) if start else None,
        date.fromisoformat(end) if end else None,
    )
    assert found.period == days(*period, f"{period[0]} to {period[1]}")
    assert found.previous == (
        days(*previous, f"the {found.period.days} days before") if previous else None
    )


def test_a_start_behind_the_end_is_refused() -> None:
    with pytest.raises(UsageError, match="^--from 2024-03-02 lies behind --to 2024-03-01$"):
        covered(FIRST, date(2024, 3, 2), date(2024, 3, 1))


@pytest.mark.parametrize(
    ("value", "previous", "change"),
    [
        (Decimal("110.00"), Decimal("100.00"), "0.100000"),
        (Decimal("90.00"), Decimal("100.00"), "-0.100000"),
        (1, 3, "-0.666667"),
        (2, 3, "-0.333333"),
        (0, 5, "-1.000000"),
        (Decimal("-150.00"), Decimal("-100.00"), "-0.500000"),
        (Decimal("50.00"), Decimal("-100.00"), "1.500000"),
        (5, 0, None),
        (5, None, None),
        (None, 5, None),
        (Decimal("1.00"), Decimal("0.00"), None),
    ],
)
def test_the_change_is_relative_to_the_size_of_what_was_before(
    value: Decimal | int | None, previous: Decimal | int | None, change: str | None
) -> None:
    found = Figure(KPIS[0], value, previous, None, None).change(previous)
    assert found == (None if change is None else Decimal(change))


@pytest.mark.parametrize(
    ("value", "before", "change"),
    [("0.228000", "0.000700", "0.227300"), ("0.10", "0.30", "-0.20"), ("0.5", "0", "0.5")],
)
def test_the_change_of_a_rate_is_the_difference(value: str, before: str, change: str) -> None:
    [rate] = [kpi for kpi in KPIS if kpi.name == "returning_customer_rate"]
    figure = Figure(rate, Decimal(value), Decimal(before), None, None)
    assert figure.change(figure.previous) == Decimal(change)
    assert figure.change(None) is None


def test_last_year_has_the_same_days_of_the_year_and_the_28th_for_the_29th_of_february() -> None:
    last = date(2024, 2, 29)
    found = coverage(ledger([sale(date(2023, 2, 1), "1.00"), sale(last, "1.00")]), last, last)
    assert found is not None
    assert found.last_year == days("2023-02-28", "2023-02-28", "a year before")


def test_a_figure_as_json_has_its_numbers_as_text() -> None:
    assert Figure(KPIS[5], 3, 2, 4, Decimal("7")).document() == {
        "id": "orders",
        "label": "Orders",
        "unit": "count",
        "better": "up",
        "definition": "Orders with at least one line sold and not wholly cancelled.",
        "change": "0.500000",
        "change_last_year": "-0.250000",
        "reason": "",
        "value": "3",
        "previous": "2",
        "last_year": "4",
        "all": "7",
    }


def test_the_headline_has_every_figure_of_the_period_of_before_and_of_all_days() -> None:
    entries = [
        sale(date(2024, 1, 1), "5.00", "O1"),
        sale(date(2024, 1, 3), "10.00", "O2", 2),
        sale(date(2024, 1, 5), "12.00", "O3", 3),
        sale(date(2024, 1, 6), "13.01", "O4", 1),
    ]
    connection = ledger(entries, absent=["returns", "returned_units", "costs"])
    period = coverage(connection, date(2024, 1, 5), date(2024, 1, 6))
    assert period is not None
    found = headline(connection, "duckdb", period)
    assert found["period"] == {
        "label": "2024-01-05 to 2024-01-06",
        "start": "2024-01-05",
        "end": "2024-01-06",
    }
    assert found["previous"] == {
        "label": "the 2 days before",
        "start": "2024-01-03",
        "end": "2024-01-04",
    }
    kpis = {kpi["id"]: kpi for kpi in found["kpis"]}
    assert list(kpis) == [kpi.name for kpi in KPIS]

    def numbers(name: str) -> tuple[str | None, ...]:
        return tuple(kpis[name][of] for of in ("value", "previous", "all", "change"))

    assert numbers("net_sales") == ("25.01", "10.00", "40.01", "1.501000")
    assert numbers("orders") == ("2", "1", "4", "1.000000")
    assert numbers("average_order_value") == ("12.51", "10.00", "10.00", "0.251000")
    assert numbers("units") == ("4", "2", "7", "1.000000")
    assert numbers("repeat_purchase_rate") == ("1.000000", "0.000000", "1.000000", "1.000000")
    assert numbers("returning_customer_rate") == ("0.000000", "0.000000", "0.000000", "0.000000")
    for absent, need in {
        "returns": "returns",
        "return_rate": "returned_units",
        "gross_margin": "costs",
        "margin_rate": "costs",
    }.items():
        assert numbers(absent) == (None, None, None, None)
        assert kpis[absent]["reason"] == f"no {need} here"
    assert {kpis[name]["reason"] for name in ("net_sales", "discounts", "customers")} == {""}


def test_a_margin_that_is_unknown_for_one_product_says_so() -> None:
    entries = [sale(FIRST, "5.00"), replace(sale(FIRST, "4.00", "O2"), cost_amount=None)]
    connection = ledger(entries)
    period = coverage(connection)
    assert period is not None
    kpis = {kpi["id"]: kpi for kpi in headline(connection, "duckdb", period)["kpis"]}
    assert kpis["net_sales"]["all"] == "9.00"
    assert kpis["gross_margin"]["all"] is None
    assert kpis["gross_margin"]["reason"] == "the cost of some of what was sold is not known"


def test_without_days_before_nothing_is_compared() -> None:
    connection = ledger([sale(FIRST, "5.00")])
    period = coverage(connection)
    assert period is not None
    found = headline(connection, "duckdb", period)
    assert found["previous"] is None
    assert {(kpi["previous"], kpi["change"]) for kpi in found["kpis"]} == {(None, None)}
