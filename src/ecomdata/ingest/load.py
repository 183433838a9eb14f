"""From files to raw tables: all files of a load or none, in one transaction."""

import errno
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

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
from ecomdata.ingest.apart import Copied, Task, copying, is_worthwhile
from ecomdata.ingest.connector import (
    Connector,
    FileKind,
    connectors_beside,
    find_connector,
    recognise,
)
from ecomdata.ingest.conventions import Conventions, DateOrder
from ecomdata.ingest.earlier import EarlierFile, compare, replace_by_known
from ecomdata.ingest.files import File, find_files, split_new
from ecomdata.ingest.forget import forget_again
from ecomdata.ingest.formats import tables
from ecomdata.ingest.intake import Intake, Passed, Source, conventions
from ecomdata.ingest.reading.dialect import Dialect, Given, sniff
from ecomdata.ingest.statements import number_statements
from ecomdata.warehouse import Connection

if TYPE_CHECKING:
    from ecomdata.ingest.spool import Spool

#: Called with (what is being done, files done, files in all).
Progress = Callable[[str, int, int], None]
#: Raw rows by entity and file.
_Rows = dict[str, dict[str, int]]


@dataclass(frozen=True)
class LoadPlan:
    """How files are to be loaded.

    Args:
        work: an existing folder for what lies on disk meanwhile.
        max_rejected: share of unreadable records above which nothing is loaded.
        source: name of the connector; None recognises it by the headers.
        date_order: for files whose days could be months; None refuses them.
        dry_run: read and judge everything, change nothing.
        replace: files stand in for the earlier ones of their names as a whole.
        given: what the user says of how the files of text are written.
    """

    work: Path
    max_rejected: Decimal
    source: str | None = None
    date_order: DateOrder | None = None
    dry_run: bool = False
    replace: bool = False
    given: Given = Given()


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

    @property
    def recognised_by(self) -> str:
        """Why it is of its platform and kind: the header's known columns."""
        return f"{self.connector.name} {self.kind.name}: {self.kind.reason(self.dialect.header)}"

    def describe(self) -> str:
        """Return the decisions taken for the file, in short."""
        return (
            f"{self.dialect.describe()}, decimal {self.conventions.decimal_mark}, dates "
            f"{self.conventions.date_order}"
        )


@dataclass(frozen=True)
class Load:
    """What a load did; `load_id` is None where nothing was new.

    `earlier` has the files' namesakes that were replaced, or of which orders stay in the figures.
    """

    load_id: int | None
    files: tuple[LoadedFile, ...]
    known: tuple[str, ...]
    unused: tuple[str, ...]
    rows: dict[str, int]
    earlier: tuple[EarlierFile, ...] = ()

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
    _clear_leftovers(plan.work)
    with _work_folder(plan.work) as folder:
        return _load(connection, paths, plan, progress, folder)


