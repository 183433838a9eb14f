"""The Spark session in which dbt builds: in the process that the runner starts for dbt.

Tables are registered from the lake's manifest, so there is no metastore to keep; a build makes its
tables in a folder of its own, and what it has made when dbt ends is committed as one manifest.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ecomdata.contract import SCHEMAS
from ecomdata.warehouse.lake import Lake, LakeTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Types that DuckDB and Spark call by different names.
_SPARK_TYPES: Final = {
    "VARCHAR": "string",
    "TIMESTAMP": "timestamp_ntz",
    "INTEGER": "int",
}
_DUCKDB_TYPES: Final = {spark: duckdb for duckdb, spark in _SPARK_TYPES.items()}
#: Raw tables have a part for each load, large ones that are built one for each month; Spark has
#: partitions.
_PART: Final = "_part"

_CONF: Final = {
    "spark.app.name": "ecomdata",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    # Adaptive execution joins what is small; these are the most.
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.parquet.compression.codec": "zstd",
    # A cohort for each month that the shop has been open.
    "spark.sql.cteRecursionLevelLimit": "10000",
    "spark.sql.cteRecursionRowLimit": "-1",
}
_LOOPBACK: Final = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


@contextmanager
def building(folder: str, master: str, conf: Mapping[str, str]) -> Iterator[None]:
    """Open the session that dbt takes; commit the tables that were made in it.

    Also where a model failed: what was built before it stands, as on the other engines.
    """
    lake = Lake(Path(folder))
    manifest = lake.latest()
    build = lake.new_build()
    session = _session(master, conf, lake.folder / build)
    try:
        _register(session, lake, manifest.tables, build)
        try:
            yield
        finally:
            if made := _made(session, lake, manifest.tables, build):
                lake.commit(manifest.number + 1, dict(manifest.tables) | made)
    finally:
        session.stop()


def _session(master: str, conf: Mapping[str, str], build: Path) -> "SparkSession":
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master)
    is_here = master.startswith(("local", "spark://127.", "spark://localhost"))
    places = {"spark.sql.warehouse.dir": str(build)} | (_LOOPBACK if is_here else {})
    for name, value in (_CONF | places | dict(conf)).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _register(
    session: "SparkSession", lake: Lake, tables: Mapping[str, LakeTable], build: str
) -> None:
    """Make the lake's tables known; new ones will lie in the build's folder."""
    for schema in SCHEMAS:
        location = lake.folder / build / schema
        session.sql(f"create database {schema} location '{_escaped(location)}'")
    for name, table in tables.items():
        columns = [(column, _SPARK_TYPES.get(kind, kind)) for column, kind in table.columns]
        listed = ", ".join(f"`{column}` {kind}" for column, kind in columns)
        if parts := _partitions(name, table):
            # What is dropped of a table with a location of its own stays on the disk.
            place = _escaped(lake.folder / build / name.replace(".", "/"))
            session.sql(
                f"create table {name} ({listed}, {_PART} string) using parquet"
                f" partitioned by ({_PART}) location '{place}'"
            )
            added = " ".join(
                "partition ({}='{}')".format(*partition.split("="))
                + f" location '{_escaped(lake.folder / part)}'"
                for partition, part in parts.items()
            )
            session.sql(f"alter table {name} add {added}")
        else:
            [part] = table.parts or ("",)
            place = f" location '{_escaped(lake.folder / part)}'" if part else ""
            session.sql(f"create table {name} ({listed}) using parquet{place}")


def _partitions(name: str, table: LakeTable) -> dict[str, str]:
    """Return the parts of a table that has partitions, by these; none of another table."""
    if name.startswith("raw."):
        return {f"{_PART}={number}": part for number, part in enumerate(table.parts)}
    return {Path(part).name: part for part in table.parts if f"/{_PART}=" in part}


def _made(
    session: "SparkSession", lake: Lake, tables: Mapping[str, LakeTable], build: str
) -> dict[str, LakeTable]:
    """Return the tables that lie in the build's folder, whole.

    A name with __ is of a step on the way to a table, which the build did not get beyond.
    """
    made = {}
    is_there = session.catalog.tableExists
    for success in sorted((lake.folder / build).glob("*/*/_SUCCESS")):
        schema, table = success.parts[-3:-1]
        name, folder = f"{schema}.{table}", f"{build}/{schema}/{table}"
        if "__" in table or not is_there(name) or is_there(f"{name}__anew"):
            continue
        kinds = {f.name: f.dataType.simpleString() for f in session.table(name).schema.fields}
        parts: tuple[str, ...] = (folder,)
        if kinds.pop(_PART, None):
            before = _partitions(name, tables[name]) if name in tables else {}
            months = [row[0] for row in session.sql(f"show partitions {name}").collect()]
            parts = tuple(
                f"{folder}/{month}" if (lake.folder / folder / month).is_dir() else before[month]
                for month in months
            )
        columns = ((each, _DUCKDB_TYPES.get(kind, kind.upper())) for each, kind in kinds.items())
        made[name] = LakeTable(tuple(columns), parts)
    return made


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'")
