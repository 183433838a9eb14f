"""The segments: each of the 125 combinations of scores has one name, and the docs say which."""

import re
from itertools import product
from pathlib import Path

import duckdb
import pytest
from jinja2 import Environment

ROOT = Path(__file__).parents[3]

Range = tuple[int, str, tuple[int, int], tuple[int, int], tuple[int, int]]


@pytest.fixture(scope="module")
def ranges() -> list[Range]:
    """Number, name and the ranges of recency, frequency and monetary, as the models read them."""
    macros = ROOT / "src/ecomdata/transform/project/macros/segments.sql"
    module = Environment().from_string(macros.read_text(encoding="utf-8")).module
    rows = duckdb.execute(str(getattr(module, "segment_ranges")())).fetchall()  # noqa: B009
    return [(row[0], row[1], row[2:4], row[4:6], row[6:8]) for row in rows]


def test_each_combination_of_scores_stands_in_one_range(ranges: list[Range]) -> None:
    for scores in [(0, 0, 0), *product(range(1, 6), repeat=3)]:
        found = [
            row
            for row in ranges
            if all(low <= score <= high for score, (low, high) in zip(scores, row[2:], strict=True))
        ]
        assert len(found) == 1, (scores, found)


def test_a_number_is_one_name_and_the_other_way_round(ranges: list[Range]) -> None:
    pairs = {row[:2] for row in ranges}
    assert sorted(number for number, _ in pairs) == list(range(1, len(pairs) + 1))
    assert len({name for _, name in pairs}) == len(pairs)


def test_the_docs_list_the_same_ranges_in_the_same_order(ranges: list[Range]) -> None:
    text = (ROOT / "docs/kpis.md").read_text(encoding="utf-8")
    score = r"([1-5])(?:-([1-5]))?"
    listed = re.findall(rf"^\| ([A-Z][a-z ]+) \| {score} \| {score} \| {score} \|", text, re.M)
    documented = [
        (name, *((int(low), int(high or low)) for low, high in zip(s[::2], s[1::2], strict=True)))
        for name, *s in listed
    ]
    assert documented == [row[1:] for row in ranges if row[1] != "No orders"]
