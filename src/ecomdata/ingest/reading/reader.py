"""One delimited text file in, its records and its rejects out, in constant memory.

Every line that is not blank, after the header, belongs to exactly one record or one reject. Most
records are plain: on one line, with the right number of fields. The standard library's parser reads
them at C speed (0.7 to 1 million records of 6 fields a second), and its count of lines and fields
shows where one is not plain; only that one is read by `parse_record`, with care.
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

from ecomdata.ingest.reading.dialect import SAMPLE_BYTES, Dialect, header_record, open_file
from ecomdata.ingest.reading.grammar import parse_record
from ecomdata.ingest.reading.salvage import salvage
from ecomdata.ingest.reading.text import (
    cut_off,
    is_readable,
    new_decoder,
    physical_lines,
    readable,
    whole_lines,
)

RULES = (
    "undecodable_bytes",
    "nul_byte",
    "field_too_long",
    "unterminated_quote",
    "malformed_quote",
    "wrong_field_count",
    "repeated_header",
)
MAX_RECORD = 1 << 20
"""Characters in one record. A closing quote is looked for within as many."""
_RAW_KEPT = 1 << 16
_BLOCK_BYTES = 1 << 18
_WINDOW = 128  # lines given to the fast parser at a time: what a fault costs to read again
_LOOKED_AT = 64  # lines between two quotes that show whether they are records
_SPACED = ", "
_LEARNED = 1_000  # records that show what a record looks like


class Record(NamedTuple):  # made a million times a second: half the time of a dataclass
    """One record: exactly as many fields as the header has, where the reader is strict.

    `line` is the physical line, from 1, on which it starts.
    """

    line: int
    fields: list[str]


@dataclass(frozen=True, slots=True)
class Reject:
    r"""A record that was refused, by one of `RULES`.

    `raw` is its text as written, without the last line end; NUL and bytes that are not in the
    file's encoding stand in it as `\xNN`. Of a `field_too_long` only the beginning is kept.
    """

    line: int
    raw: str
    rule: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that follow each other: the line on which each starts, and its fields."""

    lines: list[int]
    rows: list[list[str]]


