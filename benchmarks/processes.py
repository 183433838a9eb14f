"""Runs a command to its end and says what it took, with what servers did for it meanwhile.

CPU and memory are read from /proc, so this needs Linux.
"""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from usage import Usage

ECOMDATA = [sys.executable, "-m", "ecomdata"]
_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLED_SECONDS = 0.2


@dataclass(frozen=True)
class Process:
    """What /proc says of a process.

    Args:
        ticks: of the processor, its own.
        childrens_ticks: of the children that it has waited for.
    """

    parent: int
    session: int
    ticks: int
    childrens_ticks: int


def measured(
    command: Sequence[str],
    folder: Path,
    servers: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> Usage:
    """Run a command; what it started and what worked for it counts.

    Args:
        command: its words.
        folder: where it runs.
        servers: processes that work for it, with their children.
        environment: variables beside this process's own.
    """
    own: dict[int, int] = {}
    peak = 0
    waited_for = _seconds_of_children()
    before = _ticks_of(_family(_processes(), servers))
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                processes = _processes()
                family = _family(processes, servers)
                started = _started(processes, process.pid)
                own |= {id: one.ticks for id, one in started.items()}
                peak = max(peak, sum(map(_memory_kb, {**started, **family})))
                time.sleep(_SAMPLED_SECONDS)
        finally:  # Ctrl-C reaches no other session
            for id in _started(_processes(), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(id, signal.SIGKILL)
            process.wait()
        seconds = time.perf_counter() - begun
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)}:\n{output.read().decode(errors='replace')}")
    # What was seen of processes lacks their last moment; who was not waited for is only seen.
    cpu = max(sum(own.values()) / _TICKS, _seconds_of_children() - waited_for)
    cpu += (_ticks_of(_family(_processes(), servers)) - before) / _TICKS
    return Usage(round(seconds, 1), round(cpu, 1), peak >> 10)


@contextmanager
def postgres(project: Path) -> Iterator[int]:
    """Start a project's own PostgreSQL, yield its process's id, and stop it."""
    of = ["--project", str(project)]
    measured([*ECOMDATA, "warehouse", "start", *of], project)
    try:
        (postmaster,) = project.glob(".ecomdata/postgres/**/postmaster.pid")
        yield int(postmaster.read_text().split()[0])
    finally:
        measured([*ECOMDATA, "warehouse", "stop", *of], project)


def _seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _processes() -> dict[int, Process]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = path.read_text().rpartition(")")[2].split()
            parent, session = int(fields[1]), int(fields[3])
            ticks = [int(field) for field in fields[11:15]]
            found[int(path.parent.name)] = Process(
                parent, session, ticks[0] + ticks[1], ticks[2] + ticks[3]
            )
    return found


def _started(processes: dict[int, Process], leader: int) -> dict[int, Process]:
    """Return a session's processes, and those that they have put in sessions of their own."""
    return _family(processes, [id for id, one in processes.items() if one.session == leader])


def _family(processes: dict[int, Process], roots: Iterable[int]) -> dict[int, Process]:
    """Return the processes of these ids and all that descend from them."""
    found = {id: processes[id] for id in roots if id in processes}
    while more := {
        id: one for id, one in processes.items() if one.parent in found and id not in found
    }:
        found |= more
    return found


def _ticks_of(family: dict[int, Process]) -> int:
    return sum(one.ticks + one.childrens_ticks for one in family.values())


def _memory_kb(id: int) -> int:
    """Return what a process keeps in memory; what several share is divided among them."""
    with suppress(OSError):
        for line in Path(f"/proc/{id}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
