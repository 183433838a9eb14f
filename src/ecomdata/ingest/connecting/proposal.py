"""What is proposed for a folder of an unknown layout: where each column comes from, and why."""

from dataclasses import dataclass, field

from ecomdata.ingest.connecting.evidence import Table
from ecomdata.ingest.conventions import DateOrder


@dataclass(frozen=True)
class Choice:
    """Where a column of the contract comes from.

    `way` says how: "column" as it stands; "computed" from others; "product" from the price list.
    """

    role: str
    header: str
    confidence: float
    reason: str
    way: str = "column"


@dataclass(frozen=True)
class Question:
    """What the data leave open, and the options that answer it."""

    column: str
    text: str
    candidates: tuple[str, ...]
    option: str


@dataclass(frozen=True)
class Returned:
    """How lines of goods that came back are told from those that were sold.

    Args:
        lines: how many such lines were seen.
        header: the column that tells.
        below_zero: columns of the order lines that are below zero there.
        kind: the header of the column that says so, in one of the `words`.
    """

    lines: int
    header: str
    below_zero: tuple[str, ...] = ()
    kind: str | None = None
    words: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """How the lines are told apart, in words."""
        how = f"it says {' or '.join(self.words)}" if self.kind else "it is below zero"
        return f"{how} on {self.lines:,} of the lines seen"


@dataclass
class Proposal:
    """Tables by role, choices by entity and column, and what is still open."""

    tables: dict[str, Table]
    choices: dict[str, dict[str, Choice]] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)
    unused: tuple[str, ...] = ()
    date_order: DateOrder | None = None
    returned: Returned | None = None

    def order_of_dates(self, role: str) -> DateOrder | None:
        """Return how a table writes its dates; None where nothing tells."""
        return self.tables[role].conventions.date_order() or self.date_order
