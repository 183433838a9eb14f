"""The fixture of the benches: one an engine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import duckdb
import pytest
from benches import Bench
from compiled import read
from servers import History, NewPipeline
from shops import first_build

from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Connection, open_warehouse, prepare
from ecomdata.warehouse.duckdb import DuckDBConnection


@pytest.fixture(scope="session")
def benches(
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Bench]]:
    """The models as they were compiled for the hand-made shop; DuckDB in memory."""
    with ExitStack() as opened:

        @cache
        def on(engine: str) -> Bench:
            history(engine)
            models = read(first_build(shops_pipeline(engine)))
            if engine == "duckdb":
                connection: Connection = DuckDBConnection(
                    duckdb.connect(config={"threads": 1}), Path("memory")
                )
                opened.callback(connection.close)
            else:
                empty = new_pipeline(engine, tmp_path_factory.mktemp("proof"))
                connection = opened.enter_context(open_warehouse(empty.settings).connect())
            prepare(connection)
            return Bench(engine, connection, models)

        yield on
