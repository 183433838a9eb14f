"""Several files at once, each read and copied by a process of its own.

Reading is Python's, and one process of it uses one processor. A process is given its task, and
gives its outcome back, pickled over pipes; none hears the terminal's Ctrl-C, and none outlives the
block.
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final, TypeAlias

from ecomdata.errors import EcomDataError, WarehouseError
from ecomdata.ingest.intake import Intake, Passed, Source
from ecomdata.warehouse import PartWriter

#: Fewer bytes together are read sooner than processes start.
WORTHWHILE = 1 << 25
_Process: TypeAlias = "subprocess.Popen[bytes]"
_PROGRAM: Final = "from ecomdata.ingest.apart import answer; answer()"


def is_worthwhile(sources: Sequence[Source]) -> bool:
    """Whether files are read sooner by processes of their own."""
    return len(sources) > 1 and sum(source.file.size for source in sources) >= WORTHWHILE


@dataclass(frozen=True)
class Task:
    """One file to be read and copied.

    Args:
        source: the file.
        load_id: what its rows are marked with.
        writer: copies them.
        number: tells the file from the others of its load.
        folder: for what lies on disk meanwhile, its rejects among it.
    """

    source: Source
    load_id: int
    writer: PartWriter
    number: int
    folder: Path

    @property
    def rejects(self) -> Path:
        """Where its rejects are written."""
        return self.folder / f"rejects-{self.number}.csv"

    def run(self) -> "Copied":
        """Read and copy the file."""
        with self.rejects.open("w", encoding="utf-8", newline="") as rejects:
            intake = Intake(self.source, self.load_id, rejects)
            rows = self.writer.copy_blocks(
                self.number,
                intake.columns,
                intake.blocks(),
                intake.delimiter,
                self.folder,
                intake.marks,
            )
            return Copied(rows, intake.passed)


@dataclass(frozen=True)
class Copied:
    """What came of a task."""

    rows: int
    passed: Passed


@contextmanager
def copying(tasks: Sequence[Task]) -> Iterator[list["Future[Copied]"]]:
    """Run the tasks, as many at once as there are processors; the outcome of each.

    A future raises what reading its file raised, and `WarehouseError` where its process died.
    """
    count = min(len(tasks), os.cpu_count() or 1)
    idle: SimpleQueue[_Process] = SimpleQueue()
    with ExitStack() as stack:
        processes = [stack.enter_context(_process()) for _ in range(count)]
        for process in processes:
            idle.put(process)
        threads = stack.enter_context(ThreadPoolExecutor(max(count, 1)))
        try:
            yield [threads.submit(_run, task, idle) for task in tasks]
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()


def answer() -> None:
    """Be such a process: run the tasks that are read, and write what came of each."""
    while True:
        try:
            task: Task = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        outcome: Copied | Exception
        try:
            outcome = task.run()
        except (EcomDataError, OSError) as exc:
            outcome = exc
        pickle.dump(outcome, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def _process() -> Iterator[_Process]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        with suppress(BrokenPipeError):  # what a dead one was told last is still to be told
            process.communicate()


def _run(task: Task, idle: "SimpleQueue[_Process]") -> Copied:
    process = idle.get()
    assert process.stdin is not None and process.stdout is not None
    try:
        pickle.dump(task, process.stdin)
        process.stdin.flush()
        outcome: Copied | Exception = pickle.load(process.stdout)
    except (EOFError, BrokenPipeError) as exc:
        raise WarehouseError(
            f"the process that read {task.source.file.place} ended with status {process.wait()}: "
            "is there memory enough? Nothing was loaded"
        ) from exc
    finally:
        idle.put(process)
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