def _load(
    connection: Connection,
    paths: Sequence[Path],
    plan: LoadPlan,
    progress: Progress,
    folder: Path,
) -> Load:
    if plan.source:
        find_connector(plan.source)  # a mistyped name is an error also where nothing is new
    new, known = split_new(connection, find_files(paths))
    found = [table for file in new for table in tables(file, folder)]
    sources, unused = _recognised(found, plan.source, connectors_beside(paths), plan.given)
    if not sources:
        if unused and not known:
            for unknown in unused:
                if error := _without_header(unknown, plan.given):
                    raise error
            raise InputError(
                f"no known layout in {', '.join(_names(unused)[:5])}: orders need order_id, "
                "product_id, quantity, total_price and order_date; docs/connectors.md has all "
                "layouts"
            )
        earlier = []
        if plan.replace and not plan.dry_run:
            with connection.transaction():
                earlier = replace_by_known(connection, known)
        names = tuple(file.name for file in known)
        return Load(None, (), names, _names(unused), {}, tuple(earlier))

    load_id: int = connection.query("select coalesce(max(load_id), 0) + 1 from meta.loads").scalar
    rows: _Rows = {}
    files: list[LoadedFile] = []
    earlier = []
    with ExitStack() as stack:
        spool = None
        if not all(source.connector.is_direct(source.kind) for source in sources):
            from ecomdata.ingest.spool import Spool  # late: its engine takes 0.03 s

            spool = stack.enter_context(Spool(folder, load_id))
        rejects = stack.enter_context(
            (folder / "rejects.csv").open("w", encoding="utf-8", newline="")
        )
        hashing = ThreadPoolExecutor(1)  # beside the copying: a large file takes a while
        stack.callback(hashing.shutdown, cancel_futures=True)
        if not plan.dry_run:
            hashing.map(lambda source: source.file.sha256, sources)
            stack.enter_context(connection.transaction())
        into = None if plan.dry_run else connection
        with _apart(into, sources, load_id, folder) as apart:
            for number, source in enumerate(sources):
                progress(f"reading {source.file.name}", number, len(sources))
                if number in apart:
                    task, future = apart[number]
                    copied = future.result()
                    with task.rejects.open(encoding="utf-8", newline="") as own:
                        shutil.copyfileobj(own, rejects)
                elif spool and not source.connector.is_direct(source.kind):
                    copied = _spool(spool, source, Intake(source, load_id, rejects))
                else:
                    copied = _copy_direct(into, source, Intake(source, load_id, rejects), folder)
                if source.connector.is_direct(source.kind):
                    by_file = rows.setdefault(source.kind.records[0], {})
                    by_file[source.file.name] = copied.rows
                files.append(_loaded(source, copied.passed, plan))
        mapped: _Rows = {}
        if spool:
            progress("mapping", len(sources), len(sources))
            mapped = _map(spool, [f for f in files if not f.connector.is_direct(f.kind)])
            for name, by_file in mapped.items():
                rows[name] = rows.get(name, {}) | by_file
        files = [_with_rows(file, rows) for file in files]
        _check_rejected(files, plan.max_rejected)
        if not plan.dry_run:
            progress("copying", len(sources), len(sources))
            if spool:
                _copy_mapped(connection, spool, mapped)
            rejects.close()
            table = META_TABLES[1]
            connection.copy_csv(
                "meta", table.name, [name for name, _ in table.columns], Path(rejects.name)
            )
            hashing.shutdown()
            _record(connection, load_id, files)
            forget_again(connection, load_id)
            for file in files:
                earlier += compare(connection, file.file.name, load_id, replace=plan.replace)
            if plan.replace:
                earlier += replace_by_known(connection, known)
    progress("loaded", len(sources), len(sources))
    return Load(
        None if plan.dry_run else load_id,
        tuple(files),
        tuple(file.name for file in known),
        _names(unused),
        {name: sum(by_file.values()) for name, by_file in rows.items()},
        tuple(earlier),
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


def _recognised(
    files: Sequence[File], source: str | None, beside: Sequence[Connector], given: Given
) -> tuple[list[Source], list[File]]:
    sources: list[Source] = []
    unused: list[File] = []
    for file in files:
        # a table that was written as text here has the dialect that it was written in
        dialect = sniff(file.readable, given if file.text is None else None)
        try:
            found = recognise(file.place, dialect.header, source, beside)
        except InputError as exc:
            if error := _without_header(file, given):
                raise error from exc
            raise
        if found is None:
            unused.append(file)
        else:
            sources.append(Source(file, dialect, found.connector, found.kind))
    return sources, unused


def _without_header(file: File, given: Given) -> InputError | None:
    """What to say of a file that begins with a record."""
    dialect = sniff(file.readable, given if file.text is None else None, needs_header=False)
    if dialect.header_lines:
        return None
    return InputError(
        f"{file.place}: seems to have no header: line {dialect.header_line} is a record already. "
        "Write the columns' names above it, or say --header-line NUMBER if a header stands "
        "elsewhere; docs/connectors.md has all layouts"
    )


def _names(files: Sequence[File]) -> tuple[str, ...]:
    return tuple(file.name for file in files)


@contextmanager
def _apart(
    connection: Connection | None, sources: Sequence[Source], load_id: int, folder: Path
) -> Iterator[dict[int, tuple[Task, "Future[Copied]"]]]:
    """Start the files that processes of their own read and copy, by their place among all."""
    direct = {n: s for n, s in enumerate(sources) if s.connector.is_direct(s.kind)}
    if connection is None or not is_worthwhile(list(direct.values())):
        yield {}
        return
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(connection.part_writer("raw", name))
            for name in sorted({source.kind.records[0] for source in direct.values()})
        }
        tasks = [
            Task(source, load_id, writer, number, folder)
            for number, source in direct.items()
            if (writer := writers[source.kind.records[0]])
        ]
        futures = stack.enter_context(copying(tasks))
        yield {task.number: (task, future) for task, future in zip(tasks, futures, strict=True)}


