"""How the models' tables lie on PostgreSQL: statistics, indexes, and the sessions that build."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from servers import History, Server

from ecomdata.contract import ENTITIES
from ecomdata.pipeline import Pipeline
from ecomdata.transform.runner import target_folder
from ecomdata.warehouse.postgres import PostgresWarehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

#: The hand-made shop after a build of what changed, and the project's models.
Built = tuple["psycopg.Connection[tuple[Any, ...]]", list[dict[str, Any]]]
#: So small a shop is read as a whole sooner than by an index.
BY_INDEX = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"


@pytest.fixture
def built(history: History, shops_pipeline: Callable[[str], Pipeline]) -> Iterator[Built]:
    """The hand-made shop on PostgreSQL."""
    history("postgres")
    settings = shops_pipeline("postgres").settings
    manifest = json.loads((target_folder(settings, "postgres") / "manifest.json").read_text())
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    with psycopg.connect(settings.warehouse, options=BY_INDEX, autocommit=True) as connection:
        yield connection, nodes


def test_every_table_has_statistics_when_the_next_model_reads_it(built: Built) -> None:
    connection, nodes = built
    tables = {(n["schema"], n["name"]) for n in nodes if n["config"]["materialized"] != "view"}
    tables |= {("meta", "loads"), *(("raw", entity.name) for entity in ENTITIES)}
    analyzed = connection.execute(
        "select schemaname, relname from pg_stat_user_tables where last_analyze is not null"
    ).fetchall()
    assert tables - set(analyzed) == set()


def test_keys_of_what_changed_have_statistics_in_the_build_that_reads_them(built: Built) -> None:
    connection, nodes = built
    counted = connection.execute(
        "select relname, analyze_count from pg_stat_user_tables where schemaname = 'meta'"
    )
    analyzed = {name: int(count) for name, count in counted}
    keys = [node["name"] for node in nodes if "changes" in node["fqn"]]
    noted = {model for node in nodes for model in node["config"]["meta"].get("notes", {})}
    assert noted < set(keys)
    # Once when all was built, once when made in the second build, once when a model noted some.
    assert [name for name in keys if analyzed[name] < 2 + (name in noted)] == []


def wanted(nodes: list[dict[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """Yield each index's table and column, and the noted keys by which it is to be looked up."""
    for node in nodes:
        meta = node["config"]["meta"]
        replaces, notes = meta.get("replaces", {}), meta.get("notes", {})
        keys = {key: (model, name) for model in replaces for key, name in replaces[model].items()}
        keys |= {name: (model, name) for model in notes for name in notes[model]}
        for index in node["config"].get("indexes", []):
            [column] = index["columns"]
            yield f"{node['schema']}.{node['name']}", column, *keys[column]


def test_every_index_finds_the_rows_of_noted_keys_and_there_is_no_other(built: Built) -> None:
    connection, nodes = built
    expected = list(wanted(nodes))
    there = connection.execute(
        "select schemaname || '.' || tablename, indexname, substring(indexdef from '\\((.*)\\)')"
        " from pg_indexes where schemaname in ('staging', 'intermediate', 'final')"
    ).fetchall()
    plans = {
        (table, column): str(
            connection.execute(
                f"explain delete from {table}"
                f" where {column} in (select {name} from meta.{model})".encode()
            ).fetchall()
        )
        for table, column, model, name in expected
    }
    assert {(table, column) for table, _, column in there} == set(plans) != set()
    assert [name for table, name, column in there if name not in plans[table, column]] == []


@pytest.mark.parametrize("cores, threads, workers", [(2, 2, "0"), (4, 2, "1"), (64, 2, "2")])
def test_models_built_side_by_side_share_the_processors_of_this_machine(
    postgres_server: Server,
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    threads: int,
    workers: str,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    url = postgres_server.new_database()
    options = PostgresWarehouse(url, threads=threads).dbt_environment()["PGOPTIONS"]
    with psycopg.connect(url, options=options) as session:
        named = "current_setting('max_parallel_workers_per_gather'), current_setting('jit')"
        assert session.execute(f"select {named}".encode()).fetchall() == [(workers, "off")]
