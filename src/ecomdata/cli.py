"""Arguments, printing and exit codes: nothing else. Heavy modules are imported by the commands."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ecomdata.errors import EcomDataError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from ecomdata.ingest import Load, LoadPlan
    from ecomdata.pipeline import Pipeline
    from ecomdata.warehouse import Table

app = typer.Typer(
    help="A shop's CSV exports in; a clean warehouse, KPIs that agree to the cent and a report out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
warehouse_app = typer.Typer(
    help="The project's own PostgreSQL server, and read-only roles.", no_args_is_help=True
)
app.add_typer(warehouse_app, name="warehouse")


@dataclass(frozen=True)
class Options:
    """The global options."""

    project: Path | None
    warehouse: str | None
    json: bool
    quiet: bool
    verbose: bool
    progress: bool


@app.callback()
def _global(
    context: typer.Context,
    warehouse: Annotated[
        str | None,
        typer.Option(help="duckdb:///FILE, postgres (the project's own server) or postgresql://..."),
    ] = None,
    project: Annotated[
        Path | None, typer.Option(help="Folder of the project; default: the current one.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more.")] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress bars.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from ecomdata import __version__

        typer.echo(f"ecomdata {__version__}")
        raise typer.Exit
    context.obj = Options(project, warehouse, as_json, quiet, verbose, not no_progress)
