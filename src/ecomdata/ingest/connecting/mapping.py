"""A proposal written out as a connector: connector.toml and one SQL file per entity."""

import json
import re
from collections.abc import Iterator, Mapping

from ecomdata.contract import ENTITIES, entity
from ecomdata.ingest.connecting.evidence import MONEY, Table
from ecomdata.ingest.connecting.propose import Choice, Proposal
from ecomdata.ingest.connecting.words import folded
from ecomdata.ingest.conventions import DecimalMark

#: What each record of a role becomes.
_RECORDS: dict[str, list[str]] = {"lines": ["orders"], "heads": []}


#: Words that DuckDB reserves: no name of a column without quotes.
_RESERVED = frozenset(
    (
        "all analyse analyze and anti any array as asc asof asymmetric at authorization binary "
        "both by case cast check collate collation column columns concurrently constraint "
        "create cross default deferrable desc describe distinct do else end except false fetch "
        "for foreign freeze from full generated glob group having ilike in initially inner "
        "intersect into is isnull join lambda lateral leading left like limit map natural not "
        "notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider "
        "placing positional primary qualify references returning right select semi show similar "
        "some struct summarize symmetric table tablesample then to trailing true try_cast tuple "
        "union unique unpack unpivot using variadic verbose when where window with"
    ).split()
)


def connector_files(proposal: Proposal) -> dict[str, str]:
    """Return the text of each file of the connector, by name."""
    files = {"connector.toml": _toml(proposal)}
    for each in ENTITIES:
        found = proposal.choices.get(each.name)
        if found and (each.name != "returns" or "returns" in proposal.tables):
            files[f"{each.name}.sql"] = _entity_sql(proposal, each.name, found)
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
    own = "orders" if role == "lines" else role
    raw = [
        (target.partition(".")[2], _name(choice.header))
        for target, choice in used
        if target.startswith(f"{own}.") and choice.way == "column" and role != "heads"
    ]
    numbers = [name for target, name in raw if target in (*MONEY, "quantity")]
    dates = [name for target, name in raw if target.endswith("_date")]
    yield _comment(table.name)
    yield f"[files.{role}]"
    yield f"required = {json.dumps(list(dict.fromkeys(_name(c.header) for _, c in used)))}"
    yield f"numbers = {json.dumps(list(dict.fromkeys(numbers)))}"
    yield f"dates = {json.dumps(list(dict.fromkeys(dates)))}"
    yield f"records = {json.dumps(_RECORDS.get(role, [role]))}"
    order = proposal.date_order
    if dates and order and table.conventions.date_order() is None:
        yield f'date_order = "{order}"'
    yield ""
    yield f"[files.{role}.columns]"
    for header in dict.fromkeys(choice.header for _, choice in used):
        spelled = re.sub(r"[^0-9a-z]+", "_", header.strip().lower()).strip("_")
        yield f"{_name(header)} = {json.dumps([spelled])}"
        for target, choice in used:
            if choice.header == header:
                yield _comment(f"-> {target} ({choice.confidence:.2f}): {choice.reason}")


def _comment(text: str) -> str:
    """A comment of TOML on one line: names of files and columns may hold anything."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in text)


def _entity_sql(proposal: Proposal, name: str, found: Mapping[str, Choice]) -> str:
    main = "lines" if name == "orders" else name
    if main not in proposal.tables:
        return _derived_sql(name, found)
    joins: list[str] = []
    if any(choice.role == "heads" for choice in found.values()):
        joins += _join(
            "heads",
            _name(proposal.choices["heads"]["order_id"].header),
            _name(found["order_id"].header),
        )
    if any(choice.role == "products" for choice in found.values()) and name == "orders":
        key = proposal.choices["products"]["product_id"]
        joins += _join("products", _name(key.header), _name(found["product_id"].header))
    columns = [
        f"    {_expression(proposal, main, column, choice, found)} as {column},"
        for column in entity(name).column_names
        if (choice := found.get(column)) is not None
    ]
    return "\n".join(
        ["select", *columns, f"    {main}._file,", f"    {main}._line", f"from {main}", *joins, ""]
    )


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


def _derived_sql(name: str, found: Mapping[str, Choice]) -> str:
    """One row a key, each column as the last line with a value has it."""
    key, *others = [c for c in entity(name).column_names if c in found]
    role, header = found[key].role, _name(found[key].header)
    columns = [
        f"    arg_max(trim({_name(found[c].header)}), (_file, _line))"
        f" filter (where trim({_name(found[c].header)}) <> '') as {c},"
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
    source = f"{choice.role}.{_name(choice.header)}"
    mark = proposal.tables[choice.role].conventions.decimal_mark()
    if choice.way == "computed":
        own = proposal.tables[main].conventions.decimal_mark()
        quantity = _number(f"{main}.{_name(found['quantity'].header)}", own)
        product = f"{quantity} * {_number(source, mark)}"
        if "discount_amount" in found:
            taken = _number(f"{main}.{_name(found['discount_amount'].header)}", own)
            product = f"{product} - coalesce({taken}, 0)"
        return f"coalesce(cast(cast({product} as decimal(18, 2)) as varchar), {source})"
    if choice.role == main:
        return source
    if column in MONEY:
        return f"coalesce(cast({_number(source, mark)} as varchar), {source})"
    if column.endswith("_date"):
        return _date(source, proposal.order_of_dates(choice.role) or "ymd")
    return source


def _number(source: str, mark: DecimalMark) -> str:
    bare = f"regexp_replace({source}, '[^0-9,.+-]', '', 'g')"
    other = "." if mark == "," else ","
    plain = f"replace(replace({bare}, '{other}', ''), ',', '.')"
    return f"try_cast({plain} as decimal(15, 4))"


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


def _name(header: str) -> str:
    """The connector's name of a column: the header, folded, as an identifier of SQL and TOML."""
    name = folded(header) or f"column_{len(header)}"
    return f"c_{name}" if name[0].isdigit() or name in _RESERVED else name
