"""Runs the dbt project that ships in the package, as a process of its own.

A process, because dbt's DuckDB adapter holds the file for as long as its process lives, because
dbt takes 1.7 CPU-seconds to import, and because its memory goes back when it ends. One invocation
per run: its start-up is most of what a small build costs (docs/decisions/0003).
"""

import errno
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ecomdata.contract import ENTITIES
from ecomdata.errors import (
    BuildError,
    TooManyRejectedError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseFullError,
    WarehouseUnreachableError,
)
from ecomdata.settings import Settings, child_environment
from ecomdata.transform.changes import forget_changes, note_changes
from ecomdata.warehouse import PLAIN_DBT, Warehouse

Command = Literal["build", "test", "docs"]

#: The test that stands between quarantine and everything behind it.
GATE = "refused_records_are_within_the_limit"

#: What the first models read: an engine that was never told of these guesses how they join.
_READ_FIRST = [*(("raw", entity.name) for entity in ENTITIES), ("meta", "loads")]

#: Ends dbt when whoever started it is gone, however that came: the lock went with it.
_ENDS_WITH_US = """
import os, threading
threading.Thread(target=lambda: os.read(0, 1) or os._exit(1), daemon=True).start()
"""

#: What drivers say of a connection that broke or could not be made.
_BROKEN_WORDS = (
    "server closed the connection",
    "terminating connection",
    "connection (already|has been) closed",
    "no connection to the server",
    "connection to server .* failed",
    "could not receive data from server",
    "database system is (starting|shutting|in recovery)",
)
_BROKEN = re.compile(f".*({'|'.join(_BROKEN_WORDS)}).*", re.IGNORECASE)
_FULL = re.compile(".*no space left on device.*", re.IGNORECASE)

_WORDS: dict[Command, list[str]] = {
    # Unit tests are about the SQL, not about the data: `test` runs them, a user's build does not.
    # There is nothing to build of an exposure.
    "build": [
        *("build", "--exclude-resource-type", "unit_test"),
        *("--exclude-resource-type", "exposure"),
    ],
    "test": ["test"],
    "docs": ["docs", "generate", "--static"],
}


@dataclass(frozen=True)
class NodeResult:
    """One model or test."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str | None
    rows: int | None = None


@dataclass(frozen=True)
class BuildResult:
    """What an invocation did."""

    nodes: tuple[NodeResult, ...]
    target: Path

    def count(self, *kinds: str) -> int:
        """Return how many nodes of these kinds there were."""
        return sum(node.kind in kinds for node in self.nodes)


def run_dbt(
    command: Command,
    warehouse: Warehouse,
    settings: Settings,
    *,
    select: Sequence[str] = (),
    full_refresh: bool = False,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> BuildResult:
    """Run dbt; the caller holds the warehouse exclusively and has no open connection to it.

    Args:
        command: build (models and tests), test, or docs.
        warehouse: where.
        settings: threads, limits and the folder for dbt's own files.
        select: dbt's node selection; empty takes all.
        full_refresh: make everything anew, whatever changed.
        progress: told of every finished node (name, done, of how many).

    Raises:
        TooManyRejectedError: the last load has more refused records than allowed.
        BuildError: a model or test failed; says which and where its SQL lies.
        WarehouseBusyError: another process holds the DuckDB file.
        WarehouseFullError: there is no space for the models, or for dbt's own files.
        WarehouseDeniedError: dbt's own files cannot be written.
    """
    target = target_folder(settings, warehouse.engine)
    models = f"{_forget_another_project(target)} {settings.currency}"
    only_changes = False
    if command == "build":
        with warehouse.connect() as connection:
            only_changes = note_changes(connection, models, full_refresh)
            if not only_changes:
                connection.collect_statistics(_READ_FIRST)
    words = [
        *_WORDS[command],
        # Not the tests of selected models that read others, too: those may not be built yet.
        *(["--indirect-selection", "buildable", "--select", *select] if select else []),
        *(["--full-refresh"] if command == "build" and not only_changes else []),
    ]
    environment = warehouse.dbt_environment() | {
        "ECOMDATA_DBT_THREADS": str(settings.threads),
        "ECOMDATA_DBT_ONLY_CHANGES": "true" if only_changes else "false",
    }
    nodes = _invoke(words, settings, target, environment, progress, warehouse.dbt_program)
    if command == "build" and not select:
        with warehouse.connect() as connection:
            forget_changes(connection, models)
    return BuildResult(nodes, target)


def graph(settings: Settings) -> Path:
    """Return dbt's manifest of the project, the models and what hangs on what, of no warehouse."""
    target = target_folder(settings, "graph")
    _forget_another_project(target)
    manifest = target / "manifest.json"
    if not manifest.is_file():
        nowhere = {"ECOMDATA_DBT_TARGET": "duckdb", "ECOMDATA_DBT_PATH": ":memory:"}
        with TemporaryDirectory(dir=target) as folder:
            _invoke(["parse"], settings, Path(folder), nowhere)
            (Path(folder) / manifest.name).replace(manifest)
    return manifest


def last_results(settings: Settings, engine: str) -> tuple[NodeResult, ...]:
    """Return what became of each node when dbt last ran; none where it did not get so far."""
    return _results(target_folder(settings, engine))


def semantic_manifest(settings: Settings, engine: str) -> Path:
    """Return where a build leaves the semantic manifest of the project."""
    return target_folder(settings, engine) / "semantic_manifest.json"


