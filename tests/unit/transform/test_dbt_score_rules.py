"""The project linter's own rules: each with a model that keeps it and one that does not."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from dbt_score_rules import house  # noqa: E402


def column(name: str, data_type: str | None = "text") -> SimpleNamespace:
    return SimpleNamespace(name=name, data_type=data_type)


def checks(name: str, **arguments: object) -> list[SimpleNamespace]:
    return [SimpleNamespace(type=name, kwargs=arguments)]


GOOD: dict[str, Any] = {
    "name": "final_sales",
    "schema": "final",
    "description": "One row per day.",
    "access": "public",
    "config": {"contract": {"enforced": True}},
    "columns": [column("sales_date"), column("country")],
    "tests": checks("well_formed", keys=[["sales_date", "country"]]),
}

BAD: list[tuple[str, dict[str, Any]]] = [
    ("description_says_what_a_row_is", {"description": "Sales by day."}),
    ("key_is_tested", {"tests": checks("well_formed", never_null=["sales_date"])}),
    ("key_is_tested", {"tests": checks("found_in", parents={})}),
    ("key_is_tested", {"tests": []}),
    ("final_models_are_public_by_contract", {"access": "protected"}),
    ("final_models_are_public_by_contract", {"config": {"contract": {"enforced": False}}}),
    ("final_models_are_public_by_contract", {"columns": [column("country", data_type=None)]}),
    ("staging_is_private", {"schema": "staging"}),
]


def violation(rule: str, model: dict[str, Any]) -> Any:
    return getattr(house, rule)().evaluate(SimpleNamespace(**model))


@pytest.mark.parametrize(("rule", "fault"), BAD)
def test_a_rule_is_kept_or_not(rule: str, fault: dict[str, Any]) -> None:
    assert violation(rule, GOOD) is None
    assert violation(rule, GOOD | fault).message


@pytest.mark.parametrize(
    ("name", "has_a_key"),
    [
        ("stg_orders", True),
        ("base_orders", False),
        ("changed_orders", False),
        ("quarantine", False),
    ],
)
def test_records_as_they_were_read_have_no_key(name: str, has_a_key: bool) -> None:
    model: Any = SimpleNamespace(name=name)
    assert house.has_a_key().evaluate(model) == has_a_key
