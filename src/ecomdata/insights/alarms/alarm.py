"""What is said of a load."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

Kind = Literal["volume", "freshness", "nulls", "refused", "distribution", "schema"]
Severity = Literal["serious", "notice"]

#: Of loads of a shop in which nothing is wrong, at most so many have an alarm: of daily ones three
#: or four a year.
FALSE_ALARM_RATE: Final = 0.01
#: What concerns so much of a load, or makes it so much smaller or larger, is serious.
SERIOUS: Final = 0.25


@dataclass(frozen=True)
class Alarm:
    """One thing in which a load is not like the loads before it.

    Args:
        load_id: the load.
        kind: what sort of thing it is.
        entity: of which records.
        subject: the column, or what is counted; empty: the records themselves.
        statement: it in plain words, with its numbers.
        observed: the figure of the load.
        expected: the figure that its history makes the usual.
        effect: how much of the load it concerns, 0 to 1; of volume, the share that is missing or
            too many.
        p_value: how often chance alone strays as far; 0 where it is counted.
        is_serious: whether the figures are not to be trusted until somebody has looked.
        next_look: what to look at, or do.
    """

    load_id: int
    kind: Kind
    entity: str
    subject: str
    statement: str
    observed: Decimal
    expected: Decimal
    effect: Decimal
    p_value: float
    is_serious: bool
    next_look: str

    @property
    def id(self) -> str:
        """A short name, the same for the same alarm."""
        key = "\n".join((str(self.load_id), self.kind, self.entity, self.subject))
        return hashlib.sha256(key.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Alarms:
    """What came of looking at loads.

    Args:
        loads: those that were looked at.
        alarms: what was found, the serious first.
        silences: what could not be asked of the last load, and what it needs.
    """

    loads: tuple[int, ...]
    alarms: tuple[Alarm, ...]
    silences: tuple[str, ...]

    @property
    def serious(self) -> tuple[Alarm, ...]:
        """Those for which a run does not end well."""
        return tuple(alarm for alarm in self.alarms if alarm.is_serious)


def in_order(alarms: Sequence[Alarm]) -> tuple[Alarm, ...]:
    """Put the serious of the latest load first."""
    return tuple(sorted(alarms, key=lambda a: (-a.load_id, not a.is_serious, -a.effect, a.id)))


def fraction(value: float) -> Decimal:
    """Return a figure as the table keeps it: to a millionth."""
    return Decimal(f"{value:.6f}")
