"""The files of `deploy/superset/assets` as Superset takes them: one archive, the same bytes always.

`deploy/superset/generate.py` writes the files. What they cannot know, they are told here: where the
warehouse is, and the shop's currency.
"""

import copy
import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import yaml

#: The slugs of the dashboards.
DASHBOARDS: Final = ("ecomdata-sales", "ecomdata-products", "ecomdata-customers")

#: A member of the archive that Superset takes a password for.
DATABASE_FILE: Final = "databases/warehouse.yaml"

#: In a chart's parameters: where no row is no fault. "always", or the KPI that is not in the data.
MAY_BE_EMPTY: Final = "ecomdata_may_be_empty"

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, if it is there
_METADATA: Final = {"version": "1.0.0", "type": "assets", "timestamp": "2000-01-01T00:00:00+00:00"}


def bundle(database: str, currency: str) -> bytes:
    """Return the archive for Superset's import of assets.

    Args:
        database: SQLAlchemy's URL of the warehouse, without a password.
        currency: ISO 4217 code of the shop's money; empty writes numbers alone.
    """
    members = {"metadata.yaml": _METADATA}
    for path, document in copy.deepcopy(documents()):
        if path == DATABASE_FILE:
            document["sqlalchemy_uri"] = database
        members[path] = _in_currency(document, currency) if currency else document
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for path, document in members.items():
            text = json.dumps(document)  # which is YAML, and written ten times as fast
            archive.writestr(zipfile.ZipInfo(f"ecomdata/{path}"), text, zipfile.ZIP_DEFLATED)
    return found.getvalue()


def _in_currency(document: dict[str, Any], currency: str) -> dict[str, Any]:
    """Say what the money of a dataset's metrics, or of a chart's columns, is counted in."""
    written = {"symbol": currency, "symbolPosition": "suffix"}
    for metric in document.get("metrics", ()):
        if metric["extra"]["unit"] == "money":
            metric["currency"] = written
    for column in document.get("params", {}).get("column_config", {}).values():
        if "currencyFormat" in column:
            column["currencyFormat"] = written
    return document


@cache
def documents() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return every asset with its path, in order of the paths; nobody changes them."""
    return tuple(_documents(_folder(), ""))


def _documents(folder: Traversable, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            yield from _documents(each, f"{path}{each.name}/")
        elif each.name.endswith(".yaml"):
            yield f"{path}{each.name}", yaml.load(each.read_text(encoding="utf-8"), _LOADER)


def _folder() -> Traversable:
    """Return the package's folder of assets; in a checkout, which has none, the checkout's."""
    packaged = resources.files("ecomdata.dashboards") / "assets"
    checkout = Path(__file__).parents[3] / "deploy" / "superset" / "assets"
    return packaged if packaged.is_dir() else checkout
