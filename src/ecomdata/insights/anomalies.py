"""Days on which the shop sold far more or far less than its own history says it should.

A day is predicted by the median of the four weeks before it, at its weekday's usual share. How
far days stray from that is told by the shop's own past: the middle of the deviations gives their
scale, the ends of them the weight of the tails. A peak that comes every year is known from the
year before.

Source: residuals of a robust local fit (Cleveland 1979), with the scale and the degrees of freedom
of Student's t by quantiles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ecomdata.insights.evidence import (
    REPORT,
    figures,
    literal,
    money,
    on,
    percent_change,
    said,
    within,
)
from ecomdata.insights.finding import Finding, Question, Searched, Span
from ecomdata.insights.windows import Floats
from ecomdata.warehouse import Connection

#: Days before the period that tell what is usual, at least.
FEWEST_DAYS: Final = 84
#: Days with a level before them that tell how far days stray, at least: of fewer, the end of the
#: last twentieth is the furthest itself.
FEWEST_STRAYED: Final = 20
#: Days before a day that make its level, and weeks that make a weekday's share.
LEVEL_DAYS: Final = 28
SHARE_WEEKS: Final = 26
#: A weekday with sales on fewer of its days is one on which the shop is closed.
LEAST_OPEN: Final = 0.3
#: A neighbour at least as rare as this is told with a day that is a finding.
NEIGHBOUR: Final = 0.01
#: The days that are a year ago: the same weekday or date, and the week around them for what moves.
YEAR_AGO: Final = range(357, 372)
#: Black Friday to Epiphany, as month and day: these days are judged where a year before is known.
FEASTS: Final = ((11, 20), (1, 6))
#: A day without sales is as far down as one with this share of the median.
_FLOOR: Final = 0.02
_DEGREES: Final = (3.0, 30.0)
_SMALLEST_SCALE: Final = 0.02


@dataclass(frozen=True)
class Judged:
    """A day against what it should have been.

    Args:
        day: which.
        expected: net sales that were to be expected.
        low: lower end of the 90 % interval of what was to be expected.
        high: upper end.
        rises: whether more was sold.
        p_value: how often chance alone strays as far.
    """

    day: date
    expected: float
    low: float
    high: float
    rises: bool
    p_value: float


def search_anomalies(connection: Connection, question: Question) -> Searched:
    """Return the days, or runs of days, outside of what the shop's own history says."""
    data, current = question.data, question.current
    have = (current.start - data.start).days
    if have < FEWEST_DAYS:
        return Searched((), 0, f"anomalous days: needs {FEWEST_DAYS} days before, has {have}")
    judged = judge(read_sales(connection, Span(data.start, current.end)), data.start, have)
    if not judged:
        return Searched((), 0, "anomalous days: needs weekdays on which the shop usually sells")
    return Searched(tuple(_finding(connection, run) for run in _runs(judged)), len(judged))


def read_sales(connection: Connection, span: Span) -> Floats:
    """Return the net sales of every day of a span."""
    sales = np.zeros((span.end - span.start).days + 1)
    for day, amount in connection.query(
        f"select sales_date, sum(net_sales) from {REPORT}"
        " where sales_date between $1 and $2 group by sales_date",
        [span.start, span.end],
    ).rows:
        sales[(day - span.start).days] = float(amount)
    return sales


def judge(sales: Floats, start: date, known: int) -> list[Judged]:
    """Judge each day behind the first so many, those on which the shop is closed left out.

    None is judged where those many have too few on which it is open.

    Args:
        sales: of every day from `start` on.
        start: the first day.
        known: days that only tell what is usual.
    """
    from scipy.special import stdtr, stdtrit

    logs = log_sales(sales, start)
    deviation = deviations(logs, start)
    if np.count_nonzero(~np.isnan(deviation[:known])) < FEWEST_STRAYED:
        return []
    scale, degrees = student_of(deviation[:known])
    judged = []
    for at in np.flatnonzero(~np.isnan(deviation[known:])) + known:
        day = start + timedelta(int(at))
        if at < YEAR_AGO.stop and is_of_feasts(day):
            continue
        ago, wide = _year_ago(deviation, int(at), scale)
        apart = float(deviation[at]) - ago
        level = float(logs[at]) - apart
        error = scale * wide
        margin = float(stdtrit(degrees, 0.95)) * error
        judged.append(
            Judged(
                day,
                float(np.exp(level)),
                float(np.exp(level - margin)),
                float(np.exp(level + margin)),
                apart > 0,
                float(2 * stdtr(degrees, -abs(apart) / error)),
            )
        )
    return judged


def log_sales(sales: Floats, start: date) -> Floats:
    """Return the logarithms of daily sales, NaN on the weekdays on which the shop is closed."""
    sold = sales[sales > 0]
    floor = _FLOOR * float(np.median(sold)) if len(sold) else 1.0
    logs = np.log(np.maximum(sales, floor))
    weekday = weekdays(start, len(sales))
    for number in range(7):
        if np.mean(sales[weekday == number] != 0) < LEAST_OPEN:
            logs[weekday == number] = np.nan
    return logs


