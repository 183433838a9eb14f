"""Scores the data alarms on shops that load a day at a time: `make score-alarms`.

False alarms: shops in which nothing is wrong, over a year with its weekdays, season and Black
Friday. Recall: a day's files with one fault each, loaded on top of a history. Writes
benchmarks/insights/alarms.json; page.py puts it into docs/alarms.md.
"""

import argparse
import csv
import io
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from shops import Models, compiled

from ecomdata.contract import META_TABLES
from ecomdata.errors import DataError
from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.dirt.soiler import FAULTS, AnswerKey, Soiler
from ecomdata.ingest import LoadPlan, load, undo
from ecomdata.insights.alarms import Alarm, judge_loads
from ecomdata.insights.alarms.shares import FEWEST_LOADS
from ecomdata.settings import load_settings
from ecomdata.warehouse import Connection, open_warehouse, prepare
from ecomdata.warehouse.schema import prepare_build

HERE = Path(__file__).parent
#: Seeds below are for tuning.
FIRST_SEED = 1000
FIRST_DAYS = 120
#: Of a day's lines, so many have a fault of `--dirt`: more than 5 % are refused by the load itself.
DIRT = 0.03

#: Orders a day of the shops with faults.
SIZES = (50, 500)
#: Of shops in which nothing is wrong: orders a day, and what is usual there of `--dirt`.
USUAL = ((50, 0.0), (50, 0.02), (500, 0.0), (500, 0.02))

#: A day's files by entity, as rows under their headers.
Day = dict[str, list[list[str]]]


class History:
    """A warehouse with a load a day behind the first days, and the rows that they came from."""

    def __init__(self, folder: Path, plan: ShopPlan, models: Models) -> None:
        self.folder = folder
        self.models = [model for model in models if model[0].startswith('"staging"')]
        self.first = plan.start + timedelta(FIRST_DAYS)
        self.days = (plan.end - self.first).days + 1
        generate_shop(plan, folder / "shop")
        settings = load_settings(project=folder)
        settings.cache.mkdir()
        self.plan = LoadPlan(settings.cache, settings.max_rejected)
        self.warehouse = open_warehouse(settings)

    @contextmanager
    def loaded(self, days: int) -> Iterator[Connection]:
        """Load the first days and so many behind them, each a load.

        They are loaded as one, and then numbered as if each day had come by itself.
        """
        with self.warehouse.connect() as connection:
            prepare(connection)
            prepare_build(connection)
            connection.execute("create schema if not exists final")
            load(connection, [self.folder / "shop"], self.plan, _silent)
            numbers = f"range(2, {days + 2})"
            columns = [name for name, _ in META_TABLES[0].columns]
            other = ", ".join(name for name in columns if name not in ("load_id", "statement"))
            connection.execute(
                f"insert into meta.loads (load_id, statement, {other})"
                f" select range, 100 * range + statement, {other} from meta.loads, {numbers}"
                " where file <> 'products.csv'"
            )
            for entity, column in DATED.items():
                self._number(connection, entity, column, days)
            self.build(connection)
            yield connection

    def _number(self, connection: Connection, entity: str, column: str, days: int) -> None:
        """Let each record have come on its day; one whose day is spoilt, with those before it."""
        day = f"try_cast({column} as date) - date '{self.first}'"
        connection.execute(
            "create or replace temp table arrived as select _line, last_value("
            f" case when {day} between {-FIRST_DAYS} and {self.days - 1} then {day} end"
            f" ignore nulls) over (order by _line) as day from raw.{entity}"
        )
        connection.execute(
            f"update raw.{entity} as records set _load_id = 2 + day from arrived"
            " where records._line = arrived._line and day >= 0"
        )
        connection.execute(f"delete from raw.{entity} where _load_id >= {days + 2}")
        connection.execute(
            "update meta.reader_rejects as rejects set load_id = 2 + day from"
            " (select line, day from meta.reader_rejects asof inner join arrived on line >= _line"
            f" where entity = '{entity}') as refused"
            f" where rejects.line = refused.line and entity = '{entity}' and day >= 0"
        )
        connection.execute(f"delete from meta.reader_rejects where load_id >= {days + 2}")

    def build(self, connection: Connection) -> None:
        """Make the models that alarms read."""
        for table, sql in self.models:
            connection.execute(f"create or replace table {table} as {sql}")

    def date(self, number: int) -> date:
        """Which day is one behind the first days."""
        return self.first + timedelta(number)

    def day(self, number: int) -> Day:
        """Return a day's rows under their headers."""
        on, found = self.date(number).isoformat(), {}
        for entity, column in DATED.items():
            path = self.folder / "shop" / f"{entity}.csv"
            names, *lines = path.read_text("utf-8").splitlines()
            header, *rows = csv.reader([names, *(line for line in lines if on in line)])
            at = header.index(column)
            found[entity] = [header, *(row for row in rows if row[at] == on)]
        return found

    def judged(self, connection: Connection, files: dict[str, bytes]) -> tuple[Alarm, ...] | None:
        """Load files on top, judge them and take them back; None: the load itself refused them."""
        arrived = self.folder / "arrived"
        shutil.rmtree(arrived, ignore_errors=True)
        arrived.mkdir()
        for name, content in files.items():
            (arrived / name).write_bytes(content)
        try:
            load_id = load(connection, [arrived], self.plan, _silent).load_id
        except DataError:
            return None
        assert load_id is not None
        self.build(connection)
        found = judge_loads(connection)
        assert found.loads == (load_id,)
        undo(connection, load_id)
        return found.alarms


