"""Backup and restore of a PostgreSQL warehouse, by the server's own programs."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ecomdata.contract import SCHEMAS
from ecomdata.errors import UsageError, WarehouseError
from ecomdata.settings import child_environment
from ecomdata.warehouse.embedded_postgres import client_program
from ecomdata.warehouse.protocol import quote


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


def restore(connection: Mapping[str, str], file: Path) -> None:
    """Put an archive's schemas in the place of those that are there: all of it or nothing.

    Raises:
        UsageError: the file is no archive of a warehouse.
        WarehouseError: a program is missing or failed; says what it said.
    """
    listed = _run(["pg_restore", "--list", str(file)], connection, UsageError)
    if "TABLE meta schema_version" not in listed:
        raise UsageError(f"{file} is an archive, but of no warehouse: name one of ecomdata backup")
    with tempfile.TemporaryFile() as script:  # without a name: it holds people's data
        names = ", ".join(map(quote, SCHEMAS))
        script.write(f"drop schema if exists {names} cascade;\n".encode())
        script.flush()
        _run(["pg_restore", "--file=-", str(file)], connection, stdout=script.fileno())
        script.seek(0)
        once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _run(["psql", *once], connection, stdin=script.fileno(), stdout=subprocess.DEVNULL)


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
