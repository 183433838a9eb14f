"""Backup and restore of a PostgreSQL warehouse, by the server's own programs."""

import re
import subprocess
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ecomdata.contract import SCHEMAS
from ecomdata.errors import UsageError, WarehouseDeniedError, WarehouseError
from ecomdata.settings import child_environment
from ecomdata.warehouse.postgres_programs import client_program
from ecomdata.warehouse.protocol import quote

#: What a dump's statement about a role begins with, and where the role stands in it.
_OF_ROLES = ("GRANT ", "REVOKE ", "ALTER ", "SET SESSION AUTHORIZATION ")
_ROLE = re.compile(
    r'(?:\bTO|\bFROM|\bFOR ROLE|^SET SESSION AUTHORIZATION) ("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
    r"(?=;$| WITH | IN SCHEMA )"
)

_OF_SCHEMAS = ("CREATE SCHEMA ", "ALTER SCHEMA ")
#: What PostgreSQL's programs say where a role may not do what they are for.
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
                lines = _granting_first(_run(command, connection).splitlines(keepends=True))
                missing.update(role for line in lines for role in _strangers(line, roles))
                script.writelines(line.encode() for line in lines if not _strangers(line, roles))
        script.seek(0)
        once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run(["psql", *once], connection, stdin=script.fileno(), stdout=subprocess.DEVNULL)
    return tuple(sorted(missing))


def _granting_first(lines: list[str]) -> list[str]:
    """Put what is granted on schemas behind these: nobody gets a table where they may make none."""
    schemas = [n for n, line in enumerate(lines, 1) if line.startswith(_OF_SCHEMAS)]
    grants = [line for line in lines if line.startswith("GRANT ") and " ON SCHEMA " in line]
    return lines[: schemas[-1]] + grants + lines[schemas[-1] :] if schemas else lines


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
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        why = next((line for line in said if "error:" in line.lower()), said[-1])
        if _DENIED.search(why):
            raise WarehouseDeniedError(
                f"{name} failed: {why}; nothing was changed: use the URL of ecomdata_owner, or of a"
                " superuser"
            )
        raise error(f"{name} failed: {why}")
    return done.stdout or ""
