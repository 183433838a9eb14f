"""A shop as a folder: made beside its place, and moved there when it is whole."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.generate import catalogue, customers
from ecomdata.generate.baskets import (
    ORDER_COLUMNS,
    RETURN_COLUMNS,
    BasketLines,
    Baskets,
    Returns,
    in_order_of_day,
)
from ecomdata.generate.calendar import make_calendar
from ecomdata.generate.catalogue import make_catalogue, product_lines
from ecomdata.generate.customers import CustomerLines, make_customers
from ecomdata.generate.demand import guests_and_buyers, place_orders
from ecomdata.generate.dirt import FAULTS, AnswerKey, Soiler
from ecomdata.generate.draws import Bools
from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.truth import Tally

#: Called with the file that is being made, how many of its records are, and how many there will be
#: (of orders.csv: orders, not lines).
Progress: TypeAlias = Callable[[str, int, int], None]

#: Orders, customers or returns made at a time: a chunk and its columns take some tens of megabytes.
CHUNK: Final = 1 << 15
#: Adds lines to a file; see `_Shop.file`.
Add: TypeAlias = Callable[[bytes, int, int], Bools]

FILES: Final = ("customers.csv", "products.csv", "orders.csv", "returns.csv")
TRUTH: Final = "truth"


@dataclass(frozen=True)
class Summary:
    """What was made.

    Args:
        out: the folder.
        orders: distinct orders, cancelled ones included.
        records: the lines below the header, by file.
        faults: how many were planted, by kind.
        bytes: the size of the four files together.
        net_sales: what is left when a perfect cleaner has refused what must be refused.
    """

    out: Path
    orders: int
    records: dict[str, int]
    faults: dict[str, int]
    bytes: int
    net_sales: Decimal


def generate_shop(plan: ShopPlan, out: Path, progress: Progress | None = None) -> Summary:
    """Make the plan's shop in the folder `out`, whole or not at all.

    Raises:
        UsageError: the folder is something else than a shop that was made earlier, or cannot be
            written.
    """
    out = out.resolve()
    try:
        _demand_replaceable(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
            folder = Path(beside, "new")
            Path(folder, TRUTH).mkdir(parents=True)
            summary = _make(plan, folder, out, progress or (lambda file, done, total: None))
            _move_in(folder, out, Path(beside, "earlier"))
    except OSError as exc:
        raise UsageError(
            f"cannot write the shop to {out}: {exc}: free the space or the permission it needs, "
            "or give another folder"
        ) from exc
    return summary


def _demand_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file: give a folder for the shop")
    if out.is_mount() or Path.cwd().is_relative_to(out):
        raise UsageError(
            f"{out} is in use as a mount point or working folder and cannot be replaced: "
            "give a folder inside it"
        )
    foreign = {path.name for path in out.iterdir()} - {*FILES, TRUTH}
    if foreign:
        raise UsageError(
            f"{out} holds what is no part of a shop ({min(foreign)}) and is left as it is: "
            "give an empty or a new folder"
        )
    if any(out.iterdir()) and not Path(out, TRUTH, "plan.json").is_file():
        raise UsageError(
            f"{out} is not empty and was not made by `ecomdata generate` (no {TRUTH}/plan.json): "
            "give an empty or a new folder"
        )


def _move_in(folder: Path, out: Path, earlier: Path) -> None:
    try:
        if out.exists():
            out.rename(earlier)
        folder.rename(out)
    except BaseException:
        if earlier.exists() and not out.exists():
            earlier.rename(out)
        raise


class _Shop:
    """The folder that is being filled, file by file."""

    def __init__(self, plan: ShopPlan, folder: Path, key: AnswerKey, report: Progress) -> None:
        self.records = dict.fromkeys(FILES, 0)
        self.bytes = 0
        self._plan = plan
        self._folder = folder
        self._key = key
        self._report = report

    @contextmanager
    def file(self, name: str, columns: Sequence[str], total: int) -> Iterator[Add]:
        """Open a file and give the function that adds lines to it.

        The function takes the lines, their number, and how much of the total is done with them;
        it tells which of the lines a perfect cleaner is left without.
        """
        soiler = Soiler(self._plan, name, columns, self._key) if name in FAULTS else None
        self._report(name, 0, total)
        with Path(self._folder, name).open("wb") as stream:
            self.bytes += stream.write(",".join(columns).encode() + b"\n")

            def add(lines: bytes, count: int, done: int) -> Bools:
                lost = np.zeros(count, dtype=np.bool_)
                if soiler:
                    lines, lost = soiler.soil(lines, count)
                self.bytes += stream.write(lines)
                self.records[name] += lines.count(b"\n")
                self._report(name, done, total)
                return lost

            yield add


def _make(plan: ShopPlan, folder: Path, out: Path, report: Progress) -> Summary:
    calendar = make_calendar(plan)
    products = make_catalogue(plan)
    people = make_customers(plan, calendar, guests_and_buyers(plan)[1])
    with AnswerKey(Path(folder, TRUTH, "dirt.jsonl")) as key:
        shop = _Shop(plan, folder, key, report)
        with shop.file("products.csv", catalogue.COLUMNS, plan.product_count) as add:
            add(product_lines(products), plan.product_count, plan.product_count)
        with shop.file("customers.csv", customers.COLUMNS, plan.customer_count) as add:
            customer_lines = CustomerLines(plan, people)
            for first, count in _chunks(plan.customer_count):
                add(customer_lines.lines(first, count), count, first + count)
        cleaned, planted = _write_baskets(
            plan, shop, Baskets(plan, products, place_orders(plan, calendar, people))
        )
    _write_json(
        Path(folder, TRUTH, "kpis.json"), cleaned.as_record() | {"planted": planted.as_record()}
    )
    _write_json(Path(folder, TRUTH, "plan.json"), plan.as_record())
    return Summary(out, plan.orders, shop.records, dict(key.counts), shop.bytes, cleaned.net_sales)


def _write_baskets(plan: ShopPlan, shop: _Shop, baskets: Baskets) -> tuple[Tally, Tally]:
    """Write orders.csv and returns.csv; the KPIs after cleaning, and of what was planted."""
    cleaned, planted = Tally(plan), Tally(plan)
    text = BasketLines(plan)
    parts: list[Returns] = []
    first_line = 0
    with shop.file("orders.csv", ORDER_COLUMNS, plan.orders) as add:
        for first, count in _chunks(plan.orders):
            lines = baskets.lines(first, count, first_line)
            lost = add(text.order_lines(lines), len(lines.order), first + count)
            cleaned.add_lines(lines, ~lost)
            planted.add_lines(lines, np.ones_like(lost))
            parts.append(baskets.returns(lines, first_line))
            first_line += len(lines.order)
    returns = in_order_of_day(parts)
    cleaned.add_returns(returns)
    planted.add_returns(returns)
    total = len(returns.order)
    with shop.file("returns.csv", RETURN_COLUMNS, total) as add:
        add(text.return_lines(returns, 0), total, total)
    return cleaned, planted


def _chunks(total: int) -> Iterator[tuple[int, int]]:
    """(first, count) of the parts of a whole."""
    for first in range(0, total, CHUNK):
        yield first, min(CHUNK, total - first)


def _write_json(path: Path, document: dict[str, object]) -> None:
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8", newline="\n")
