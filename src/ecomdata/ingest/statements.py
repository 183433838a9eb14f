"""Which statement a file belongs to: the latest one that has an order states that order whole.

A file is a statement of its own, unless it goes on where the file before it was cut: exporters cut
at a number of rows, in the middle of an order. It is read off the raw rows, as they are there on
every engine and by every way of loading; a load of one file asks nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping
from typing import Any

from ecomdata.contract import entity
from ecomdata.warehouse import Connection, quote

#: What is stated in more rows than one, and so can be cut.
_CUTTABLE = ("orders", "returns")


def number_statements(
    connection: Connection, load_id: int, kinds: Mapping[str, Hashable]
) -> dict[str, int]:
    """Return the statements of a load's files, whose rows are copied already.

    Args:
        connection: in the load's transaction.
        load_id: the load.
        kinds: what each file is, in order of name: only files of one kind continue each other.
    """
    before: dict[str, str] = {}
    last: dict[Hashable, str] = {}
    for file, kind in kinds.items():
        if kind in last:
            before[file] = last[kind]
        last[kind] = file
    continued = _continued(connection, load_id, before) if before else set()
    number: int = connection.query("select coalesce(max(statement), 0) from meta.loads").scalar
    statements: dict[str, int] = {}
    for file in kinds:
        if file in continued:
            statements[file] = statements[before[file]]
        else:
            number += 1
            statements[file] = number
    return statements


def _continued(connection: Connection, load_id: int, before: Mapping[str, str]) -> set[str]:
    """Return the files that begin within the order with which the one before them ends.

    Where such an order has all its products again, the later file states it anew.
    """
    continued: set[str] = set()
    for name in _CUTTABLE:
        ends = _ends(connection, load_id, name)
        cut = {
            file: ends[file][0]
            for file, earlier in before.items()
            if file in ends and earlier in ends and ends[earlier][1] == ends[file][0]
        }
        if cut:
            products = _products(connection, load_id, name, {key[0] for key in cut.values()})
            continued |= {
                file
                for file, key in cut.items()
                if products[before[file], key] - products[file, key]
            }
    return continued


def _ends(
    connection: Connection, load_id: int, name: str
) -> dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Return what the first and the last row of each file are about."""
    table = quote("raw", name)
    lines = {
        file: (first, last)
        for file, first, last in connection.query(
            f"select _file, min(_line), max(_line) from {table} where _load_id = $1 group by _file",
            [load_id],
        ).rows
    }
    if not lines:
        return {}
    wanted = {line for both in lines.values() for line in both}
    # A list of numbers is looked up; a join is not planned well, of rows that just came.
    rows = connection.query(
        f"select r._file, r._line, {_keys(name)} from {table} as r"
        f" where r._load_id = $1 and r._line in ({_marks(wanted)})",
        [load_id, *wanted],
    ).rows
    keys = {(file, line): tuple(key) for file, line, *key in rows}
    return {
        file: (keys[file, first], keys[file, last])
        for file, (first, last) in lines.items()
        if keys[file, first][0] is not None
    }


def _products(
    connection: Connection, load_id: int, name: str, order_ids: set[str]
) -> defaultdict[tuple[str, tuple[Any, ...]], Counter[str]]:
    """Count the products of some orders by file and what the rows are about."""
    rows = connection.query(
        f"select r._file, trim(r.product_id), {_keys(name)} from {quote('raw', name)} as r"
        f" where r._load_id = $1 and trim(r.order_id) in ({_marks(order_ids)})",
        [load_id, *order_ids],
    ).rows
    products: defaultdict[tuple[str, tuple[Any, ...]], Counter[str]] = defaultdict(Counter)
    for file, product, *key in rows:
        products[file, tuple(key)][product] += 1
    return products


def _keys(name: str) -> str:
    return ", ".join(f"trim(r.{quote(column)})" for column in entity(name).stated_by)


def _marks(values: Collection[Any]) -> str:
    """The places of values behind the load's id."""
    return ", ".join(f"${number}" for number in range(2, len(values) + 2))
