"""Commands at a terminal, and commands that are interrupted."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

from command_line import Answer, Project

#: What steers a terminal: colours, the cursor.
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
PATIENCE = 120  # seconds; nothing here takes ten, but the machine may be busy


def at_terminal(project: Project, *words: str, columns: int = 80) -> tuple[int, str]:
    """Run a command at a terminal of so many columns; its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*project.command, *words],
        cwd=project.folder,
        env=project.environment(TERM="xterm-256color"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    written = b""
    try:
        while block := os.read(ours, 1 << 16):
            written += block
    except OSError:  # Linux's word for the end
        pass
    finally:
        os.close(ours)
    return process.wait(PATIENCE), written.decode()


def interrupted(
    project: Project, *words: str, once: Callable[[], bool], whole_group: bool
) -> Answer:
    """Run a command and press Ctrl-C once something is so; nothing of it may go on.

    A terminal interrupts the whole group of processes; `kill -INT` only the one.
    """
    return signalled(project, *words, once=once, number=signal.SIGINT, whole_group=whole_group)


def signalled(
    project: Project,
    *words: str,
    once: Callable[[], bool],
    number: signal.Signals,
    whole_group: bool = False,
) -> Answer:
    """Run a command and send it a signal once something is so; nothing of it may go on."""
    process = subprocess.Popen(
        [*project.command, *words],
        cwd=project.folder,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not once():
        assert process.poll() is None, f"it ended too early: {process.communicate()}"
        assert time.monotonic() < deadline
        time.sleep(0.002)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=PATIENCE)
    while group_lives(process.pid):  # Python's own helpers end a moment later
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return Answer(process.returncode, out, err)


def group_lives(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def visible(written: str) -> list[str]:
    """The lines that were on the screen at some time."""
    return re.split(r"\r\n|\r|\n", STEERING.sub("", written))


def temporary_files(folder: Path) -> list[str]:
    """What a command leaves behind when it does not clean up."""
    return [
        path.name
        for path in folder.rglob("*")
        if path.name.endswith(".part") or path.name.startswith("load-")
    ]
