"""The command line: arguments, printing and exit codes, and nothing else."""

import sys


def main() -> None:
    """Run `ecomdata`; most of a short command is importing, and Ctrl-C may come there, too."""
    try:
        from ecomdata.cli.process import run

        run()
    except KeyboardInterrupt:
        from ecomdata.cli.terminal import INTERRUPTED, Terminal

        Terminal(as_json="--json" in sys.argv).error(INTERRUPTED)
        sys.exit(130)
