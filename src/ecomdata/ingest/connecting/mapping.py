"""A proposal written out as a connector: connector.toml and one SQL file per entity."""

import json
from collections.abc import Iterator, Mapping, Sequence

from ecomdata.contract import ENTITIES, entity
from ecomdata.ingest.connecting.evidence import MONEY, Table
from ecomdata.ingest.connecting.proposal import Choice, Proposal
from ecomdata.ingest.connecting.words import CANCELLED

#: What each record of a role becomes.
_RECORDS: dict[str, list[str]] = {"lines": ["orders"], "heads": []}


def connector_files(proposal: Proposal) -> dict[str, str]:
    """Return the text of each file of the connector, by name."""
    files = {"connector.toml": _toml(proposal)}
    for each in ENTITIES:
        found = proposal.choices.get(each.name)
        if found and (each.name != "returns" or "returns" in proposal.tables):
            files[f"{each.name}.sql"] = _entity_sql(proposal, each.name, found)
    if proposal.returned:
        files["returns.sql"] = _returned_sql(proposal)
    return files


def _toml(proposal: Proposal) -> str:
    lines = [
        "# Proposed by `ecomdata connect` from headers and values: review it and keep it.",
        "# Beside each column: how sure it is, from 0 to 1, and why. docs/connectors.md says more.",
        'title = "The connector beside these files"',
        "# Identical lines of one order: keep them, or quarantine them as duplicates.",
        'identical_lines = "keep"',
        "caveats = []",
    ]
    for role in ("lines", "heads", "customers", "products", "returns"):
        if role in proposal.tables and (role != "heads" or "heads" in proposal.choices):
            lines += ["", *_kind(proposal, role, proposal.tables[role])]
    return "\n".join(lines) + "\n"


def _kind(proposal: Proposal, role: str, table: Table) -> Iterator[str]:
    used = [
        (f"{name}.{column}", choice)
        for name, found in proposal.choices.items()
        for column, choice in found.items()
        if choice.role == role
    ]
    records = _RECORDS.get(role, [role])
    read = [choice.header for _, choice in used]
    if role == "lines" and proposal.returned:
        records = ["orders", "returns"]
        read += [proposal.returned.kind] if proposal.returned.kind else []
    sources = [(target.partition(".")[2], table.names[c.header]) for target, c in used]
    numbers = [name for column, name in sources if column in (*MONEY, "quantity")]
    # the SQL writes the dates of heads as ISO, by what the sample says
    dates = [name for column, name in sources if column.endswith("_date") and role != "heads"]
    yield _comment(table.name)
    yield f"[files.{role}]"
    yield f"required = {json.dumps([table.names[header] for header in dict.fromkeys(read)])}"
    yield f"numbers = {json.dumps(list(dict.fromkeys(numbers)))}"
    yield f"dates = {json.dumps(list(dict.fromkeys(dates)))}"
    yield f"records = {json.dumps(records)}"
    order = proposal.date_order
    if dates and order and table.conventions.date_order() is None:
        yield f'date_order = "{order}"'
    yield ""
    yield f"[files.{role}.columns]"
    for header in dict.fromkeys(read):
        spelled = json.dumps([table.spelled[header]], ensure_ascii=False)
        yield f"{table.names[header]} = {spelled}"
        for target, choice in used:
            if choice.header == header:
                yield _comment(f"-> {target} ({choice.confidence:.2f}): {choice.reason}")
        if role == "lines" and proposal.returned and proposal.returned.header == header:
            yield _comment(f"-> tells returned lines: {proposal.returned.reason}")


