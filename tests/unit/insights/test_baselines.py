"""The published searches of the benchmark find what their papers say they find."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks/insights"


@pytest.fixture(scope="module")
def baselines() -> dict[str, Any]:
    return runpy.run_path(str(BENCHMARK / "baselines.py"))


def _leaves(baselines: dict[str, Any], **fallen: float) -> Any:
    """Ten by eight leaves; `a3=0.4`: those of value 3 of dimension a are at 0.4."""
    codes = np.indices((10, 8)).reshape(2, -1)
    rng = np.random.default_rng(2)
    expected = rng.uniform(50, 150, codes.shape[1])
    actual = expected * (1 + rng.normal(0, 0.02, len(expected)))
    for name, left in fallen.items():
        inside = np.logical_and.reduce(
            [codes["ab".index(part[0])] == int(part[1:]) for part in name.split("_")]
        )
        actual[inside] = expected[inside] * left
    return baselines["Leaves"](codes, expected, actual)


def test_adtributor_names_the_value_that_explains_the_change(baselines: dict[str, Any]) -> None:
    assert {0: 3} in baselines["adtributor"](_leaves(baselines, a3=0.4))


def test_adtributor_sees_one_dimension_at_a_time(baselines: dict[str, Any]) -> None:
    found = baselines["adtributor"](_leaves(baselines, a3_b1=0.1))
    assert {0: 3, 1: 1} not in found


def test_riskloc_names_the_segment_at_its_depth(baselines: dict[str, Any]) -> None:
    assert baselines["riskloc"](_leaves(baselines, a3=0.4)) == [{0: 3}]
    assert baselines["riskloc"](_leaves(baselines, a3_b1=0.1), outliers=0) == [{0: 3, 1: 1}]


def test_riskloc_names_two_that_fell_alike(baselines: dict[str, Any]) -> None:
    found = baselines["riskloc"](_leaves(baselines, a3=0.5, b6=0.5))
    assert sorted(map(str, found)) == ["{0: 3}", "{1: 6}"]
