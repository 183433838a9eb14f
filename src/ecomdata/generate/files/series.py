"""The files that a shop is written to: one an entity, and one more a day that is added later."""

import gzip
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from io import BufferedIOBase
from pathlib import Path
from typing import Self

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.generate.chance.draws import Bools
from ecomdata.generate.csvtext import FileText
from ecomdata.generate.dirt.soiler import AnswerKey, Soiler
from ecomdata.generate.files.folder import TRUTH
from ecomdata.generate.files.parquet import TYPES, to_parquet
from ecomdata.generate.plan import ShopPlan


@dataclass(frozen=True)
class Period:
    """Days, from the first to before the end, whose lines stand in files of their own."""

    first: int
    end: int
    suffix: str


def periods(plan: ShopPlan) -> list[Period]:
    """The plan's days until its end, and then each day by itself."""
    later = range(plan.base_days, plan.days)
    return [
        Period(0, plan.base_days, ""),
        *(Period(day, day + 1, f"-{(plan.start + timedelta(day)).isoformat()}") for day in later),
    ]


class ShopFiles:
    """The files of a shop that is being made, of the days from `since` on.

    Args:
        records: the lines below the header, by file.
        bytes: the size of the files together.
    """

    def __init__(self, plan: ShopPlan, folder: Path, since: int = 0) -> None:
        self.plan = plan
        self.folder = folder
        self.since = since
        self.periods = periods(plan)
        self.records: dict[str, int] = {}
        self.bytes = 0

    def __enter__(self) -> Self:
        self._keys = ExitStack()
        self.key = self._keys.enter_context(AnswerKey(self.folder / TRUTH / "dirt.jsonl"))
        self.forgotten = self._keys.enter_context(AnswerKey(None))
        return self

    def __exit__(self, *_: object) -> None:
        self._keys.close()

    def wants(self, period: Period) -> bool:
        """Its lines are looked at: to be written, or to know which of them were spoilt."""
        return period.end > self.since or self.plan.is_dirty

    def keep(self, earlier: Path) -> None:
        """Take over what was written of a shop that goes on, save the products and the truth."""
        for path in earlier.iterdir():
            if path.is_file() and not path.name.startswith("products."):
                try:
                    os.link(path, self.folder / path.name)
                except OSError:  # another file system, or one without links
                    shutil.copy2(path, self.folder / path.name)
        key = Path(earlier, TRUTH, "dirt.jsonl")
        if not key.is_file():
            raise UsageError(f"{key} is missing: only a whole shop can go on, so make it anew")
        with key.open(encoding="utf-8") as entries:
            self.key.take_over(entry for entry in entries if '"file": "products.' not in entry)


class Series:
    """The files of one entity, written in the order of their periods."""

    def __init__(
        self, files: ShopFiles, entity: str, columns: Sequence[str], whole: bool = False
    ) -> None:
        self._files = files
        self._entity = entity
        self._columns = columns
        self._periods = [Period(0, files.plan.days, "")] if whole else files.periods
        self._next = 0
        self._file: _File | None = None

    def add(self, period: int, text: FileText, count: int) -> Bools:
        """Add lines to a period's file; which of them a perfect cleaner is left without."""
        self._advance(period + 1)
        if self._file is None:
            return np.zeros(count, dtype=np.bool_)
        return self._file.add(text, count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._advance(len(self._periods))
        if self._file:
            self._file.close(whole=kind is None)

    def _advance(self, until: int) -> None:
        while self._next < until:
            if self._file:
                self._file.close(whole=True)
            period = self._periods[self._next]
            self._next += 1
            self._file = None
            if self._files.wants(period):
                self._file = _File(self._files, self._entity, self._columns, period)


class _File:
    """One file, or the spoiling of its lines where it was written earlier."""

    def __init__(
        self, files: ShopFiles, entity: str, columns: Sequence[str], period: Period
    ) -> None:
        self._files = files
        self._columns = columns
        self._name = f"{entity}{period.suffix}.{files.plan.format}"
        self._records = 0
        self._stream: BufferedIOBase | None = None
        key = files.forgotten
        if period.end > files.since:
            self._stream = _open(files.folder / self._name)
            key = files.key
        header = ",".join(columns).encode()
        self._soiler: Soiler | None = None
        if files.plan.is_dirty:
            self._soiler = Soiler(files.plan, self._name, columns, key, dict(files.plan.faults))
            header = self._soiler.header(header)
        self._write(header + b"\n")

    def add(self, text: FileText, count: int) -> Bools:
        lost = np.zeros(count, dtype=np.bool_)
        if self._soiler:
            text, lost = self._soiler.soil(text, count)
            self._records += text.count(b"\n")
        else:
            self._records += count
        self._write(text)
        return lost

    def close(self, whole: bool) -> None:
        if not self._stream:
            return
        self._stream.close()
        self._files.key.end(self._name)
        path = self._files.folder / self._name
        if whole and path.suffix == ".parquet":
            written = path.rename(path.with_suffix(".csv"))
            to_parquet(written, path, {name: TYPES.get(name, "varchar") for name in self._columns})
        self._files.records[self._name] = self._records
        self._files.bytes += path.stat().st_size

    def _write(self, text: FileText) -> None:
        if self._stream:
            self._stream.write(text)


def _open(path: Path) -> BufferedIOBase:
    if path.suffix == ".gz":
        return gzip.GzipFile(path, "wb", compresslevel=4, mtime=0)  # no time: the same bytes again
    return path.open("wb")
