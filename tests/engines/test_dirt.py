"""A shop with every fault of the catalogue, loaded and built: the answer key comes true."""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from servers import ENGINES, NewPipeline
from shops import in_order, load, rows

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.dirt.faults import FAULTS
from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("dirt")

#: A product that no file has is planted by name only.
PLAN = ShopPlan(orders=3_000, products=1_500, seed=5, dirt=0.08, faults=(("orphan_id", 0.01),))

Fault = dict[str, Any]
Values = dict[str, Any]


def text(field: str) -> str | None:
    return field or None


#: What the columns hold that are no text.
TYPES: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("line_number", "quantity"), int),
    **dict.fromkeys(
        ("price", "unit_cost", "unit_price", "discount_amount", "total_price", "refund_amount"),
        Decimal,
    ),
    **dict.fromkeys(("signup_date", "order_date", "return_date"), date.fromisoformat),
}
#: The column in which an id is planted that no file has, and where it would have to be.
ORPHANS = {
    "orders.csv": ("product_id", "products.csv"),
    "returns.csv": ("order_id", "orders.csv"),
    "customers.csv": ("customer_id", "orders.csv"),
}


@dataclass(frozen=True)
class Dirty:
    """A dirty shop and what the warehouse made of it."""

    shop: Path
    pipeline: Pipeline

    def faults(self, *, file: str | None = None, outcome: str | None = None) -> list[Fault]:
        """The faults that are planted in records, in the order of their files' lines."""
        lines = Path(self.shop, "truth", "dirt.jsonl").read_text("utf-8").splitlines()
        return [
            fault
            for fault in map(json.loads, lines)
            if fault["file"] == (file or fault["file"])
            and fault["outcome"] == (outcome or fault["outcome"])
            and fault["line"] > 1
        ]

    def lines(self, file: str) -> list[bytes]:
        """The physical lines of a file."""
        return Path(self.shop, file).read_bytes().removesuffix(b"\n").split(b"\n")

    def values(self, file: str, record: str) -> Values:
        """What staging must have of a good record."""
        header = self.lines(file)[0].decode("utf-8-sig").split(",")
        (fields,) = csv.reader([record])
        return {
            column: TYPES.get(column, text)(field)
            for column, field in zip(header, fields, strict=True)
        }

    def staged(self, file: str) -> dict[int, Values]:
        """The rows of a file in staging, by line."""
        found = self.pipeline.query(f"select * from staging.stg_{file.removesuffix('.csv')}")
        staged = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
        return {row["_line"]: row for row in staged}

    @property
    def truth(self) -> Values:
        """The true figures."""
        found: Values = json.loads(Path(self.shop, "truth", "kpis.json").read_text("utf-8"))
        return found


@pytest.fixture(scope="module", params=ENGINES)
def dirty(
    request: pytest.FixtureRequest,
    new_pipeline: NewPipeline,
    tmp_path_factory: pytest.TempPathFactory,
) -> Dirty:
    folder = tmp_path_factory.mktemp("dirt")
    shop = generate_shop(PLAN, folder / "shop").out
    pipeline = new_pipeline(request.param, folder / "project", max_rejected="0.5")
    load(pipeline, shop)
    pipeline.build(["+quarantine", "+field_issues", "+final_sales_report"], False)
    return Dirty(shop, pipeline)


def test_every_fault_of_the_catalogue_is_planted(dirty: Dirty) -> None:
    planted = {(fault["file"], fault["fault"]) for fault in dirty.faults()}
    assert planted == {(file, fault.name) for file in FAULTS for fault in FAULTS[file]}


def test_a_byte_order_mark_is_no_part_of_the_header(dirty: Dirty) -> None:
    lines = Path(dirty.shop, "truth", "dirt.jsonl").read_text("utf-8").splitlines()
    marks = [fault for fault in map(json.loads, lines) if fault["fault"] == "byte_order_mark"]
    assert marks
    read = dict(dirty.pipeline.query("select file, dialect from meta.loads").rows)
    for mark in marks:
        assert dirty.lines(mark["file"])[0].decode() == "\ufeff" + mark["original"]
        assert ",".join(json.loads(read[mark["file"]])["header"]) == mark["original"]


def test_quarantine_has_the_refused_records_each_with_its_rule_and_nothing_else(
    dirty: Dirty,
) -> None:
    refused = dirty.faults(outcome="refused")
    assert len(refused) > 300
    assert rows(dirty.pipeline, "meta.quarantine", "file", "line", "rule", "entity") == in_order(
        [(f["file"], f["line"], f["rule"], f["file"].removesuffix(".csv")) for f in refused]
    )


@pytest.mark.parametrize("file", FAULTS)
def test_repaired_records_have_their_original_values(dirty: Dirty, file: str) -> None:
    staged = dirty.staged(file)
    repaired = dirty.faults(file=file, outcome="repaired")
    assert len(repaired) > 20
    for fault in repaired:
        assert dirty.values(file, fault["original"]).items() <= staged[fault["line"]].items(), fault


def test_values_that_cannot_be_read_are_listed_and_the_rest_of_the_record_is_kept(
    dirty: Dirty,
) -> None:
    nulled = dirty.faults(outcome="nulled")
    columns = {"invalid_email": "email", "invalid_date": "signup_date"}
    assert rows(dirty.pipeline, "meta.field_issues", "file", "line", "rule", "field") == in_order(
        [(f["file"], f["line"], f["rule"], columns[f["rule"]]) for f in nulled]
    )
    staged = dirty.staged("customers.csv")
    for fault in nulled:
        expected = dirty.values(fault["file"], fault["original"]) | {columns[fault["rule"]]: None}
        assert expected.items() <= staged[fault["line"]].items(), fault


@pytest.mark.parametrize("file", ORPHANS)
def test_records_with_an_id_that_no_file_has_are_kept(dirty: Dirty, file: str) -> None:
    column, elsewhere = ORPHANS[file]
    staged = dirty.staged(file)
    known = {row[column] for row in dirty.staged(elsewhere).values()}
    kept = dirty.faults(file=file, outcome="kept")
    assert kept
    for fault in kept:
        original = dirty.values(file, fault["original"])
        orphan = staged[fault["line"]]
        assert {name for name in original if orphan[name] != original[name]} == {column}
        assert orphan[column] not in known


@pytest.mark.parametrize("file", FAULTS)
def test_no_clean_record_is_lost_or_changed(dirty: Dirty, file: str) -> None:
    good = dict(enumerate(dirty.lines(file)[1:], start=2))
    faulty = set()
    for fault in dirty.faults(file=file):
        faulty.add(fault["line"])
        del good[fault["line"]]
        if fault["fault"] == "embedded_newline":
            del good[fault["line"] + 1]
        elif (fault["fault"], fault["outcome"]) == ("duplicate_line", "repaired"):
            del good[fault["line"] - 1]
    staged = {line: row for line, row in dirty.staged(file).items() if line not in faulty}
    assert staged.keys() == good.keys()
    for line, record in good.items():
        assert dirty.values(file, record.decode()).items() <= staged[line].items()


def test_sales_are_the_truth_to_the_cent_in_all_and_by_day(dirty: Dirty) -> None:
    by_day = dirty.pipeline.query(
        "select sales_date, sum(net_sales) from final.final_sales_report group by sales_date"
    ).rows
    assert {day.isoformat(): amount for day, amount in by_day if amount} == {
        day: Decimal(amount) for day, amount in dirty.truth["by_day"].items() if Decimal(amount)
    }
    assert sum(amount for _, amount in by_day) == Decimal(dirty.truth["net_sales"])
