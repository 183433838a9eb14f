"""A lake takes several files at once, each from a process of its own."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from servers import NewPipeline
from shops import CUSTOMERS, HEADER, ORDERS, load, rows

from ecomdata.errors import InputError, WarehouseError
from ecomdata.ingest import apart
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse.lake import Lake

pytest_plugins = ["engine_fixtures"]

#: A line too short, and decimal commas: rejects and evidence that the processes tell of.
OTHERS = (
    HEADER.replace(",", ";")
    + "O8;C1\n"
    + "".join(f"O{number};C1;P1;1;2,50;2024-05-03\n" for number in range(10, 50))
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    Path(folder, "customers.csv").write_text(CUSTOMERS)
    Path(folder, "products.csv").write_text("product_id,product_name,price\n")  # and none of them
    Path(folder, "orders-1.csv").write_text(ORDERS)
    Path(folder, "orders-2.csv").write_text(OTHERS)
    return folder


def said(pipeline: Pipeline) -> list[Any]:
    return [
        rows(pipeline, "raw.customers"),
        rows(pipeline, "raw.orders"),
        rows(pipeline, "meta.reader_rejects"),
        rows(pipeline, "meta.loads", "file", "records_read", "rows_rejected", "decimal_mark"),
    ]


def test_files_that_are_read_at_once_come_as_one_after_the_other(
    new_pipeline: NewPipeline, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = new_pipeline("spark", tmp_path / "one")
    load(one, files)
    names: list[str] = []
    run = apart._run

    def noted(task: apart.Task, *more: Any) -> apart.Copied:
        names.append(task.source.file.name)
        return run(task, *more)

    monkeypatch.setattr(apart, "WORTHWHILE", 0)
    monkeypatch.setattr(apart, "_run", noted)
    other = new_pipeline("spark", tmp_path / "other")
    load(other, files)
    assert sorted(names) == sorted(p.name for p in files.iterdir())
    assert said(other) == said(one)
    assert [len(table) for table in said(one)] == [1, 42, 1, 4]
    tables = Lake(other.settings.project / "lake").latest().tables
    assert [len(tables[f"raw.{name}"].parts) for name in ("orders", "products")] == [1, 0]


def test_what_a_process_cannot_read_is_told_as_ever(
    new_pipeline: NewPipeline, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gzip.compress((HEADER + "O7,C1,P1,1,2.50,2024-05-03\n" * 99_999).encode())
    Path(files, "orders-3.csv.gz").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setattr(apart, "WORTHWHILE", 0)
    pipeline = new_pipeline("spark", tmp_path / "project")
    with pytest.raises(InputError, match=r"orders-3\.csv\.gz"):
        load(pipeline, files)
    assert rows(pipeline, "raw.customers") == []


def test_a_process_that_dies_ends_the_load_and_nothing_is_loaded(
    new_pipeline: NewPipeline, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "WORTHWHILE", 0)
    monkeypatch.setattr(apart, "_PROGRAM", "import os; os.kill(os.getpid(), 9)")
    pipeline = new_pipeline("spark", tmp_path / "project")
    with pytest.raises(WarehouseError, match=r"read .*customers\.csv ended with status -9"):
        load(pipeline, files)
    assert rows(pipeline, "raw.customers") == []
