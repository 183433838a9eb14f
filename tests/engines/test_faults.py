"""What goes wrong with a warehouse: its error, exit code and words, and what is left."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock, call

import duckdb
import psycopg
import pytest
from servers import OWNER, PASSWORD, Server
from shops import CUSTOMERS, load, rows, shop

from ecomdata.errors import (
    EcomDataError,
    UsageError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseError,
    WarehouseUnreachableError,
)
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse.duckdb import DuckDBConnection, DuckDBWarehouse

pytest_plugins = ["engine_fixtures"]

NOBODY = 65534
SECRETS = (PASSWORD, PASSWORD.replace("%", "%25").replace(" ", "%20"), "geheim")

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(1, flush=True); input()"
LOAD = """
import sys
from pathlib import Path
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

project, url, path = sys.argv[1:]
settings = load_settings(project=Path(project), warehouse=url)
Pipeline(settings).load([Path(path)], LoadPlan(settings.cache, settings.max_rejected))
"""


def pipeline_to(folder: Path, warehouse: str) -> Pipeline:
    return Pipeline(load_settings(project=folder, warehouse=warehouse))


def refusal(pipeline: Pipeline, kind: type[EcomDataError], code: int = 3) -> str:
    """What a load and a reader are told: the same, without a password."""
    folder = shop(pipeline.settings.project / "shop", customers=CUSTOMERS)
    with pytest.raises(EcomDataError) as of_load:
        load(pipeline, folder)
    with pytest.raises(EcomDataError) as of_reader:
        pipeline.query("select 1")
    for caught in (of_load, of_reader):
        assert (type(caught.value), caught.value.exit_code) == (kind, code)
        assert not any(secret in str(caught.value) for secret in SECRETS)
    assert str(of_load.value) == str(of_reader.value)
    return str(of_load.value)


def test_a_server_that_is_down(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        url = f"postgresql://anna:geheim@127.0.0.1:{port}/shop"
        said = refusal(pipeline_to(tmp_path, url), WarehouseUnreachableError)
    assert said.startswith(f"postgresql://anna:***@127.0.0.1:{port}/shop cannot be reached: ")
    assert "refused" in said
    assert said.endswith("Is the server running, and is the URL right?")


def test_a_wrong_password(postgres_server: Server, tmp_path: Path) -> None:
    url = postgres_server.owners_url("ecomdata").replace("sesame", "geheim")
    shown = postgres_server.url.replace("ecomdata@/", f"{OWNER}:***@/")
    said = refusal(pipeline_to(tmp_path, url), WarehouseDeniedError)
    assert said == f"{shown} refused the login: check user and password"


def test_an_unknown_role(postgres_server: Server, tmp_path: Path) -> None:
    """The embedded server asks the kernel who calls: the role fails as one that is not ours."""
    url = postgres_server.url.replace("ecomdata@/", "stranger:geheim@/")
    said = refusal(pipeline_to(tmp_path, url), WarehouseDeniedError)
    shown = url.replace("geheim", "***")
    assert said == f"{shown} refused the login: check user and password"


def test_an_unknown_database(postgres_server: Server, tmp_path: Path) -> None:
    url = postgres_server.owners_url("nowhere")
    shown = postgres_server.url.replace("ecomdata@/ecomdata", f"{OWNER}:***@/nowhere")
    said = refusal(pipeline_to(tmp_path, url), WarehouseUnreachableError)
    assert said == f"{shown}: no such database; make it with createdb"


def test_a_server_of_an_old_version(
    postgres_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.new_database()
    monkeypatch.setattr(psycopg.ConnectionInfo, "server_version", property(lambda info: 140012))
    said = refusal(pipeline_to(tmp_path, url), WarehouseError)
    assert said.endswith(" is PostgreSQL 14: 15 or newer is needed")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://anna:geheim@host/shop", "mysql://anna:***@host/shop"),
        ("duckdb://shop.duckdb", "duckdb://shop.duckdb"),
        ("shop.duckdb", "shop.duckdb"),
        ("Postgres", "Postgres"),
    ],
)
def test_an_unknown_kind_of_warehouse(tmp_path: Path, url: str, shown: str) -> None:
    assert refusal(pipeline_to(tmp_path, url), UsageError, 2) == (
        f"warehouse {shown!r} is not known: use duckdb:///FILE, postgres (a server of the "
        "project's own), postgresql://user@host/database, or spark:local[*]?lake=FOLDER"
    )


@pytest.mark.parametrize(
    "password", ["geheim%", "gehe im", "geheim@x", "a/geheim", "a:geheim", "a?geheim"]
)
def test_a_url_that_cannot_be_read_does_not_give_its_password_away(
    tmp_path: Path, password: str
) -> None:
    pipeline = pipeline_to(tmp_path, f"postgresql://anna:{password}@127.0.0.1:1/shop")
    with pytest.raises(EcomDataError) as caught:
        pipeline.query("select 1")
    assert "geheim" not in str(caught.value) and "gehe im" not in str(caught.value)


def test_a_duckdb_file_that_another_process_holds(tmp_path: Path) -> None:
    pipeline = pipeline_to(tmp_path, "duckdb:///shop.duckdb")
    file = tmp_path / "shop.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline()
        assert refusal(pipeline, WarehouseBusyError) == (
            f"{file} is open in another process (PID {other.pid}): wait for it or end it, "
            "then try again"
        )
        other.kill()
    assert load(pipeline, tmp_path / "shop").rows == {"customers": 1}


def test_a_file_that_is_no_duckdb_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(5000 * "not a database\n")
    said = refusal(pipeline_to(tmp_path, "duckdb:///notes.txt"), WarehouseError)
    assert said == f"{file} is not a DuckDB database: name another file"
    assert file.read_text() == 5000 * "not a database\n"


def test_a_folder_for_the_warehouse_that_is_missing(tmp_path: Path) -> None:
    pipeline = pipeline_to(tmp_path, "duckdb:///deep/down/shop.duckdb")
    with pytest.raises(WarehouseError) as caught:
        load(pipeline, shop(tmp_path / "shop", customers=CUSTOMERS))
    assert caught.value.exit_code == 3
    assert str(caught.value) == f"{tmp_path / 'deep/down'} does not exist: make the folder first"
    assert not (tmp_path / "deep").exists()


@contextmanager
def without_roots_rights() -> Iterator[None]:
    """Root may write everywhere: for the block it is nobody."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody may read, and nobody but its owner write: pytest's are closed."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def test_a_project_folder_without_permission_to_write(public_folder: Path) -> None:
    pipeline = pipeline_to(public_folder, "duckdb:///shop.duckdb")
    public_folder.chmod(0o555)
    with without_roots_rights(), pytest.raises(WarehouseDeniedError) as caught:
        pipeline.build([], False)
    assert caught.value.exit_code == 3
    assert str(caught.value) == (
        f"cannot write in {pipeline.settings.project}: Permission denied; "
        "use --project with a folder that is yours"
    )
    assert list(public_folder.iterdir()) == []


