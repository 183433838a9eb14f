"""Large copies on PostgreSQL: into tables of their own, and seen whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import NewPipeline

from ecomdata.contract import entity
from ecomdata.errors import UsageError, WarehouseError
from ecomdata.warehouse import Connection, open_warehouse, postgres, prepare

pytest_plugins = ["engine_fixtures"]

COLUMNS = ["_line", "order_id", "reason"]
MARKS: dict[str, int | str] = {"_load_id": 1, "_file": "return's.csv"}
BLOCKS = [f'{line},R{line},"two\nlines"\n'.encode() for line in range(2, 2_002)]


@pytest.fixture
def connections(
    new_pipeline: NewPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Connection, Connection]]:
    """The one that copies, and one that looks on; 1 kB is large here."""
    monkeypatch.setattr(postgres, "_SMALL_BYTES", 1_000)
    warehouse = open_warehouse(new_pipeline("postgres", tmp_path / "project").settings)
    with warehouse.connect() as copying, warehouse.connect() as looking:
        prepare(copying)
        yield copying, looking


def copy(connection: Connection, blocks: Iterator[bytes], folder: Path) -> int:
    return connection.copy_blocks("raw", "returns", COLUMNS, blocks, ",", folder, MARKS)


def rows(connection: Connection) -> int:
    found: int = connection.query("select count(*) from raw.returns").scalar
    return found


def parts(connection: Connection) -> list[str]:
    return [
        name
        for (name,) in connection.query(
            "select relname::text from pg_class where relname like 'returns\\_part%' order by 1"
        ).rows
    ]


def test_a_large_copy_is_seen_at_its_commit(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, looking = connections
    with copying.transaction():
        assert copy(copying, iter(BLOCKS), tmp_path) == 2_000
        assert (rows(copying), rows(looking)) == (2_000, 0)
    assert rows(looking) == 2_000
    assert parts(looking) == ["returns_part_1", "returns_part_2"]
    found = looking.query("select * from raw.returns order by _line").dicts()
    absent = dict.fromkeys(entity("returns").column_names)
    assert found == [
        absent | MARKS | {"order_id": f"R{line}", "reason": "two\nlines", "_line": line}
        for line in range(2, 2_002)
    ]


def test_a_second_large_copy_gets_parts_of_its_own(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, looking = connections
    with copying.transaction():
        copy(copying, iter(BLOCKS), tmp_path)
        copy(copying, iter(BLOCKS), tmp_path)
    assert rows(looking) == 4_000
    assert len(parts(looking)) == 4


def test_a_small_copy_makes_no_part(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, _ = connections
    assert copy(copying, iter(BLOCKS[:5]), tmp_path) == 5
    assert parts(copying) == []


def test_nothing_is_left_of_a_copy_whose_transaction_fails(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, looking = connections
    with pytest.raises(UsageError, match="no"), copying.transaction():
        copy(copying, iter(BLOCKS), tmp_path)
        raise UsageError("no")
    assert (rows(looking), parts(looking)) == (0, [])


def test_nothing_is_left_of_a_copy_that_its_blocks_end(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    def failing() -> Iterator[bytes]:
        yield from BLOCKS
        raise KeyboardInterrupt

    copying, looking = connections
    with pytest.raises(KeyboardInterrupt), copying.transaction():
        copy(copying, failing(), tmp_path)
    assert (rows(looking), parts(looking)) == (0, [])


def test_a_block_that_the_server_refuses_ends_the_copy(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, looking = connections
    blocks = [*BLOCKS[:1_000], b"one field\n", *BLOCKS[1_000:]]
    with pytest.raises((UsageError, WarehouseError)), copying.transaction():
        copy(copying, iter(blocks), tmp_path)
    assert (rows(looking), parts(looking)) == (0, [])


def test_parts_of_a_load_that_was_killed_are_dropped_by_the_next(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, looking = connections
    looking.execute("create table raw.returns_part_7 (like raw.returns)")
    with copying.transaction():
        copy(copying, iter(BLOCKS), tmp_path)
    assert parts(looking) == ["returns_part_8", "returns_part_9"]
    assert rows(looking) == 2_000
