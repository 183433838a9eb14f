"""A standalone Spark cluster on this machine, as processes on loopback: a master and two workers.

    python deploy/spark/cluster.py FOLDER

prints the master's URL, then a JSON document of the processes' ids by name, and keeps them until
it is told to end (Ctrl-C, SIGTERM). Their logs and work lie in the folder. Each process leads a
group of its own, so that a worker is ended together with its executors.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

_DEPLOY = "org.apache.spark.deploy"
_SECONDS = 300
_MEMORY = "2g"


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[tuple[str, dict[str, int]]]:
    """Start a cluster and stop it after the block.

    Args:
        folder: for logs and what executors keep.
        workers: how many, of one core each.

    Returns:
        The master's URL, and the ids of the processes by their names.
    """
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        processes["master"] = _start(folder, "master", f"{_DEPLOY}.master.Master")
        url = _said(folder, processes["master"], "master", r"Starting Spark master at (\S+)")
        for number in range(1, workers + 1):
            name = f"worker-{number}"
            options = ("--cores", "1", "--memory", _MEMORY, "-d", str(folder / name))
            processes[name] = _start(folder, name, f"{_DEPLOY}.worker.Worker", *options, url)
        for name in list(processes)[1:]:
            _said(folder, processes[name], name, r"(Successfully registered) with master")
        yield url, {name: process.pid for name, process in processes.items()}
    finally:
        for process in reversed(processes.values()):
            stop(process.pid)
            process.wait()


def stop(pid: int) -> None:
    """End a process and what it started, at once."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _start(folder: Path, name: str, program: str, *options: str) -> "subprocess.Popen[bytes]":
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        sys.exit("pyspark is not installed: pip install 'ecomdata-insights[spark]'")
    home = Path(spec.origin).parent
    places = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(home / "bin" / "spark-class"), program, *places, *options],
            env=os.environ
            | {
                "SPARK_HOME": str(home),
                "SPARK_DAEMON_MEMORY": "256m",
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _said(folder: Path, process: "subprocess.Popen[bytes]", name: str, pattern: str) -> str:
    """Wait for what a process says in its log."""
    log = folder / f"{name}.log"
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.2)
    sys.exit(f"the {name} did not start: see {log}")


def main() -> None:
    """Keep a cluster until this process is told to end."""
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with cluster(folder) as (url, pids):
        sys.stdout.write(f"{url}\n{json.dumps(pids)}\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
