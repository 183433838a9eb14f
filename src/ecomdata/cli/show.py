"""How results look at the terminal, and as JSON."""

import csv
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ecomdata.cli.text import aligned, amount, bar, change, change_bar
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal
    from ecomdata.doctor import Check
    from ecomdata.generate import Summary
    from ecomdata.ingest import Load, Undone
    from ecomdata.ingest.connector import Connector
    from ecomdata.ingest.reading.contents import Contents
    from ecomdata.insights import Alarms
    from ecomdata.report import Exported, Vocabulary
    from ecomdata.transform import BuildResult
    from ecomdata.warehouse import Table
    from ecomdata.watching import Arrival, Built

#: Cells of the longest bar beside a figure.
_BAR = 8

#: Records that are shown of a file.
_FIRST = 5

#: What the rows of an entity are where its name would mislead: an order has many lines.
_LINES = {"orders": "order lines", "returns": "returned lines"}


def shop(terminal: "Terminal", summary: "Summary") -> None:
    """Print what was generated."""
    records = dict.fromkeys(("customers", "products", "orders", "returns"), 0)
    for file, count in summary.records.items():
        records[re.split("[-.]", file)[0]] += count
    written = ", ".join(f"{count:,} {_LINES.get(name, name)}" for name, count in records.items())
    terminal.say(
        f"shop in {summary.out}: {written} in {len(summary.records)} files; "
        f"{sum(summary.faults.values()):,} faults"
    )


def load(terminal: "Terminal", load: "Load", per_file: bool, dry_run: bool = False) -> None:
    """Print what a load did."""
    if load.unused:
        terminal.say(f"not used, as no known layout fits: {', '.join(load.unused)}")
    if not load.files:
        terminal.say(f"nothing new: {len(load.known)} files were loaded before, byte for byte")
        _earlier(terminal, load)
        return
    if load.known:
        terminal.say(f"{len(load.known)} files were loaded before, byte for byte")
    if per_file:
        terminal.table(
            "Dry run: nothing was changed" if dry_run else f"Load {load.load_id}",
            ("file", "source", "records", "rows", "refused", "dialect"),
            [
                (
                    each.file.name,
                    each.connector.name,
                    each.records_read,
                    each.rows_loaded,
                    each.rows_rejected,
                    each.describe(),
                )
                for each in load.files
            ],
        )
    sources = ", ".join(dict.fromkeys(each.connector.title for each in load.files))
    rows = ", ".join(f"{count:,} {_LINES.get(name, name)}" for name, count in load.rows.items())
    refused = sum(each.rows_rejected for each in load.files)
    terminal.say(f"{sources}: {len(load.files)} files, {rows}; {refused:,} records unreadable")
    for reason, files in _reasons(load).items():
        terminal.say(f"  {reason}" + (f" in {files} files" if files > 1 else ""))
    if per_file:  # a run says it behind the figures
        notes(terminal, load.caveats)
    _earlier(terminal, load)


def notes(terminal: "Terminal", caveats: Sequence[str]) -> None:
    """Print what the platforms' exports cannot tell."""
    for caveat in caveats:
        terminal.say(f"  note: {caveat}")


def sources(terminal: "Terminal", connectors: "Sequence[Connector]") -> None:
    """Print the platforms, the columns that their files need, and what they cannot tell."""
    for connector in connectors:
        terminal.say(f"{connector.name}: {connector.title}")
        for kind in connector.kinds:
            terminal.say(_wrapped(f"{kind.name}: {', '.join(kind.required)}", "  "))
        for caveat in connector.caveats:
            terminal.say(_wrapped(f"note: {caveat}", "    "))


def sources_document(connectors: "Sequence[Connector]") -> list[dict[str, Any]]:
    """Return the platforms as JSON has them."""
    return [
        {
            "source": connector.name,
            "title": connector.title,
            "caveats": connector.caveats,
            "files": [
                {
                    "kind": kind.name,
                    "required": kind.required,
                    "columns": kind.columns,
                    "becomes": kind.records,
                }
                for kind in connector.kinds
            ],
        }
        for connector in connectors
    ]


