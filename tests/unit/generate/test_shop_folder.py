"""The folder: a shop is there whole or not at all, and nothing else is ever lost for it."""

import errno
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shop_reading import bytes_by_file

from ecomdata.errors import UsageError
from ecomdata.generate import ShopPlan, generate_shop

PLAN = ShopPlan(orders=20)


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


@pytest.mark.parametrize("stage", ["products.csv", "customers.csv", "orders.csv", "returns.csv"])
def test_an_interruption_leaves_what_was_there(tmp_path: Path, stage: str) -> None:
    def interrupt(file: str, done: int, total: int) -> None:
        if file == stage and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_shop(PLAN, tmp_path / "shop", interrupt)
    assert list(tmp_path.iterdir()) == []

    plan = ShopPlan(orders=200)
    generate_shop(plan, tmp_path / "shop")
    earlier = bytes_by_file(tmp_path / "shop")
    with pytest.raises(KeyboardInterrupt):
        generate_shop(plan, tmp_path / "shop", interrupt)
    assert list(tmp_path.iterdir()) == [tmp_path / "shop"]
    assert bytes_by_file(tmp_path / "shop") == earlier


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    def fill(file: str, done: int, total: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(UsageError, match="No space left on device: free the space"):
        generate_shop(PLAN, tmp_path / "shop", fill)
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


def test_progress_ends_at_the_total_of_each_file(tmp_path: Path) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}
    generate_shop(
        PLAN, tmp_path / "shop", lambda file, *done: seen.setdefault(file, []).append(done)
    )
    assert list(seen) == ["products.csv", "customers.csv", "orders.csv", "returns.csv"]
    assert seen["orders.csv"] == [(0, 20), (20, 20)]
    assert all(steps[0][0] == 0 and steps[-1][0] == steps[-1][1] for steps in seen.values())