def _spool(spool: "Spool", source: Source, intake: Intake) -> Copied:
    """Keep a file's records for its connector's SQL; rows come of them there."""
    spool.add_records(
        source.connector,
        source.kind,
        intake.columns,
        intake.blocks(),
        intake.delimiter,
        source.file.name,
    )
    return Copied(0, intake.passed)


def _copy_direct(
    connection: Connection | None, source: Source, intake: Intake, folder: Path
) -> Copied:
    """Copy a file of the contract's own columns as it is read.

    Without a connection it is only read.
    """
    if connection is None:
        for _ in intake.blocks():
            pass
        return Copied(intake.passed.records - intake.passed.rejected, intake.passed)
    rows = connection.copy_blocks(
        "raw",
        source.kind.records[0],
        intake.columns,
        intake.blocks(),
        intake.delimiter,
        folder,
        intake.marks,
        source.file.readable.stat().st_size,
    )
    return Copied(rows, intake.passed)


def _loaded(source: Source, passed: Passed, plan: LoadPlan) -> LoadedFile:
    return LoadedFile(
        source.file,
        source.connector,
        source.kind,
        source.dialect,
        conventions(source, passed, plan.date_order),
        lines=passed.lines,
        records_read=passed.records,
        rows_loaded=0,
        rows_rejected=passed.rejected,
    )


def _map(spool: "Spool", files: Sequence[LoadedFile]) -> _Rows:
    """Run the connectors' SQL; return the raw rows by entity and file."""
    rows: _Rows = {}
    for connector in dict.fromkeys(file.connector.name for file in files):
        of_connector = [file for file in files if file.connector.name == connector]
        kinds = {file.kind.name for file in of_connector}
        commas = [f.file.name for f in of_connector if f.conventions.decimal_mark == ","]
        spool.prepare_mapping(of_connector[0].connector, commas)
        for name, sql in of_connector[0].connector.entity_sql(kinds):
            counts = spool.map_entity(connector, name, sql)
            rows[name] = rows.get(name, {}) | counts
    return rows


def _with_rows(file: LoadedFile, rows: _Rows) -> LoadedFile:
    """Count what became of a file's records.

    Raises:
        DataError: a record is neither a raw row nor rejected; the connector is at fault.
    """
    loaded = sum(rows.get(name, {}).get(file.file.name, 0) for name in file.kind.records)
    if not file.kind.records:  # they are looked up: what was read is there to be found
        loaded = file.records_read - file.rows_rejected
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


def _copy_mapped(connection: Connection, spool: "Spool", rows: _Rows) -> None:
    for name, by_file in rows.items():
        columns = [*entity(name).column_names, *(column for column, _ in PROVENANCE)]
        copied = connection.copy_csv("raw", name, columns, spool.entity_csv(name))
        if copied != sum(by_file.values()):
            raise DataError(
                f"raw.{name}: {sum(by_file.values())} rows were copied and {copied} arrived; "
                "nothing was loaded. Please report it with the files"
            )


def _record(connection: Connection, load_id: int, files: Sequence[LoadedFile]) -> None:
    """Write the files into the book of loads; their rows are copied already."""
    now = datetime.now(UTC).replace(tzinfo=None)
    loads = META_TABLES[0]
    statements = number_statements(
        connection,
        load_id,
        {file.file.name: (file.connector.name, file.kind.name) for file in files},
    )
    for file in files:
        values = {
            "load_id": load_id,
            "file": file.file.name,
            "statement": statements[file.file.name],
            "replaced_by": None,
            "source": file.connector.name,
            "sha256": file.file.sha256,
            "bytes": file.file.size,
            "lines": file.lines,
            "records_read": file.records_read,
            "rows_loaded": file.rows_loaded,
            "rows_rejected": file.rows_rejected,
            "identical_lines": file.connector.identical_lines,
            "caveats": json.dumps(file.connector.caveats, ensure_ascii=False),
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