def _wrapped(text: str, indent: str) -> str:
    """Fit a text into 80 columns, its further lines under its first."""
    return textwrap.fill(
        text, 80, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False
    )


def _reasons(load: "Load") -> Counter[str]:
    """Count the files by why they are what they were taken for."""
    return Counter(each.recognised_by for each in load.files)


def load_document(load: "Load") -> dict[str, Any]:
    """Return what a load did as JSON has it."""
    return {
        "load_id": load.load_id,
        "rows": load.rows,
        "known": load.known,
        "unused": load.unused,
        "caveats": load.caveats,
        "earlier": [asdict(each) for each in load.earlier],
        "files": [
            {
                "file": each.file.name,
                "source": each.connector.name,
                "kind": each.kind.name,
                "recognised_by": each.recognised_by,
                "dialect": asdict(each.dialect),
                "conventions": asdict(each.conventions),
                "lines": each.lines,
                "records_read": each.records_read,
                "rows_loaded": each.rows_loaded,
                "rows_rejected": each.rows_rejected,
            }
            for each in load.files
        ],
    }


def _earlier(terminal: "Terminal", load: "Load") -> None:
    """Say what becomes of the files that were loaded before under the same names."""
    for earlier in load.earlier:
        orders = f"{earlier.missing_orders:,} of its orders are not in the new file"
        if not earlier.is_replaced:
            terminal.say(
                f"{earlier.file} was loaded before (load {earlier.load_id}); {orders} and stay in "
                "the figures: --replace takes them out"
            )
        else:
            replaced = f"{earlier.file} replaces that of load {earlier.load_id}"
            terminal.say(f"{replaced}; {orders}" if earlier.missing_orders else replaced)


def undone(terminal: "Terminal", undone: "Undone") -> None:
    """Print what was taken out."""
    rows = ", ".join(f"{count:,} {_LINES.get(name, name)}" for name, count in undone.rows.items())
    terminal.say(
        f"load {undone.load_id} is taken out ({', '.join(undone.files)}): "
        f"{rows or 'no rows'}; {undone.rejected:,} records unreadable"
    )
    for file, load_id in undone.restored:
        terminal.say(f"{file} of load {load_id} counts again")
    terminal.say("the figures are still those of before: ecomdata build")


def contents(terminal: "Terminal", file: Path, contents: "Contents") -> None:
    """Print how a file is written, its first records, and its first rejects."""
    terminal.say(f"{file}: {contents.dialect.describe()}")
    header, records = contents.header, contents.records[:_FIRST]
    width = max([len(header), *(len(record.fields) for record in records)])
    if width:
        names = [name or f"({n})" for n, name in enumerate(header, 1)]
        names += [f"({n})" for n in range(len(header) + 1, width + 1)]
        rows = [[*record.fields, *[None] * (width - len(record.fields))] for record in records]
        terminal.table("", names, rows, shortened=names)
    terminal.say(f"{len(contents.records):,} records, {len(contents.rejects):,} rejects")
    for table in contents.further_tables:
        terminal.say(f"a further table in line {table.line}: {len(table.records):,} records")
    if contents.rejects:
        rejects = [(each.line, each.rule, each.raw) for each in contents.rejects[:_FIRST]]
        terminal.table("Rejects", ("line", "rule", "raw"), rejects, shortened=("raw",))


def contents_document(contents: "Contents") -> dict[str, Any]:
    """Return what is in a file as JSON has it."""
    return {
        "dialect": asdict(contents.dialect),
        "header": contents.header,
        "records": [record.fields for record in contents.records],
        "further_tables": [
            {
                "line": table.line,
                "header": table.header,
                "records": [record.fields for record in table.records],
            }
            for table in contents.further_tables
        ],
        "rejects": [asdict(reject) for reject in contents.rejects],
    }


