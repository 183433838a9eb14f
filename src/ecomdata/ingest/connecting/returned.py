"""Lines of goods that came back among those that were sold: below zero, or by a column's word."""

from collections.abc import Mapping

from ecomdata.errors import UsageError
from ecomdata.ingest.connecting.evidence import Table, number
from ecomdata.ingest.connecting.proposal import Proposal, Question, Returned
from ecomdata.ingest.connecting.words import RETURNED, folded

#: Answers which column says that a line is of goods that came back.
KIND = "returns.kind"
#: Different words that a column of kinds or states has at most.
_FEW = 30


def find_returned(proposal: Proposal, given: Mapping[str, str]) -> None:
    """Tell lines of goods that came back: they are below zero, or a column says so."""
    orders = proposal.choices["orders"]
    if "returns" in proposal.tables or not {"order_id", "quantity", "total_price"} <= orders.keys():
        return
    lines = proposal.tables["lines"]
    kind = lines.column(given.get(KIND, "none"))
    if kind is not None:
        words = tuple(sorted({v.lower() for v in kind.distinct if folded(v) in RETURNED}))
        if not words:
            seen = ", ".join(sorted(kind.distinct)[:5])
            raise UsageError(
                f"--map {KIND}={kind.header}: none of its values is a word for a return: {seen}"
            )
        count = sum(value.strip().lower() in words for value in kind.values)
        proposal.returned = Returned(count, kind.header, kind=kind.header, words=words)
        return
    mark = lines.conventions.decimal_mark()
    below = [
        column
        for column in ("quantity", "total_price")
        if orders[column].role == "lines"
        and orders[column].way == "column"
        and (found := lines.column(orders[column].header)) is not None
        and any((number(value, mark) or 0) < 0 for value in found.distinct)
    ]
    if below:
        signed = [lines.column(orders[column].header) for column in below]
        rows = zip(*(column.values for column in signed if column), strict=True)
        count = sum(any((number(value, mark) or 0) < 0 for value in row) for row in rows)
        proposal.returned = Returned(count, orders[below[0]].header, below_zero=tuple(below))
    elif KIND not in given:
        _ask(proposal, lines)


def _ask(proposal: Proposal, lines: Table) -> None:
    """A word like "refund" may be of goods that came back, or of a sale and what became of it."""
    orders = proposal.choices["orders"]
    taken = {choice.header for name, choice in orders.items() if name != "status"}
    for column in lines.columns:
        words = sorted({value for value in column.distinct if folded(value) in RETURNED})
        if words and len(column.distinct) <= _FEW and column.header not in taken:
            count = sum(value.strip() in words for value in column.values)
            proposal.questions.append(
                Question(
                    KIND,
                    f"{column.header} is {' or '.join(words)} on {count:,} lines: is each of them "
                    "goods that came back, and no sale? "
                    f"If not, or if it is a sale too: --map {KIND}=none; if it is",
                    (column.header,),
                    f"--map {KIND}={column.header}",
                )
            )
            return
