"""The commands about Superset's dashboards."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecomdata.cli.options import Options, command
from ecomdata.errors import DataError, UsageError

if TYPE_CHECKING:
    from ecomdata.dashboards import Superset

dashboards_app = typer.Typer(
    help="Superset's dashboards: Sales, Products, Customers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Address = Annotated[str, typer.Option("--superset", metavar="URL", help="Superset's address.")]
Username = Annotated[str, typer.Option(metavar="NAME", help="An administrator there.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Holds the password (default: ECOMDATA_SUPERSET_PASSWORD has it)."
    ),
]


@command(dashboards_app)
def push(
    options: Options,
    superset: Address,
    username: Username = "admin",
    password_file: PasswordFile = None,
    reader: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The warehouse as Superset reaches it, as a role that reads final only (default: "
            "as --warehouse has it, as ecomdata_reader).",
        ),
    ] = None,
) -> None:
    """Deploy the dashboards, or bring them to what they should be; again makes nothing twice.

    Roles, row-level security and users stay. The reader's password is ECOMDATA_READER_PASSWORD.

    Example: ecomdata dashboards push --superset http://127.0.0.1:8088 --warehouse postgres
    """
    server = _signed_in(options, superset, username, password_file)
    pushed = options.pipeline().push_dashboards(server, reader)
    addresses = [f"{server.url}/superset/dashboard/{slug}/" for slug in pushed]
    options.terminal.answer({"dashboards": addresses}, "\n".join(addresses))


@command(dashboards_app)
def check(
    options: Options,
    superset: Address,
    username: Username = "admin",
    password_file: PasswordFile = None,
) -> None:
    """Ask for every chart's data; hold the figures to those of `ecomdata kpis`, to the cent.

    Example: ecomdata dashboards check --superset http://127.0.0.1:8088 --warehouse postgres
    """
    server = _signed_in(options, superset, username, password_file)
    states = options.pipeline().check_dashboards(server)
    failed = [state for state in states if state.state == "failed"]
    if options.json:
        options.terminal.document({"charts": [vars(state) for state in states]})
    else:
        options.terminal.table(
            f"Dashboards at {server.url}",
            ("dashboard", "state", "rows", "chart", "figure"),
            [
                (state.dashboard, state.state, state.rows, state.chart, state.said)
                for state in states
            ],
            shortened=("chart", "figure"),
        )
    if failed:
        listed = "; ".join(f"{state.dashboard}, {state.chart}: {state.said}" for state in failed)
        raise DataError(f"{len(failed)} of {len(states)} answers are wrong: {listed}")


@command(dashboards_app)
def grant_country(
    options: Options,
    country: Annotated[str, typer.Argument(metavar="COUNTRY", help="As the dashboards have it.")],
    superset: Address,
    username: Username = "admin",
    password_file: PasswordFile = None,
) -> None:
    """Make a role in Superset that sees the rows of one country only; give it to users there.

    Charts of tables that have no countries say to it that it may not see them.

    Example: ecomdata dashboards grant-country France --superset http://127.0.0.1:8088
    """
    from ecomdata.dashboards import grant_country as grant

    server = _signed_in(options, superset, username, password_file)
    role = grant(server, country)
    options.terminal.answer({"role": role}, f"role {role}: give it to users at {server.url}")


def _signed_in(options: Options, url: str, username: str, password_file: Path | None) -> "Superset":
    from ecomdata.dashboards import Superset

    if password_file is not None:
        try:
            password = password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as exc:
            raise UsageError(f"--password-file {password_file} cannot be read: {exc}") from exc
    elif (secret := options.settings().superset_password) is not None:
        password = secret.get_secret_value()
    else:
        raise UsageError(
            f"the password of {username} at {url} is missing: set ECOMDATA_SUPERSET_PASSWORD or "
            "name a file with --password-file"
        )
    server = Superset(url)
    server.sign_in(username, password)
    return server
