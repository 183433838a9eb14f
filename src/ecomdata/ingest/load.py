"""From files to raw tables: all files of a load or none, in one transaction."""

import csv
import errno
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

from filelock import FileLock, Timeout

from ecomdata import __version__
from ecomdata.contract import META_TABLES, entity
from ecomdata.contract.entities import PROVENANCE
from ecomdata.errors import (
    DataError,
    InputError,
    TooManyRejectedError,
    UsageError,
    WarehouseFullError,
)
from ecomdata.ingest.connector import Connector, FileKind, find_connector, recognise
from ecomdata.ingest.conventions import Conventions, DateOrder
from ecomdata.ingest.dialect import Dialect, sniff
from ecomdata.ingest.files import File, find_files, split_new
from ecomdata.ingest.reader import Reader, Reject
from ecomdata.ingest.spool import Spool
from ecomdata.warehouse import Connection

#: Called with (what is being done, files done, files in all).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LoadPlan:
    """How files are to be loaded.

    Args:
        work: an existing folder for what lies on disk meanwhile.
        max_rejected: share of unreadable records above which nothing is loaded.
        source: name of the connector; None recognises it by the headers.
        date_order: for files whose days could be months; None refuses them.
        dry_run: read and judge everything, change nothing.
    """

    work: Path
    max_rejected: Decimal
    source: str | None = None
    date_order: DateOrder | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class LoadedFile:
    """One file of a load, as `meta.loads` has it."""

    file: File
    connector: Connector
    kind: FileKind
    dialect: Dialect
    conventions: Conventions
    lines: int
    records_read: int
    rows_loaded: int
    rows_rejected: int

    def describe(self) -> str:
        """Return the decisions taken for the file, in short."""
        line_end = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}.get(self.dialect.line_end, "mixed")
        delimiter = {"\t": "tab"}.get(self.dialect.delimiter, self.dialect.delimiter)
        return (
            f"{self.dialect.encoding} {delimiter} {line_end}, header in line "
            f"{self.dialect.header_line}, decimal {self.conventions.decimal_mark}, dates "
            f"{self.conventions.date_order}"
        )


@dataclass(frozen=True)
class Load:
    """What a load did; `load_id` is None where nothing was new."""

    load_id: int | None
    files: tuple[LoadedFile, ...]
    known: tuple[str, ...]
    unused: tuple[str, ...]
    rows: dict[str, int]

    @property
    def caveats(self) -> tuple[str, ...]:
        """What the platforms' exports cannot tell."""
        return tuple(dict.fromkeys(c for f in self.files for c in f.connector.caveats))


def load(connection: Connection, paths: Sequence[Path], plan: LoadPlan, progress: Progress) -> Load:
    """Bring the files into the raw tables; the caller holds the warehouse exclusively.

    Raises:
        UsageError: a path does not exist or cannot be read; there is nothing to load.
        InputError: a file is empty, no text, or of no known layout; a date can be read two ways.
        TooManyRejectedError: too many records could not be read; nothing was loaded.
    """
    if plan.source:
        find_connector(plan.source)  # a mistyped name is an error also where nothing is new
    _clear_leftovers(plan.work)
    new, known = split_new(connection, find_files(paths))
    sources, unused = _recognised(new, plan.source)
    if not sources:
        if unused and not known:
            raise InputError(
                f"no known layout in {', '.join(unused[:5])}: orders need order_id, product_id, "
                "quantity, total_price and order_date; docs/connectors.md has all layouts"
            )
        return Load(None, (), tuple(file.name for file in known), tuple(unused), {})

    load_id: int = connection.query("select coalesce(max(load_id), 0) + 1 from meta.loads").scalar
    with _work_folder(plan.work) as folder, Spool(folder, load_id) as spool:
        files = []
        for done, source in enumerate(sources):
            progress(f"reading {source.file.name}", done, len(sources))
            files.append(_read(source, spool, plan))
        progress("mapping", len(sources), len(sources))
        rows = _map(spool, files)
        files = [_with_rows(file, rows) for file in files]
        _check_rejected(files, plan.max_rejected)
        if not plan.dry_run:
            progress("copying", len(sources), len(sources))
            with connection.transaction():
                _copy(connection, spool, load_id, files, rows)
    progress("loaded", len(sources), len(sources))
    return Load(
        None if plan.dry_run else load_id,
        tuple(files),
        tuple(file.name for file in known),
        tuple(unused),
        {name: sum(by_file.values()) for name, by_file in rows.items()},
    )


def _clear_leftovers(parent: Path) -> None:
    """Take away the work folders of processes that were killed."""
    for folder in parent.glob("load-*"):
        with suppress(OSError, Timeout), FileLock(folder / "lock", timeout=0):
            shutil.rmtree(folder)


@contextmanager
def _work_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for the block, locked as long as it is in use."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="load-", dir=parent) as folder,
            FileLock(Path(folder) / "lock"),
        ):
            yield Path(folder)
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise UsageError(
                f"{exc.filename or parent}: {exc.strerror or exc}; nothing was loaded"
            ) from exc
        raise WarehouseFullError(
            f"no space left in {parent}: free some; nothing was loaded"
        ) from exc


@dataclass(frozen=True)
class _Source:
    file: File
    dialect: Dialect
    connector: Connector
    kind: FileKind


