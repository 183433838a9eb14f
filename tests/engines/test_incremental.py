"""What is built of what changed is, to the byte, what is built of everything."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path

import duckdb
import pytest
from batches import Export
from compiled import Compiled, Step, read, read_steps
from histories import Again, Load, Undo, is_killed, load_files, of_orders, steps
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from servers import History, NewPipeline
from shops import Rows, first_build, in_order, shop

from ecomdata.ingest import LoadPlan
from ecomdata.ingest import load as ingest_load
from ecomdata.ingest import undo as ingest_undo
from ecomdata.pipeline import Pipeline
from ecomdata.transform import changes
from ecomdata.warehouse import Connection, open_warehouse, prepare
from ecomdata.warehouse.duckdb import DuckDBConnection

pytest_plugins = ["engine_fixtures"]
pytestmark = pytest.mark.xdist_group("models")

#: A longer round: ECOMDATA_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("ECOMDATA_EXAMPLES", "15"))


@dataclass(frozen=True)
class Build:
    """Build; `killed` before the so-manieth model."""

    killed: int | None = None


Taken = Load | Again | Undo | Build

builds = st.builds(Build, st.none() | st.integers(0, 20))
histories = st.lists(st.one_of(steps, builds), min_size=4, max_size=12)


@dataclass(frozen=True)
class Workshop:
    """Makes warehouses and builds them by what dbt ran."""

    everything: Sequence[Step]
    only_changes: Sequence[Step]
    connect: Callable[[], AbstractContextManager[Connection]]
    home: Path

    def compare_after(self, history: Sequence[Taken]) -> None:
        """Play a history, build, and hold the tables to those of a full build."""
        loads: list[Load] = []
        with self.connect() as connection:
            prepare(connection)
            for step in [*history, Build()]:
                if isinstance(step, Build):
                    self.build(connection, step.killed)
                else:
                    take(connection, self.home, step, loads)
            found = self.tables(connection)
            for model in self.everything:
                model.take(connection)
            assert found == self.tables(connection)

    def build(self, connection: Connection, killed: int | None) -> None:
        """Build as `run_dbt` does."""
        only_changes = changes.note_changes(connection, "models", full_refresh=False)
        models = self.only_changes if only_changes else self.everything
        for model in models[:killed]:
            model.take(connection)
        if killed is None:
            changes.forget_changes(connection, "models")

    def tables(self, connection: Connection) -> dict[str, Rows]:
        """All that was built but for what changed."""
        return {
            model.table: in_order(connection.query(f"select * from {model.table}").rows)
            for model in self.everything
            if "changed_" not in model.table
        }


def take(connection: Connection, home: Path, step: Taken, loads: list[Load]) -> None:
    """Load or undo; what cannot be is left."""
    if isinstance(step, Undo):
        known = connection.query("select distinct load_id from meta.loads order by 1").rows
        if known:
            ingest_undo(connection, known[step.place % len(known)][0])
    elif isinstance(step, Again):
        if loads:
            load_files(connection, home, loads[step.step % len(loads)].files, step.replace)
    elif isinstance(step, Load):
        loads.append(step)
        if step.killed is None:
            load_files(connection, home, step.files, step.replace)
        else:
            is_killed(connection, home, step)


@pytest.fixture(scope="module", autouse=True)
def _however_much_changed() -> Iterator[None]:
    """Tiny shops change as a whole."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "WIDEST", 1000)
        yield


@pytest.fixture(scope="module")
def models(history: History, shops_pipeline: Callable[[str], Pipeline]) -> Compiled:
    """All models, of everything."""
    history("duckdb")
    return read(first_build(shops_pipeline("duckdb")))


