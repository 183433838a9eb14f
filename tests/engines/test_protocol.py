"""The warehouse protocol: the same promises on every engine."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ecomdata.contract import ENTITIES, META_TABLES, SCHEMAS
from ecomdata.contract.meta import SCHEMA_VERSION
from ecomdata.errors import UsageError, WarehouseError
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Connection, open_warehouse, prepare, quote

pytest_plugins = ["engine_fixtures"]

SCHEMA, TABLE = "a \"b'", 'c; drop "d'
COLUMNS = ('"', "e f", "größe")


@pytest.fixture
def connection(pipeline: Pipeline) -> Iterator[Connection]:
    """An open connection, and a table whose names need their quotes."""
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute(f"create schema {quote(SCHEMA)}")
        columns = ", ".join(f"{quote(name)} text" for name in COLUMNS)
        connection.execute(f"create table {quote(SCHEMA, TABLE)} ({columns})")
        yield connection


def content(connection: Connection) -> tuple[tuple[Any, ...], ...]:
    return connection.query(f"select * from {quote(SCHEMA, TABLE)} order by 1").rows


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("", [], id="no row"),
        pytest.param("1,b,c\n", [("1", "b", "c")], id="plain"),
        pytest.param("1,,\n", [("1", None, None)], id="empty is NULL"),
        pytest.param('1,"",""\n', [("1", None, None)], id="empty in quotes is NULL"),
        pytest.param("1, , b \n", [("1", " ", " b ")], id="white space stays"),
        pytest.param("1,NULL,\\N\n", [("1", "NULL", "\\N")], id="words for NULL are text"),
        pytest.param('1,"say ""hi""","a,b"\n', [("1", 'say "hi"', "a,b")], id="quotes"),
        pytest.param(
            '1,"two\nlines","\r\n"\n2,"\r",x\n',
            [("1", "two\nlines", "\r\n"), ("2", "\r", "x")],
            id="line ends inside",
        ),
        pytest.param(
            '1,"a\n\\.\nb",\\.\n2,x,y\n',
            [("1", "a\n\\.\nb", "\\."), ("2", "x", "y")],
            id="the end mark of COPY inside",
        ),
        pytest.param(
            "1,naïve 💶 قميص,\u202e\u00a0\n", [("1", "naïve 💶 قميص", "\u202e\u00a0")], id="unicode"
        ),
        pytest.param(f"1,{'x' * (1 << 20)},\n", [("1", "x" * (1 << 20), None)], id="1 MiB"),
        pytest.param("1,007,1e5\n", [("1", "007", "1e5")], id="nothing is typed"),
    ],
)
def test_a_copied_csv_arrives_as_it_stands(
    connection: Connection, tmp_path: Path, data: str, expected: list[tuple[Any, ...]]
) -> None:
    file = tmp_path / "it's.csv"
    file.write_bytes(data.encode())
    assert connection.copy_csv(SCHEMA, TABLE, COLUMNS, file) == len(expected)
    assert content(connection) == tuple(expected)


def test_a_copy_appends_and_fills_the_columns_that_are_named(
    connection: Connection, tmp_path: Path
) -> None:
    file = tmp_path / "some.csv"
    file.write_text("x,1\n")
    connection.copy_csv(SCHEMA, TABLE, [COLUMNS[2], COLUMNS[0]], file)
    file.write_text("y,2\nz,3\n")
    assert connection.copy_csv(SCHEMA, TABLE, [COLUMNS[2], COLUMNS[0]], file) == 2
    assert content(connection) == (("1", None, "x"), ("2", None, "y"), ("3", None, "z"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_blocks_are_appended_as_they_come_in_any_delimiter(
    connection: Connection, tmp_path: Path, delimiter: str
) -> None:
    blocks = [b"1,a b,\n2,,x\n", b'3,"","two\nlines"\n', b'4,"\r",0\n']
    copied = connection.copy_blocks(
        SCHEMA,
        TABLE,
        COLUMNS,
        (block.replace(b",", delimiter.encode()) for block in blocks),
        delimiter,
        tmp_path,
        {},
    )
    assert copied == 4
    assert content(connection) == (
        ("1", "a b", None),
        ("2", None, "x"),
        ("3", None, "two\nlines"),
        ("4", "\r", "0"),
    )


def test_a_block_may_be_one_long_line_without_quotes(
    connection: Connection, tmp_path: Path
) -> None:
    long = "é" * (1 << 20)  # 2 MiB
    blocks = iter([b"1,b,c\n", f"2,{long},\n".encode()])
    assert connection.copy_blocks(SCHEMA, TABLE, COLUMNS, blocks, ",", tmp_path, {}) == 2
    assert content(connection) == (("1", "b", "c"), ("2", long, None))


def test_blocks_are_marked_with_what_is_the_same_in_all_rows(
    connection: Connection, tmp_path: Path
) -> None:
    mark = {COLUMNS[1]: 'it\'s "a" file.csv'}
    blocks = iter([b"1,x\n", b"2,\n"])
    copied = connection.copy_blocks(
        SCHEMA, TABLE, [COLUMNS[0], COLUMNS[2]], blocks, ",", tmp_path, mark
    )
    assert copied == 2
    assert content(connection) == (
        ("1", 'it\'s "a" file.csv', "x"),
        ("2", 'it\'s "a" file.csv', None),
    )


def test_a_copy_that_its_blocks_end_is_taken_back(connection: Connection, tmp_path: Path) -> None:
    def failing() -> Iterator[bytes]:
        yield b"1,b,c\n"
        raise WarehouseError("no more")

    with pytest.raises(WarehouseError, match="no more"), connection.transaction():
        connection.copy_blocks(SCHEMA, TABLE, COLUMNS, failing(), ",", tmp_path, {})
    assert content(connection) == ()


def test_a_copy_gives_numbers_to_columns_of_numbers(connection: Connection, tmp_path: Path) -> None:
    connection.execute("create table numbers (load_id bigint, line bigint)")
    file = tmp_path / "numbers.csv"
    file.write_text("1,9000000000\n2,\n")
    schema = connection.query("select current_schema()").scalar
    assert connection.copy_csv(schema, "numbers", ["load_id", "line"], file) == 2
    assert connection.query("select * from numbers order by 1").rows == ((1, 9000000000), (2, None))


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit, WarehouseError])
def test_a_transaction_is_taken_back_on_any_exception(
    connection: Connection, tmp_path: Path, failure: type[BaseException]
) -> None:
    file = tmp_path / "some.csv"
    file.write_text("1,b,c\n")
    with pytest.raises(failure), connection.transaction():
        connection.execute("create table other (x text)")
        connection.copy_csv(SCHEMA, TABLE, COLUMNS, file)
        assert len(content(connection)) == 1
        raise failure
    assert content(connection) == ()
    with pytest.raises(UsageError, match="other"):
        connection.query("select * from other")


