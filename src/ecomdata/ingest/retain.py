"""Dropping what no figure needs of old loads: not rows that count, wherever they are made anew.

The latest statement of an order states it whole, so what earlier ones said of it is of no use once
the later one will not be taken back. Counts of what is dropped stay in the books, and in the
figures. Lists of customers and products stay: their histories are made of what they said.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ecomdata.warehouse import Connection, quote

#: What stands for the text of a record that could not be read.
EXPIRED: Final = "(expired)"
_STATED_WHOLE: Final = ("orders", "returns")


@dataclass(frozen=True)
class Retained:
    """What was dropped, or would be.

    Args:
        before: loads of before this moment are old.
        loads: how many there are.
        rows: superseded raw rows by entity.
        texts: texts of unreadable records.
        steps: steps of runs.
    """

    before: datetime
    loads: int
    rows: dict[str, int]
    texts: int
    steps: int


def retain(connection: Connection, before: datetime, dry_run: bool) -> Retained:
    """Drop superseded rows, unreadable texts and steps of runs of before a moment, all or nothing.

    The models are to agree with the loads: they say which rows are superseded.
    """
    with connection.transaction():
        rows = {}
        for entity in _STATED_WHOLE:
            dropped = _superseded(connection, entity, before)
            rows[entity] = sum(number for _, _, number in dropped)
            if not dry_run and dropped:
                _drop(connection, entity, before)
                for load_id, file, number in dropped:
                    connection.execute(
                        "insert into meta.dropped_rows values ($1, $2, $3, $4, $5)",
                        [load_id, file, entity, number, before],
                    )
        old = "load_id in (select load_id from meta.loads where loaded_at < $1)"
        unreadable = f"from meta.reader_rejects where {old} and raw_text <> '{EXPIRED}'"
        texts = connection.query(f"select count(*) {unreadable}", [before]).scalar
        ended = "run_id in (select run_id from meta.runs where finished_at < $1)"
        steps = connection.query(
            f"select count(*) from meta.run_steps where {ended}", [before]
        ).scalar
        if not dry_run:
            connection.execute(
                f"update meta.reader_rejects set raw_text = '{EXPIRED}' where {old}", [before]
            )
            connection.execute(f"delete from meta.run_steps where {ended}", [before])
        loads = connection.query(
            "select count(distinct load_id) from meta.loads where loaded_at < $1", [before]
        ).scalar
    found = {entity: number for entity, number in rows.items() if number}
    return Retained(before, loads, found, texts, steps)


def last_retained(connection: Connection) -> datetime | None:
    """Return before which moment rows were dropped: loads of before it cannot be taken back."""
    moment: datetime | None = connection.query("select max(before) from meta.dropped_rows").scalar
    return moment


def _superseded(
    connection: Connection, entity: str, before: datetime
) -> list[tuple[int, str, int]]:
    """Count the rows of old loads that old loads have superseded, by load and file."""
    return list(
        connection.query(
            f"select r._load_id, r._file, count(*) from {_old_rows(entity)}"
            " group by r._load_id, r._file order by 1, 2",
            [before],
        ).rows
    )


def _drop(connection: Connection, entity: str, before: datetime) -> None:
    """Drop them from the raw table and from the model that judges them."""
    connection.execute(
        f"delete from {quote('raw', entity)} where (_load_id, _file, _line) in"
        f" (select r._load_id, r._file, r._line from {_old_rows(entity)})",
        [before],
    )
    connection.execute(
        f"delete from {quote('staging', f'base_{entity}')} as gone where gone.is_superseded"
        f" and not exists (select 1 from {quote('raw', entity)} as r where r._load_id ="
        " gone._load_id and r._file = gone._file and r._line = gone._line)"
    )


def _old_rows(entity: str) -> str:
    """The rows `r` that are superseded, where neither they nor what supersedes them is new.

    New is also what a new load says again of the same order: with that taken back, they count.
    """
    base = quote("staging", f"base_{entity}")
    return (
        f"{base} as r inner join meta.loads as l on r._load_id = l.load_id and r._file = l.file"
        " left join (select load_id, max(loaded_at) as loaded_at from meta.loads group by load_id)"
        " as replacing on l.replaced_by = replacing.load_id"
        " where r.is_superseded and l.loaded_at < $1"
        " and coalesce(replacing.loaded_at < $1, true)"
        f" and not exists (select 1 from {base} as again inner join meta.loads as later"
        " on again._load_id = later.load_id and again._file = later.file"
        " where again.order_id = r.order_id and later.loaded_at >= $1)"
    )