def build(terminal: "Terminal", build: "BuildResult", each: bool = False) -> None:
    """Print what dbt did."""
    if each:
        terminal.table(
            "",
            ("kind", "name", "state", "seconds"),
            [(n.kind, n.name, n.status, f"{n.seconds:.2f}") for n in build.nodes],
        )
    models, tests = build.count("model"), build.count("test", "unit_test")
    terminal.say((f"built {models} models; " if models else "") + f"{tests} tests passed")


def build_document(build: "BuildResult") -> dict[str, Any]:
    """Return what dbt did as JSON has it."""
    return {"nodes": [asdict(node) for node in build.nodes]}


def alarms(terminal: "Terminal", found: "Alarms") -> None:
    """Print what is not as usual about the loads that were looked at."""
    for alarm in found.alarms:
        severity = "serious" if alarm.is_serious else "notice"
        terminal.say(f"{severity}: load {alarm.load_id}: {alarm.statement}")
        terminal.say(f"   Next: {alarm.next_look}")


def end_of(terminal: "Terminal", found: "Alarms") -> None:
    """End the command with 1 where something serious was found; all else is done by then."""
    if serious(terminal, found):
        raise typer.Exit(1)


def serious(terminal: "Terminal", found: "Alarms") -> bool:
    """Complain of loads of which something serious was found; return whether there are any."""
    if found.serious:
        loads = ", ".join(str(load) for load in sorted({a.load_id for a in found.serious}))
        terminal.complain(
            f"load {loads}: something serious is not as usual (see above); what is right as it is "
            "can stay, and `ecomdata load --undo` takes back what is not"
        )
    return bool(found.serious)


def alarms_document(found: "Alarms") -> dict[str, Any]:
    """Return what was found about loads as JSON has it."""
    return {
        "loads": found.loads,
        "found": [{"id": alarm.id} | asdict(alarm) for alarm in found.alarms],
        "not_asked": found.silences,
    }


def arrival_document(arrival: "Arrival") -> dict[str, Any]:
    """Return what came of files that were watched for as JSON has it."""
    return {
        "files": [path.name for path in arrival.files],
        "load": arrival.load and load_document(arrival.load),
        "error": arrival.error and str(arrival.error),
    }


def built_document(built: "Built") -> dict[str, Any]:
    """Return what came of a build behind loads as JSON has it."""
    return {
        "build": built.result and build_document(built.result),
        "alarms": built.alarms and alarms_document(built.alarms),
        "error": built.error and str(built.error),
    }


def headline(terminal: "Terminal", document: dict[str, Any]) -> None:
    """Print the headline figures of the report's data."""
    period, previous = document["period"], document["previous"]
    written = aligned if terminal.draws else amount
    bars = terminal.draws and previous is not None
    terminal.table(
        f"{period['start']} to {period['end']} ({period['label']})"
        + (f", against {previous['label']}" if previous else ""),
        ("figure", "value", "before", "change", *(["-  │  +"] if bars else []), "all days"),
        [
            (
                kpi["label"],
                *(written(kpi[name], kpi["unit"]) for name in ("value", "previous")),
                change(kpi["change"], kpi["unit"]),
                *([change_bar(kpi["change"])] if bars else []),
                written(kpi["all"], kpi["unit"]),
            )
            for kpi in document["kpis"]
            if not _is_absent(kpi)
        ],
        right=("value", "before", "change", "all days"),
    )
    absent(
        terminal,
        {kpi["label"].lower(): kpi["reason"] for kpi in document["kpis"] if _is_absent(kpi)},
    )
    notes(terminal, document["caveats"])


def absent(terminal: "Terminal", reasons: dict[str, str]) -> None:
    """Print which figures are not in the data, with those of one reason in one line."""
    for reason in dict.fromkeys(reasons.values()):
        figures = ", ".join(figure for figure, its in reasons.items() if its == reason)
        terminal.say(f"not in this data: {figures}" + (f" ({reason})" if reason else ""))