def _recognised(files: Sequence[File], source: str | None) -> tuple[list[_Source], list[str]]:
    sources: list[_Source] = []
    unused: list[str] = []
    for file in files:
        dialect = sniff(file.path)
        found = recognise(file.path, dialect.header, source)
        if found is None:
            unused.append(file.name)
        else:
            sources.append(_Source(file, dialect, found.connector, found.kind))
    return sources, unused


def _read(source: _Source, spool: Spool, plan: LoadPlan) -> LoadedFile:
    """Read one file into the spool."""
    columns = source.kind.positions(source.dialect.header)
    pick = _picker(list(columns.values()))
    reader = Reader(source.file.path, source.dialect)
    records = rejected = 0
    with (
        spool.new_file("records.csv") as good_file,
        spool.new_file("rejects.csv") as bad_file,
    ):
        good = csv.writer(good_file)
        bad = csv.writer(bad_file)
        for item in reader.batches():
            if isinstance(item, Reject):
                records += 1
                rejected += 1
                bad.writerow((item.line, item.rule, item.raw))
            else:
                records += len(item.rows)
                good.writerows(
                    (line, *pick(row)) for line, row in zip(item.lines, item.rows, strict=True)
                )
    spool.add_records(source.connector, source.kind, source.file.name, list(columns))
    spool.add_rejects(source.file.name, source.kind.records[0])
    evidence = spool.evidence(source.connector, source.kind, source.file.name)
    date_order = evidence.date_order() or plan.date_order
    if date_order is None:
        raise InputError(
            f"{source.file.path}: its dates can be read as day/month or month/day, and no value "
            "tells which: say --date-order dmy or --date-order mdy"
        )
    return LoadedFile(
        source.file,
        source.connector,
        source.kind,
        source.dialect,
        Conventions(evidence.decimal_mark(), date_order),
        lines=reader.lines_read,
        records_read=records,
        rows_loaded=0,
        rows_rejected=rejected,
    )


def _picker(positions: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what takes the fields at these positions: at C speed, and a list also for one."""
    if len(positions) == 1:
        return lambda fields: [fields[positions[0]]]
    return itemgetter(*positions)


def _map(spool: Spool, files: Sequence[LoadedFile]) -> dict[str, dict[str, int]]:
    """Run the connectors' SQL; return the raw rows by entity and file."""
    rows: dict[str, dict[str, int]] = {}
    for connector in dict.fromkeys(file.connector.name for file in files):
        of_connector = [file for file in files if file.connector.name == connector]
        kinds = {file.kind.name for file in of_connector}
        for name, sql in of_connector[0].connector.entity_sql(kinds):
            counts = spool.map_entity(connector, name, sql)
            rows[name] = rows.get(name, {}) | counts
    return rows


def _with_rows(file: LoadedFile, rows: dict[str, dict[str, int]]) -> LoadedFile:
    """Count what became of a file's records.

    Raises:
        DataError: a record is neither a raw row nor rejected; the connector is at fault.
    """
    loaded = sum(rows.get(name, {}).get(file.file.name, 0) for name in file.kind.records)
    if loaded + file.rows_rejected != file.records_read:
        raise DataError(
            f"{file.file.path}: {file.records_read} records were read, {loaded} rows and "
            f"{file.rows_rejected} rejects came of them: the connector {file.connector.name} "
            "loses or doubles records; nothing was loaded"
        )
    return LoadedFile(**(vars(file) | {"rows_loaded": loaded}))


def _check_rejected(files: Sequence[LoadedFile], max_rejected: Decimal) -> None:
    records = sum(file.records_read for file in files)
    rejected = sum(file.rows_rejected for file in files)
    if rejected > max_rejected * records:
        worst = max(files, key=lambda file: file.rows_rejected)
        raise TooManyRejectedError(
            f"{rejected:,} of {records:,} records could not be read, more than "
            f"{max_rejected:.1%}; most in {worst.file.path}. Nothing was loaded. "
            "--dry-run shows what was refused, --max-rejected raises the limit"
        )


def _copy(
    connection: Connection,
    spool: Spool,
    load_id: int,
    files: Sequence[LoadedFile],
    rows: dict[str, dict[str, int]],
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    loads, rejects = META_TABLES[:2]
    for file in files:
        values = {
            "load_id": load_id,
            "file": file.file.name,
            "source": file.connector.name,
            "sha256": file.file.sha256,
            "bytes": file.file.path.stat().st_size,
            "lines": file.lines,
            "records_read": file.records_read,
            "rows_loaded": file.rows_loaded,
            "rows_rejected": file.rows_rejected,
            "identical_lines": file.connector.identical_lines,
            "decimal_mark": file.conventions.decimal_mark,
            "date_order": file.conventions.date_order,
            "dialect": json.dumps(asdict(file.dialect), ensure_ascii=False),
            "loaded_at": now,
            "version": __version__,
        }
        marks = ", ".join(f"${i}" for i in range(1, len(loads.columns) + 1))
        connection.execute(
            f"insert into meta.loads values ({marks})", [values[name] for name, _ in loads.columns]
        )
    names = [name for name, _ in rejects.columns]
    connection.copy_csv("meta", rejects.name, names, spool.rejects_csv())
    for name, by_file in rows.items():
        columns = [*entity(name).column_names, *(column for column, _ in PROVENANCE)]
        copied = connection.copy_csv("raw", name, columns, spool.entity_csv(name))
        if copied != sum(by_file.values()):
            raise DataError(
                f"raw.{name}: {sum(by_file.values())} rows were copied and {copied} arrived; "
                "nothing was loaded. Please report it with the files"
            )
