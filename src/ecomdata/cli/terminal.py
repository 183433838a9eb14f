"""What is printed: tables, figures, progress and errors, or one JSON document."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ecomdata.cli.text import plain, shown

if TYPE_CHECKING:
    from rich.progress import Progress

#: Between two columns.
_GAP = "   "

#: Characters kept of a text that may be shortened.
_SHORTENED = 40


@dataclass
class Terminal:
    """Where a command prints; `with` it around work that reports progress."""

    as_json: bool = False
    quiet: bool = False
    shows_progress: bool = True
    _out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=False))
    _err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _bar: "Progress | None" = None

    def document(self, value: Any) -> None:
        """Print one JSON document: decimals as strings, days as ISO text."""
        ascii_only = sys.stdout.encoding.lower() != "utf-8"
        print(json.dumps(plain(value), ensure_ascii=ascii_only, indent=2))  # noqa: T201

    def answer(self, document: Any, text: str) -> None:
        """Print a line for people, or the document."""
        if self.as_json:
            self.document(document)
        else:
            self.say(text)

    def say(self, text: str = "") -> None:
        """Print a line for people; folded only at a terminal, between words."""
        if not (self.as_json or self.quiet):
            self._out.print(Text(text), soft_wrap=not self._out.is_terminal or " " not in text)

    def error(self, text: str) -> None:
        """Print what went wrong."""
        self.stop()
        if self.as_json:
            self.document({"error": text})
        self._err.print(Text(f"error: {text}", style="red"), soft_wrap=True)

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        shortened: Sequence[str] = (),
        right: Sequence[str] = (),
    ) -> None:
        """Print a table with numbers, and what else is in `right` columns, to the right.

        At a terminal, columns that do not fit are left out from the right and named below, and
        text in `shortened` columns is cut: a number is never cut. Piped, all is printed.
        """
        if self.as_json or self.quiet:
            return
        listed = [list(row) for row in rows]
        texts = [[shown(value) for value in row] for row in listed]
        cells: list[list[str]] = []
        for i, name in enumerate(columns):
            column = [name, *(row[i] for row in texts)]
            if name in shortened:
                column = [_cut(text) for text in column]
            width = max(map(cell_len, column))
            numeric = name in right or any(isinstance(row[i], int | Decimal) for row in listed)
            cells.append([_padded(text, width, numeric) for text in column])
        fitting = len(columns)
        if self._out.is_terminal:
            while (
                fitting > 1
                and cell_len(_GAP.join(column[0] for column in cells[:fitting])) > self._out.width
            ):
                fitting -= 1
        lines = [_GAP.join(line).rstrip() for line in zip(*cells[:fitting], strict=True)]
        head, *body = lines
        rule = "─" * max(map(cell_len, lines))
        self._out.print(
            Text("\n".join([*([title] if title else []), head, rule, *body, ""])),
            soft_wrap=True,
        )
        if fitting < len(columns):
            self.say(f"not shown for lack of width: {', '.join(columns[fitting:])}")

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far the work is; nothing where stderr is no terminal."""
        if not self.shows_progress or self.as_json or not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeElapsedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=self._err,
                transient=True,
            )
            self._bar.start()
            self._bar.add_task(what, total=total)
        task = self._bar.task_ids[0]
        self._bar.update(task, description=f"{what:.40}", completed=done, total=total)

    def stop(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _cut(text: str) -> str:
    return text if len(text) <= _SHORTENED else text[: _SHORTENED - 1] + "…"


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
