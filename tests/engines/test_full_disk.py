"""A disk that is full: said so, nothing half-done, and all is well once there is space again."""

import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from servers import OWNER, Server
from shops import CUSTOMERS, load, shop, state

from ecomdata.errors import WarehouseFullError
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

pytest_plugins = ["engine_fixtures"]

MIB = 1 << 20
SIZE = 24 * MIB


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 24 MiB, in a place that a server of another user can reach."""
    if os.geteuid() != 0:
        pytest.skip("needs root: it mounts a small file system")
    disk = Path(tempfile.mkdtemp())
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    try:
        if mounted.returncode:
            pytest.skip(f"needs root that may mount: {mounted.stderr.strip()}")
        disk.chmod(0o755)
        yield disk
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
        disk.rmdir()


def fill(disk: Path, leave: int) -> Path:
    """Leave so much space; return the file that takes the rest."""
    ballast = disk / "ballast"
    found = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(bytes(max(found.f_bavail * found.f_frsize - leave, 0)))
    return ballast


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 MB of customers whose names cannot be compressed."""
    draw = random.Random(1)
    records = (f"C{i},{draw.randbytes(300).hex()}\n" for i in range(20_000))
    return shop(tmp_path_factory.mktemp("big"), customers="customer_id,name\n" + "".join(records))


@pytest.mark.parametrize("leave", [pytest.param(MIB, id="1 MiB left"), pytest.param(0, id="full")])
@pytest.mark.parametrize("full", ["warehouse", "spool"])
def test_a_load_that_finds_no_space_changes_nothing_and_goes_well_later(
    small_disk: Path, tmp_path: Path, big: Path, full: str, leave: int
) -> None:
    project = small_disk if full == "spool" else tmp_path / "project"
    project.mkdir(exist_ok=True)
    home = small_disk if full == "warehouse" else tmp_path
    pipeline = Pipeline(load_settings(project=project, warehouse=f"duckdb:///{home}/shop.duckdb"))
    load(pipeline, shop(tmp_path / "first", customers=CUSTOMERS))
    before = state(pipeline)

    ballast = fill(small_disk, leave)
    with pytest.raises(WarehouseFullError, match="^no space left") as caught:
        load(pipeline, big)
    assert caught.value.exit_code == 3
    assert str(small_disk) in str(caught.value)

    ballast.unlink()
    assert state(pipeline) == before
    assert not list(pipeline.settings.cache.glob("load-*"))
    if full == "warehouse":
        assert load(pipeline, big).rows == {"customers": 20_000}
    else:
        assert load(pipeline, shop(tmp_path / "next", customers="id\nC2\n")).rows == {
            "customers": 1
        }


@pytest.fixture
def small_database(small_disk: Path, postgres_server: Server) -> Iterator[str]:
    """The URL of a database on the small disk."""
    folder = small_disk / "tables"
    folder.mkdir()
    with psycopg.connect(postgres_server.url) as connection:  # its process lives as long
        process = Path(f"/proc/{connection.info.backend_pid}")
        os.chown(folder, process.stat().st_uid, -1)
    postgres_server.run(f"create tablespace small location '{folder}'")
    postgres_server.run(f"create database on_a_small_disk owner {OWNER} tablespace small")
    yield postgres_server.owners_url("on_a_small_disk")
    postgres_server.run("drop database on_a_small_disk with (force)")
    postgres_server.run("drop tablespace small")


def test_a_server_without_space_changes_nothing_and_goes_well_later(
    small_database: str, small_disk: Path, tmp_path: Path, big: Path
) -> None:
    pipeline = Pipeline(load_settings(project=tmp_path, warehouse=small_database))
    load(pipeline, shop(tmp_path / "first", customers=CUSTOMERS))
    before = state(pipeline)

    ballast = fill(small_disk, MIB)
    with pytest.raises(WarehouseFullError) as caught:
        load(pipeline, big)
    assert caught.value.exit_code == 3
    assert str(caught.value).endswith(": the server has no space left; nothing was changed")

    ballast.unlink()
    assert state(pipeline) == before
    assert load(pipeline, shop(tmp_path / "next", customers="id\nC2\n")).rows == {"customers": 1}
