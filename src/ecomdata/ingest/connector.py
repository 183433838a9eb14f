"""Connectors: a folder per platform that says how its files look and how they become entities."""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ecomdata.contract import ENTITIES, entity
from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.conventions import DateOrder

_FOLDER = resources.files("ecomdata.ingest") / "connectors"

#: The folder of a connector beside the files that it is for.
BESIDE = "connector"


@dataclass(frozen=True)
class FileKind:
    """One kind of file that a platform exports.

    Args:
        name: what the connector's SQL calls the table of its records.
        columns: the connector's column names, each with the header spellings it goes by.
        required: columns without which a file is not of this kind.
        numbers: columns from whose values the file's decimal mark is decided.
        dates: columns from whose values the file's order of day and month is decided.
        records: entities of which each record becomes exactly one row; none where the records
            are looked up by those of another kind.
        date_order: for values whose days could be months.
    """

    name: str
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...]
    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    records: tuple[str, ...]
    date_order: DateOrder | None = None

    def positions(self, header: Sequence[str]) -> dict[str, int]:
        """Return where in the header each of the connector's columns stands."""
        spelled = spellings(header)
        return {
            column: min(spelled.index(name) for name in names if name in spelled)
            for column, names in self.columns.items()
            if any(name in spelled for name in names)
        }

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the required columns that the header lacks."""
        found = self.positions(header)
        return tuple(column for column in self.required if column not in found)

    def reason(self, header: Sequence[str]) -> str:
        """Return which of the header's columns made it this kind, the required ones first."""
        found = self.positions(header)
        telling = [header[found[column]].strip() for column in self.required if column in found]
        more = ", ..." if len(found) > len(telling) else ""
        known = len(set(found.values()))
        return f"{', '.join(telling)}{more} ({known} of {len(header)} columns known)"


@dataclass(frozen=True)
class Connector:
    """One platform, or the connector that lies beside somebody's files."""

    name: str
    folder: Traversable
    title: str
    identical_lines: str
    caveats: tuple[str, ...]
    kinds: tuple[FileKind, ...]

    def entity_sql(self, kinds: Collection[str]) -> Iterator[tuple[str, str]]:
        """Yield (entity, SQL over kinds and views) for what files of these kinds can fill."""
        views = dict(self.views())
        for each in ENTITIES:
            source = self.folder / f"{each.name}.sql"
            if source.is_file():
                sql = source.read_text(encoding="utf-8")
                reads = _tables(sql)
                reads = reads.union(*(_tables(views[name]) for name in reads & views.keys()))
                if not reads.isdisjoint(kinds):
                    yield each.name, sql

    def views(self) -> Iterator[tuple[str, str]]:
        """Yield (name, SQL) of what the entities' SQL shares: the files that are no entity's."""
        entities = {f"{each.name}.sql" for each in ENTITIES}
        for source in sorted(self.folder.iterdir(), key=lambda entry: entry.name):
            if source.name.endswith(".sql") and source.name not in entities:
                yield source.name.removesuffix(".sql"), source.read_text(encoding="utf-8")

    def is_direct(self, kind: FileKind) -> bool:
        """Whether the kind's columns are the contract's own, so that no SQL maps it."""
        return (
            len(kind.records) == 1
            and set(kind.columns) <= set(entity(kind.records[0]).column_names)
            and not any(entry.name.endswith(".sql") for entry in self.folder.iterdir())
        )


def macros() -> str:
    """Return the SQL of the macros that every connector may call."""
    return (_FOLDER / "macros.sql").read_text(encoding="utf-8")


@cache
def connectors() -> tuple[Connector, ...]:
    """Return every connector that the package ships, by name."""
    folders = sorted(entry.name for entry in _FOLDER.iterdir() if entry.is_dir())
    return tuple(
        _parsed(name, _FOLDER / name)
        for name in folders
        if (_FOLDER / name / "connector.toml").is_file()
    )


def connectors_beside(paths: Sequence[Path]) -> tuple[Connector, ...]:
    """Return the connectors that lie beside the files, as `ecomdata connect` writes them.

    Raises:
        InputError: one cannot be read; says why.
    """
    folders = dict.fromkeys((path if path.is_dir() else path.parent).resolve() for path in paths)
    return tuple(
        _parsed(f"{folder.name}/{BESIDE}", folder / BESIDE)
        for folder in folders
        if (folder / BESIDE / "connector.toml").is_file()
    )


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


def recognise(
    path: Path,
    header: Sequence[str],
    source: str | None = None,
    beside: Sequence[Connector] = (),
) -> Recognised | None:
    """Return the platform and kind that the header fits best; None where it resembles none.

    A connector `beside` the file comes first: whoever put it there has decided.

    Raises:
        InputError: the header resembles a known one and lacks what that needs; says what.
    """
    stem = path.name.rpartition("#")[2].split(".")[0].lower()
    if not source:
        for own in beside:
            kinds = sorted(own.kinds, key=lambda kind: (-len(kind.columns), stem != kind.name))
            for kind in kinds:
                if not kind.missing(header):
                    return Recognised(own, kind)
    candidates = [find_connector(source)] if source else connectors()
    ranked = sorted(
        (
            (len(kind.positions(header)), stem == kind.name, platform, kind)
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
    looks_alike = matched >= 3 and 2 * matched >= len(header)
    if is_named or looks_alike or source:
        if not looks_alike:  # the name is all there is: it is the contract's
            platform = next((c for c in candidates if any(map(c.is_direct, c.kinds))), platform)
        named = next((k for k in platform.kinds if stem == k.name), kind)
        wanted = ", ".join(named.missing(header))
        raise InputError(
            f"{path}: the header looks like {named.name} of {platform.title} and lacks {wanted}. "
            f"It has: {', '.join(header)}. Name the columns so, or check that it is the right file"
        )
    return None


def _parsed(name: str, folder: Traversable) -> Connector:
    source = folder / "connector.toml"
    try:
        return _declared(name, folder, tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise InputError(
            f"{source}: is no connector ({type(exc).__name__}: {exc}); correct it, or write it "
            "anew with: ecomdata connect --force"
        ) from exc


def _declared(name: str, folder: Traversable, data: dict[str, Any]) -> Connector:
    return Connector(
        name=name,
        folder=folder,
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
                date_order=file.get("date_order"),
            )
            for kind, file in data["files"].items()
        ),
    )


def _tables(sql: str) -> set[str]:
    """The tables that SQL reads from; its own CTEs among them."""
    return set(re.findall(r"\b(?:from|join) (\w+)", sql))


def spellings(header: Sequence[str]) -> list[str]:
    """Return what a connector calls the fields of a header.

    In lower case, words of any script joined by "_". The second of two that are alike is "name#2",
    and one without a letter or digit is called by its place: "#7".
    """
    seen: Counter[str] = Counter()
    spelled = []
    for place, field in enumerate(header, start=1):
        name = re.sub(r"[\W_]+", "_", field.strip().lower()).strip("_")
        seen[name] += 1
        again = f"#{seen[name]}" if seen[name] > 1 else ""
        spelled.append(name + again if name else f"#{place}")
    return spelled
