"""A shop, from its plan to its files: first the customers and when they order, then the orders."""

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import numpy as np

from ecomdata.errors import UsageError
from ecomdata.generate.calendar import make_calendar
from ecomdata.generate.chance.draws import Ints, Levels, Purpose, bits, words_at
from ecomdata.generate.csvtext import FileText
from ecomdata.generate.events.planting import Effects, Planting
from ecomdata.generate.events.schedule import planned
from ecomdata.generate.files.folder import PLAN, TRUTH, replacing
from ecomdata.generate.files.parquet import Columns, ParquetParts
from ecomdata.generate.files.records import (
    CUSTOMER_COLUMNS,
    HABIT_COLUMNS,
    ORDER_COLUMNS,
    RETURN_COLUMNS,
    CustomerText,
    OrderText,
)
from ecomdata.generate.files.series import Series, ShopFiles
from ecomdata.generate.goods import catalogue
from ecomdata.generate.goods.baskets import Baskets, Lines, Orders, Pending, Returns
from ecomdata.generate.goods.catalogue import (
    Catalogue,
    PriceList,
    make_catalogue,
    price_lines,
    product_lines,
)
from ecomdata.generate.goods.ladder import Ladder
from ecomdata.generate.goods.tastes import Tastes
from ecomdata.generate.people.customers import (
    BLOCK,
    Accounts,
    Population,
    blocks,
    make_accounts,
    settle,
    simulate,
)
from ecomdata.generate.people.habits import LEVEL_BITS
from ecomdata.generate.plan import MOST_ORDERS, ShopPlan
from ecomdata.generate.timeline import GUEST, Timeline, order_keys
from ecomdata.generate.truth import Tally

#: Called with what is being made, how much of it is, and how much there will be.
Progress: TypeAlias = Callable[[str, int, int], None]

#: Orders made at a time: their columns stay in a processor's cache.
CHUNK: Final = 1 << 13

#: More threads would wait for the one that writes.
_MOST_WORKERS: Final = 4

_Job = TypeVar("_Job")
_Done = TypeVar("_Done")


@dataclass(frozen=True)
class Summary:
    """What was made.

    Args:
        out: the folder.
        orders: distinct orders, cancelled ones included.
        records: the lines below the header, by file that was written.
        faults: how many were planted, by kind.
        bytes: the size of those files together.
        net_sales: what is left when a perfect cleaner has refused what must be refused.
    """

    out: Path
    orders: int
    records: dict[str, int]
    faults: dict[str, int]
    bytes: int
    net_sales: Decimal


def generate_shop(
    plan: ShopPlan, out: Path, progress: Progress | None = None, workers: int | None = None
) -> Summary:
    """Make the plan's shop in the folder `out`, whole or not at all; any workers, same bytes.

    Raises:
        UsageError: the folder is something else than a shop that was made earlier, or cannot be
            written.
    """
    out = out.resolve()
    with replacing(out) as folder, ShopFiles(plan, folder) as files:
        return _Making(files, progress, workers).make(out)


def extend_shop(
    out: Path, days: int, progress: Progress | None = None, workers: int | None = None
) -> Summary:
    """Add the next days of the shop in the folder `out`, each day's lines in files of their own.

    What was written stays as it is, save the products and the truth, which are stated anew.

    Raises:
        UsageError: there is no shop of this version, or it cannot be written, or no day is added.
    """
    if days < 1:
        raise UsageError(f"{days} days are none to add: give 1 or more")
    out = out.resolve()
    plan = ShopPlan.read(out / PLAN)
    longer = replace(plan, more_days=plan.more_days + days)
    with replacing(out) as folder, ShopFiles(longer, folder, since=plan.days) as files:
        files.keep(out)
        return _Making(files, progress, workers).make(out)


