"""Segments whose sales went another way than everybody else's.

For each segment the logarithm of its sales over its complement's is followed from period to period.
The last step is compared with the steps that were usual, for it and for segments of its size, by a
moderated t-test: what the whole shop has in common (growth, season, luck of days) is in both and
cancels out; what makes sales of a segment uneven (few customers who order much, orders of unequal
size, habits that drift) is in the earlier steps and so in the yardstick.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from ecomdata.insights.drivers.cube import SOLD, SUPPORT, Cube, Floats, read_cube
from ecomdata.insights.evidence import (
    SUMMARY,
    called,
    figures,
    literal,
    money,
    percent_change,
    product_name,
    real,
    said,
    within,
)
from ecomdata.insights.false_discoveries import FALSE_DISCOVERY_RATE
from ecomdata.insights.finding import Z90, Finding, Question, Searched
from ecomdata.warehouse import Connection

#: Steps between periods before the last one that tell what is usual, at least.
FEWEST_STEPS: Final = 5
#: A product that sells less than this share of what it did has left the range or the shelf: that is
#: told by the bridge and by what looks at products day by day.
_STILL_SOLD: Final = 0.05
#: A segment of more than this share is the shop itself: what moved apart is the rest.
_MOST_SHARE: Final = 0.5
#: Periods before the last one whose median is the other thing that it is compared with: coming back
#: from a bad period is no news.
_USUAL: Final = 3
_MOST: Final = 20
#: The upper quartile of the absolute value of a standard normal variable.
_QUARTILE: Final = 1.1503
#: Degrees of freedom of that quartile, for each step.
_FREEDOM: Final = 0.5
#: Sizes that differ by less have no trend.
_ALIKE: Final = 1e-6


@dataclass(frozen=True)
class Step:
    """What a segment did in the last period.

    Args:
        segment: dimension to value.
        change: of the logarithm of its sales over the complement's.
        error: the standard deviation of such changes.
        score: how many of its standard deviations it is, at the least favourable comparison.
        p_value: how often chance alone does as much.
    """

    segment: dict[str, str]
    change: float
    error: float
    score: float
    p_value: float


def search_contributions(connection: Connection, question: Question) -> Searched:
    """Return the segments that moved apart from the rest, each explained away before the next."""
    cube = read_cube(connection, question)
    if cube.periods < FEWEST_STEPS + 2:
        return Searched(
            (),
            0,
            f"what moved apart from the rest: needs {FEWEST_STEPS + 2} whole periods of sales, "
            f"has {cube.periods}",
        )
    new = launched(cube)
    for segment in new:
        cube = cube.without(cube.cells(segment))
    found, tests = explained(cube, rate=1.0)
    findings = []
    for at, step in enumerate(found):
        others = [*new, *(other.segment for other in found[:at])]
        findings.append(_finding(connection, question, step, others))
    return Searched(tuple(findings), tests)


def explained(
    cube: Cube, support: float = SUPPORT, rate: float = FALSE_DISCOVERY_RATE
) -> tuple[list[Step], int]:
    """Return the steps that stand out, the clearest first, and how many segments were tested.

    The cells of a segment that is found are taken away before the next is looked for: what it says
    is not said again by its parts, its wholes or by those that gained in share.

    Args:
        cube: the sales.
        support: the share of sales that a segment has at the least.
        rate: how much of what is returned may be chance; 1 leaves that to who asked.
    """
    found: list[Step] = []
    tests = 0
    while len(found) < _MOST:
        steps = moved(cube, support)
        tests = max(tests, len(steps))
        if not steps:
            break
        best = max(steps, key=lambda step: (step.score, -len(step.segment)))
        if best.p_value * tests > rate * (len(found) + 1):
            break
        found.append(best)
        cube = cube.without(cube.cells(best.segment))
    return found, tests


def launched(cube: Cube) -> list[dict[str, str]]:
    """Return the values that sell now and did not in each of the periods that are compared with.

    Beside them everything else would seem to have lost; they are the bridge's and the launches'.
    """
    usual = slice(1, 1 + _USUAL)
    sold = cube.sales.sum(axis=0)[usual] > 0
    new = []
    for name, codes, values in zip(cube.dimensions, cube.codes, cube.values, strict=True):
        for code, value in enumerate(values):
            sums = cube.sales[codes == code].sum(axis=0)
            if sums[0] > 0 and (sums[usual][sold] <= 0).any():
                new.append({name: value})
    return new


def moved(cube: Cube, support: float) -> list[Step]:
    """Return the last step of each segment that was sold all along."""
    total = cube.sales.sum(axis=0)
    if min(total[:2]) <= 0:
        return []
    half_an_order = 0.5 * total[0] / max(cube.orders[0], 1.0)
    sold = total > 0
    usual = slice(1, 1 + _USUAL)
    segments, sales = [], []
    for segment, sums in cube.segments(support):
        left = "product_id" in segment and sums[0] < _STILL_SOLD * sums[usual].mean()
        small = sums[usual].sum() <= _MOST_SHARE * total[usual].sum()
        if small and not left and (sums[usual][sold[usual]] > 0).all():
            segments.append(segment)
            sales.append(sums)
    if not segments or sold.sum() < FEWEST_STEPS + 2:
        return []
    own = np.array(sales)[:, sold]
    others = np.maximum(total[sold] - own, 0)
    ratio = np.log(np.maximum(own, 0) + half_an_order) - np.log(others + half_an_order)
    steps = ratio[:, :-1] - ratio[:, 1:]
    error, freedom = usual_steps(steps[:, 1:], own[:, 1:].mean(axis=1))
    comparisons = [
        (steps[:, 0], 1.0),
        (ratio[:, 0] - np.median(ratio[:, usual], axis=1), 1.0),
    ]
    if sold.all() and steps.shape[1] > cube.year:
        comparisons.append((steps[:, 0] - steps[:, cube.year], 2.0))
    scores = np.array([change / (error * factor**0.5) for change, factor in comparisons])
    agreed = (np.sign(scores) == np.sign(scores[0])).all(axis=0)
    score = np.where(agreed, np.abs(scores).min(axis=0), 0.0)
    from scipy.special import stdtr

    p_values = 2 * stdtr(freedom, -score)
    return [
        Step(segment, float(change), float(e), float(s), float(p))
        for segment, change, e, s, p in zip(
            segments, steps[:, 0], error, score, p_values, strict=True
        )
    ]


def usual_steps(steps: Floats, size: Floats) -> tuple[Floats, float]:
    """Return the standard deviation of each row's steps, and the degrees of freedom it has.

    From the row's own quartile of absolute steps, which events of the past do not move, drawn
    towards what rows of its size have.

    Source: Smyth 2004 (empirical Bayes variances, trend by size as limma's).
    """
    from scipy.special import digamma, polygamma

    own = (np.quantile(np.abs(steps), 0.75, axis=1) / _QUARTILE) ** 2
    own = np.maximum(own, 1e-6)
    freedom = _FREEDOM * steps.shape[1]
    centred = np.log(own) - digamma(freedom / 2) + np.log(freedom / 2)
    if len(own) < 4 or np.ptp(np.log(size)) < _ALIKE:
        return np.sqrt(own), freedom
    trend = np.polynomial.Polynomial.fit(np.log(size), centred, 1)
    fitted = trend(np.log(size))
    excess = float(np.var(centred - fitted, ddof=2) - polygamma(1, freedom / 2))
    prior = _inverse_trigamma(excess) * 2 if excess > 0 else 1e3
    prior = min(prior, 1e3)
    pooled = (prior * np.exp(fitted) + freedom * own) / (prior + freedom)
    return np.sqrt(pooled), prior + freedom


def _inverse_trigamma(value: float) -> float:
    """Newton's method as limma has it."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        first = float(polygamma(1, x))
        x += first * (1 - first / value) / float(polygamma(2, x))
    return x


def _finding(
    connection: Connection, question: Question, step: Step, others: list[dict[str, str]]
) -> Finding:
    now, before = within("sales_date", question.current), within("sales_date", question.before)
    own = _condition(step.segment)
    apart = "".join(f" and not ({_condition(other)})" for other in others)
    product = step.segment.get("product_id")
    name = f",\n    {product_name(product)} as product_name" if product else ""
    sql = f"""with sums as (
    select
        sum(case when {now} and {own} then {SOLD} else 0 end) as sales,
        sum(case when {before} and {own} then {SOLD} else 0 end) as sales_before,
        sum(case when {now} and not ({own}) then {SOLD} else 0 end) as others,
        sum(case when {before} and not ({own}) then {SOLD} else 0 end) as others_before
    from {SUMMARY}
    where ({now} or {before}){apart}
)

select
    {money("sales")} as sales,
    {money("sales_before")} as sales_before,
    {percent_change("sales", "sales_before")} as change_percent,
    {percent_change("others", "others_before")} as others_change_percent,
    {
        money(
            f"{real('sales')} - {real('sales_before')} * {real('others')}"
            f" / nullif({real('others_before')}, 0)"
        )
    } as effect{name}
from sums"""
    told = figures(connection, sql)
    effect: Decimal = told["effect"]
    expected = float(told["sales"] - effect)
    ends = sorted(
        Decimal(float(told["sales"]) - expected * float(np.exp(sign * Z90 * step.error)))
        for sign in (-1, 1)
    )
    less = effect < 0
    return Finding(
        family="sales",
        kind="contribution",
        span=question.current,
        segment=step.segment,
        statement=(
            f"{_named(step.segment, told.get('product_name'))} sold for {said(told['sales'])} "
            f"({told['change_percent']:+} %), after {said(told['sales_before'])} from "
            f"{question.before.start} to {question.before.end}; everything else changed by "
            f"{told['others_change_percent']:+} %. Had it gone with the rest it would have sold "
            f"for {said(effect)} {'more' if less else 'less'}."
        ),
        numbers=told,
        effect=effect,
        low=ends[0].quantize(Decimal("0.01")),
        high=ends[1].quantize(Decimal("0.01")),
        p_value=step.p_value,
        evidence_sql=sql,
        next_look=(
            "Look at its orders by day and customer: what ended, and when."
            if less
            else "Look at its orders by day and customer: what began, and can there be more of it."
        ),
    )


def _condition(segment: dict[str, str]) -> str:
    return " and ".join(f"{name} = {literal(value)}" for name, value in segment.items())


_TYPES: Final = {
    "new": "customers who order for the first time",
    "returning": "customers who came back",
    "guest": "guests",
}


def _named(segment: dict[str, str], name: str | None) -> str:
    """The segment in words."""
    product = segment.get("product_id")
    what = called(product, name) if product else segment.get("category")
    who = _TYPES.get(segment.get("customer_type", ""), segment.get("customer_type", ""))
    where = segment.get("country")
    words = what or "Orders"
    if who:
        words += f" to {who}" if what else f" of {who}"
    if where:
        words += f" in {where}" if what or who else f" from {where}"
    return words
