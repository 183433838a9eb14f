"""Several connections that copy side by side: PostgreSQL takes one processor for each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Full, Queue
from threading import Event

import psycopg

from ecomdata.errors import EcomDataError

_HANDED_OVER = 1 << 18  # bytes, at least


class _AbandonedError(EcomDataError):
    """The blocks ended in an error: what a lane has copied is taken back."""


def copy_in_lanes(conninfo: str, lanes: Sequence[tuple[str, str]], blocks: Iterator[bytes]) -> int:
    """Share blocks between lanes, each a transaction on a connection of its own; return the rows.

    Args:
        conninfo: where the lanes connect.
        lanes: for each what makes its table, and its COPY.
        blocks: whole lines each; what they raise takes every lane's work back.

    Raises:
        psycopg.Error: a lane failed; another may have committed its table.
    """
    waiting: Queue[bytes | None] = Queue(2 * len(lanes))
    given_up = Event()

    def run(create: str, copy_from: str) -> int:
        with psycopg.connect(conninfo, application_name="ecomdata") as connection:
            connection.execute(create.encode())
            with connection.cursor() as cursor:
                with cursor.copy(copy_from.encode()) as copy:
                    while (block := waiting.get()) is not None:
                        copy.write(block)
                    if given_up.is_set():
                        raise _AbandonedError
                return cursor.rowcount

    with ThreadPoolExecutor(len(lanes)) as pool:
        running = [pool.submit(run, *lane) for lane in lanes]
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