@pytest.fixture(scope="module")
def workshops(
    history: History,
    shops_pipeline: Callable[[str], Pipeline],
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Workshop]:
    made: dict[str, Workshop] = {}

    def of(engine: str) -> Workshop:
        if engine not in made:
            history(engine)
            pipeline = shops_pipeline(engine)
            home: Path = tmp_path_factory.mktemp(f"{engine} changes")
            numbers = count()

            def connect() -> AbstractContextManager[Connection]:
                if engine == "duckdb":
                    return closing(
                        DuckDBConnection(duckdb.connect(config={"threads": 1}), Path("memory"))
                    )
                empty = new_pipeline(engine, home / str(next(numbers)))
                return open_warehouse(empty.settings).connect()

            made[engine] = Workshop(
                read_steps(first_build(pipeline), only_changes=False),
                read_steps(pipeline.settings.cache / "dbt" / engine, only_changes=True),
                connect,
                home,
            )
        return made[engine]

    return of


def of_products(cost: str) -> Export:
    return Export("products", (("P1", "9.99", cost), ("P2", "9.99", "1.00")))


#: C1 orders O3 and then O6; that O3 comes late makes O6 no longer the first.
LATE = [
    Load({"orders.csv": of_orders("O6 P1 4.00", "O2 P1 4.00")}),
    Build(),
    Load({"late.csv": of_orders("O3 P2 4.00")}),
]
#: The order's rows stand nowhere any more but in the models.
UNDONE = [*LATE, Build(), Undo(1)]
#: The number of the load and the name of the file are those of what was undone.
OTHER_UNDER_THE_SAME_NUMBER = [*UNDONE, Load({"late.csv": of_orders("O4 P2 9.00")})]
#: A killed build has taken in what the next one is to take out again.
KILLED_THEN_UNDONE = [*LATE, Build(killed=14), Undo(1)]
COST = [
    Load({"orders.csv": of_orders("O1 P1 4.00"), "products.csv": of_products("1.00")}),
    Build(),
    Load({"products.csv": of_products("2.00")}),
]


def of_customers(country: str) -> Export:
    return Export("customers", (("C1", country),))


COUNTRY = [
    Load({"orders.csv": of_orders("O3 P1 4.00"), "customers.csv": of_customers("Peru")}),
    Build(),
    Load({"customers.csv": of_customers("Chile")}),
]


def of_category(category: str) -> Export:
    return Export("products", (("P1", "9.99", "1.00", category),), ",category")


CATEGORY = [
    Load({"orders.csv": of_orders("O1 P1 4.00"), "products.csv": of_category("Toys")}),
    Build(),
    Load({"products.csv": of_category("Games")}),
]


def of_signup(day: str) -> Export:
    return Export("customers", (("C1", "Peru", day),), ",signup_date")


SIGNUP = [
    Load({"orders.csv": of_orders("O3 P1 4.00"), "customers.csv": of_signup("2024-01-01")}),
    Build(),
    Load({"customers.csv": of_signup("2024-01-02")}),
]


def of_nothing(rows: Export) -> list[Taken]:
    """Rows without an order, or a customer: those of the first load stay, the others go again."""
    return [
        Load({"orders.csv": of_orders("O1 P1 4.00")}),
        Load({"first.csv": rows}),
        Build(),
        Load({"later.csv": Export(rows.kind, rows.rows * 2)}),
        Build(killed=20),
        Build(),
        Undo(2),
    ]


NO_ORDER = of_nothing(Export("orders", (("", "C1", "P1", "1", "4.00", "2024-01-11"),)))
NO_ORDER_RETURNED = of_nothing(Export("returns", (("", "P1", "1", "4.00", "2024-02-01", "R1"),)))
NO_CUSTOMER = of_nothing(Export("customers", (("", "Peru"),)))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(history=histories)
@example(history=LATE)
@example(history=UNDONE)
@example(history=OTHER_UNDER_THE_SAME_NUMBER)
@example(history=KILLED_THEN_UNDONE)
@example(history=COST)
@example(history=COUNTRY)
@example(history=CATEGORY)
@example(history=SIGNUP)
@example(history=NO_ORDER)
@example(history=NO_ORDER[:-2])
@example(history=NO_ORDER_RETURNED)
@example(history=NO_ORDER_RETURNED[:-2])
@example(history=NO_CUSTOMER)
@example(history=NO_CUSTOMER[:-2])
def test_any_history_of_loads_and_builds_ends_as_a_full_refresh(
    workshops: Callable[[str], Workshop], history: list[Taken]
) -> None:
    workshops("duckdb").compare_after(history)


