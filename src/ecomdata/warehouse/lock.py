"""A lock between processes that says who holds it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ecomdata.errors import WarehouseBusyError, WarehouseDeniedError


def always_held() -> None:
    """Ask whether a locked file still is: it goes with the process alone."""


@contextmanager
def file_lock(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock file; it goes with the process, however that ends.

    Raises:
        WarehouseBusyError: still held by another process after `timeout` seconds.
        WarehouseDeniedError: the lock file cannot be made.
    """
    holder = path.with_name(path.name + ".pid")
    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except Timeout as exc:
        pid = holder.read_text().strip() if holder.exists() else "?"
        raise WarehouseBusyError(
            f"another run (process {pid}) is changing the warehouse: it holds {path}; "
            f"waited {timeout:g} s, try again when it is done"
        ) from exc
    except OSError as exc:
        raise WarehouseDeniedError(
            f"cannot write {path}: {exc.strerror}; the folder must be writable"
        ) from exc
    try:
        with suppress(OSError):  # on a full disk the lock holds all the same
            holder.write_text(str(os.getpid()))
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()
