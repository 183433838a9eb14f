"""Tables in files that are not text: Parquet and XLSX are written as text.

What a file is, its first bytes say, not its name. Every field is put in quotes, which leaves no
doubt about the text's dialect; a row of a sheet stands on the line of its number.
"""

import csv
import glob
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ecomdata.errors import InputError, WarehouseFullError
from ecomdata.ingest.files import File
from ecomdata.warehouse import quote

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"
#: Unpacked bytes of a workbook beside its sheets, which are held in memory: most are its texts.
_MOST_SHARED = 1 << 28
_MIDNIGHT = time()
#: Days from 1970 to 2099, as Excel counts them: the dates that a shop can have.
_SERIALS = (25_569, 73_051)
_DATE_WORDS = re.compile(
    r"date|datum|fecha|дата|ημερομηνία|تاريخ|日|\b(?:data|dato|day|tag|time|at|on|am)\b",
    re.IGNORECASE,
)


def tables(file: File, folder: Path) -> list[File]:
    """Return the tables of a file: each a file with its `text` in the folder.

    A file of text is its own table. A workbook has one for each sheet with a header and a row;
    where it is more than one, they are named "book.xlsx#Sheet".

    Raises:
        InputError: the file is damaged, holds no table, or is an archive of files.
        UsageError: the file cannot be read.
    """
    with file.open() as opened:
        magic = opened.read(4)
    if magic == _PARQUET:
        text = _new_text(folder)
        _write_parquet(file.path, text, folder)
        return [replace(file, text=text)]
    if magic == _ZIP:
        return _sheets(file, folder)
    return [file]


def _new_text(folder: Path) -> Path:
    return folder / f"table-{sum(1 for _ in folder.glob('table-*'))}.csv"


def _write_parquet(path: Path, text: Path, folder: Path) -> None:
    import duckdb  # late: it takes 0.03 s

    try:
        with duckdb.connect(
            config={
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "memory_limit": "1GB",
                "temp_directory": str(folder / "parquet"),
            }
        ) as connection:
            source = f"read_parquet({_literal(glob.escape(str(path)))})"
            described = connection.execute(f"describe select * from {source}").fetchall()
            columns = ", ".join(
                f"{_as_text(quote(name), kind)} as {quote(name)}" for name, kind, *_ in described
            )
            connection.execute(
                f"copy (select {columns} from {source}) to {_literal(str(text))} "
                "(format csv, header true, force_quote *)"
            )
    except duckdb.Error as exc:
        if "no space left" in str(exc).lower():
            raise WarehouseFullError(
                f"no space left in {folder}: free some; nothing was loaded"
            ) from exc
        raise InputError(
            f"{path}: is a damaged Parquet file ({str(exc).splitlines()[0]}); export it again"
        ) from exc


def _as_text(column: str, kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"cast(make_timestamp(epoch_us({column})) as varchar)"
    if kind in ("DOUBLE", "FLOAT"):
        return f"regexp_replace(cast({column} as varchar), '[.]0$', '')"
    return f"cast({column} as varchar)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sheets(file: File, folder: Path) -> list[File]:
    import openpyxl  # a quarter of a second that only a workbook is worth

    try:
        with zipfile.ZipFile(file.path) as archive:
            parts = {part.filename: part.file_size for part in archive.infolist()}
        if "xl/workbook.xml" not in parts:
            raise InputError(f"{file.path}: is a zip archive, not a workbook; unpack it first")
        shared = sum(size for name, size in parts.items() if "/worksheets/" not in name)
        if shared > _MOST_SHARED:
            raise InputError(
                f"{file.path}: holds {shared >> 20} MiB of texts and pictures; save it as CSV"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl cannot keep is not read either
            book = openpyxl.load_workbook(
                file.path, read_only=True, data_only=True, keep_links=False
            )
            try:
                written = [
                    (sheet.title, text)
                    for sheet in book.worksheets
                    if (text := _write_sheet(sheet, book.epoch, _new_text(folder))) is not None
                ]
            finally:
                book.close()
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, SyntaxError) as exc:
        raise InputError(
            f"{file.path}: is a damaged workbook ({exc}); save it again, or save the sheet as CSV"
        ) from exc
    if not written:
        raise InputError(f"{file.path}: no sheet has a header and a row; check the workbook")
    if len(written) == 1:
        return [replace(file, text=written[0][1])]
    return [replace(file, name=f"{file.name}#{title}", text=text) for title, text in written]


def _write_sheet(sheet: Any, epoch: datetime, text: Path) -> Path | None:
    """Write a sheet as text; None where it has fewer than two rows that hold something."""
    sheet.reset_dimensions()  # what the file says of its size need not be so
    columns: list[_Seen] = []
    filled = _write_rows(_looked_at(sheet.iter_rows(values_only=True), columns), text)
    serials = [place for place, seen in enumerate(columns) if seen.holds_serials]
    if serials:  # a second look, at the few sheets that have them
        _write_rows(_with_dates(sheet.iter_rows(values_only=True), serials, epoch), text)
    if filled < 2:
        text.unlink()
        return None
    return text


@dataclass
class _Seen:
    """What the cells of a column were: a date may be a number that nobody formatted as one."""

    heading: str = ""
    has_dates: bool = False
    numbers: int = 0
    serials: int = 0

    def look_at(self, value: Any) -> None:
        """Take note of a cell."""
        if isinstance(value, date):
            self.has_dates = True
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.numbers += 1
            self.serials += _SERIALS[0] <= value < _SERIALS[1]
        elif isinstance(value, str) and not self.numbers and not self.has_dates:
            self.heading = value

    @property
    def holds_serials(self) -> bool:
        """Whether its numbers are days: all can be, and other cells or its heading say so."""
        can_be = 0 < self.numbers == self.serials
        return can_be and (self.has_dates or bool(_DATE_WORDS.search(self.heading)))


def _looked_at(rows: Iterable[Sequence[Any]], columns: list[_Seen]) -> Iterator[Sequence[Any]]:
    for cells in rows:
        columns += (_Seen() for _ in range(len(cells) - len(columns)))
        for seen, value in zip(columns, cells, strict=False):
            if value is not None:
                seen.look_at(value)
        yield cells


def _with_dates(
    rows: Iterable[Sequence[Any]], places: Sequence[int], epoch: datetime
) -> Iterator[Sequence[Any]]:
    for cells in rows:
        dated = list(cells)
        for place in places:
            value = dated[place] if place < len(dated) else None
            if isinstance(value, int | float) and not isinstance(value, bool):
                dated[place] = epoch + timedelta(days=value)
        yield dated


def _write_rows(rows: Iterable[Sequence[Any]], text: Path) -> int:
    """Write rows as text, each as wide as the widest before it; return how many hold something."""
    filled = width = 0
    with text.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        for cells in rows:
            row = _without_empty_end([_cell(value) for value in cells])
            width = max(width, len(row))
            if row:
                filled += 1
                writer.writerow(row + [""] * (width - len(row)))
            else:
                file.write("\r\n")
    return filled


def _without_empty_end(row: Sequence[str]) -> list[str]:
    length = len(row)
    while length and not row[length - 1]:
        length -= 1
    return list(row[:length])


def _cell(value: Any) -> str:
    """A cell as an export would write it: ISO dates, and 15 digits of a number as Excel shows."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return format(Decimal(format(value, ".15g")), "f")
    if isinstance(value, datetime):
        moment = (value + timedelta(microseconds=500_000)).replace(microsecond=0)
        is_day = moment.time() == _MIDNIGHT
        return moment.date().isoformat() if is_day else moment.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value)
