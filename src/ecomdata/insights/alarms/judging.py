"""All that is asked of a load, and how much of the answers is sure enough to be told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.contract import ENTITIES
from ecomdata.insights.alarms.alarm import (
    FALSE_ALARM_RATE,
    SERIOUS,
    Alarm,
    Kind,
    fraction,
    in_order,
)
from ecomdata.insights.alarms.freshness import absent, freshness, new_headers
from ecomdata.insights.alarms.history import History
from ecomdata.insights.alarms.profiles import NO_VALUE, OTHERS, Key
from ecomdata.insights.alarms.shares import FEWEST_LOADS, Share, judge
from ecomdata.insights.alarms.volume import FEWEST_LOADS as FEWEST_LOADS_OF_VOLUME
from ecomdata.insights.alarms.volume import volume
from ecomdata.insights.false_discoveries import q_values
from ecomdata.insights.windows import Floats

#: Loads before that tell what is usual: four weeks of daily ones, or as many of monthly ones.
USUAL_LOADS: Final = 28
#: Values that have no such share of the records, neither before nor now, are not asked about.
LEAST_SHARE: Final = 0.01


@dataclass(frozen=True)
class _Searched:
    """The alarms of one search, sure or not, and how much it tested."""

    alarms: list[Alarm]
    tests: int


def judge_load(history: History, at: int) -> list[Alarm]:
    """Return the alarms about a load; it reads no later one.

    Each search has an equal share of the rate of false alarms, however much it tests, as the
    insights have of theirs.
    """
    searches = [_volumes(history, at), _nulls(history, at), _refused(history, at)]
    searches.append(_distributions(history, at))
    asked = [search for search in searches if search.tests]
    tests = sum(search.tests for search in asked)
    found = [alarm for search in asked for alarm in search.alarms]
    weighted = [
        alarm.p_value * search.tests * len(asked) / tests
        for search in asked
        for alarm in search.alarms
    ]
    sure = [
        alarm
        for alarm, q in zip(found, q_values(weighted, tests), strict=True)
        if q <= FALSE_ALARM_RATE
    ]
    counted = [*freshness(history, at), *absent(history, at)]
    return list(in_order(_once(sure) + counted))


def silences(history: History, at: int) -> tuple[str, ...]:
    """Return what cannot be asked of a load, and what it needs."""
    loads = len(history.with_records("orders", at))
    return tuple(
        f"{what}: needs {fewest} loads with orders before, has {loads}"
        for what, fewest in (
            ("freshness, nulls, refused, distribution and schema", FEWEST_LOADS),
            ("volume", FEWEST_LOADS_OF_VOLUME),
        )
        if loads < fewest
    )


def _volumes(history: History, at: int) -> _Searched:
    judged = [volume(history, entity.name, at) for entity in ENTITIES]
    alarms = [alarm for alarm in judged if alarm is not None]
    return _Searched(alarms, len(alarms))


def _nulls(history: History, at: int) -> _Searched:
    alarms = []
    for entity, places in _asked(history, at):
        records = history.of(Key(entity, "records"))[places]
        missing = {
            column: records - history.of(Key(entity, "filled", column))[places]
            for column in history.values(entity, "filled")
        }
        told = {
            column: part
            for column, part in missing.items()
            if part.any() and (part < records).any()
        }
        if not told:
            continue
        alarms += [
            _of_nulls(history, at, entity, column, share)
            for column, share in zip(told, judge(_rows(told), records), strict=True)
        ]
    return _Searched(alarms, len(alarms))


def _refused(history: History, at: int) -> _Searched:
    alarms = []
    for entity, places in _asked(history, at):
        by_rule = {
            rule: history.of(Key(entity, "refused", rule))[places]
            for rule in history.values(entity, "refused")
        }
        if not any(part.any() for part in by_rule.values()):
            continue
        unreadable = by_rule.get("unreadable", np.zeros(len(places)))
        records = history.of(Key(entity, "records"))[places] + unreadable
        refused = np.sum(list(by_rule.values()), axis=0)
        [share] = judge(refused[np.newaxis], records, only_more=True)
        most = max(by_rule, key=lambda rule: (by_rule[rule][-1], rule))
        alarms.append(
            _of_share(
                history,
                at,
                "refused",
                entity,
                "",
                share,
                f"are refused, most as {most}",
                share.change,
                "ecomdata quarantine shows them.",
            )
        )
    return _Searched(alarms, len(alarms))


def _distributions(history: History, at: int) -> _Searched:
    alarms, tests = [], 0
    for entity, places in _asked(history, at):
        records = history.of(Key(entity, "records"))[places]
        for variable in _variables(history, entity):
            parts = {
                value: history.of(Key(entity, variable, value))[places]
                for value in history.values(entity, variable)
            }
            shares = _moved(parts, records)
            tests += len(shares)
            moved = _sure_change(shares.values())
            alarms += [
                _of_value(history, at, entity, variable, value, share, moved)
                for value, share in shares.items()
            ]
    return _Searched(alarms, tests)


def _moved(parts: Mapping[str, Floats], records: Floats) -> dict[str, Share]:
    """Judge the values of a variable that are frequent enough; one value alone cannot move."""
    parts = {value: part for value, part in parts.items() if part.any() and value != OTHERS}
    if not parts:
        return {}
    shares = dict(zip(parts, judge(_rows(parts), records), strict=True))
    return {
        value: share
        for value, share in shares.items()
        if max(share.expected, share.observed / share.records) >= LEAST_SHARE
        and (parts[value] < records).any()
    }


def _sure_change(shares: Iterable[Share]) -> float:
    """Return how much of a load has other values than it should, as far as it is no luck."""
    changes = [share.change for share in shares if share.p_value <= FALSE_ALARM_RATE]
    more = sum(change for change in changes if change > 0)
    return max(more, more - sum(changes))


def _rows(parts: Mapping[str, Floats]) -> Floats:
    return np.array(list(parts.values()))


def _asked(history: History, at: int) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield the entities that can be asked about, with the places of the loads, this one last."""
    for entity in (each.name for each in ENTITIES):
        before = history.with_records(entity, at)[-USUAL_LOADS:]
        if len(before) >= FEWEST_LOADS and history.of(Key(entity, "records"))[at]:
            yield entity, np.append(before, at)


