"""Several connections that copy side by side: PostgreSQL takes one processor for each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event

import psycopg

from ecomdata.errors import EcomDataError

_HANDED_OVER = 1 << 18  # bytes, at least
#: What is copied goes to disk meanwhile, and not while the commit waits: 0.02 s of 250 MB, not 0.2.
_FLUSH = "set backend_flush_after = '1MB'"


class _AbandonedError(EcomDataError):
    """The blocks ended in an error: what a lane has copied is taken back."""


@dataclass(frozen=True)
class Lane:
    """What one connection does.

    Args:
        create: makes its table.
        copy_plain: copies lines in which no byte has a meaning but delimiters and line ends.
        copy_csv: copies any lines.
    """

    create: str
    copy_plain: str
    copy_csv: str


def copy_in_lanes(conninfo: str, lanes: Sequence[Lane], blocks: Iterator[bytes]) -> int:
    """Share blocks between lanes, each a transaction on a connection of its own; return the rows.

    Args:
        conninfo: where the lanes connect.
        lanes: one for each connection.
        blocks: whole lines each; what they raise takes every lane's work back.

    Raises:
        psycopg.Error: a lane failed; another may have committed its table.
    """
    waiting: Queue[bytes | None] = Queue(2 * len(lanes))
    given_up = Event()

    def run(lane: Lane) -> int:
        with psycopg.connect(conninfo, application_name="ecomdata") as connection:
            connection.execute(_FLUSH)
            connection.execute(lane.create.encode())
            rows = 0
            block = waiting.get()
            for statement, takes in ((lane.copy_plain, _is_plain), (lane.copy_csv, _is_any)):
                with connection.cursor() as cursor:
                    with cursor.copy(statement.encode()) as copy:
                        while block is not None and takes(block):
                            copy.write(block)
                            block = waiting.get()
                        if given_up.is_set():
                            raise _AbandonedError
                    rows += cursor.rowcount
            return rows

    with ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(run, lane) for lane in lanes]
        try:
            for block in _gathered(blocks):
                _put(waiting, block, running)
        except BaseException:
            given_up.set()
            raise
        finally:
            for _ in lanes:
                _put(waiting, None, running)
        return sum(lane.result() for lane in running)


def _is_plain(block: bytes) -> bool:
    return b'"' not in block and b"\\" not in block


def _is_any(block: bytes) -> bool:
    return True


def _gathered(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Join small blocks: around faults they are many, and each is handed from thread to thread."""
    gathered: list[bytes] = []
    size = 0
    for block in blocks:
        gathered.append(block)
        size += len(block)
        if size >= _HANDED_OVER:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


def _put(
    waiting: "Queue[bytes | None]", block: bytes | None, running: Sequence[Future[int]]
) -> None:
    """Hand a block over; give up when no lane is left to take it, or one has failed."""
    while True:
        failed = [lane for lane in running if lane.done() and lane.exception()]
        if failed and block is not None:
            failed[0].result()
        if all(lane.done() for lane in running):
            return
        try:
            waiting.put(block, timeout=0.1)
        except Full:
            continue
        return
