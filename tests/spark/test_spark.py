"""Spark's builds, in an environment of their own: `make test-spark`."""

import csv
import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import handmade
import pytest
from benches import Built
from hypothesis import given, settings
from proof import assert_proven
from random_shops import LENIENT, Drawn, shops, side_by_side
from shops import final_tables, load, rows, shop, types
from snapshots import Snapshot, snapshot

from ecomdata.errors import TooManyRejectedError
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.transform import changes
from ecomdata.warehouse import open_warehouse
from ecomdata.warehouse.lake import Lake
from ecomdata.warehouse.spark import OLDEST_JAVA, java_version

ROOT = Path(__file__).parents[2]
#: The quick compiler alone has a fifth of the usual room for code, which a build fills.
JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
#: A little of everything: the shop has thirty records.
SMALL = (
    "spark.driver.memory=1g&spark.executor.memory=512m&spark.sql.shuffle.partitions=2"
    f"&spark.driver.extraJavaOptions={JAVA}&spark.executor.extraJavaOptions={JAVA}"
)
HERE = f"spark:local[2]?{SMALL}"
BOTH = {"spark": HERE, "duckdb": "duckdb:///shop.duckdb"}
UCI = ROOT.parent / "shared/data/uci_online_retail"

#: How many random shops are built at once.
RANDOM_SHOPS = 10

#: The number of the load that changes the hand-made shop.
CHANGED = 2
#: O2 is no longer the first order of C2.
LATE = {
    "later": handmade.ORDERS.splitlines(keepends=True)[0]
    + "O20,C2,P5,1,3.00,2024-01-03,1,,,paid,EUR,web\n"
}


@pytest.fixture(scope="module", autouse=True)
def java() -> None:
    """Spark runs on Java; in CI there must be one."""
    if (version := java_version()) is None or version < OLDEST_JAVA:
        reason = f"Spark needs Java {OLDEST_JAVA} or newer, and found {version}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def made(folder: Path, warehouse: str) -> Pipeline:
    """A pipeline over an empty warehouse."""
    folder.mkdir(parents=True)
    return Pipeline(load_settings(project=folder, warehouse=warehouse, max_rejected="0.5"))


@pytest.fixture(scope="module", autouse=True)
def _however_much_changed() -> Iterator[None]:
    """A tiny shop changes as a whole, and is to be built of what changed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "WIDEST", 1000)
        yield


def history(pipeline: Pipeline, full_refresh: bool) -> list[Snapshot]:
    """Load and build the hand-made shop's first files, then the changed ones on top."""
    return [
        loaded_and_built(pipeline, handmade.FILES, full_refresh),
        loaded_and_built(pipeline, handmade.CHANGED, full_refresh),
    ]


def loaded_and_built(
    pipeline: Pipeline, files: Mapping[str, str], full_refresh: bool, undo: int | None = None
) -> Snapshot:
    """Load files, take a load back if one is named, and build."""
    load(pipeline, shop(pipeline.settings.project / "shop", **files))
    if undo:
        pipeline.undo(undo)
    pipeline.build([], full_refresh)
    return snapshot(pipeline)


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    """What DuckDB makes of the hand-made shop, and of what comes then, each time of everything."""
    pipeline = made(tmp_path_factory.mktemp("duckdb") / "shop", "duckdb:///shop.duckdb")
    snapshots = history(pipeline, full_refresh=True)
    return [*snapshots, loaded_and_built(pipeline, LATE, full_refresh=True, undo=CHANGED)]


@pytest.fixture(scope="module")
def sparks_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The hand-made shop's lake."""
    return made(tmp_path_factory.mktemp("spark") / "shop", HERE)


@pytest.fixture(scope="module")
def on_spark(sparks_pipeline: Pipeline) -> list[Snapshot]:
    """What Spark makes of the hand-made shop: the second time, of what changed."""
    snapshots = history(sparks_pipeline, full_refresh=False)
    assert only_changes_were_made(sparks_pipeline)
    return snapshots


@pytest.mark.parametrize("moment", [0, 1], ids=["first", "after the changes"])
def test_every_final_table_and_kpi_is_duckdbs_cell_by_cell(
    on_duckdb: list[Snapshot], on_spark: list[Snapshot], moment: int
) -> None:
    assert_same(on_spark[moment], on_duckdb[moment])


def test_too_many_refused_records_leave_the_figures_as_they_were(
    on_spark: list[Snapshot], sparks_pipeline: Pipeline, tmp_path: Path
) -> None:
    header, first, *_ = handmade.ORDERS.splitlines(keepends=True)
    bad = first.replace("2024-01-10", "soon")
    folder = shop(tmp_path / "bad", orders=header + first.replace("O1", "N1") + bad + bad)
    loaded = load(sparks_pipeline, folder)
    assert loaded.load_id is not None
    with pytest.raises(TooManyRejectedError):
        sparks_pipeline.build([], False)
    after, before = final_tables(sparks_pipeline), on_spark[1].final
    assert {name for name in after if after[name] != before[name]} == {"final_data_quality"}
    refused = rows(sparks_pipeline, "meta.quarantine", "load_id", "rule")
    assert (loaded.load_id, "invalid_date") in refused
    sparks_pipeline.undo(loaded.load_id)


