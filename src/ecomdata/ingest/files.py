"""Which files a load is about, and whether they are new."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path

from ecomdata.errors import UsageError
from ecomdata.warehouse import Connection
from ecomdata.warehouse.lake import is_in_lake

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst", ".parquet", ".xlsx")


@dataclass(frozen=True)
class File:
    """A file and the name that it goes by: its path within the folder that was given.

    Args:
        path: where it is.
        name: its path within the folder; of one sheet of several, "book.xlsx#Sheet".
        text: its table as text, where the file itself is none.
    """

    path: Path
    name: str
    text: Path | None = None

    @cached_property
    def sha256(self) -> str:
        """Of the file as it is, packed or not.

        Raises:
            UsageError: the file cannot be read.
        """
        with self.open() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def size(self) -> int:
        """Bytes of the file as it is."""
        return self.path.stat().st_size

    @contextmanager
    def open(self) -> Iterator[BufferedReader]:
        """Open the file as it is.

        Raises:
            UsageError: the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                yield file
        except PermissionError as exc:
            raise UsageError(f"no permission to read {self.path}: check who owns it") from exc
        except OSError as exc:
            raise UsageError(f"{self.path} cannot be read: {exc.strerror}") from exc

    @property
    def readable(self) -> Path:
        """Where its table can be read as text."""
        return self.text or self.path

    @property
    def place(self) -> Path:
        """Where it is, as messages have it: of a sheet, with the sheet's name."""
        _, mark, sheet = self.name.partition("#")
        return self.path.with_name(self.path.name + mark + sheet) if self.text else self.path


def whole(name: str) -> str:
    """Return the name of the file that a table is in: a sheet's workbook, else its own."""
    return re.sub(r"([.]xlsx)#.*", r"\1", name, flags=re.IGNORECASE | re.DOTALL)


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
    return [File(found[name], name) for name in sorted(found)]


def split_new(connection: Connection, files: Sequence[File]) -> tuple[list[File], list[File]]:
    """Return (new files, files whose bytes are what was loaded last, or stand here twice).

    A copy under a name that was never loaded says nothing new; under one that had other bytes
    it does: it was changed. Only of files of one size the bytes are compared.
    """
    rows = connection.query("select file, sha256, bytes from meta.loads order by load_id").rows
    last = {whole(file): (size, sha256) for file, sha256, size in rows}
    sizes = Counter(file.size for file in files)
    sizes.update({size for size, _ in last.values()})
    copies = set(last.values())
    here: set[tuple[int, str]] = set()
    new: list[File] = []
    known: list[File] = []
    for file in files:
        content = (file.size, file.sha256 if sizes[file.size] > 1 else "")
        is_known = last.get(file.name) == content or (file.name not in last and content in copies)
        (known if is_known or content in here else new).append(file)
        here.add(content)
    return new, known


def _inside(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if file.name.lower().endswith(SUFFIXES)
        and not file.name.startswith("~$")  # what Excel leaves beside an open workbook
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and not _is_answer_key(file.parent)
        and not is_in_lake(file)
    ]


def _is_answer_key(folder: Path) -> bool:
    """What `ecomdata generate` says about its shop is no export of it."""
    return folder.name == "truth" and Path(folder, "plan.json").is_file()
