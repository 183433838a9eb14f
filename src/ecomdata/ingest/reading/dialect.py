"""How one delimited text file is written: its encoding, delimiter, quote and header.

`sniff` decides from the first MiB of the file: nothing is asked of the user, and nothing is guessed
row by row.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.reading.archives import unpacked
from ecomdata.ingest.reading.grammar import parse_record
from ecomdata.ingest.reading.salvage import salvage
from ecomdata.ingest.reading.text import (
    cut_off,
    new_decoder,
    physical_lines,
    readable,
    whole_lines,
)

SAMPLE_BYTES = 1 << 20
DELIMITERS = (",", ";", "\t", "|")
_LINES_COUNTED = 2_000
_CHARS_COUNTED = 1 << 18  # quotes are looked for at 0.1 s a million characters
_PREAMBLE_RECORDS = 100
_RECORDS_COMPARED = 50
_MOST_HEADER_ROWS = 3  # that differ

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGICS = (
    (
        b"PK\x03\x04",
        "an Excel workbook or a zip archive; save the sheet as CSV, or unpack the archive",
    ),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook; save the sheet as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first (gunzip)"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first (unzstd)"),
    (b"PAR1", "a Parquet file; export it as CSV"),
    (b"%PDF", "a PDF; export the table as CSV"),
)
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n)', re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"\s*+[-+(]?\s*+[$€£¥]?\s*+[-+]?[.,]?\d")
_YEAR = re.compile(r"\s*(?:19|20)\d\d\s*")
_NO_MARK = re.compile("[\r\n\0\ud800-\udfff]")
# A whole quoted field, perhaps over several lines. A delimiter or a line end must stand on either
# side: so an unterminated quote cannot turn the rest of the sample inside out.
_WHOLE_FIELD = r"(?<![^,;\t|\r\n]){q}[^{q}]*(?:{q}{q}[^{q}]*)*{q}(?![^,;\t|\r\n])"
_FIELD_IN_SPACES = r"(?<![^ \r\n]){q}[^{q}]*(?:{q}{q}[^{q}]*)*{q}(?![^ \r\n])"


@dataclass(frozen=True)
class Dialect:
    """The decisions taken for one file."""

    encoding: str
    """utf-8, utf-8-sig, utf-16-le, utf-16-be (both with BOM) or cp1252."""
    delimiter: str
    quote: str
    line_end: str
    """LF, CRLF, CR or "mixed". For information: the reader takes each as it comes."""
    header: tuple[str, ...]
    """The fields of the header record, as written."""
    header_line: int
    """The physical line, from 1, on which the header starts (without one: the first record)."""
    header_lines: int = 1
    """Records that the header takes: 0 = no header; of several, the names are joined by a space."""
    escape: str = '"'
    """What makes a quote within a quoted field data: the quote itself (doubled), another character
    before it, or "" (nothing: it is data unless the field ends after it)."""

    def describe(self) -> str:
        """Return the decisions in short; quote and escape only where they are unusual."""
        line_end = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}.get(self.line_end, "mixed")
        delimiter = {"\t": "tab", " ": "space", ", ": "comma and space"}.get(
            self.delimiter, self.delimiter
        )
        quoting = "" if self.quote == '"' else f" quote {self.quote}"
        if self.escape != self.quote:
            quoting += f" escape {self.escape or 'none'}"
        header = f"header in line {self.header_line}" if self.header_lines else "no header"
        return f"{self.encoding} {delimiter} {line_end}{quoting}, {header}"


@dataclass(frozen=True)
class Given:
    """The decisions that the user takes; None = to be found out."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header_line: int | None = None
    """The physical line, from 1, on which the header starts; 0: the file has none."""


