"""What a load consists of, in counts, which are kept: no load is read again for a later one.

Counts of whole things alone: they are the same on every engine, whatever the order of the rows.
"""

import csv
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from ecomdata.contract import ENTITIES
from ecomdata.contract import entity as contract_entity
from ecomdata.contract.meta import BUILD_TABLES
from ecomdata.warehouse import Connection, quote

TABLE: Final = "meta.load_profiles"
#: Values of a distribution that are told apart, the most frequent; the others are one.
MOST_VALUES: Final = 200
OTHERS: Final = "(others)"
NO_VALUE: Final = "(none)"
#: What stands for an entity where the files themselves are counted.
FILES: Final = "(files)"
_DAYS: Final = "days"


class Key(NamedTuple):
    """What is counted: records of an entity, by what, with which value of it; never empty text."""

    entity: str
    variable: str
    value: str = "all"


@dataclass(frozen=True)
class Profile:
    """The counts of one load; `loaded_at` tells it from one that was undone and had its number."""

    load_id: int
    loaded_at: datetime
    counts: Mapping[Key, int]


#: Upper ends of the classes of an amount, and of a number of units.
_AMOUNTS = [Decimal(f"{digit}e{power}") for power in range(-2, 6) for digit in (1, 2, 5)]
_UNITS = [Decimal(end) for end in (2, 3, 5, 10, 20, 50, 100, 1000)]


def _class_of(amount: str, ends: Iterable[Decimal], of: str = "1") -> str:
    """Return the class of one unit's amount, of so many, as text."""
    whens = "".join(
        f" when {amount} < cast({end:f} as numeric(18, 2)) * {of} then 'below {end:f}'"
        for end in ends
    )
    return f"case when {amount} is null or {of} is null then null{whens} else 'more' end"


#: How records are told apart, by entity; columns of `r` are those of the base model.
_DISTRIBUTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "customers": {"country": "r.country"},
    "products": {"category": "r.category", "price": _class_of("r.price", _AMOUNTS)},
    "orders": {
        "country": "c.country",
        "category": "p.category",
        "status": "r.status",
        "currency": "r.currency",
        "channel": "r.channel",
        "price of a unit": _class_of("r.total_price", _AMOUNTS, "r.quantity"),
        "quantity": _class_of("r.quantity", _UNITS),
    },
    "returns": {"reason": "r.reason", "refund": _class_of("r.refund_amount", _AMOUNTS)},
}
#: What the base model takes from elsewhere where the record does not say it.
_TAKEN_FROM_ORDERS: Final = {("returns", "customer_id"), ("returns", "return_date")}
_JOINS: Final[Mapping[str, str]] = {
    "orders": " left join staging.stg_customers as c on r.customer_id = c.customer_id"
    " left join staging.stg_products as p on r.product_id = p.product_id"
}


def keep_profiles(connection: Connection) -> list[int]:
    """Count what is not counted yet and drop what was undone; return the loads that are new."""
    loads = dict(
        connection.query("select load_id, max(loaded_at) from meta.loads group by load_id").rows
    )
    known = dict(connection.query(f"select distinct load_id, loaded_at from {TABLE}").rows)
    gone = sorted(load for load, at in known.items() if loads.get(load) != at)
    new = sorted(load for load, at in loads.items() if known.get(load) != at)
    for load in gone:
        connection.execute(f"delete from {TABLE} where load_id = $1", [load])
    if new:
        counts = _count(connection, new)
        _write(connection, (Profile(load, loads[load], counts[load]) for load in new))
    return new


def read_profiles(connection: Connection, since: int) -> list[Profile]:
    """Return the profiles of the loads from one on, in their order."""
    names = ", ".join(name for name, _ in _COLUMNS)
    counts: dict[tuple[int, datetime], dict[Key, int]] = {}
    for load, at, entity, variable, value, number in connection.query(
        f"select {names} from {TABLE} where load_id >= $1", [since]
    ).rows:
        counts.setdefault((load, at), {})[Key(entity, variable, value)] = number
    return [Profile(load, at, counts[load, at]) for load, at in sorted(counts)]


[_COLUMNS] = [table.columns for table in BUILD_TABLES if table.name == "load_profiles"]


