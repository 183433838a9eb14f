"""What the files leave open is asked: each question names the options that answer it."""

from collections.abc import Mapping, Sequence

from ecomdata.contract import entity
from ecomdata.ingest.connecting.proposal import Choice, Proposal, Question


def asked(proposal: Proposal) -> set[str]:
    """Return the columns that are asked for already."""
    return {question.column for question in proposal.questions}


def ask(proposal: Proposal, name: str, column: str, text: str, candidates: Sequence[str]) -> None:
    """Ask which of the candidates a column of the contract is."""
    key = f"{name}.{column}"
    option = " or ".join(f"--map {key}={shown}" for shown in candidates) or f"--map {key}=COLUMN"
    proposal.questions.append(Question(key, text, tuple(candidates), option))


def ask_for_missing(proposal: Proposal, name: str, found: Mapping[str, Choice]) -> None:
    """Ask for the required columns of an entity that were not found."""
    if name == "heads":
        return
    role = "lines" if name == "orders" else name
    if role not in proposal.tables:
        return
    for column in entity(name).required:
        if column not in found and f"{name}.{column}" not in asked(proposal):
            taken = {choice.header for choice in found.values()}
            free = [
                c.header
                for c in proposal.tables[role].columns
                if c.fits(column) and c.header not in taken
            ]
            ask(proposal, name, column, "no header says which column it is", free[:5])


def ask_for_dates(proposal: Proposal) -> None:
    """Ask for the order of day and month where a table leaves it open."""
    for role, table in proposal.tables.items():
        if proposal.order_of_dates(role) is None:
            proposal.questions.append(
                Question(
                    "date_order",
                    f"{table.name}: its dates can be read as day/month or month/day",
                    ("dmy", "mdy"),
                    "--date-order dmy or --date-order mdy",
                )
            )
            return
