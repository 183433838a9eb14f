"""Deploys the dashboards: Superset's import of assets, which overwrites what has the same id.

Of its two other imports one leaves databases and charts that are there as they are, and the other
leaves charts without their queries.
"""

import json
from typing import Final

from ecomdata.dashboards.assets import DATABASE_FILE, bundle
from ecomdata.dashboards.superset import Superset

#: A password in a URL, as Superset exports it: from a URL without one the import takes none.
_MASK: Final = "X" * 10


def push(superset: Superset, database: str, password: str, currency: str) -> None:
    """Deploy database, datasets, charts and dashboards; what users and roles may stays.

    `database` is SQLAlchemy's URL of the warehouse, without its password; `currency` the ISO 4217
    code of the shop's money. Password and currency may be empty.

    Raises:
        SupersetError: Superset refused them; nothing was changed.
    """
    passwords = {}
    if password:
        passwords[DATABASE_FILE] = password
        database = database.replace("@", f":{_MASK}@", 1)
    superset.upload(
        "/api/v1/assets/import/",
        "bundle",
        bundle(database, currency),
        {"passwords": json.dumps(passwords)},
    )
