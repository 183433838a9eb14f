"""From a URL to a warehouse."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata.errors import UsageError
from ecomdata.settings import Settings, redacted
from ecomdata.warehouse.protocol import Warehouse

if TYPE_CHECKING:
    from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres
    from ecomdata.warehouse.spark import SparkWarehouse

#: What Spark takes for a master.
_MASTER = re.compile(r"local(-cluster)?(\[[^\]]+\])?|yarn|(spark|k8s)://.+")


def open_warehouse(settings: Settings) -> Warehouse:
    """Return the warehouse that the settings name; drivers are imported only here and late.

    Raises:
        UsageError: the URL is none that this version knows.
        WarehouseError: the embedded server did not start.
    """
    url = settings.warehouse
    if url.startswith("duckdb:///"):
        from ecomdata.warehouse.duckdb import DuckDBWarehouse

        return DuckDBWarehouse(
            settings.project / Path(url.removeprefix("duckdb:///")),
            settings.memory_limit,
            settings.temp_directory and settings.project / settings.temp_directory,
        )
    if url == "postgres":
        from ecomdata.warehouse.embedded_postgres import READER
        from ecomdata.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(
            embedded_server(settings).start(), reader=READER, threads=settings.threads
        )
    if url.startswith(("postgresql://", "postgres://")):
        from ecomdata.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(url, password=settings.password, threads=settings.threads)
    if url.startswith("spark:"):
        return spark_warehouse(settings)
    raise UsageError(
        f"warehouse {redacted(url)!r} is not known: use duckdb:///FILE, postgres (a server of the "
        "project's own), postgresql://user@host/database, or spark:local[*]?lake=FOLDER"
    )


def spark_warehouse(settings: Settings) -> "SparkWarehouse":
    """Return the lake of `spark:MASTER?lake=FOLDER&spark.SETTING=VALUE`.

    The master is spark://host:port, or behind "spark:" what Spark calls it (local[2], yarn).

    Raises:
        UsageError: the URL names no master, no folder, or what is not known.
    """
    from urllib.parse import parse_qsl

    from ecomdata.warehouse.spark import SparkWarehouse

    url = settings.warehouse
    place, _, query = url.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    lake = given.pop("lake", "lake")
    if unknown := [name for name in given if not name.startswith("spark.")]:
        raise UsageError(
            f"warehouse: {', '.join(unknown)} is not known: behind the ? stand lake=FOLDER and "
            "Spark's own settings (spark.executor.memory=4g)"
        )
    master = place if place.startswith("spark://") else place.removeprefix("spark:")
    if not _MASTER.fullmatch(master) or "://" in lake:
        raise UsageError(
            f"warehouse {url!r}: name a master (spark:local[*], spark://host:7077, spark:yarn, "
            "spark:k8s://host:443) and a lake that is a folder, seen under one path by all "
            "(lake=/mnt/lake)"
        )
    return SparkWarehouse(
        master,
        settings.project / lake,
        given,
        settings.memory_limit,
        settings.temp_directory and settings.project / settings.temp_directory,
    )


def embedded_server(settings: Settings) -> "EmbeddedPostgres":
    """Return the project's own PostgreSQL server, running or not."""
    from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

    return EmbeddedPostgres(settings.cache / "postgres")
