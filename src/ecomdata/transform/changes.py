"""What changed since the models were built: whether a build may make only that, and which files.

The models themselves find the orders, customers and days of these files (docs/decisions/0017).
What is noted stays noted until a whole build went through, so a build that failed or was killed
leaves nothing that the next one does not make anew.
"""

from ecomdata.contract.meta import META_TABLES
from ecomdata.warehouse import Connection, prepare_build

#: Where the changed files have more of all rows than this, everything is made anew. A list of all
#: customers that comes with every day's orders is less.
WIDEST = 0.25

#: The models that hold keys of what changed.
_NOTED = (
    "changed_accounts",
    "changed_buyers",
    "changed_customers",
    "changed_entries",
    "changed_orders",
    "changed_products",
    "changed_sales",
)

_COLUMNS = ", ".join(name for name, _ in META_TABLES[0].columns)

#: The files that are new, gone, or other than the models saw them, with all that they say.
_CHANGED = (
    f"((select {_COLUMNS} from meta.loads except select {_COLUMNS} from meta.built_files) union all"
    f" (select {_COLUMNS} from meta.built_files except select {_COLUMNS} from meta.loads))"
)


def note_changes(connection: Connection, models: str, full_refresh: bool) -> bool:
    """Note the files that changed; return whether making what hangs on them is enough.

    It is not where the models are not known to agree with the files that they saw.

    Args:
        connection: the caller holds the warehouse exclusively.
        models: what the models are made by, as a digest; another one makes everything anew.
        full_refresh: make everything anew.
    """
    with connection.transaction():
        prepare_build(connection)
        only_changes = (
            not full_refresh
            and connection.query("select models from meta.build_state").rows == ((models,),)
            and not _is_wide(connection)
        )
        if only_changes:
            connection.execute(
                "insert into meta.changed_files (load_id, file)"
                f" select load_id, file from {_CHANGED} as changed"
                " except select load_id, file from meta.changed_files"
            )
        else:
            connection.execute("delete from meta.build_state")
            connection.execute("delete from meta.changed_files")
        connection.execute("delete from meta.built_files")
        connection.execute("insert into meta.built_files select * from meta.loads")
    return only_changes


def forget_changes(connection: Connection, models: str) -> None:
    """Say that all models agree with the files; see `note_changes`."""
    with connection.transaction():
        connection.execute("delete from meta.changed_files")
        for model in _NOTED:
            connection.execute(f"delete from meta.{model}")
        connection.execute("delete from meta.build_state")
        connection.execute("insert into meta.build_state values ($1)", [models])


def _is_wide(connection: Connection) -> bool:
    changed, all_rows = connection.query(
        "select coalesce((select sum(records) from (select max(rows_loaded) as records"
        f" from {_CHANGED} as changed group by load_id, file) as files), 0),"
        " coalesce((select sum(rows_loaded) from meta.loads), 0)"
    ).rows[0]
    return bool(changed > WIDEST * float(all_rows))
