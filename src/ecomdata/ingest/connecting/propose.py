"""From tables of an unknown layout to a proposal: which is what, column by column, and why.

A pure function over samples. What the headers' words say is weighed against the values: shapes,
keys that other tables refer to, and quantity x price = total. What they leave open is a question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ecomdata.contract import entity
from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.connecting.evidence import Column, Table, is_product
from ecomdata.ingest.connecting.proposal import Choice, Proposal
from ecomdata.ingest.connecting.questions import ask, ask_for_dates, ask_for_missing, asked
from ecomdata.ingest.connecting.returned import KIND, find_returned
from ecomdata.ingest.connecting.values import Guess, guess_lines
from ecomdata.ingest.connecting.words import FILE_WORDS, folded, likeness
from ecomdata.ingest.conventions import DateOrder

_SURE = 0.5
_TOO_CLOSE = 0.1
#: Share of a column's values that another table's key must have for it to refer to that key.
_REFERS = 0.8
#: What makes a table what it is: columns it must have, and columns of which it must have one.
_ROLES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "returns": ("returns", ("order_id", "product_id", "quantity", "refund_amount"), ()),
    "lines": ("orders", ("order_id", "quantity"), ("product_id",)),
    "heads": ("orders", ("order_id", "order_date"), ()),
    "customers": ("customers", ("customer_id",), ("name", "email", "country", "signup_date")),
    "products": ("products", ("product_id",), ("product_name", "category", "price", "unit_cost")),
}
#: Columns of an order that may stand in a table of one row an order.
_OF_ORDER = ("order_date", "customer_id", "status", "currency", "channel")


def propose(
    tables: Sequence[Table],
    answers: Mapping[str, str] | None = None,
    date_order: DateOrder | None = None,
) -> Proposal:
    """Propose a mapping.

    Args:
        tables: a sample of each kind of file.
        answers: "orders.total_price" to a header, or to "none".
        date_order: for tables whose days could be months.

    Raises:
        InputError: no table holds order lines.
        UsageError: an answer names no column of the contract, or no header.
    """
    given = dict(answers or {})
    roles = _by_role(tables, given)
    guesses: dict[str, Guess] = {}
    if "lines" not in roles:
        lines, guesses = _guessed_lines(tables, given)
        roles = {role: table for role, table in roles.items() if table is not lines}
        roles["lines"] = lines
    if "heads" in roles and not _is_head(roles["heads"], roles["lines"]):
        del roles["heads"]
    proposal = Proposal(roles, date_order=date_order)
    used = [table.name for table in proposal.tables.values()]
    proposal.unused = tuple(table.name for table in tables if table.name not in used)
    _check(given, proposal)
    given = {key: guess.header for key, guess in guesses.items()} | given
    _orders(proposal, given)
    for name in ("customers", "products", "returns"):
        if name in proposal.tables:
            proposal.choices[name] = _chosen(proposal, name, name, entity(name).column_names, given)
        elif name != "returns":
            _derive(proposal, name, given)
    _name_guesses(proposal, {guess.header: guess for guess in guesses.values()}, answers or {})
    for name, found in proposal.choices.items():
        ask_for_missing(proposal, name, found)
    ask_for_dates(proposal)
    find_returned(proposal, given)
    return proposal


def _by_role(tables: Sequence[Table], given: Mapping[str, str]) -> dict[str, Table]:
    """Give each table the role that fits best, each role to the table that it fits best."""
    scores = sorted(
        (
            (score, role, table)
            for table in tables
            for role in _ROLES
            if (score := _fit(table, role, given)) > 0
        ),
        key=lambda found: -found[0],
    )
    roles: dict[str, Table] = {}
    for _, role, table in scores:
        if role not in roles and table not in roles.values():
            roles[role] = table
    return roles


def _guessed_lines(
    tables: Sequence[Table], given: Mapping[str, str]
) -> tuple[Table, dict[str, Guess]]:
    """The table whose values look most like order lines, and what no header of it says."""
    guessed = [(guesses, table) for table in tables if (guesses := guess_lines(table))]
    if not guessed:
        seen = "; ".join(f"{t.name}: {', '.join(c.header for c in t.columns)}" for t in tables[:3])
        raise InputError(
            "no orders found: no file has an order's number, a product and a quantity on each "
            f"line. There is {seen}. Name the columns: --map orders.order_id=COLUMN, likewise "
            "product_id and quantity"
        )
    guesses, table = max(guessed, key=lambda found: len(found[0]))
    said = {
        key
        for key in guesses
        for name, _, target in (key.partition("."),)
        if key in given or any(_score(c, name, target, given) >= _SURE for c in table.columns)
    }
    return table, {key: guess for key, guess in guesses.items() if key not in said}


def _name_guesses(
    proposal: Proposal, guesses: Mapping[str, Guess], answers: Mapping[str, str]
) -> None:
    """Say of the columns that were guessed that they were, and not that the user said so."""
    for name, found in proposal.choices.items():
        for column, choice in found.items():
            guess = guesses.get(choice.header)
            if guess is None or f"{name}.{column}" in answers:
                continue
            if choice.way == "column":
                reason = f"by its values: {guess.reason}"
                found[column] = replace(choice, confidence=guess.confidence, reason=reason)
            else:
                found[column] = replace(choice, confidence=round(0.9 * guess.confidence, 2))


def _fit(table: Table, role: str, given: Mapping[str, str]) -> float:
    name, needed, one_of = _ROLES[role]
    best = {
        column: max((_score(c, name, column, given) for c in table.columns), default=0)
        for column in entity(name).column_names
    }
    if role == "lines":
        best["product_id"] = max(best["product_id"], _named_product(table))
    any_of = max((best[column] for column in one_of), default=1.0)
    if min(any_of, *(best[column] for column in needed)) < _SURE:
        return 0
    if role in ("customers", "products") and not any(
        c.is_key and _score(c, name, needed[0], given) >= _SURE for c in table.columns
    ):
        return 0
    if role == "heads" and best["quantity"] >= _SURE and best["product_id"] >= _SURE:
        return 0
    words = FILE_WORDS[name].split()
    named = 0.5 if any(word in folded(table.name) for word in words) else 0.0
    others = sum(score for column, score in best.items() if column not in needed)
    return named + sum(best[column] for column in needed) + 0.3 * others


def _named_product(table: Table) -> float:
    """How sure a name of the product can stand in for an id."""
    return 0.8 * max(_score(c, "products", "product_name", {}) for c in table.columns)


def _is_head(heads: Table, lines: Table) -> bool:
    """Whether a table has one row an order, and the lines refer to it."""
    return any(
        head.is_key and line.part_of(head) >= _REFERS and likeness(head.word, "orders", "order_id")
        for head in heads.columns
        for line in lines.columns
    )


def _score(column: Column, name: str, target: str, given: Mapping[str, str]) -> float:
    asked = given.get(f"{name}.{target}")
    if asked is not None:
        return float(asked.strip().lower() == column.header.strip().lower())
    if column.filled and not column.fits(target):
        return 0.0
    said = likeness(column.word, name, target)
    return max(said, 0.9) if target == "email" and column.is_email else said


def _check(given: Mapping[str, str], proposal: Proposal) -> None:
    for key, header in given.items():
        name, _, column = key.partition(".")
        known = {c for role in _ROLES.values() for c in entity(role[0]).column_names}
        if key != KIND and (
            name not in FILE_WORDS or column not in known & set(entity(name).column_names)
        ):
            raise UsageError(f"--map {key}: no column of the contract; like orders.total_price")
        if header != "none" and not any(t.column(header) for t in proposal.tables.values()):
            raise UsageError(f"--map {key}={header}: no file has a column {header!r}")


def _chosen(
    proposal: Proposal,
    name: str,
    role: str,
    columns: Sequence[str],
    given: Mapping[str, str],
) -> dict[str, Choice]:
    """Choose columns of one table, the surest pair first, each column once."""
    table = proposal.tables[role]
    pairs = sorted(
        (
            (_weighed(proposal, role, column, name, target, given), target, column)
            for target in columns
            for column in table.columns
        ),
        key=lambda pair: -pair[0],
    )
    chosen: dict[str, Choice] = {}
    taken: dict[str, float] = {}
    for score, target, column in pairs:
        if score >= _SURE and target not in chosen and column.header not in taken:
            taken[column.header] = score
            chosen[target] = Choice(
                role, column.header, round(score, 2), _reason(column, name, target, score, given)
            )
    for target in [c for c in entity(name).required if c in chosen]:
        rivals = [
            column.header
            for score, of, column in pairs
            if of == target
            and score >= chosen[target].confidence - _TOO_CLOSE
            and column.header not in taken
            and score >= _SURE
        ]
        if rivals and f"{name}.{target}" not in given:
            ask(
                proposal,
                name,
                target,
                "several columns could be it",
                [chosen.pop(target).header, *rivals],
            )
    return chosen


def _weighed(
    proposal: Proposal, role: str, column: Column, name: str, target: str, given: Mapping[str, str]
) -> float:
    """The score of a column, with what the other tables' keys and the arithmetic say."""
    score = _score(column, name, target, given)
    if f"{name}.{target}" in given or not score:
        return score
    owner = {"customer_id": "customers", "product_id": "products", "order_id": "heads"}.get(target)
    if owner in proposal.tables and owner != role:
        key = _key(proposal.tables[owner], _ROLES[owner][0], target)
        if key is not None:
            return min(1.0, score + 0.1) if column.part_of(key) >= _REFERS else score * 0.8
    return score


