"""What net sales are to be expected next, day by day and week by week, and how good that was.

The logarithm of daily net sales is smoothed exponentially with the week as its season. Where a year
before is known, the turn that sales took then may be added: it is where that would have been better
in the past. Intervals are of paths simulated with the errors of the past, made wider until they
would have held what came. No forecast is given where the last week repeated was better.

Source: Hyndman et al. 2008 (ETS(A,N,A), variance of its forecasts); rolling-origin evaluation
(Tashman 2000); intervals calibrated on the errors of the backtest (Vovk et al. 2005).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np

from ecomdata.insights.anomalies import deviations, log_sales, read_sales, weekdays
from ecomdata.insights.asking import days_covered
from ecomdata.insights.evidence import REPORT, figures, money, percent_change, said, within
from ecomdata.insights.finding import Z90, Finding, Question, Searched, Span
from ecomdata.insights.windows import Floats
from ecomdata.warehouse import Connection

#: Days of sales that a forecast needs: eight weeks to learn from, four to see how good it is.
FEWEST_DAYS: Final = 84
LEARNED: Final = 56
#: Days ahead in the backtest, and how often it is made at most.
STEP: Final = 28
ORIGINS: Final = 6
#: Days ahead, at most.
MOST_AHEAD: Final = 92
#: Intervals that would have to be so many times wider to hold what came say nothing.
WIDEST: Final = 10.0
#: The share of what comes that intervals are to hold.
COVERAGE: Final = 0.9
#: What strays by more of their standard deviations teaches no level; a year later it is a peak.
OUTLIER: Final = 2.5
#: The smoothing constants that are tried: of the level, and of the weekdays.
ALPHAS: Final = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6)
GAMMAS: Final = (0.0, 0.02, 0.05, 0.1, 0.2)
_WEEK: Final = 7
_YEAR: Final = 364
_NEAR: Final = 10
#: The standard deviation of a normal variable over the median of its absolute value.
_NORMAL: Final = 1.4826
#: Of logarithms: days that were all alike do not promise that the next ones are.
_SMALLEST_DEVIATION: Final = 0.01
_PATHS: Final = 500
_SEED: Final = 1


@dataclass(frozen=True)
class Expected:
    """Net sales that are to be expected, in whole units of the currency.

    Args:
        first: the first day.
        last: the last day; of a day the same.
        forecast: what is to be expected.
        low: lower end of the 90 % interval.
        high: upper end.
    """

    first: date
    last: date
    forecast: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Backtest:
    """How good forecasts of four weeks would have been, each from what was known by then.

    Args:
        origins: how many forecasts were made.
        wape: sum of the absolute errors of days / sum of their sales.
        naive_wape: that of the last week repeated.
        coverage: the share of days within their 90 % interval, widened by the other forecasts.
        week_wape: sum of the absolute errors of weeks / sum of their sales.
        naive_week_wape: that of the last week repeated.
        week_coverage: the share of weeks within theirs.
    """

    origins: int
    wape: float
    naive_wape: float
    coverage: float
    week_wape: float
    naive_week_wape: float
    week_coverage: float


@dataclass(frozen=True)
class Forecast:
    """What is to be expected.

    Args:
        days: each day ahead; 0 where the shop is closed.
        weeks: each seven days of them.
        total: all of them; None with `silence`.
        uses_year: whether the turn that sales took a year ago is in it.
        backtest: how good it would have been; None where the history is too short.
        silence: why there is none, as "needs 84 days of sales, has 12".
    """

    days: tuple[Expected, ...] = ()
    weeks: tuple[Expected, ...] = ()
    total: Expected | None = None
    uses_year: bool = False
    backtest: Backtest | None = None
    silence: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it: amounts and days as text."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return found


def forecast_next(connection: Connection) -> Forecast:
    """Forecast the net sales of the four weeks behind the last day with sales."""
    known = days_covered(connection)
    if known is None:
        return Forecast(silence=f"needs {FEWEST_DAYS} days of sales, has none")
    return forecast_sales(connection, known)


def forecast_sales(connection: Connection, known: Span, ahead: int = STEP) -> Forecast:
    """Forecast net sales of so many days behind a span; none behind it is looked at."""
    return forecast_days(read_sales(connection, known), known.start, ahead)


def forecast_days(sales: Floats, start: date, ahead: int) -> Forecast:
    """Forecast so many days behind daily sales that begin on a day."""
    ahead = min(ahead, MOST_AHEAD)
    if len(sales) < FEWEST_DAYS:
        return Forecast(silence=f"needs {FEWEST_DAYS} days of sales, has {len(sales)}")
    if (with_sales := int(np.count_nonzero(sales > 0))) < LEARNED:
        return Forecast(silence=f"needs {LEARNED} days with sales, has {with_sales}")
    origins = [
        len(sales) - STEP * back
        for back in range(min(ORIGINS, (len(sales) - LEARNED) // STEP), -1, -1)
    ]
    *before, now = (_History(sales[:origin], start) for origin in origins)
    tries = [_Try(history, sales) for history in before if history.has_weekdays]
    if not (now.has_weekdays and any(each.actual.any() for each in tries)):
        return Forecast(silence="needs weekdays on which the shop usually sells")
    # The turn of a year ago counts by the origins at which it was known, two at the least.
    with_year = [each for each in tries if each.history.knows_year]
    uses_year = len(with_year) >= 2 and (
        sum(each.error(True) for each in with_year) < sum(each.error(False) for each in with_year)
    )
    used = with_year if uses_year else tries
    factor, week_factor = (
        _widening([score for each in used for score in each.scores(uses_year, days)])
        for days in (1, _WEEK)
    )
    backtest = _backtest(used, uses_year)
    if backtest.week_wape > backtest.naive_week_wape:
        return Forecast(
            backtest=backtest,
            silence="needs sales that it can tell better than the last week repeated does",
        )
    if max(factor, week_factor) > WIDEST:
        return Forecast(
            backtest=backtest,
            silence="needs sales that go on as they did: they broke off, or changed too much",
        )
    paths = now.paths(ahead, uses_year)
    first = start + timedelta(len(sales))
    return Forecast(
        tuple(_expected(first, paths, at, 1, factor) for at in range(ahead)),
        tuple(
            _expected(first, paths, at, _WEEK, week_factor)
            for at in range(0, ahead - _WEEK + 1, _WEEK)
        ),
        _expected(first, paths, 0, ahead, week_factor),
        uses_year,
        backtest,
    )


def search_forecast(connection: Connection, question: Question) -> Searched:
    """Return what the next period is to bring where that is not what this one brought."""
    current = question.current
    after = current.end + timedelta(1)
    length = (current.end - current.start).days + 1
    if length > 31:
        return Searched((), 0, "the next period's forecast: is made of weeks and months")
    if length > _WEEK:
        length = ((after + timedelta(31)).replace(day=1) - after).days
    expected = forecast_sales(connection, Span(question.data.start, current.end), length)
    if expected.total is None or expected.backtest is None:
        return Searched((), 0, f"the next period's forecast: {expected.silence}")
    return Searched((_finding(connection, current, expected.total, expected.backtest),), 1)


@dataclass(frozen=True)
class Smoothed:
    """A series smoothed by the constants that predict each value best from those before it.

    Args:
        alpha: of the level.
        gamma: of the season.
        level: the last one.
        season: what the next values are above the level, as many as a season has.
        errors: of the values behind the first three seasons.
    """

    alpha: float
    gamma: float
    level: float
    season: Floats
    errors: Floats

    def means(self, ahead: int) -> Floats:
        """Return the forecasts."""
        return self.level + np.resize(self.season, ahead)

    def weights(self, ahead: int) -> Floats:
        """Return by how much an error counts so many values later; 1 for its own."""
        later = np.arange(ahead)
        weights = self.alpha + self.gamma * (later % len(self.season) == 0)
        return np.where(later == 0, 1.0, weights)


def smooth(values: Floats, season: int) -> Smoothed:
    """Smooth a series: all constants at once, by the sum of squared errors behind three seasons."""
    alpha, gamma = (grid.ravel() for grid in np.meshgrid(ALPHAS, GAMMAS, indexing="ij"))
    start = values[: 3 * season].reshape(3, season)
    level = np.full(len(alpha), start.mean())
    seasons = np.tile(start.mean(axis=0) - start.mean(), (len(alpha), 1))
    later = len(values) - 3 * season
    errors = np.zeros((later, len(alpha)))
    for at, value in enumerate(values[3 * season :]):
        place = at % season
        error = errors[at] = value - level - seasons[:, place]
        level = level + alpha * error
        seasons[:, place] += gamma * error
    best = int(np.argmin((errors**2).sum(axis=0)))
    return Smoothed(
        float(alpha[best]),
        float(gamma[best]),
        float(level[best]),
        np.roll(seasons[best], -(later % season)),
        errors[:, best],
    )


class _History:
    """Daily sales up to a day."""

    def __init__(self, sales: Floats, start: date) -> None:
        self.start, self.days = start, len(sales)
        self._logs = log_sales(sales, start)
        strays = np.nan_to_num(deviations(self._logs, start))
        strayed = np.abs(strays[strays != 0])
        most = OUTLIER * _NORMAL * float(np.median(strayed)) if len(strayed) else np.inf
        #: What comes for a day, and not to stay.
        self._peaks = np.where(np.abs(strays) > most, strays, 0.0)
        self._level = self._logs - self._peaks

    @property
    def has_weekdays(self) -> bool:
        """Whether there is a weekday on which the shop is open."""
        return not np.isnan(self._logs).all()

    @property
    def knows_year(self) -> bool:
        """Whether there is a year ago, and four weeks before it."""
        return self.days >= _YEAR + STEP

    @cached_property
    def _smoothed(self) -> Smoothed:
        is_open = ~np.isnan(self._logs)
        season = len(np.unique(weekdays(self.start, self.days)[is_open]))
        return smooth(self._level[is_open], season)

    def paths(self, ahead: int, uses_year: bool) -> Floats:
        """Simulate what may come: a row a day ahead, nothing where the shop is closed."""
        every = weekdays(self.start, self.days + ahead)
        is_open = np.isin(every[self.days :], every[: self.days][~np.isnan(self._logs)])
        smoothed, count = self._smoothed, int(is_open.sum())
        luck = np.random.default_rng(_SEED)
        errors = luck.choice(smoothed.errors - smoothed.errors.mean(), (count, _PATHS))
        errors += luck.normal(0, _SMALLEST_DEVIATION, (count, _PATHS))
        later = np.subtract.outer(np.arange(count), np.arange(count))
        weights = np.where(later >= 0, smoothed.weights(count)[np.abs(later)], 0.0)
        paths = np.zeros((ahead, _PATHS))
        paths[is_open] = np.exp(smoothed.means(count)[:, None] + weights @ errors)
        if uses_year and self.knows_year:
            paths *= np.exp([[self._turn(at)] for at in range(ahead)])
        return paths

    def _turn(self, at: int) -> float:
        """How far above its last four weeks the shop was a year ago on a day ahead."""
        origin = self.days - _YEAR
        near = self._level[origin + at - _NEAR : origin + at + _NEAR + 1]
        before = self._level[origin - STEP : origin]
        return float(np.nanmedian(near) - np.nanmedian(before) + self._peaks[origin + at])


class _Try:
    """A forecast of the past, beside what came."""

    def __init__(self, history: _History, sales: Floats) -> None:
        self.history, origin = history, history.days
        self.actual = sales[origin : origin + STEP]
        self.naive = np.resize(sales[origin - _WEEK : origin], STEP)
        self._paths = {way: self.history.paths(STEP, way) for way in (False, True)}

    def error(self, uses_year: bool, days: int = 1) -> float:
        """The sum of absolute errors of so many days each."""
        return _apart(self._paths[uses_year].mean(axis=1), self.actual, days)

    def scores(self, uses_year: bool, days: int) -> list[float]:
        """How far outside of their interval sums of so many days were, 1 for at its end."""
        scores = []
        for at in range(0, STEP, days):
            sums = self._paths[uses_year][at : at + days].sum(axis=0)
            actual = float(self.actual[at : at + days].sum())
            if sums.any():
                low, middle, high = np.log(np.quantile(sums, [0.05, 0.5, 0.95]))
                apart = float(np.log(max(actual, 1e-2)) - middle)
                scores.append(apart / float((high if apart > 0 else low) - middle))
        return scores


def _apart(one: Floats, other: Floats, days: int) -> float:
    return float(np.abs((one - other).reshape(-1, days).sum(axis=1)).sum())


def _widening(scores: Sequence[float]) -> float:
    """By which factor intervals are to be wider so that they hold their share; at least 1."""
    rank = min(int(np.ceil(COVERAGE * (len(scores) + 1))), len(scores))
    return max(1.0, float(np.sort(scores)[rank - 1])) if scores else 1.0


def _expected(first: date, paths: Floats, at: int, days: int, factor: float) -> Expected:
    sums = paths[at : at + days].sum(axis=0)
    mean = low = high = float(sums.mean())
    if sums.any():
        ends = np.log(np.quantile(sums, [0.05, 0.5, 0.95]))
        low = min(mean, float(np.exp(ends[1] - factor * (ends[1] - ends[0]))))
        high = max(mean, float(np.exp(ends[1] + factor * (ends[2] - ends[1]))))
    return Expected(
        first + timedelta(at),
        first + timedelta(at + days - 1),
        *(Decimal(each).quantize(Decimal(1), ROUND_HALF_EVEN) for each in (mean, low, high)),
    )


def _backtest(tries: Sequence[_Try], uses_year: bool) -> Backtest:
    sales = sum(float(np.abs(each.actual).sum()) for each in tries)

    def wape(days: int) -> float:
        return round(sum(each.error(uses_year, days) for each in tries) / sales, 4)

    def naive_wape(days: int) -> float:
        return round(sum(_apart(each.naive, each.actual, days) for each in tries) / sales, 4)

    def coverage(days: int) -> float:
        scores = [each.scores(uses_year, days) for each in tries]
        held = []
        for at, own in enumerate(scores):
            others = [score for each in (*scores[:at], *scores[at + 1 :]) for score in each]
            held += [score <= _widening(others) for score in own]
        return round(sum(held) / len(held), 4)

    return Backtest(
        len(tries),
        wape(1),
        naive_wape(1),
        coverage(1),
        wape(_WEEK),
        naive_wape(_WEEK),
        coverage(_WEEK),
    )


def _finding(connection: Connection, current: Span, total: Expected, backtest: Backtest) -> Finding:
    from scipy.special import ndtr

    sql = f"""with sums as (
    select
        sum(net_sales) as net_sales,
        cast({total.forecast} as numeric(18, 2)) as forecast,
        cast({total.low} as numeric(18, 2)) as forecast_low,
        cast({total.high} as numeric(18, 2)) as forecast_high
    from {REPORT}
    where {within("sales_date", current)}
)

