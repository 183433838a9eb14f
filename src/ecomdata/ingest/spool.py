"""Where a load's records lie between reading and copying: DuckDB over files as text.

Everything is on disk in the load's own folder, so that memory stays bounded, and the connectors'
SQL sees the same text whatever the warehouse is.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from ecomdata.contract import entity as contract_entity
from ecomdata.errors import DataError, EcomDataError, WarehouseFullError
from ecomdata.ingest.connector import Connector, FileKind, macros
from ecomdata.warehouse import quote

_READ = (
    "header = false, auto_detect = false, quote = '\"', escape = '\"', new_line = '\\n', "
    "parallel = false, max_line_size = 16777216"
)
_WRITE = "format csv, header false, quote '\"', escape '\"'"


class Spool:
    """The records of one load.

    Args:
        folder: an empty folder; the caller removes it.
        load_id: what the rows are marked with.
    """

    def __init__(self, folder: Path, load_id: int) -> None:
        self._folder = folder
        self._load_id = load_id
        try:
            self._duckdb = duckdb.connect(
                str(folder / "spool.duckdb"),
                config={
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "preserve_insertion_order": "false",
                },
            )
        except duckdb.Error as exc:
            raise self._translated(exc) from exc
        self._seal()
        self._run("create schema mapped")
        self._run("create table mapped.comma_files (name varchar)")
        self._run(macros())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._duckdb.close()

    def add_records(
        self,
        connector: Connector,
        kind: FileKind,
        columns: Sequence[str],
        blocks: Iterable[bytes],
        delimiter: str,
        name: str,
    ) -> None:
        """Take in the records of the file `name`: canonical CSV of `columns`, with their line."""
        path = self._folder / "records.csv"
        with path.open("wb") as file:
            file.writelines(blocks)
        self._create_table(connector, kind)
        table = quote(connector.name, kind.name)
        if path.stat().st_size:
            typed = ", ".join(f"{_literal(column)}: 'varchar'" for column in columns)
            self._run(
                f"insert into {table} by name select * replace (_line::bigint as _line), "
                f"$2 as _file from read_csv($1, {_READ}, "
                f"delim = {_literal(delimiter)}, columns = {{{typed}}})",
                [str(path), name],
            )

    def prepare_mapping(self, connector: Connector, comma_files: Sequence[str]) -> None:
        """Make what the connector's SQL reads beside the files' tables.

        Kinds without a file are empty tables; `comma_files` write a decimal comma.
        """
        for kind in connector.kinds:
            self._create_table(connector, kind)
        for name in comma_files:
            self._run("insert into mapped.comma_files values ($1)", [name])
        self._run(f"use {quote(connector.name)}")
        for name, sql in connector.views():
            self._check_select(connector.name, name, sql)
            self._run(f"create view {quote(name)} as {sql}")

    def map_entity(self, connector: str, name: str, sql: str) -> dict[str, int]:
        """Make an entity's raw rows by a connector's SQL; return how many by file."""
        self._check_select(connector, name, sql)
        columns = contract_entity(name).column_names
        typed = ", ".join(f"{quote(column)} varchar" for column in columns)
        self._run(f"use {quote(connector)}")
        self._run(
            f"create table if not exists mapped.{quote(name)} "
            f"({typed}, _load_id bigint, _file varchar, _line bigint)"
        )
        self._run(
            f"insert into mapped.{quote(name)} by name "
            f"select *, {self._load_id}::bigint as _load_id from ({sql})"
        )
        return dict(self._run(f"select _file, count(*) from mapped.{quote(name)} group by _file"))

    def _create_table(self, connector: Connector, kind: FileKind) -> None:
        table = quote(connector.name, kind.name)
        declared = ", ".join(f"{quote(column)} varchar" for column in kind.columns)
        self._run(f"create schema if not exists {quote(connector.name)}")
        self._run(f"create table if not exists {table} ({declared}, _file varchar, _line bigint)")

    def entity_csv(self, name: str) -> Path:
        """Write an entity's raw rows, by file and line, and return where."""
        path = self._folder / f"{name}-mapped.csv"
        self._run(
            f"copy (select * from mapped.{quote(name)} order by _file, _line) "
            f"to {_literal(str(path))} ({_WRITE})"
        )
        return path

    def _seal(self) -> None:
        """Keep the SQL of connectors to this folder: one beside the data may be a stranger's."""
        self._run(f"set allowed_directories = [{_literal(str(self._folder))}]")
        self._run("set python_enable_replacements = false")
        self._run("set enable_external_access = false")
        self._run("set lock_configuration = true")

    def _check_select(self, connector: str, name: str, sql: str) -> None:
        try:
            statements = self._duckdb.extract_statements(sql)
        except duckdb.Error as exc:
            raise DataError(f"{connector}/{name}.sql: {exc}") from exc
        if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
            raise DataError(f"{connector}/{name}.sql: must be one select; nothing was loaded")

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        try:
            return self._duckdb.execute(sql, list(values) or None).fetchall()
        except duckdb.Error as exc:
            raise self._translated(exc) from exc

    def _translated(self, exc: duckdb.Error) -> EcomDataError:
        if "no space left" in str(exc).lower():
            return WarehouseFullError(
                f"no space left in {self._folder}: free some; nothing was loaded"
            )
        return DataError(f"while reading files: {exc}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