def test_a_transaction_is_taken_back_when_a_statement_fails_and_the_connection_goes_on(
    connection: Connection,
) -> None:
    insert = f"insert into {quote(SCHEMA, TABLE)} values ($1, $2, $3)"
    with pytest.raises(UsageError, match="no_such_table"), connection.transaction():
        connection.execute(insert, ["1", "b", "c"])
        connection.execute("delete from no_such_table")
    with connection.transaction():
        connection.execute(insert, ["2", "b", "c"])
    assert content(connection) == (("2", "b", "c"),)


def test_values_are_bound_and_come_back_with_their_type(connection: Connection) -> None:
    connection.execute(
        "create table bound (t text, i bigint, n numeric(18, 2), d date, m timestamp, b boolean)"
    )
    values = (
        "'); drop table bound; --",
        -(2**62),
        Decimal("-1234567890123456.70"),
        date(2024, 2, 29),
        datetime(2024, 3, 31, 2, 30, 59, 123456),  # noqa: DTZ001 - a moment in UTC, naive
        True,
    )
    insert = "insert into bound values ($1, $2, $3, $4, $5, $6)"
    connection.execute(insert, values)
    connection.execute(insert, 6 * [None])
    answer = connection.query(
        "select * from bound where t = $1 or t is null order by t", values[:1]
    )
    assert answer.columns == ("t", "i", "n", "d", "m", "b")
    assert answer.rows == (values, 6 * (None,))
    assert [type(value) for value in answer.rows[0]] == [type(value) for value in values]


def test_an_answer_is_rows_dicts_or_one_value(connection: Connection) -> None:
    answer = connection.query("select 1 as a, 'x' as b union all select 2, null order by 1")
    assert answer.dicts() == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert connection.query("select 7").scalar == 7
    with pytest.raises(ValueError, match="too many values"):
        _ = answer.scalar


def test_a_new_warehouse_has_the_contracts_tables_and_preparing_it_again_changes_nothing(
    connection: Connection,
) -> None:
    for _ in range(2):
        prepare(connection)
    tables = connection.query(
        "select table_schema, table_name from information_schema.tables"
        f" where table_schema in {SCHEMAS}"
    ).rows
    raw = {("raw", entity.name) for entity in ENTITIES}
    assert set(tables) == raw | {("meta", table.name) for table in META_TABLES}
    assert connection.query("select version from meta.schema_version").scalar == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("layout", "advice"), [(99, "a newer release; upgrade ecomdata"), (1, "into a new warehouse")]
)
def test_a_warehouse_of_a_layout_that_no_way_leads_from_is_refused(
    connection: Connection, layout: int, advice: str
) -> None:
    prepare(connection)
    connection.execute("update meta.schema_version set version = $1", [layout])
    with pytest.raises(WarehouseError, match=f"has layout {layout}, .*{advice}"):
        prepare(connection)


def test_rows_that_are_taken_one_by_one_are_not_waited_for(connection: Connection) -> None:
    """The last of them cannot be computed; those before it have come by then.

    They are wide: what an engine computes ahead is bounded by its bytes, not by its rows.
    """
    last = 300_000
    rows = connection.rows(
        f"select cast(case when i = {last} then 'x' else '1' end as integer), i, repeat('.', 200)"
        f" from generate_series(1, {last}) as t(i)"
    )
    assert next(rows) == (1, 1, "." * 200)
    taken = 1
    with pytest.raises(UsageError):
        for _ in rows:
            taken += 1
    assert taken < last
    assert connection.query("select 1").scalar == 1
    assert list(connection.rows("select 1 where false")) == []


def test_columns_of_numbers_are_what_rows_are(connection: Connection) -> None:
    sql = (
        "select cast(i as bigint) as whole, cast(i * 0.01 as double precision) as real"
        " from generate_series(1, 300) as t(i) where i <> $1 order by i"
    )
    whole, real = connection.columns(sql, [7])
    assert (whole.dtype.kind, real.dtype.kind) == ("i", "f")
    rows = connection.query(sql, [7]).rows
    assert list(zip(whole.tolist(), real.tolist(), strict=True)) == list(rows)
    assert [
        len(each) for each in connection.columns(f"select * from ({sql}) as t limit 0", [7])
    ] == [
        0,
        0,
    ]
