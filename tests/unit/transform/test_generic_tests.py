"""The project's own generic tests: each with a table that passes and one that fails."""

import re
from importlib import resources

import duckdb
import pytest
import yaml
from jinja2 import Environment, StrictUndefined

GENERIC = resources.files("ecomdata.transform") / "project" / "tests" / "generic"


def failing(test: str, columns: list[str], table: str) -> list[tuple[object, ...]]:
    """The rows that a generic test finds in a table of VALUES."""
    text = (GENERIC / f"{test}.sql").read_text(encoding="utf-8")
    found = re.search(r"{% test " + test + r"\(model, columns\) %}(.*){% endtest %}", text, re.S)
    assert found
    template = Environment(undefined=StrictUndefined).from_string(found[1])
    return duckdb.execute(template.render(model=f"({table})", columns=columns)).fetchall()


def test_every_generic_test_is_documented() -> None:
    documented = yaml.safe_load((GENERIC / "generic.yml").read_text(encoding="utf-8"))["macros"]
    files = {each.name.removesuffix(".sql") for each in GENERIC.iterdir() if ".sql" in each.name}
    assert {each["name"] for each in documented} == {f"test_{name}" for name in files}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("(1, 'a'), (2, 'b')", []),
        ("(1, null), (null, null)", [("number", 1), ("word", 2)]),
        ("(1, 'a'), (null, 'b')", [("number", 1)]),
    ],
)
def test_never_null_finds_each_column_with_its_nulls(
    rows: str, found: list[tuple[str, int]]
) -> None:
    table = f"select * from (values {rows}) as given (number, word)"
    assert sorted(failing("never_null", ["number", "word"], table)) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("(1, 'a'), (1, 'b'), (2, 'a')", []),
        ("(1, 'a'), (1, 'b'), (1, 'a')", [(1, "a", 2)]),
        ("(1, null), (1, null)", [(1, None, 2)]),
    ],
)
def test_unique_combination_finds_what_stands_twice(
    rows: str, found: list[tuple[object, ...]]
) -> None:
    table = f"select * from (values {rows}) as given (number, word)"
    assert failing("unique_combination", ["number", "word"], table) == found
