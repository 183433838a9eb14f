"""What goes on around every command: wrong usage, a reader that goes away, the exit code."""

import os
import sys
from io import TextIOWrapper

from typer.exceptions import TyperException

from ecomdata.cli.app import app


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal need not know every character
            stream.reconfigure(errors="replace")
    sys.exit(_code())


def _code() -> int:
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except TyperException as exc:
        _say_usage(exc)
        return exc.exit_code
    except (BrokenPipeError, SystemExit):
        # `| head` has read enough, and Rich or Typer ends what is printed: nothing has failed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code or 0


def _say_usage(exc: TyperException) -> None:
    from ecomdata.cli.terminal import Terminal

    terminal = Terminal(as_json="--json" in sys.argv)
    context = getattr(exc, "ctx", None)
    message = exc.format_message()
    if message.startswith("Usage: "):  # no command was named: this is its help
        terminal.say(message)
        message = "no command was named"
    command = context.command_path if context else "ecomdata"
    terminal.error(f"{message.rstrip('.')}: see {command} --help")