def _key(table: Table, name: str, target: str) -> Column | None:
    keys = [c for c in table.columns if c.is_key]
    return max(keys, key=lambda c: likeness(c.word, name, target), default=None)


def _reason(column: Column, name: str, target: str, score: float, given: Mapping[str, str]) -> str:
    if f"{name}.{target}" in given:
        return "as you said"
    if target == "email" and column.is_email:
        return "its values are e-mail addresses"
    said = likeness(column.word, name, target)
    if score > said:
        return "its header says so, and its values are the other file's keys"
    shape = "numbers" if column.is_number else "dates" if column.is_date else "texts"
    if said >= 0.9:
        return f"its header says so, and its values are {shape}"
    return f"its header is like it, and its values are {shape}"


def _orders(proposal: Proposal, given: Mapping[str, str]) -> None:
    """Choose the columns of the order lines, from the lines and then from the heads."""
    columns = entity("orders").column_names
    found = _chosen(proposal, "orders", "lines", columns, given)
    if "heads" in proposal.tables:
        open_before = list(proposal.questions)
        of_heads = _chosen(proposal, "orders", "heads", ("order_id", *_OF_ORDER), given)
        proposal.questions[:] = open_before + [
            q for q in proposal.questions if q not in open_before and q.column not in found
        ]
        if "order_id" in of_heads:
            proposal.choices["heads"] = {"order_id": of_heads.pop("order_id")}
        found = of_heads | found
    proposal.choices["orders"] = found
    lines = proposal.tables["lines"]
    if "product_id" not in found and "orders.product_id" not in asked(proposal):
        names = [c for c in lines.columns if _score(c, "products", "product_name", {}) >= _SURE]
        if names:
            found["product_id"] = Choice(
                "lines", names[0].header, 0.6, "no number of the product: its name stands in"
            )
    _ask_for_discount(proposal, found, given)
    _price(proposal, lines, found, given)


