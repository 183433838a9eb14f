"""Which files a load is about, and which of them are new."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from ecomdata.errors import UsageError
from ecomdata.ingest.files import SUFFIXES, File, find_files, split_new
from ecomdata.warehouse import Table


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def names(*paths: Path) -> list[str]:
    return [file.name for file in find_files(paths)]


def test_a_folder_is_all_its_exports_at_any_depth_in_order_of_name(tmp_path: Path) -> None:
    make(tmp_path, "b.csv", "a.TSV", "2024/05/c.Csv", "notes.txt", "d.csv.gz", "csv")
    make(tmp_path, ".hidden.csv", ".git/e.csv", "2024/.cache/f.csv")
    (tmp_path / "folder.csv").mkdir()
    assert names(tmp_path) == ["2024/05/c.Csv", "a.TSV", "b.csv", "d.csv.gz"]


def test_a_folder_below_a_hidden_one_is_looked_into(tmp_path: Path) -> None:
    make(tmp_path, ".shop/a.csv")
    assert names(tmp_path / ".shop") == ["a.csv"]


def test_a_file_that_is_named_is_meant_whatever_it_is_called(tmp_path: Path) -> None:
    make(tmp_path, "orders.txt")
    file = tmp_path / "orders.txt"
    assert find_files([file]) == [File(file, "orders.txt")]


def test_a_file_that_is_named_twice_is_meant_once(tmp_path: Path) -> None:
    make(tmp_path, "a.csv")
    assert names(tmp_path, tmp_path / "a.csv") == ["a.csv"]


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_files([tmp_path, tmp_path / "x"])
    assert str(caught.value) == (
        f"{tmp_path / 'x'} does not exist: name a folder or a file with exports"
    )


def test_folders_without_exports_are_refused(tmp_path: Path) -> None:
    make(tmp_path, "a/notes.txt", "b/.hidden.csv")
    a, b = tmp_path / "a", tmp_path / "b"
    with pytest.raises(UsageError) as caught:
        find_files([a, b])
    looked_for = ", ".join(SUFFIXES)
    assert str(caught.value) == f"no file with exports in {a}, {b}: looked for {looked_for}"


def test_a_file_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a.csv")

    def denied(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    [file] = find_files([tmp_path])
    with pytest.raises(UsageError) as caught, file.open():
        pass
    assert str(caught.value) == (f"no permission to read {tmp_path / 'a.csv'}: check who owns it")


class Loads:
    """A warehouse that knows which files were loaded, in order."""

    def __init__(self, *loaded: tuple[str, str]) -> None:
        self._loaded = [
            (name, hashlib.sha256(text.encode()).hexdigest(), len(text)) for name, text in loaded
        ]

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        assert sql == "select file, sha256, bytes from meta.loads order by load_id"
        return Table(("file", "sha256", "bytes"), tuple(self._loaded))

    def execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        raise NotImplementedError

    def columns(self, sql: str, values: Sequence[Any] = ()) -> tuple[NDArray[Any], ...]:
        raise NotImplementedError

    def rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        raise NotImplementedError

    def copy_csv(self, schema: str, table: str, columns: Sequence[str], path: Path) -> int:
        raise NotImplementedError

    def copy_blocks(
        self,
        schema: str,
        table: str,
        columns: Sequence[str],
        blocks: Iterable[bytes],
        delimiter: str,
        folder: Path,
        marks: Mapping[str, int | str],
        size: int = 0,
    ) -> int:
        raise NotImplementedError

    def part_writer(self, schema: str, table: str) -> nullcontext[None]:
        raise NotImplementedError

    def grant_to_builder(self, privileges: Sequence[str], schema: str, table: str) -> None:
        raise NotImplementedError

    def as_owner_of(self, schema: str) -> nullcontext[None]:
        raise NotImplementedError

    def collect_statistics(self, tables: Iterable[tuple[str, str]]) -> None:
        raise NotImplementedError

    def transaction(self) -> nullcontext[None]:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("loaded", "found", "new"),
    [
        pytest.param([], ["a 1", "b 2"], ["a 1", "b 2"], id="an empty warehouse knows none"),
        pytest.param(["a 1"], ["a 1", "b 2"], ["b 2"], id="the same file again"),
        pytest.param(["a 1"], ["renamed 1"], [], id="the same bytes by another name"),
        pytest.param(["a 1"], ["a 2"], ["a 2"], id="other bytes by the same name"),
        pytest.param(["a 1", "a 2"], ["a 2"], [], id="the last state again"),
        pytest.param(["a 1", "a 2"], ["a 1"], ["a 1"], id="back to a former state"),
        pytest.param([], ["a 1", "b 1"], ["a 1"], id="the same bytes twice at once"),
    ],
)
def test_a_file_is_new_unless_its_bytes_were_loaded_last(
    tmp_path: Path, loaded: list[str], found: list[str], new: list[str]
) -> None:
    pairs = [(one.split()[0], one.split()[1]) for one in found]
    for name, text in pairs:
        (tmp_path / name).write_text(text)
    files = [File(tmp_path / name, name) for name, _ in pairs]
    before = Loads(*((one.split()[0], one.split()[1]) for one in loaded))
    new_files, known = split_new(before, files)
    assert [file.name for file in new_files] == [one.split()[0] for one in new]
    assert known == [file for file in files if file not in new_files]


def test_a_file_of_a_size_of_its_own_is_new_without_a_look_at_its_bytes(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "longer.csv", "b.csv")
    a, b, longer = find_files([tmp_path])
    assert split_new(Loads(("known.csv", "of another size")), [a, b, longer])[1] == []
    assert ["sha256" in vars(file) for file in (a, b, longer)] == [True, True, False]
