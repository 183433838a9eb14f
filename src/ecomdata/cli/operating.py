"""The commands that keep a warehouse for years."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ecomdata.cli import show
from ecomdata.cli.options import Options
from ecomdata.cli.stopping import until_stopped
from ecomdata.errors import TransientError, UsageError

#: Seconds for which `watch --once` tries a warehouse that is away.
_PATIENCE = 300


def forget(
    options: Options,
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The shop's id, or the e-mail address.")
    ],
) -> None:
    """Erase a person from every table; orders and sums stay, under a pseudonym.

    Later loads of exports that still name the person are changed as they come in.

    Example: ecomdata forget C000123
    """
    forgotten = options.pipeline().forget(customer)
    changed = ", ".join(f"{count:,} {name}" for name, count in forgotten.rows.items())
    options.terminal.answer(
        asdict(forgotten),
        f"forgotten, now {forgotten.pseudonym}: {changed or 'no'} records changed, "
        f"{forgotten.texts:,} unreadable ones erased. Exports, backups and reports of before still "
        "name the person: delete them",
    )


def retain(
    options: Options,
    older_than: Annotated[
        int, typer.Option("--older-than", metavar="DAYS", min=1, help="Age of a load that is old.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would be dropped; drop nothing.")
    ] = False,
) -> None:
    """Drop what no figure needs of old loads: lines of orders that a later load states whole.

    The text of records that could not be read goes, too, and the steps of old runs. Every figure
    stays, also with --full-refresh. Loads that are older cannot be taken back afterwards.

    Example: ecomdata retain --older-than 365 --dry-run
    """
    found = options.pipeline().retain(older_than, dry_run)
    rows = ", ".join(f"{count:,} superseded rows of {name}" for name, count in found.rows.items())
    options.terminal.answer(
        asdict(found) | {"dry_run": dry_run},
        f"{'would drop' if dry_run else 'dropped'} of {found.loads:,} loads before "
        f"{found.before:%Y-%m-%d}: {rows or 'no rows'}, {found.texts:,} unreadable texts, "
        f"{found.steps:,} steps of runs",
    )


def backup(
    options: Options,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What is to hold the backup.")],
) -> None:
    """Write the whole warehouse into one file: a copy of DuckDB's, pg_dump's archive.

    Example: ecomdata backup shop.backup
    """
    options.pipeline().backup(file)
    size = file.stat().st_size
    options.terminal.answer(
        {"backup": str(file), "bytes": size}, f"backup: {file}, {size / 1e6:,.1f} MB"
    )


def restore(
    options: Options,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.")],
    force: Annotated[
        bool, typer.Option("--force", help="Put it in the place of the warehouse that is there.")
    ] = False,
) -> None:
    """Bring a warehouse back from a backup: all of it, or nothing is changed.

    Example: ecomdata restore shop.backup --force
    """
    missing = options.pipeline().restore(file, force)
    without = f"; without the rights of {', '.join(missing)}: no such role here" if missing else ""
    options.terminal.answer(
        {"restored": str(file), "missing_roles": missing}, f"restored: {file}{without}"
    )


def watch(
    options: Options,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where exports arrive.")],
    move: Annotated[
        bool, typer.Option("--move", help="Move files to DIR/done or DIR/failed afterwards.")
    ] = False,
    build: Annotated[
        bool, typer.Option("--build", help="Build the models after what was loaded.")
    ] = False,
    settle: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="How long a file must not change first."),
    ] = 5,
    once: Annotated[bool, typer.Option("--once", help="Load what is there and end.")] = False,
    wait: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="How long the warehouse may be away before it ends with 3; "
            f"default: {_PATIENCE} with --once, else for ever.",
        ),
    ] = None,
) -> None:
    """Load what arrives in DIR, until Ctrl-C or SIGTERM; a file still being written is left alone.

    Files that arrive together are loaded together. One that cannot be loaded is told of and tried
    again when it changes; a build that fails is, after the next load. A warehouse that is away is
    told of once and tried again, at most a minute apart. --json prints a list, an element a line.

    Example: ecomdata watch inbox --move --build
    """
    from ecomdata.ingest import LoadPlan
    from ecomdata.watching import Arrival, Back, Watch

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: name one to watch")
    pipeline, terminal = options.pipeline(), options.terminal
    plan = LoadPlan(pipeline.settings.cache, pipeline.settings.max_rejected)
    watched = Watch(
        folder,
        lambda files: pipeline.load(files, plan),
        (lambda: pipeline.build_and_judge([], False)) if build else None,
        settle,
        move,
        once,
        wait if wait is not None else _PATIENCE if once else math.inf,
    )
    terminal.say(f"watching {folder}")
    terminal.open_list()
    is_wrong = False
    with until_stopped(terminal):
        for event in watched.events():
            if isinstance(event, Back):
                terminal.element({"back_after_seconds": round(event.seconds)})
                terminal.say(f"the warehouse is back, after {event.seconds:,.0f} s")
                continue
            again = "; it is tried again" if isinstance(event.error, TransientError) else ""
            if isinstance(event, Arrival):
                terminal.element(show.arrival_document(event))
                if event.load is None:
                    terminal.complain(f"{event.error}{again}")
                else:
                    show.load(terminal, event.load, per_file=False)
            else:
                terminal.element(show.built_document(event))
                if event.result is None:
                    terminal.complain(f"not built: {event.error}{again}")
                else:
                    show.build(terminal, event.result)
                if event.alarms is not None:
                    show.alarms(terminal, event.alarms)
                    is_wrong |= show.serious(terminal, event.alarms)
            is_wrong |= event.error is not None and not again
        # only with --once
        terminal.close_list()
        if is_wrong:
            raise typer.Exit(1)
