"""What a build read and made, as OpenLineage events: tables, columns, SQL and tests, and no row.

The events are made by OpenLineage's own library of what dbt leaves behind; no message of an error
is among it, which could quote a row.
"""

import importlib.util
from contextlib import closing
from pathlib import Path
from typing import Any

from ecomdata.errors import EcomDataError, UsageError
from ecomdata.settings import Settings
from ecomdata.warehouse import Warehouse

_PRODUCER = "https://pypi.org/project/ecomdata-insights"


class LineageError(EcomDataError):
    """The events could not be delivered; what was built stays."""


def require_library() -> None:
    """Check that events can be made.

    Raises:
        UsageError: OpenLineage is not installed.
    """
    parts = ("openlineage", "openlineage.client", "openlineage.common")  # a package each
    if any(importlib.util.find_spec(part) is None for part in parts):
        raise UsageError(
            "the setting openlineage wants OpenLineage, which is not installed: "
            "pip install 'ecomdata-insights[openlineage]'"
        )


def emit(settings: Settings, warehouse: Warehouse, project: Path, target: Path) -> int:
    """Deliver what dbt's last run read and made to the settings' `openlineage`; return the events.

    Args:
        settings: a URL of an OpenLineage API, or a file to which lines of JSON are added.
        warehouse: what was built.
        project: the dbt project.
        target: folder of what dbt wrote.

    Raises:
        LineageError: nobody answered there, or the file cannot be written.
    """
    from openlineage.client import OpenLineageClient
    from openlineage.common.provider.dbt.local import DbtLocalArtifactProcessor

    class Artifacts(DbtLocalArtifactProcessor):
        def get_dbt_metadata(self) -> tuple[Any, Any, dict[str, str], None]:
            """Return the artifacts, and where the warehouse is without who we are there."""
            manifest = self.load_metadata(self.manifest_path, list(range(2, 13)), self.logger)
            results = self.load_metadata(self.run_result_path, list(range(2, 7)), self.logger)
            return manifest, results, _profile(warehouse), None

    artifacts = Artifacts(
        producer=_PRODUCER,
        job_namespace="ecomdata",
        project_dir=str(project),
        target_path=str(target),
    )
    try:
        events = artifacts.parse().events()
        with closing(OpenLineageClient(config={"transport": _transport(settings)})) as client:
            for event in events:
                client.emit(event)
    except Exception as exc:  # the library and its transports raise what they like
        raise LineageError(
            f"its lineage was not delivered ({type(exc).__name__}): does what the setting "
            "openlineage names answer?"
        ) from exc
    return len(events)


def _profile(warehouse: Warehouse) -> dict[str, str]:
    told = warehouse.dbt_environment()
    names = {"type": "TARGET", "path": "PATH", "host": "HOST", "port": "PORT", "dbname": "DATABASE"}
    found = {name: told.get(f"ECOMDATA_DBT_{variable}") for name, variable in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _transport(settings: Settings) -> dict[str, Any]:
    where = settings.openlineage or ""
    if not where.startswith(("http://", "https://")):
        path = settings.project / where
        return {"type": "file", "log_file_path": str(path), "append": True}
    transport: dict[str, Any] = {"type": "http", "url": where}
    if settings.openlineage_key is not None:
        key = settings.openlineage_key.get_secret_value()
        transport["auth"] = {"type": "api_key", "apiKey": key}
    return transport
