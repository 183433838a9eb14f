"""The project's own generic tests: each with a table that passes and one that fails."""

import re
from importlib import resources

import duckdb
import pytest
import yaml
from jinja2 import Environment, StrictUndefined

GENERIC = resources.files("ecomdata.transform") / "project" / "tests" / "generic"


def failing(test: str, table: str, **arguments: object) -> list[tuple[str, int]]:
    """What a generic test finds in a table of VALUES."""
    text = (GENERIC / f"{test}.sql").read_text(encoding="utf-8")
    found = re.search(r"{% test " + test + r"\((model.*)\) %}(.*){% endtest %}", text, re.S)
    assert found
    macro = f"{{% macro test({found[1]}) %}}{found[2]}{{% endmacro %}}{{{{ test(**given) }}}}"
    template = Environment(undefined=StrictUndefined).from_string(macro)
    sql = template.render(
        given={"model": f"({table})"} | arguments, where_made_anew=lambda model: "where made_anew"
    )
    return sorted(duckdb.execute(sql).fetchall())


def test_every_generic_test_is_documented() -> None:
    documented = yaml.safe_load((GENERIC / "generic.yml").read_text(encoding="utf-8"))["macros"]
    files = {each.name.removesuffix(".sql") for each in GENERIC.iterdir() if ".sql" in each.name}
    assert {each["name"] for each in documented} == {f"test_{name}" for name in files}


GIVEN = "select *, true as made_anew from (values {}) as given (number, word)"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("(1, 'a'), (2, 'b')", []),
        ("(1, 'b'), (null, 'b'), (null, 'b')", [("number is NULL", 2), ("number stands twice", 1)]),
        ("(1, 'b'), (1, 'b'), (1, 'b'), (2, 'a'), (2, 'a')", [("number stands twice", 2)]),
        ("(1, null), (2, 'a')", [("word is NULL", 1)]),
        ("(1, 'c'), (2, 'd'), (3, 'a')", [("word is no accepted value", 2)]),
    ],
)
def test_well_formed_finds_what_is_null_stands_twice_or_is_no_accepted_value(
    rows: str, found: list[tuple[str, int]]
) -> None:
    arguments = {"keys": [["number"]], "never_null": ["word"], "accepted": {"word": ["a", "b"]}}
    assert failing("well_formed", GIVEN.format(rows), **arguments) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("(1, 'a'), (1, 'b'), (2, 'a')", []),
        ("(1, 'a'), (1, 'b'), (1, 'a')", [("number, word stands twice", 1)]),
        ("(1, null), (1, null)", [("number, word stands twice", 1), ("word is NULL", 2)]),
    ],
)
def test_columns_name_one_row_together(rows: str, found: list[tuple[str, int]]) -> None:
    assert failing("well_formed", GIVEN.format(rows), keys=[["number", "word"]]) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("(1, 'a'), (null, null)", []),
        ("(1, 'b'), (1, 'c'), (2, 'a')", [("number is not found", 1), ("word is not found", 2)]),
    ],
)
def test_found_in_finds_each_column_with_the_rows_whose_parent_is_missing(
    rows: str, found: list[tuple[str, int]]
) -> None:
    parents = {
        "number": ["(select 1 as number union all select null)", "number"],
        "word": ["(select 'a' as word union all select null)", "word"],
    }
    assert failing("found_in", GIVEN.format(rows), parents=parents) == found


@pytest.mark.parametrize(
    ("test", "arguments"),
    [
        ("well_formed", {"keys": [["number"]], "accepted": {"word": ["a"]}}),
        ("found_in", {"parents": {"word": ["(select 'a' as word)", "word"]}}),
    ],
)
def test_rows_that_were_not_made_anew_are_not_looked_at(
    test: str, arguments: dict[str, object]
) -> None:
    rows = "(1, 'a', true), (2, 'x', false), (null, 'x', false), (2, 'x', false)"
    table = f"select * from (values {rows}) as given (number, word, made_anew)"
    assert failing(test, table, **arguments) == []
    assert failing(test, table.replace("false", "true"), **arguments) != []