class _Making:
    """The making of one shop."""

    def __init__(self, files: ShopFiles, progress: Progress | None, workers: int | None) -> None:
        self._files = files
        self._plan = files.plan
        self._report = progress or (lambda what, done, total: None)
        self._workers = workers or _workers(files.plan)
        self._calendar = make_calendar(files.plan)

    def make(self, out: Path) -> Summary:
        """Make the shop."""
        plan, files = self._plan, self._files
        truth = files.folder / TRUTH
        population = settle(plan, self._calendar)
        tastes = Tastes(plan.seed, population.habits, plan.lines_per_order)
        ladder = Ladder(tastes)
        products = make_catalogue(plan, ladder)
        planting = self._planting(products, population)
        self._write_products(products, truth / "prices.csv")
        spill = files.folder / "spill"
        spill.mkdir()
        baskets = Baskets(plan, tastes, ladder, products)
        expected = plan.orders * plan.days // plan.base_days
        with closing(Timeline(spill, self._calendar, expected)) as timeline:
            spend = self._write_customers(population, timeline, spill, truth)
            guests = plan.orders - timeline.base_orders
            self._demand_ids(
                "orders", timeline.orders + guests * self._calendar.ticks // self._calendar.base
            )
            cleaned, planted, orders = self._write_orders(
                products, baskets, planting, timeline, guests, spend
            )
        spill.rmdir()
        _write_text(truth / "events.jsonl", planting.answers())
        _write_json(truth / "pairs.json", baskets.pairs.as_record())
        _write_json(truth / "kpis.json", cleaned.as_record() | {"planted": planted.as_record()})
        _write_json(truth / "plan.json", plan.as_record() | {"accounts": population.accounts})
        return Summary(
            out, orders, files.records, dict(files.key.counts), files.bytes, cleaned.net_sales
        )

    def _demand_ids(self, what: str, count: int) -> None:
        if count > MOST_ORDERS:
            raise UsageError(
                f"by {self._plan.last_day} the shop has {count:,} {what}, and ids are for "
                f"{MOST_ORDERS:,}: add fewer days"
            )

    def _planting(self, products: Catalogue, population: Population) -> Planting:
        plan, events = self._plan, self._plan.events
        if isinstance(events, int):
            events = planned(plan, events, products)
        return Planting(plan, events, products, self._calendar, population)

    def _write_products(self, products: Catalogue, prices_path: Path) -> None:
        last = self._calendar.month_of(self._plan.days - 1)
        prices = PriceList(products)
        with prices_path.open("wb") as stream:
            stream.write(b"product_id,valid_from,price\n")
            for month in range(last + 1):
                stream.write(price_lines(self._calendar, prices, month))
        text = product_lines(products, last, prices.at(last))
        count = text.count(b"\n")
        self._report("products", 0, count)
        with Series(self._files, "products", catalogue.COLUMNS, whole=True) as series:
            series.add(0, text, count)
        self._report("products", count, count)

    def _write_customers(
        self, population: Population, timeline: Timeline, spill: Path, truth: Path
    ) -> Levels:
        """Write customers and what they are truly like; the level of spending of each."""
        plan, calendar, files = self._plan, self._calendar, self._files
        text = CustomerText(plan, calendar, population.habits)
        todo = list(blocks(calendar, population))
        total = len(todo) * BLOCK
        spend = np.empty(total, dtype=np.uint16)
        ends = calendar.closes[[period.end - 1 for period in files.periods]]

        def work(block: tuple[int, int]) -> tuple[Accounts, Ints, list[tuple[int, bytes]], Columns]:
            accounts = make_accounts(plan, calendar, population, *block)
            history = simulate(plan, population.habits, accounts, calendar.ticks)
            keys = order_keys(history.moment, accounts.first + history.account)
            cuts = [0, *np.searchsorted(accounts.signup, ends).tolist()]
            parts = [
                (end - start, text.lines(accounts, start, end) if files.wants(period) else b"")
                for period, start, end in zip(files.periods, cuts, cuts[1:], strict=False)
            ]
            return accounts, keys, parts, text.habits(accounts, history)

        self._report("customers", 0, population.accounts)
        with (
            ParquetParts(spill / "habits") as habits,
            Series(files, "customers", CUSTOMER_COLUMNS) as series,
        ):
            for accounts, keys, parts, columns in _in_order(work, todo, self._workers):
                timeline.add(keys)
                habits.add(columns)
                done = accounts.first + len(accounts.signup)
                self._demand_ids("customers", done)
                spend[accounts.first : done] = accounts.spend
                for period, (count, part) in enumerate(parts):
                    if count:
                        series.add(period, part, count)
                self._report("customers", min(done, population.accounts), population.accounts)
            habits.write(truth / "customers.parquet", HABIT_COLUMNS)
        return spend

    def _write_orders(
        self,
        products: Catalogue,
        baskets: Baskets,
        planting: Planting,
        timeline: Timeline,
        guests: int,
        spend: Levels,
    ) -> tuple[Tally, Tally, int]:
        """Write orders and returns; the KPIs after cleaning, of what was planted, the orders."""
        plan, files = self._plan, self._files
        text = OrderText(plan)
        planted = Tally(plan, len(spend))
        cleaned = Tally(plan, len(spend)) if plan.is_dirty else planted
        pending = Pending()

        def work(job: tuple[int, Orders]) -> tuple[int, Orders, Lines, Effects, FileText, Returns]:
            period, orders = job
            lines, effects = planting.apply(orders, baskets.lines(orders))
            wanted = files.wants(files.periods[period])
            part = text.order_lines(lines) if wanted else b""
            return period, orders, lines, effects, part, baskets.returns(lines)

        ends = np.array([period.end for period in files.periods])

        def send_back(until: int) -> None:
            """Write the returns before a day, of which all are known."""
            returns = pending.take(until)
            cleaned.add_returns(returns)
            if planted is not cleaned:
                planted.add_returns(returns)
            cuts = [0, *np.searchsorted(returns.day, ends).tolist()]
            for number, (start, end) in enumerate(zip(cuts, cuts[1:], strict=False)):
                if start < end:
                    wanted = files.wants(files.periods[number])
                    part = returns.rows(slice(start, end))
                    back.add(number, text.return_lines(part) if wanted else b"", end - start)

        jobs = self._orders(products, timeline.read(plan.seed, guests), spend)
        total = timeline.orders + guests
        done = 0
        with (
            Series(files, "orders", ORDER_COLUMNS) as series,
            Series(files, "returns", RETURN_COLUMNS) as back,
        ):
            self._report("orders", 0, total)
            for period, orders, lines, effects, part, returns in _in_order(
                work, jobs, self._workers
            ):
                planting.add(effects)
                lost = series.add(period, part, len(lines.order))
                planted.add_lines(lines)
                if planted is not cleaned:
                    cleaned.add_lines(lines.rows(~lost))
                pending.add(returns)
                if pending.is_ripe:
                    send_back(int(orders.day[0]))
                done = orders.first + len(orders.day)
                self._report("orders", done, max(total, done))
            send_back(plan.days)
        return cleaned, planted, done + planting.orders_added

    def _orders(
        self, products: Catalogue, batches: Iterable[tuple[Ints, Ints]], spend: Levels
    ) -> Iterator[tuple[int, Orders]]:
        """(period, orders) in the order of time, orders of one month and period at a time."""
        plan, calendar = self._plan, self._calendar
        prices = PriceList(products)
        month_of = np.array([calendar.month_of(day) for day in range(plan.days)])
        lengths = [period.end - period.first for period in self._files.periods]
        period_of = np.repeat(np.arange(len(lengths)), lengths)
        turns = np.flatnonzero(np.diff(month_of) + np.diff(period_of)) + 1
        first, month, assortment = 0, 0, products.assortment(0, prices.at(0))
        for day, customer in batches:
            level = spend[customer].astype(np.int64)
            guests = np.flatnonzero(customer == GUEST)
            who = words_at(plan.seed, Purpose.GUEST_SPEND, first + guests)
            level[guests] = bits(who, 0, LEVEL_BITS)
            cuts = [0, *np.searchsorted(day, turns).tolist(), len(day)]
            for start, end in zip(cuts, cuts[1:], strict=False):
                for low in range(start, end, CHUNK):
                    part = slice(low, min(low + CHUNK, end))
                    if month != month_of[day[low]]:
                        month = int(month_of[day[low]])
                        assortment = products.assortment(month, prices.at(month))
                    yield (
                        int(period_of[day[low]]),
                        Orders(
                            first=first + low,
                            day=day[part],
                            customer=customer[part],
                            spend=level[part],
                            assortment=assortment,
                        ),
                    )
            first += len(day)


def _workers(plan: ShopPlan) -> int:
    """How many threads pay: zlib leaves Python's lock to others for long, numpy for too short."""
    return min(os.cpu_count() or 1, _MOST_WORKERS) if plan.format == "csv.gz" else 1


def _in_order(work: Callable[[_Job], _Done], jobs: Iterable[_Job], workers: int) -> Iterator[_Done]:
    """What the work makes of each job, in their order, a few ahead of the one that is asked for."""
    if workers == 1:
        yield from map(work, jobs)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[_Done]] = deque()
        try:
            for job in jobs:
                ahead.append(pool.submit(work, job))
                if len(ahead) > workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _write_json(path: Path, document: object) -> None:
    _write_text(path, json.dumps(document, indent=1) + "\n")


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")
