"""Runs the dbt project that ships in the package, as a process of its own.

A process, because dbt's DuckDB adapter holds the file for as long as its process lives, because
dbt takes 1.7 CPU-seconds to import, and because its memory goes back when it ends. One invocation
per run: its start-up is most of what a small build costs (docs/decisions/0003).
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ecomdata.errors import BuildError, TooManyRejectedError, WarehouseBusyError
from ecomdata.settings import Settings, child_environment
from ecomdata.transform.changes import forget_changes, makes_only_changes, note_changes
from ecomdata.warehouse import PLAIN_DBT, Warehouse

Command = Literal["build", "test", "docs"]

#: The test that stands between quarantine and everything behind it.
GATE = "refused_records_are_within_the_limit"

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
    """
    if command == "build":
        begin_build(warehouse, settings, full_refresh)
    result = _run(command, warehouse, settings, select, progress)
    if command == "build" and not select:
        _end_build(warehouse, settings)
    return result


def begin_build(warehouse: Warehouse, settings: Settings, full_refresh: bool) -> None:
    """Note what changed; see `build_model`. The caller holds the warehouse exclusively."""
    with warehouse.connect() as connection:
        note_changes(
            connection, _models(settings), full_refresh or not warehouse.builds_only_changes
        )


def build_model(warehouse: Warehouse, settings: Settings, model: str) -> BuildResult:
    """Build one model of a build that has begun, with the tests that need none beside it.

    The caller sees to the order, and that nobody else changes the warehouse before `end_build`.
    """
    return _run("build", warehouse, settings, [model])


def end_build(warehouse: Warehouse, settings: Settings) -> BuildResult:
    """Run the tests that look at several models, and say that all models agree with the files."""
    result = _run("test", warehouse, settings, _tests_of_several(graph(settings)))
    _end_build(warehouse, settings)
    return result


def graph(settings: Settings) -> Path:
    """Return dbt's manifest of the project, which needs no warehouse."""
    target = _target(settings, "graph")
    _forget_another_project(target)
    manifest = target / "manifest.json"
    if not manifest.is_file():
        nowhere = {"ECOMDATA_DBT_TARGET": "duckdb", "ECOMDATA_DBT_PATH": ":memory:"}
        with TemporaryDirectory(dir=target) as folder:
            _invoke(["parse"], nowhere, settings, Path(folder))
            (Path(folder) / manifest.name).replace(manifest)
    return manifest


def _tests_of_several(manifest: Path) -> list[str]:
    """Return the tests of models of which none stands before all others."""
    told = json.loads(manifest.read_text("utf-8"))
    parents: dict[str, list[str]] = told["parent_map"]

    @cache
    def before(node: str) -> frozenset[str]:
        return frozenset(parents[node]).union(*map(before, parents[node]))

    return [
        node["name"]
        for name, node in told["nodes"].items()
        if node["resource_type"] == "test"
        and not any(set(parents[name]) <= {last, *before(last)} for last in parents[name])
    ]


def _end_build(warehouse: Warehouse, settings: Settings) -> None:
    with warehouse.connect() as connection:
        forget_changes(connection, _models(settings))


def _models(settings: Settings) -> str:
    """Return what the models are made by."""
    return f"{_digest()} {settings.currency}"


def _run(
    command: Command,
    warehouse: Warehouse,
    settings: Settings,
    select: Sequence[str],
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> BuildResult:
    target = _target(settings, warehouse.engine)
    _forget_another_project(target)
    only_changes = False
    if command == "build":
        with warehouse.connect() as connection:
            only_changes = makes_only_changes(connection, _models(settings))
    words = [
        *_WORDS[command],
        # Not the tests of selected models that read others, too: those may not be built yet.
        *(["--indirect-selection", "buildable", "--select", *select] if select else []),
        *(["--full-refresh"] if command == "build" and not only_changes else []),
    ]
    environment = warehouse.dbt_environment() | {
        "ECOMDATA_DBT_ONLY_CHANGES": "true" if only_changes else "false"
    }
    nodes = _invoke(words, environment, settings, target, progress, warehouse.dbt_program)
    return BuildResult(nodes, target)


def _invoke(
    words: Sequence[str],
    warehouse: dict[str, str],
    settings: Settings,
    target: Path,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
    program: str = PLAIN_DBT,
) -> tuple[NodeResult, ...]:
    """Run dbt; return what it made.

    Args:
        words: the command and its options.
        warehouse: the variables that say where.
        settings: threads, limits and the folder for dbt's own files.
        target: folder for what it writes.
        progress: told of every finished node.
        program: the Python that runs dbt.
    """
    project = str(_project())
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
    environment = child_environment(
        warehouse
        | {
            "ECOMDATA_DBT_THREADS": str(settings.threads),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        }
    )
    (target / "run_results.json").unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        cwd=settings.cache,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            complaints = list(_follow(process, progress))
        except BaseException:
            process.terminate()
            raise
    nodes = _results(target)
    _check(process.returncode, nodes, complaints, target)
    return nodes


def semantic_manifest(settings: Settings, engine: str) -> Path:
    """Return where a build leaves the semantic manifest of the project."""
    return _target(settings, engine) / "semantic_manifest.json"


def _target(settings: Settings, engine: str) -> Path:
    return settings.cache / "dbt" / engine


def _project() -> Path:
    return Path(str(resources.files("ecomdata.transform") / "project"))


def _digest() -> str:
    """Return the digest of the project's files."""
    project = _project()
    digest = hashlib.sha256()
    for path in sorted(path for path in project.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(project).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _forget_another_project(target: Path) -> None:
    """Drop what dbt remembers of a project whose files were other ones.

    It compares file by file and takes what has moved from one file to another for a second one, so
    an upgrade of the package would end in an error.
    """
    target.mkdir(parents=True, exist_ok=True)
    digest = _digest()
    known = target / "project.sha256"
    if not known.is_file() or known.read_text("utf-8") != digest:
        for made in ("partial_parse.msgpack", "manifest.json"):
            (target / made).unlink(missing_ok=True)
        known.write_text(digest, "utf-8")


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
    said = "\n".join(complaints)
    if "Could not set lock on file" in said:
        raise WarehouseBusyError("another process opened the DuckDB file during the build")
    if not failed:
        raise BuildError(f"dbt ended with code {code}: {said[-2000:] or 'it said nothing'}")
    listed = "; ".join(
        f"{node.kind} {node.name}: {' '.join((node.message or node.status).split())[:300]}"
        for node in failed[:5]
    )
    more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
    raise BuildError(f"{listed}{more}. Compiled SQL is in {target / 'compiled'}")