@settings(
    max_examples=max(EXAMPLES // 10, 2),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(history=histories)
@example(history=OTHER_UNDER_THE_SAME_NUMBER)
def test_so_does_it_on_postgresql(
    workshops: Callable[[str], Workshop], history: list[Taken]
) -> None:
    workshops("postgres").compare_after(history)


def test_no_cohort_is_null_after_an_incremental_run(
    workshops: Callable[[str], Workshop], models: Compiled
) -> None:
    """An order that comes late moves its customer into the cohort of its month."""
    workshop = workshops("duckdb")
    with workshop.connect() as connection:
        prepare(connection)
        for name, order, day in (("orders", "O2", "2024-02-10"), ("late", "O1", "2024-01-10")):
            export = Export("orders", ((order, "C1", "P1", "1", "4.00", day),))
            load_files(connection, workshop.home, {f"{name}.csv": export}, False)
            workshop.build(connection, killed=None)
        [sql] = [sql for name, sql in models.models if "final_cohort_retention" in name]
        connection.execute(f"create table final.final_cohort_retention as {sql}")
        found = connection.query(
            "select cohort_month, months_since_first_order, cohort_size, active_customers,"
            " net_sales from final.final_cohort_retention order by 1, 2"
        ).rows
    january, still_going_on = date(2024, 1, 1), (None, None)
    assert found == ((january, 0, 1, 1, Decimal("4.00")), (january, 1, 1, *still_going_on))


def test_a_vote_that_turns_the_shops_currency_counts_all_orders_as_changed(
    workshops: Callable[[str], Workshop], tmp_path: Path
) -> None:
    workshop = workshops("duckdb")
    header = "order_id,product_id,quantity,total_price,order_date,currency\n"
    plan = LoadPlan(tmp_path, Decimal(1))
    with workshop.connect() as connection:
        prepare(connection)
        for name, currency, orders in (("may", "EUR", (1, 2)), ("june", "USD", (3, 4, 5))):
            lines = "".join(f"O{n},P1,1,3.00,2024-05-01,{currency}\n" for n in orders)
            files = shop(tmp_path / name, **{name: header + lines})
            ingest_load(connection, [files], plan, lambda what, done, total: None)
            workshop.build(connection, killed=None)
        staged = connection.query("select order_id from staging.stg_orders order by 1").rows
    assert staged == (("O3",), ("O4",), ("O5",))


def test_files_with_more_than_a_share_of_the_rows_and_other_models_make_everything_anew(
    workshops: Callable[[str], Workshop], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "WIDEST", 0.1)
    workshop = workshops("duckdb")
    with workshop.connect() as connection:
        prepare(connection)

        def only_changes(models: str = "models", full_refresh: bool = False) -> bool:
            return changes.note_changes(connection, models, full_refresh)

        def add(name: str, orders: int) -> None:
            rows = of_orders(*(f"O{n} P1 4.00" for n in range(orders))).rows
            renamed = tuple((f"{name}{row[0]}", *row[1:]) for row in rows)
            export = Export("orders", renamed)
            load_files(connection, workshop.home, {f"{name}.csv": export}, False)

        add("a", 90)
        workshop.build(connection, killed=None)
        assert only_changes()
        add("b", 10)
        assert only_changes()
        add("c", 12)
        assert not only_changes()
        assert not only_changes()  # nothing went through since
        workshop.build(connection, killed=None)
        assert only_changes()
        assert not only_changes(full_refresh=True)
        workshop.build(connection, killed=None)
        assert not only_changes("other models")
