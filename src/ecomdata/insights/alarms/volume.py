"""How many records a load brings, beside the loads before it and their weekday.

The logarithm of the records a day is predicted by the median of the loads before, with the share
of the weekday; how far loads stray is told by the shop's own loads, as for anomalous days.
"""

from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.insights.alarms.alarm import SERIOUS, Alarm, fraction
from ecomdata.insights.alarms.history import History
from ecomdata.insights.alarms.profiles import Key
from ecomdata.insights.anomalies import YEAR_AGO, is_of_feasts, median_before, student_of
from ecomdata.insights.windows import Floats

#: Loads before that tell what is usual, at least: eight weeks of daily ones.
FEWEST_LOADS: Final = 56
#: Loads that make the level, those that make a weekday's share, and those that have to agree that
#: this load is another: what went on so long is no longer news.
LEVEL_LOADS: Final = 28
SHARE_LOADS: Final = 26
RECENT_LOADS: Final = 7
#: Between Black Friday and Epiphany sales are up to so many times the usual, and down to one
#: through so many: until a year before is known, only what is beyond counts.
FEAST: Final = 3.0


def volume(history: History, entity: str, at: int) -> Alarm | None:
    """Judge how many records of an entity a load has; None: it cannot be judged.

    The alarm has the p-value of a single test, whatever it is.
    """
    places = np.append(history.with_records(entity, at), at)
    records = history.of(Key(entity, "records"))[places]
    if len(places) <= FEWEST_LOADS or not records[-1]:
        return None
    days = np.maximum(history.of(Key(entity, "days"))[places], 1.0)
    newest = history.of(Key("orders", "last day"))[places].astype(np.int64)
    logs = np.log(records / days)
    away = _away(logs, newest % 7)
    usual = float(logs[-1] - away[-1])
    observed, expected = float(records[-1] / days[-1]), float(np.exp(usual))
    apart = 1 - min(observed, expected) / max(observed, expected)
    a_day = " a day" if entity == "orders" else ""
    return Alarm(
        history.profiles[at].load_id,
        "volume",
        entity,
        "",
        f"{int(records[-1]):,} records of {entity} came, {observed:,.0f}{a_day}, where the "
        f"{LEVEL_LOADS} loads before and the weekday make {expected:,.0f} the usual.",
        fraction(observed),
        fraction(expected),
        fraction(apart),
        _p_value(away, newest),
        apart >= SERIOUS and observed < expected,
        "Is the export whole? Compare it with the platform's own count."
        if observed < expected
        else "Is a day or a file in it twice, under other ids?",
    )


def _away(logs: Floats, weekday: NDArray[np.int64]) -> Floats:
    """How far each load is from what those before predict."""
    away: Floats = logs - median_before(logs, LEVEL_LOADS)
    for number in np.unique(weekday):
        same = np.flatnonzero(weekday == number)
        share = median_before(away[same], SHARE_LOADS)
        if same[-1] == len(logs) - 1:  # a weekday that is new here is judged without a share
            share[-1] = np.nan_to_num(share[-1])
        away[same] -= share
    return away


def _p_value(away: Floats, newest: NDArray[np.int64]) -> float:
    """How often chance strays as far as the last one, from the level and from the last loads."""
    from scipy.special import stdtr

    scale, degrees = student_of(away[:-1])
    apart = float(away[-1])
    recent = apart - float(np.nanmedian(away[-1 - RECENT_LOADS : -1]))
    if recent * apart <= 0:
        return 1.0
    apart = float(np.sign(apart)) * min(abs(apart), abs(recent))
    if newest[-1] and is_of_feasts(date.fromordinal(int(newest[-1]))):
        apart = _beyond_feast(apart, away, newest, scale)
    return float(2 * stdtr(degrees, -abs(apart) / scale))


def _beyond_feast(
    apart: float,
    away: Floats,
    newest: NDArray[np.int64],
    scale: float,
) -> float:
    """What of a deviation a year before, or what feasts may be, does not explain."""
    ago = newest[-1] - newest[:-1]
    around = away[:-1][(ago >= YEAR_AGO.start) & (ago < YEAR_AGO.stop)]
    if not len(around):
        return float(np.sign(apart)) * max(0.0, abs(apart) - float(np.log(FEAST)))
    peaks = around[(around * apart > 0) & (np.abs(around) > scale)]
    if not len(peaks):
        return apart
    nearest = float(peaks[np.argmin(np.abs(peaks - apart))])
    return (apart - nearest) / 2**0.5
