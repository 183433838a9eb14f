"""Backup and restore of a PostgreSQL warehouse, by the server's own programs."""

import re
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ecomdata.contract import SCHEMAS
from ecomdata.errors import UsageError, WarehouseDeniedError, WarehouseError
from ecomdata.settings import child_environment
from ecomdata.warehouse.embedded_postgres import client_program
from ecomdata.warehouse.protocol import quote

#: What a dump's statement about a role begins with, and where the role stands in it.
_OF_ROLES = ("GRANT ", "REVOKE ", "ALTER ", "SET SESSION AUTHORIZATION ")
_ROLE = re.compile(
    r'(?:\bTO|\bFROM|\bFOR ROLE|^SET SESSION AUTHORIZATION) ("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
    r"(?=;$| WITH | IN SCHEMA )"
)

#: What psql says where a role may not do what a backup needs.
_DENIED = re.compile("permission denied|must be (owner|able|superuser)")


def dump(connection: Mapping[str, str], file: Path) -> None:
    """Write the warehouse's schemas, as they are at one moment, into an archive.

    Args:
        connection: libpq's variables: no password stands on a command line.
        file: the archive.

    Raises:
        WarehouseError: pg_dump is missing or failed; says what it said.
    """
    schemas = [f"--schema={schema}" for schema in SCHEMAS]
    _run(["pg_dump", "--format=custom", f"--file={file}", *schemas], connection)


def restore(connection: Mapping[str, str], file: Path, roles: Collection[str]) -> tuple[str, ...]:
    """Put an archive's schemas in the place of those that are there: all of it or nothing.

    Returns the roles that the archive names and the server does not have. What they owned belongs
    to whoever restores, and what they were allowed is left out.

    Args:
        connection: libpq's variables.
        file: the archive.
        roles: those of the server.

    Raises:
        UsageError: the file is no archive of a warehouse.
        WarehouseError: a program is missing or failed; says what it said.
    """
    try:
        listed = _run(["pg_restore", "--list", str(file)], connection, UsageError)
    except UsageError as exc:
        raise UsageError(f"{file} is no backup of a PostgreSQL warehouse: {exc}") from exc
    missing: set[str] = set()
    if "TABLE meta schema_version" not in listed:
        raise UsageError(f"{file} is an archive, but of no warehouse: name one of ecomdata backup")
    with tempfile.TemporaryFile() as script:  # without a name: it holds people's data
        names = ", ".join(map(quote, SCHEMAS))
        script.write(f"drop schema if exists {names} cascade;\n".encode())
        for section in ("pre-data", "data", "post-data"):
            command = ["pg_restore", f"--section={section}", "--file=-", str(file)]
            if section == "data":
                script.flush()
                _run(command, connection, stdout=script.fileno())
                script.seek(0, 2)
            else:
                lines = _run(command, connection).splitlines(keepends=True)
                missing.update(role for line in lines for role in _strangers(line, roles))
                script.writelines(line.encode() for line in lines if not _strangers(line, roles))
        script.seek(0)
        once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        try:
            _run(["psql", *once], connection, stdin=script.fileno(), stdout=subprocess.DEVNULL)
        except WarehouseError as exc:
            if _DENIED.search(str(exc)):
                raise WarehouseDeniedError(
                    f"{exc}; nothing was changed: restore as ecomdata_owner, or as a superuser"
                ) from exc
            raise
    return tuple(sorted(missing))


def _strangers(line: str, roles: Collection[str]) -> list[str]:
    """Return the roles that a statement is about and the server does not have."""
    if not line.startswith(_OF_ROLES):
        return []
    named = (
        name[1:-1].replace('""', '"') if name.startswith('"') else name
        for name in _ROLE.findall(line.rstrip())
    )
    return [name for name in named if name not in roles]


def _run(
    command: Sequence[str],
    connection: Mapping[str, str],
    error: type[UsageError] | type[WarehouseError] = WarehouseError,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
) -> str:
    name, *arguments = command
    done = subprocess.run(
        [client_program(name), *arguments],
        env=child_environment(dict(connection)),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise error(f"{name} failed: {said[-1] if said else f'it ended with {done.returncode}'}")
    return done.stdout or ""
