"""How commands end that go on until they are stopped: SIGTERM is their end, Ctrl-C interrupts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ecomdata.cli.terminal import Terminal


@contextmanager
def until_stopped(terminal: "Terminal") -> Iterator[None]:
    """Run a block until a signal ends it, with exit code 0 after SIGTERM and 130 after Ctrl-C.

    systemd and container engines send SIGTERM, and take another code than 0 for a failure.

    Args:
        terminal: told of the end.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        terminal.close_list()
        terminal.say("stopped")
        if not received:
            raise typer.Exit(130) from None
