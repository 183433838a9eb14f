"""What else loads such a file, each written as its own documentation does.

A peer's function either gives the command of a program or, where it needs Python modules, is the
work itself, run in the environment of requirements/bench.lock, in a folder of its own:

    .venv-bench/bin/python benchmarks/peers.py FUNCTION FILE WAREHOUSE

Its docstring is what the page says of it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

POSTGRES, DUCKDB = "PostgreSQL", "DuckDB"
DUCKDB_FILE = "shop.duckdb"
#: There before the run, in PostgreSQL, for programs that make no table.
TEXT_TABLE = "lines"
PYTHON = Path(__file__).parents[1] / ".venv-bench/bin/python"


@dataclass(frozen=True)
class Peer:
    """One way to load.

    Args:
        name: as the table has it.
        engine: `POSTGRES` or `DUCKDB`.
        load: called with the file and the warehouse's URL; see the top of this module.
        table: where the rows are afterwards.
        modules: what the work in Python imports.
        most_rows: more would take too long.
        lines_said: a pattern of a bad line's number in the output.
        lines_skipped: lines of the file before the one whose number is 0 there.
        lines_sql: the query for the numbers of bad lines, where they are kept in the warehouse.
    """

    name: str
    engine: str
    load: Callable[[str, str], list[str] | None]
    table: str = "peer"
    modules: tuple[str, ...] = ()
    most_rows: int | None = None
    lines_said: str | None = None
    lines_skipped: int = 0
    lines_sql: str | None = None

    @property
    def how(self) -> str:
        """How it is called, in a sentence."""
        return " ".join((self.load.__doc__ or "").split())

    def command(self, file: Path, warehouse: str) -> list[str]:
        """The command that loads the file."""
        if self.modules:
            return [str(PYTHON), __file__, self.load.__name__, str(file), warehouse]
        return self.load(str(file), warehouse) or []

    def missing(self) -> str | None:
        """Why it cannot be run, None where it can."""
        if not self.modules:
            program = self.command(Path("orders.csv"), "postgresql:///shop")[0]
            return None if shutil.which(program) else f"{program} is not on the PATH"
        if not PYTHON.exists():
            return "there is no .venv-bench, which `make bench` makes"
        imports = [str(PYTHON), "-c", f"import {', '.join(self.modules)}"]
        tried = subprocess.run(imports, capture_output=True, text=True)
        return tried.stderr.strip().splitlines()[-1] if tried.returncode else None


def ecomdata(file: str, warehouse: str) -> list[str]:
    """`ecomdata load orders.csv`."""
    program = [sys.executable, "-m", "ecomdata", "load", file]
    return [*program, "--project", ".", "--warehouse", warehouse]


def psql_copy(file: str, warehouse: str) -> list[str]:
    r"""`\copy lines from 'orders.csv' csv header`, into a table of text columns."""
    from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres  # not in .venv-bench

    program = [str(EmbeddedPostgres(Path()).psql), warehouse, "--no-psqlrc"]
    return [*program, "--command", f"\\copy {TEXT_TABLE} from '{file}' csv header"]


def pgloader(file: str, warehouse: str) -> list[str]:
    """`pgloader --type csv --with "skip header = 1"`, into a table of text columns."""
    from orders import COLUMNS

    url = urlsplit(warehouse)
    socket = parse_qs(url.query).get("host", [""])[0]
    target = f"postgresql://{url.username}@unix:{socket}:5432{url.path}?tablename={TEXT_TABLE}"
    options = ["skip header = 1", "fields terminated by ','", "fields optionally enclosed by '\"'"]
    program = ["pgloader", "--type", "csv", "--root-dir", "pgloader", "--field", ",".join(COLUMNS)]
    return [*program, *(word for option in options for word in ("--with", option)), file, target]


def pandas_to_sql(file: str, warehouse: str) -> None:
    """`pandas.read_csv("orders.csv", on_bad_lines="warn").to_sql("peer", engine)`."""
    import pandas
    import sqlalchemy

    # method="multi" took 15.7 s where this takes 3.4
    engine = sqlalchemy.create_engine(warehouse.replace("postgresql", "postgresql+psycopg2", 1))
    pandas.read_csv(file, on_bad_lines="warn").to_sql("peer", engine, index=False)


def polars_write_database(file: str, warehouse: str) -> None:
    """`read_csv(..., ignore_errors=True, truncate_ragged_lines=True)`, ADBC `write_database`."""
    import polars

    # the default, engine="sqlalchemy", took 3.5 s where this takes 0.3
    orders = polars.read_csv(file, ignore_errors=True, truncate_ragged_lines=True)
    orders.write_database("peer", warehouse, engine="adbc")


def duckdb_read_csv(file: str, warehouse: str) -> None:
    """`create table peer as select * from read_csv('orders.csv')`."""
    import duckdb

    with duckdb.connect(DUCKDB_FILE) as connection:
        connection.execute("create table peer as select * from read_csv($1)", [file])


def duckdb_store_rejects(file: str, warehouse: str) -> None:
    """`read_csv('orders.csv', ignore_errors = true, store_rejects = true)`."""
    import duckdb

    with duckdb.connect(DUCKDB_FILE) as connection:
        connection.execute(
            "create table peer as"
            " select * from read_csv($1, ignore_errors = true, store_rejects = true)",
            [file],
        )
        connection.execute("create table rejects as select * from reject_errors")


def dlt_read_csv(file: str, warehouse: str) -> None:
    """`pipeline.run(filesystem(...) | read_csv())`, the first example of its documentation."""
    from dlt.sources.filesystem import read_csv

    _run_dlt(file, warehouse, read_csv())


def dlt_arrow(file: str, warehouse: str) -> None:
    """`pipeline.run(filesystem(...) | read_csv_duckdb(use_pyarrow=True, ignore_errors=True))`."""
    from dlt.sources.filesystem import read_csv_duckdb

    _run_dlt(file, warehouse, read_csv_duckdb(use_pyarrow=True, ignore_errors=True))


def _run_dlt(file: str, warehouse: str, reader: object) -> None:
    os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", DLT_DATA_DIR="dlt")
    import dlt
    from dlt.sources.filesystem import filesystem

    if warehouse.startswith("postgresql"):
        # it insists on a host and a password; the socket in the query is what is used
        url = warehouse.replace("@/", ":none@localhost/")
        destination = dlt.destinations.postgres(url)
    else:
        destination = dlt.destinations.duckdb(DUCKDB_FILE)
    pipeline = dlt.pipeline("orders", destination=destination, dataset_name="peer")
    path = Path(file)
    files = filesystem(bucket_url=path.parent.as_uri(), file_glob=path.name)
    pipeline.run((files | reader).with_name("orders"))


def _product(engine: str) -> Peer:
    lines = "select line from meta.reader_rejects"
    return Peer("ecomdata", engine, ecomdata, "raw.orders", lines_sql=lines)


PRODUCTS = {engine: _product(engine) for engine in (DUCKDB, POSTGRES)}
_TO_SQL = ("pandas", "sqlalchemy", "psycopg2")
_ARROW = ("dlt", "pyarrow")
_ADBC = ("polars", "pyarrow", "adbc_driver_postgresql")
PEERS = (
    Peer("psql \\copy", POSTGRES, psql_copy, TEXT_TABLE),
    Peer(
        "pgloader",
        POSTGRES,
        pgloader,
        TEXT_TABLE,
        most_rows=500_000,
        lines_said=r"LINE-IDX:(\d+)",
        lines_skipped=2,
    ),
    Peer("Polars", POSTGRES, polars_write_database, modules=_ADBC),
    Peer(
        "pandas",
        POSTGRES,
        pandas_to_sql,
        modules=_TO_SQL,
        most_rows=200_000,
        lines_said=r"Skipping line (\d+)",
    ),
    Peer("dlt, Arrow", POSTGRES, dlt_arrow, "peer.orders", modules=_ARROW, most_rows=500_000),
    Peer(
        "dlt",
        POSTGRES,
        dlt_read_csv,
        "peer.orders",
        modules=("dlt", "pandas"),
        most_rows=500_000,
    ),
    Peer("read_csv", DUCKDB, duckdb_read_csv, modules=("duckdb",)),
    Peer(
        "read_csv, rejects",
        DUCKDB,
        duckdb_store_rejects,
        modules=("duckdb",),
        lines_sql="select line from rejects",
    ),
    Peer("dlt, Arrow", DUCKDB, dlt_arrow, "peer.orders", modules=_ARROW, most_rows=500_000),
    Peer("dlt", DUCKDB, dlt_read_csv, "peer.orders", modules=("dlt", "pandas"), most_rows=50_000),
)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