#: What comes by the day, and the column that says the day.
DATED = {"customers": "signup_date", "orders": "order_date", "returns": "return_date"}


def _silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


def written(day: Day, on: date) -> dict[str, bytes]:
    """A day's files as bytes."""
    files = {}
    for entity, rows in day.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        files[f"{entity}-{on}.csv"] = text.getvalue().encode()
    return files


def edited(entity: str, edit: Callable[[list[str], list[list[str]]], Any]) -> Callable[[Day], Day]:
    """A fault in one file: its header and rows are changed in place, or others are returned."""

    def fault(day: Day) -> Day:
        header, *rows = ([*row] for row in day[entity])
        rows = edit(header, rows) or rows
        return day | {entity: [header, *rows]}

    return fault


def _emptied(column: str) -> Callable[[list[str], list[list[str]]], None]:
    def edit(header: list[str], rows: list[list[str]]) -> None:
        for row in rows:
            row[header.index(column)] = ""

    return edit


def _renamed(column: str) -> Callable[[list[str], list[list[str]]], None]:
    def edit(header: list[str], rows: list[list[str]]) -> None:
        header[header.index(column)] = f"{column}_v2"

    return edit


def _times_100(every: int) -> Callable[[list[str], list[list[str]]], None]:
    def edit(header: list[str], rows: list[list[str]]) -> None:
        for column in ("unit_price", "discount_amount", "total_price"):
            for row in rows[::every]:
                at = header.index(column)
                row[at] = str(100 * Decimal(row[at]))

    return edit


def _twice(header: list[str], rows: list[list[str]]) -> list[list[str]]:
    return rows + [[f"{row[0]}B", *row[1:]] for row in rows]


