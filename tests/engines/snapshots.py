"""What a build left behind, and how it is compared."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from oracle_tables import Row
from shops import Rows, as_text, final_tables, in_order, types

from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Table

DIMENSIONS = ("day", "week", "month", "country", "category", "product")
ALL_DAYS = (date(2024, 1, 1), date(2024, 12, 31))
SOME_DAYS = (date(2024, 1, 11), date(2024, 2, 15))


@dataclass(frozen=True)
class Snapshot:
    """What a build left behind.

    Args:
        final: the final tables' rows, each cell with its Python type.
        types: the final tables' columns.
        tables: the rows of these and of others, as dicts.
        kpis: what `ecomdata kpis` shows by a dimension between two days.
        headline: what it shows without one.
    """

    final: dict[str, Rows]
    types: Rows
    tables: dict[str, list[Row]]
    kpis: dict[tuple[str, tuple[date, date]], Table]
    headline: dict[str, Any]


def snapshot(pipeline: Pipeline) -> Snapshot:
    """Read everything that is to be looked at."""
    final = final_tables(pipeline)
    names = [f"final.{name}" for name in final]
    names += [f"staging.stg_{name}" for name in ("customers", "products", "orders", "returns")]
    names += ["intermediate.int_revenue_ledger", "meta.quarantine", "meta.field_issues"]
    kpis = {}
    for by in DIMENSIONS:
        for days in (ALL_DAYS, SOME_DAYS):
            table = pipeline.kpis(by, *days).table
            assert table is not None
            kpis[by, days] = table
    headline = pipeline.kpis(None, None, None).headline
    assert headline is not None
    tables = {name: pipeline.query(f"select * from {name}").dicts() for name in names}
    return Snapshot(final, types(pipeline, "final"), tables, kpis, headline)


def columns(found: list[Row], *names: str) -> Rows:
    """Some columns of some rows, in order."""
    return in_order([tuple(row[name] for name in names) for row in found])


def without(found: list[Row], *names: str) -> list[Row]:
    """Rows without some columns."""
    return [{name: value for name, value in row.items() if name not in names} for row in found]


def listed(found: list[Row]) -> list[Row]:
    """Rows in one order, whatever theirs is, so that they can be compared."""
    return sorted(
        found, key=lambda row: [(x is not None, as_text(x)) for _, x in sorted(row.items())]
    )
