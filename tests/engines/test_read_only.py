"""SQL that a stranger wrote reads the warehouse, changes nothing and reaches nothing else."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from servers import NewPipeline, Server
from shops import load, rows, shop

from ecomdata.errors import UsageError, WarehouseDeniedError
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import Connection, open_warehouse
from ecomdata.warehouse.open import embedded_server

pytest_plugins = ["engine_fixtures"]

READER = 're"ader'

WRITES = (
    "create table x (i integer)",
    "create table raw.x as select 1 as i",
    "create schema x",
    "drop schema raw cascade",
    "delete from raw.customers",
    "insert into raw.customers (customer_id) values ('C2')",
    "update raw.customers set name = 'x'",
    "alter table raw.customers add column x text",
)

OF_DUCKDB = (
    "select * from read_csv('/etc/passwd', header = false)",
    "select * from read_text('/etc/passwd')",
    "select * from '/etc/passwd.csv'",
    "select * from glob('/etc/*')",
    "copy (select 1) to '{out}'",
    "copy raw.customers to '{out}'",
    "export database '{out}'",
    "attach '{out}' as other",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "install httpfs",
    "load '{out}'",
)

OF_POSTGRES = (
    "copy (select 1) to program 'touch {out}'",
    "copy (select 1) to '{out}'",
    "copy raw.customers from '/etc/passwd'",
    "select pg_read_file('/etc/passwd')",
    "select lo_import('/etc/passwd')",
    "select pg_ls_dir('/etc')",
    "select 1; delete from raw.customers",
    "commit; delete from raw.customers",
    "rollback",
    "reset role",
    "set transaction read write",
    "do $$ begin reset role; copy (select 1) to program 'touch {out}'; end $$",
    "do $$ begin perform set_config('transaction_read_only', 'off', true); end $$",
    "-- \rdo $$ begin reset role; end $$ --\nselect 1",
    "/* /* */ select */ do $$ begin reset role; end $$",
    "with gone as (delete from raw.customers returning *) select * from gone",
    "select * into raw.x from raw.customers",
    "explain analyze delete from raw.customers",
    "select set_config('transaction_read_only', 'off', true)",
)


@pytest.fixture(params=["duckdb", "postgres", "postgres as its superuser"])
def loaded(request: pytest.FixtureRequest, new_pipeline: NewPipeline, tmp_path: Path) -> Pipeline:
    """A warehouse with one customer, of each engine and kind of user."""
    engine, *superuser = request.param.split(" as ")
    pipeline = new_pipeline(engine, tmp_path / "project")
    if superuser:
        pipeline = as_superuser(pipeline)
    load(pipeline, shop(tmp_path / "shop", customers="customer_id,name\nC1,Ann\n"))
    return pipeline


def as_superuser(pipeline: Pipeline) -> Pipeline:
    """The same database for who may do anything on the server."""
    login, place = pipeline.settings.warehouse.rsplit("@", 1)
    url = f"{login.split('//')[0]}//ecomdata@{place}"
    return Pipeline(load_settings(project=pipeline.settings.project, warehouse=url))


def forbidden(pipeline: Pipeline) -> tuple[str, ...]:
    own = OF_DUCKDB if open_warehouse(pipeline.settings).engine == "duckdb" else OF_POSTGRES
    return WRITES + own


def test_a_reading_connection_refuses_all_that_writes_or_leaves_the_warehouse(
    loaded: Pipeline, tmp_path: Path
) -> None:
    out = Path("/tmp") / f"ecomdata-{tmp_path.name}-out"  # where the server, too, may write
    before = rows(loaded, "raw.customers")
    for sql in forbidden(loaded):
        with pytest.raises((WarehouseDeniedError, UsageError)):
            loaded.query(sql.format(out=out))
            pytest.fail(f"was not refused: {sql}")
    assert not out.exists()
    assert rows(loaded, "raw.customers") == before
    tables = "select table_name from information_schema.tables where table_name = 'x'"
    assert loaded.query(tables).rows == ()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select name from raw.customers", ("Ann",)),
        ("  (select 1)", (1,)),
        ("with a as (select 2 as x) select * from a", (2,)),
        ("values (3)", (3,)),
        ("-- a note\nSELECT 4", (4,)),
    ],
)
def test_a_reading_connection_reads(
    loaded: Pipeline, sql: str, expected: tuple[object, ...]
) -> None:
    assert loaded.query(sql).rows == (expected,)


def test_a_write_is_refused_by_the_same_error_on_every_engine(loaded: Pipeline) -> None:
    with pytest.raises(WarehouseDeniedError, match="open for reading"):
        loaded.query("delete from raw.customers")


@pytest.fixture
def superuser(
    postgres_server: Server, new_pipeline: NewPipeline, tmp_path: Path
) -> Iterator[Pipeline]:
    """A warehouse for who may make roles; the role goes with it."""
    pipeline = as_superuser(new_pipeline("postgres", tmp_path / "project"))
    yield pipeline
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute(f'drop owned by "{READER.replace(chr(34), 2 * chr(34))}"')
    postgres_server.run(f'drop role "{READER.replace(chr(34), 2 * chr(34))}"')


def rebuild(connection: Connection, value: int) -> None:
    """What dbt does: another table takes the old one's name."""
    connection.execute("create table if not exists final.f as select 0 as value")
    with connection.transaction():
        connection.execute(f"create table final.f__dbt_tmp as select {value} as value")
        connection.execute("alter table final.f rename to f__dbt_backup")
        connection.execute("alter table final.f__dbt_tmp rename to f")
        connection.execute("drop table final.f__dbt_backup cascade")


