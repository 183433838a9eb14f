"""The command that shows the report over the live warehouse."""

import socket
from typing import Annotated

import typer

from ecomdata.cli.options import Options
from ecomdata.cli.stopping import until_stopped
from ecomdata.errors import UsageError

_HOST = "127.0.0.1"


def serve(
    options: Options,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0: any that is free.")
    ] = 8321,
) -> None:
    """Show the report over the live warehouse to a browser on this machine, for any days.

    Each page is read anew, by a connection that can change nothing. Ctrl-C ends it.

    Example: ecomdata serve --port 0
    """
    import uvicorn

    from ecomdata.report.live import application

    pipeline = options.pipeline()
    pipeline.page(None, None)  # what cannot be shown is said here, not to the browser
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_HOST, port))
        listening.listen()
    except OSError as exc:
        raise UsageError(
            f"port {port} cannot be listened on ({exc.strerror}): use --port 0 for one that is free"
        ) from exc
    url = f"http://{_HOST}:{listening.getsockname()[1]}/"
    options.terminal.answer({"url": url}, f"the report is at {url}; Ctrl-C ends it")
    config = uvicorn.Config(application(pipeline.page), log_level="error", access_log=False)
    with listening, until_stopped(options.terminal):
        uvicorn.Server(config).run(sockets=[listening])
