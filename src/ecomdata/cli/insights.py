"""The command that asks what changed."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ecomdata.cli.options import Options

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal
    from ecomdata.insights import Insights

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
) -> None:
    """Find what changed, why, for whom and how sure; keep it in final.final_insights.

    Example: ecomdata insights --period week --top 5
    """
    found = options.pipeline().insights(period, top)
    if options.json:
        options.terminal.document(insights_document(found))
    else:
        show_insights(options.terminal, found)


def insights_document(found: "Insights") -> dict[str, Any]:
    """Return the findings as JSON has them."""
    question = found.question
    return {
        "period": question and {"from": question.current.start, "to": question.current.end},
        "compared_with": question and {"from": question.before.start, "to": question.before.end},
        "tests": found.tests,
        "findings": [ranked.as_row() for ranked in found.ranked],
        "not_asked": list(found.silences),
        "bridge": found.bridge
        and {
            "net_sales": found.bridge.net_sales,
            "base_net_sales": found.bridge.base_net_sales,
            "components": dict(found.bridge.components),
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
    if found.question is not None and not found.ranked:
        terminal.say(
            f"Nothing stands out: {found.tests:,} things were looked at, and none moved more than "
            "is usual here."
        )
    for silence in found.silences:
        terminal.say(f"not asked: {silence}")


def _rate(q_value: float) -> str:
    return "below 0.001" if q_value < 0.001 else f"{q_value:.3f}"
