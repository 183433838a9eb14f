"""The schemas, raw tables and book-keeping of a new warehouse, from the contract."""

from ecomdata.contract import ENTITIES, META_TABLES, SCHEMAS
from ecomdata.contract.entities import PROVENANCE
from ecomdata.contract.meta import SCHEMA_VERSION
from ecomdata.errors import WarehouseError
from ecomdata.warehouse.protocol import Connection, quote


def prepare(connection: Connection) -> None:
    """Make what is not there yet; change nothing that is.

    Raises:
        WarehouseError: the warehouse was made by another version of the product.
    """
    with connection.transaction():
        for schema in SCHEMAS:
            connection.execute(f"create schema if not exists {quote(schema)}")
        for entity in ENTITIES:
            columns = [(name, "text") for name in entity.column_names]
            _create(connection, "raw", entity.name, [*columns, *PROVENANCE])
        for table in META_TABLES:
            _create(connection, "meta", table.name, table.columns, key=table.key)
        versions = connection.query("select version from meta.schema_version").rows
        if not versions:
            connection.execute("insert into meta.schema_version values ($1)", [SCHEMA_VERSION])
        elif versions[0][0] != SCHEMA_VERSION:
            raise WarehouseError(
                f"the warehouse has layout {versions[0][0]}, this version needs {SCHEMA_VERSION}: "
                "load the files into a new warehouse"
            )


def _create(
    connection: Connection,
    schema: str,
    name: str,
    columns: "list[tuple[str, str]] | tuple[tuple[str, str], ...]",
    key: tuple[str, ...] = (),
) -> None:
    parts = [f"{quote(column)} {kind}" for column, kind in columns]
    if key:
        parts.append(f"primary key ({', '.join(map(quote, key))})")
    connection.execute(f"create table if not exists {quote(schema, name)} ({', '.join(parts)})")
