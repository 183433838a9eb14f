"""Taking a load back: as if its files had never come."""

from dataclasses import dataclass

from ecomdata.contract import ENTITIES
from ecomdata.errors import UsageError
from ecomdata.ingest.retain import last_retained
from ecomdata.warehouse import Connection, quote


@dataclass(frozen=True)
class Undone:
    """What was taken out.

    Args:
        load_id: the load.
        files: its files.
        rows: the raw rows by entity.
        rejected: records that could not be read.
        restored: files that these had replaced and that count again, with their loads.
    """

    load_id: int
    files: tuple[str, ...]
    rows: dict[str, int]
    rejected: int
    restored: tuple[tuple[str, int], ...]


def undo(connection: Connection, load_id: int) -> Undone:
    """Take a load's rows, rejects and book-keeping out, in one transaction.

    Raises:
        UsageError: there is no such load; says which there are. Or it is too old.
    """
    loads = dict.fromkeys(
        row[0] for row in connection.query("select load_id from meta.loads order by load_id").rows
    )
    if load_id not in loads:
        there_are = f"there are {', '.join(map(str, loads))}" if loads else "nothing is loaded"
        raise UsageError(f"there is no load {load_id}: {there_are}")
    loaded_at = connection.query(
        "select max(loaded_at) from meta.loads where load_id = $1", [load_id]
    ).scalar
    dropped = last_retained(connection)
    if dropped is not None and loaded_at < dropped:
        raise UsageError(
            f"load {load_id} is older than what ecomdata retain kept: what it superseded is gone, "
            "so it cannot be taken back; load a corrected file instead"
        )
    with connection.transaction():
        files = connection.query(
            "select file, rows_rejected from meta.loads where load_id = $1 order by file",
            [load_id],
        ).rows
        replaced = connection.query(
            "select file, load_id from meta.loads where replaced_by = $1 order by file, load_id",
            [load_id],
        ).rows
        # A file that was replaced since hands on what it had replaced itself.
        connection.execute(
            "update meta.loads set replaced_by = ("
            " select undone.replaced_by from meta.loads as undone"
            " where undone.load_id = $1 and undone.file = loads.file"
            ") where replaced_by = $1",
            [load_id],
        )
        standing = connection.query(
            "select file, load_id from meta.loads where replaced_by is null"
        ).rows
        rows = {}
        for entity in ENTITIES:
            table = quote("raw", entity.name)
            rows[entity.name] = connection.query(
                f"select count(*) from {table} where _load_id = $1", [load_id]
            ).scalar
            connection.execute(f"delete from {table} where _load_id = $1", [load_id])
        connection.execute("delete from meta.reader_rejects where load_id = $1", [load_id])
        connection.execute("delete from meta.loads where load_id = $1", [load_id])
    return Undone(
        load_id,
        tuple(file for file, _ in files),
        {name: count for name, count in rows.items() if count},
        sum(rejected for _, rejected in files),
        tuple((file, earlier) for file, earlier in replaced if (file, earlier) in standing),
    )
