"""Spark builds the models over a lake of Parquet files; DuckDB loads and reads the same files.

What is loaded, noted and read is small beside what is built, and a JVM takes seconds to start: so
a connection is DuckDB's, over the lake's files, and Spark runs where dbt does
(docs/decisions/0020).
"""

import re
import shutil
import socket
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import ClassVar

import duckdb

from ecomdata.errors import (
    UsageError,
    WarehouseDeniedError,
    WarehouseError,
    WarehouseUnreachableError,
)
from ecomdata.settings import child_environment
from ecomdata.warehouse.duckdb import CONFIG, SEAL, WithoutRoles, usual_memory_limit
from ecomdata.warehouse.lake import LOCK, Lake
from ecomdata.warehouse.lake_connection import LakeConnection, Opened
from ecomdata.warehouse.lake_parts import literal
from ecomdata.warehouse.lock import always_held, file_lock

#: The oldest Java that this Spark runs on.
OLDEST_JAVA = 17
INSTALL = "pip install 'ecomdata-insights[spark]'"
_JAVA_ADVICE = (
    f"install Java {OLDEST_JAVA} or newer (Debian: apt-get install openjdk-17-jre-headless), or "
    "name one in JAVA_HOME"
)


@dataclass(frozen=True)
class SparkWarehouse(WithoutRoles):
    """A lake, and the Spark that builds in it.

    Args:
        master: where Spark runs: local[2], spark://host:port, yarn, k8s://...
        folder: the lake's; every executor sees it under this path.
        conf: further settings of Spark.
        memory_limit: what DuckDB may keep in memory.
        temp_directory: where DuckDB keeps the rest; None is in the lake.
    """

    master: str
    folder: Path
    conf: Mapping[str, str]
    memory_limit: str | None = None
    temp_directory: Path | None = None
    engine: ClassVar[str] = "spark"
    dialect: ClassVar[str] = "duckdb"
    named: ClassVar[str] = "a lake"

    @property
    def lake(self) -> Lake:
        """The tables."""
        return Lake(self.folder)

    @property
    def display(self) -> str:
        """Where Spark runs, and over which lake."""
        name = self.master if self.master.startswith("spark:") else f"spark:{self.master}"
        return f"{name}?lake={self.folder}"

    @contextmanager
    def connect(self, *, read_only: bool = False) -> Iterator[LakeConnection]:
        """Open the lake, making its folder where there is none yet."""
        manifest = self.lake.latest()
        if read_only and not manifest.number:
            raise WarehouseError(
                f"{self.folder} does not exist: load something first (ecomdata run DIR)"
            )
        self._make_folder()
        raw = duckdb.connect(":memory:", config=CONFIG | self._limits)
        state = Opened(manifest.number, dict(manifest.tables))
        connection = LakeConnection(raw, self.folder, self.lake, state)
        try:
            connection.show()
            if read_only:
                connection.execute(f"set allowed_directories = [{literal(f'{self.folder}/')}]")
                connection.execute(SEAL)
                connection = LakeConnection(raw, self.folder, self.lake, state, read_only=True)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def exclusive(self, timeout: float) -> Iterator[Callable[[], None]]:
        """Hold the lake's lock; what is named by no manifest any more goes first."""
        self._make_folder()
        with file_lock(self.folder / LOCK, timeout):
            if self.lake.latest().number:
                self.lake.sweep()
            yield always_held

    def dbt_environment(self) -> dict[str, str]:
        """The variables that the project's profiles.yml reads."""
        return {"ECOMDATA_DBT_TARGET": "spark"}

    @property
    def dbt_program(self) -> str:
        """The Python that runs dbt: within a Spark session over the lake.

        Raises:
            WarehouseError: see `require_spark`.
        """
        require_spark(self.master)
        return (
            "from dbt.cli.main import cli\n"
            "from ecomdata.warehouse.spark_session import building\n"
            f"with building({str(self.folder)!r}, {self.master!r}, {dict(self.conf)!r}):\n"
            "    cli()\n"
        )

    def backup(self, file: Path) -> None:
        """Write the latest manifest and its files into a tar archive."""
        manifest = self.lake.latest()
        with tarfile.open(file, "w") as archive:
            archive.add(self.lake.path_of(manifest), "manifest.json")
            for table in manifest.tables.values():
                for part in table.parts:
                    archive.add(self.folder / part, part)

    def restore(self, file: Path) -> tuple[str, ...]:
        """Put a backup in the lake's place: its files, then a manifest of them."""
        try:
            with tarfile.open(file) as archive:
                if "manifest.json" not in archive.getnames():
                    raise UsageError(f"{file} is no backup of a lake: it has no manifest")
                self._make_folder()
                archive.extractall(self.folder / "restored", filter="data")
        except tarfile.TarError as exc:
            raise UsageError(f"{file} is no backup of a lake: {exc}") from exc
        self.lake.adopt(self.folder / "restored")
        return ()

    @property
    def _limits(self) -> dict[str, str]:
        return {
            "memory_limit": self.memory_limit or usual_memory_limit(),
            "temp_directory": str(self.temp_directory or self.folder / "tmp"),
        }

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as exc:
            raise WarehouseDeniedError(f"{self.folder}: {exc.strerror}; name another") from exc


def require_spark(master: str) -> None:
    """Look for what Spark needs.

    Raises:
        WarehouseError: pyspark, dbt's adapter or Java is missing; says what to do.
        WarehouseUnreachableError: no master answers.
    """
    for package in ("pyspark", "dbt-spark"):
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError as exc:
            raise WarehouseError(
                f"{package} is not installed, which Spark needs: {INSTALL}"
            ) from exc
    version = java_version()
    if version is None or version < OLDEST_JAVA:
        found = "no Java was found" if version is None else f"Java {version} was found"
        raise WarehouseError(f"Spark cannot build: {found}; {_JAVA_ADVICE}")
    _require_master(master)


def java_version() -> int | None:
    """Return the major version of the Java that Spark would start, None where there is none."""
    home = child_environment({}).get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        return None
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def _require_master(master: str) -> None:
    """Ask whether a standalone master is there: Spark itself asks for a minute."""
    if not master.startswith("spark://"):
        return
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=5).close()
            return
        except (OSError, ValueError):
            continue
    raise WarehouseUnreachableError(
        f"no Spark master answers at {master}: start the cluster, or build on this machine "
        "with spark:local[*]"
    )
