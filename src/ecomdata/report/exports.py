"""The final tables as files: CSV, Parquet, or XLSX; the same tables give the same bytes."""

import csv
import re
import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any, Final, Literal

from ecomdata.errors import UsageError
from ecomdata.report.measures import project_macros
from ecomdata.report.tables import require_build
from ecomdata.warehouse import Connection, quote

Format = Literal["csv", "parquet", "xlsx"]
Rows = Iterable[tuple[Any, ...]]

#: What a sheet of XLSX holds, less its header.
SHEET_ROWS: Final = 1_048_575

#: Stands for NULL on the way to Parquet, where an empty text is another value.
_NULL: Final = "\\N"
_NO_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_WIDEST: Final = 48
_ROWS_MEASURED: Final = 200
_MODIFIED: Final = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class Exported:
    """A table that became a file."""

    table: str
    file: str
    rows: int


def final_tables(connection: Connection, names: Sequence[str]) -> list[str]:
    """Return the names of the final tables, or check those that are given.

    Raises:
        DataError: nothing is built yet.
        UsageError: there is no such table; says which there are.
    """
    require_build(connection)
    found = [
        row[0]
        for row in connection.query(
            "select table_name from information_schema.tables"
            " where table_schema = 'final' order by table_name"
        ).rows
    ]
    for name in names:
        if name not in found:
            raise UsageError(f"--tables {name} is not known: use {', '.join(sorted(found))}")
    return list(dict.fromkeys(names)) or sorted(found)


def export_table(connection: Connection, engine: str, name: str, form: Format, path: Path) -> int:
    """Write a final table to a file row by row, and return how many rows it has.

    Shape: rows in the order of their columns, the first first.

    Raises:
        UsageError: XLSX cannot hold so many rows.
    """
    types = _types(connection, name)
    count: int = connection.query(f"select count(*) from {quote('final', name)}").scalar
    if form == "xlsx" and count > SHEET_ROWS:
        raise UsageError(
            f"{name} has {count:,} rows, and a sheet of XLSX holds {SHEET_ROWS:,}: "
            "use --format csv or parquet"
        )
    bytewise = project_macros(engine).bytewise
    order = ", ".join(
        str(bytewise(quote(column))) if kind == "text" else quote(column)
        for column, kind in types.items()
    )
    rows = connection.rows(f"select * from {quote('final', name)} order by {order}")
    {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx}[form](name, types, rows, path)
    return count


def defused(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


def _types(connection: Connection, name: str) -> dict[str, str]:
    """Return the columns of a table with their types, as both engines understand them."""
    rows = connection.query(
        "select column_name, lower(data_type), numeric_precision, numeric_scale"
        " from information_schema.columns"
        " where table_schema = 'final' and table_name = $1 order by ordinal_position",
        [name],
    ).rows
    found = {}
    for column, kind, precision, scale in rows:
        if kind.startswith(("numeric", "decimal")):
            found[column] = f"decimal({precision}, {scale})"
        else:
            found[column] = "text" if kind in ("character varying", "varchar") else kind
    return found


def _csv(name: str, types: dict[str, str], rows: Rows, path: Path) -> None:
    _write(path, types, ([_plain(defused(value)) for value in row] for row in rows))


def _parquet(name: str, types: dict[str, str], rows: Rows, path: Path) -> None:
    import duckdb  # late: it takes its time

    plain = ([_NULL if value is None else _plain(value) for value in row] for row in rows)
    with TemporaryDirectory() as folder, duckdb.connect(config={"threads": 1}) as connection:
        source = Path(folder) / "rows.csv"
        _write(source, types, plain)
        connection.read_csv(
            str(source), header=True, columns=types, delimiter=",", quotechar='"', na_values=_NULL
        ).write_parquet(str(path), compression="zstd")


def _xlsx(name: str, types: dict[str, str], rows: Rows, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.freeze_panes = "A2"
    rows = iter(rows)
    first = list(islice(rows, _ROWS_MEASURED))  # widths stand before the rows
    for place, column in enumerate(types):
        texts = [column, *(str(row[place]) for row in first)]
        width = min(max(map(len, texts)) + 3, _WIDEST)
        sheet.column_dimensions[get_column_letter(place + 1)].width = width
    header = []
    for column in types:
        head = WriteOnlyCell(sheet, column)
        head.font = Font(bold=True)
        header.append(head)
    sheet.append(header)
    # A sheet that is only written keeps nothing: each column's one cell is written again and again,
    # which is four times as fast as a cell, with its style, for each value.
    cells = []
    for kind in types.values():
        cell = WriteOnlyCell(sheet)
        cell.number_format = _number_format(kind)
        cells.append(cell)
    for row in chain(first, rows):
        for cell, value in zip(cells, row, strict=True):
            cell.value = defused(_NO_XML.sub("\ufffd", value)) if isinstance(value, str) else value
        sheet.append(cells)
    with TemporaryFile() as found:
        book.save(found)
        _copy_timeless(found, path)


def _number_format(kind: str) -> str:
    """Return how a spreadsheet shows the type."""
    if kind.startswith("decimal"):
        return "#,##0.00" if kind.endswith(" 2)") else "0.0000"
    return {"bigint": "#,##0", "date": "yyyy-mm-dd"}.get(kind, "General")


def _copy_timeless(book: IO[bytes], path: Path) -> None:
    """Copy a workbook without the time at which it was written."""
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            member = zipfile.ZipInfo(entry.filename)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.file_size = entry.file_size
            with old.open(entry) as source, new.open(member, "w") as target:
                if entry.filename.startswith("docProps/"):
                    target.write(_MODIFIED.sub(rb"\g<1>2000-01-01T00:00:00Z", source.read()))
                else:
                    shutil.copyfileobj(source, target, 1 << 20)


def _write(path: Path, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(rows)


def _plain(value: Any) -> Any:
    """Return a value as text has it: days as ISO text, true and false as SQL's."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return f"{value:f}" if isinstance(value, Decimal) else value
