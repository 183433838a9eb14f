"""The contribution search on cubes made by hand and by chance."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from ecomdata.insights.drivers.contributions import (
    explained,
    launched,
    moved,
    usual_steps,
)
from ecomdata.insights.drivers.cube import SUPPORT, Cube

SIZES = (6, 5, 1, 2)
NAMES = ("country", "category", "product_id", "customer_type")


def _cube(seed: int, periods: int = 20, noise: float = 0.08) -> Cube:
    """Sales that grow, have a season, and vary by cell."""
    rng = np.random.default_rng(seed)
    codes = np.indices(SIZES).reshape(4, -1)
    codes[2] = -1  # no product is large
    level = rng.uniform(500, 2000, codes.shape[1])
    common = np.exp(0.4 * np.sin(np.arange(periods)) - 0.03 * np.arange(periods))
    sales = level[:, None] * common * np.exp(rng.normal(0, noise, (codes.shape[1], periods)))
    values = tuple(
        tuple(f"{name} {at}" for at in range(n)) for name, n in zip("CKPT", SIZES, strict=True)
    )
    return Cube(periods, 12, NAMES, values, codes, sales, sales.sum(axis=0) / 50)


def _with(cube: Cube, segment: Mapping[str, str], factor: float) -> Cube:
    sales = cube.sales.copy()
    sales[cube.cells(dict(segment)), 0] *= factor
    return replace(cube, sales=sales)


def _segments(cube: Cube) -> list[dict[str, str]]:
    return [step.segment for step in explained(cube)[0]]


@pytest.mark.parametrize(
    "segment",
    [
        {"country": "C 2"},
        {"category": "K 1", "customer_type": "T 0"},
        {"country": "C 0", "category": "K 3", "customer_type": "T 1"},
    ],
)
@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_a_segment_that_moved_is_told_at_its_own_depth_and_nothing_else(
    segment: Mapping[str, str], factor: float
) -> None:
    assert _segments(_with(_cube(1), segment, factor)) == [segment]


def test_beside_a_new_category_nothing_else_seems_to_have_lost() -> None:
    cube, new = _cube(4), {"category": "K 4"}
    assert launched(cube) == []
    sales = cube.sales.copy()
    sales[cube.cells(new), 0] *= 20
    sales[cube.cells(new), 1:] = 0
    cube = replace(cube, sales=sales)
    assert launched(cube) == [new]
    assert {"category": "K 0"} in _segments(cube)
    assert _segments(cube.without(cube.cells(new))) == []


def test_two_segments_are_told_apart() -> None:
    cube = _with(_with(_cube(2), {"country": "C 2"}, 0.5), {"category": "K 0"}, 1.6)
    found = _segments(cube)
    assert len(found) == 2
    assert {"country": "C 2"} in found and {"category": "K 0"} in found


def test_growth_and_season_of_all_are_no_finding() -> None:
    cube = _cube(3)
    sales = cube.sales.copy()
    sales[:, 0] *= 3
    assert _segments(replace(cube, sales=sales)) == _segments(cube) == []


def test_by_chance_alone_few_cubes_have_findings() -> None:
    assert sum(bool(_segments(_cube(seed))) for seed in range(40, 80)) <= 4


def test_a_segment_that_swings_every_period_is_no_finding_when_it_swings_again() -> None:
    cube = _cube(4)
    sales = cube.sales.copy()
    swing = np.where(np.arange(cube.periods) % 2 == 0, 0.5, 1.0)
    inside = cube.cells({"country": "C 2"})
    sales[inside] *= swing
    assert {"country": "C 2"} not in _segments(replace(cube, sales=sales))


def test_what_moved_alike_a_year_ago_is_the_season() -> None:
    cube = _with(_cube(5), {"category": "K 1"}, 1.6)
    assert {"category": "K 1"} in _segments(cube)
    sales = cube.sales.copy()
    sales[cube.cells({"category": "K 1"}), 12] *= 1.6
    assert {"category": "K 1"} not in _segments(replace(cube, sales=sales))


def test_coming_back_from_a_bad_period_is_no_news() -> None:
    cube = _cube(6)
    sales = cube.sales.copy()
    sales[cube.cells({"country": "C 2"}), 1] *= 0.4
    assert {"country": "C 2"} not in _segments(replace(cube, sales=sales))


def test_the_shop_closed_for_a_period_is_no_period() -> None:
    cube = _with(_cube(7), {"country": "C 2"}, 0.5)
    sales = cube.sales.copy()
    sales[:, [2, 5]] = 0
    assert _segments(replace(cube, sales=sales)) == [{"country": "C 2"}]


def test_segments_below_the_support_and_above_half_are_not_tested() -> None:
    cube = _cube(8)
    shares = cube.sales.sum(axis=0)
    steps = moved(cube, SUPPORT)
    tested = [cube.sales[cube.cells(step.segment)].sum(axis=0) / shares for step in steps]
    assert min(share[:2].max() for share in tested) >= SUPPORT
    assert max(share[1:4].mean() for share in tested) <= 0.5
    assert len(moved(cube, 0.1)) < len(steps)


def test_the_yardstick_is_the_standard_deviation_of_the_steps() -> None:
    rng = np.random.default_rng(9)
    sigma = np.repeat([0.1, 0.1, 0.4, 0.4], 50)
    size = np.repeat([1000.0, 1000.0, 60.0, 60.0], 50)
    error, freedom = usual_steps(rng.normal(0, sigma[:, None], (200, 20)), size)
    assert np.median(error[:100]) == pytest.approx(0.1, rel=0.1)
    assert np.median(error[100:]) == pytest.approx(0.4, rel=0.1)
    assert freedom > 20  # rows of one size share what they know


def test_one_event_of_the_past_does_not_move_the_yardstick() -> None:
    rng = np.random.default_rng(10)
    steps = rng.normal(0, 0.1, (30, 20))
    size = rng.uniform(100, 1000, 30)
    before, _ = usual_steps(steps, size)
    steps[0, 4:6] = (-2.0, 2.0)
    after, _ = usual_steps(steps, size)
    assert after[0] < 1.6 * before[0]