def _ask_for_discount(
    proposal: Proposal, found: dict[str, Choice], given: Mapping[str, str]
) -> None:
    """A discount may be a percentage, or of one unit, unless its header says what it is."""
    choice = found.get("discount_amount")
    if choice is None or "orders.discount_amount" in given:
        return
    if not {"amount", "betrag", "montant"} & set(folded(choice.header).split("_")):
        del found["discount_amount"]
        ask(
            proposal,
            "orders",
            "discount_amount",
            f"is {choice.header} money taken off the whole line? "
            "If not: --map orders.discount_amount=none; if it is",
            [choice.header],
        )


def _price(
    proposal: Proposal, lines: Table, found: dict[str, Choice], given: Mapping[str, str]
) -> None:
    """Find the total of a line: by the arithmetic, by its header, or computed."""
    if "quantity" not in found:
        return
    mark = lines.conventions.decimal_mark()
    quantity = _values(lines, found["quantity"].header)
    taken = {c.header for name, c in found.items() if name not in ("total_price", "unit_price")}
    money = [
        c
        for c in lines.columns
        if c.is_number
        and c.header not in taken
        and max(likeness(c.word, "orders", t) for t in ("total_price", "unit_price")) >= _SURE
    ]
    explicit = "orders.total_price" in given or "orders.unit_price" in given
    products = [
        (unit, total)
        for unit in money
        for total in money
        if unit is not total and is_product(quantity, unit.values, total.values, mark)
    ]
    if len(products) == 1 and not explicit:
        [(unit, total)] = products
        why = f"{found['quantity'].header} x {unit.header} = {total.header} to the cent"
        found["unit_price"] = Choice("lines", unit.header, 0.99, why)
        found["total_price"] = Choice("lines", total.header, 0.99, why)
        proposal.questions[:] = [
            q
            for q in proposal.questions
            if q.column not in ("orders.total_price", "orders.unit_price")
        ]
    if "total_price" in found or "orders.total_price" in asked(proposal):
        return
    unit_choice = found.get("unit_price")
    if unit_choice is None and "products" in proposal.tables:
        prices = _chosen(Proposal(proposal.tables), "products", "products", ("price",), given)
        if "price" in prices:
            unit_choice = Choice(
                "products",
                prices["price"].header,
                0.7,
                "no price on the line: the list's",
                "product",
            )
    if unit_choice is None:
        return
    bare_word = folded(unit_choice.header) in (
        "price",
        "preis",
        "prix",
        "precio",
        "prezzo",
        "prijs",
    )
    if unit_choice.role == "lines" and bare_word and "orders.unit_price" not in given:
        found.pop("unit_price", None)
        header = unit_choice.header
        ask(
            proposal,
            "orders",
            "total_price",
            f"is {header} the price of one unit or of the line? "
            f"One unit: --map orders.unit_price={header}; the line",
            [header],
        )
        return
    found["unit_price"] = unit_choice
    less = f" less {found['discount_amount'].header}" if "discount_amount" in found else ""
    found["total_price"] = Choice(
        unit_choice.role,
        unit_choice.header,
        round(0.9 * unit_choice.confidence, 2),
        f"no total in the file: {found['quantity'].header} x {unit_choice.header}{less}",
        "computed",
    )


def _values(table: Table, header: str) -> tuple[str, ...]:
    column = table.column(header)
    return column.values if column else ()


def _derive(proposal: Proposal, name: str, given: Mapping[str, str]) -> None:
    """Take customers or products from the order's own table, where it describes them."""
    key = entity(name).required[0]
    found = proposal.choices["orders"].get(key)
    if found is None:
        return
    free = {c.header for c in proposal.choices["orders"].values()} - {found.header}
    columns = [c for c in entity(name).column_names if c not in (key, "price", "signup_date")]
    chosen = _chosen(Proposal(proposal.tables), name, found.role, columns, given)
    kept = {column: c for column, c in chosen.items() if c.header not in free}
    if kept:
        proposal.choices[name] = {key: found} | kept
