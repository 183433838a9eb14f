"""`ecomdata connect`: samples of an unknown layout in, a connector beside the data out."""

import csv
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb

from ecomdata.contract import ENTITIES
from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.connecting.evidence import Column, Table, labels
from ecomdata.ingest.connecting.mapping import connector_files
from ecomdata.ingest.connecting.proposal import Proposal
from ecomdata.ingest.connecting.propose import propose
from ecomdata.ingest.connector import BESIDE, connectors_beside, macros
from ecomdata.ingest.conventions import DateOrder
from ecomdata.ingest.files import File, find_files
from ecomdata.ingest.formats import tables
from ecomdata.ingest.reading.dialect import Dialect, sniff
from ecomdata.ingest.reading.reader import Reader, Record
from ecomdata.warehouse import quote

#: Records of a file that are looked at.
_SAMPLE = 20_000
_PREVIEWED = 10


@dataclass(frozen=True)
class Connected:
    """What `connect` found; `preview` is (columns, rows) by entity, `written` the folder."""

    proposal: Proposal
    files: dict[str, str]
    preview: dict[str, tuple[tuple[str, ...], list[list[str]]]]
    written: Path | None


@dataclass(frozen=True)
class Sampled:
    """A file of the folder with its first records."""

    file: File
    dialect: Dialect
    records: list[Record]


def connect(
    folder: Path,
    answers: Mapping[str, str],
    date_order: DateOrder | None = None,
    dry_run: bool = False,
    force: bool = False,
) -> Connected:
    """Propose a connector for a folder and write it, if nothing is left open.

    Raises:
        UsageError: no such folder, no file in it, or a connector is there already.
        InputError: a file cannot be read, or none holds orders.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name the one with the exports")
    out = folder / BESIDE
    if out.exists() and not (force or dry_run):
        raise UsageError(f"{out} is there already: review it, or write it anew with --force")
    with tempfile.TemporaryDirectory(prefix="connect-") as name:
        work = Path(name)
        sampled = [_sample(table) for file in find_files([folder]) for table in tables(file, work)]
        proposal = propose(_tables(sampled), answers, date_order)
        if proposal.questions:
            return Connected(proposal, {}, {}, None)
        files = connector_files(proposal)
        trial = work / "trial" / BESIDE
        _write(trial, files)
        preview = _preview(trial.parent, work, sampled, proposal)
    if not dry_run:
        if out.exists():
            shutil.rmtree(out)
        _write(out, files)
    return Connected(proposal, files, preview, None if dry_run else out)


def _sample(file: File) -> Sampled:
    dialect = sniff(file.readable)
    names = [field for field in dialect.header if field.strip()]
    if 2 * sum(map(_is_value, names)) > len(names):
        raise InputError(
            f"{file.place}: has no header line: its first line is "
            f"{', '.join(dialect.header[:4])}. Put the columns' names above"
        )
    records = (item for item in Reader(file.readable, dialect) if isinstance(item, Record))
    return Sampled(file, dialect, list(islice(records, _SAMPLE)))


def _is_value(field: str) -> bool:
    column = Column("", (field,))
    return column.is_number or column.is_date or column.is_email


def _tables(sampled: list[Sampled]) -> list[Table]:
    """One table for each header; files that share it are one kind."""
    kinds: dict[tuple[str, ...], list[Sampled]] = {}
    for each in sampled:
        kinds.setdefault(each.dialect.header, []).append(each)
    return [
        Table(
            alike[0].file.name,
            header,
            tuple(
                Column(name, tuple(record.fields[at] for each in alike for record in each.records))
                for at, name in enumerate(labels(header))
            ),
        )
        for header, alike in kinds.items()
    ]


def _preview(
    folder: Path, work: Path, sampled: list[Sampled], proposal: Proposal
) -> dict[str, tuple[tuple[str, ...], list[list[str]]]]:
    """The first rows that the connector makes of the samples, by entity."""
    [connector] = connectors_beside([folder])
    found: dict[str, tuple[tuple[str, ...], list[list[str]]]] = {}
    with duckdb.connect() as spool:
        spool.execute("create schema mapped; create table mapped.comma_files (name varchar)")
        spool.execute(macros())
        for kind in connector.kinds:
            path = work / f"{kind.name}.csv"
            table = proposal.tables[kind.name]
            alike = [each for each in sampled if each.dialect.header == table.header]
            positions = kind.positions(table.header)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL)
                writer.writerow([*positions, "_file", "_line"])
                for each in alike:
                    writer.writerows(
                        [*(fields[at] for at in positions.values()), each.file.name, line]
                        for line, fields in each.records
                    )
            if table.conventions.decimal_mark() == ",":
                commas = [(each.file.name,) for each in alike]
                spool.executemany("insert into mapped.comma_files values ($1)", commas)
            spool.execute(
                f"create table {quote(kind.name)} as select * replace (_line::bigint as _line) "
                "from read_csv($1, header = true, delim = ',', quote = '\"', escape = '\"', "
                "all_varchar = true, auto_detect = false, max_line_size = 16777216, columns = {"
                + ", ".join(f"'{column}': 'varchar'" for column in [*positions, "_file", "_line"])
                + "})",
                [str(path)],
            )
        for name, sql in connector.entity_sql([kind.name for kind in connector.kinds]):
            answer = spool.execute(
                f"select * exclude (_file, _line) from ({sql})"
                f" order by _file, _line limit {_PREVIEWED}"
            )
            columns = tuple(column[0] for column in answer.description)
            found[name] = (columns, [list(row) for row in answer.fetchall()])
    return {each.name: found[each.name] for each in ENTITIES if each.name in found}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    try:
        folder.mkdir(parents=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"{folder} cannot be written: {exc.strerror}") from exc
