"""One generated shop, run once per engine in each test process that needs it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Answer, Project
from filelock import FileLock
from generated_shop import PLACE, Ran, copied, run_new_shop


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all test processes of this run have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "popen-" in base.name else base


@pytest.fixture(scope="session")
def duckdb_run(shared_folder: Path) -> Ran:
    """A project on DuckDB after `ecomdata run`, made once for all processes: only look at it."""
    folder = shared_folder / PLACE
    answer = folder / "answer.json"
    with FileLock(shared_folder / "duckdb.lock"):
        if not answer.exists():
            folder.mkdir()
            done = run_new_shop(Project(folder))
            answer.write_text(json.dumps([done.code, done.out, done.err]), encoding="utf-8")
    return Ran(folder, first=Answer(*json.loads(answer.read_text("utf-8"))))


@pytest.fixture(scope="session")
def duckdb_project(duckdb_run: Ran, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A copy of it, to work with."""
    return copied(duckdb_run, tmp_path_factory.mktemp("copied"))


@pytest.fixture(scope="session")
def postgres_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The same on the project's own PostgreSQL server, stopped at the end."""
    folder = tmp_path_factory.mktemp("on postgres") / PLACE
    folder.mkdir()
    project = Project(folder, "postgres")
    try:
        yield Ran(folder, "postgres", first=run_new_shop(project))
    finally:
        project("warehouse", "stop")


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(f"e2e-{name}"))
        for name in ("duckdb", "postgres")
    ],
)
def project(request: pytest.FixtureRequest) -> Ran:
    """The project, on each engine."""
    found: Ran = request.getfixturevalue(f"{request.param}_project")
    return found
