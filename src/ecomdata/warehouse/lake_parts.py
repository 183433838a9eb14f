"""The files of a lake's parts: how canonical CSV becomes one, in this process or another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ecomdata.warehouse.duckdb import CONFIG, DuckDBConnection, read_csv
from ecomdata.warehouse.lake import LakeTable
from ecomdata.warehouse.protocol import quote


def literal(value: str) -> str:
    """Return a text as SQL has it, where it cannot be bound."""
    return "'" + value.replace("'", "''") + "'"


def to_parquet(select: str, file: Path) -> str:
    """Return what writes rows as one file of a part."""
    return f"copy ({select}) to {literal(str(file))} (format parquet, compression zstd)"


def select_csv(
    table: LakeTable,
    columns: Sequence[str],
    marks: Mapping[str, int | str],
    delimiter: str,
    reading: str,
) -> str:
    """Return what reads the table's columns from canonical CSV; its file is $1, marks follow."""
    found = {column: f"c{i}" for i, column in enumerate(columns)} | {
        column: f"${number}" for number, column in enumerate(marks, 2)
    }
    selected = ", ".join(
        f"cast({found.get(column, 'null')} as {kind}) as {quote(column)}"
        for column, kind in table.columns
    )
    return f"select {selected} from {read_csv(len(columns), delimiter, reading)}"


@dataclass(frozen=True)
class LakePartWriter:
    """Writes files of a part, from any process.

    Args:
        part: its folder.
        table: whose part it is.
        memory_limit: what DuckDB may keep in memory.
    """

    part: Path
    table: LakeTable
    memory_limit: str

    def copy_blocks(
        self,
        number: int,
        columns: Sequence[str],
        blocks: Iterable[bytes],
        delimiter: str,
        folder: Path,
        marks: Mapping[str, int | str],
    ) -> int:
        """Append blocks as files whose names begin with the number; return the rows."""
        own = folder / f"{number}"
        own.mkdir()
        limits = {"threads": "1", "memory_limit": self.memory_limit, "temp_directory": str(own)}
        raw = duckdb.connect(config=CONFIG | limits)
        connection = _PartConnection(raw, self.part, self, number)
        try:
            # It takes a process of no script for one that somebody sits before.
            connection.execute("set enable_progress_bar = false")
            return connection.copy_blocks("", "", columns, blocks, delimiter, own, marks)
        finally:
            connection.close()


@dataclass(frozen=True)
class _PartConnection(DuckDBConnection):
    """A DuckDB that turns the files of canonical CSV that it is given into files of a part."""

    writer: LakePartWriter
    number: int

    def _insert_csv(
        self,
        schema: str,
        table: str,
        columns: Sequence[str],
        path: Path,
        delimiter: str,
        reading: str,
        marks: Mapping[str, int | str],
    ) -> int:
        done = len(list(self.path.glob(f"{self.number:05}-*.parquet")))
        file = self.path / f"{self.number:05}-{done:05}.parquet"
        select = select_csv(self.writer.table, columns, marks, delimiter, reading)
        return int(self.query(to_parquet(select, file), [str(path), *marks.values()]).scalar)