class Reader:
    """The records and rejects of a file after its header, in file order.

    Shape: iterating gives each `Record` and `Reject`; `batches` gives the same with the records in
        batches, in two thirds of the time. Either starts at the beginning of the file.

    Raises:
        UsageError: the file is missing or unreadable.
    """

    lines_read: int
    """Physical lines read so far, blank ones and the header among them."""

    def __init__(self, path: Path, dialect: Dialect, strict: bool = True) -> None:
        """Take records of the header's number of fields only; or, not `strict`, of any number.

        Not strict, a line with a quote out of place is a record, too, if there is a way to read it
        with the usual number of fields; and so is a repeated header.
        """
        self.lines_read = 0
        self.path = path
        self.dialect = dialect
        self._strict = strict
        self._not_plain = _not_plain(dialect)
        self._header = list(dialect.header)
        self._width = len(dialect.header)
        self._looks = _Looks(dialect)
        self._form = _form(dialect)

    def __iter__(self) -> Iterator[Record | Reject]:
        for item in self.batches():
            if isinstance(item, Reject):
                yield item
            else:
                yield from map(Record, item.lines, item.rows)

    def batches(self) -> Iterator[Batch | Reject]:
        """Read the file; see the class."""
        self.lines_read = 0
        text, in_header = "", True
        for block, is_last in self._blocks():
            text += block
            end = len(text) if is_last else whole_lines(text)
            if not end:
                text = _shortened(text)
                continue
            start = self.skip_header(text[:end]) if in_header else 0
            in_header = False
            read = yield from self.read_lines(text[start:end], is_last)
            text = text[start + read :]

    def _blocks(self) -> Iterator[tuple[str, bool]]:
        """The decoded text, and whether it is the last."""
        decoder, mark = new_decoder(self.dialect.encoding), "\ufeff"
        with open_file(self.path) as file:
            data = file.read(SAMPLE_BYTES)  # as much as `sniff` saw: the header is in it
            while data:
                following = file.read(_BLOCK_BYTES)
                text = decoder.decode(data).removeprefix(mark)
                if not following:
                    text += cut_off(decoder)
                yield text, not following
                data, mark = following, ""

    def skip_header(self, text: str) -> int:
        """Read the header, and what records look like, off a file's beginning; return its end."""
        lines_before = self.dialect.header_line - 1
        start = sum(map(len, physical_lines(text)[:lines_before]))
        end, form = start, self.dialect
        left = form.header_lines
        while left and end < len(text):
            fields, end = header_record(
                text, end, form.delimiter, form.quote, form.escape, self._width
            )
            if any(fields) or left == form.header_lines:  # blank lines may stand in between
                left -= 1
        self.lines_read = len(physical_lines(text[:end]))
        lines = physical_lines(text[end:])[: 10 * _LEARNED]
        if not self._strict:
            self._width = self._looks.width = _usual_width(lines, form)
        self._looks.learn(lines)
        return end

    def read_lines(
        self, text: str, is_last: bool, enough: int = sys.maxsize
    ) -> Generator[Batch | Reject, None, int]:
        """Read whole lines; returns how much of the text was read.

        What is left is one record whose quote is open at the end of the text, or, after `enough`
        characters, which are whole lines, what follows the record that reaches them.
        """
        lines = physical_lines(text[:enough])
        is_odd = len(text) > MAX_RECORD or not is_readable(text)
        done = position = 0
        while done < len(lines):
            item: Batch | Reject | None
            item, count = self._read_plain(lines[done : done + _WINDOW], is_odd)
            read = lines[done : done + count]
            if not count:
                item, read = self._read_careful(lines[done], text, position, is_last)
                if not read:
                    return position
            if item is not None:
                yield item
            position += sum(map(len, read))
            done += len(read)
            self.lines_read += len(read)
        return position

    def _read_plain(self, lines: list[str], is_odd: bool) -> tuple[Batch | None, int]:
        """Read records from the first line on, up to one with a fault, and count their lines."""
        if self._form is None:
            return None, 0
        width, header, first = self._width, self._header, self.lines_read + 1
        strict, not_plain = self._strict, self._not_plain
        parser = csv.reader(lines, **self._form)
        starts: list[int] = []
        rows: list[list[str]] = []
        done = 0
        try:
            for row in parser:
                end = parser.line_num
                if row:  # a blank line has no field
                    if (
                        (len(row) != width and not (strict and self._fits(row)))
                        or (
                            end - done > 1
                            and not self._looks.is_one_record("".join(lines[done:end]))
                        )
                        or (is_odd and _is_odd("".join(lines[done:end])))
                        or (strict and row == header)
                        or (not_plain and not_plain.search("".join(lines[done:end])))
                    ):
                        break
                    starts.append(first + done)
                    rows.append(row)
                done = end
        except csv.Error:
            pass  # the next record is at fault; `_read_careful` says what it is
        return Batch(starts, rows) if rows else None, done

    def _fits(self, row: list[str]) -> bool:
        """Drop the empty fields that trailing delimiters make; tell whether the rest fits."""
        if self._strict and not any(row[self._width :]):
            del row[self._width :]
        return len(row) == self._width

    def _read_careful(
        self, first: str, text: str, start: int, is_last: bool
    ) -> tuple[Batch | Reject | None, list[str]]:
        """Read one record, good or not; return it and its lines: none if more text is needed."""
        if not first.rstrip("\r\n"):
            return None, [first]
        if len(first) > MAX_RECORD:
            return self._reject(first[:_RAW_KEPT], "field_too_long"), [first]
        stop = min(len(text), start + MAX_RECORD)
        form = self.dialect
        most = self._width if self._strict else 4 * self._width + 100
        fields, end, fault = parse_record(
            text, start, stop, form.delimiter, form.quote, form.escape, most
        )
        if fault == "open" and stop == len(text) < start + MAX_RECORD and not is_last:
            return None, []
        goes_on = fault == "open" or end > start + len(first)
        raw = text[start:end]
        is_one = not fault and (not goes_on or self._looks.is_one_record(raw))
        if is_one and self._fits(fields):
            return self._accept(fields, raw), physical_lines(raw)
        if not self._strict and first.strip():
            found = self._as_it_may_be(first, fields, bool(fault) or goes_on)
            if found is not None:
                return self._accept(found, first), [first]
            if is_one and len(fields) <= most:
                return self._accept(fields, raw), physical_lines(raw)
        if goes_on:
            return self._reject(first, "unterminated_quote"), [first]
        if not first.strip():
            return None, [first]
        return self._reject(first, "malformed_quote" if fault else "wrong_field_count"), [first]

    def _as_it_may_be(self, line: str, fields: list[str], is_damaged: bool) -> list[str] | None:
        """The usual number of fields, if a line that does not have them can be read so."""
        form = self.dialect
        line = line.rstrip("\r\n")
        if is_damaged:
            return salvage(line, form.delimiter, form.quote, self._width)
        return self._looks.rejoined(line, fields) if form.delimiter == " " else None

    def _accept(self, fields: list[str], raw: str) -> Batch | Reject:
        if not is_readable(raw) or (self._strict and fields == self._header):
            return self._reject(raw, "repeated_header")
        return Batch([self.lines_read + 1], [fields])

    def _reject(self, raw: str, rule: str) -> Reject:
        """Refuse a record; bytes that are no text come before what is wrong with the structure."""
        if not is_readable(raw):
            rule = "nul_byte" if "\0" in raw else "undecodable_bytes"
        return Reject(self.lines_read + 1, readable(raw.rstrip("\r\n")), rule)