select
    {money("net_sales")} as net_sales,
    forecast,
    forecast_low,
    forecast_high,
    {money("forecast - net_sales")} as effect,
    {percent_change("forecast", "net_sales")} as change_percent,
    cast({100 * backtest.week_wape:.1f} as numeric(18, 1)) as error_percent,
    cast({100 * backtest.naive_week_wape:.1f} as numeric(18, 1)) as naive_error_percent
from sums"""
    told = figures(connection, sql)
    sold: Decimal = told["net_sales"]
    effect: Decimal = told["effect"]
    width = total.high - total.forecast if effect < 0 else total.forecast - total.low
    error = max(float(width) / Z90, 1e-9)
    return Finding(
        family="forecast",
        kind="forecast",
        span=Span(total.first, total.last),
        segment={},
        statement=(
            f"From {total.first} to {total.last} net sales of about {said(total.forecast)} are to "
            f"be expected ({said(total.low)} to {said(total.high)} in nine of ten cases), after "
            f"{said(sold)} from {current.start} to {current.end} ({told['change_percent']:+} %). "
            f"Weeks of the past it would have missed by {told['error_percent']} %, the week before "
            f"repeated by {told['naive_error_percent']} %."
        ),
        numbers=told,
        effect=effect,
        low=(total.low - sold).quantize(Decimal("0.01")),
        high=(total.high - sold).quantize(Decimal("0.01")),
        p_value=float(2 * ndtr(-abs(float(effect)) / error)),
        evidence_sql=sql,
        next_look="Plan stock and staff by it; what is planned and not in the past is not in it.",
    )