def _comment(text: str) -> str:
    """A comment of TOML on one line: names of files and columns may hold anything."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in text)


def _entity_sql(proposal: Proposal, name: str, found: Mapping[str, Choice]) -> str:
    main = "lines" if name == "orders" else name
    if main not in proposal.tables:
        return _derived_sql(proposal, name, found)
    columns = [
        f"    {_expression(proposal, main, column, choice, found)} as {column},"
        for column in entity(name).column_names
        if (choice := found.get(column)) is not None
    ]
    joins = _joins(proposal, found) if name == "orders" else []
    if name == "orders" and proposal.returned:
        joins += [f"where not ({_is_returned(proposal)})"]
    return "\n".join(
        ["select", *columns, f"    {main}._file,", f"    {main}._line", f"from {main}", *joins, ""]
    )


def _returned_sql(proposal: Proposal) -> str:
    """The lines of goods that came back: units and money without their sign, on their own day."""
    found = proposal.choices["orders"]
    written = {
        column: _expression(proposal, "lines", column, choice, found)
        for column, choice in found.items()
    }
    quantity = f"replace({written['quantity']}, '-', '')"
    if not (proposal.returned and proposal.returned.kind):  # money alone: units are not known
        below = _below_zero(proposal, "quantity")
        quantity = f"case when {below} then {quantity} end"
    columns = {
        "order_id": written["order_id"],
        "product_id": written.get("product_id"),
        "quantity": quantity,
        "refund_amount": f"replace({written['total_price']}, '-', '')",
        "return_date": written.get("order_date"),
        "return_id": written["order_id"],
        "customer_id": written.get("customer_id"),
    }
    listed = [f"    {sql} as {column}," for column, sql in columns.items() if sql]
    return "\n".join(
        [
            "select",
            *listed,
            "    lines._file,",
            "    lines._line",
            "from lines",
            *_joins(proposal, found),
            f"where {_is_returned(proposal)}",
            "",
        ]
    )


def _is_returned(proposal: Proposal) -> str:
    """What is true of a line that came back, and false of all others."""
    returned = proposal.returned
    assert returned is not None
    if returned.kind:
        kind = f"lines.{proposal.tables['lines'].names[returned.kind]}"
        return f"coalesce(lower(trim({kind})) in ({_listed(returned.words)}), false)"
    return " or ".join(_below_zero(proposal, column) for column in returned.below_zero)


def _below_zero(proposal: Proposal, column: str) -> str:
    header = proposal.choices["orders"][column].header
    return f"coalesce({_amount('lines', proposal.tables['lines'].names[header])} < 0, false)"


def _listed(words: Sequence[str]) -> str:
    return ", ".join("'" + word.replace("'", "''") + "'" for word in words)


def _joins(proposal: Proposal, found: Mapping[str, Choice]) -> list[str]:
    """What the columns of the order lines need beside the lines."""
    joins: list[str] = []
    of_line = proposal.tables["lines"].names
    for role, column in (("heads", "order_id"), ("products", "product_id")):
        if any(choice.role == role for choice in found.values()):
            key = proposal.choices[role][column]
            joins += _join(
                role,
                proposal.tables[role].names[key.header],
                of_line[found[column].header],
            )
    return joins


def _join(role: str, key: str, of_line: str) -> list[str]:
    """Join a table of one row a key; where a key stands twice, the last row has it."""
    return [
        "left join (",
        f"    select * from {role}",
        f"    qualify row_number() over (partition by trim({key}) order by _file desc, _line desc)"
        " = 1",
        f") as {role}",
        f"    on trim(lines.{of_line}) = trim({role}.{key})",
    ]


def _derived_sql(proposal: Proposal, name: str, found: Mapping[str, Choice]) -> str:
    """One row a key, each column as the last line with a value has it."""
    key, *others = [c for c in entity(name).column_names if c in found]
    role = found[key].role
    names = {c: proposal.tables[role].names[choice.header] for c, choice in found.items()}
    header = names[key]
    columns = [
        f"    arg_max(trim({names[c]}), (_file, _line)) filter (where trim({names[c]}) <> '')"
        f" as {c},"
        for c in others
    ]
    return "\n".join(
        [
            "select",
            f"    trim({header}) as {key},",
            *columns,
            "    arg_max(_file, (_file, _line)) as _file,",
            "    arg_max(_line, (_file, _line)) as _line",
            f"from {role}",
            f"where trim({header}) <> ''",
            f"group by trim({header})",
            "",
        ]
    )


def _expression(
    proposal: Proposal, main: str, column: str, choice: Choice, found: Mapping[str, Choice]
) -> str:
    """The SQL of a column; what comes from another file is rewritten by that file's conventions."""
    table = proposal.tables[choice.role]
    source = f"{choice.role}.{table.names[choice.header]}"
    if column == "status" and (words := _cancelled(table, choice.header)):
        return (
            f"case when lower(trim({source})) in ({_listed(words)}) then 'cancelled'"
            f" else {source} end"
        )
    amount = _amount(choice.role, table.names[choice.header])
    if choice.way == "computed":
        names = proposal.tables[main].names
        product = f"{_amount(main, names[found['quantity'].header])} * {amount}"
        if "discount_amount" in found:
            taken = _amount(main, names[found["discount_amount"].header])
            product = f"{product} - coalesce({taken}, 0)"
        return f"coalesce(money(cents({product})), {source})"
    if choice.role == main:
        return source
    if column in MONEY:
        return f"coalesce(cast({amount} as text), {source})"
    if column.endswith("_date"):
        return _date(source, proposal.order_of_dates(choice.role) or "ymd")
    return source


def _amount(role: str, name: str) -> str:
    """A column as a number, by the decimal mark of the file that it is in."""
    return f"amount({role}.{name}, {role}._file)"


def _date(source: str, order: str) -> str:
    if order == "ymd":
        return source
    shape = "^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})"
    day, month = (1, 2) if order == "dmy" else (2, 1)
    years, months, days = (
        f"regexp_extract(trim({source}), '{shape}', {part})" for part in (3, month, day)
    )
    return (
        f"case when regexp_matches(trim({source}), '{shape}') then {years} || '-' || "
        f"lpad({months}, 2, '0') || '-' || lpad({days}, 2, '0') || "
        f"regexp_replace(trim({source}), '{shape}', '') else {source} end"
    )


def _cancelled(table: Table, header: str) -> list[str]:
    """The states seen that mean cancelled, and do not say so in a word of the contract."""
    column = table.column(header)
    seen = {value.lower() for value in column.distinct} if column else set()
    return sorted(seen & CANCELLED)
