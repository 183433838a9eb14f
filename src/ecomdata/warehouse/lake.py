"""A lake: tables as Parquet files in a folder, and manifests that say which of them count.

A part is a folder of Parquet files, written once and never changed. A manifest names the parts of
every table; the one with the highest number is the lake. A commit is one manifest that appears
whole under a name that was free: whatever a process was doing when it died, nobody sees half of it,
and a reader goes on with what it opened.

    manifests/000042.json           {"tables": {"raw.orders": {"columns": [...], "parts": [...]}}}
    raw/orders/9f3c.../0.parquet    a load's rows; what was replaced lies there until it is swept
    builds/77ab.../final/...        what one build made; a large table of it by month
"""

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ecomdata.errors import WarehouseBusyError, WarehouseError

#: Held by whoever changes a lake; a folder that has it is one.
LOCK = "lake.lock"
#: What no newer manifest names is kept for so long: for those who still read an older one.
_KEPT_SECONDS = 3600
#: Where parts lie, and the folders of builds around them.
_SWEPT = (
    *("raw/*/*", "meta/*/*", "final/*/*"),
    *("builds/*", "builds/*/*/*", "builds/*/*/*/_part=*"),
)
#: What file systems without hard links say of one.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


@dataclass(frozen=True)
class LakeTable:
    """What a table is made of.

    Args:
        columns: their names and types, as DuckDB has them.
        parts: the folders of its files, relative to the lake's; none is a table without rows.
    """

    columns: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """The lake as one commit left it; number 0 is before the first."""

    number: int
    tables: Mapping[str, LakeTable]


@dataclass(frozen=True)
class Lake:
    """A folder on a disk that every process and executor sees under the same path."""

    folder: Path

    def latest(self) -> Manifest:
        """Return the manifest that counts."""
        for _ in range(3):  # it may have been swept since it was listed, with newer ones there
            if not (paths := self._manifests()):
                return Manifest(0, {})
            with suppress(FileNotFoundError):
                return _read(paths[-1])
        raise WarehouseBusyError(f"{self.folder} is changing all the time: try again")

    def commit(self, number: int, tables: Mapping[str, LakeTable]) -> None:
        """Make these tables the lake, all at once.

        Args:
            number: of the manifest; one more than that of the manifest they come from.
            tables: all of them; their files are written.

        Raises:
            WarehouseBusyError: another process has committed meanwhile; nothing was changed.
            WarehouseError: the disk has no hard links, or a part is gone.
        """
        for part in {part for table in tables.values() for part in table.parts}:
            if not (self.folder / part).is_dir():
                raise WarehouseError(f"{self.folder / part} is missing: something deleted it")
        target = self._path(number)
        target.parent.mkdir(exist_ok=True)
        text = json.dumps(
            {"tables": {name: vars(table) for name, table in sorted(tables.items())}}, indent=1
        )
        draft = target.with_name(f"{secrets.token_hex(8)}.part")
        try:
            with draft.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, target)  # fails where the name is taken: a rename would not
        except FileExistsError as exc:
            raise WarehouseBusyError(
                f"another process changed {self.folder} meanwhile; nothing was changed: try again"
            ) from exc
        except OSError as exc:
            if exc.errno not in _NO_LINKS:
                raise
            raise WarehouseError(
                f"{self.folder} lies on a disk without hard links, which a lake's commits are (as "
                "on many mounted object stores): name a folder on a local disk or NFS"
            ) from exc
        finally:
            draft.unlink(missing_ok=True)

    def new_part(self, table: str) -> str:
        """Make the folder of a new part of a table; nobody sees it before a commit names it."""
        part = f"{table.replace('.', '/')}/{secrets.token_hex(8)}"
        (self.folder / part).mkdir(parents=True)
        return part

    def new_build(self) -> str:
        """Make the folder in which a build makes its tables."""
        build = f"builds/{secrets.token_hex(8)}"
        (self.folder / build).mkdir(parents=True)
        return build

    def path_of(self, manifest: Manifest) -> Path:
        """Return the file of a manifest."""
        return self._path(manifest.number)

    def adopt(self, folder: Path) -> None:
        """Make a lake that lies in a folder of this one, with its manifest, the lake."""
        tables = _read_tables(folder / "manifest.json")
        for part in {part for table in tables.values() for part in table.parts}:
            place = self.folder / part
            if not place.exists():  # a part never changes: one that is there is the same
                place.parent.mkdir(parents=True, exist_ok=True)
                (folder / part).replace(place)
        self.commit(self.latest().number + 1, tables)
        shutil.rmtree(folder)

    def files(self, part: str) -> list[str]:
        """Return the paths of a part's files."""
        return sorted(str(path) for path in (self.folder / part).glob("*.parquet"))

    def sweep(self) -> None:
        """Take away what no manifest of the last hour names: the caller holds the lake."""
        paths = self._manifests()
        young = time.time() - _KEPT_SECONDS
        kept = [p for p in paths if p.stat().st_mtime > young or p == paths[-1]]
        named = {part for p in kept for table in _read(p).tables.values() for part in table.parts}
        kept_folders = {str(path) for p in named for path in (Path(p), *Path(p).parents)}
        for path in paths:
            if path not in kept:
                path.unlink()
        for path in self.folder.glob("manifests/*.part"):
            path.unlink()
        for pattern in _SWEPT:
            for folder in self.folder.glob(pattern):
                if folder.relative_to(self.folder).as_posix() not in kept_folders:
                    shutil.rmtree(folder)

    def _manifests(self) -> list[Path]:
        return sorted(self.folder.glob("manifests/*.json"))

    def _path(self, number: int) -> Path:
        return self.folder / "manifests" / f"{number:09}.json"


def is_in_lake(path: Path) -> bool:
    """Return whether a file is a lake's own, and no export."""
    return any((folder / LOCK).exists() for folder in path.parents)


def _read(path: Path) -> Manifest:
    return Manifest(int(path.stem), _read_tables(path))


def _read_tables(path: Path) -> dict[str, LakeTable]:
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    return {
        name: LakeTable(
            tuple((column, kind) for column, kind in table["columns"]), tuple(table["parts"])
        )
        for name, table in tables.items()
    }
