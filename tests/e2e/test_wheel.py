"""The wheel is whole, and installed it works from a folder that nobody may write in."""

import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import BOUND_BY_PERMISSIONS, Project

import ecomdata

pytestmark = pytest.mark.xdist_group("e2e-wheel")

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
ABOUT = f"ecomdata_insights-{ecomdata.__version__}.dist-info/"
#: One of each kind of file that is no Python, and that the package could not do without.
NEEDED = (
    "transform/project/dbt_project.yml",
    "transform/project/profiles.yml",
    "transform/project/models/final/final_sales_report.sql",
    "transform/project/models/final/final_sales_report.yml",
    "transform/project/macros/measures.sql",
    "transform/project/tests/conservation/records_become_rows_or_rejects.sql",
    "ingest/connectors/brief/connector.toml",
    "ingest/connectors/online_retail/connector.toml",
    "ingest/connectors/online_retail/orders.sql",
    "dashboards/assets/databases/warehouse.yaml",
    "dashboards/assets/dashboards/sales.yaml",
    "report/static/report.js",
    "report/static/report.css",
    "report/static/echarts.min.js",
    "report/static/LICENSES.txt",
    "report/templates/report.html.j2",
    "generate/pools/names.json",
    "generate/pools/catalogue.json",
    "py.typed",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    [path] = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An environment with the wheel in a closed folder; what it depends on is borrowed."""
    folder = tmp_path_factory.mktemp("Programs & more")
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python")
    _run(*pip, "--disable-pip-version-check", "install", "--no-deps", "--no-index", wheel)
    package = _package(folder)
    # Only now, or pip would see the checkout's own installation. A folder named in a .pth file
    # is searched, but its own .pth files, such as that of the checkout, are not read.
    (package.parent / "borrowed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    for path in (package, *package.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in (package, *package.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _run(*words: str | Path) -> str:
    done = subprocess.run(
        list(map(str, words)),
        env=Project(ROOT).environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _package(environment: Path) -> Path:
    [package] = environment.glob("lib/python*/site-packages/ecomdata")
    return package


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file and folder."""
    found = {path: path.stat() for path in (folder, *folder.rglob("*"))}
    return {
        path.relative_to(folder).as_posix(): (state.st_size, state.st_mtime_ns)
        for path, state in found.items()
    }


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    sources = {
        path.relative_to(SOURCES).as_posix(): path.read_bytes()
        for path in (SOURCES / "ecomdata").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assets = ROOT / "deploy" / "superset" / "assets"
    sources |= {
        f"ecomdata/dashboards/assets/{path.relative_to(assets).as_posix()}": path.read_bytes()
        for path in assets.rglob("*.yaml")
    }
    assert [name for name in NEEDED if f"ecomdata/{name}" not in held] == []
    assert {name: held[name] for name in held if not name.startswith(ABOUT)} == sources
    assert {name.removeprefix(ABOUT) for name in held.keys() - sources.keys()} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip
    assert wheel.name == f"ecomdata_insights-{ecomdata.__version__}-py3-none-any.whl"


def test_the_wheel_carries_the_licences_of_all_that_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{ABOUT}licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        others = archive.read("ecomdata/report/static/LICENSES.txt").decode()
        metadata = archive.read(f"{ABOUT}METADATA").decode()
    assert "echarts" in others.lower() and "Apache License" in others
    assert "License-Expression: Apache-2.0\nLicense-File: LICENSE\n" in metadata


def test_installed_in_a_closed_folder_everything_works_and_nothing_is_left_there(
    environment: Path, tmp_path: Path
) -> None:
    package = _package(environment)
    where = "import ecomdata; print(ecomdata.__file__)"
    assert _run(environment / "bin" / "python", "-c", where) == f"{package / '__init__.py'}\n"
    before = listing(package)
    installed = (*BOUND_BY_PERMISSIONS, str(environment / "bin" / "ecomdata"))
    project = Project(tmp_path, command=installed)
    assert project("--version").out == f"ecomdata {ecomdata.__version__}\n"
    project("generate", "shop", "--orders", "300")
    (tmp_path / "demo").mkdir()
    said = project("run", "shop", "--project", "demo").out  # as `make demo`, with a smaller shop
    assert said.endswith(f"report: {tmp_path / 'demo' / 'report.html'}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"shop", "demo"}
    project("report", "--project", "demo", "--out", "again.html")
    assert (tmp_path / "again.html").stat().st_size > 500_000
    assert listing(package) == before
