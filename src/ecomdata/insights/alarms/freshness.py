"""Days that a load should have brought, and records that always came: counted, not tested."""

from collections.abc import Iterator
from datetime import date
from typing import Final

import numpy as np

from ecomdata.contract import ENTITIES
from ecomdata.insights.alarms.alarm import Alarm, Kind, fraction
from ecomdata.insights.alarms.history import History
from ecomdata.insights.alarms.profiles import FILES, Key

#: Loads before in which something never happened, at least, for it to be news.
FEWEST_LOADS: Final = 28
#: Loads that are looked back at: a year of daily ones.
MOST_LOADS: Final = 365


def freshness(history: History, at: int) -> Iterator[Alarm]:
    """Yield what is the matter with the days of a load's orders."""
    places = history.with_records("orders", at)[-MOST_LOADS:]
    first, last = (history.of(Key("orders", f"{which} day")) for which in ("first", "last"))
    if len(places) < FEWEST_LOADS or not last[at]:
        return
    newest = np.maximum.accumulate(last[places])
    brought = last[places][1:] - newest[:-1]
    gaps = first[places][1:] - newest[:-1] - 1
    missing = int(first[at] - newest[-1] - 1)
    loads = len(places)
    if brought.min() > 0 and last[at] <= newest[-1]:
        yield _alarm(
            history,
            at,
            "no new day",
            f"The newest order is of {_day(last[at])}, no newer than before; each of the {loads} "
            "loads before brought a new day.",
            (0, 1),
            False,
            "Is it a file that was loaded before, under another name?",
        )
    if missing > max(0.0, gaps.max()):
        yield _alarm(
            history,
            at,
            "missing days",
            f"{missing} days before {_day(first[at])} are in no load; never more than "
            f"{max(0, int(gaps.max()))} were in the {loads} loads before.",
            (missing, max(0, int(gaps.max()))),
            gaps.max() <= 0,
            "Load the files of these days.",
        )
    begins = first[places]
    if begins.min() == begins.max() < first[at]:
        yield _alarm(
            history,
            at,
            "first day",
            f"Its orders begin with {_day(first[at])}, those of each of the {loads} loads before "
            f"with {_day(begins[0])}.",
            (int(first[at] - begins[0]), 0),
            True,
            "Is the beginning of the export cut off?",
        )
    lags, lag = history.lags[places], int(history.lags[at])
    if lag > lags.max() + 1:
        yield _alarm(
            history,
            at,
            "age",
            f"The newest order was {lag} days old when it was loaded; never more than "
            f"{int(lags.max())} in the {loads} loads before.",
            (lag, int(lags.max())),
            False,
            "Does the platform still export? Is a later file waiting?",
        )
    if lag < min(-1, lags.min()):
        yield _alarm(
            history,
            at,
            "age",
            f"The newest order is of {_day(last[at])}, {-lag} days after it was loaded.",
            (lag, int(lags.min())),
            False,
            "Is a date mistyped, or the clock of the machine wrong?",
        )


def absent(history: History, at: int) -> Iterator[Alarm]:
    """Yield the entities that every load brought and this one does not."""
    for entity in (each.name for each in ENTITIES):
        records = history.of(Key(entity, "records"))[max(0, at - MOST_LOADS) : at + 1]
        if len(records) > FEWEST_LOADS and records[:-1].min() > 0 and not records[-1]:
            yield _alarm(
                history,
                at,
                "",
                f"No {entity} came; each of the {len(records) - 1} loads before had some.",
                (0, int(np.median(records[:-1]))),
                True,
                "Is the file missing, or has its header changed? " + new_headers(history, at),
                "schema",
                entity,
            )


def new_headers(history: History, at: int) -> str:
    """Return which names stand in the files' headers that stood in none of the last loads."""
    since = max(0, at - FEWEST_LOADS)
    new = [
        name
        for name in history.values(FILES, "header")
        if (seen := history.of(Key(FILES, "header", name)))[at] and not seen[since:at].any()
    ]
    return f"New in the headers: {', '.join(new)}." if new else "No name in the headers is new."


def _alarm(
    history: History,
    at: int,
    subject: str,
    statement: str,
    figures: tuple[int, int],
    is_serious: bool,
    next_look: str,
    kind: Kind = "freshness",
    entity: str = "orders",
) -> Alarm:
    observed, expected = figures
    return Alarm(
        history.profiles[at].load_id,
        kind,
        entity,
        subject,
        statement,
        fraction(observed),
        fraction(expected),
        fraction(1),
        0.0,
        is_serious,
        next_look,
    )


def _day(ordinal: float) -> str:
    return date.fromordinal(int(ordinal)).isoformat()
