"""What is asked of the insights, and what an answer consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

#: The ends of a 90 % interval, in standard deviations.
Z90: Final = 1.645

Family = Literal["sales", "customers", "products", "forecast"]


@dataclass(frozen=True)
class Span:
    """Days from `start` to `end`, both included."""

    start: date
    end: date


@dataclass(frozen=True)
class Question:
    """The period asked about, what it is compared with, and the days that may be looked at.

    A search reads no day after `data.end`: so a question about a period in the past is answered
    as it would have been then, and answers can be scored.

    Args:
        current: the period.
        before: what it is compared with.
        year_ago: the same period of the year before; None: not in the data.
        data: the days that may be looked at.
        shared: what was read for one search and serves another.
    """

    current: Span
    before: Span
    year_ago: Span | None
    data: Span
    shared: dict[date, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Finding:
    """One thing that the data say, before it is ranked among the others.

    Args:
        family: where it belongs.
        kind: what sort of thing it is, as `contribution` or `anomalous_day`.
        span: the days that it is about.
        segment: the part of the shop that it is about, dimension to value; empty: all of it.
        statement: it in plain words; every number in them is in `numbers`.
        numbers: the figures of the statement by name, as the columns of `evidence_sql` give them.
        effect: what it is about in money, with its sign.
        low: lower end of the effect's 90 % interval.
        high: upper end.
        p_value: how often chance alone shows as much.
        evidence_sql: one row whose columns are the `numbers`, over the models' tables.
        next_look: what to look at now, or do.
    """

    family: Family
    kind: str
    span: Span
    segment: Mapping[str, str]
    statement: str
    numbers: Mapping[str, Decimal | int | str | date | None]
    effect: Decimal
    low: Decimal
    high: Decimal
    p_value: float
    evidence_sql: str
    next_look: str


@dataclass(frozen=True)
class Searched:
    """What one search came to.

    `tests` counts every hypothesis that was tested, also those that gave no finding: the control
    of false discoveries is over all of them. `silence` says why nothing could be asked, as "needs
    56 days of sales, has 12".
    """

    findings: tuple[Finding, ...]
    tests: int
    silence: str = ""
