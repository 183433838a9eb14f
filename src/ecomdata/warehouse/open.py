"""From a URL to a warehouse."""

from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata.errors import UsageError
from ecomdata.settings import Settings, redacted
from ecomdata.warehouse.protocol import Warehouse

if TYPE_CHECKING:
    from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres


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

        return PostgresWarehouse(embedded_server(settings).start(), reader=READER)
    if url.startswith(("postgresql://", "postgres://")):
        from ecomdata.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(url, password=settings.password)
    raise UsageError(
        f"warehouse {redacted(url)!r} is not known: use duckdb:///FILE, postgres (a server of the "
        "project's own) or postgresql://user@host/database"
    )


def embedded_server(settings: Settings) -> "EmbeddedPostgres":
    """Return the project's own PostgreSQL server, running or not."""
    from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

    return EmbeddedPostgres(settings.cache / "postgres")
