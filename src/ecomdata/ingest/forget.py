"""Forgetting a customer: who it was is gone, what was bought stays, so that every sum stays.

The id becomes a pseudonym by a keyed hash, with the warehouse's own key, and the same id becomes
the same one: a later export that still names the person is changed as it comes in.
"""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecomdata.errors import UsageError
from ecomdata.warehouse import Connection, quote

#: What stands for the text of a record that could not be read and named the person.
ERASED = "(erased)"
#: The raw tables that name customers.
_NAMING = ("customers", "orders", "returns")
#: White space around values, as the staging models take it away.
_SPACE = " \t\n\r\xa0\u202f"
_ID = f"trim(customer_id, '{_SPACE}')"
_EMAIL = f"lower(trim(email, '{_SPACE}'))"


@dataclass(frozen=True)
class Forgotten:
    """What became of a customer.

    Args:
        pseudonym: what stands in the id's place.
        rows: raw rows that were changed, by entity.
        texts: unreadable records whose text was erased.
    """

    pseudonym: str
    rows: dict[str, int]
    texts: int


@dataclass(frozen=True)
class Person:
    """What names a customer in the warehouse."""

    customer_id: str
    emails: tuple[str, ...]
    names: tuple[str, ...]


def find_person(connection: Connection, customer: str) -> Person:
    """Return the customer of that id or e-mail address.

    Raises:
        UsageError: there is none, or the address is that of several.
    """
    ids = {
        row[0]
        for table in _NAMING
        for row in connection.query(
            f"select distinct {_ID} from {quote('raw', table)} where {_ID} = $1", [customer]
        ).rows
    } or {
        row[0]
        for row in connection.query(
            f"select distinct {_ID} from raw.customers where {_EMAIL} = $1 and {_ID} <> ''",
            [customer.lower()],
        ).rows
    }
    if len(ids) != 1:
        raise UsageError(
            "no record names this customer: give the id as the shop has it, or the e-mail address"
            if not ids
            else f"{len(ids)} customers have this address: give the id of one"
        )
    [customer_id] = ids
    said = connection.query(
        f"select distinct {_EMAIL}, trim(name, '{_SPACE}') from raw.customers where {_ID} = $1",
        [customer_id],
    ).rows
    emails = {email for email, _ in said if email and "@" in email}
    names = {name for _, name in said if name}
    return Person(customer_id, tuple(sorted(emails)), tuple(sorted(names)))


def forget(connection: Connection, person: Person, now: datetime) -> Forgotten:
    """Take a person out of the raw tables and rejects, in one transaction."""
    pseudonym = _pseudonym(_salt(connection), person.customer_id)
    with connection.transaction():
        rows = {
            table: _rename(connection, table, person.customer_id, pseudonym) for table in _NAMING
        }
        # records of the same address without an id, or with one that is mistyped
        for email in person.emails:
            connection.execute(
                f"update raw.customers set name = null, email = null where {_EMAIL} = $1", [email]
            )
        texts = _erase_rejects(connection, [person.customer_id, *person.emails, *person.names])
        known = connection.query(
            "select count(*) from meta.erasures where pseudonym = $1", [pseudonym]
        ).scalar
        if not known:
            connection.execute("insert into meta.erasures values ($1, $2)", [pseudonym, now])
    return Forgotten(pseudonym, {name: count for name, count in rows.items() if count}, texts)


def forget_again(connection: Connection, load_id: int) -> None:
    """Take out of a load, within its transaction, who was forgotten before it."""
    erased = {row[0] for row in connection.query("select pseudonym from meta.erasures").rows}
    if not erased:
        return
    salt = _salt(connection)
    named = {
        row[0]
        for table in _NAMING
        for row in connection.query(
            f"select distinct {_ID} from {quote('raw', table)}"
            " where _load_id = $1 and customer_id is not null",
            [load_id],
        ).rows
    }
    for customer_id in sorted(named):
        if _pseudonym(salt, customer_id) in erased:
            person = find_person(connection, customer_id)
            for table in _NAMING:
                _rename(connection, table, customer_id, _pseudonym(salt, customer_id))
            _erase_rejects(connection, [customer_id, *person.emails, *person.names])


def places_of(connection: Connection, person: Person) -> list[str]:
    """Return the tables' columns, of all schemas, that still name a person."""
    columns = connection.query(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('raw', 'meta', 'staging', 'intermediate', 'final')"
        " and data_type in ('text', 'VARCHAR', 'character varying') order by 1, 2, 3"
    ).rows
    found = []
    for schema, table, column in columns:
        name, conditions = quote(column), []
        if column == "customer_id":
            conditions.append(f"trim({name}, '{_SPACE}') = $1")
        conditions += [f"strpos(lower({name}), ${i}) > 0" for i, _ in enumerate(person.emails, 2)]
        if (
            conditions
            and connection.query(
                f"select count(*) from {quote(schema, table)}"
                f" where ($1::text is null) or {' or '.join(conditions)}",
                [person.customer_id, *person.emails],
            ).scalar
        ):
            found.append(f"{schema}.{table}.{column}")
    return found


def _salt(connection: Connection) -> str:
    return str(connection.query("select salt from meta.salts").scalar)


def _pseudonym(salt: str, customer_id: str) -> str:
    return f"forgotten-{hmac.digest(salt.encode(), customer_id.encode(), 'sha256').hex()[:16]}"


def _rename(connection: Connection, table: str, customer_id: str, pseudonym: str) -> int:
    """Put the pseudonym in the id's place; of the customer, keep the country alone."""
    name = quote("raw", table)
    count: int = connection.query(
        f"select count(*) from {name} where {_ID} = $1", [customer_id]
    ).scalar
    more = ", name = null, email = null, signup_date = null" if table == "customers" else ""
    if count:
        connection.execute(
            f"update {name} set customer_id = $1{more} where {_ID} = $2", [pseudonym, customer_id]
        )
    return count


def _erase_rejects(connection: Connection, texts: Sequence[str]) -> int:
    """Erase the text of unreadable records that hold one of these as a whole word."""
    words = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in texts), re.I)
    rejects = connection.query("select load_id, file, line, raw_text from meta.reader_rejects")
    naming = _naming(rejects.rows, words)
    for load_id, file, line in naming:
        connection.execute(
            "update meta.reader_rejects set raw_text = $1"
            " where load_id = $2 and file = $3 and line = $4",
            [ERASED, load_id, file, line],
        )
    return len(naming)


def _naming(
    rejects: Iterable[Sequence[object]], words: re.Pattern[str]
) -> list[tuple[object, object, object]]:
    return [(load, file, line) for load, file, line, text in rejects if words.search(str(text))]
