"""The command as a user types it: a process of its own, in a folder of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ECOMDATA = (sys.executable, "-m", "ecomdata")

#: Root is refused nothing. Without these two rights of its own it is, as every user is.
BOUND_BY_PERMISSIONS = (
    sys.executable,
    "-c",
    "import ctypes, os, sys\n"
    "for right in (1, 2) if os.geteuid() == 0 else ():  # DAC_OVERRIDE, DAC_READ_SEARCH\n"
    "    assert ctypes.CDLL(None).prctl(24, right, 0, 0, 0) == 0  # PR_CAPBSET_DROP\n"
    "os.execv(sys.argv[1], sys.argv[1:])",
)


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; raises where there is none, or more."""
        return json.loads(self.out, parse_constant=_refused)


@dataclass(frozen=True)
class Project:
    """A folder in which a user works, and the warehouse of all commands."""

    folder: Path
    warehouse: str = ""
    command: tuple[str, ...] = ECOMDATA

    def __call__(
        self, *words: str | Path, code: int | None = 0, typed: str = "", **variables: str
    ) -> Answer:
        """Run a command that must end with this exit code (None: any), and without a traceback."""
        done = subprocess.run(
            [*self.command, *map(str, words)],
            cwd=self.folder,
            env=self.environment(**variables),
            input=typed,
            capture_output=True,
            encoding="utf-8",
        )
        answer = Answer(done.returncode, done.stdout, done.stderr)
        assert code in (None, answer.code), (
            f"{words} ended with {answer.code}\n{answer.out}\n{answer.err}"
        )
        assert "Traceback" not in answer.out + answer.err, answer.err
        return answer

    def json(self, *words: str | Path, code: int = 0, **variables: str) -> Any:
        """Run a command with --json and return its document."""
        return self(*words, "--json", code=code, **variables).document

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of a query."""
        found: list[list[Any]] = self.json("query", sql)["rows"]
        return found

    def environment(self, **variables: str) -> dict[str, str]:
        """The test's environment without what would change a command's ways, and with these."""
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ECOMDATA_", "PG", "DBT_"))
            and name not in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONPATH")
        }
        chosen = {"ECOMDATA_WAREHOUSE": self.warehouse} if self.warehouse else {}
        return ours | chosen | variables


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def lines(path: Path) -> list[str]:
    """The lines of a text file."""
    return path.read_text("utf-8").splitlines()
