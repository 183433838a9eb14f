"""Loads are counted and judged alike on every engine, once, and known again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import compiled
import pytest
from servers import ENGINES, History, NewPipeline
from shops import first_build, load, shop

from ecomdata.insights.alarms import judge_loads, read_alarms
from ecomdata.insights.alarms.profiles import Key, read_profiles
from ecomdata.pipeline import Pipeline
from ecomdata.report import status
from ecomdata.warehouse import Connection, open_warehouse
from ecomdata.warehouse.schema import prepare_build

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")

DAYS = 29
FIRST = date(2025, 3, 3)
HEADER = "order_id,customer_id,product_id,quantity,total_price,order_date,status\n"


def day(number: int, status: str = "paid") -> str:
    """Ten good lines, one that a rule refuses, and one that cannot be read; one has no customer."""
    on = FIRST + timedelta(number)
    lines = [
        f"O{number}-{line},{'' if line == 9 else f'C{line % 3}'},P{line % 2},{1 + line % 4},"
        f"{line + 1}.50,{on},{status}\n"
        for line in range(10)
    ]
    return HEADER + "".join(lines) + f"O{number}-x,C1,P1,none,1.00,{on},{status}\nO{number}-y\n"


Judged = Callable[[str], Pipeline]
#: The models of each engine, once they are compiled.
MODELS: dict[str, compiled.Compiled] = {}


@pytest.fixture(scope="module")
def judged(
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Judged:
    """A warehouse of loads of a day each; in the last one the column status is empty."""
    made: dict[str, Pipeline] = {}

    def of(engine: str) -> Pipeline:
        if engine not in made:
            history(engine)
            models = MODELS[engine] = compiled.read(first_build(shops_pipeline(engine)))
            folder = tmp_path_factory.mktemp(f"{engine} alarms")
            pipeline = made[engine] = new_pipeline(engine, folder, max_rejected="0.5")
            lists = {
                "customers": "customer_id,country\nC0,Peru\nC1,Chile\nC2,Peru\n",
                "products": "product_id,category\nP0,Pens\nP1,Ink\n",
            }
            for number in range(DAYS):
                text = day(number, "" if number == DAYS - 1 else "paid")
                files = {f"orders-{number}": text} | (lists if not number else {})
                load(pipeline, shop(folder / f"day {number}", **files))
            with open_warehouse(pipeline.settings).connect() as connection:
                prepare_build(connection)
                models.build(connection)
                found = judge_loads(connection)
            assert found.loads == tuple(range(1, DAYS + 1))
        return made[engine]

    return of


def opened(pipeline: Pipeline) -> AbstractContextManager[Connection]:
    """A connection to its warehouse."""
    return open_warehouse(pipeline.settings).connect()


@pytest.mark.parametrize("engine", ENGINES)
def test_the_counts_of_a_load_are_those_worked_out_by_hand(judged: Judged, engine: str) -> None:
    with opened(judged(engine)) as connection:
        counts = read_profiles(connection, 2)[0].counts
    tuesday = (FIRST + timedelta(1)).toordinal()
    assert {
        (key.variable, key.value): number
        for key, number in counts.items()
        if key.entity == "orders"
    } == {
        ("records", "all"): 11,
        ("days", "all"): 1,
        ("first day", "all"): tuesday,
        ("last day", "all"): tuesday,
        **{
            ("filled", name): 11 for name in ("order_id", "product_id", "total_price", "order_date")
        },
        ("filled", "customer_id"): 10,
        ("filled", "quantity"): 10,
        ("filled", "status"): 11,
        **{
            ("filled", name): 0
            for name in ("line_number", "unit_price", "discount_amount", "currency", "channel")
        },
        ("refused", "invalid_number"): 1,
        ("refused", "unreadable"): 1,
        # lines 0 to 8 name C0, C1, C2 in turn, the refused one C1, line 9 nobody
        ("country", "Peru"): 6,
        ("country", "Chile"): 4,
        ("country", "(none)"): 1,
        ("category", "Pens"): 5,
        ("category", "Ink"): 6,
        ("status", "paid"): 11,
        ("currency", "(none)"): 11,
        ("channel", "(none)"): 11,
        # 1, 2, 3, 4 units in turn, the refused line's are not known
        ("quantity", "below 2"): 3,
        ("quantity", "below 3"): 3,
        ("quantity", "below 5"): 4,
        ("quantity", "(none)"): 1,
        # 1.50/1 2.50/2 3.50/3 4.50/4 5.50/1 6.50/2 7.50/3 8.50/4 9.50/1 10.50/2
        ("price of a unit", "below 2"): 4,
        ("price of a unit", "below 5"): 3,
        ("price of a unit", "below 10"): 3,
        ("price of a unit", "(none)"): 1,
    }
    assert counts[Key("(files)", "header", "status")] == 1


def test_both_engines_count_and_judge_alike(judged: Judged) -> None:
    seen = []
    for engine in ENGINES:
        with opened(judged(engine)) as connection:
            profiles = read_profiles(connection, 1)
            alarms = connection.query("select * from final.final_data_alarms order by id").rows
        seen.append(([(each.load_id, each.counts) for each in profiles], alarms))
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_verdict_is_told_again_and_stands_in_status(judged: Judged, engine: str) -> None:
    with opened(judged(engine)) as connection:
        [alarm] = read_alarms(connection).alarms
        assert (alarm.load_id, alarm.kind, alarm.subject) == (DAYS, "schema", "status")
        assert alarm.is_serious
        again = judge_loads(connection)
        assert (again.loads, again.alarms) == ((DAYS,), (alarm,))
        state = status(connection, datetime.now(UTC).replace(tzinfo=None))
    assert [each["statement"] for each in state.alarms] == [alarm.statement]
    warning = "something serious is not as usual about the last load: it stands below"
    assert warning in state.warnings


@pytest.mark.parametrize("engine", ENGINES)
def test_a_load_that_is_taken_back_takes_its_alarms_along_and_its_number_is_judged_anew(
    judged: Judged, engine: str
) -> None:
    pipeline = judged(engine)
    pipeline.undo(DAYS)
    with opened(pipeline) as connection:
        assert judge_loads(connection).alarms == ()
        assert len(read_profiles(connection, 1)) == DAYS - 1
    files = {f"orders-{DAYS}": day(DAYS - 1)}
    assert load(pipeline, shop(pipeline.settings.project / "again", **files)).load_id == DAYS
    with opened(pipeline) as connection:
        MODELS[engine].build(connection)
        again = judge_loads(connection)
        assert (again.loads, again.alarms) == ((DAYS,), ())
        assert not connection.query("select * from final.final_data_alarms").rows
