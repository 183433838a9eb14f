"""The command line: arguments, printing and exit codes, and nothing else."""

from ecomdata.cli.main import main

__all__ = ["main"]
