"""Large copies on PostgreSQL: into tables of their own, and seen whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import NewPipeline

from ecomdata.contract import entity
from ecomdata.errors import UsageError, WarehouseError
from ecomdata.warehouse import Connection, lanes, open_warehouse, postgres_connection, prepare

pytest_plugins = ["engine_fixtures"]

COLUMNS = ["_line", "order_id", "reason"]
MARKS: dict[str, int | str] = {"_load_id": 1, "_file": "return's.csv"}
BLOCKS = [f'{line},R{line},"two\nlines"\n'.encode() for line in range(2, 2_002)]


@pytest.fixture
def connections(
    new_pipeline: NewPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Connection, Connection]]:
    """The one that copies, and one that looks on; 1 kB is large here."""
    monkeypatch.setattr(postgres_connection, "_SMALL_BYTES", 1_000)
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
    assert parts(looking) == ["returns_part_1", "returns_part_2", "returns_part_3"]
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
    assert len(parts(looking)) == 6


#: What may stand in a line, and what it says.
PLAIN = [("plain", "plain"), ("", None), ("żółć", "żółć")]
BACKSLASHES = [(r"\N", r"\N"), (r"\.", r"\."), (r"C:\new\t", r"C:\new\t")]
QUOTES = [('"a ""b"""', 'a "b"'), ('""', None), ('"two\nlines"', "two\nlines")]


@pytest.mark.parametrize("then", [BACKSLASHES, QUOTES])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_lines_of_every_kind_arrive_in_a_large_copy_as_they_stand(
    connections: tuple[Connection, Connection],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    delimiter: str,
    then: list[tuple[str, str | None]],
) -> None:
    monkeypatch.setattr(lanes, "_HANDED_OVER", 1)  # each line is a block of its own
    copying, looking = connections
    fields = [*PLAIN * 30, *then * 30, *(PLAIN + BACKSLASHES + QUOTES) * 30]
    lines = [
        delimiter.join([str(number), "R", field]).encode() + b"\n"
        for number, (field, _) in enumerate(fields)
    ]
    with copying.transaction():
        copied = copying.copy_blocks("raw", "returns", COLUMNS, lines, delimiter, tmp_path, MARKS)
    assert copied == len(fields)
    found = looking.query("select _line, order_id, reason from raw.returns order by _line").rows
    assert found == tuple((number, "R", value) for number, (_, value) in enumerate(fields))


def test_a_copy_that_is_known_to_be_large_goes_into_parts_from_its_first_block(
    connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    copying, _ = connections
    blocks = [b"2,R2,\n", b"3,R3,\n"]  # too few to tell
    with copying.transaction():
        copied = copying.copy_blocks(
            "raw", "returns", COLUMNS, blocks, ",", tmp_path, MARKS, size=1_000
        )
    assert (copied, rows(copying)) == (2, 2)
    assert len(parts(copying)) == 3


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
    looking.execute("create table raw.returns_part_4 (like raw.returns)")
    with copying.transaction():
        copy(copying, iter(BLOCKS), tmp_path)
    assert parts(looking) == ["returns_part_5", "returns_part_6", "returns_part_7"]
    assert rows(looking) == 2_000
