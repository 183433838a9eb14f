"""What files state, what replaces what, and how a load is taken back, on every engine."""

from pathlib import Path

import pytest
from shops import CUSTOMERS, HEADER, ORDERS, load, raw_orders, rows, shop, state

from ecomdata.cli import show
from ecomdata.cli.terminal import Terminal
from ecomdata.errors import UsageError
from ecomdata.ingest import EarlierFile, Undone
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]


def lines(*about: str) -> str:
    """An orders file of lines like "O1 P1"."""
    return HEADER + "".join(
        f"{order},C1,{product},1,3.00,2024-05-01\n" for order, product in map(str.split, about)
    )


def statements(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return rows(pipeline, "meta.loads", "load_id", "file", "statement", "replaced_by")


def test_every_file_is_a_statement_of_its_own_in_order_of_load_and_name(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    folder = shop(tmp_path / "shop", b=lines("O1 P1"), a=lines("O2 P1"), customers=CUSTOMERS)
    load(pipeline, folder)
    load(pipeline, shop(folder, a=lines("O2 P2")))
    assert statements(pipeline) == [
        (1, "a.csv", 1, None),
        (1, "b.csv", 2, None),
        (1, "customers.csv", 3, None),
        (2, "a.csv", 4, None),
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(["O1 P1", "O2 P1"], ["O2 P2", "O3 P1"], [1, 1], id="cut within an order"),
        pytest.param(["O1 P1", "O2 P1"], ["O3 P1"], [1, 2], id="cut between orders"),
        pytest.param(["O1 P1", "O2 P1"], ["O2 P1", "O2 P2"], [1, 2], id="the order anew"),
        pytest.param(["O1 P1", "O2 P1"], ["O3 P1", "O2 P2"], [1, 2], id="the order elsewhere"),
        pytest.param(["O1 P1", "O1 P1"], ["O1 P1", "O2 P1"], [1, 1], id="a product once more"),
    ],
)
def test_pieces_of_one_export_share_a_statement(
    pipeline: Pipeline, tmp_path: Path, first: list[str], second: list[str], expected: list[int]
) -> None:
    load(pipeline, shop(tmp_path, part_1=lines(*first), part_2=lines(*second)))
    assert rows(pipeline, "meta.loads", "file", "statement") == [
        ("part_1.csv", expected[0]),
        ("part_2.csv", expected[1]),
    ]


def test_other_kinds_of_files_do_not_stand_between_pieces(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    returns = "order_id,product_id,quantity,refund_amount,return_id\n"
    for part, product in (("1", "P1"), ("2", "P2")):
        shop(
            tmp_path / "shop" / part,
            customers=f"customer_id,name\nC{part},Ann\n",
            orders=lines(f"O1 {product}"),
            returns=f"{returns}O1,{product},1,1,R1\n",
        )
    load(pipeline, tmp_path / "shop")
    assert rows(pipeline, "meta.loads", "file", "statement") == [
        ("1/customers.csv", 1),
        ("1/orders.csv", 2),
        ("1/returns.csv", 3),
        ("2/customers.csv", 4),
        ("2/orders.csv", 2),
        ("2/returns.csv", 3),
    ]


def test_orders_that_a_new_file_of_the_name_lacks_are_told_of(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(pipeline, shop(tmp_path, orders=lines("O1 P1", "O2 P1", "O2 P2", "O3 P1")))
    loaded = load(pipeline, shop(tmp_path, orders=lines("O1 P2", "O4 P1")))
    assert loaded.earlier == (EarlierFile("orders.csv", 1, 2, False),)
    show.load(Terminal(), loaded, per_file=False)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "orders.csv was loaded before (load 1); 2 of its orders are not in the new file and stay "
        "in the figures: --replace takes them out"
    )
    assert [row[3] for row in statements(pipeline)] == [None, None]


@pytest.mark.parametrize(
    "later", [["O3 P1"], ["O1 P2", "O2 P1", "O3 P1"]], ids=["another month", "all of them"]
)
def test_nothing_is_told_of_where_no_order_can_have_been_dropped(
    pipeline: Pipeline, tmp_path: Path, later: list[str]
) -> None:
    load(pipeline, shop(tmp_path, orders=lines("O1 P1", "O2 P1")))
    assert load(pipeline, shop(tmp_path, orders=lines(*later))).earlier == ()


def test_a_file_replaces_all_earlier_ones_of_its_name_and_no_others(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(pipeline, shop(tmp_path, orders=lines("O1 P1"), other=lines("O9 P1")))
    load(pipeline, shop(tmp_path, orders=lines("O2 P1")))
    loaded = load(pipeline, shop(tmp_path, orders=lines("O2 P2")), replace=True)
    assert loaded.earlier == (
        EarlierFile("orders.csv", 2, 0, True),
        EarlierFile("orders.csv", 1, 1, True),
    )
    show.load(Terminal(), loaded, per_file=False)
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "orders.csv replaces that of load 2",
        "orders.csv replaces that of load 1; 1 of its orders are not in the new file",
    ]
    assert statements(pipeline) == [
        (1, "orders.csv", 1, 3),
        (1, "other.csv", 2, None),
        (2, "orders.csv", 3, 3),
        (3, "orders.csv", 4, None),
    ]


def test_a_file_that_is_loaded_already_can_still_replace(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """The note says --replace, and the files are there as they were."""
    load(pipeline, shop(tmp_path, orders=lines("O1 P1", "O2 P1")))
    load(pipeline, shop(tmp_path, orders=lines("O1 P1")))
    load(pipeline, tmp_path, replace=True, dry_run=True)
    assert [row[3] for row in statements(pipeline)] == [None, None]
    again = load(pipeline, tmp_path, replace=True)
    assert (again.load_id, again.earlier) == (None, (EarlierFile("orders.csv", 1, 1, True),))
    assert statements(pipeline) == [(1, "orders.csv", 1, 2), (2, "orders.csv", 2, None)]
    assert load(pipeline, tmp_path, replace=True).earlier == ()


def test_a_file_that_became_a_copy_of_another_is_new(pipeline: Pipeline, tmp_path: Path) -> None:
    load(pipeline, shop(tmp_path, orders=lines("O1 P1")))
    load(pipeline, shop(tmp_path, late=lines("O1 P2")))
    changed = load(pipeline, shop(tmp_path, late=lines("O1 P1")))
    assert (changed.load_id, changed.known) == (3, ("orders.csv",))


def test_an_undone_load_leaves_nothing_behind_and_can_be_loaded_again(
    pipeline: Pipeline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(pipeline, shop(tmp_path / "first", customers=CUSTOMERS))
    before = state(pipeline)
    second = shop(tmp_path / "second", orders=ORDERS + 20 * "O3,,P1,1,3.00,2024-05-03\n" + "O4\n")
    load(pipeline, second)
    undone = pipeline.undo(2)
    assert undone == Undone(2, ("orders.csv",), {"orders": 22}, 1, ())
    assert state(pipeline) == before
    show.undone(Terminal(), undone)
    assert capsys.readouterr().out == (
        "load 2 is taken out (orders.csv): 22 order lines; 1 records unreadable\n"
        "the figures are still those of before: ecomdata build\n"
    )
    assert load(pipeline, second).rows == {"orders": 22}
    assert rows(pipeline, "meta.runs", "command", "status")[-1] == ("undo", "done")


def test_what_an_undone_file_replaced_counts_again(pipeline: Pipeline, tmp_path: Path) -> None:
    load(pipeline, shop(tmp_path, orders=lines("O1 P1")))
    load(pipeline, shop(tmp_path, orders=lines("O2 P1")), replace=True)
    assert pipeline.undo(2).restored == (("orders.csv", 1),)
    assert statements(pipeline) == [(1, "orders.csv", 1, None)]


def test_what_was_replaced_twice_does_not_come_back_with_one_of_them(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    for content in (lines("O1 P1"), lines("O2 P1"), lines("O3 P1")):
        load(pipeline, shop(tmp_path, orders=content), replace=True)
    assert pipeline.undo(2).restored == ()
    assert statements(pipeline) == [(1, "orders.csv", 1, 3), (3, "orders.csv", 3, None)]
    assert pipeline.undo(3).restored == (("orders.csv", 1),)


def test_a_load_that_is_not_there_cannot_be_undone(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="^there is no load 1: nothing is loaded$"):
        pipeline.undo(1)
    load(pipeline, shop(tmp_path / "first", orders=ORDERS))
    load(pipeline, shop(tmp_path / "second", customers=CUSTOMERS))
    before = state(pipeline)
    with pytest.raises(UsageError, match="^there is no load 3: there are 1, 2$"):
        pipeline.undo(3)
    assert state(pipeline) == before


def test_an_undo_that_fails_halfway_takes_nothing_out(pipeline: Pipeline, tmp_path: Path) -> None:
    load(pipeline, shop(tmp_path / "shop", orders=ORDERS, customers=CUSTOMERS))
    before = raw_orders(pipeline), statements(pipeline)
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute("alter table raw.returns rename column _load_id to load_id")
    with pytest.raises(UsageError, match="_load_id"):
        pipeline.undo(1)
    assert (raw_orders(pipeline), statements(pipeline)) == before
