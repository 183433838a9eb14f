"""The PostgreSQL server of a test process, used as a user's own is: by an ordinary role."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg
from snapshots import Snapshot

from ecomdata.pipeline import Pipeline

ENGINES = ("duckdb", "postgres")
OWNER, PASSWORD = "shop_owner", "open sesame %"
#: A role that may log in, and read what the owner lets it.
MODELS_READER = "models_reader"

#: Makes a pipeline over an empty warehouse of an engine, with a project in a folder and settings.
NewPipeline = Callable[..., Pipeline]
#: What was built on an engine of the first files, and then of the changed ones on top.
History = Callable[[str], tuple[Snapshot, Snapshot]]


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server for the tests of one process."""

    #: Of a superuser, without a password.
    url: str
    _numbers: Iterator[int] = field(default_factory=count)

    def owners_url(self, database: str) -> str:
        """The URL of the ordinary role, for a database."""
        login = f"{OWNER}:{PASSWORD.replace('%', '%25').replace(' ', '%20')}@"
        return self.url.replace("ecomdata@/ecomdata", f"{login}/{database}")

    def new_database(self) -> str:
        """Make an empty database of the ordinary role and return its URL."""
        name = f"shop_{next(self._numbers)}"
        self.run(f"create database {name} owner {OWNER}")
        return self.owners_url(name)

    def copy_of(self, url: str) -> str:
        """Make a copy of a database that nobody is connected to and return its URL."""
        name = f"shop_{next(self._numbers)}"
        template = url.rpartition("@/")[2].split("?")[0]
        self.run(f"create database {name} template {template} owner {OWNER}")
        return self.owners_url(name)

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []
