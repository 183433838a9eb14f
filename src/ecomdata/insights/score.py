"""How many of the causes that were planted in a shop are found, and how much is found that was not.

Every whole period of the shop is asked about, each with no later day to look at. How a finding
meets an event is told in docs/insights.md.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ecomdata.errors import UsageError
from ecomdata.insights.asking import Period, days_covered, questions
from ecomdata.insights.evidence import literal
from ecomdata.insights.finding import Finding, Question
from ecomdata.insights.findings import answer
from ecomdata.insights.searches import NEWS
from ecomdata.warehouse import Connection

#: An effect is large from this share of its segment's sales on, the segment from this of all.
LARGE: Final = 0.20
LARGE_SEGMENT: Final = 0.05
#: Kinds of findings that say what is, or will be, and not that something happened.
STANDING: Final = frozenset(
    {
        "forecast",
        "product_pair",
        "dead_stock",
        "return_prone_product",
        "value_at_risk",
        "customer_segment",
        "segment_movement",
    }
)
#: Days of an event that lasts which a finding may be about: as long as it is compared with the days
#: before the event.
_LASTING: Final = 92


@dataclass(frozen=True)
class Planted:
    """An event of the answer key.

    Args:
        id: its name there.
        kind: what sort of event.
        first: its first day.
        last: its last one.
        segment: dimension to value.
        effect: in money.
        effect_share: of what its segment would have sold without it on its days.
        segment_share: of the segment in what all would have sold then.
    """

    id: str
    kind: str
    first: date
    last: date
    segment: Mapping[str, str]
    effect: Decimal
    effect_share: float
    segment_share: float

    @property
    def is_large(self) -> bool:
        """Whether it is what must be found."""
        return self.effect_share >= LARGE and self.segment_share >= LARGE_SEGMENT


@dataclass
class Score:
    """What was found of what was planted; scores of several shops add up.

    Args:
        events: each with the kind of the first finding that meets it, None where there is none.
        findings: each finding's kind and whether it meets an event.
        false_shares: for each question the share of its findings that meet no event.
        standing: findings about what is and not about what happened; they are not judged.
        unmet: the statements of the findings that meet no event.
    """

    events: list[tuple[Planted, str | None]] = field(default_factory=list)
    findings: list[tuple[str, bool]] = field(default_factory=list)
    false_shares: list[float] = field(default_factory=list)
    standing: int = 0
    unmet: list[str] = field(default_factory=list)

    def add(self, other: "Score") -> None:
        """Count another shop's in."""
        self.events += other.events
        self.findings += other.findings
        self.false_shares += other.false_shares
        self.standing += other.standing
        self.unmet += other.unmet

    def as_record(self) -> dict[str, Any]:
        """The score as JSON has it; None where there is nothing to divide by."""
        large = [(event, by) for event, by in self.events if event.is_large]
        small = [(event, by) for event, by in self.events if not event.is_large]
        kinds = sorted({event.kind for event, _ in self.events})
        return {
            "recall": _recall(self.events),
            "precision": _share([met for _, met in self.findings]),
            "false_discovery_rate": _mean(self.false_shares),
            "events": len(self.events),
            "findings": len(self.findings),
            "questions": len(self.false_shares),
            "standing_findings": self.standing,
            "by_effect": {
                "large": {"events": len(large), "recall": _recall(large)},
                "small": {"events": len(small), "recall": _recall(small)},
            },
            "by_kind": {kind: self._of_kind(kind) for kind in kinds},
            "findings_by_kind": {
                kind: {"findings": count, "precision": self._precision(kind)}
                for kind, count in sorted(Counter(kind for kind, _ in self.findings).items())
            },
            "found": [
                {"id": event.id, "kind": event.kind, "large": event.is_large, "by": by}
                for event, by in self.events
            ],
            "unmet": self.unmet,
        }

    def _of_kind(self, kind: str) -> dict[str, Any]:
        events = [(event, by) for event, by in self.events if event.kind == kind]
        large = [(event, by) for event, by in events if event.is_large]
        return {
            "events": len(events),
            "recall": _recall(events),
            "large": len(large),
            "large_recall": _recall(large),
        }

    def _precision(self, kind: str) -> float | None:
        return _share([met for each, met in self.findings if each == kind])


