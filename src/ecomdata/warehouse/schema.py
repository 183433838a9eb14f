"""The schemas, raw tables and book-keeping of a warehouse, from the contract."""

import secrets
from collections.abc import Sequence

from ecomdata.contract import BUILD_TABLES, ENTITIES, META_TABLES, SCHEMAS
from ecomdata.contract.entities import PROVENANCE
from ecomdata.contract.meta import SCHEMA_VERSION
from ecomdata.errors import WarehouseDeniedError, WarehouseError
from ecomdata.warehouse.migrations import STATEMENTS
from ecomdata.warehouse.protocol import Connection, quote


def prepare(connection: Connection) -> None:
    """Make what is not there yet, and bring the layout of an earlier release to this one's.

    Nothing is written where all is as it should be: a role that may not make schemas can go on.

    Raises:
        WarehouseError: the layout is of a newer release, or of one too old.
    """
    found = _layout(connection)
    if found == SCHEMA_VERSION:
        return
    with connection.transaction():
        if found is not None:
            for statement in _statements_from(found):
                connection.execute(statement)
        _make_missing(connection)
        connection.execute("delete from meta.schema_version")
        connection.execute("insert into meta.schema_version values ($1)", [SCHEMA_VERSION])


def require_builder(connection: Connection) -> None:
    """Check that this role builds the models: another sees none and would take them for missing.

    Raises:
        WarehouseDeniedError: it does not; nothing was changed.
    """
    if not connection.query("select has_schema_privilege('staging', 'create')").scalar:
        raise WarehouseDeniedError(
            "this role may not write the schema staging, so it can neither build nor forget: give "
            "the URL of one that may (ecomdata_owner, or to build ecomdata_transformer)"
        )


def prepare_build(connection: Connection) -> None:
    """Make the tables in which a build notes what it saw; they belong to the role that builds."""
    require_builder(connection)
    with connection.as_owner_of("final"):
        for table in BUILD_TABLES:
            _create(connection, "meta", table.name, table.columns)


def _layout(connection: Connection) -> int | None:
    """Return the number of the layout, None where there is none yet."""
    known = connection.query(
        "select count(*) from information_schema.tables"
        " where table_schema = 'meta' and table_name = 'schema_version'"
    ).scalar
    rows = connection.query("select version from meta.schema_version").rows if known else ()
    return int(rows[0][0]) if rows else None


def _statements_from(layout: int) -> list[str]:
    """Return what brings a layout to this version's."""
    if layout > SCHEMA_VERSION:
        raise WarehouseError(
            f"the warehouse has layout {layout}, this version has {SCHEMA_VERSION}: it was made by "
            "a newer release; upgrade ecomdata"
        )
    steps = range(layout, SCHEMA_VERSION)
    if any(step not in STATEMENTS for step in steps):
        raise WarehouseError(
            f"the warehouse has layout {layout}, which this version no longer knows how to bring "
            f"to its own ({SCHEMA_VERSION}): load the files into a new warehouse"
        )
    return [statement for step in steps for statement in STATEMENTS[step]]


def _make_missing(connection: Connection) -> None:
    known = {row[0] for row in connection.query("select nspname from pg_namespace").rows}
    for schema in SCHEMAS:
        if schema not in known:
            connection.execute(f"create schema {quote(schema)}")
    with connection.as_owner_of("raw"):
        for entity in ENTITIES:
            columns = [(name, "text") for name in entity.column_names]
            _create(connection, "raw", entity.name, [*columns, *PROVENANCE])
    with connection.as_owner_of("meta"):
        for table in META_TABLES:
            _create(connection, "meta", table.name, table.columns, key=table.key)
            if table.builders_may:
                connection.grant_to_builder(table.builders_may, "meta", table.name)
    if not connection.query("select count(*) from meta.salts").scalar:
        connection.execute("insert into meta.salts values ($1)", [secrets.token_hex(32)])


def _create(
    connection: Connection,
    schema: str,
    name: str,
    columns: Sequence[tuple[str, str]],
    key: tuple[str, ...] = (),
) -> None:
    parts = [f"{quote(column)} {kind}" for column, kind in columns]
    if key:
        parts.append(f"primary key ({', '.join(map(quote, key))})")
    connection.execute(f"create table if not exists {quote(schema, name)} ({', '.join(parts)})")
