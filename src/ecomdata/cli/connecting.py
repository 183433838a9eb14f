"""`ecomdata connect` at the terminal: the proposal, its open questions, and the preview."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ecomdata.cli.text import printable
from ecomdata.errors import InputError, UsageError
from ecomdata.ingest.connecting.connect import Connected
from ecomdata.ingest.connecting.connect import connect as proposed
from ecomdata.ingest.connecting.proposal import Question
from ecomdata.ingest.conventions import DateOrder

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal

_TITLES = {
    "lines": "order lines",
    "heads": "orders, one row each",
}


def answers(given: Sequence[str]) -> dict[str, str]:
    """Return what `--map COLUMN=HEADER` says, by column.

    Raises:
        UsageError: one is not written so.
    """
    found: dict[str, str] = {}
    for each in given:
        column, equals, header = each.partition("=")
        if not (equals and column and header):
            raise UsageError(f"--map {each}: say COLUMN=HEADER, like orders.total_price=Betrag")
        found[column.strip()] = header.strip()
    return found


def connect(
    terminal: "Terminal",
    folder: Path,
    given: dict[str, str],
    date_order: DateOrder | None,
    dry_run: bool,
    force: bool,
) -> None:
    """Propose, ask what is open, write, and print; without a terminal the questions are an error.

    Raises:
        InputError: questions are open and nobody is there to answer; nothing was written.
    """
    result = proposed(folder, given, date_order, dry_run, force)
    asks = not (terminal.as_json or terminal.quiet) and sys.stdin.isatty() and sys.stdout.isatty()
    while result.proposal.questions and asks:
        question = result.proposal.questions[0]
        answer = _ask(question)
        if question.column == "date_order":
            date_order = "dmy" if answer == "dmy" else "mdy"
        else:
            given[question.column] = answer
        result = proposed(folder, given, date_order, dry_run, force)
    if terminal.as_json:
        terminal.document(_document(result))
    else:
        _show(terminal, result)
    if result.proposal.questions:
        if terminal.as_json:
            raise typer.Exit(InputError.exit_code)
        open_ones = "; ".join(
            f"{q.column}: {q.text}: {q.option}" for q in result.proposal.questions
        )
        raise InputError(f"nothing was written, as this is open: {open_ones}")
    terminal.say(
        f"connector: {result.written}; review it, then: ecomdata load {folder}"
        if result.written
        else "dry run: nothing was written"
    )


def _ask(question: Question) -> str:
    typer.echo(printable(f"{question.column}: {question.text}"))
    for number, candidate in enumerate(question.candidates, 1):
        typer.echo(printable(f"  {number}  {candidate}"))
    answer: str = typer.prompt("Number, a column's name, or none").strip()
    if answer.isdigit() and 1 <= int(answer) <= len(question.candidates):
        return question.candidates[int(answer) - 1]
    return answer


def _show(terminal: "Terminal", result: Connected) -> None:
    proposal = result.proposal
    for role, table in proposal.tables.items():
        terminal.say(f"{table.name}: {_TITLES.get(role, role)}")
    if proposal.unused:
        terminal.say(f"not used: {', '.join(proposal.unused)}")
    rows = [
        (f"{name}.{column}", choice.header, f"{choice.confidence:.2f}", choice.reason)
        for name, found in proposal.choices.items()
        if name != "heads"
        for column, choice in found.items()
    ]
    if proposal.returned:
        rows.append(("returned lines", proposal.returned.header, "", proposal.returned.reason))
    terminal.table("Proposal", ("column", "from", "sure", "why"), rows, right=("sure",))
    for name, (columns, previewed) in result.preview.items():
        terminal.table(f"Preview of {name}", columns, previewed, shortened=columns)


def _document(result: Connected) -> dict[str, Any]:
    proposal = result.proposal
    return {
        "tables": {role: table.name for role, table in proposal.tables.items()},
        "unused": proposal.unused,
        "mapping": {
            name: {column: vars(choice) for column, choice in found.items()}
            for name, found in proposal.choices.items()
            if name != "heads"
        },
        "returned": vars(proposal.returned) if proposal.returned else None,
        "questions": [vars(question) for question in proposal.questions],
        "preview": {
            name: {"columns": columns, "rows": rows}
            for name, (columns, rows) in result.preview.items()
        },
        "written": str(result.written) if result.written else None,
    }