def score_insights(connection: Connection, truth: Path, period: Period, step: int = 1) -> Score:
    """Ask what happened in every period of the shop and compare the answers with its answer key.

    Args:
        connection: to the warehouse that the shop was loaded into.
        truth: the folder `truth` of the generated shop.
        period: the length of the periods.
        step: 2 asks about the last period, and every other one before it.

    Raises:
        UsageError: the folder is no answer key, or the shop has no two whole periods.
    """
    events = read_planted(connection, truth)
    data = days_covered(connection)
    asked = questions(data, period)[::-step][::-1] if data else []
    if not asked:
        raise UsageError(f"the shop has no two whole {period}s: ask for a shorter period")
    categories: dict[str, str] = dict(
        connection.query("select product_id, category from final.final_product_performance").rows
    )
    by: dict[str, str] = {}
    score = Score()
    for question in asked:
        met = []
        for ranked in answer(connection, question, searches=(NEWS,)).ranked:
            finding = ranked.finding
            if finding.kind in STANDING:
                score.standing += 1
                continue
            meets = [e for e in events if meets_event(finding, question, e, categories)]
            for event in meets:
                by.setdefault(event.id, finding.kind)
            met.append(bool(meets))
            score.findings.append((finding.kind, bool(meets)))
            if not meets:
                score.unmet.append(finding.statement)
        score.false_shares.append(met.count(False) / len(met) if met else 0.0)
    days = (asked[0].current.start, asked[-1].current.end)
    score.events = [
        (event, by.get(event.id))
        for event in events
        if event.first <= days[1] and event.last >= days[0]
    ]
    return score


def meets_event(
    finding: Finding, question: Question, event: Planted, categories: Mapping[str, str]
) -> bool:
    """Return whether a finding is about an event: its days, and its segment or kind."""
    start = question.before.start if finding.kind == "contribution" else finding.span.start
    last = min(event.last, event.first + timedelta(_LASTING - 1))
    if finding.span.end < event.first or start > last:
        return False
    own = dict(finding.segment)
    if own.get("product_id") in categories:
        own.setdefault("category", categories[own["product_id"]])
    shared = own.keys() & event.segment.keys()
    if any(own[name] != event.segment[name] for name in shared):
        return False
    return bool(shared) or finding.kind == event.kind or (not own and not event.segment)


def read_planted(connection: Connection, truth: Path) -> list[Planted]:
    """Return the events of an answer key, with what the warehouse says of their size.

    Raises:
        UsageError: the folder is none.
    """
    if not (truth / "kpis.json").is_file():
        raise UsageError(
            f"{truth} is no answer key: give the folder truth of a shop made by `ecomdata generate`"
        )
    path = truth / "events.jsonl"
    if not path.is_file():
        return []
    return [_weighed(connection, json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _weighed(connection: Connection, record: Mapping[str, Any]) -> Planted:
    """The event with the shares that say how large it is."""
    first, last = date.fromisoformat(record["from"]), date.fromisoformat(record["to"])
    segment: Mapping[str, str] = record["segment"]
    conditions = [
        "customer_id in (select customer_id from staging.stg_customers"
        f" where signup_date < {literal(date.fromisoformat(value))})"
        if name == "signed_up_before"
        else f"{name} = {literal(value)}"
        for name, value in segment.items()
    ]
    inside = " and ".join(conditions) or "true"
    [[own, every]] = connection.query(
        f"select coalesce(sum(case when {inside} then amount end), 0), coalesce(sum(amount), 0)"
        " from intermediate.int_revenue_ledger"
        " where entry_type <> 'return' and entry_date between $1 and $2",
        [first, last],
    ).rows
    effect = Decimal(record["effect"])
    # What a launch did lies before its first day: all that there would have been.
    planted = Decimal(0) if record["kind"] == "category_launch" else effect
    without, all_without = float(own - planted), float(every - planted)
    return Planted(
        id=record["id"],
        kind=record["kind"],
        first=first,
        last=last,
        segment=segment,
        effect=effect,
        effect_share=(
            1.0
            if record["kind"] == "category_launch"
            else abs(float(effect)) / without
            if without > 0
            else 0.0
        ),
        segment_share=without / all_without if all_without > 0 else 0.0,
    )


def _recall(events: Sequence[tuple[Planted, str | None]]) -> float | None:
    return _share([by is not None for _, by in events])


def _share(truths: Sequence[bool]) -> float | None:
    return round(sum(truths) / len(truths), 4) if truths else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
