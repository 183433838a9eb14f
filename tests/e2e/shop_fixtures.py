"""One generated shop, run once per engine in each test process that needs it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from command_line import Answer, Project, lines
from filelock import FileLock

#: Folders as people name them.
PLACE = "Meine Läden & more"

#: Refused lines that a spreadsheet would run, and a product that nobody ever bought.
LATE_ORDERS = """order_id,line_number,product_id,quantity,total_price,order_date
=cmd|' /C calc'!A0,1,P00001,"=HYPERLINK(""http://evil"")",5.00,2025-03-04
@SUM(1),1,P00001,+1+1,5.00,2025-03-04
"""
LATE_PRODUCTS = """product_id,product_name,category,price,unit_cost
P99999,=1+1,Nobody's,9.99,1.00
"""


@dataclass(frozen=True)
class Shop:
    """A generated shop and two files that came later; `truth` knows nothing of those."""

    folder: Path

    @property
    def kpis(self) -> dict[str, Any]:
        """The true figures."""
        found: dict[str, Any] = json.loads((self.folder / "truth" / "kpis.json").read_text())
        return found

    @property
    def dirt(self) -> list[dict[str, Any]]:
        """The planted faults."""
        return [json.loads(line) for line in lines(self.folder / "truth" / "dirt.jsonl")]


@dataclass(frozen=True)
class Ran(Project):
    """A project after `ecomdata run`."""

    first: Answer = Answer(0, "", "")

    @property
    def shop(self) -> Shop:
        """What was loaded."""
        return Shop(self.folder / "shop")


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
    folder = tmp_path_factory.mktemp("copied") / PLACE
    shutil.copytree(duckdb_run.folder, folder)
    return Ran(folder, first=duckdb_run.first)


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


def run_new_shop(project: Project) -> Answer:
    """Generate the shop and run it."""
    project("generate", "shop", "--orders", "400", "--dirt", "0.02")
    shop = project.folder / "shop"
    (shop / "late orders.csv").write_text(LATE_ORDERS, encoding="utf-8")
    (shop / "late products.csv").write_text(LATE_PRODUCTS, encoding="utf-8")
    return project("run", "shop")
