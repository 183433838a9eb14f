"""The folder: a shop is there whole or not at all, and nothing else is ever lost for it."""

import errno
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shop_reading import bytes_by_file

from ecomdata.errors import UsageError
from ecomdata.generate import ShopPlan, extend_shop, generate_shop
from ecomdata.generate.files import series as files
from ecomdata.generate.files.parquet import ParquetParts, to_parquet
from ecomdata.generate.files.records import OrderText

PLAN = ShopPlan(orders=20)
#: What is being made, in turn.
STAGES = ("products", "customers", "orders")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"orders": 0}, "orders 0 is out of range: give a value from 1 to 99999999"),
        ({"customers": 0}, "customers 0 is out of range"),
        ({"products": 0}, "products 0 is out of range"),
        ({"products": 100_000}, "products 100000 is out of range"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"dirt": 0.51}, "dirt 0.51 is out of range: give a value from 0 to 0.5"),
        ({"dirt": float("nan")}, "dirt nan is out of range"),
        ({"lines_per_order": 0.5}, "lines per order 0.5 is out of range"),
        ({"end": date(2023, 12, 31)}, "end 2023-12-31 is before start 2024-01-01"),
        ({"start": date(1900, 1, 1)}, "start 1900-01-01 is out of range"),
        ({"end": date(2070, 1, 1)}, "end 2070-01-01 is out of range"),
        ({"more_days": -1}, "more days -1 is out of range: give a value from 0 to 16071"),
        ({"more_days": 16_072}, "more days 16072 is out of range"),
        ({"currency": "eur"}, "currency 'eur' is no ISO code: give one such as EUR"),
        ({"currency": "EURO"}, "currency 'EURO' is no ISO code"),
        ({"currency": "ÄÖÜ"}, "currency 'ÄÖÜ' is no ISO code"),
        ({"format": "xlsx"}, "format 'xlsx' is none of csv, csv.gz, parquet"),
        ({"format": "parquet", "dirt": 0.1}, "dirt is of text, and Parquet has types"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ShopPlan(**arguments)


def test_a_folder_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    assert generate_shop(PLAN, tmp_path / "a" / "b").out == tmp_path / "a" / "b"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_an_empty_folder_and_an_earlier_shop_are_replaced(tmp_path: Path) -> None:
    out = tmp_path / "shop"
    out.mkdir()
    generate_shop(PLAN, out)
    earlier = bytes_by_file(out)
    generate_shop(ShopPlan(orders=21), out)
    assert bytes_by_file(out) != earlier
    generate_shop(ShopPlan(orders=20, format="csv.gz"), out)
    assert not list(out.glob("*.csv"))
    extend_shop(out, 2)
    generate_shop(PLAN, out)
    assert bytes_by_file(out) == earlier
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["notes.txt"], r"holds what is no part of a shop \(notes.txt\)"),
        (["orders.csv"], "was not made by `ecomdata generate`"),
        (["truth/plan.json", "ecomdata.duckdb"], r"no part of a shop \(ecomdata.duckdb\)"),
    ],
)
def test_a_folder_with_something_else_in_it_is_left_as_it_is(
    tmp_path: Path, names: list[str], message: str
) -> None:
    out = tmp_path / "shop"
    for name in names:
        Path(out, name).parent.mkdir(parents=True, exist_ok=True)
        Path(out, name).write_text("mine")
    with pytest.raises(UsageError, match=message):
        generate_shop(PLAN, out)
    assert bytes_by_file(out) == {name: b"mine" for name in sorted(names)}


def test_a_file_and_a_folder_in_use_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(tmp_path, "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file: give a folder"):
        generate_shop(PLAN, tmp_path / "file")
    with pytest.raises(UsageError, match="cannot write the shop to .*File exists"):
        generate_shop(PLAN, tmp_path / "file" / "shop")
    Path(tmp_path, "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="working folder"):
        generate_shop(PLAN, Path())


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "orders.csv.bak",
        "orders-2026-1-1.csv",
        "orders-2026-01-01.csv.crc",
        "products-2026-01-01.csv",
        "sales-2026-01-01.csv",
        ".orders.csv",
    ],
)
def test_a_shop_with_something_else_in_it_is_neither_replaced_nor_extended(
    tmp_path: Path, name: str
) -> None:
    out = generate_shop(PLAN, tmp_path / "shop").out
    extend_shop(out, 1)
    Path(out, name).write_text("mine")
    before = bytes_by_file(out)
    with pytest.raises(UsageError, match=rf"no part of a shop \({name}\)"):
        generate_shop(PLAN, out)
    with pytest.raises(UsageError, match=rf"no part of a shop \({name}\)"):
        extend_shop(out, 1)
    assert bytes_by_file(out) == before
    assert list(tmp_path.iterdir()) == [out]


