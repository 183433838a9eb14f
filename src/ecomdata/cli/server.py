"""The commands about the project's own PostgreSQL server, and about roles."""

import subprocess
from typing import TYPE_CHECKING, Annotated

import typer

from ecomdata.cli.options import Options, command
from ecomdata.errors import WarehouseUnreachableError

if TYPE_CHECKING:
    from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

warehouse_app = typer.Typer(
    help="The project's own PostgreSQL server, and read-only roles.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@command(warehouse_app)
def start(options: Options) -> None:
    """Start the project's own PostgreSQL server; harmless when it runs."""
    url = _server(options).start()
    options.terminal.answer({"url": url}, url)


@command(warehouse_app)
def stop(options: Options) -> None:
    """Stop the project's own PostgreSQL server."""
    stopped = _server(options).stop()
    options.terminal.answer({"stopped": stopped}, "stopped" if stopped else "it was not running")


@command(warehouse_app)
def url(options: Options) -> None:
    """Print the URL of the running server."""
    found = _server(options).url()
    if found is None:
        raise WarehouseUnreachableError("the server is not running: ecomdata warehouse start")
    options.terminal.answer({"url": found}, found)


@command(warehouse_app)
def psql(options: Options) -> None:
    """Open psql on the running server."""
    server = _server(options)
    raise typer.Exit(subprocess.run([server.psql, server.start()], check=False).returncode)


@command(warehouse_app)
def grant_reader(
    options: Options, name: Annotated[str, typer.Argument(metavar="NAME", help="The role.")]
) -> None:
    """Make a role that may read the final models and nothing else.

    It gets no password here: give it one with psql's password command.
    """
    options.pipeline().grant_reader(name)
    options.terminal.answer(
        {"reader": name}, f"{name} may read the schema final, also what later builds put there"
    )


def _server(options: Options) -> "EmbeddedPostgres":
    from ecomdata.warehouse.open import embedded_server

    return embedded_server(options.settings())