def sniff(path: Path, given: Given | None = None, needs_header: bool = True) -> Dialect:
    """Decide the dialect of a file from its first MiB.

    Encoding: a byte order mark decides. Without one the file is UTF-8, perhaps damaged, unless it
    is broken in a systematic way: more broken lines than lines with valid non-ASCII UTF-8, and at
    least 2 % of all lines. Then it is cp1252. (Read as UTF-8, a broken line is rejected and
    reported; wrongly read as cp1252, it looks right. So the doubt goes to UTF-8.)

    Delimiter: the one with which most lines have the same number of fields, and the header several
    names; a first line `sep=;` (Excel) overrides.

    Header: the first record that fills at least half of the usual number of fields: a title above
    a table of three or more columns is passed over. With `needs_header` a file always has one.
    Without, a first record of numbers above columns of numbers is data, and a header that is
    written several times in a row is one header.

    Raises:
        UsageError: the path is missing, a directory, or unreadable.
        InputError: the file is empty or is not text.
    """
    with open_file(path) as file:
        data = file.read(SAMPLE_BYTES)
        is_cut = bool(file.read(1))
    given = given or Given()
    _check_given(given)
    if not given.encoding:
        _check_text(path, data)
    encoding = given.encoding or _sniff_encoding(data, is_cut)
    decoder = new_decoder(encoding)
    text = decoder.decode(data).removeprefix("\ufeff")
    if is_cut:
        text = text[: whole_lines(text)]
        if not text:
            raise InputError(f"{path}: has no line end in its first MiB; export it again as CSV")
    else:
        text += cut_off(decoder)
    if not text.strip():
        if not needs_header:
            return Dialect(encoding, given.delimiter or ",", '"', "\n", (), 1, 0)
        raise InputError(f"{path}: is empty; export it again, with its header line")
    separator = _SEP_LINE.match(text)
    start = separator.end() if separator else 0
    quote = given.quote or _sniff_quote(text)
    named = given.delimiter or (separator[1] if separator else None)
    delimiter, width = _sniff_delimiter(text, start, quote, named)
    escape = _sniff_escape(text, delimiter, quote, width) if given.escape is None else given.escape
    form = (delimiter, quote, escape)
    if given.header_line:
        line = given.header_line
        at = sum(map(len, physical_lines(text)[: line - 1]))
        if at >= len(text):
            raise UsageError(f"{path}: has no line {line} in its first MiB; see --header-line")
        header, _ = header_record(text, at, *form, width)
    else:
        header, line = _find_header(text, start, *form, width)
        if not header or given.header_line == 0:
            line = 1 + len(physical_lines(text[:start]))
    rows = _header_rows(text, header, line, form, given.header_line)
    if not rows and given.header_line is None:
        rows = _names_above(text, line, form, width)
        line -= len(rows)
    if needs_header:
        rows = (rows or [header])[:1]
    if not header and rows:
        raise InputError(f"{path}: has no header line; export it again, with the columns' names")
    return Dialect(
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        line_end=_sniff_line_end(text),
        header=tuple(
            " ".join(readable(name) for name in names if name or len(rows) == 1)
            for names in zip_longest(*rows, fillvalue="")
        ),
        header_line=line,
        header_lines=len(rows),
        escape=escape,
    )


def header_record(
    text: str, start: int, delimiter: str, quote: str, escape: str, width: int
) -> tuple[list[str], int]:
    """Read the header record and where it ends: one that is not well-formed is its first line."""
    fields, end, fault = parse_record(text, start, len(text), delimiter, quote, escape)
    if fault:
        match = _LINE_END.search(text, start)
        end = match.end() if match else len(text)
        line = text[start:end].rstrip("\r\n")
        fields = (
            salvage(line, delimiter, quote, width)
            or salvage(line, delimiter, quote, width - 1)
            or line.split(delimiter)
        )
    return fields, end


def open_file(path: Path) -> BinaryIO:
    """Open a regular file to read its bytes.

    Raises:
        UsageError: the path is missing, not a regular file, or unreadable.
    """
    try:
        mode = path.stat().st_mode
        if S_ISREG(mode):
            return unpacked(path)
    except FileNotFoundError as exc:
        raise UsageError(f"{path}: no such file; check the path") from exc
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise UsageError(f"{path}: cannot be read ({reason}); check its permissions") from exc
    what = "a directory" if S_ISDIR(mode) else "no regular file"
    raise UsageError(f"{path}: is {what}; name a CSV file")


def _check_given(given: Given) -> None:
    """Refuse what no file can be written with."""
    if given.encoding:
        try:
            "".encode(given.encoding)
            new_decoder(given.encoding).decode(bytes(range(256)))
        except (LookupError, ValueError) as exc:
            raise UsageError(
                f"--encoding {given.encoding}: no encoding that is known here; say utf-8, cp1252, "
                "utf-16-le, ..."
            ) from exc
    for name, value, lengths in (
        ("delimiter", given.delimiter, (1, 2)),
        ("quote", given.quote, (1,)),
        ("escape", given.escape, (0, 1)),
    ):
        if value is not None and (len(value) not in lengths or _NO_MARK.search(value)):
            raise UsageError(f"--{name} {readable(value)!r}: it has to be one character")
    if given.delimiter and given.quote and given.quote in given.delimiter:
        raise UsageError(f"--delimiter and --quote are both {given.quote!r}: they have to differ")
    if given.header_line is not None and given.header_line < 0:
        raise UsageError("--header-line counts from 1; 0 says that there is no header")


