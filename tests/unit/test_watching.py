"""Watching a folder, with a clock of the test's own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ecomdata.errors import (
    BuildError,
    EcomDataError,
    InputError,
    UsageError,
    WarehouseBusyError,
    WarehouseFullError,
    WarehouseUnreachableError,
)
from ecomdata.ingest import Load
from ecomdata.transform import BuildResult
from ecomdata.watching import Arrival, Back, Built, Watch

LOADED, NOTHING_NEW = (Load(number, (), (), (), {}) for number in (1, None))


class World:
    """A folder, a clock, and what happens at each second of it."""

    def __init__(self, folder: Path, *, move: bool = False, builds: bool = False) -> None:
        self.folder, self.now, self.end = folder, 0.0, 20.0
        self.tries: list[float] = []
        self.loads: list[list[str]] = []
        self.refused: dict[str, Exception] = {}
        self.happens: dict[int, list[str]] = {}
        self.came = LOADED
        self.broken: dict[int, EcomDataError] = {}
        self.watch = Watch(
            folder,
            self.load,
            self.build if builds else None,
            3,
            move,
            False,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def load(self, files: Sequence[Path]) -> Load:
        names = [path.name for path in files]
        self.tries.append(self.now)
        for name in names:
            if name in self.refused:
                raise self.refused[name]
        self.loads.append(names)
        return self.came

    def build(self) -> tuple[BuildResult, None]:
        if error := self.broken.get(int(self.now)):
            raise error
        return BuildResult((), self.folder), None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now > self.end:
            raise KeyboardInterrupt
        for name in self.happens.pop(int(self.now), []):
            with (self.folder / name).open("a") as file:
                file.write("x\n")

    def run(self) -> list[tuple[float, Arrival]]:
        """Watch for 20 seconds; return what arrived when."""
        return [(now, event) for now, event in self.events() if isinstance(event, Arrival)]

    def builds(self) -> list[tuple[float, EcomDataError | None]]:
        """Watch for 20 seconds; return when it was built, and what came of it."""
        return [(now, event.error) for now, event in self.events() if isinstance(event, Built)]

    def events(self) -> list[tuple[float, Arrival | Built | Back]]:
        """Watch until the end; return what happened when."""
        seen = []
        with pytest.raises(KeyboardInterrupt):
            for event in self.watch.events():
                seen.append((self.now, event))
        return seen


def test_a_file_is_taken_once_it_has_not_changed_for_the_time_that_was_given(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.happens = {1: ["a.csv"], 2: ["a.csv", "b.csv"], 4: ["a.csv"], 6: ["a.csv"]}
    assert [(now, [f.name for f in each.files]) for now, each in world.run()] == [
        (5, ["b.csv"]),
        (9, ["a.csv"]),
    ]


def test_files_that_came_together_are_loaded_together_and_each_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.happens = {1: ["b.csv", "a.csv", "notes.txt", "~$a.xlsx", ".c.csv", "d.csv.part"]}
    world.run()
    assert world.loads == [["a.csv", "b.csv"]]


def test_a_file_that_changes_later_is_taken_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.happens = {1: ["a.csv"], 10: ["a.csv"]}
    assert [now for now, _ in world.run()] == [4, 13]


def test_one_that_cannot_be_loaded_keeps_no_other_back_and_is_not_tried_again(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.happens = {1: ["a.csv", "bad.csv", "c.csv"]}
    world.refused["bad.csv"] = InputError("no header")
    arrivals = [each for _, each in world.run()]
    assert world.loads == [["a.csv"], ["c.csv"]]
    assert [each.files for each in arrivals if each.error] == [(tmp_path / "bad.csv",)]


def test_one_that_a_load_leaves_aside_is_told_of_by_itself_and_is_not_done(tmp_path: Path) -> None:
    world = World(tmp_path, move=True)
    world.happens = {1: ["a.csv", "bad.csv"]}
    no_layout = InputError("no known layout in bad.csv")
    came = Load(1, (), (), ("bad.csv",), {})

    def load(files: Sequence[Path]) -> Load:
        if [path.name for path in files] == ["bad.csv"]:
            raise no_layout
        return came

    world.watch = replace(world.watch, load=load)
    assert [each for _, each in world.run()] == [
        Arrival((tmp_path / "a.csv",), came),
        Arrival((tmp_path / "bad.csv",), None, no_layout),
    ]
    assert (tmp_path / "done" / "a.csv").is_file() and (tmp_path / "failed" / "bad.csv").is_file()


def test_a_warehouse_that_is_away_is_told_of_once_and_tried_ever_later_up_to_a_minute(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, move=True)
    world.end = 200
    world.happens = {1: ["a.csv"], 20: ["b.csv"]}
    world.refused["a.csv"] = away = WarehouseUnreachableError("no route")
    assert world.events() == [(4, Arrival((tmp_path / "a.csv",), None, away))]
    assert world.tries == [4, 5, 7, 11, 19, 35, 67, 127, 187]
    assert world.loads == []


def test_a_warehouse_that_is_back_is_told_of_and_tried_at_once_when_it_is_away_again(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, move=True)
    world.happens = {1: ["a.csv"], 12: ["b.csv"]}
    away = {name: WarehouseUnreachableError("no route") for name in ("a.csv", "b.csv")}
    world.refused |= away
    sleep = world.sleep

    def sleep_and_mend(seconds: float) -> None:
        sleep(seconds)
        if world.now in (6, 17):
            world.refused.clear()
        if world.now == 10:
            world.refused |= away

    with pytest.raises(KeyboardInterrupt):
        told = []
        for event in replace(world.watch, sleep=sleep_and_mend).events():
            told.append((world.now, event))
    a, b = tmp_path / "a.csv", tmp_path / "b.csv"
    assert told == [
        (4, Arrival((a,), None, away["a.csv"])),
        (7, Back(3)),
        (7, Arrival((a,), LOADED)),
        (15, Arrival((b,), None, away["b.csv"])),
        (18, Back(3)),
        (18, Arrival((b,), LOADED)),
    ]
    assert (tmp_path / "done" / "a.csv").is_file()


def test_another_trouble_of_the_same_warehouse_is_told_of(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.happens = {1: ["a.csv"]}
    troubles = iter([WarehouseUnreachableError, WarehouseUnreachableError, WarehouseBusyError])

    def load(files: Sequence[Path]) -> Load:
        raise next(troubles, WarehouseBusyError)("away")

    with pytest.raises(KeyboardInterrupt):
        told = []
        for event in replace(world.watch, load=load).events():
            assert isinstance(event, Arrival)
            told.append((world.now, type(event.error)))
    assert told == [(4, WarehouseUnreachableError), (7, WarehouseBusyError)]


def test_files_are_moved_only_where_that_was_asked_and_never_over_another(tmp_path: Path) -> None:
    world = World(tmp_path, move=True)
    world.happens = {1: ["a.csv", "bad.csv"], 6: ["a.csv"]}
    world.refused["bad.csv"] = InputError("no header")
    world.run()
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.csv"))
    assert found == ["done/2-a.csv", "done/a.csv", "failed/bad.csv"]

    left = World(tmp_path / "left")
    left.folder.mkdir()
    left.happens = {1: ["a.csv"]}
    left.run()
    assert [path.name for path in left.folder.iterdir()] == ["a.csv"]


def test_once_ends_when_all_that_is_there_was_taken(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "a.csv").write_text("x")
    world.happens = {2: ["b.csv"]}
    watch = Watch(
        tmp_path, world.load, None, 3, once=True, clock=lambda: world.now, sleep=world.sleep
    )
    list(watch.events())
    assert world.loads == [["a.csv"], ["b.csv"]]
    assert world.now == 5


@pytest.mark.parametrize(
    ("patience", "tries"), [(0, [3]), (10, [3, 4, 6, 10, 13]), (70, [3, 4, 6, 10, 18, 34, 66, 73])]
)
def test_a_warehouse_that_stays_away_ends_the_watch_when_patience_is_over(
    tmp_path: Path, patience: float, tries: list[float]
) -> None:
    world = World(tmp_path)
    world.end = 200
    (tmp_path / "a.csv").write_text("x")
    world.refused["a.csv"] = WarehouseUnreachableError("no route")
    with pytest.raises(WarehouseUnreachableError, match=f"no route; given up after {patience} s"):
        list(replace(world.watch, once=True, patience=patience).events())
    assert world.tries == tries


def test_patience_counts_from_the_last_time_that_the_warehouse_answered(tmp_path: Path) -> None:
    world = World(tmp_path, builds=True)
    (tmp_path / "a.csv").write_text("x")
    world.happens = {9: ["b.csv"]}
    world.broken = dict.fromkeys((3, 4, 6, 12, 13), WarehouseBusyError("busy"))
    watch = replace(world.watch, patience=7)
    with pytest.raises(KeyboardInterrupt):
        list(watch.events())
    assert world.loads == [["a.csv"], ["b.csv"]]


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "none", lambda files: LOADED, None, 0)
    with pytest.raises(UsageError, match="is no folder"):
        next(watch.events())


def test_it_is_built_once_behind_what_came_together_and_not_where_nothing_was_new(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, builds=True)
    world.happens = {1: ["a.csv", "bad.csv", "c.csv"], 10: ["bad.csv"]}
    world.refused["bad.csv"] = InputError("no header")
    assert world.builds() == [(4, None)]
    assert world.loads == [["a.csv"], ["c.csv"]]

    (tmp_path / "again").mkdir()
    world = World(tmp_path / "again", builds=True)
    world.happens, world.came = {1: ["a.csv"]}, NOTHING_NEW
    assert world.builds() == []


def test_a_build_that_fails_on_the_data_is_tried_again_behind_the_next_load(tmp_path: Path) -> None:
    world = World(tmp_path, builds=True)
    world.happens = {1: ["a.csv"], 8: ["b.csv"]}
    world.broken = {4: BuildError("a test failed")}
    assert world.builds() == [(4, world.broken[4]), (11, None)]


def test_a_warehouse_that_is_busy_at_the_build_is_built_at_the_next_look(tmp_path: Path) -> None:
    world = World(tmp_path, builds=True)
    world.happens = {1: ["a.csv"]}
    world.broken = {4: WarehouseBusyError("busy"), 5: WarehouseBusyError("busy")}
    assert world.builds() == [(4, world.broken[4]), (7, None)]


def test_once_ends_behind_the_build(tmp_path: Path) -> None:
    world = World(tmp_path, builds=True)
    (tmp_path / "a.csv").write_text("x")
    world.broken = {3: WarehouseBusyError("busy")}
    events = list(replace(world.watch, once=True).events())
    assert [type(event) for event in events] == [Arrival, Built, Back, Built]


def test_a_build_that_no_other_file_can_mend_ends_the_watch(tmp_path: Path) -> None:
    world = World(tmp_path, builds=True)
    world.happens = {1: ["a.csv"]}
    world.broken = {4: WarehouseFullError("no space left")}
    with pytest.raises(WarehouseFullError):
        list(world.watch.events())