@contextmanager
def nothing_changes(folder: Path) -> Iterator[None]:
    """The files below the folder are afterwards what they were, and files and folders as many."""
    before, paths = bytes_by_file(folder), sorted(folder.rglob("*"))
    yield
    assert bytes_by_file(folder) == before
    assert sorted(folder.rglob("*")) == paths


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("stage", STAGES)
def test_an_interruption_leaves_what_was_there(
    tmp_path: Path, stage: str, begun: bool, workers: int
) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what == stage and bool(done) == begun:
            raise KeyboardInterrupt

    with nothing_changes(tmp_path), pytest.raises(KeyboardInterrupt):
        generate_shop(PLAN, tmp_path / "shop", interrupt, workers)
    plan = ShopPlan(orders=9_000)  # more than one chunk
    out = generate_shop(PLAN, tmp_path / "shop").out
    with nothing_changes(tmp_path), pytest.raises(KeyboardInterrupt):
        generate_shop(plan, out, interrupt, workers)
    with nothing_changes(tmp_path), pytest.raises(KeyboardInterrupt):
        extend_shop(out, 2, interrupt, workers)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_thread_is_told_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    def fail(self: object, lines: object) -> bytes:
        raise MemoryError("no memory")

    out = generate_shop(PLAN, tmp_path / "shop").out
    monkeypatch.setattr(OrderText, "order_lines", fail)
    with nothing_changes(tmp_path), pytest.raises(MemoryError, match="no memory"):
        generate_shop(PLAN, out, workers=workers)


@pytest.mark.parametrize("stage", STAGES)
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, stage: str) -> None:
    def fill(what: str, done: int, total: int) -> None:
        if what == stage:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UsageError, match="No space left on device: free the space"):
        generate_shop(PLAN, tmp_path / "shop", fill)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Files that are written cannot grow beyond so many bytes."""
    usual, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, most))


@pytest.mark.parametrize("format", ["csv", "csv.gz", "parquet"])
@pytest.mark.parametrize("size", [1_000, 20_000])
def test_a_file_that_cannot_be_written_is_said_and_leaves_what_was_there(
    tmp_path: Path, format: str, size: int
) -> None:
    # The smaller limit meets the first files, the larger one the orders.
    out = generate_shop(PLAN, tmp_path / "shop").out
    with nothing_changes(tmp_path), files_of_at_most(size):
        with pytest.raises(UsageError, match="cannot write the shop to .*: free the space"):
            generate_shop(ShopPlan(orders=5_000, format=format), out)
    generate_shop(ShopPlan(orders=5_000, format=format), out)
    with nothing_changes(tmp_path), files_of_at_most(size):
        with pytest.raises(UsageError, match="cannot write the shop to .*: free the space"):
            extend_shop(out, 1)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_parquet_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    # What DuckDB writes alone meets the limit: the CSV files have been written.
    def limited(source: Path, target: Path, types: Mapping[str, str]) -> None:
        with files_of_at_most(100):
            to_parquet(source, target, types)

    def limited_parts(self: ParquetParts, target: Path, columns: Mapping[str, str]) -> None:
        with files_of_at_most(100):
            write_parts(self, target, columns)

    write_parts = ParquetParts.write
    monkeypatch.setattr(files, "to_parquet", limited)
    monkeypatch.setattr(ParquetParts, "write", limited_parts)
    with pytest.raises(UsageError, match="cannot write the shop to .*: free the space"):
        generate_shop(ShopPlan(orders=20, format=format), tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_shop_comes_back_when_the_new_one_cannot_move_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = generate_shop(PLAN, tmp_path / "shop").out
    earlier = bytes_by_file(out)
    rename = Path.rename

    def fail_for_the_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_the_new)
    with pytest.raises(UsageError, match="Input/output error"):
        generate_shop(PLAN, out)
    assert bytes_by_file(out) == earlier


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_rises_to_the_total_of_each_stage(tmp_path: Path, workers: int) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}

    def note(what: str, done: int, total: int) -> None:
        seen.setdefault(what, []).append((done, total))

    summary = generate_shop(ShopPlan(orders=9_000), tmp_path / "shop", note, workers)
    extend_shop(summary.out, 3)
    assert tuple(seen) == STAGES
    totals = {
        "products": summary.records["products.csv"],
        "customers": summary.records["customers.csv"],
        "orders": 9_000,
    }
    for what, steps in seen.items():
        assert {total for _, total in steps} == {totals[what]}
        done = [each for each, _ in steps]
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0, totals[what])
    assert len(seen["orders"]) > 3


def test_progress_of_later_days_ends_at_the_total_of_all(tmp_path: Path) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}
    out = generate_shop(PLAN, tmp_path / "shop").out
    summary = extend_shop(out, 40, lambda what, *done: seen.setdefault(what, []).append(done))
    assert tuple(seen) == STAGES
    for steps in seen.values():
        assert steps[0][0] == 0
        assert steps[-1][0] == steps[-1][1]
    assert seen["orders"][-1] == (summary.orders, summary.orders)