def _check_text(path: Path, data: bytes) -> None:
    for magic, what in _MAGICS:
        if data.startswith(magic):
            raise InputError(f"{path}: is {what}")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    # A NUL here and there is damage, which the reader reports line by line.
    lines = data.splitlines() or [b""]
    if b"\0" in lines[0] or sum(b"\0" in line for line in lines) * 10 > len(lines):
        raise InputError(
            f"{path}: is a binary file, not delimited text (it has NUL bytes); export it as CSV"
        )


def _sniff_encoding(data: bytes, is_cut: bool) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding
    if data.isascii():
        return "utf-8"
    lines = data.splitlines()
    if is_cut:
        lines.pop()  # it may end within a character
    beyond_ascii = [line for line in lines if not line.isascii()]
    broken = sum(not _is_utf8(line) for line in beyond_ascii)
    systematic = broken > len(beyond_ascii) - broken and broken * 50 >= len(lines)
    return "cp1252" if systematic else "utf-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _sniff_line_end(text: str) -> str:
    ends = set(_LINE_END.findall(text))
    return "mixed" if len(ends) > 1 else next(iter(ends), "\n")


def _sniff_quote(text: str) -> str:
    """A single quote only where whole fields on at least half of the lines stand in them."""
    text = text[:_CHARS_COUNTED]
    double, single = (
        sum(1 for _ in re.finditer(_WHOLE_FIELD.format(q=quote), text)) if quote in text else 0
        for quote in "\"'"
    )
    return "'" if single > double and single * 2 >= len(physical_lines(text)) else '"'


def _sniff_delimiter(text: str, start: int, quote: str, given: str | None) -> tuple[str, int]:
    """The delimiter and the usual number of fields."""
    bare = text[start : start + _CHARS_COUNTED]
    if quote in bare:
        bare = re.sub(_WHOLE_FIELD.format(q=quote), "x", bare)
    lines = [line for line in physical_lines(bare) if line.strip()][:_LINES_COUNTED]
    spaced = None if given else _sniff_spaced(text[start:], quote, lines)
    if spaced:
        return spaced
    best = (0.0, 1, given or ",")
    for delimiter in [given] if given else DELIMITERS:
        widths = Counter(line.count(delimiter) + 1 for line in lines)
        width, lines_of_it = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1:
            score = lines_of_it / len(lines)
            header, _ = _find_header(text, start, delimiter, quote, quote, width)
            # In `id;price` over `1;2,50` the comma is as regular as the semicolon: the names tell.
            if len(header) > 1 and not any(not name or name[0].isdigit() for name in header):
                score += 0.5
            if (score, width) > best[:2]:
                best = (score, width, delimiter)
    return best[2], best[1]


def _sniff_spaced(text: str, quote: str, lines: list[str]) -> tuple[str, int] | None:
    """A comma with a space after it, or a space alone, where that is evident; and the width."""
    first = lines[0].rstrip("\r\n") if lines else ""
    width = first.count(", ") + 1
    if (
        first.count(",") + 1 == width > 1
        and text.count(", ") * 20 >= text.count(",") * 19
        and sum(", " in line for line in lines) * 10 >= len(lines) * 9
    ):
        return ", ", width
    names = first.split(" ")
    if len(names) < 3 or not all(names) or any(mark in first for mark in DELIMITERS):
        return None
    bare, quoted = re.subn(_FIELD_IN_SPACES.format(q=quote), "x", text)
    counts = [line.count(" ") + 1 for line in physical_lines(bare) if line.strip()]
    counts = counts[:_LINES_COUNTED]
    full = sum(count >= len(names) for count in counts)
    exact = counts.count(len(names))
    is_evident = quoted * 2 >= len(counts) if quoted else full == exact
    return (" ", len(names)) if is_evident and full * 10 >= len(counts) * 9 else None


