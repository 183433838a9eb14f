"""Dirt: faults planted in good lines, each written down with what must become of it.

A record has one fault at most. What is spoilt is decided by words of its own, so the lines that
stay clean are those of the same shop without dirt.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from shutil import copyfileobj
from types import MappingProxyType
from typing import Final, Self, TextIO

import numpy as np

from ecomdata.generate.chance.draws import Bools, Purpose, bits, words
from ecomdata.generate.csvtext import FileText
from ecomdata.generate.dirt.faults import (
    BYTE_ORDER_MARK,
    FAULTS,
    Fault,
    Record,
    marking_rate,
    planting_rates,
)
from ecomdata.generate.plan import ShopPlan

__all__ = ["FAULTS", "AnswerKey", "Soiler"]

_PURPOSES: Final = {
    "orders.csv": Purpose.DIRT_IN_ORDERS,
    "customers.csv": Purpose.DIRT_IN_CUSTOMERS,
    "products.csv": Purpose.DIRT_IN_PRODUCTS,
    "returns.csv": Purpose.DIRT_IN_RETURNS,
}
#: Each file has words of its own: those of its records, and then one for the file as a whole.
_FILE: Final = 1 << 32
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
#: The bits of a word that say whether, which fault, and which of its variants.
_HIT_BITS, _KIND_BITS, _VARIANT_BITS = 32, 20, 12
#: Made once: json.dumps makes one a call, a tenth of a fault's time.
_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_NONE: Final[Mapping[str, float]] = MappingProxyType({})


class AnswerKey:
    """Writes truth/dirt.jsonl, a line a fault in the order of files and lines, and counts them.

    Args:
        path: of the file, which is there when the key is closed; None: nothing is written.
    """

    def __init__(self, path: Path | None) -> None:
        self.counts: Counter[str] = Counter()
        self._path = path
        self._parts: dict[str, Path] = {}
        self._streams: dict[str, TextIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in list(self._streams):
            self.end(file)
        if self._path:
            with self._path.open("wb") as whole:
                for part in (self._parts[file] for file in sorted(self._parts)):
                    with part.open("rb") as entries:
                        copyfileobj(entries, whole)
                    part.unlink()

    def take_over(self, entries: Iterable[str]) -> None:
        """Repeat what was noted of files that stay as they are; it is not counted again."""
        for entry in entries:
            self._stream(json.loads(entry)["file"]).write(entry)

    def add(self, file: str, line: int, fault: Fault, original: bytes) -> None:
        """Note a fault.

        Args:
            file: where it is planted.
            line: the physical line on which the faulty record starts; the header's is 1.
            fault: what it is.
            original: the good record; of an extra line, what it repeats.
        """
        record = {
            "file": file,
            "line": line,
            "fault": fault.name,
            "rule": fault.rule,
            "outcome": fault.outcome,
            "original": original.decode(),
        }
        self.counts[fault.name] += 1
        if self._path:
            self._stream(file).write(_JSON.encode(record) + "\n")

    def end(self, file: str) -> None:
        """Say that there is nothing more to note of a file."""
        if stream := self._streams.pop(file, None):
            stream.close()

    def _stream(self, file: str) -> TextIO:
        if file not in self._streams:
            assert self._path
            part = self._parts.setdefault(file, self._path.with_name(f"{file}.dirt"))
            self._streams[file] = part.open("a", encoding="utf-8", newline="\n")
        return self._streams[file]


class Soiler:
    """Spoils one file, shown to it from its header on, any number of lines at a time.

    Args:
        plan: its seed and share of dirt.
        file: its name: one in `FAULTS`, or such a name with a day (orders-2026-01-01.csv).
        columns: of the file; no value has a comma, a quote or a line end in it.
        key: where the faults are noted.
        faults: rates by name, which hold instead of the fault's part of the plan's dirt.
    """

    def __init__(
        self,
        plan: ShopPlan,
        file: str,
        columns: Sequence[str],
        key: AnswerKey,
        faults: Mapping[str, float] = _NONE,
    ) -> None:
        kind = f"{re.split('[-.]', file)[0]}.csv"
        day = _DAY.search(file)
        self._file = file
        self._columns = columns
        self._key = key
        self._seed = plan.seed
        self._purpose = _PURPOSES[kind]
        self._first_word = 2 * _FILE * date.fromisoformat(day[0]).toordinal() if day else 0
        self._faults = FAULTS[kind]
        self._marked = int(marking_rate(plan.dirt, faults) * 2**_HIT_BITS)
        upper = np.cumsum(planting_rates(kind, plan.dirt, faults))
        self._limit = int(upper[-1] * 2**_HIT_BITS)
        self._kinds = upper / upper[-1] if self._limit else upper
        self._told: set[str] = set()
        self._planted: Counter[str] = Counter()
        self._rows = self._added = 0

    def header(self, line: bytes) -> bytes:
        """The header, without its line end, perhaps after a byte order mark."""
        word = words(self._seed, self._purpose, self._first_word + _FILE, 1)
        if bits(word, 0, _HIT_BITS)[0] >= self._marked:
            return line
        self._key.add(self._file, 1, BYTE_ORDER_MARK, line)
        return BYTE_ORDER_MARK.spoil({"": line}, 0)

    def soil(self, text: FileText, rows: int) -> tuple[FileText, Bools]:
        """The next lines, spoilt, and which of them are lost for a perfect cleaner.

        In orders.csv lost are the lines that must be refused; in customers.csv the customers of
        whom nothing is known under the ids that their orders have.
        """
        lost = np.zeros(rows, dtype=np.bool_)
        if not self._limit:
            return text, lost
        word = words(self._seed, self._purpose, self._first_word + self._rows, rows)
        hit = np.flatnonzero(bits(word, 0, _HIT_BITS) < self._limit)
        word = word[hit]
        share = bits(word, _HIT_BITS, _KIND_BITS) * 2.0**-_KIND_BITS
        kinds = np.searchsorted(self._kinds, share, side="right")
        variants = bits(word, _HIT_BITS + _KIND_BITS, _VARIANT_BITS)
        ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
        starts = np.append(0, ends[:-1] + 1)
        view = memoryview(text)  # its slices are no copies
        pieces: list[bytes | memoryview] = []
        done = 0
        for row, start, end, kind, variant in zip(
            *(each.tolist() for each in (hit, starts[hit], ends[hit], kinds, variants)), strict=True
        ):
            fault = self._faults[kind]
            line = bytes(view[start:end])
            record = dict(zip(self._columns, line.split(b","), strict=True))
            spoilt = fault.spoil(record, variant)
            if spoilt == line or not self._may_plant(fault, record, self._rows + row + 1):
                continue
            pieces += view[done:start], spoilt
            done = end
            lost[row] = fault.costs_line
            original = spoilt.partition(b"\n")[2] if fault.is_extra else line
            at = 2 + self._rows + row + self._added + fault.is_extra
            self._key.add(self._file, at, fault, original)
            self._added += spoilt.count(b"\n")
        pieces.append(view[done:])
        self._rows += rows
        return b"".join(pieces), lost

    def _may_plant(self, fault: Fault, record: Record, rows: int) -> bool:
        """Whether it is plain to a reader of the file that this is a fault, and which."""
        if fault.tells and fault.tells(record):
            self._told.add(fault.name)
        is_told = fault.tells is None or fault.name in self._told
        is_rare = self._planted[fault.name] < int(2 * fault.most * rows)
        if is_told and is_rare:
            self._planted[fault.name] += 1
        return is_told and is_rare
