"""Connectors: a folder per platform that says how its files look and how they become entities."""

import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from ecomdata.contract import ENTITIES
from ecomdata.errors import InputError, UsageError

_FOLDER = resources.files("ecomdata.ingest") / "connectors"


@dataclass(frozen=True)
class FileKind:
    """One kind of file that a platform exports.

    Args:
        name: what the connector's SQL calls the table of its records.
        columns: the connector's column names, each with the header spellings it goes by.
        required: columns without which a file is not of this kind.
        numbers: columns from whose values the file's decimal mark is decided.
        dates: columns from whose values the file's order of day and month is decided.
        records: entities of which each record becomes exactly one row.
    """

    name: str
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    records: tuple[str, ...]

    def positions(self, header: Sequence[str]) -> dict[str, int]:
        """Return where in the header each of the connector's columns stands."""
        spelled = [_normalised(field) for field in header]
        return {
            column: min(spelled.index(name) for name in names if name in spelled)
            for column, names in self.columns.items()
            if any(name in spelled for name in names)
        }

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the required columns that the header lacks."""
        found = self.positions(header)
        return tuple(column for column in self.required if column not in found)


@dataclass(frozen=True)
class Connector:
    """One platform."""

    name: str
    title: str
    identical_lines: str
    caveats: tuple[str, ...]
    kinds: tuple[FileKind, ...]

    def entity_sql(self, kinds: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield (entity, SQL over the kinds' tables) for what files of these kinds can fill."""
        for entity in ENTITIES:
            source = _FOLDER / self.name / f"{entity.name}.sql"
            if source.is_file():
                sql = source.read_text(encoding="utf-8")
                if any(re.search(rf"^from {kind}$", sql, re.MULTILINE) for kind in kinds):
                    yield entity.name, sql


@cache
def connectors() -> tuple[Connector, ...]:
    """Return every connector that the package ships, by name."""
    folders = sorted(entry.name for entry in _FOLDER.iterdir() if entry.is_dir())
    return tuple(_parsed(name) for name in folders if (_FOLDER / name / "connector.toml").is_file())


def find_connector(name: str) -> Connector:
    """Return the connector of that name.

    Raises:
        UsageError: there is none; says which there are.
    """
    for candidate in connectors():
        if candidate.name == name:
            return candidate
    known = ", ".join(c.name for c in connectors())
    raise UsageError(f"no source is called {name!r}: there are {known}")


@dataclass(frozen=True)
class Recognised:
    """What a file is."""

    connector: Connector
    kind: FileKind


def recognise(path: Path, header: Sequence[str], source: str | None = None) -> Recognised | None:
    """Return the platform and kind that the header fits best; None where it resembles none.

    Raises:
        InputError: the header resembles a known one and lacks what that needs; says what.
    """
    candidates = [find_connector(source)] if source else connectors()
    ranked = sorted(
        (
            (len(kind.positions(header)), path.stem.lower() == kind.name, platform, kind)
            for platform in candidates
            for kind in platform.kinds
        ),
        key=lambda found: found[:2],
        reverse=True,
    )
    matched, is_named, platform, kind = ranked[0]
    for fitting, goes_by_name, other, complete in ranked:
        # Orders without a price have all that a product list needs, and are none.
        if not complete.missing(header) and (goes_by_name or fitting >= matched):
            return Recognised(other, complete)
    if is_named or matched >= 3 or source:
        named = next((k for k in platform.kinds if path.stem.lower() == k.name), kind)
        wanted = ", ".join(named.missing(header))
        raise InputError(
            f"{path}: the header looks like {named.name} of {platform.title} and lacks {wanted}. "
            f"It has: {', '.join(header)}. Name the columns so, or check that it is the right file"
        )
    return None


def _parsed(name: str) -> Connector:
    data = tomllib.loads((_FOLDER / name / "connector.toml").read_text(encoding="utf-8"))
    return Connector(
        name=name,
        title=data["title"],
        identical_lines=data["identical_lines"],
        caveats=tuple(data["caveats"]),
        kinds=tuple(
            FileKind(
                name=kind,
                columns={column: tuple(names) for column, names in file["columns"].items()},
                required=tuple(file["required"]),
                numbers=tuple(file["numbers"]),
                dates=tuple(file["dates"]),
                records=tuple(file["records"]),
            )
            for kind, file in data["files"].items()
        ),
    )


def _normalised(field: str) -> str:
    return re.sub(r"[^0-9a-z]+", "_", field.strip().lower()).strip("_")
