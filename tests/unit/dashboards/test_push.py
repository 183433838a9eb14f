"""What Superset is given with the dashboards."""

import io
import json
import zipfile
from typing import Any

import pytest

from ecomdata.dashboards.assets import DATABASE_FILE
from ecomdata.dashboards.push import push
from ecomdata.dashboards.superset import Superset

READER = "postgresql+psycopg2://ecomdata_reader"


class Recording(Superset):
    """Keeps what is sent to it."""

    def upload(self, path: str, name: str, content: bytes, fields: Any) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            document = json.loads(archive.read(f"ecomdata/{DATABASE_FILE}"))
        self.sent = document["sqlalchemy_uri"], json.loads(fields["passwords"])


@pytest.mark.parametrize(
    ("password", "sent"),
    [
        # Superset's import takes a password only for a URL that has the mask of one
        ("a@b", (f"{READER}:XXXXXXXXXX@db/shop", {"databases/warehouse.yaml": "a@b"})),
        ("", (f"{READER}@db/shop", {})),
    ],
)
def test_the_readers_password_goes_beside_the_url_which_says_that_there_is_one(
    password: str, sent: tuple[str, dict[str, str]]
) -> None:
    superset = Recording("http://127.0.0.1:8088")
    push(superset, f"{READER}@db/shop", password, "EUR")
    assert superset.sent == sent