def test_a_reader_reads_the_schema_final_and_no_other_also_after_a_rebuild(
    superuser: Pipeline,
) -> None:
    superuser.grant_reader(READER)
    with open_warehouse(superuser.settings).connect() as connection:
        rebuild(connection, 1)
        for schema in ("staging", "intermediate"):
            connection.execute(f"create table {schema}.t as select 1 as i")
    superuser.grant_reader(READER)  # again is harmless
    url = superuser.settings.warehouse.replace("ecomdata@", f"{READER.replace(chr(34), '%22')}@")
    with closing(psycopg.connect(url, autocommit=True)) as reader:
        assert reader.execute("select value from final.f").fetchall() == [(1,)]
        with open_warehouse(superuser.settings).connect() as connection:
            rebuild(connection, 2)
        assert reader.execute("select value from final.f").fetchall() == [(2,)]
        for sql in (
            "select * from raw.customers",
            "select * from meta.loads",
            "select * from staging.t",
            "select * from intermediate.t",
            "delete from final.f",
            "create table final.x (i integer)",
            "create table public.x (i integer)",
            "create schema x",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(sql.encode())


def test_who_may_not_make_roles_is_told_so(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    pipeline = new_pipeline("postgres", tmp_path / "project")
    with pytest.raises(WarehouseDeniedError, match="permission denied to create role"):
        pipeline.grant_reader("no_such_reader")


def test_duckdb_has_no_roles_and_says_so(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DuckDB has no roles: who may read the file"):
        new_pipeline("duckdb", tmp_path / "project").grant_reader(READER)


def test_the_projects_own_server_reads_as_a_role_that_cannot_become_another(tmp_path: Path) -> None:
    settings = load_settings(project=tmp_path, warehouse="postgres")
    settings.cache.mkdir()
    leaving = (
        "select set_config('role', 'ecomdata', true), (select count(*) from "
        "ts_stat($$select to_tsvector(pg_read_file('PG_VERSION'))$$))"
    )
    try:
        with open_warehouse(settings).connect(read_only=True) as connection:
            assert connection.query("select session_user").scalar == "ecomdata_query"
            with pytest.raises(WarehouseDeniedError, match="permission denied to set role"):
                connection.query(leaving)
    finally:
        embedded_server(settings).stop()