def target_folder(settings: Settings, engine: str) -> Path:
    """Return the folder in which dbt keeps what it makes for an engine."""
    return settings.cache / "dbt" / engine


def _invoke(
    words: Sequence[str],
    settings: Settings,
    target: Path,
    environment: dict[str, str],
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    program: str = PLAIN_DBT,
) -> tuple[NodeResult, ...]:
    """Run dbt with a command's words, for what a target holds; return what became of each node."""
    project = str(project_folder())
    arguments = [
        *words,
        *("--project-dir", project),
        *("--profiles-dir", project),
        *("--target-path", str(target)),
        *("--log-path", str(target)),
        *("--log-format", "json"),
        *("--log-level", "info"),
        *("--log-level-file", "none"),
        *("--vars", json.dumps(_variables(settings))),
    ]
    unwatched = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}
    (target / "run_results.json").unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", _ENDS_WITH_US + program, *arguments],
        env=child_environment(environment | unwatched),
        cwd=settings.cache,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            complaints = list(_follow(process, progress))
            process.wait()
        except BaseException:
            process.terminate()
            raise
    nodes = _results(target)
    _check(process.returncode, nodes, complaints, target)
    return nodes


def project_folder() -> Path:
    """Return the dbt project that ships in the package."""
    return Path(str(resources.files("ecomdata.transform") / "project"))


def _forget_another_project(target: Path) -> str:
    """Drop what dbt made of a project whose files were other ones; return their digest.

    It compares file by file and takes what has moved from one file to another for a second one, so
    an upgrade of the package would end in an error.
    """
    project = project_folder()
    digest = hashlib.sha256()
    for path in sorted(path for path in project.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(project).as_posix()}\n".encode() + path.read_bytes())
    known = target / "project.sha256"
    try:
        target.mkdir(parents=True, exist_ok=True)
        if not known.is_file() or known.read_text("utf-8") != digest.hexdigest():
            for made in ("partial_parse.msgpack", "manifest.json"):
                (target / made).unlink(missing_ok=True)
            known.write_text(digest.hexdigest(), "utf-8")
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise WarehouseFullError(
                f"no space left in {target}: free some, then run ecomdata build"
            ) from exc
        raise WarehouseDeniedError(
            f"{target} cannot be written: {exc.strerror}; check who owns it"
        ) from exc
    return digest.hexdigest()


def _variables(settings: Settings) -> dict[str, Any]:
    return {"shop_currency": settings.currency, "max_rejected": float(settings.max_rejected)}


def _follow(
    process: subprocess.Popen[str], progress: Callable[[str, int, int], None]
) -> Iterator[str]:
    """Report finished nodes as dbt logs them; yield what it says of errors."""
    assert process.stdout is not None
    for line in process.stdout:
        try:
            event = json.loads(line)
        except ValueError:
            yield line.strip()
            continue
        info, data = event.get("info", {}), event.get("data", {})
        if "total" in data and "index" in data and info.get("name") in _FINISHED:
            name = data.get("node_info", {}).get("node_name", "")
            progress(name, int(data["index"]), int(data["total"]))
        elif info.get("level") == "error":
            yield str(info.get("msg", "")).strip()


_FINISHED = frozenset({"LogModelResult", "LogTestResult", "LogNodeResult", "LogFreshnessResult"})


def _results(target: Path) -> tuple[NodeResult, ...]:
    path = target / "run_results.json"
    if not path.exists():
        return ()
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return tuple(
        NodeResult(
            name=result["unique_id"].split(".", 2)[2],
            kind=result["unique_id"].split(".", 1)[0],
            status=result["status"],
            seconds=result["execution_time"],
            message=result["message"],
            rows=_rows(result["adapter_response"]),
        )
        for result in results
    )


def _rows(response: dict[str, Any]) -> int | None:
    """Return how many rows a model has, where the adapter counts them (DuckDB's does not)."""
    affected = response.get("rows_affected")
    return affected if isinstance(affected, int) and affected >= 0 else None


def _check(code: int, nodes: Sequence[NodeResult], complaints: list[str], target: Path) -> None:
    failed = [node for node in nodes if node.status in ("error", "fail")]
    if code == 0 and not failed:
        return
    if any(node.name.startswith(GATE) for node in failed):
        raise TooManyRejectedError(
            "more records of the last load were refused than max_rejected allows; the figures "
            "are still those of before. See `ecomdata quarantine`; load corrected files, or "
            "raise the limit with --max-rejected"
        )
    said = "\n".join([*complaints, *(node.message or "" for node in failed)])
    if full := _FULL.search(said):
        raise WarehouseFullError(
            f"no space left for the build: free some, then run ecomdata build ({full[0].strip()})"
        )
    if broken := _BROKEN.search(said):
        raise WarehouseUnreachableError(
            "the connection to the warehouse broke during the build; run the command again "
            f"({broken[0].strip()})"
        )
    if "Could not set lock on file" in said:
        raise WarehouseBusyError("another process opened the DuckDB file during the build")
    if not failed:
        raise BuildError(f"dbt ended with code {code}: {said.strip()[-2000:] or 'it said nothing'}")
    listed = "; ".join(
        f"{node.kind} {node.name}: {' '.join((node.message or node.status).split())[:300]}"
        for node in failed[:5]
    )
    more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
    raise BuildError(f"{listed}{more}. Compiled SQL is in {target / 'compiled'}")
