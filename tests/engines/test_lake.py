"""The lake that Spark builds in: loads, undoing, reading and backing up need no Java."""

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from servers import NewPipeline
from shops import CUSTOMERS, HEADER, ORDERS, load, raw_orders, rows, shop

from ecomdata.errors import (
    UsageError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseError,
    WarehouseUnreachableError,
)
from ecomdata.ingest import find_person, forget
from ecomdata.journal import now
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse
from ecomdata.warehouse.lake import Lake, LakeTable
from ecomdata.warehouse.spark import SparkWarehouse, require_spark

pytest_plugins = ["engine_fixtures"]

SECOND = HEADER + "O3,C2,P1,5,15.00,2024-05-03\n"


@pytest.fixture
def pipeline(new_pipeline: NewPipeline, tmp_path: Path) -> Pipeline:
    """A pipeline over an empty lake, and one load in it."""
    pipeline = new_pipeline("spark", tmp_path / "project")
    load(pipeline, shop(tmp_path / "shop", orders=ORDERS, customers=CUSTOMERS))
    return pipeline


def lake_of(pipeline: Pipeline) -> Lake:
    return Lake(pipeline.settings.project / "lake")


def parts(pipeline: Pipeline, table: str) -> tuple[str, ...]:
    return lake_of(pipeline).latest().tables[table].parts