def _write(connection: Connection, profiles: Iterable[Profile]) -> None:
    columns = [name for name, _ in _COLUMNS]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "profiles.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(
                (profile.load_id, profile.loaded_at, *key, number)
                for profile in profiles
                for key, number in sorted(profile.counts.items())
            )
        connection.copy_csv("meta", "load_profiles", columns, path)


def _count(connection: Connection, loads: Sequence[int]) -> dict[int, dict[Key, int]]:
    counts: dict[int, dict[Key, int]] = {load: {} for load in loads}
    # A number in a list, not a value: they are the warehouse's own, and may be many.
    listed = ", ".join(str(int(load)) for load in loads)
    for load, dialect in connection.query(
        f"select load_id, dialect from meta.loads where load_id in ({listed})"
    ).rows:
        header = json.loads(dialect).get("header", ()) if dialect else ()
        counts[load].update((Key(FILES, "header", name), 1) for name in header if name)
        counts[load][Key(FILES, "loads")] = 1
    for load, entity, number in connection.query(
        f"select load_id, entity, count(*) from meta.reader_rejects where load_id in ({listed})"
        " group by load_id, entity"
    ).rows:
        counts[load][Key(entity, "refused", "unreadable")] = number
    for entity in ENTITIES:
        for load, key, number in _counted(connection, entity.name, listed):
            counts[load][key] = number
    return counts


def _counted(connection: Connection, entity: str, loads: str) -> Iterator[tuple[int, Key, int]]:
    """Yield the counts of an entity's records, which are read once for all of them.

    Days are counted as a distribution: for a number of different ones PostgreSQL would sort the
    records for every distribution.
    """
    by = {"refused": "r.rule", **_DISTRIBUTIONS[entity]}
    if entity == "orders":
        # As Python numbers them: what a date is as text hangs on PostgreSQL's DateStyle.
        by[_DAYS] = "case when r.rule is null then r.order_date - date '0001-01-01' + 1 end"
    names = [f"by_{number}" for number in range(len(by))]
    columns = [
        column
        for column in contract_entity(entity).column_names
        if (entity, column) not in _TAKEN_FROM_ORDERS
    ]
    given = ", ".join(f"r.{column}" for column in columns)
    told = ", ".join(f"{sql} as {name}" for name, sql in zip(names, by.values(), strict=True))
    sets = ", ".join(f"(load_id, {name})" for name in names)
    filled = ", ".join(f"count({column})" for column in columns)
    listed = ", ".join(names)
    texts = ", ".join(f"cast({name} as varchar)" for name in names)
    rows = connection.query(
        f"with records as (select r._load_id as load_id, {given}, {told}"
        f" from {quote('staging', f'base_{entity}')} as r{_JOINS.get(entity, '')}"
        f" where r._load_id in ({loads}))"
        f" select load_id, grouping({listed}), coalesce({texts}), count(*), {filled} from records"
        f" group by grouping sets ((load_id), {sets})"
    ).rows
    groups = {_bits(len(names), number): variable for number, variable in enumerate(by)}
    values: dict[tuple[int, str], Counter[str]] = {}
    for load, grouped, value, records, *numbers in rows:
        if variable := groups.get(grouped):
            found = values.setdefault((load, variable), Counter())
            found[NO_VALUE if value is None else value] += records
            continue
        yield load, Key(entity, "records"), records
        for column, number in zip(columns, numbers, strict=True):
            yield load, Key(entity, "filled", column), number
    for (load, variable), found in sorted(values.items()):
        if variable == _DAYS:
            if days := [int(day) for day in found.keys() - {NO_VALUE}]:
                yield load, Key(entity, _DAYS), len(days)
                yield load, Key(entity, "first day"), min(days)
                yield load, Key(entity, "last day"), max(days)
            continue
        for value, number in _most_frequent(found):
            if variable != "refused" or value != NO_VALUE:
                yield load, Key(entity, variable, value), number


def _bits(names: int, grouped_by: int) -> int:
    """What `grouping` says where only one of its arguments is grouped by."""
    return (1 << names) - 1 - (1 << (names - 1 - grouped_by))


def _most_frequent(found: Counter[str]) -> Iterator[tuple[str, int]]:
    ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    yield from ranked[:MOST_VALUES]
    if rest := sum(number for _, number in ranked[MOST_VALUES:]):
        yield OTHERS, rest
