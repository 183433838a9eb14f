"""Which files a load is about, and whether they are new."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecomdata.errors import UsageError
from ecomdata.warehouse import Connection

SUFFIXES = (".csv", ".tsv")


@dataclass(frozen=True)
class File:
    """A file and the name that it goes by: its path within the folder that was given."""

    path: Path
    name: str
    sha256: str


def find_files(paths: Sequence[Path]) -> list[File]:
    """Return the files that are meant, in order of name.

    Raises:
        UsageError: a path does not exist or cannot be read, or there is no file at all.
    """
    found: dict[str, Path] = {}
    for path in paths:
        try:
            if path.is_dir():
                next(path.iterdir(), None)  # a folder that may not be read looks empty to rglob
                found |= {file.relative_to(path).as_posix(): file for file in _inside(path)}
            elif path.exists():
                found[path.name] = path
            else:
                raise UsageError(f"{path} does not exist: name a folder or a file with exports")
        except PermissionError as exc:
            raise UsageError(f"no permission to read {path}: check who owns it") from exc
    if not found:
        listed = ", ".join(map(str, paths))
        raise UsageError(f"no file with exports in {listed}: looked for {', '.join(SUFFIXES)}")
    return [File(found[name], name, _digest(found[name])) for name in sorted(found)]


def split_new(connection: Connection, files: Sequence[File]) -> tuple[list[File], list[File]]:
    """Return (new files, files whose bytes are what was loaded last, or stand here twice)."""
    rows = connection.query("select file, sha256 from meta.loads order by load_id").rows
    seen = set(dict(rows).values())
    new: list[File] = []
    known: list[File] = []
    for file in files:
        (known if file.sha256 in seen else new).append(file)
        seen.add(file.sha256)
    return new, known


def _inside(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as exc:
        raise UsageError(f"no permission to read {path}: check who owns it") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc
