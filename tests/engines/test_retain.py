"""What is dropped of old loads is in no figure: not now, and not when all is made anew."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import compiled
import pytest
from servers import History, NewPipeline
from shops import FINAL_TABLES, HEADER, Rows, first_build, in_order, load, shop

from ecomdata.errors import UsageError
from ecomdata.ingest import retain, undo
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import Connection, open_warehouse

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

#: Loads of a week each: orders are said again, changed, cut, replaced; lists change.
FILES: tuple[dict[str, str], ...] = (
    {
        "customers": "customer_id,name,country\nC1,Ann,Peru\nC2,Bob,Chile\n",
        "products": "product_id,product_name,price\nP1,Pen,3.00\n",
        "orders": HEADER
        + "O1,C1,P1,2,6.00,2024-05-01\nO1,C1,P2,1,4.00,2024-05-01\nO2,C2,P1,1,3.00,2024-05-02\n"
        + "O3,C1,P1,none,3.00,2024-05-02\nO9,C2\n",
        "returns": "order_id,product_id,quantity,refund_amount,return_id\nO1,P1,1,3.00,R1\n",
    },
    {
        "customers": "customer_id,name,country\nC1,Ann,Brazil\n",
        "orders": HEADER + "O1,C1,P1,1,3.00,2024-05-01\nO4,C1,P1,1,3.00,2024-05-08\n",
        "returns": "order_id,product_id,quantity,refund_amount,return_id\nO1,P1,1,2.00,R1\n",
    },
    {
        "products": "product_id,product_name,price\nP1,Pen,3.50\n",
        "orders": HEADER + "O2,C2,P1,4,12.00,2024-05-02\nO5,C2,P1,1,3.50,2024-05-15\n",
    },
    {"orders": HEADER + "O2,C2,P1,5,15.00,2024-05-02\nO1,C1,P1,7,21.00,2024-05-01\n"},
)
WEEK = timedelta(days=7)
#: The warehouse keeps moments in UTC, without a zone.
FIRST = datetime(2024, 5, 3, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Shop:
    """Loads, each a week after the one before, and the models of them."""

    pipeline: Pipeline
    connection: Connection
    models: compiled.Compiled

    def figures(self) -> dict[str, Rows]:
        """Every final table, when all is made anew; the project's own checks run, too."""
        self.models.build(self.connection)
        return self.read()

    def read(self) -> dict[str, Rows]:
        """Every final table as it stands."""
        return {
            name: in_order(self.connection.query(f"select * from final.{name}").rows)
            for name in FINAL_TABLES
        }

    def raw(self) -> list[tuple[int, str]]:
        """Load and order of the raw order lines."""
        return sorted(
            self.connection.query(
                "select _load_id, order_id from raw.orders where order_id is not null"
            ).rows
        )


@pytest.fixture(params=[False, True], ids=["", "the last file replaces"])
def loads(
    request: pytest.FixtureRequest,
    engine: str,
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path: Path,
) -> Iterator[Shop]:
    history(engine)
    models = compiled.read(first_build(shops_pipeline(engine)))
    pipeline = new_pipeline(engine, tmp_path / "project", max_rejected="0.5")
    last = len(FILES) - 1
    for number, files in enumerate(FILES):
        folder = shop(tmp_path / f"week {number}", **files)
        load(pipeline, folder, replace=request.param and number == last)
    with open_warehouse(pipeline.settings).connect() as connection:
        for number in range(len(FILES)):
            connection.execute(
                "update meta.loads set loaded_at = $1 where load_id = $2",
                [FIRST + number * WEEK, number + 1],
            )
        models.build(connection)
        yield Shop(pipeline, connection, models)


def test_every_figure_stays_also_when_all_is_made_anew(loads: Shop) -> None:
    before, dropped = loads.read(), 0
    for old in (1, 2, 3, 4):
        moment = FIRST + old * WEEK - timedelta(hours=1)
        raw = len(loads.raw())
        planned = retain(loads.connection, moment, dry_run=True)
        assert loads.read() == before and len(loads.raw()) == raw
        done = retain(loads.connection, moment, dry_run=False)
        assert done == planned
        assert loads.read() == before
        assert loads.figures() == before
        assert len(loads.raw()) == raw - done.rows.get("orders", 0)
        assert retain(loads.connection, moment, dry_run=False).rows == {}
        dropped += sum(done.rows.values())
    assert dropped > 3


def test_what_a_new_load_says_again_stays_until_that_is_old(loads: Shop) -> None:
    """Loads 1 to 3 are old: of them only what 2 and 3 supersede, and 4 does not, may go.

    Lines of O1 (loads 1, 2) and O2 (loads 1, 3) are said again by load 4.
    """
    done = retain(loads.connection, FIRST + 2.5 * WEEK, dry_run=False)
    assert done.rows == {"returns": 1}
    assert done.texts == 1
    assert loads.connection.query("select raw_text from meta.reader_rejects").rows == (
        ("(expired)",),
    )
    done = retain(loads.connection, FIRST + 9 * WEEK, dry_run=False)
    assert done.loads == 4
    kept = {(4, "O1"), (4, "O2")}
    replaced = {(1, "O3"), (2, "O4"), (3, "O5")}
    found = set(loads.raw())
    assert found in (kept, kept | replaced)


def test_a_new_load_can_be_taken_back_as_if_nothing_had_been_dropped(loads: Shop) -> None:
    undo(loads.connection, 4)
    expected = loads.figures()
    # back to the state with load 4
    folder = loads.pipeline.settings.project.parent / "week 3"
    load(loads.pipeline, folder)
    loads.connection.execute(
        "update meta.loads set loaded_at = $1 where load_id = 4", [FIRST + 3 * WEEK]
    )
    loads.models.build(loads.connection)
    retain(loads.connection, FIRST + 2.5 * WEEK, dry_run=False)
    undo(loads.connection, 4)
    assert loads.figures() == expected
    with pytest.raises(UsageError, match="load 2 is older than what ecomdata retain kept"):
        undo(loads.connection, 2)
