"""One file on its way in: its records as canonical CSV, and what is learned while they pass."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import IO

from ecomdata.errors import InputError
from ecomdata.ingest.connector import Connector, FileKind
from ecomdata.ingest.conventions import Conventions, DateOrder, Evidence, EvidenceCounter
from ecomdata.ingest.files import File
from ecomdata.ingest.reading.blocks import PlainBlock, read_blocks
from ecomdata.ingest.reading.dialect import DELIMITERS, Dialect
from ecomdata.ingest.reading.reader import Reader, Reject


@dataclass(frozen=True)
class Source:
    """A file, how it is written, and what it is."""

    file: File
    dialect: Dialect
    connector: Connector
    kind: FileKind


@dataclass(frozen=True)
class Passed:
    """What is known of a file when its records have passed.

    Args:
        records: rejects among them.
        rejected: how many could not be read.
        lines: physical ones.
        evidence: how its numbers and dates are written.
    """

    records: int
    rejected: int
    lines: int
    evidence: EvidenceCounter


class Intake:
    """One file while it is read.

    Args:
        source: the file.
        load_id: what its rows are marked with.
        rejects: where its rejects are written, as rows of `meta.reader_rejects`.
    """

    def __init__(self, source: Source, load_id: int, rejects: IO[str]) -> None:
        self._source = source
        self._reader = Reader(source.file.readable, source.dialect)
        self.marks: dict[str, int | str] = {"_load_id": load_id, "_file": source.file.name}
        self._rejects = csv.writer(rejects, lineterminator="\n", quoting=csv.QUOTE_ALL)
        self._positions = source.kind.positions(source.dialect.header)
        self._evidence = _counter(source)
        self._records = self._rejected = 0

    @property
    def columns(self) -> list[str]:
        """The columns of the blocks: the record's line, then the kind's that the file has.

        They stand in the file's order, so that plain records can go on as they are.
        """
        return ["_line", *self._picked]

    @property
    def delimiter(self) -> str:
        """The delimiter of the blocks: the file's own, unless it is no usual one."""
        own = self._source.dialect.delimiter
        return own if own in DELIMITERS else ","

    @property
    def passed(self) -> Passed:
        """What is known of the file so far."""
        return Passed(self._records, self._rejected, self._reader.lines_read, self._evidence)

    def blocks(self) -> Iterator[bytes]:
        """Read the file; yield its records as canonical CSV, whole records at a time."""
        delimiter = self.delimiter.encode()
        places = list(self._picked.values())
        is_whole = places == list(range(len(self._source.dialect.header)))
        pick = _picker(places)
        for item in read_blocks(self._reader):
            if isinstance(item, Reject):
                self._reject(item)
            elif isinstance(item, PlainBlock) and is_whole:
                self._records += item.count
                if self._evidence.may_matter(item.text, delimiter):
                    self._evidence.add_rows(item.rows(self.delimiter))
                yield item.numbered(delimiter)
            else:
                rows = item.rows(self.delimiter) if isinstance(item, PlainBlock) else item.rows
                lines = item.line_numbers if isinstance(item, PlainBlock) else item.lines
                self._records += len(rows)
                self._evidence.add_rows(rows)
                yield self._written(
                    [(line, *pick(row)) for line, row in zip(lines, rows, strict=True)]
                )

    @property
    def _picked(self) -> dict[str, int]:
        return dict(sorted(self._positions.items(), key=itemgetter(1)))

    def _reject(self, reject: Reject) -> None:
        self._records += 1
        self._rejected += 1
        kept_as = (self._source.kind.records or ("orders",))[0]
        self._rejects.writerow(
            (*self.marks.values(), reject.line, kept_as, reject.rule, reject.raw)
        )

    def _written(self, rows: Sequence[Sequence[object]]) -> bytes:
        """Write rows as CSV lines that end in LF.

        Before Python 3.13 a CR in a field is not put in quotes: then every field is.
        """
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator="\n").writerows(rows)
        if "\r" in text.getvalue():
            text = io.StringIO()
            csv.writer(
                text, delimiter=self.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL
            ).writerows(rows)
        return text.getvalue().encode()


def _picker(positions: Sequence[int]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what takes the fields at these positions: at C speed, and a list also for one."""
    if len(positions) == 1:
        return lambda fields: [fields[positions[0]]]
    return itemgetter(*positions)


def conventions(source: Source, passed: Passed, default: DateOrder | None) -> Conventions:
    """Decide, once a file is read, what its numbers and dates mean.

    Raises:
        InputError: its days could be months, and nothing says which.
    """
    evidence = passed.evidence.evidence or _evidence_anew(source)
    date_order = evidence.date_order() or default or source.kind.date_order
    if date_order is None and _evidence_anew(source).puts_years_first():
        date_order = "ymd"
    if date_order is None:
        raise InputError(
            f"{source.file.place}: its dates can be read as day/month or month/day, and "
            "no value tells which: say --date-order dmy or --date-order mdy"
        )
    return Conventions(evidence.decimal_mark(), date_order)


def _counter(source: Source, *, thorough: bool = False) -> EvidenceCounter:
    positions = source.kind.positions(source.dialect.header)
    numbers, dates = (
        [positions[name] for name in names if name in positions]
        for names in (source.kind.numbers, source.kind.dates)
    )
    return EvidenceCounter(numbers, dates, thorough=thorough)


def _evidence_anew(source: Source) -> Evidence:
    """Read the file again and pass over nothing: commas alone, or a few dates, do not tell."""
    counter = _counter(source, thorough=True)
    for item in Reader(source.file.readable, source.dialect).batches():
        if not isinstance(item, Reject):
            counter.add_rows(item.rows)
    evidence = counter.evidence
    assert evidence is not None
    return evidence
