"""What the machine has."""

import os
from contextlib import suppress
from pathlib import Path


def memory_mb() -> int:
    """Return the machine's memory, or what a container may use of it. Units: MiB."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # "max" when there is no limit
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory >> 20
