"""The command that asks the semantic layer."""

from typing import Annotated

import typer

from ecomdata.cli import show
from ecomdata.cli.options import Options
from ecomdata.cli.period import From, To, day
from ecomdata.errors import UsageError


def metrics(
    options: Options,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="METRIC", help="What to count; none: lists what there is."),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMENSION",
            help="day, week, month, quarter, year, country, category, product_id or "
            "customer_type; may be repeated.",
        ),
    ] = None,
    start: From = None,
    end: To = None,
) -> None:
    """Print KPIs by any dimensions, from the semantic layer; each is counted anew.

    Example: ecomdata metrics net_sales orders --by month --by country
    """
    pipeline = options.pipeline()
    if not names:
        if by or start or end:
            raise UsageError(
                "--by, --from and --to are about metrics: name one (`ecomdata metrics` lists them)"
            )
        vocabulary = pipeline.vocabulary()
        if options.json:
            options.terminal.document(vocabulary.document())
        else:
            show.vocabulary(options.terminal, vocabulary)
        return
    result = pipeline.metrics(names, by or [], day(start), day(end))
    show.table(options.terminal, "", result.table)
    show.absent(options.terminal, {kpi.label.lower(): why for kpi, why in result.absent.items()})
