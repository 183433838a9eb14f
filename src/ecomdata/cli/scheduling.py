"""The commands that run the pipeline as a Prefect flow, once or by a schedule."""

import importlib.util
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecomdata.cli.options import Options, command
from ecomdata.cli.period import From, To, day
from ecomdata.cli.stopping import until_stopped
from ecomdata.errors import UsageError

if TYPE_CHECKING:
    from ecomdata.settings import Settings

flow_app = typer.Typer(
    help="The pipeline as a Prefect flow (pip install 'ecomdata-insights[prefect]').",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Exports.")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where the report goes (default: the project folder)."),
]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Rebuild what is incremental.")]


@command(flow_app)
def run(
    options: Options,
    directory: Folder,
    full_refresh: FullRefresh = False,
    report: Report = None,
    start: From = None,
    end: To = None,
) -> None:
    """Run the flow once: load DIR, build, find insights, write the report.

    Steps that fail for a busy or unreachable warehouse are tried again, others are not.

    Example: ecomdata flow run exports
    """
    flow, parameters = _flow(_prepared(options, directory), directory, full_refresh, report)
    out = flow(**parameters, start=day(start), end=day(end))
    options.terminal.answer({"report": out}, f"report: {out}")


def schedule(
    options: Options,
    directory: Folder,
    cron: Annotated[
        str, typer.Option(metavar="EXPR", help="When, in UTC (default: 02:00 every day).")
    ] = "0 2 * * *",
    full_refresh: FullRefresh = False,
    report: Report = None,
) -> None:
    """Serve the flow by a schedule, until Ctrl-C or SIGTERM, one run at a time.

    With PREFECT_API_URL the runs are those of that server, else of one that comes and goes with
    the command.

    Example: ecomdata schedule exports --cron "0 2 * * *"
    """
    from ecomdata.orchestrate.server import free_port, prefect_server
    from ecomdata.settings import is_set, set_default_environment

    settings = _prepared(options, directory)
    own_port = None if is_set("PREFECT_API_URL") else free_port()
    if own_port is not None:  # before Prefect is imported: it looks once
        set_default_environment({"PREFECT_API_URL": f"http://127.0.0.1:{own_port}/api"})
    _require_schedule(cron)
    flow, parameters = _flow(settings, directory, full_refresh, report)
    with until_stopped(options.terminal), ExitStack() as stack:
        if own_port is not None:
            options.terminal.say("starting a Prefect server")
            log = settings.cache / "prefect" / "server.log"
            stack.enter_context(prefect_server(own_port, log))
        options.terminal.say(f"runs at {cron} UTC; Ctrl-C ends it")
        _serve(flow, parameters, cron)


def _require_schedule(cron: str) -> None:
    from prefect.client.schemas.schedules import CronSchedule

    try:
        CronSchedule(cron=cron)
    except ValueError as exc:
        raise UsageError(
            f"--cron {cron!r} is no schedule: say minute, hour, day, month and weekday"
        ) from exc


def _serve(flow: Any, parameters: dict[str, Any], cron: str) -> None:
    from prefect.flows import EntrypointType

    flow.serve(
        name="schedule",
        cron=cron,
        parameters=parameters,
        limit=1,
        global_limit=1,
        paused=False,  # the end of the last one has paused it
        entrypoint_type=EntrypointType.MODULE_PATH,
        print_starting_message=False,
    )
    raise KeyboardInterrupt  # Prefect says nothing of it: only Ctrl-C ends what it serves


def _prepared(options: Options, folder: Path) -> "Settings":
    """Return the settings, once Prefect is told where it keeps what it keeps.

    Raises:
        UsageError: Prefect is not installed, there is no such folder, or the warehouse's URL has a
            password.
    """
    if importlib.util.find_spec("prefect") is None:
        raise UsageError("Prefect is not installed: pip install 'ecomdata-insights[prefect]'")
    if not folder.exists():
        raise UsageError(f"{folder} does not exist: name a folder with exports")
    from ecomdata.settings import redacted, set_default_environment

    settings = options.settings()
    if redacted(settings.warehouse) != settings.warehouse:
        raise UsageError(
            "the warehouse's URL has a password, which Prefect would keep: take it out and give it "
            "as ECOMDATA_PASSWORD"
        )
    set_default_environment(_environment(settings))
    return settings


def _flow(
    settings: "Settings", folder: Path, full_refresh: bool, report: Path | None
) -> tuple[Any, dict[str, Any]]:
    """Return the flow and its parameters."""
    from ecomdata.orchestrate.flow import shop

    return shop, {
        "project": str(settings.project),
        "warehouse": settings.warehouse,
        "folder": str(folder.resolve()),
        "full_refresh": full_refresh,
        "out": report and str(report.resolve()),
    }


def _environment(settings: "Settings") -> dict[str, str]:
    """What Prefect is told where the user tells it nothing: it asks nothing of anybody."""
    home = settings.cache / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_CLI_COLORS": "false",
    }