def test_a_duckdb_file_without_permission_to_read(public_folder: Path) -> None:
    pipeline = pipeline_to(public_folder, "duckdb:///shop.duckdb")
    load(pipeline, shop(public_folder / "shop", customers=CUSTOMERS))
    (public_folder / "shop.duckdb").chmod(0)
    with without_roots_rights(), pytest.raises(WarehouseDeniedError) as caught:
        pipeline.query("select 1")
    file = pipeline.settings.project / "shop.duckdb"
    assert str(caught.value) == f"no permission to use {file}: check who owns it"


def test_a_run_that_was_killed_is_marked_so_by_the_next(pipeline: Pipeline, tmp_path: Path) -> None:
    settings, pipe = pipeline.settings, tmp_path / "customers.csv"
    os.mkfifo(pipe)
    words = [settings.project, settings.warehouse, pipe]
    command = [sys.executable, "-c", LOAD, *map(str, words)]
    with subprocess.Popen(command) as process:
        with pipe.open("w"):  # waits until the load opens it to read: it is recorded by then
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    load(pipeline, shop(tmp_path / "shop", customers=CUSTOMERS))
    assert rows(pipeline, "meta.runs", "run_id", "command", "status") == [
        (1, "load", "killed"),
        (2, "load", "done"),
    ]


def test_a_connection_is_closed_though_ctrl_c_left_a_statement_behind(tmp_path: Path) -> None:
    """Ctrl-C between a statement's start and our waiting for it: DuckDB refuses to be closed."""
    raw = Mock()
    raw.close.side_effect = [duckdb.ResourceInUseException("busy"), None]
    DuckDBConnection(raw, tmp_path).close()
    assert raw.mock_calls == [call.close(), call.interrupt(), call.close()]


def test_a_signal_while_duckdb_works_is_an_interruption(tmp_path: Path) -> None:
    """DuckDB itself is interrupted, and answers with an error of its own instead of Python's."""
    long = "select sum(hash(range)) from range(100000000000)"
    with DuckDBWarehouse(tmp_path / "shop.duckdb").connect() as connection:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            connection.query(long)
        assert connection.query("select 1").scalar == 1
