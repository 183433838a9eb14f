"""The command that makes a synthetic shop."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from ecomdata.cli import show
from ecomdata.cli.options import Options
from ecomdata.cli.period import DAY, day
from ecomdata.errors import UsageError


def generate(
    options: Options,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    orders: Annotated[
        int | None, typer.Option(metavar="N", help="Orders (default 100000).")
    ] = None,
    customers: Annotated[
        int | None, typer.Option(metavar="N", help="Customers; default: by the orders.")
    ] = None,
    products: Annotated[
        int | None, typer.Option(metavar="N", help="Products; default: by the orders.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="S", help="Another seed, another shop (default 7).")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=DAY, metavar="DATE", help="First day (default 2024-01-01)."),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(formats=DAY, metavar="DATE", help="Last day (default 2025-12-31)."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(metavar="D", min=1, help="Days, instead of a last one; of --append: 1."),
    ] = None,
    append: Annotated[
        bool,
        typer.Option("--append", help="Add the next days of the shop in OUT, a file each."),
    ] = False,
    dirt: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[FAULT=]RATE", help="Share of lines with a planted fault; may be repeated."
        ),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(metavar="K|FILE", help="Causes to plant: how many, or a TOML or JSON file."),
    ] = None,
    lines_per_order: Annotated[
        float | None, typer.Option(metavar="X", help="Lines of an order, on average (2.5).")
    ] = None,
    currency: Annotated[
        str | None, typer.Option(metavar="CODE", help="Of all prices (default EUR).")
    ] = None,
    format: Annotated[
        str | None, typer.Option(metavar="NAME", help="csv (default), csv.gz or parquet.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=64, help="Threads, same bytes (1; csv.gz: one a core, up to 4)."
        ),
    ] = None,
) -> None:
    """Make a synthetic shop: same arguments, same bytes; truth/ holds the answer key.

    Example: ecomdata generate shop --orders 100000 --dirt 0.01
    """
    from ecomdata.generate import ShopPlan, extend_shop, generate_shop, rates, read_events

    asked: dict[str, Any] = {
        "orders": orders,
        "customers": customers,
        "products": products,
        "seed": seed,
        "start": day(start),
        "end": day(end),
        "dirt": dirt or None,
        "events": events,
        "lines_per_order": lines_per_order,
        "currency": currency,
        "format": format,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    progress = options.terminal.progress
    if append:
        if given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise UsageError(f"{names}: with --append the shop in {out} goes on as it was planned")
        summary = extend_shop(out, days or 1, progress, workers)
    else:
        if days:
            if end:
                raise UsageError("--days and --end both say when the shop ends: give one of them")
            given["end"] = _last_day(given.get("start", ShopPlan.start), days)
        if dirt:
            share, faults = rates(dirt)
            given |= {"dirt": share, "faults": tuple(faults.items())}
        if events:
            given["events"] = int(events) if events.isdecimal() else read_events(Path(events))
        summary = generate_shop(ShopPlan(**given), out, progress, workers)
    if options.json:
        options.terminal.document(asdict(summary))
    else:
        show.shop(options.terminal, summary)


def _last_day(start: date, days: int) -> date:
    try:
        return start + timedelta(days - 1)
    except OverflowError:
        raise UsageError(f"--days {days} is more than a calendar has: give fewer") from None