#: What is planted by hand, with the kinds of alarm that name it.
PLANTED: dict[str, tuple[Callable[[Day], Day], set[str]]] = {
    "half of the orders are missing": (
        edited("orders", lambda header, rows: rows[: len(rows) // 2]),
        {"volume"},
    ),
    "a quarter of the orders is missing": (
        edited("orders", lambda header, rows: rows[: 3 * len(rows) // 4]),
        {"volume"},
    ),
    "every order twice, under other ids": (edited("orders", _twice), {"volume"}),
    "amounts x 100": (edited("orders", _times_100(1)), {"distribution"}),
    "amounts x 100 in a tenth of the lines": (edited("orders", _times_100(10)), {"distribution"}),
    "column customer_id is empty": (
        edited("orders", _emptied("customer_id")),
        {"schema", "nulls"},
    ),
    "column status is renamed": (edited("orders", _renamed("status")), {"schema", "nulls"}),
    "column country of customers is empty": (
        edited("customers", _emptied("country")),
        {"schema", "nulls"},
    ),
    "no file of customers": (
        lambda day: {entity: rows for entity, rows in day.items() if entity != "customers"},
        {"schema"},
    ),
}


def without_country(connection: Connection, rank: int) -> Callable[[Day], Day]:
    """A day without the orders of the country that has so many others before it."""
    country = connection.query(
        "select country from staging.base_orders inner join staging.stg_customers using"
        f" (customer_id) group by country order by count(*) desc, country limit 1 offset {rank}"
    ).scalar
    customers = {
        row[0]
        for row in connection.query(
            "select customer_id from staging.stg_customers where country = $1", [country]
        ).rows
    }

    def edit(header: list[str], rows: list[list[str]]) -> list[list[str]]:
        at = header.index("customer_id")
        return [row for row in rows if row[at] not in customers]

    return edited("orders", edit)


def soiled(day: Day, on: date, fault: str, plan: ShopPlan) -> dict[str, bytes]:
    """A day's files with one fault of `--dirt` in some of the orders."""
    files = written(day, on)
    name = f"orders-{on}.csv"
    header, _, text = files[name].partition(b"\n")
    key = AnswerKey(None)
    soiler = Soiler(plan, name, header.decode().split(","), key, {fault: DIRT})
    spoilt, _ = soiler.soil(text, text.count(b"\n"))
    return files | {name: soiler.header(header) + b"\n" + spoilt}


def _plan(start: date, days: int, orders: int, seed: int, dirt: float = 0) -> ShopPlan:
    """A shop with so many orders a day, and so many days behind the first ones."""
    all_days = FIRST_DAYS + days
    end = start + timedelta(all_days - 1)
    return ShopPlan(orders=orders * all_days, seed=seed, start=start, end=end, dirt=dirt)


def score_nulls(
    seeds: range, models: Models, days: int, orders: int, dirt: float
) -> dict[str, Any]:
    """Judge every load of shops in which nothing is wrong."""
    loads, with_alarm, serious, kinds = 0, 0, 0, Counter[str]()
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            start = date(2024, 1, 1) + timedelta(31 * (seed % 12))
            shop = History(Path(name), _plan(start, days, orders, seed, dirt), models)
            with shop.loaded(days) as connection:
                judged = judge_loads(connection)
        loads += len(judged.loads) - 1 - FEWEST_LOADS
        with_alarm += len({alarm.load_id for alarm in judged.alarms})
        serious += len({alarm.load_id for alarm in judged.serious})
        kinds.update(alarm.kind for alarm in judged.alarms)
        _tell(f"seed {seed}: {loads} loads, {with_alarm} with an alarm, {serious} serious, {kinds}")
    return {
        "orders": orders,
        "dirt": dirt,
        "shops": len(seeds),
        "days": days,
        "loads": loads,
        "with_alarm": with_alarm,
        "serious": serious,
        "alarms_by_kind": dict(sorted(kinds.items())),
    }


def score_planted(seeds: range, models: Models, orders: int) -> dict[str, Any]:
    """Plant each fault in a day, on top of a history, and see whether it is found."""
    found: dict[str, Counter[str]] = {}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            days = 120 + seed % 7
            plan = _plan(date(2024, 1, 1), days + 2, orders, seed)
            shop = History(Path(name), plan, models)
            with shop.loaded(days) as connection:
                judge_loads(connection)
                for fault, kinds, files in _faults(shop, connection, days, plan):
                    alarms = shop.judged(connection, files)
                    told = found.setdefault(fault, Counter())
                    told["days"] += 1
                    told["refused"] += alarms is None
                    alarms = alarms or ()
                    told["found"] += any(alarm.kind in kinds for alarm in alarms)
                    told["any"] += bool(alarms)
                    told["serious"] += any(alarm.is_serious for alarm in alarms)
        _tell(f"seed {seed}: " + "; ".join(f"{k}: {dict(v)}" for k, v in found.items()))
    return {fault: dict(counts) for fault, counts in found.items()}


def _faults(
    shop: History, connection: Connection, at: int, plan: ShopPlan
) -> Iterator[tuple[str, set[str], dict[str, bytes]]]:
    """Yield faults with the kinds of alarm that name them and the files that have them."""
    yesterday, day, tomorrow = (shop.day(number) for number in (at - 1, at, at + 1))
    on = shop.date(at)
    planted = {
        **PLANTED,
        "the largest country is missing": (without_country(connection, 0), {"distribution"}),
        "the third country is missing": (without_country(connection, 2), {"distribution"}),
    }
    # What comes is judged by the profiles of the days before: of their rows, only the orders are
    # needed that come back, and the customers who come again.
    for entity, key, who in (
        ("orders", "order_id", "returns"),
        ("customers", "customer_id", "orders"),
    ):
        column = day[who][0].index(key)
        named = {row[column] for each in (yesterday, day, tomorrow) for row in each[who][1:]}
        listed = ", ".join(map(_quoted, sorted(named)))
        connection.execute(f"delete from raw.{entity} where {key} not in ({listed})")
    connection.execute("delete from raw.returns")
    yield "(nothing)", set(), written(day, on)
    for name, (fault, kinds) in planted.items():
        yield name, kinds, written(fault(day), on)
    header, *rows = yesterday["orders"]
    yield (
        "yesterday's orders again, as today's",
        {"freshness"},
        written({"orders": [header, *reversed(rows)]}, on),
    )
    yield "a day is skipped", {"freshness"}, written(tomorrow, shop.date(at + 1))
    for each in FAULTS["orders.csv"]:
        kinds = {"refused"} if each.outcome == "refused" else set()
        yield f"`{each.name}` ({each.outcome})", kinds, soiled(day, on, each.name, plan)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def main() -> None:
    """Score and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nulls", type=int, default=8, help="fine shops of each kind")
    parser.add_argument("--seeds", type=int, default=6, help="shops with faults, of each size")
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--days", type=int, default=150, help="daily loads of a null shop")
    parser.add_argument("--out", type=Path, default=HERE / "alarms.json")
    parser.add_argument("--only", default="", help="parts that begin so: planted, null 50")
    given = parser.parse_args()
    result: dict[str, Any] = {"planted": {}, "null": {}}
    if given.only and given.out.exists():
        result = json.loads(given.out.read_text("utf-8"))
    result |= {"first_seed": given.first, "dirt": DIRT}
    with tempfile.TemporaryDirectory() as name:
        models = compiled(Path(name) / "first")
    nulls, seeds = (range(given.first, given.first + count) for count in (given.nulls, given.seeds))
    parts: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {
        ("planted", str(orders)): partial(score_planted, seeds, models, orders) for orders in SIZES
    }
    for orders, dirt in USUAL:
        parts["null", f"{orders} {dirt:g}"] = partial(
            score_nulls, nulls, models, given.days, orders, dirt
        )
    only = given.only.split()
    for (kind, of), score in parts.items():
        if [kind, *of.split()][: len(only)] == only:
            result[kind][of] = score()
            _write(given.out, result)


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
