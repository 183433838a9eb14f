"""Figures in pieces small enough to travel in a page, which adds them up to what is chosen.

Pieces of time (`choices.cuts`) by country and category. Money is in cents. What is counted is not
added up across pieces as it is, for an order or a customer may stand in several: with each count
goes how many of those were last seen in which earlier piece, so that a run of pieces counts each
of them once.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from ecomdata.report.measures import LEDGER, project_macros
from ecomdata.warehouse import Connection, quote

#: Digits that a page of 1 MB has room for; members of a dimension beyond them make one "rest".
ROOM: Final = 335_000
MOST_MEMBERS: Final = 40

#: Sums of the ledger that a page needs, and the capability without which they are not in the data.
#: Net sales are the sum of the first four, units are what was sold less what was returned.
SUMS: Final = {
    "gross_sales": "",
    "discounts": "discounts",
    "returns": "returns",
    "cancellations": "cancellations",
    "units_sold": "",
    "units_returned": "returned_units",
    "cost_amount": "costs",
    "new_sales": "customers",
    "returning_sales": "customers",
}
_UNITS: Final = ("units_sold", "units_returned")

#: What is counted: orders by their customer's type, and customers by their orders' type; None: any.
ORDER_COUNTS: Final = {"orders": None, "new_orders": "new", "returning_orders": "returning"}
CUSTOMER_COUNTS: Final = {"customers": None, "new_customers": "new"}
#: Of the entries those that make an order or a customer count.
STANDS: Final = "entry_type = 'sale' and not is_cancelled"


@dataclass(frozen=True)
class Members:
    """Those of a dimension that stand for themselves, most net sales first; the others are a rest.

    Args:
        rest: how many the others are.
    """

    column: str
    names: tuple[str, ...]
    rest: int

    @property
    def places(self) -> int:
        """How many there are with the rest."""
        return len(self.names) + bool(self.rest)


def members(connection: Connection, pieces: int) -> tuple[Members, Members]:
    """Return the countries and categories that there is room for in so many pieces of time."""
    found = [_ranked(connection, column) for column in ("country", "category")]
    turnover = connection.query(f"select coalesce(sum(abs(amount)), 0) from {LEDGER}").scalar
    kept = [min(len(names), MOST_MEMBERS) for names in found]
    while _digits(kept[0], kept[1], pieces, turnover) > ROOM and max(kept) > 1:
        kept[kept.index(max(kept))] -= 1
    countries, categories = (
        Members(column, tuple(names[:places]), len(names) - places)
        for column, names, places in zip(("country", "category"), found, kept, strict=True)
    )
    return countries, categories


def cube(
    connection: Connection,
    engine: str,
    cuts: Sequence[date],
    by: tuple[Members, Members],
    absent: dict[str, str],
) -> dict[str, Any]:
    """Return sums and counts of every piece; None is what the loads cannot tell.

    Shape: `sums[name]` runs over countries, in them categories, in them pieces. `counts[name]`
    has per "country,category" (`all` for every one) those of each piece, and `again`: for each
    piece, how many of them were last seen in each earlier one.
    """
    told = {name: need for name, need in SUMS.items() if need not in absent}
    counts: dict[str, Any] = dict.fromkeys([*ORDER_COUNTS, *CUSTOMER_COUNTS])
    orders = _orders(connection, cuts, by)
    if "customers" in absent:
        counts["orders"] = orders["orders"]
    else:
        counts |= orders
        for name, kind in CUSTOMER_COUNTS.items():
            counts[name] = _customers(connection, cuts, by, kind)
    return {
        "sums": dict.fromkeys(SUMS) | _sums(connection, engine, cuts, by, list(told)),
        "counts": counts,
    }


def piece(cuts: Sequence[date]) -> str:
    """Return the SQL of the number of the piece that an entry's day is in: a search by halves."""

    def between(low: int, high: int) -> str:
        if high - low == 1:
            return str(low)
        middle = (low + high) // 2
        return (
            f"case when entry_date < date '{cuts[middle]}' then {between(low, middle)}"
            f" else {between(middle, high)} end"
        )

    return between(0, len(cuts) - 1)


