"""What is in a file: its dialect, header, records, and what could not be read."""

from dataclasses import dataclass
from pathlib import Path

from ecomdata.ingest.reading.dialect import Dialect, Given, sniff
from ecomdata.ingest.reading.reader import Reader, Record, Reject


@dataclass(frozen=True)
class Table:
    """A further table in the same file, known by its header, which begins as the first one does."""

    line: int
    """The physical line of its header."""
    header: tuple[str, ...]
    records: list[Record]


@dataclass(frozen=True)
class Contents:
    """Everything in one file: each line that is not blank, after the preamble, is in it once."""

    dialect: Dialect
    header: tuple[str, ...]
    """Empty if the file has none."""
    records: list[Record]
    """The first table's records, in file order, each with its own fields, however many."""
    further_tables: list[Table]
    rejects: list[Reject]


def read(
    path: str | Path,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    quote: str | None = None,
    escape: str | None = None,
    header_line: int | None = None,
) -> Contents:
    """Read a delimited text file; what is not given is found out.

    `header_line` is a physical line from 1, and 0 says that there is no header.

    Raises:
        UsageError: the path is missing, a directory or unreadable, or an option makes no sense.
        InputError: the file is not text.
    """
    return read_as(Path(path), Given(encoding, delimiter, quote, escape, header_line))


def read_as(path: Path, given: Given) -> Contents:
    """Read a delimited text file; see `read`."""
    dialect = sniff(path, given, needs_header=False)
    records: list[Record] = []
    tables: list[Table] = []
    rejects: list[Reject] = []
    for item in Reader(path, dialect, strict=False):
        if isinstance(item, Reject):
            rejects.append(item)
        elif _starts_like(item.fields, dialect):
            tables.append(Table(item.line, tuple(item.fields), []))
        else:
            (tables[-1].records if tables else records).append(item)
    return Contents(dialect, dialect.header, records, tables, rejects)


def _starts_like(fields: list[str], dialect: Dialect) -> bool:
    """Whether a record has the header's names, or, of a header of several records, their first."""
    header = dialect.header
    shared = min(len(fields), len(header))
    if shared < 2 or 2 * shared <= len(header):
        return False
    if dialect.header_lines == 1:
        return fields[:shared] == list(header[:shared])
    pairs = zip(fields, header, strict=False)
    return all(f"{name} ".startswith(f"{field} ") for field, name in pairs)
