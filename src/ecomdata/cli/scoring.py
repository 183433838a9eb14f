"""The commands that say how good an answer is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecomdata.cli.insights import PeriodOption
from ecomdata.cli.options import Options, command

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal
    from ecomdata.insights import Score

score_app = typer.Typer(
    help="How good answers are, on shops whose truth is known.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@command(score_app)
def insights(
    options: Options,
    truth: Annotated[
        Path, typer.Argument(metavar="TRUTH_DIR", help="The folder truth of a generated shop.")
    ],
    period: PeriodOption = "month",
) -> None:
    """Ask about every period of a generated shop and compare with the causes planted in it.

    Example: ecomdata score insights shop/truth --json
    """
    score = options.pipeline().score_insights(truth, period)
    if options.json:
        options.terminal.document(score.as_record())
    else:
        show_score(options.terminal, score)


def show_score(terminal: "Terminal", score: "Score") -> None:
    """Print what was found of what was planted."""
    record = score.as_record()
    for name in ("recall", "precision", "false_discovery_rate"):
        terminal.say(f"{name.replace('_', ' ')}: {_shown(record[name])}")
    terminal.say(
        f"{record['events']} events, {record['findings']} findings in {record['questions']} "
        f"periods; of large events {_shown(record['by_effect']['large']['recall'])} are found"
    )
    terminal.say()
    terminal.table(
        "Events",
        ("id", "kind", "from", "to", "found by", "effect share", "segment share", "effect"),
        [
            (
                event.id,
                event.kind,
                event.first,
                event.last,
                by or "–",
                f"{event.effect_share:.0%}",
                f"{event.segment_share:.1%}",
                event.effect,
            )
            for event, by in score.events
        ],
    )
    for statement in score.unmet:
        terminal.say(f"not planted: {statement}")


def _shown(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
