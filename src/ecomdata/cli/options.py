"""The options that every command has, and how a function becomes a command."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecomdata.errors import EcomDataError

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal
    from ecomdata.pipeline import Pipeline
    from ecomdata.settings import Settings

_PANEL = "Global options"


@dataclass(frozen=True)
class Options:
    """The options that every command takes, before or after its name; None = not given."""

    warehouse: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            rich_help_panel=_PANEL,
            help="duckdb:///FILE (default duckdb:///ecomdata.duckdb), postgres (a server of the "
            "project's own), postgresql://USER@HOST/DATABASE, or spark:MASTER?lake=FOLDER.",
        ),
    ] = None
    project: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", rich_help_panel=_PANEL, help="Folder of the project (default: this one)."
        ),
    ] = None
    json: Annotated[
        bool | None,
        typer.Option("--json", rich_help_panel=_PANEL, help="One JSON document on stdout."),
    ] = None
    quiet: Annotated[
        bool | None,
        typer.Option("--quiet", "-q", rich_help_panel=_PANEL, help="Print errors only."),
    ] = None
    verbose: Annotated[
        bool | None,
        typer.Option("--verbose", "-v", rich_help_panel=_PANEL, help="Say more, and where from."),
    ] = None
    no_progress: Annotated[
        bool | None,
        typer.Option("--no-progress", rich_help_panel=_PANEL, help="No progress bars."),
    ] = None
    log_json: Annotated[
        bool | None,
        typer.Option(
            "--log-json", rich_help_panel=_PANEL, help="Events on stderr, one JSON object a line."
        ),
    ] = None

    def over(self, other: "Options") -> "Options":
        """Return these options, and the other's where these were not given."""
        given = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) is not None
        }
        return Options(**(vars(other) | given))

    def settings(self, **flags: Any) -> "Settings":
        """Return the settings with these flags on top."""
        from ecomdata.settings import load_settings

        return load_settings(project=self.project, warehouse=self.warehouse, **flags)

    def pipeline(self, **flags: Any) -> "Pipeline":
        """Return the pipeline over the project that is meant."""
        from ecomdata.pipeline import Pipeline

        settings = self.settings(**flags)
        if self.log_json:
            return Pipeline(settings, self.terminal.progress, self.terminal.log)
        return Pipeline(settings, self.terminal.progress)

    @cached_property
    def terminal(self) -> "Terminal":
        """What prints."""
        from ecomdata.cli.terminal import Terminal

        return Terminal(
            as_json=bool(self.json),
            quiet=bool(self.quiet),
            shows_progress=not (self.no_progress or self.quiet or self.log_json),
        )


def command(group: typer.Typer) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function whose first parameter is `options`; errors become exit codes."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        @wraps(function)
        def run(context: typer.Context, **arguments: Any) -> None:
            given = {field.name: arguments.pop(field.name) for field in fields(Options)}
            options = Options(**given).over(context.find_root().obj)
            try:
                function(options, **arguments)
            except EcomDataError as exc:
                options.terminal.error(str(exc))
                raise typer.Exit(exc.exit_code) from exc
            except KeyboardInterrupt as exc:
                from ecomdata.cli.terminal import INTERRUPTED

                options.terminal.error(INTERRUPTED)
                raise typer.Exit(130) from exc
            finally:
                options.terminal.stop()

        _sign(run, own)
        return group.command()(run)

    return decorate


def accept_before_command(app: typer.Typer) -> None:
    """Let the options stand before the command's name, too, and answer `--version`."""

    def before(context: typer.Context, version: bool, **arguments: Any) -> None:
        context.obj = Options(**arguments)

    def print_version(asked: bool) -> None:
        if asked:
            from ecomdata import __version__

            typer.echo(f"ecomdata {__version__}")
            raise typer.Exit

    flag = typer.Option(
        "--version", is_eager=True, callback=print_version, help="Print the version."
    )
    version = inspect.Parameter(
        "version", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, flag]
    )
    _sign(before, [version])
    app.callback(invoke_without_command=False)(before)


def _sign(function: Callable[..., None], own: list[inspect.Parameter]) -> None:
    """Give a function the signature that Typer reads: its own parameters and the shared ones."""
    context = inspect.Parameter(
        "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    shared = inspect.signature(Options, eval_str=True).parameters.values()
    keywords = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *shared]]
    signature = inspect.Signature([context, *keywords])
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