def _sniff_escape(text: str, delimiter: str, quote: str, width: int) -> str:
    """How quotes within quoted fields are written.

    Other than doubled only if that makes more lines well-formed than doubling explains.
    """

    def is_record(line: str, escape: str) -> bool:
        fields, _, fault = parse_record(line, 0, len(line), delimiter, quote, escape)
        return fault is None and len(fields) == width

    lines = [line for line in physical_lines(text)[:_LINES_COUNTED] if quote in line]
    wrong = [line for line in lines if not is_record(line, quote)]
    if len(wrong) < 2:
        return quote
    doubled = re.compile(f"[^{re.escape(delimiter)}]{quote}{quote}")
    best, most = quote, max(1, sum(bool(doubled.search(x)) for x in lines) - len(wrong))
    for escape in ("\\", '"', ""):
        marked = [line for line in wrong if f'{escape or quote}"' in line or not escape]
        if escape == quote or not marked or (not escape and len(wrong) * 50 < len(lines)):
            continue
        mended = sum(is_record(line, escape) for line in wrong)
        if mended > most:
            best, most = escape, mended
    return best


def _find_header(
    text: str, start: int, delimiter: str, quote: str, escape: str, width: int
) -> tuple[list[str], int]:
    """The fields of the header record and the physical line on which it starts."""
    first: tuple[list[str], int] = ([], 0)
    position, line = start, 1 + len(physical_lines(text[:start]))
    passed_over = 0
    while position < len(text) and passed_over < _PREAMBLE_RECORDS:
        fields, end = header_record(text, position, delimiter, quote, escape, width)
        if any(field.strip() for field in fields):
            if width < 3 or sum(map(bool, fields)) * 2 >= width:
                return fields, line
            first = first if passed_over else (fields, line)
            passed_over += 1
        line += len(physical_lines(text[position:end]))
        position = end
    return first


def _header_rows(
    text: str, first: list[str], line: int, form: tuple[str, str, str], given: int | None
) -> list[list[str]]:
    """The records from the first one on that are the header: none if that is data already.

    It is data if it has numbers where the records below have numbers, and only there. Years are
    names. A header goes on while the same record is repeated, or while there are names only, and
    different ones, over two or more columns of numbers.
    """
    position = sum(map(len, physical_lines(text)[: line - 1]))
    below: list[list[str]] = []
    while position < len(text) and len(below) <= _RECORDS_COMPARED:
        fields, position = header_record(text, position, *form, len(first))
        if any(fields):
            below.append(fields)
    repeats = next((n for n, row in enumerate(below) if row != first), len(below))
    header = [first] * max(repeats, 1) if first else []
    rows = [row for row in below[1:] if len(row) == len(first)]
    if given is not None or not rows:
        return header if given != 0 else []
    numbers = [first[column] for column in _number_columns(rows)]
    if numbers and all(map(_NUMBER.match, numbers)) and not all(map(_YEAR.fullmatch, numbers)):
        return []
    while repeats < 2 and len(header) < _MOST_HEADER_ROWS:
        row, *rest = below[len(header) :] or [[]]
        rest = [row for row in rest if len(row) == len(first)]
        if len(row) != len(first) or len(rest) < 2 or any(map(_NUMBER.match, row)):
            break
        names = [row[column] for column in _number_columns(rest) if row[column].strip()]
        if not len(names) == len(set(names)) > 1:
            break
        header.append(row)
    return header


def _number_columns(rows: list[list[str]]) -> list[int]:
    """The columns in which nine records of ten have numbers."""
    return [
        column
        for column, values in enumerate(zip(*rows, strict=True))
        if sum(bool(_NUMBER.match(value)) for value in values) * 10 >= 9 * len(rows)
    ]


def _names_above(text: str, line: int, form: tuple[str, str, str], width: int) -> list[list[str]]:
    """The header right above the first record, if it is written with another delimiter.

    There has to be one way only to read that line as so many names.
    """
    above = physical_lines(text)[line - 2].rstrip("\r\n") if line > 1 else ""
    found = []
    for delimiter in (*DELIMITERS, " "):
        fields, _, fault = parse_record(above, 0, len(above), delimiter, *form[1:])
        is_named = not fault and all(fields) and not any(map(_NUMBER.match, fields))
        if is_named and len(fields) == len(set(fields)) == width > 2:
            found.append(fields)
    return found if len(found) == 1 else []