def run(cuts: Sequence[date], start: date, following: date) -> tuple[int, int]:
    """Return the pieces from a day up to another: the first, and the one behind the last."""
    first = max(bisect_right(cuts, start) - 1, 0)
    return first, max(min(bisect_right(cuts, following) - 1, len(cuts) - 1), first)


def cents(amount: Decimal | None) -> int | None:
    """Return money as a whole number of cents."""
    return None if amount is None else int(amount.scaleb(2))


def _ranked(connection: Connection, column: str) -> list[str]:
    rows = connection.query(
        f"select {quote(column)}, sum(amount) from {LEDGER} group by {quote(column)}"
    ).rows
    return [name for name, _ in sorted(rows, key=lambda row: (-row[1], row[0]))]


def _digits(countries: int, categories: int, pieces: int, turnover: Decimal) -> int:
    """About how many digits it takes; customers come back in any piece, orders do not."""
    cells = (countries + 1) * (categories + 1) * pieces
    sums = len(SUMS) * cells * (1 + len(str(int(turnover * 100) // cells)))
    orders = 3 * (countries + 2) * (categories + 2) * pieces
    customers = (countries + categories + 3) * pieces * pieces // 2
    return sums + 5 * (orders + customers)


def _placed(cuts: Sequence[date], by: tuple[Members, Members]) -> tuple[str, list[str]]:
    """Return the SQL of the ledger with piece and places, and the values that it binds."""
    values: list[str] = []
    joins, places = "", ""
    for each in by:
        listed = []
        for place, name in enumerate(each.names):
            values.append(name)
            listed.append(f"(cast(${len(values)} as text), {place})")
        alias = f"listed_{each.column}"
        joins += (
            f" left join (values {', '.join(listed)}) as {alias} (name, place)"
            f" on {alias}.name = ledger.{each.column}"
        )
        places += f", coalesce({alias}.place, {len(each.names)}) as {each.column}_place"
    sql = f"select ledger.*, {piece(cuts)} as piece{places} from {LEDGER} as ledger{joins}"
    return sql, values


def _sums(
    connection: Connection,
    engine: str,
    cuts: Sequence[date],
    by: tuple[Members, Members],
    names: list[str],
) -> dict[str, list[int | None]]:
    placed, values = _placed(cuts, by)
    of_type = ", ".join(
        f"coalesce(sum(case when customer_type = '{kind}' then amount end), 0) as {kind}_sales"
        for kind in ("new", "returning")
    )
    rows = connection.query(
        f"with placed as ({placed}) select country_place, category_place, piece,"
        f" {project_macros(engine).sales_sums()}, {of_type} from placed"
        " group by country_place, category_place, piece",
        values,
    ).dicts()
    pieces, categories = len(cuts) - 1, by[1].places
    found: dict[str, list[int | None]] = {
        name: [0] * (by[0].places * categories * pieces) for name in names
    }
    for row in rows:
        place = row["country_place"] * categories + row["category_place"]
        for name in names:
            number = row[name] if name in _UNITS else cents(row[name])
            found[name][place * pieces + row["piece"]] = number
    return found


def _orders(
    connection: Connection, cuts: Sequence[date], by: tuple[Members, Members]
) -> dict[str, Any]:
    """Count the orders in each piece, and what of them was last seen in an earlier one."""
    country, category = "country_place", "category_place"
    cells = ((), (country,), (category,), (country, category))
    rows = _counted(connection, cuts, by, "order_id", "customer_type", STANDS, cells)
    return {
        name: _tables([row[1:] for row in rows if kind in (None, row[0])], len(cuts) - 1)
        for name, kind in ORDER_COUNTS.items()
    }


def _customers(
    connection: Connection, cuts: Sequence[date], by: tuple[Members, Members], kind: str | None
) -> dict[str, Any]:
    """Count who has an order in each piece, and who of them was last seen in an earlier one."""
    which = f"{STANDS} and customer_id is not null"
    if kind:
        which += f" and customer_type = '{kind}'"
    # Customers of a country and category at once would take more room than all the rest.
    cells = ((), ("country_place",), ("category_place",))
    rows = _counted(connection, cuts, by, "customer_id", "cast(null as text)", which, cells)
    return _tables([row[1:] for row in rows], len(cuts) - 1)


def _counted(
    connection: Connection,
    cuts: Sequence[date],
    by: tuple[Members, Members],
    who: str,
    kind: str,
    which: str,
    cells: Sequence[Sequence[str]],
) -> Sequence[Sequence[Any]]:
    """Count orders or customers in each piece, and which of them were last seen in an earlier one.

    Most have lines of one piece and country. These are alike in great numbers and are counted as
    such: by piece, country and set of categories, which is the bits of a number. Of the others
    alone it is asked where else they were.

    Shape: kind, country, category, piece, earlier piece, how many; NULL for every country or
    category, and for no earlier piece.

    Args:
        connection: to the warehouse.
        cuts: where pieces begin.
        by: countries and categories.
        who: the column of their ids.
        kind: what else they are told apart by.
        which: the entries that count.
        cells: sets of places that are told apart.
    """
    placed, values = _placed(cuts, by)

    sets = ", ".join(f"({', '.join((who, 'kind', 'piece', *cell))})" for cell in cells)
    alike = "kind, piece, country_place"
    listed = ", ".join(f"({place})" for place in range(by[1].places))

    def in_cells(cell: Sequence[str]) -> str:
        country, category = (
            place if place in cell else "cast(null as integer)"
            for place in ("country_place", "category_place")
        )
        return (
            f"select kind, {country}, {category}, piece, cast(null as integer),"
            " cast(sum(number) as bigint)"
            f" from {'alike_by_category' if 'category_place' in cell else 'alike'}"
            f" group by {', '.join(('kind', 'piece', *cell))}"
        )

    return connection.query(
        f"with placed as not materialized (select *, {kind} as kind from ({placed}) as entries),"
        f" everyone as (select {who}, kind, min(piece) as piece,"
        " min(country_place) as country_place,"
        " min(piece) < max(piece) or min(country_place) < max(country_place) as is_scattered,"
        " bit_or(cast(1 as bigint) << category_place) as categories"
        f" from placed where {which} group by {who}, kind),"
        f" alike as (select {alike}, categories, count(*) as number"
        f" from everyone where not is_scattered group by {alike}, categories),"
        f" alike_by_category as (select {alike}, category_place, number from alike"
        f" inner join (values {listed}) as listed (category_place)"
        " on ((categories >> category_place) & 1) = 1),"
        f" seen as (select {who}, kind, piece, country_place, category_place from placed"
        f" where {which} and {who} in (select {who} from everyone where is_scattered)"
        f" group by grouping sets ({sets})),"
        " seen_before as (select kind, country_place, category_place, piece, lag(piece) over"
        f" (partition by {who}, kind, country_place, category_place order by piece) as earlier"
        " from seen)"
        " select kind, country_place, category_place, piece, earlier, cast(count(*) as bigint)"
        " from seen_before group by kind, country_place, category_place, piece, earlier"
        f" union all {' union all '.join(in_cells(cell) for cell in cells)}",
        values,
    ).rows


def _tables(rows: Iterable[Sequence[Any]], pieces: int) -> dict[str, Any]:
    """Put counts by country, category, piece and the earlier piece (None: in none) into tables."""
    found: dict[str, list[int]] = {}
    again: dict[str, list[list[int]]] = {}
    for country, category, number, earlier, count in rows:
        key = f"{_or_all(country)},{_or_all(category)}"
        found.setdefault(key, [0] * pieces)[number] += count
        if earlier is not None:
            table = again.setdefault(key, [[0] * each for each in range(pieces)])
            table[number][earlier] += count
    return {"in": dict(sorted(found.items())), "again": dict(sorted(again.items()))}


def _or_all(place: int | None) -> str:
    return "all" if place is None else str(place)
