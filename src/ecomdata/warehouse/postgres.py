"""PostgreSQL 15 to 18: the shared warehouse."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote as quoted
from urllib.parse import urlencode

import psycopg
from psycopg import conninfo
from pydantic import SecretStr

from ecomdata.errors import (
    UsageError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseError,
    WarehouseUnreachableError,
)
from ecomdata.settings import redacted
from ecomdata.warehouse.postgres_connection import PostgresConnection, translated
from ecomdata.warehouse.protocol import PLAIN_DBT, Connection, quote

#: The advisory lock of this product ("ECOM" in ASCII).
_LOCK_KEY = 0x45434F4D
_OLDEST = 15


@dataclass(frozen=True)
class PostgresWarehouse:
    """A database on a server.

    Args:
        url: whom to connect as, and where.
        reader: the role that reads for strangers; None reads as the URL's own role.
        password: where the URL has none.
        threads: models that are built side by side.
    """

    url: str
    reader: str | None = None
    password: SecretStr | None = None
    threads: int = 1
    engine: ClassVar[str] = "postgres"
    dialect: ClassVar[str] = "postgres"
    dbt_program: ClassVar[str] = PLAIN_DBT

    @property
    def display(self) -> str:
        """The URL without its password."""
        return redacted(self.url)

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[PostgresConnection]:
        """Open a connection to the server."""
        try:
            given = conninfo.conninfo_to_dict(self.url)
            if read_only and self.reader:
                given["user"] = self.reader
            if self.password is not None:
                given.setdefault("password", self.password.get_secret_value())
            raw = psycopg.connect(
                conninfo.make_conninfo("", **given),
                autocommit=True,
                application_name="ecomdata",
                connect_timeout=10,
                keepalives_idle=60,  # the run's lock is held by a connection that says nothing
                options="-c TimeZone=UTC -c client_min_messages=warning",
            )
        except psycopg.ProgrammingError:
            # From nothing: the driver's message quotes parts of the password.
            raise UsageError(
                f"{self.display} is not a valid URL: postgresql://user@host:port/database, with "
                "what is special in a name or password as %XX (a space is %20, % is %25)"
            ) from None
        except psycopg.Error as exc:
            raise translated(exc, self.display) from exc
        try:
            if raw.info.server_version // 10000 < _OLDEST:
                raise WarehouseError(
                    f"{self.display} is PostgreSQL {raw.info.server_version // 10000}: "
                    f"{_OLDEST} or newer is needed"
                )
            if read_only:
                _make_read_only(PostgresConnection(raw, self.display))
            yield PostgresConnection(raw, self.display, sealed=read_only)
        finally:
            raw.close()

    def url_as(self, role: str | None) -> str:
        """The URL by which SQLAlchemy reaches the database, without a password."""
        given = conninfo.conninfo_to_dict(self.url)
        user, database = role or str(given.get("user", "")), str(given.get("dbname", ""))
        named = {k: str(v) for k, v in given.items() if k not in ("user", "password", "dbname")}
        address = f"postgresql+psycopg2://{quoted(user, '')}@/{quoted(database, '')}"
        return f"{address}?{urlencode(named)}" if named else address

    @contextmanager
    def exclusive(self, timeout: float) -> Iterator[Callable[[], None]]:
        """Hold an advisory lock on a connection of its own: it goes with the process."""
        with self.connect() as connection:

            def still_held() -> None:
                try:
                    connection.execute("select 1")
                except WarehouseUnreachableError as exc:
                    raise WarehouseUnreachableError(
                        f"{self.display}: the connection that held the warehouse for this run "
                        "broke, and another run may have begun; run the command again"
                    ) from exc

            connection.execute("set idle_session_timeout = 0")  # it waits for hours
            connection.execute(
                "select set_config('lock_timeout', $1, false)", [f"{int(timeout * 1000) or 1}ms"]
            )
            try:
                connection.execute("select pg_advisory_lock($1::bigint)", [_LOCK_KEY])
            except WarehouseBusyError as exc:
                raise WarehouseBusyError(
                    f"another run is changing the warehouse ({_holder(connection)}); "
                    f"waited {timeout:g} s, try again when it is done"
                ) from exc
            yield still_held

    def dbt_environment(self) -> dict[str, str]:
        """The variables that the project's profiles.yml reads; dbt scrubs the secret one."""
        parts = conninfo.conninfo_to_dict(self.url)
        with self.connect() as connection:
            info = connection.raw.info
            builder = connection.owner_of("final")
            return {
                "ECOMDATA_DBT_TARGET": "postgres",
                "ECOMDATA_DBT_HOST": info.host,
                "ECOMDATA_DBT_PORT": str(info.port),
                "ECOMDATA_DBT_USER": info.user,
                "ECOMDATA_DBT_DATABASE": info.dbname,
                "ECOMDATA_DBT_SSLMODE": str(parts.get("sslmode") or "prefer"),
                "ECOMDATA_DBT_ROLE": quote(builder) if builder else "",
                "DBT_ENV_SECRET_ECOMDATA_PASSWORD": info.password,
                "PGOPTIONS": " ".join(
                    f"-c {name}={value}"
                    for name, value in _build_settings(connection, self.threads).items()
                ),
            }

    def backup(self, file: Path) -> None:
        """Write the warehouse into a file that `restore` takes; the caller holds the warehouse."""
        from ecomdata.warehouse import dumps

        dumps.dump(self._libpq_environment(), file)

    def restore(self, file: Path) -> tuple[str, ...]:
        """Put a backup in the warehouse's place; the caller holds the warehouse."""
        from ecomdata.warehouse import dumps

        with self.connect() as connection:
            roles = {role for (role,) in connection.query("select rolname from pg_roles").rows}
        return dumps.restore(self._libpq_environment(), file, roles)

    def _libpq_environment(self) -> dict[str, str]:
        """The variables by which PostgreSQL's own programs connect as this does."""
        parts = conninfo.conninfo_to_dict(self.url)
        with self.connect() as connection:
            info = connection.raw.info
            return {
                "PGHOST": info.host,
                "PGPORT": str(info.port),
                "PGUSER": info.user,
                "PGDATABASE": info.dbname,
                "PGPASSWORD": info.password,
                "PGSSLMODE": str(parts.get("sslmode") or "prefer"),
                "PGOPTIONS": "-c client_min_messages=warning",
            }

    def grant_reader(self, connection: Connection, role: str) -> None:
        """Make a role that may read the schema final, now and after later builds, and no other."""
        name = quote(role)
        known = connection.query("select count(*) from pg_roles where rolname = $1", [role]).scalar
        database = connection.query("select current_database()").scalar
        with connection.transaction():
            if not known:
                try:
                    connection.execute(f"create role {name} login")
                except WarehouseDeniedError as exc:
                    raise WarehouseDeniedError(
                        f"{exc}: let a superuser make it (create role {name} login), then try again"
                    ) from exc
            connection.execute(f"grant connect on database {quote(database)} to {name}")
            connection.execute(f"grant usage on schema final to {name}")
            connection.execute(f"grant select on all tables in schema final to {name}")
            # Of whoever builds: the schema is theirs.
            builder = connection.query(
                "select nspowner::regrole::text from pg_namespace where nspname = 'final'"
            ).scalar
            connection.execute(
                f"alter default privileges for role {builder} in schema final"
                f" grant select on tables to {name}"
            )


