"""What goes on around every command: wrong usage, an output that is gone or full, the exit code."""

import atexit
import gc
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

from typer.exceptions import TyperException

# The hooks of other packages into pydantic: looking for them reads every package's metadata.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from ecomdata.cli.app import app  # noqa: E402

#: New objects between two searches for garbage: start-up makes many and drops few (a tenth of it).
_GARBAGE = 50_000


def run() -> None:
    """Run the command that the arguments name, and exit with its code."""
    gc.set_threshold(_GARBAGE)
    sys.stdout = sys.stdout or Path(os.devnull).open("w")
    sys.stderr = sys.stderr or Path(os.devnull).open("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal need not know every character
            stream.reconfigure(errors="replace")
    _leave(_code())


def _code() -> int:
    try:
        code = app(prog_name="ecomdata", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as exc:
        _say_usage(exc)
        return exc.exit_code
    except (BrokenPipeError, SystemExit):
        # `| head` has read enough, and Rich or Typer ends what is printed: nothing has failed.
        _drop_output()
        return 0
    except OSError as exc:  # what no command has better words for: a full disk behind `>`
        _drop_output()
        _error(f"{exc.filename or 'the output'} cannot be used: {exc.strerror}")
        return 2
    return code or 0


def _leave(code: int) -> NoReturn:
    """End the process; Python would first take all its objects apart, which takes 0.15 s."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)


def _say_usage(exc: TyperException) -> None:
    message = exc.format_message()
    if message.startswith("Usage: ") and "--json" not in sys.argv:  # no command: this is the help
        sys.stdout.write(f"{message}\n")
        message = "no command was named"
    context = getattr(exc, "ctx", None)
    _error(f"{message.rstrip('.')} (see {context.command_path if context else 'ecomdata'} --help)")


def _error(text: str) -> None:
    from ecomdata.cli.terminal import Terminal

    Terminal(as_json="--json" in sys.argv).error(text)


def _drop_output() -> None:
    """Let what is not printed yet go nowhere, or Python complains about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
