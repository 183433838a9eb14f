"""A Prefect server for as long as a schedule is served: one that comes with a flow has no clock."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ecomdata.errors import EcomDataError

_PATIENCE = 180.0  # seconds; the first start makes the database: 20 s on two processors


class NoServerError(EcomDataError):
    """The Prefect server did not start."""


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def prefect_server(port: int, log: Path) -> Iterator[None]:
    """Run a server on a port of the loopback while the block runs.

    Args:
        port: where its API is: http://127.0.0.1:<port>/api.
        log: what it says.

    Raises:
        NoServerError: it ended or did not answer in time.
    """
    words = ("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us: the server goes last
        ) as server,
    ):
        try:
            _wait(server, f"http://127.0.0.1:{port}/api/health", log)
            yield
        finally:
            server.terminate()


def _wait(server: "subprocess.Popen[bytes]", health: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(health, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise NoServerError(f"the Prefect server did not start: {log} has what it said")