def order_ids(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    return rows(pipeline, "raw.orders", "_load_id", "order_id")


def test_a_load_that_dies_before_its_commit_leaves_no_trace(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = raw_orders(pipeline), rows(pipeline, "meta.loads")
    commit = Lake.commit

    def die(self: Lake, number: int, tables: dict[str, LakeTable]) -> None:
        if len(tables["raw.orders"].parts) > 1:
            raise KeyboardInterrupt
        commit(self, number, tables)

    monkeypatch.setattr(Lake, "commit", die)
    with pytest.raises(KeyboardInterrupt):
        load(pipeline, shop(tmp_path / "second", second=SECOND))
    left = list(lake_of(pipeline).folder.glob("raw/orders/*"))
    assert len(left) == 2  # the files are there,
    assert (raw_orders(pipeline), rows(pipeline, "meta.loads")) == before  # nobody sees them
    monkeypatch.undo()
    assert load(pipeline, tmp_path / "second").load_id == 2
    assert order_ids(pipeline) == [(1, "O1"), (1, "O2"), (2, "O3")]
    assert len(list(lake_of(pipeline).folder.glob("raw/orders/*"))) == 2  # and they are swept


def test_status_shows_what_a_lake_has(pipeline: Pipeline) -> None:
    status = pipeline.status()
    assert status.rows == {
        "raw.customers": 1,
        "raw.orders": 2,
        "raw.products": 0,
        "raw.returns": 0,
    }
    assert [load["records"] for load in status.loads] == [3]


def test_an_undone_load_takes_its_files_with_it_and_no_others(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    [first] = parts(pipeline, "raw.orders")
    load(pipeline, shop(tmp_path / "second", second=SECOND))
    assert pipeline.undo(2).rows == {"orders": 1}
    assert parts(pipeline, "raw.orders") == (first,)
    assert order_ids(pipeline) == [(1, "O1"), (1, "O2")]
    assert pipeline.undo(1).rows == {"customers": 1, "orders": 2}
    assert parts(pipeline, "raw.orders") == ()
    assert order_ids(pipeline) == []


def test_forgetting_writes_anew_only_the_files_that_name_the_person(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    load(pipeline, shop(tmp_path / "second", second=SECOND))
    first, second = parts(pipeline, "raw.orders")
    with open_warehouse(pipeline.settings).connect() as connection:
        forgotten = forget(connection, find_person(connection, "C2"), now())
    assert forgotten.rows == {"orders": 1}
    kept, rewritten = parts(pipeline, "raw.orders")
    assert kept == first
    assert rewritten != second
    assert rows(pipeline, "raw.orders", "order_id", "customer_id") == [
        ("O1", "C1"),
        ("O2", "C1"),
        ("O3", forgotten.pseudonym),
    ]


def test_of_two_who_commit_upon_the_same_manifest_the_second_is_refused(
    pipeline: Pipeline,
) -> None:
    lake = lake_of(pipeline)
    latest = lake.latest()
    lake.commit(latest.number + 1, latest.tables)
    with pytest.raises(WarehouseBusyError, match="nothing was changed: try again"):
        lake.commit(latest.number + 1, {})
    assert lake.latest().tables == latest.tables
    assert list(lake.folder.glob("manifests/*.part")) == []


def test_a_disk_without_hard_links_is_refused_with_what_has_them(
    new_pipeline: NewPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(draft: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(draft), None, str(target))

    monkeypatch.setattr(os, "link", refuse)
    pipeline = new_pipeline("spark", tmp_path / "project")
    with pytest.raises(WarehouseError, match="without hard links.*local disk or NFS"):
        load(pipeline, shop(tmp_path / "shop", orders=ORDERS))
    assert lake_of(pipeline).latest().number == 0


def test_a_reader_goes_on_with_what_it_opened(pipeline: Pipeline, tmp_path: Path) -> None:
    with open_warehouse(pipeline.settings).connect(read_only=True) as connection:
        load(pipeline, shop(tmp_path / "second", second=SECOND))
        pipeline.undo(1)
        seen = connection.query("select order_id from raw.orders order by 1").rows
    assert seen == (("O1",), ("O2",))
    assert order_ids(pipeline) == [(2, "O3")]


def test_what_no_manifest_of_the_last_hour_names_is_swept(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    [first] = parts(pipeline, "raw.orders")
    lake = lake_of(pipeline)
    pipeline.undo(1)
    load(pipeline, shop(tmp_path / "second", second=SECOND))
    assert (lake.folder / first).is_dir()  # somebody may read it still
    for path in lake.folder.glob("manifests/*.json"):
        os.utime(path, (time.time() - 3700,) * 2)
    lake.sweep()
    assert not (lake.folder / first).exists()
    assert len(list(lake.folder.glob("manifests/*.json"))) == 1
    assert order_ids(pipeline) == [(1, "O3")]


def test_of_an_old_build_only_the_months_and_tables_that_count_are_kept(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    may, june = (f"builds/old/staging/stg_orders/_part=2024-0{month}" for month in (5, 6))
    june_anew = june.replace("old", "new")
    report, dead = "builds/old/final/final_sales_report", "builds/dead/final/final_sales_report"
    for part in (may, june, june_anew, report, dead):
        (tmp_path / part).mkdir(parents=True)
    lake.commit(1, {"staging.stg_orders": LakeTable((("order_id", "VARCHAR"),), (may, june_anew))})
    lake.sweep()
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("builds/*/*/*/*")}
    assert kept == {may, june_anew}
    assert sorted(path.name for path in tmp_path.glob("builds/*")) == ["new", "old"]
    assert not (tmp_path / report).exists()


@pytest.mark.parametrize(
    "sql",
    [
        "copy (select 1) to '{lake}/raw/x.parquet'",
        "insert into raw.orders (order_id) values ('x')",
        "set enable_external_access = true",
        "attach '{lake}/x.db'",
        "select 1; drop view raw.orders",
    ],
)
def test_a_reader_can_run_nothing_but_queries(pipeline: Pipeline, sql: str) -> None:
    lake = lake_of(pipeline).folder
    with pytest.raises(WarehouseDeniedError, match="only SELECT can be run"):
        pipeline.query(sql.format(lake=lake))


def test_a_reader_reads_no_file_outside_the_lake(pipeline: Pipeline, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(WarehouseDeniedError):
        pipeline.query(f"select * from read_csv('{secret}')")


def test_a_lake_in_the_folder_of_the_exports_is_no_export(
    new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    pipeline = new_pipeline("spark", tmp_path)
    shop(tmp_path, orders=ORDERS)
    assert [load(pipeline, tmp_path).load_id for _ in range(2)] == [1, None]


def test_a_backup_brings_back_what_the_lake_had(pipeline: Pipeline, tmp_path: Path) -> None:
    before = raw_orders(pipeline), rows(pipeline, "meta.loads")
    pipeline.backup(tmp_path / "lake.backup")
    pipeline.undo(1)
    assert raw_orders(pipeline) == []
    pipeline.restore(tmp_path / "lake.backup", replace=True)
    assert (raw_orders(pipeline), rows(pipeline, "meta.loads")) == before
    (tmp_path / "no.backup").write_text("none")
    with pytest.raises(UsageError, match="is no backup of a lake"):
        pipeline.restore(tmp_path / "no.backup", replace=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("spark:local[2]", ("local[2]", "lake", {})),
        ("spark://a:7077,b:7077?lake=/mnt/lake", ("spark://a:7077,b:7077", "/mnt/lake", {})),
        (
            "spark:yarn?lake=l&spark.executor.memory=4g",
            ("yarn", "l", {"spark.executor.memory": "4g"}),
        ),
    ],
)
def test_the_url_names_master_lake_and_settings(
    url: str, expected: Sequence[object], tmp_path: Path
) -> None:
    warehouse = open_warehouse(load_settings(project=tmp_path, warehouse=url))
    assert isinstance(warehouse, SparkWarehouse)
    master, lake, conf = expected
    assert (warehouse.master, warehouse.conf) == (master, conf)
    assert warehouse.folder == tmp_path.resolve() / str(lake)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("spark:", "name a master"),
        ("spark:host:7077", "name a master"),
        ("spark:local?lake=s3a://bucket/lake", "a lake that is a folder"),
        ("spark:local?lak=x", "lak is not known"),
    ],
)
def test_a_url_that_cannot_be_is_refused_with_what_can(
    url: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        open_warehouse(load_settings(project=tmp_path, warehouse=url))


def test_a_build_without_a_master_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecomdata.warehouse.spark.metadata.version", lambda name: "1")
    monkeypatch.setattr("ecomdata.warehouse.spark.java_version", lambda: 17)
    with pytest.raises(WarehouseUnreachableError, match="no Spark master answers at spark://127"):
        require_spark("spark://127.0.0.1:1")
    monkeypatch.setattr("ecomdata.warehouse.spark.java_version", lambda: 11)
    with pytest.raises(Exception, match="Java 11 was found; install Java 17 or newer"):
        require_spark("local[2]")
