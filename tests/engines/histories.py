"""Histories of loads: what is drawn, and how its steps are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from batches import Export, buyer_of, day_of
from hypothesis import strategies as st

from ecomdata.ingest import LoadPlan
from ecomdata.ingest import load as ingest_load
from ecomdata.warehouse import Connection

order_ids = st.sampled_from([f"O{i}" for i in range(1, 9)])
product_ids = st.sampled_from(["P1", "P2", "P3"])


@st.composite
def lines(draw: Any, order_id: str) -> tuple[str, ...]:
    quantity = draw(st.sampled_from(["1", "2", "3", "x"]))
    paid = draw(st.sampled_from(["4.00", "5.50", "10.00"]))
    product = draw(product_ids)
    return (order_id, buyer_of(order_id), product, quantity, paid, str(day_of(order_id)))


@st.composite
def orders(draw: Any) -> Export:
    ids = draw(st.lists(order_ids, min_size=1, max_size=4, unique=True))
    found = [draw(st.lists(lines(i), min_size=1, max_size=3)) for i in ids]
    return Export("orders", tuple(line for of_order in found for line in of_order))


@st.composite
def returns(draw: Any) -> Export:
    rows = st.tuples(
        order_ids,
        product_ids,
        st.sampled_from(["1", "x"]),
        st.sampled_from(["1.00", "4.00"]),
        st.sampled_from(["", "2024-02-01"]),
        st.sampled_from(["", "R1"]),
    )
    return Export("returns", tuple(draw(st.lists(rows, min_size=1, max_size=4))))


customers = st.builds(
    lambda rows: Export("customers", tuple(rows)),
    st.lists(
        st.tuples(st.sampled_from(["C1", "C2", "C3"]), st.sampled_from(["Peru", "Chile", ""])),
        min_size=1,
        max_size=3,
    ),
)
products = st.builds(
    lambda rows: Export("products", tuple(rows)),
    st.lists(
        st.tuples(
            product_ids,
            st.sampled_from(["4.00", "9.99"]),
            st.sampled_from(["1.00", "2.50"]),
        ),
        min_size=1,
        max_size=3,
    ),
)


@st.composite
def pieces(draw: Any) -> dict[str, Export]:
    """One export, cut in two anywhere."""
    rows = draw(orders()).rows
    if len(rows) < 2:
        return {"part_1.csv": Export("orders", rows)}
    cut = draw(st.integers(1, len(rows) - 1))
    parts = rows[:cut], rows[cut:]
    return {f"part_{i}.csv": Export("orders", part) for i, part in enumerate(parts, 1)}


folders = st.one_of(
    pieces(),
    st.fixed_dictionaries(
        {},
        optional={
            "orders.csv": orders(),
            "late.csv": orders(),
            "returns.csv": returns(),
            "customers.csv": customers,
            "products.csv": products,
        },
    ).filter(bool),
)


@dataclass(frozen=True)
class Load:
    """Load these files; `killed` at the so-manieth step in the warehouse."""

    files: dict[str, Export]
    replace: bool = False
    killed: int | None = None


@dataclass(frozen=True)
class Again:
    """Load the files of an earlier step once more."""

    step: int
    replace: bool


@dataclass(frozen=True)
class Undo:
    """Take back the so-manieth of the loads that there are."""

    place: int


steps = st.one_of(
    st.builds(Load, folders, st.booleans(), st.none() | st.integers(0, 25)),
    st.builds(Load, folders, st.booleans()),
    st.builds(Again, st.integers(0, 9), st.booleans()),
    st.builds(Undo, st.integers(0, 9)),
)
histories = st.lists(steps, min_size=3, max_size=7)


def of_orders(*about: str) -> Export:
    """Lines like "O1 P1 4.00"."""
    rows = [text.split() for text in about]
    return Export("orders", tuple((o, buyer_of(o), p, "1", m, str(day_of(o))) for o, p, m in rows))


#: A line that an earlier file of the same load has, too, is no repeat.
OVERLAP = [
    Load({"late.csv": of_orders("O1 P1 4.00"), "orders.csv": of_orders("O1 P1 4.00", "O1 P2 9.00")})
]
#: What was replaced supersedes nothing: O1 is again what late.csv says.
REPLACED = [
    Load({"late.csv": of_orders("O1 P1 4.00")}),
    Load({"orders.csv": of_orders("O1 P1 5.50")}),
    Load({"orders.csv": of_orders("O2 P1 5.50")}, replace=True),
]
UNDONE = [*REPLACED, Undo(2), Undo(1)]
#: Only the order at the cut has lines of both pieces.
CUT = [
    Load(
        {
            "part_1.csv": of_orders("O1 P1 4.00", "O2 P1 4.00"),
            "part_2.csv": of_orders("O2 P2 4.00", "O1 P2 9.00"),
        }
    )
]

# What is done.


class KilledError(BaseException):
    """The end of a process, as it were."""


@dataclass
class Dying:
    """A connection on which the process is killed at some step."""

    connection: Connection
    steps_left: int

    def __getattr__(self, name: str) -> Any:
        if self.steps_left == 0:
            raise KilledError
        self.steps_left -= 1
        return getattr(self.connection, name)


def load_files(
    connection: Connection, home: Path, files: Mapping[str, Export], replace: bool
) -> None:
    """Write the files into a folder of theirs and load it."""
    folder = home / "exports"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, export in files.items():
        (folder / name).write_text(export.content)
    plan = LoadPlan(home, Decimal(1), replace=replace)
    ingest_load(connection, [folder], plan, lambda what, done, total: None)


def is_killed(connection: Connection, home: Path, step: Load) -> bool:
    """Load, and be killed if it takes so many steps."""
    assert step.killed is not None
    dying: Any = Dying(connection, step.killed)
    try:
        load_files(dying, home, step.files, step.replace)
    except KilledError:
        return True
    return False
