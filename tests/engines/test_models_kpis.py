"""What `ecomdata kpis` shows of the hand-made shop is what the oracle has, in its order."""

from datetime import date
from decimal import Decimal
from typing import Any

import handmade
import oracle_customers
import oracle_tables
import pytest
from oracle import Shop, measures, ratio
from servers import History
from snapshots import ALL_DAYS, DIMENSIONS, SOME_DAYS

from ecomdata.report import KPIS

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")


@pytest.mark.parametrize("days", [ALL_DAYS, SOME_DAYS], ids=["all days", "some days"])
@pytest.mark.parametrize("by", DIMENSIONS)
def test_the_figures_by_a_dimension_are_the_oracles(
    history: History, engine: str, by: str, days: tuple[date, date]
) -> None:
    for found, truth in zip(history(engine), (handmade.FIRST, handmade.SECOND), strict=True):
        expected = (
            oracle_tables.kpis_by_product(truth, *days)
            if by == "product"
            else oracle_tables.kpis(truth, by, *days)
        )
        assert found.kpis[by, days].dicts() == expected


def as_text(value: Decimal | int | None) -> str | None:
    return None if value is None else str(value)


def changed(unit: str, value: Decimal | int | None, previous: Decimal | int | None) -> str | None:
    """Of a rate the difference, of anything else the relative change."""
    if value is None or previous is None:
        return None
    if unit == "rate":
        return as_text(value - previous)
    if not previous:
        return None
    return as_text(ratio(Decimal(value) - previous, abs(Decimal(previous)), 6))


def figures(truth: Shop, start: date, end: date) -> dict[str, Any]:
    entries = [entry for entry in truth.ledger() if start <= entry.day <= end]
    return measures(entries) | oracle_customers.rates(entries)


#: The first files have 54 days, which hold twice 7 days; the changed ones 62, which hold twice 30.
PERIODS = [
    (handmade.FIRST, (date(2024, 2, 26), date(2024, 3, 3)), (date(2024, 2, 19), date(2024, 2, 25))),
    (handmade.SECOND, (date(2024, 2, 3), date(2024, 3, 3)), (date(2024, 1, 4), date(2024, 2, 2))),
]


def test_the_headline_is_the_oracles_for_the_period_the_one_before_and_all_days(
    history: History, engine: str
) -> None:
    for found, (truth, period, before) in zip(history(engine), PERIODS, strict=True):
        for name, (start, end) in (("period", period), ("previous", before)):
            document = found.headline[name]
            assert (document["start"], document["end"]) == (start.isoformat(), end.isoformat())
        value, previous = figures(truth, *period), figures(truth, *before)
        everything = figures(truth, *ALL_DAYS)
        names = ("id", "value", "previous", "all", "change")
        assert [tuple(kpi[name] for name in names) for kpi in found.headline["kpis"]] == [
            (
                kpi.name,
                *(as_text(figures[kpi.name]) for figures in (value, previous, everything)),
                changed(kpi.unit, value[kpi.name], previous[kpi.name]),
            )
            for kpi in KPIS
        ]
