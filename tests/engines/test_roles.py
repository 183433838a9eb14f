"""deploy/postgres/roles.sql: each role does its own work, and is refused all else."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from servers import Server
from shops import CUSTOMERS, ORDERS, load, shop

from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

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
        "create schema x",
        "set role ecomdata_loader",
    ),
    "owner": ("create role x", "copy raw.orders to '/tmp/x'", "select pg_read_file('/etc/passwd')"),
}
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


def test_a_warehouse_that_one_role_made_is_handed_over(
    postgres_server: Server, tmp_path: Path
) -> None:
    url = postgres_server.new_database()
    load(pipeline_of(url, tmp_path), shop(tmp_path / "shop", customers=CUSTOMERS, orders=ORDERS))
    database = url.rpartition("@/")[2].split("?")[0]
    superuser = postgres_server.url.replace("@/ecomdata", f"@/{database}")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(ROLES.encode())
    with psycopg.connect(superuser.replace("//ecomdata@", "//ecomdata_loader@")) as connection:
        connection.execute("alter table raw.orders add column x text")
        connection.execute("delete from meta.loads")
