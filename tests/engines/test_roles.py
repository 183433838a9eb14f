"""deploy/postgres/roles.sql: each role does its own work, and is refused all else."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from servers import Server
from shops import CUSTOMERS, HEADER, ORDERS, load, shop

from ecomdata.errors import WarehouseDeniedError
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.transform import changes
from ecomdata.warehouse import postgres_connection
from ecomdata.warehouse.embedded_postgres import READER

pytest_plugins = ["engine_fixtures"]

ROLES = (Path(__file__).parents[2] / "deploy/postgres/roles.sql").read_text("utf-8")

REFUSED = {
    "reader": (
        "select * from raw.customers",
        "select * from staging.stg_customers",
        "select * from staging.base_customers",
        "select * from intermediate.int_revenue_ledger",
        "select * from meta.quarantine",
        "select * from meta.salts",
        "delete from final.final_sales_report",
        "create table final.x (i int)",
        "create table public.x (i int)",
        "create temp table x (i int)",
        "create schema x",
        "set role ecomdata_transformer",
    ),
    "loader": (
        "select * from staging.stg_customers",
        "select * from intermediate.int_revenue_ledger",
        "select * from final.final_sales_report",
        "drop table final.final_sales_report",
        "create schema x",
        "set role ecomdata_owner",
    ),
    "transformer": (
        "insert into raw.customers (customer_id) values ('C9')",
        "delete from raw.orders",
        "update raw.customers set name = 'x'",
        "truncate raw.orders",
        "drop table raw.orders",
        "create table raw.x (i int)",
        "delete from meta.loads",
        "delete from meta.runs",
        "insert into meta.loads (load_id, file) values (9, 'x')",
        "update meta.loads set rows_loaded = 0",
        "insert into meta.reader_rejects (load_id, file, line) values (9, 'x', 1)",
        "update meta.salts set salt = 'x'",
        "insert into meta.erasures (pseudonym) values ('x')",
        "update meta.schema_version set version = 1",
        "update meta.run_steps set seconds = 0",
        "truncate meta.runs",
        "create schema x",
        "set role ecomdata_loader",
    ),
    "owner": ("create role x", "copy raw.orders to '/tmp/x'", "select pg_read_file('/etc/passwd')"),
}
MANY = HEADER + "".join(f"M{n},C1,P1,1,1.00,2024-05-03\n" for n in range(2000))
ALLOWED = {
    "reader": "select net_sales from final.final_sales_report",
    "loader": "select name from raw.customers",
    "transformer": "select name from raw.customers",
    "owner": "select email from staging.stg_customers",
}


@pytest.fixture(scope="module")
def urls(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """The URL of each role for a warehouse that they have loaded and built together."""
    database = postgres_server.new_database().rpartition("@/")[2].split("?")[0]
    superuser = postgres_server.url.replace("@/ecomdata", f"@/{database}")
    for _ in range(2):  # again changes nothing
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(ROLES.encode())
    urls = {role: superuser.replace("//ecomdata@", f"//ecomdata_{role}@") for role in REFUSED}
    folder = tmp_path_factory.mktemp("roles")
    files = shop(folder / "shop", customers=CUSTOMERS, orders=ORDERS)
    load(pipeline_of(urls["loader"], folder), files)
    pipeline_of(urls["transformer"], folder).build([], False)
    yield urls
    for role in urls:  # roles are the server's: the next test finds none
        postgres_server.run(f"alter role ecomdata_{role} nologin")


def pipeline_of(url: str, folder: Path) -> Pipeline:
    return Pipeline(load_settings(project=folder, warehouse=url))


@pytest.mark.parametrize("role", REFUSED)
def test_a_role_does_its_own_and_is_refused_all_else(urls: dict[str, str], role: str) -> None:
    with closing(psycopg.connect(urls[role], autocommit=True)) as connection:
        assert connection.execute(ALLOWED[role].encode()).fetchall()
        for statement in REFUSED[role]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
                pytest.fail(f"{role} was not refused: {statement}")


def test_a_role_that_builds_nothing_is_refused_before_anything_is_made_or_called_forgotten(
    urls: dict[str, str], tmp_path: Path
) -> None:
    loader = pipeline_of(urls["loader"], tmp_path)
    for refused in (lambda: loader.build([], False), lambda: loader.forget("C1")):
        with pytest.raises(WarehouseDeniedError, match="may not write the schema staging"):
            refused()
    with closing(psycopg.connect(urls["loader"], autocommit=True)) as connection:
        raw = "select count(*) from raw.customers where customer_id = 'C1'"
        assert connection.execute(raw).fetchone() != (0,)
        owned = "select tableowner from pg_tables where tablename = 'build_state'"
        assert connection.execute(owned).fetchall() == [("ecomdata_transformer",)]


def test_a_projects_own_server_is_read_as_before(urls: dict[str, str]) -> None:
    url = urls["reader"].replace("//ecomdata_reader@", f"//{READER}@")
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        assert connection.execute(ALLOWED["owner"].encode()).fetchall()


def test_what_the_owner_does_leaves_every_table_to_the_role_that_has_its_schema(
    urls: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "_SMALL_BYTES", 1)  # the load makes tables of its own
    owner = pipeline_of(urls["owner"], tmp_path)
    load(owner, shop(tmp_path / "shop", orders=MANY))
    monkeypatch.setattr(changes, "WIDEST", 1)  # what changed is enough, as on any day
    owner.build(["changed_sales", "final_sales_report"], False)
    owner.insights("month", 1)
    with closing(psycopg.connect(urls["reader"], autocommit=True)) as connection:
        assert connection.execute("select count(*) from final.final_insights").fetchone()
        owned = "select relname from pg_class where relowner = 'ecomdata_owner'::regrole"
        assert connection.execute(f"{owned} and relkind in ('r', 'v')".encode()).fetchall() == []
        parts = "select relowner::regrole::text from pg_class where relname ~ '^orders_part_'"
        assert set(connection.execute(parts.encode()).fetchall()) == {("ecomdata_loader",)}


def test_a_later_build_is_open_to_the_reader_too_and_nothing_personal_stands_in_it(
    urls: dict[str, str], tmp_path: Path
) -> None:
    superuser = re.sub("//[^@]*@", "//ecomdata@", urls["reader"])
    pipeline_of(superuser, tmp_path).grant_reader("another_reader")
    another = re.sub("//[^@]*@", "//another_reader@", urls["reader"])
    pipeline_of(urls["transformer"], tmp_path).build(["final_sales_report"], True)
    for url in (urls["reader"], another):
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            assert connection.execute("select sum(net_sales) from final.final_sales_report")
            columns = connection.execute(
                "select column_name from information_schema.columns where table_schema = 'final'"
            ).fetchall()
            assert {"name", "email"}.isdisjoint(name for (name,) in columns)


def test_the_owner_restores_and_everything_is_whose_it_was_and_open_to_whom_it_was(
    urls: dict[str, str], tmp_path: Path
) -> None:
    rights = (
        b"select relnamespace::regnamespace::text, relname, relowner::regrole::text,"
        b" array(select unnest(relacl)::text order by 1) from pg_class"
        b" where relnamespace::regnamespace::text in ('raw', 'meta', 'staging', 'final')"
        b" union all select '', nspname, nspowner::regrole::text,"
        b" array(select unnest(nspacl)::text order by 1) from pg_namespace"
        b" where nspname in ('raw', 'meta', 'staging', 'final') order by 1, 2"
    )
    owner, file = pipeline_of(urls["owner"], tmp_path), tmp_path / "shop.backup"
    with closing(psycopg.connect(urls["owner"], autocommit=True)) as connection:
        before = connection.execute(rights).fetchall()
        assert len(before) > 50
    owner.backup(file)
    for role in ("loader", "transformer"):
        with pytest.raises(WarehouseDeniedError, match="nothing was changed: use the URL of"):
            pipeline_of(urls[role], tmp_path).restore(file, replace=True)
    owner.restore(file, replace=True)
    with closing(psycopg.connect(urls["owner"], autocommit=True)) as connection:
        assert connection.execute(rights).fetchall() == before


def test_a_warehouse_that_one_role_made_is_handed_over(
    postgres_server: Server, tmp_path: Path
) -> None:
    url = postgres_server.new_database()
    postgres_server.run("create role reader_of_before login")
    pipeline_of(url, tmp_path).grant_reader("reader_of_before")
    load(pipeline_of(url, tmp_path), shop(tmp_path / "shop", customers=CUSTOMERS, orders=ORDERS))
    database = url.rpartition("@/")[2].split("?")[0]
    superuser = postgres_server.url.replace("@/ecomdata", f"@/{database}")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(ROLES.encode())
    with psycopg.connect(superuser.replace("//ecomdata@", "//ecomdata_loader@")) as connection:
        connection.execute("alter table raw.orders add column x text")
        connection.execute("delete from meta.loads")
    transformer = superuser.replace("//ecomdata@", "//ecomdata_transformer@")
    with psycopg.connect(transformer, autocommit=True) as connection:
        connection.execute("update meta.runs set status = 'killed' where status = 'running'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update meta.loads set rows_loaded = 0")
        connection.execute("create table final.later as select 1 as one")
    before = superuser.replace("//ecomdata@", "//reader_of_before@")
    with psycopg.connect(before, autocommit=True) as connection:
        assert connection.execute("select one from final.later").fetchall() == [(1,)]