def _variables(history: History, entity: str) -> list[str]:
    other = ("records", "filled", "refused", "days", "first day", "last day")
    return sorted({key.variable for key in history.keys if key.entity == entity} - {*other})


def _of_nulls(history: History, at: int, entity: str, column: str, share: Share) -> Alarm:
    is_gone = share.observed == share.records
    is_new = share.expected >= 1
    next_look = "Has the column another name now, or does a part of the export leave it out? "
    return _of_share(
        history,
        at,
        "schema" if is_gone or is_new else "nulls",
        entity,
        column,
        share,
        f"have no {column}",
        share.change,
        "A column that was empty has values now: do figures that need it make sense?"
        if share.change < 0
        else next_look + new_headers(history, at),
    )


def _of_value(
    history: History,
    at: int,
    entity: str,
    variable: str,
    value: str,
    share: Share,
    moved: float,
) -> Alarm:
    has = f"have no {variable}" if value == NO_VALUE else f"have {variable} {value}"
    return _of_share(
        history,
        at,
        "distribution",
        entity,
        variable,
        share,
        has,
        moved,
        f"Is the {variable} exported as before, and all of it?",
    )


def _of_share(
    history: History,
    at: int,
    kind: Kind,
    entity: str,
    subject: str,
    share: Share,
    what: str,
    effect: float,
    next_look: str,
) -> Alarm:
    now = share.observed / share.records
    return Alarm(
        history.profiles[at].load_id,
        kind,
        entity,
        subject,
        f"{share.observed:,} of {share.records:,} records of {entity} ({100 * now:.1f} %) {what}; "
        f"it was {100 * share.expected:.1f} % in the loads before.",
        fraction(now),
        fraction(share.expected),
        fraction(min(abs(effect), 1.0)),
        share.p_value,
        effect >= SERIOUS,
        next_look,
    )


def _once(alarms: list[Alarm]) -> list[Alarm]:
    """Of what is said of one thing, keep the surest; a column without values is told as that."""
    told: dict[tuple[str, str], Alarm] = {}
    order = {"schema": 0, "nulls": 1}
    for alarm in sorted(
        alarms, key=lambda a: (order.get(a.kind, 2), a.p_value, -abs(a.observed - a.expected))
    ):
        told.setdefault((alarm.entity, alarm.subject), alarm)
    return list(told.values())
