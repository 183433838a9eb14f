"""Backup and restore on each engine, and warehouses that an earlier release has made."""

import stat
from datetime import datetime
from pathlib import Path

import pytest
from servers import NewPipeline, Server
from shops import CUSTOMERS, ORDERS, load, rows, shop

from ecomdata.contract import META_TABLES
from ecomdata.contract.meta import SCHEMA_VERSION
from ecomdata.errors import UsageError, WarehouseError
from ecomdata.pipeline import Pipeline
from ecomdata.report.tables import status
from ecomdata.warehouse import open_warehouse, prepare

pytest_plugins = ["engine_fixtures"]

RAW = ("raw.customers", "raw.orders", "meta.loads", "meta.salts", "meta.runs")


@pytest.fixture
def loaded(pipeline: Pipeline, tmp_path: Path) -> Pipeline:
    load(pipeline, shop(tmp_path / "shop", customers=CUSTOMERS, orders=ORDERS))
    return pipeline


def contents(pipeline: Pipeline) -> list[object]:
    return [rows(pipeline, table) for table in RAW]


def test_a_backup_brings_the_warehouse_back_as_it_was_whatever_came_since(
    loaded: Pipeline, tmp_path: Path
) -> None:
    before, file = contents(loaded), tmp_path / "shop.backup"
    loaded.backup(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    later = shop(tmp_path / "later", orders=ORDERS.replace("O1", "O9"))
    load(loaded, later)
    with open_warehouse(loaded.settings).connect() as connection:
        connection.execute("create view final.mine as select * from raw.orders")
    assert contents(loaded) != before
    with pytest.raises(UsageError, match="holds a warehouse: --force puts"):
        loaded.restore(file, replace=False)
    loaded.restore(file, replace=True)
    assert contents(loaded) == before
    load(loaded, later)
    assert contents(loaded) != before


def test_a_backup_fills_a_new_warehouse(
    engine: str, loaded: Pipeline, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    file = tmp_path / "shop.backup"
    loaded.backup(file)
    other = new_pipeline(engine, tmp_path / "other")
    other.restore(file, replace=False)
    assert contents(other) == contents(loaded)


def test_a_server_without_a_role_of_the_backup_gets_all_but_its_rights(
    postgres_server: Server, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    file, reader = tmp_path / "shop.backup", 'Ana "R"'
    here = new_pipeline("postgres", tmp_path / "here")
    load(here, shop(tmp_path / "shop", customers=CUSTOMERS.replace("C1", "GRANT x TO y;")))
    postgres_server.run('create role "Ana ""R"""')
    here.grant_reader(reader)
    here.backup(file)
    there = new_pipeline("postgres", tmp_path / "there")
    assert there.restore(file, replace=False) == ()
    postgres_server.run('alter role "Ana ""R""" rename to gone')
    assert there.restore(file, replace=True) == (reader,)
    assert contents(there) == contents(here)


def test_what_is_no_backup_changes_nothing(loaded: Pipeline, tmp_path: Path) -> None:
    before = contents(loaded)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    loaded.backup(whole)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    (tmp_path / "text").write_text("no backup")
    for name in ("cut", "text"):
        with pytest.raises((UsageError, WarehouseError)):
            loaded.restore(tmp_path / name, replace=True)
    with pytest.raises(UsageError, match="does not exist"):
        loaded.restore(tmp_path / "none", replace=True)
    with pytest.raises(UsageError, match="is there already"):
        loaded.backup(whole)
    assert contents(loaded) == before


def as_layout_2(pipeline: Pipeline) -> None:
    """Make the warehouse what the release with layout 2 has made of the same files."""
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute("alter table meta.runs drop column rows_loaded")
        for table in ("run_steps", "salts", "erasures"):
            connection.execute(f"drop table meta.{table}")
        connection.execute("update meta.schema_version set version = 2")


def test_a_warehouse_of_the_layout_before_is_brought_to_this_one_and_keeps_its_data(
    loaded: Pipeline, tmp_path: Path
) -> None:
    tables = ("raw.customers", "raw.orders", "meta.loads")
    before = [rows(loaded, table) for table in tables]
    as_layout_2(loaded)
    load(loaded, shop(tmp_path / "later", orders=ORDERS.replace("O1", "O9")))
    after = [rows(loaded, table) for table in tables]
    assert all(set(old) <= set(new) for old, new in zip(before, after, strict=True))
    assert rows(loaded, "meta.schema_version") == [(SCHEMA_VERSION,)]
    assert rows(loaded, "meta.runs", "run_id", "rows_loaded") == [(1, None), (2, 2)]
    with open_warehouse(loaded.settings).connect() as connection:
        for table in META_TABLES:
            found = connection.query(f"select * from meta.{table.name} limit 0").columns
            assert set(found) == {name for name, _ in table.columns}, table.name


def test_a_layout_that_cannot_be_brought_here_changes_nothing(loaded: Pipeline) -> None:
    with open_warehouse(loaded.settings).connect() as connection:
        connection.execute("drop table meta.erasures")
        connection.execute("update meta.schema_version set version = 1")
        with pytest.raises(WarehouseError, match="has layout 1"):
            prepare(connection)
    assert rows(loaded, "meta.schema_version") == [(1,)]


def test_a_run_keeps_its_steps_with_durations_and_rows_and_tells_no_data(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    told: list[tuple[str, dict[str, object]]] = []
    logged = Pipeline(pipeline.settings, log=lambda event, about: told.append((event, about)))
    load(logged, shop(tmp_path / "shop", customers=CUSTOMERS, orders=ORDERS))
    [(number, step, model, state, seconds, count)] = rows(
        logged,
        "meta.run_steps",
        *("step_number", "step", "model", "status", "seconds", "row_count"),
    )
    assert (number, step, model, state, count) == (1, "load", None, "done", 3)
    assert 0 < seconds < 60
    with pytest.raises(UsageError):
        load(logged, tmp_path / "Ann Lee.csv")
    assert [event for event, _ in told] == 2 * ["run started", "step", "run ended"]
    assert told[-1][1].items() >= {"run_id": 2, "status": "failed", "error": "UsageError"}.items()
    assert "Ann" not in str(told)


def test_status_warns_of_old_loads_unbuilt_loads_and_failed_runs(loaded: Pipeline) -> None:
    def warnings(now: datetime) -> list[str]:
        with open_warehouse(loaded.settings).connect() as connection:
            return status(connection, now).warnings

    def says(sql: str) -> None:
        with open_warehouse(loaded.settings).connect() as connection:
            connection.execute(sql)

    says("update meta.loads set loaded_at = timestamp '2026-01-10 10:00:00'")
    fresh = datetime.fromisoformat("2026-01-12 10:00:00")
    old = datetime.fromisoformat("2026-01-12 10:00:01")
    never = "what is loaded was never built to the end: ecomdata build"
    assert warnings(fresh) == [never]
    assert warnings(old) == ["the last load is 2 days old: do exports still come?", never]
    says(
        "insert into meta.runs (run_id, command, status, finished_at)"
        " values (2, 'build', 'done', timestamp '2026-01-10 09:00:00')"
    )
    assert warnings(fresh) == ["the figures are older than the last load: ecomdata build"]
    says("update meta.runs set finished_at = timestamp '2026-01-10 11:00:00' where run_id = 2")
    assert warnings(fresh) == []
    says("update meta.runs set message = 'its lineage was not delivered' where run_id = 2")
    assert warnings(fresh) == ["the last build went through, but its lineage was not delivered"]
    says("update meta.runs set message = '' where run_id = 2")
    says("insert into meta.runs (run_id, command, status) values (3, 'build', 'killed')")
    assert warnings(fresh) == ["the last run (build) was killed: run it again"]
    says("update meta.runs set status = 'failed', message = 'no {space} left' where run_id = 3")
    assert warnings(fresh) == ["the last run (build) failed: no {space} left"]
