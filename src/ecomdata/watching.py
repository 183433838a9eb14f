"""Loading what arrives in a folder, once it is there whole."""

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ecomdata.errors import DataError, EcomDataError, TransientError, UsageError
from ecomdata.ingest import Load
from ecomdata.ingest.files import SUFFIXES
from ecomdata.transform import BuildResult

if TYPE_CHECKING:
    from ecomdata.insights import Alarms

#: Of a file: its size and when it was last written. What has the same for a while is whole.
_State = tuple[int, int]

#: Seconds between two tries of a warehouse that is away: at first, and at most.
_SOON, _LATE = 1, 60


@dataclass(frozen=True)
class Arrival:
    """Files that were loaded, or one that could not be.

    Args:
        files: where they were found.
        load: what came of them; None where it failed.
        error: why it failed.
    """

    files: tuple[Path, ...]
    load: Load | None
    error: EcomDataError | None = None


@dataclass(frozen=True)
class Built:
    """A build behind loads.

    Args:
        result: models and tests; None where it failed.
        alarms: what is not as usual about the loads that were new to it.
        error: why it failed.
    """

    result: BuildResult | None
    alarms: "Alarms | None"
    error: EcomDataError | None = None


@dataclass(frozen=True)
class Back:
    """A warehouse that was busy or could not be reached can be worked with again.

    Args:
        seconds: since that was told of.
    """

    seconds: float


@dataclass(frozen=True)
class _Away:
    """A warehouse that is busy or cannot be reached: since when, and when it is tried again."""

    why: type[TransientError]
    since: float
    wait: float
    again: float


@dataclass(frozen=True)
class Watch:
    """A folder that is looked at again and again.

    Args:
        folder: where files arrive; folders in it are not looked into.
        load: loads files, all or none.
        build: builds the models after loads; None: they are left as they are.
        settle: seconds that a file must stay as it is before it is taken.
        move: put what was loaded into done/, and what could not be into failed/.
        once: end when everything that is there was taken.
        patience: seconds that a warehouse may be away before the watch ends.
        clock: seconds that only go forward.
        sleep: waits so many seconds.
    """

    folder: Path
    load: Callable[[Sequence[Path]], Load]
    build: "Callable[[], tuple[BuildResult, Alarms | None]] | None"
    settle: float
    move: bool = False
    once: bool = False
    patience: float = math.inf
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def events(self) -> Iterator[Arrival | Built | Back]:
        """Yield what was loaded and built as it is; without `once` it never ends.

        A warehouse that is busy or cannot be reached is tried again after a second, then after
        twice as long each time, up to a minute; its error comes once, and `Back` when it is over.
        The last try is when `patience` is over.
        Data of which no build comes may be mended by the next files: it is built again after they
        are loaded.

        Raises:
            UsageError: the folder cannot be read, or files cannot be moved.
            TransientError: the warehouse was away for as long as `patience` has it.
        """
        if self.move and self.folder.is_dir() and not os.access(self.folder, os.W_OK | os.X_OK):
            raise UsageError(
                f"{self.folder} may not be written, and files are to be moved within it: "
                "get the permission, or leave --move out"
            )
        since: dict[Path, tuple[_State, float]] = {}
        taken: dict[Path, _State] = {}
        is_new = False
        away: _Away | None = None
        while True:
            found = self._look()
            now = self.clock()
            taken = {path: state for path, state in taken.items() if path in found}
            since = {
                path: since[path] if path in since and since[path][0] == state else (state, now)
                for path, state in found.items()
                if taken.get(path) != state
            }
            whole = [path for path, (_, first) in since.items() if now - first >= self.settle]
            for event in self._done(whole, is_new) if away is None or now >= away.again else ():
                if isinstance(event, Built):
                    is_new = isinstance(event.error, TransientError)
                elif not isinstance(event.error, TransientError):
                    taken |= {path: found[path] for path in event.files}
                    is_new |= event.load is not None and event.load.load_id is not None
                if isinstance(event.error, TransientError):
                    known, away = away, self._met(event.error, away)
                    if known is not None and known.why is away.why:
                        continue
                elif away is not None:
                    yield Back(self.clock() - away.since)
                    away = None
                yield event
            if self.once and all(path in taken for path in since) and not (is_new and self.build):
                return
            self.sleep(min(self.settle, 1) or 0.1)

    def _done(self, whole: Sequence[Path], is_new: bool) -> Iterator[Arrival | Built]:
        """Load files that are whole, and build where something is new, if only from before."""
        for arrival in self._taken(whole) if whole else ():
            yield arrival
            if isinstance(arrival.error, TransientError):
                return
            is_new |= arrival.load is not None and arrival.load.load_id is not None
        if is_new and self.build is not None:
            yield _built(self.build)

    def _met(self, error: TransientError, known: _Away | None) -> _Away:
        """Return what is known of a warehouse after one more try that failed, or give up."""
        now = self.clock()
        since = known.since if known else now
        if now - since >= self.patience:
            raise type(error)(f"{error}; given up after {now - since:,.0f} s")
        wait = min(2 * known.wait, _LATE) if known else _SOON
        return _Away(type(error), since, wait, min(now + wait, since + self.patience))

    def _look(self) -> dict[Path, _State]:
        found = {}
        try:
            for path in sorted(self.folder.iterdir()):
                if path.name.lower().endswith(SUFFIXES) and not path.name.startswith((".", "~$")):
                    with suppress(FileNotFoundError):  # it was taken away while we looked
                        about = path.stat()
                        if path.is_file():
                            found[path] = (about.st_size, about.st_mtime_ns)
        except FileNotFoundError:
            raise UsageError(f"{self.folder} is no folder: name one to watch") from None
        except OSError as exc:
            raise UsageError(f"{self.folder} cannot be read: {exc.strerror}") from exc
        return found

    def _taken(self, files: Sequence[Path]) -> Iterator[Arrival]:
        """Load files together; where one cannot be loaded or used, by itself."""
        aside: list[Path] = []
        try:
            load = self.load(files)
            aside = [file for file in files if file.name in load.unused and len(files) > 1]
            arrivals = [Arrival(tuple(file for file in files if file not in aside), load)]
        except TransientError as exc:
            arrivals = [Arrival(tuple(files), None, exc)]
        except (DataError, UsageError) as exc:
            if len(files) > 1:
                for file in files:
                    yield from self._taken([file])
                return
            arrivals = [Arrival(tuple(files), None, exc)]
        for arrival in arrivals:
            if self.move and not isinstance(arrival.error, TransientError):
                for file in arrival.files:
                    _move(file, self.folder / ("failed" if arrival.error else "done"))
            yield arrival
        for file in aside:
            yield from self._taken([file])


def _built(build: "Callable[[], tuple[BuildResult, Alarms | None]]") -> Built:
    try:
        return Built(*build())
    except (DataError, TransientError) as exc:
        return Built(None, None, exc)


def _move(file: Path, folder: Path) -> None:
    """Move a file into a folder, under a name that is free there."""
    try:
        folder.mkdir(exist_ok=True)
        target = folder / file.name
        number = 1
        while target.exists():
            number += 1
            target = folder / f"{number}-{file.name}"
        file.rename(target)
    except OSError as exc:
        raise UsageError(f"{file} cannot be moved to {folder}: {exc.strerror}") from exc