def _is_absent(kpi: dict[str, Any]) -> bool:
    return all(kpi[name] is None for name in ("value", "previous", "all"))


def vocabulary(terminal: "Terminal", vocabulary: "Vocabulary") -> None:
    """Print the metrics that there are, and what they can be asked by."""
    terminal.say("metrics:")
    for kpi in vocabulary.metrics.values():
        terminal.say(_wrapped(f"{kpi.name}: {kpi.definition}", "  "))
    terminal.say("by any of:")
    for dimension in vocabulary.dimensions.values():
        terminal.say(_wrapped(f"{dimension.name}: {dimension.definition}", "  "))


def quality(terminal: "Terminal", quality: dict[str, Any]) -> None:
    """Print what was refused by rule, and that nothing was lost."""
    rules = [
        (r["rule"], r["entity"], r["count"], f"{r['example']['file']}:{r['example']['line']}")
        for r in quality["rules"]
    ]
    if rules:
        terminal.table("Refused records by rule", ("rule", "entity", "records", "example"), rules)
    terminal.say(
        f"{quality['records']:,} records = {quality['loaded']:,} loaded "
        f"+ {quality['rejected']:,} unreadable; {quality['raw_rows']:,} raw rows = "
        f"{quality['staged']:,} staged + {quality['quarantined']:,} quarantined "
        f"+ {quality['superseded']:,} superseded"
    )


def exported(terminal: "Terminal", folder: Path, files: "Sequence[Exported]") -> None:
    """Print which tables became which files."""
    terminal.table(
        f"Final tables in {folder}",
        ("table", "file", "rows"),
        [(each.table, each.file, each.rows) for each in files],
    )


def table(
    terminal: "Terminal",
    title: str,
    table: "Table",
    shortened: tuple[str, ...] = (),
    limit: int | None = None,
    barred: str = "",
) -> None:
    """Print a query's answer; at a terminal with a bar for each value of a column."""
    if terminal.as_json:
        terminal.document({"columns": table.columns, "rows": table.rows})
        return
    columns: Sequence[str] = table.columns
    rows: Sequence[Sequence[Any]] = table.rows[:limit]
    if barred in columns and terminal.draws:
        columns, rows = _with_bars(columns, rows, barred)
    terminal.table(title, columns, rows, shortened)
    if limit is not None and len(table.rows) > limit:
        terminal.say(f"{limit} of {len(table.rows):,}; --export or --json has all")


def _with_bars(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], barred: str
) -> tuple[list[str], list[list[Any]]]:
    """Put bars behind a column; the longest is that of the largest value."""
    at = columns.index(barred) + 1
    most = max((row[at - 1] or 0 for row in rows), default=0)
    bars = [bar(float((row[at - 1] or 0) / most), _BAR) if most > 0 else "" for row in rows]
    return (
        [*columns[:at], "", *columns[at:]],
        [[*row[:at], drawn, *row[at:]] for row, drawn in zip(rows, bars, strict=True)],
    )


def checks(terminal: "Terminal", checks: "Sequence[Check]") -> None:
    """Print what the doctor found, and what to do about it."""
    for check in checks:
        terminal.say(f"{check.state:<8} {check.name}: {check.found}")
        if check.advice:
            terminal.say(f"{'':<8} {check.advice}")


def print_csv(table: "Table") -> None:
    """Print a table as CSV: UTF-8, whatever the terminal has, as it is for programs."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([table.columns, *table.rows])


def export_csv(table: "Table", path: Path) -> None:
    """Write a table as CSV; cells that a spreadsheet would run as formulas are made text."""
    from ecomdata.report import defused

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table.columns)
            writer.writerows([[defused(value) for value in row] for row in table.rows])
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}") from exc
