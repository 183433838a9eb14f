"""The command that asks what changed."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ecomdata.cli import show
from ecomdata.cli.options import Options
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal
    from ecomdata.insights import Insights, Segments

PeriodOption = Annotated[
    Literal["week", "month", "quarter"],
    typer.Option(help="The last whole one is compared with the one before."),
]


def insights(
    options: Options,
    period: PeriodOption = "month",
    top: Annotated[
        int, typer.Option(metavar="N", min=1, max=20, help="Findings at most, most money first.")
    ] = 20,
    export_customers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write every customer, segment, action and outlook as CSV as well."
        ),
    ] = None,
    with_names: Annotated[
        bool,
        typer.Option(
            "--with-names", help="In that file: ids, names and e-mail addresses, not numbers."
        ),
    ] = False,
) -> None:
    """Find what changed, why, for whom and how sure; keep it in final.final_insights.

    Example: ecomdata insights --period week --top 5
    """
    if with_names and export_customers is None:
        raise UsageError("--with-names is about the file of --export-customers: name one")
    pipeline = options.pipeline()
    found = pipeline.insights(period, top)
    exported = None
    if export_customers is not None:
        table = pipeline.customers(redacted=not with_names)
        show.export_csv(table, export_customers)
        exported = {"file": str(export_customers), "customers": len(table.rows)}
    if options.json:
        options.terminal.document(insights_document(found) | {"export": exported})
        return
    show_insights(options.terminal, found)
    if found.segments is not None:
        show_segments(options.terminal, found.segments, found.silences)
    if exported is not None:
        options.terminal.say(f"{exported['customers']:,} customers: {exported['file']}")


def insights_document(found: "Insights") -> dict[str, Any]:
    """Return the findings as JSON has them."""
    question = found.question
    return {
        "period": question and {"from": question.current.start, "to": question.current.end},
        "compared_with": question and {"from": question.before.start, "to": question.before.end},
        "tests": found.tests,
        "findings": [ranked.as_row() for ranked in found.ranked],
        "told_before": [finding.statement for finding in found.still],
        "not_asked": list(found.silences),
        "bridge": found.bridge
        and {
            "net_sales": found.bridge.net_sales,
            "base_net_sales": found.bridge.base_net_sales,
            "components": dict(found.bridge.components),
        },
        "segments": found.segments
        and {
            "as_of": found.segments.as_of,
            "rows": [asdict(segment) for segment in found.segments.rows],
            "not_told": found.segments.silence or None,
        },
    }


def show_insights(terminal: "Terminal", found: "Insights") -> None:
    """Print the findings to be read."""
    if found.question is not None:
        now, before = found.question.current, found.question.before
        terminal.say(f"{now.start} to {now.end}, beside {before.start} to {before.end}")
    if found.bridge is not None:
        bridge = found.bridge
        terminal.say(
            f"net sales {bridge.net_sales:,} after {bridge.base_net_sales:,} "
            f"({bridge.change:+,}): {bridge.in_words() or 'no change'}"
        )
    terminal.say()
    for ranked in found.ranked:
        finding = ranked.finding
        terminal.say(f"{ranked.rank}. {finding.statement}")
        terminal.say(
            f"   {finding.effect:+,} (90 %: {finding.low:+,} to {finding.high:+,}); "
            f"chance {_rate(ranked.q_value)}"
        )
        terminal.say(f"   Next: {finding.next_look}")
        terminal.say()
    if found.question is not None and not _news(found):
        terminal.say(
            f"Nothing {'else ' if found.ranked else ''}stands out: {found.tests:,} things were "
            "looked at, and none moved more than is usual here."
        )
    for finding in found.still:
        terminal.say(f"Told before, and still so: {finding.statement}")
    for silence in found.silences:
        terminal.say(f"not asked: {silence}")


def show_segments(terminal: "Terminal", segments: "Segments", said_before: tuple[str, ...]) -> None:
    """Print the customers' segments, and what to do about each."""
    if not segments.rows:
        return
    terminal.say()
    terminal.table(
        f"Customers on {segments.as_of}, and 90 days before",
        (
            "segment",
            "customers",
            "before",
            "came",
            "went",
            "net sales",
            "next 90 days",
            "at risk",
        ),
        [
            (
                each.segment,
                each.customers,
                each.customers_before,
                each.customers_entered,
                each.customers_left,
                each.net_sales,
                each.expected_sales,
                each.value_at_risk,
            )
            for each in segments.rows
        ],
        right=("customers", "before", "came", "went", "net sales", "next 90 days", "at risk"),
    )
    for each in segments.rows:
        terminal.say(f"{each.segment}: {each.action}")
    reason = segments.silence.partition(": ")[2]
    if reason and not any(silence.endswith(reason) for silence in said_before):
        terminal.say(f"not asked: {segments.silence}")


def _news(found: "Insights") -> bool:
    """Whether something happened, beside what is always to be said."""
    from ecomdata.insights import STANDING

    return any(ranked.finding.kind not in STANDING for ranked in found.ranked)


def _rate(q_value: float) -> str:
    return "below 0.001" if q_value < 0.001 else f"{q_value:.3f}"