def weekdays(start: date, days: int) -> NDArray[np.int64]:
    """Return the weekdays of so many days, 0 for Monday."""
    return (start.weekday() + np.arange(days)) % 7


def deviations(logs: Floats, start: date) -> Floats:
    """Return how far each day is from what the days before it predict, NaN where nothing does."""
    away = logs - median_before(logs, LEVEL_DAYS)
    weekday = weekdays(start, len(logs))
    for number in range(7):
        days = np.flatnonzero(weekday == number)
        away[days] -= median_before(away[days], SHARE_WEEKS)
    return away


def median_before(values: Floats, count: int) -> Floats:
    """Return the median of so many values before each, NaN where fewer than three are known."""
    padded = np.concatenate([np.full(count, np.nan), values])
    windows = sliding_window_view(padded, count)[: len(values)]
    told = np.count_nonzero(~np.isnan(windows), axis=1) >= 3
    medians = np.full(len(values), np.nan)
    medians[told] = np.nanmedian(windows[told], axis=1)
    return medians


def student_of(deviation: Floats) -> tuple[float, float]:
    """Return the scale and the degrees of freedom that deviations have as a Student's t."""
    from scipy.special import stdtrit

    sizes = np.abs(deviation[~np.isnan(deviation)])
    middle, end = (float(value) for value in np.quantile(sizes, [0.5, 0.95]))
    # The end over the middle tells the weight of the tails; few days cannot tell that it is light.
    grid = np.linspace(*_DEGREES, 55)
    ratios = stdtrit(grid, 0.975) / stdtrit(grid, 0.75)
    degrees = float(grid[int(np.argmin(np.abs(ratios - end / max(middle, 1e-9))))])
    degrees = max(_DEGREES[0], min(degrees, len(sizes) / 8))
    return max(middle / float(stdtrit(degrees, 0.75)), _SMALLEST_SCALE), degrees


def _year_ago(deviation: Floats, at: int, scale: float) -> tuple[float, float]:
    """Return the deviation that comes every year, and how much wider that makes the interval.

    Of the days around the same date those that strayed the same way, and the most like this one;
    what was within the usual then says nothing.
    """
    around = deviation[[at - days for days in YEAR_AGO if at >= days]]
    peaks = around[(around * deviation[at] > 0) & (np.abs(around) > scale)]
    if not len(peaks):
        return 0.0, 1.0
    nearest = float(peaks[np.argmin(np.abs(peaks - deviation[at]))])
    return (nearest if abs(nearest) < abs(deviation[at]) else float(deviation[at])), 2**0.5


def is_of_feasts(day: date) -> bool:
    """Return whether a day is one of those that shops sell most or least of all on."""
    first, last = FEASTS
    return (day.month, day.day) >= first or (day.month, day.day) <= last


def _runs(judged: Sequence[Judged]) -> Iterator[list[Judged]]:
    """Rare days that stray the same way with no other open day between them."""
    run: list[Judged] = []
    for each in judged:
        is_rare = each.p_value <= NEIGHBOUR
        if run and (not is_rare or run[-1].rises != each.rises):
            yield run
            run = []
        if is_rare:
            run.append(each)
    if run:
        yield run


def _finding(connection: Connection, run: Sequence[Judged]) -> Finding:
    days = Span(run[0].day, run[-1].day)
    expected = _cents(sum(each.expected for each in run))
    dates = ", ".join(literal(each.day) for each in run)
    sql = f"""with sums as (
    select
        coalesce(sum(net_sales), 0) as net_sales,
        cast({expected} as numeric(18, 2)) as expected_net_sales
    from {REPORT}
    where {within("sales_date", days)} and sales_date in ({dates})
)

select
    {money("net_sales")} as net_sales,
    expected_net_sales,
    {money("net_sales - expected_net_sales")} as effect,
    {percent_change("net_sales", "expected_net_sales")} as change_percent
from sums"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    sold: Decimal = told["net_sales"]
    low, high = (
        sold - _cents(sum(ends))
        for ends in ([each.high for each in run], [each.low for each in run])
    )
    when = f"{on(days)}, a {days.start:%A}," if len(run) == 1 else on(days)
    return Finding(
        family="sales",
        kind="anomalous_day",
        span=days,
        segment={},
        statement=(
            f"Net sales {when} were {sold:,}, where the four weeks before and the weekday make "
            f"{said(expected)} the usual: {said(effect)} {'above' if effect > 0 else 'below'} it "
            f"({told['change_percent']:+} %)."
        ),
        numbers=told,
        effect=effect,
        low=min(low, effect),
        high=max(high, effect),
        p_value=min(each.p_value for each in run),
        evidence_sql=sql,
        next_look="Look at what was different: orders, a single large one, refunds, the site.",
    )


def _cents(amount: float) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.01"))
