"""A platform's files become contract rows as a load makes them, without a warehouse."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import duckdb

from ecomdata.ingest.connector import FileKind, macros, recognise
from ecomdata.warehouse import quote

Row = dict[str, str]


def mapped(files: dict[str, str], comma_files: tuple[str, ...] = ()) -> dict[str, list[Row]]:
    """Map one platform's files (name: text); return each entity's rows, without what is empty."""
    spool = duckdb.connect()
    spool.execute("create schema mapped; create table mapped.comma_files (name varchar)")
    for name in comma_files:
        spool.execute("insert into mapped.comma_files values ($1)", [name])
    spool.execute(macros())
    kinds = set()
    platform = None
    for name, text in files.items():
        header, *records = csv.reader(io.StringIO(text.lstrip("\ufeff")))
        found = recognise(Path(name), header)
        assert found is not None, name
        assert platform in (None, found.connector), name
        platform = found.connector
        kinds.add(found.kind.name)
        _create_tables(spool, found.connector.kinds)
        places = found.kind.positions(header)
        columns = ", ".join(quote(column) for column in places)
        marks = ", ".join(f"${i}" for i in range(1, len(places) + 3))
        for line, record in enumerate(filter(None, records), start=2):
            spool.execute(
                f"insert into {quote(found.kind.name)} ({columns}, _file, _line) values ({marks})",
                [*(record[place] for place in places.values()), name, line],
            )
    assert platform is not None
    for view, sql in platform.views():
        spool.execute(f"create view {quote(view)} as {sql}")
    return {
        entity: _rows(spool, f"select * from ({sql}) order by _file, _line")
        for entity, sql in platform.entity_sql(kinds)
    }


def _create_tables(spool: duckdb.DuckDBPyConnection, kinds: Sequence[FileKind]) -> None:
    for kind in kinds:
        declared = ", ".join(f"{quote(column)} varchar" for column in kind.columns)
        spool.execute(
            f"create table if not exists {quote(kind.name)} "
            f"({declared}, _file varchar, _line bigint)"
        )


def _rows(spool: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    answer = spool.execute(sql)
    names = [column[0] for column in answer.description]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value not in (None, "")}
        for row in answer.fetchall()
    ]
