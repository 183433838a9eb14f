"""What is printed: tables, figures, progress and errors, or one JSON document."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from ecomdata.cli.text import plain, printable, shown

if TYPE_CHECKING:
    from rich.progress import Progress

#: What Ctrl-C is answered with.
INTERRUPTED = "interrupted; what was complete before still is"

#: Between two columns.
_GAP = "   "

#: Characters kept of a text that may be shortened: at least, and at most.
_SHORTEST, _SHORTENED = 12, 40


@dataclass
class Terminal:
    """Where a command prints; `with` it around work that reports progress."""

    as_json: bool = False
    quiet: bool = False
    shows_progress: bool = True
    _out: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=False))
    _err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _bar: "Progress | None" = None
    #: Elements of a JSON array that is printed as they come; None: there is none.
    _elements: int | None = None

    @property
    def draws(self) -> bool:
        """Whether what is printed is for eyes: bars, and points below each other."""
        return self._out.is_terminal and self._out.encoding.startswith("utf")

    def document(self, value: Any) -> None:
        """Print one JSON document: decimals as strings, days as ISO text."""
        print(self._as_json(value, indent=2))  # noqa: T201

    def open_list(self) -> None:
        """Begin a document that is a list, whose elements are printed as they come."""
        if self.as_json:
            self._elements = 0
            print("[", flush=True)  # noqa: T201

    def element(self, value: Any) -> None:
        """Print an element of the list, on a line of its own."""
        if self._elements is not None:
            comma = "," if self._elements else ""
            print(f"{comma}{self._as_json(value)}", flush=True)  # noqa: T201
            self._elements += 1

    def close_list(self) -> None:
        """End the list."""
        if self._elements is not None:
            self._elements = None
            print("]", flush=True)  # noqa: T201

    @staticmethod
    def _as_json(value: Any, indent: int | None = None) -> str:
        ascii_only = sys.stdout.encoding.lower() != "utf-8"
        return json.dumps(plain(value), ensure_ascii=ascii_only, indent=indent)

    def answer(self, document: Any, text: str) -> None:
        """Print a line for people, or the document."""
        if self.as_json:
            self.document(document)
        else:
            self.say(text)

    def say(self, text: str = "") -> None:
        """Print a line for people; folded only at a terminal, between words."""
        if not (self.as_json or self.quiet):
            self._out.print(
                Text(printable(text)), soft_wrap=not self._out.is_terminal or " " not in text
            )

    def error(self, text: str) -> None:
        """Print what went wrong; it is the last element of a list that was begun."""
        if self._elements is not None:
            self.element({"error": text})
            self.close_list()
        elif self.as_json:
            self.stop()
            self.document({"error": text})
        self.complain(text)

    def log(self, event: str, told: dict[str, Any]) -> None:
        """Write an event for machines, a line of JSON on stderr."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        print(json.dumps({"time": at, "event": event, **plain(told)}), file=sys.stderr)  # noqa: T201

    def complain(self, text: str) -> None:
        """Print what went wrong where the command goes on."""
        self.stop()
        self._err.print(Text(f"error: {printable(text)}", style="red"), soft_wrap=True)

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        shortened: Sequence[str] = (),
        right: Sequence[str] = (),
    ) -> None:
        """Print a table with numbers, and what else is in `right` columns, to the right.

        Text in `shortened` columns is cut, at a narrow terminal the more. Columns that do not fit
        even so are left out from the right and named below: a number is never cut.
        """
        if self.as_json or self.quiet:
            return
        listed = [list(row) for row in rows]
        texts = [[shown(value) for value in row] for row in listed]
        cells = [[name, *(row[i] for row in texts)] for i, name in enumerate(columns)]
        widths = [max(map(cell_len, column)) for column in cells]
        elastic = [i for i, name in enumerate(columns) if name in shortened]
        for i in elastic:
            widths[i] = min(widths[i], _SHORTENED)
        fitting = self._fit(widths, elastic) if self._out.is_terminal else len(columns)
        for i, name in enumerate(columns):
            numeric = name in right or any(isinstance(row[i], int | Decimal) for row in listed)
            cells[i] = [_padded(_cut(text, widths[i]), widths[i], numeric) for text in cells[i]]
        lines = [_GAP.join(line).rstrip() for line in zip(*cells[:fitting], strict=True)]
        head, *body = lines
        rule = "─" * max(map(cell_len, lines))
        self._out.print(
            Text("\n".join([*([title] if title else []), head, rule, *body, ""])),
            soft_wrap=True,
        )
        if fitting < len(columns):
            self.say(f"not shown for lack of width: {', '.join(columns[fitting:])}")

    def _fit(self, widths: list[int], elastic: Sequence[int]) -> int:
        """Narrow the elastic columns as little as need be; return how many columns fit."""
        least = [min(width, _SHORTEST) if i in elastic else width for i, width in enumerate(widths)]
        fitting = len(widths)
        while fitting > 1 and _across(least[:fitting]) > self._out.width:
            fitting -= 1
        for i in elastic:
            excess = _across(widths[:fitting]) - self._out.width
            widths[i] = max(least[i], widths[i] - max(excess, 0))
        return fitting

    def progress(self, what: str, done: int, total: int) -> None:
        """Show how far the work is; nothing where stderr is no terminal."""
        if not self.shows_progress or self.as_json or not sys.stderr.isatty():
            return
        if self._bar is None:
            from ecomdata.cli.bar import progress_bar

            self._bar = progress_bar(self._err)
            self._bar.start()
            self._bar.add_task("", total=total)
        task = self._bar.tasks[0]
        description = printable(what)[:40]
        if total != task.total:  # something else: its speed is not that of what was before
            self._bar.reset(task.id)
        self._bar.update(task.id, description=description, completed=done, total=total)

    def stop(self) -> None:
        """Take the progress bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _across(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 1:
        text = text[: width - 1] if len(text) >= width else text[:-1]
    return text + "…"


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space
