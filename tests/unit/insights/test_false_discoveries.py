"""The control of false discoveries, against Benjamini and Hochberg's own example."""

import pytest

from ecomdata.insights.false_discoveries import q_values

#: Benjamini and Hochberg 1995, section 3.3: 15 comparisons, of which 4 are significant at 0.05.
THEIRS = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240),
    *(0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_four_of_their_fifteen_are_discoveries() -> None:
    q = q_values(THEIRS, len(THEIRS))
    assert [value <= 0.05 for value in q] == [True] * 4 + [False] * 11
    assert q[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert q == sorted(q)


def test_what_was_tested_and_not_listed_counts() -> None:
    assert q_values([0.001], 100) == pytest.approx([0.1])
    assert q_values(THEIRS[:4], 15) == pytest.approx(q_values(THEIRS, 15)[:4])


def test_a_q_value_is_never_above_that_of_a_larger_p_value() -> None:
    assert q_values([0.02, 0.03], 2) == pytest.approx([0.03, 0.03])


def test_the_order_of_the_p_values_does_not_matter() -> None:
    assert q_values(THEIRS[::-1], 15) == q_values(THEIRS, 15)[::-1]


def test_nothing_gives_nothing() -> None:
    assert q_values([], 12) == []
