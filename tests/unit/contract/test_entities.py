"""The contract's columns, and that everybody who repeats them repeats them rightly."""

import ast
import re
from importlib import resources

import pytest
import yaml

from ecomdata.contract import BUILD_TABLES, ENTITIES, META_TABLES, Entity, entity
from ecomdata.contract.entities import PROVENANCE
from ecomdata.ingest.connector import find_connector

STAGING = resources.files("ecomdata") / "transform" / "project" / "models" / "staging"
NAMES = [one.name for one in ENTITIES]
of_each_entity = pytest.mark.parametrize("one", ENTITIES, ids=NAMES)


def test_the_briefs_columns_come_first_and_these_are_required() -> None:
    assert {one.name: one.column_names for one in ENTITIES} == {
        "customers": ("customer_id", "name", "email", "country", "signup_date"),
        "products": ("product_id", "product_name", "category", "price", "unit_cost"),
        "orders": (
            *("order_id", "customer_id", "product_id", "quantity", "total_price", "order_date"),
            *("line_number", "unit_price", "discount_amount", "status", "currency", "channel"),
        ),
        "returns": (
            *("order_id", "product_id", "quantity", "refund_amount", "return_date"),
            *("return_id", "reason", "customer_id"),
        ),
    }
    assert {one.name: one.required for one in ENTITIES} == {
        "customers": ("customer_id",),
        "products": ("product_id",),
        "orders": ("order_id", "product_id", "quantity", "total_price", "order_date"),
        "returns": ("order_id", "product_id", "refund_amount"),
    }


@of_each_entity
def test_an_entity_is_found_by_name_and_names_its_columns_once(one: Entity) -> None:
    assert entity(one.name) is one
    provenance = [name for name, _ in PROVENANCE]
    assert len({*one.column_names, *provenance}) == len(one.columns) + len(provenance)
    assert set(one.stated_by) <= set(one.column_names)
    assert all(column.meaning.endswith(".") for column in one.columns)


def test_an_unknown_entity_is_no_entity() -> None:
    with pytest.raises(KeyError, match="invoices"):
        entity("invoices")


@pytest.mark.parametrize(
    "table",
    (*META_TABLES, *BUILD_TABLES),
    ids=[table.name for table in (*META_TABLES, *BUILD_TABLES)],
)
def test_a_table_of_book_keeping_has_its_key_among_its_columns(table: object) -> None:
    names = [name for name, _ in table.columns]  # type: ignore[attr-defined]
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)  # type: ignore[attr-defined]


def test_dbts_sources_are_the_contracts_tables() -> None:
    text = (STAGING / "sources.yml").read_text(encoding="utf-8")
    sources = {source["name"]: source for source in yaml.safe_load(text)["sources"]}
    assert {name: source["schema"] for name, source in sources.items()} == {
        "raw": "raw",
        "meta": "meta",
    }
    assert [table["name"] for table in sources["raw"]["tables"]] == NAMES
    known = {table.name for table in (*META_TABLES, *BUILD_TABLES)}
    assert {table["name"] for table in sources["meta"]["tables"]} <= known


@of_each_entity
def test_a_base_model_trims_the_contracts_columns_in_their_order(one: Entity) -> None:
    sql = (STAGING / "base" / f"base_{one.name}.sql").read_text(encoding="utf-8")
    listed = re.search(r"set columns = (\[.*?\]) -?%}", sql, re.DOTALL)
    assert listed is not None
    assert tuple(ast.literal_eval(listed[1])) == one.column_names
    trimmed = re.findall(r"trimmed_columns\(\s*(.*?),\s*columns=(\w+),", sql)
    assert [columns for _, columns in trimmed] == ["columns"]
    assert f"{one.name}'" in trimmed[0][0]


@of_each_entity
def test_the_briefs_connector_knows_every_column_by_its_own_name(one: Entity) -> None:
    [kind] = [kind for kind in find_connector("brief").kinds if kind.name == one.name]
    assert tuple(kind.columns) == one.column_names
    assert all(spellings[0] == column for column, spellings in kind.columns.items())
    assert kind.required == one.required
    assert {*kind.numbers, *kind.dates} <= set(one.column_names)
    assert kind.records == (one.name,)


@of_each_entity
def test_the_briefs_files_need_no_sql(one: Entity) -> None:
    brief = find_connector("brief")
    [kind] = [kind for kind in brief.kinds if kind.name == one.name]
    assert brief.is_direct(kind)