def _build_settings(connection: PostgresConnection, threads: int) -> dict[str, str]:
    """Return the settings of a build's sessions, which no other session has (docs/decisions/0022).

    A server on this machine shares its processors among the models that are built side by side:
    with two workers more each, on two processors, the slowest took 88.1 CPU seconds, not 83.2.
    """
    settings = {"jit": "off"}
    if connection.raw.info.host.startswith("/"):
        usual = int(connection.query("show max_parallel_workers_per_gather").scalar)
        workers = (os.cpu_count() or 1) // threads - 1
        settings["max_parallel_workers_per_gather"] = str(max(0, min(usual, workers)))
    return settings


def _make_read_only(connection: PostgresConnection) -> None:
    """Start a transaction that changes nothing.

    A superuser's COPY could still run programs in it: hence the role that can only read. Such a
    role can be left again by SQL that means harm: give strangers a URL of no superuser.
    """
    superuser = connection.query("select rolsuper from pg_roles where rolname = current_user")
    connection.execute("begin transaction read only")
    if superuser.scalar:
        connection.execute("set local role pg_read_all_data")


def _holder(connection: PostgresConnection) -> str:
    """Say who holds the lock."""
    rows = connection.query(
        "select a.application_name || ', server process ' || a.pid || ', since '"
        # of other roles' connections only some roles are told since when they are
        " || coalesce(to_char(a.backend_start, 'YYYY-MM-DD HH24:MI') || ' UTC', '?')"
        " from pg_locks as l inner join pg_stat_activity as a on a.pid = l.pid"
        " where l.locktype = 'advisory' and l.granted and l.objid = $1::bigint::oid"
        " and a.datname = current_database()",
        [_LOCK_KEY],
    ).rows
    return str(rows[0][0]) if rows else "it just finished"
