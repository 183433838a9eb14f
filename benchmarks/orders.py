"""The file that is loaded, known line by line, and what of it has arrived somewhere.

Nothing here parses CSV: which lines are good is known from writing them.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COLUMNS = ("order_id", "customer_id", "product_id", "quantity", "total_price", "order_date")


#: What is done to a good line, by name.
DAMAGES: dict[str, Callable[[str], str]] = {
    "unterminated quote": lambda line: '"' + line,
    "torn off": lambda line: line[:12],
    "field too many": lambda line: line + ",x",
    "NUL byte": lambda line: line.replace("P", "\0P"),
}


@dataclass(frozen=True)
class Arrival:
    """What is found where a file was loaded; `strange` rows are no good line of the file."""

    rows: int
    good_lost: int
    strange: int


@dataclass(frozen=True)
class Orders:
    """A file of order lines, the same each time.

    Args:
        rows: lines, without the header.
        bad_every: of so many one is damaged; 0 for none.
        damages: what is done to them, in turn.
        quoted_every: of so many one has its product in quotes; 0 for none.
    """

    rows: int
    bad_every: int = 0
    damages: tuple[str, ...] = tuple(DAMAGES)
    quoted_every: int = 0

    @property
    def bad_lines(self) -> frozenset[int]:
        """The physical lines, from 1 for the header, that are damaged."""
        return frozenset(i + 2 for i in range(self.rows) if self._is_bad(i))

    @property
    def good_rows(self) -> int:
        """How many rows a loader should bring."""
        return self.rows - len(self.bad_lines)

    def write(self, path: Path) -> None:
        """Write the file."""
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(COLUMNS) + "\n")
            for i, line in enumerate(self._lines()):
                if self.quoted_every and i % self.quoted_every == 0:
                    order, customer, product, rest = line.split(",", 3)
                    line = f'{order},{customer},"{product}",{rest}'
                if self._is_bad(i):
                    damage = self.damages[i // self.bad_every % len(self.damages)]
                    line = DAMAGES[damage](line)
                file.write(line + "\n")

    def compare(self, arrived: Iterable[tuple[Any, ...]]) -> Arrival:
        """Compare the good lines with rows of `COLUMNS`, as bags, whatever the values' types."""
        waited_for = Counter(
            _content(line.split(",")) for i, line in enumerate(self._lines()) if not self._is_bad(i)
        )
        rows = strange = 0
        for row in arrived:
            rows += 1
            content = _content(row)
            if waited_for[content]:
                waited_for[content] -= 1
            else:
                strange += 1
        return Arrival(rows, waited_for.total(), strange)

    def _is_bad(self, i: int) -> bool:
        return bool(self.bad_every) and i % self.bad_every == self.bad_every // 2

    def _lines(self) -> Iterator[str]:
        draw = random.Random(1)
        for i in range(self.rows):
            yield (
                f"O{i // 2},C{draw.randrange(200_000)},P{draw.randrange(5_000)},"
                f"{draw.randrange(1, 6)},{draw.randrange(100, 30_000) / 100:.2f},"
                f"2024-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
            )


def _content(row: Iterable[Any]) -> str:
    """What a row says: 2, "2" and 2.0 are one quantity, a day is one with a midnight or without."""
    values = list(row)
    try:
        order, customer, product, quantity, total, day = values
        return f"{order},{customer},{product},{float(quantity)},{float(total):.2f},{str(day)[:10]}"
    except (TypeError, ValueError):
        return repr(values)
