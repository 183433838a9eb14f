"""From what the searches say to what is reported: sure enough, told once, most money first."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from ecomdata.insights.asking import Period, days_covered, period_of, questions
from ecomdata.insights.bridge import Bridge, read_bridge
from ecomdata.insights.customers import Segments, read_segments
from ecomdata.insights.false_discoveries import FALSE_DISCOVERY_RATE, q_values
from ecomdata.insights.finding import Finding, Question, Searched
from ecomdata.insights.searches import SEARCHES, Search
from ecomdata.warehouse import Connection

#: Findings that are reported at most.
MOST_FINDINGS: Final = 20
#: What says how things are and not that something happened: no other kind tells that story.
STEADY: Final = frozenset({"product_pair", "return_prone_product"})
#: Kinds that give way to those that say more of the same story. That orders did not come says less
#: than whose; and that something moved says less than what did it.
GIVES_WAY: Final = {"country_outage": 1, "contribution": 2, "anomalous_day": 2, "bridge": 2}

TABLE: Final = "final.final_insights"
#: Columns of the table, with types that mean the same on every engine.
COLUMNS: Final = (
    ("id", "text"),
    ("family", "text"),
    ("kind", "text"),
    ("period", "text"),
    ("segment", "text"),
    ("statement", "text"),
    ("effect", "numeric(18, 2)"),
    ("low", "numeric(18, 2)"),
    ("high", "numeric(18, 2)"),
    ("p_value", "double precision"),
    ("q_value", "double precision"),
    ("rank", "bigint"),
    ("evidence_sql", "text"),
    ("next_look", "text"),
)


@dataclass(frozen=True)
class Ranked:
    """A finding among the others of its question.

    Args:
        finding: what was found.
        q_value: the share of chance among what is reported, were this the last that is.
        rank: 1 for the first.
    """

    finding: Finding
    q_value: float
    rank: int

    def as_row(self) -> dict[str, str | int | float | Decimal]:
        """The row of the table."""
        finding = self.finding
        period = f"{finding.span.start}/{finding.span.end}"
        segment = json.dumps(dict(finding.segment), ensure_ascii=False, sort_keys=True)
        key = "\n".join((finding.kind, period, segment))
        return {
            "id": hashlib.sha256(key.encode()).hexdigest()[:12],
            "family": finding.family,
            "kind": finding.kind,
            "period": period,
            "segment": segment,
            "statement": finding.statement,
            "effect": finding.effect,
            "low": finding.low,
            "high": finding.high,
            "p_value": _rounded(finding.p_value),
            "q_value": _rounded(self.q_value),
            "rank": self.rank,
            "evidence_sql": finding.evidence_sql,
            "next_look": finding.next_look,
        }


@dataclass(frozen=True)
class Insights:
    """The answer to a question.

    Args:
        question: the period, what it is compared with, and the days that were looked at; None:
            there are not two whole periods.
        ranked: the findings, most money first.
        tests: how many hypotheses about what happened were tested.
        silences: what could not be asked, and what it needs.
        bridge: how net sales came from one month to the next; None: not of months.
        segments: the customers on the last day of the data, with what to do; None: not asked.
        still: what began before the period, and was told of the one before.
    """

    question: Question | None
    ranked: tuple[Ranked, ...]
    tests: int
    silences: tuple[str, ...]
    bridge: Bridge | None
    segments: Segments | None = None
    still: tuple[Finding, ...] = ()


def find_insights(connection: Connection, period: Period, top: int = MOST_FINDINGS) -> Insights:
    """Answer the question about the last whole period of the data."""
    data = days_covered(connection)
    if data is None:
        return Insights(None, (), 0, ("everything: needs sales, has none",), None)
    asked = questions(data, period)
    if not asked:
        days = (data.end - data.start).days + 1
        reason = f"everything: needs two whole {period}s of sales, has {days} days"
        return Insights(None, (), 0, (reason,), None)
    found = answer(connection, asked[-1], top)
    segments = read_segments(connection, asked[-1])
    asked[-1].shared.clear()  # the answer keeps its question, which need not keep every customer
    return replace(found, segments=segments)


def answer(
    connection: Connection,
    question: Question,
    top: int = MOST_FINDINGS,
    searches: Sequence[Sequence[Search]] = SEARCHES,
) -> Insights:
    """Run every search and keep what is sure enough, each story once, most money first.

    Args:
        connection: to the warehouse.
        question: what is asked.
        top: findings at most.
        searches: in parts, in each of which what may be chance is controlled by itself; the first
            is of what happened.
    """
    parts = [[search(connection, question) for search in part] for part in searches]
    every = [searched for part in parts for searched in part]
    told = _told_once(connection, [pair for part in parts for pair in _sure(part)])
    news, still = told, []
    if any(_is_older(finding, question) for finding, _ in told):
        before = _told_of_the_period_before(connection, question, searches[0])
        still = [pair for pair in told if _is_older(pair[0], question) and _is_in(pair[0], before)]
        news = [pair for pair in told if pair not in still]
    return Insights(
        question,
        tuple(Ranked(finding, q, rank) for rank, (finding, q) in enumerate(news[:top], 1)),
        sum(searched.tests for searched in parts[0]),
        tuple(searched.silence for searched in every if searched.silence),
        read_bridge(connection, question),
        still=tuple(finding for finding, _ in still),
    )


def _told_once(
    connection: Connection, sure: list[tuple[Finding, float]]
) -> list[tuple[Finding, float]]:
    """Each story once, most money first."""
    sure.sort(key=lambda pair: (GIVES_WAY.get(pair[0].kind, 0), -_worth(*pair), pair[0].statement))
    categories = _categories(connection, [finding for finding, _ in sure])
    told: list[tuple[Finding, float]] = []
    for finding, q in sure:
        if not any(same_story(finding, other, categories) for other, _ in told):
            told.append((finding, q))
    return sorted(told, key=lambda pair: (-_worth(*pair), pair[0].statement))


def _told_of_the_period_before(
    connection: Connection, question: Question, searches: Sequence[Search]
) -> list[Finding]:
    """What was told of the period before, also what was told of an earlier one."""
    asked = questions(question.data, period_of(question.current))[:-1]
    if not asked:
        return []
    sure = _sure([search(connection, asked[-1]) for search in searches])
    return [finding for finding, _ in _told_once(connection, sure)]


def _is_older(finding: Finding, question: Question) -> bool:
    """Whether it began before the period, and is no fact of the last year."""
    return question.before.start <= finding.span.start < question.current.start


def _is_in(finding: Finding, told: Sequence[Finding]) -> bool:
    return any(
        finding.kind == other.kind
        and finding.segment == other.segment
        and _days_in_both(finding, other) > 0
        for other in told
    )


def _sure(every: Sequence[Searched]) -> list[tuple[Finding, float]]:
    """What is sure enough of what some searches found, with its q-value."""
    asked = [searched for searched in every if searched.tests]
    tests = sum(searched.tests for searched in asked)
    findings = [finding for searched in asked for finding in searched.findings]
    # A search's share of what may be chance grows with the square root of what it tests. Were
    # every hypothesis alike, the search that looks at each product would leave nothing to those of
    # few questions; were every search, those that mostly find nothing would keep it for nothing.
    roots = sum(searched.tests**0.5 for searched in asked)
    weighted = [
        finding.p_value * searched.tests**0.5 * roots / tests
        for searched in asked
        for finding in searched.findings
    ]
    # What was not tested is no part of the control: it would make room for chance.
    facts = [finding for searched in every if not searched.tests for finding in searched.findings]
    q_of_facts = [finding.p_value for finding in facts]
    return [
        (finding, q)
        for finding, q in zip(findings + facts, q_values(weighted, tests) + q_of_facts, strict=True)
        if q <= FALSE_DISCOVERY_RATE
    ]


def write(connection: Connection, insights: Insights) -> None:
    """Replace the rows of `final.final_insights`."""
    names = ", ".join(name for name, _ in COLUMNS)
    marks = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    with connection.transaction():
        with connection.as_owner_of("final"):
            connection.execute(f"create table if not exists {TABLE} ({columns})")
        connection.execute(f"delete from {TABLE}")
        for ranked in insights.ranked:
            row = ranked.as_row()
            connection.execute(
                f"insert into {TABLE} ({names}) values ({marks})",
                [row[name] for name, _ in COLUMNS],
            )


def same_story(one: Finding, other: Finding, categories: Mapping[str, str]) -> bool:
    """Return whether two findings are about the same sales of the same days, the same way.

    Args:
        one: a finding.
        other: another one.
        categories: of the products that they are about.
    """
    if (one.effect < 0) != (other.effect < 0) or "forecast" in (one.family, other.family):
        return False
    if one.kind != other.kind and STEADY & {one.kind, other.kind}:
        return False
    days = _days_in_both(one, other)
    if days <= 0:
        return False
    if not one.segment and not other.segment:
        return "bridge" not in (one.kind, other.kind)
    if not one.segment or not other.segment:
        longest = max(_days(one), _days(other))
        return 2 * days >= longest and "bridge" not in (one.kind, other.kind)
    a, b = _parts(one.segment, categories), _parts(other.segment, categories)
    return a <= b or b <= a


def _parts(segment: Mapping[str, str], categories: Mapping[str, str]) -> set[tuple[str, str]]:
    parts = set(segment.items())
    category = categories.get(segment.get("product_id", ""))
    return parts | {("category", category)} if category else parts


def _categories(connection: Connection, findings: list[Finding]) -> dict[str, str]:
    products = sorted({f.segment["product_id"] for f in findings if "product_id" in f.segment})
    return {
        product: connection.query(
            "select min(category) from final.final_product_performance where product_id = $1",
            [product],
        ).scalar
        for product in products
    }


def _days(finding: Finding) -> int:
    return (finding.span.end - finding.span.start + timedelta(1)).days


def _days_in_both(one: Finding, other: Finding) -> int:
    start = max(one.span.start, other.span.start)
    end = min(one.span.end, other.span.end)
    return (end - start).days + 1


def _worth(finding: Finding, q: float) -> float:
    """The money that it is about at the least, times how sure it is."""
    if (finding.low < 0) != (finding.high < 0):
        return 0.0
    return float(min(abs(finding.low), abs(finding.high))) * (1 - q)


def _rounded(probability: float) -> float:
    """Six digits: those behind them depend on the machine."""
    return float(f"{probability:.6g}")