def test_a_build_that_is_killed_changes_nothing(
    on_spark: list[Snapshot], sparks_pipeline: Pipeline
) -> None:
    lake = Lake(sparks_pipeline.settings.project / "lake")
    before = final_tables(sparks_pipeline)
    with building(sparks_pipeline) as build:
        wait_for_a_table(lake, build)
        os.killpg(build.pid, signal.SIGKILL)
    assert final_tables(sparks_pipeline) == before


def test_what_comes_late_and_what_is_undone_are_made_anew_as_if_all_were(
    on_duckdb: list[Snapshot], on_spark: list[Snapshot], sparks_pipeline: Pipeline
) -> None:
    """Behind a build that was refused, and one that was killed."""
    found = loaded_and_built(sparks_pipeline, LATE, full_refresh=False, undo=CHANGED)
    assert only_changes_were_made(sparks_pipeline)
    assert_same(found, on_duckdb[2])


def test_a_worker_that_dies_in_the_middle_of_a_build_changes_nothing_in_what_is_built(
    on_duckdb: list[Snapshot], tmp_path: Path
) -> None:
    of = runpy.run_path(str(ROOT / "deploy/spark/cluster.py"))
    (tmp_path / "cluster").mkdir()
    with of["cluster"](tmp_path / "cluster") as (url, pids):
        pipeline = made(tmp_path / "shop", f"{url}?{SMALL}")
        load(pipeline, shop(tmp_path / "files", **handmade.FILES))
        with building(pipeline) as build:
            wait_for_a_table(Lake(pipeline.settings.project / "lake"), build)
            of["stop"](pids["worker-1"])
            assert build.wait() == 0
        logs = {name: (tmp_path / f"cluster/{name}.log").read_text() for name in pids}
    assert "Asked to launch executor" in logs["worker-1"]  # it had work
    assert "Asked to launch executor" in logs["worker-2"]
    assert final_tables(pipeline) == on_duckdb[0].final
    assert types(pipeline, "final") == on_duckdb[0].types


def test_net_sales_of_random_shops_agree_in_every_model_by_everything(tmp_path: Path) -> None:
    """As on the other engines, and every final table is DuckDB's; in one build, as each is long."""
    drawn = drawn_side_by_side(RANDOM_SHOPS)
    files = written(drawn, tmp_path / "files")
    pipelines = [built(tmp_path / name, warehouse, files) for name, warehouse in BOTH.items()]
    for pipeline in pipelines:
        database = open_warehouse(pipeline.settings)
        with database.connect() as connection:
            assert_proven(Built(database.dialect, connection), drawn)
    assert_same(*map(snapshot, pipelines))


@pytest.mark.skipif(not UCI.is_dir(), reason=f"the public data set is not at {UCI}")
def test_a_real_shop_is_duckdbs_cell_by_cell(tmp_path: Path) -> None:
    """Two months of UCI Online Retail, 105,335 lines in 68 files."""
    assert_same(
        *(snapshot(built(tmp_path / name, warehouse, UCI)) for name, warehouse in BOTH.items())
    )


def built(folder: Path, warehouse: str, files: Path) -> Pipeline:
    """A pipeline over a warehouse that was built of files."""
    pipeline = made(folder, warehouse)
    load(pipeline, files)
    pipeline.build([], True)
    return pipeline


def drawn_side_by_side(count: int) -> Drawn:
    """Random shops, always the same ones, as one."""
    found: list[Drawn] = []

    @settings(LENIENT, max_examples=count)
    @given(shops())
    def draw(each: Drawn) -> None:
        found.append(each)

    draw()
    return side_by_side(found)


def written(drawn: Drawn, folder: Path) -> Path:
    """A shop's files."""
    folder.mkdir()
    for name, records in drawn.rows(numbered=True).items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, records[0])
            writer.writeheader()
            writer.writerows(records)
    return folder


def assert_same(found: Snapshot, expected: Snapshot) -> None:
    """Every final table, its types and all KPIs are the same."""
    assert found.types == expected.types
    assert found.final == expected.final
    assert found.kpis == expected.kpis
    assert found.headline == expected.headline


def only_changes_were_made(pipeline: Pipeline) -> bool:
    """Whether the last build made the ledger's rows of what changed, and no others."""
    [sql] = (pipeline.settings.cache / "dbt/spark/compiled").rglob("int_revenue_ledger.sql")
    return "changed_entries" in sql.read_text()


@contextmanager
def building(pipeline: Pipeline) -> Iterator["subprocess.Popen[bytes]"]:
    """`ecomdata build` as a process that leads a group of its own."""
    settings = pipeline.settings
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "ecomdata", "build", "--no-progress"),
            *("--project", str(settings.project), "--warehouse", settings.warehouse),
        ],
        env=os.environ | {"ECOMDATA_MAX_REJECTED": "0.5"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_a_table(lake: Lake, build: "subprocess.Popen[bytes]") -> None:
    """Wait until the build has made one of its tables."""
    known = set(lake.folder.glob("builds/*/*/*/_SUCCESS"))
    while not set(lake.folder.glob("builds/*/*/*/_SUCCESS")) - known:
        assert build.poll() is None, "the build ended before it made a table"
        time.sleep(0.1)
