"""Published searches for the segments behind a change, written anew from their papers.

Both take leaves (codes by dimension), what was to be expected of each and what it was.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: A segment: dimension index to code.
Segment = dict[int, int]


@dataclass(frozen=True)
class Leaves:
    """The finest cells of a cube.

    Args:
        codes: by dimension and leaf.
        expected: of each leaf.
        actual: of each leaf.
    """

    codes: Ints
    expected: Floats
    actual: Floats


def adtributor(
    leaves: Leaves, least: float = 0.1, enough: float = 0.1, dimensions: int = 3
) -> list[Segment]:
    """Return values of single dimensions, by the surprise of the dimensions.

    Source: Bhagwan et al. 2014, "Adtributor: Revenue Debugging in Advertising Systems", NSDI,
    algorithm 1; `least` and `enough` are its T_EEP and T_EP.
    """
    change = leaves.actual.sum() - leaves.expected.sum()
    candidates = []
    for dimension, codes in enumerate(leaves.codes):
        expected = np.bincount(codes[codes >= 0], leaves.expected[codes >= 0])
        actual = np.bincount(codes[codes >= 0], leaves.actual[codes >= 0], len(expected))
        p, q = expected / leaves.expected.sum(), actual / leaves.actual.sum()
        surprise = 0.5 * (_entropy(p, q) + _entropy(q, p))
        power = (actual - expected) / change
        chosen: list[int] = []
        explained = total = 0.0
        for at in np.argsort(-surprise, kind="stable"):
            if power[at] > least:
                chosen.append(int(at))
                explained += power[at]
                total += surprise[at]
                if explained > enough:
                    candidates.append((total, dimension, chosen))
                    break
    candidates.sort(key=lambda candidate: -candidate[0])
    return [
        {dimension: code} for _, dimension, chosen in candidates[:dimensions] for code in chosen
    ]


def riskloc(
    leaves: Leaves, risk: float = 0.5, part: float = 0.02, outliers: int = 5, depth: int = 3
) -> list[Segment]:
    """Return segments by weighted risk, layer by layer, each taken away before the next.

    Source: Kalander 2022, "RiskLoc: Localization of Multi-dimensional Root Causes by Weighted
    Risk", with the paper's parameters; without its pruning, which is for speed.
    """
    codes, expected, actual = leaves.codes, leaves.expected, leaves.actual
    deviation = _deviation(expected, actual)
    every = np.unique(deviation)
    if len(every) <= outliers:
        return []
    ends = every[outliers], every[-outliers - 1]
    cutoff = -min(ends, key=abs)
    abnormal = deviation > cutoff if cutoff >= 0 else deviation < cutoff
    weight = np.minimum(np.where(abnormal, np.abs(deviation), np.abs(cutoff - deviation)), 1.0)
    weight[(actual == 0) & (expected == 0)] = 0.0
    power = (actual - expected) / (actual.sum() - expected.sum())
    if power[abnormal].sum() < 0:
        power = -power
    least = part * power[abnormal].sum()
    left = np.ones(len(actual), dtype=np.bool_)
    found: list[Segment] = []
    while len(found) < 20 and power[left & abnormal].sum() >= least > 0:
        best = None
        for layer in range(1, min(depth, len(codes)) + 1):
            best = _riskiest(codes, expected, actual, deviation, abnormal, weight, power, left,
                             layer, risk, least)  # fmt: skip
            if best is not None:
                break
        if best is None:
            break
        found.append(best)
        left &= ~_inside(codes, best)
    return found


def _riskiest(
    codes: Ints, expected: Floats, actual: Floats, deviation: Floats, abnormal: NDArray[np.bool_],
    weight: Floats, power: Floats, left: NDArray[np.bool_], layer: int, risk: float, least: float,
) -> Segment | None:  # fmt: skip
    best, most = None, least
    for dimensions in combinations(range(len(codes)), layer):
        rows = np.flatnonzero(left & (codes[list(dimensions)] >= 0).all(axis=0))
        if not len(rows):
            continue
        sizes = [int(codes[d].max()) + 1 for d in dimensions]
        key = np.ravel_multi_index(tuple(codes[d, rows] for d in dimensions), sizes)
        total = int(np.prod(sizes))
        powers = np.bincount(key, power[rows], total)
        hits = np.bincount(key, abnormal[rows], total)
        for element in np.argsort(-powers, kind="stable"):
            if powers[element] <= most:
                break
            if not hits[element]:
                continue
            of = rows[key == element]
            high = weight[of][abnormal[of]].sum()
            high_risk = high / (high + weight[of][~abnormal[of]].sum() + 1)
            if high_risk - _low_risk(expected[of], actual[of], deviation[of]) >= risk:
                places = np.unravel_index(int(element), sizes)
                best = {d: int(place) for d, place in zip(dimensions, places, strict=True)}
                most = powers[element]
                break
    return best


def _low_risk(expected: Floats, actual: Floats, deviation: Floats) -> float:
    told = (actual != 0) & (expected != 0)
    if not told.any() or not np.abs(deviation[told]).mean():
        return 0.0
    in_step = expected[told] * actual[told].sum() / expected[told].sum()
    return float(np.abs(_deviation(in_step, actual[told])).mean() / np.abs(deviation[told]).mean())


def _deviation(expected: Floats, actual: Floats) -> Floats:
    both = expected + actual
    deviation: Floats = np.divide(
        2 * (expected - actual), both, out=np.zeros_like(both), where=both != 0
    )
    return deviation


def _entropy(p: Floats, q: Floats) -> Floats:
    both = p + q
    ratio = np.divide(2 * p, both, out=np.ones_like(p), where=(p > 0) & (both > 0))
    terms: Floats = p * np.log(ratio)
    return terms


def _inside(codes: Ints, segment: Segment) -> NDArray[np.bool_]:
    return np.logical_and.reduce([codes[d] == code for d, code in segment.items()])