class _Looks:
    """What the records of a file look like: their width, and how the fields of each column begin.

    It tells one record that goes on over several lines from several damaged lines.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.width = len(dialect.header)
        self._kinds: list[set[str]] = []
        self._spaced: set[int] = set()

    def learn(self, lines: list[str]) -> None:
        """Note the kinds of field of the records that stand on one line.

        A kind counts if one line in 20 has it: so the odd line within a long text is no model.
        """
        form = _form(self._dialect)
        if form is None:
            self._kinds = [set() for _ in range(self.width)]
            return
        seen: list[Counter[str]] = [Counter() for _ in range(self.width)]
        learned = done = 0
        while done < len(lines) and learned < _LEARNED:
            parser = csv.reader(lines[done : done + _WINDOW], **form)
            end = 0
            try:
                for row in parser:
                    if len(row) == self.width and parser.line_num == end + 1:
                        learned += 1
                        for kinds, field in zip(seen, row, strict=True):
                            kinds[_kind(field)] += 1
                        self._spaced.update(n for n, field in enumerate(row) if " " in field)
                    end = parser.line_num
            except csv.Error:
                end = end or 1  # a fault on the first line of a window: pass over it
            done += end
        self._kinds = [{kind for kind in kinds if kinds[kind] * 20 >= done} for kinds in seen]

    def rejoined(self, line: str, fields: list[str]) -> list[str] | None:
        """Put together what spaces took apart, where a column has values with spaces in them."""
        extra = len(fields) - self.width
        for column in sorted(self._spaced) if extra > 0 else ():
            end = column + extra + 1
            joined = " ".join(fields[column:end])
            found = [*fields[:column], joined, *fields[end:]]
            if f" {joined} " in f" {line} " and all(
                not field or _kind(field) in kinds
                for field, kinds in zip(found, self._kinds, strict=True)
            ):
                return found
        return None

    def is_one_record(self, text: str) -> bool:
        """Whether several lines that can be read as one record are one.

        Two quotes without partners, on different lines, make one well-formed record of everything
        between them. Then the lines between look like records, each by itself; where two lines
        follow each other, these two do, once their quotes are taken off.
        """
        lines = physical_lines(text, _LOOKED_AT + 2)
        between = [line for line in lines[1:-1] if line.strip()]
        if between:
            return 2 * sum(map(self._is_like_record, between)) < len(between)
        return len(self._split(lines[0])) < self.width or not self._is_like_record(lines[-1])

    def _is_like_record(self, line: str) -> bool:
        fields = self._split(line)
        return (
            len(fields) == self.width > 1
            and any(fields)
            and all(
                not field or _kind(field) in kinds
                for field, kinds in zip(fields, self._kinds, strict=True)
            )
        )

    def _split(self, line: str) -> list[str]:
        bare = line.rstrip("\r\n").replace(self._dialect.quote, "")
        return bare.split(self._dialect.delimiter)


def _kind(field: str) -> str:
    """How a field begins: a digit, a letter of either case, that very sign, or not at all."""
    sign = field[:1]
    if sign.isdigit():
        return "0"
    return sign if not sign.isalpha() else "A" if sign.isupper() else "a"


class _Form(TypedDict):
    delimiter: str
    quotechar: str
    strict: bool
    skipinitialspace: bool


def _form(dialect: Dialect) -> _Form | None:
    """The dialect for the fast parser; None if it cannot read it."""
    is_spaced = dialect.delimiter == _SPACED
    if len(dialect.delimiter) > 1 and not is_spaced:
        return None
    return {
        "delimiter": dialect.delimiter[0],
        "quotechar": dialect.quote,
        "strict": True,
        "skipinitialspace": is_spaced,
    }


def _not_plain(dialect: Dialect) -> re.Pattern[str] | None:
    """What the fast parser reads in another way than the dialect; None if there is nothing."""
    found: list[str] = []
    if dialect.delimiter == _SPACED:  # a comma without its space, and a space that is data
        found.append(r",(?! )|,  |(?:\A|[\r\n]) ")
    if dialect.escape != dialect.quote:
        found += [re.escape(dialect.quote * 2), re.escape(dialect.escape)]
    pattern = "|".join(filter(None, found))
    return re.compile(pattern) if pattern else None


def _usual_width(lines: list[str], dialect: Dialect) -> int:
    """The most usual number of fields of the records on one line."""
    if dialect.delimiter == " " and dialect.header:  # values may have spaces, too; names do not
        return len(dialect.header)
    form = (dialect.delimiter, dialect.quote, dialect.escape)
    widths: Counter[int] = Counter()
    for line in lines[:_LEARNED]:
        fields, _, fault = parse_record(line, 0, len(line), *form)
        if not fault and line.strip():
            widths[len(fields)] += 1
    return max(widths, key=lambda width: (widths[width], width), default=len(dialect.header))


def _is_odd(text: str) -> bool:
    return len(text) > MAX_RECORD or not is_readable(text)


def _shortened(text: str) -> str:
    """Forget most of a line that is far too long; its final CR may be half of its line end."""
    if len(text) <= 2 * MAX_RECORD:
        return text
    return text[: MAX_RECORD + 1] + text[len(text.rstrip("\r")) :]
