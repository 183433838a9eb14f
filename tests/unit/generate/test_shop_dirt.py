"""Dirt: every fault is where the answer key says, breaks its own rule, and costs what it must."""

import csv
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shop_reading import kpis, physical_lines, read, rows, truth

from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.dirt import FAULTS

PLAN = ShopPlan(orders=4_000, seed=3, dirt=0.2)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_shop(PLAN, tmp_path_factory.mktemp("dirty") / "shop").out


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_shop(replace(PLAN, dirt=0.0), tmp_path_factory.mktemp("clean") / "shop").out


def faults(shop: Path, name: str) -> dict[int, Any]:
    return {fault["line"]: fault for fault in truth(shop, "dirt.jsonl") if fault["file"] == name}


def broken_rule(raw: bytes, before: bytes) -> str | None:
    """The rule that a line of orders.csv breaks, for a reader that sees it and the one before."""
    try:
        line = raw.decode()
    except UnicodeDecodeError:
        return "undecodable_bytes"
    if line.count('"') % 2:
        return "unterminated_quote"
    values = next(csv.reader([line]))
    if len(values) != 11:
        return "wrong_field_count"
    order, _, _, product, quantity, _, _, total, day, _, currency = (v.strip() for v in values)
    if not (order and product):
        return "missing_id"
    if not re.fullmatch(r"-?\d+", quantity) or not re.fullmatch(r"[\d.,€ EUR]+", total):
        return "invalid_number"
    try:
        date.fromisoformat(day)
    except ValueError:
        return "invalid_date"
    if int(quantity) <= 0:
        return "non_positive_quantity"
    if raw == before:
        return "duplicate_line"
    return None if currency == "EUR" else "foreign_currency"


def test_every_planted_fault_breaks_its_rule_and_no_other_line_breaks_any(dirty: Path) -> None:
    lines = physical_lines(dirty, "orders.csv")
    found = {
        number: rule
        for number in range(2, len(lines) + 1)
        if (rule := broken_rule(lines[number - 1], lines[number - 2]))
    }
    planted = faults(dirty, "orders.csv")
    refused = {n: fault["rule"] for n, fault in planted.items() if fault["outcome"] == "refused"}
    assert found == refused


@pytest.mark.parametrize("name", ["orders.csv", "customers.csv", "products.csv"])
def test_lines_without_a_fault_are_those_of_the_clean_shop(
    dirty: Path, clean: Path, name: str
) -> None:
    planted = faults(dirty, name)
    restored = []
    for number, line in enumerate(physical_lines(dirty, name), start=1):
        fault = planted.get(number)
        if fault is None:
            restored.append(line)
        elif fault["fault"] != "duplicate_line":
            assert line != fault["original"].encode()
            restored.append(fault["original"].encode())
    assert restored == physical_lines(clean, name)
    assert Path(dirty, "returns.csv").read_bytes() == Path(clean, "returns.csv").read_bytes()


def test_repaired_values_mean_what_they_meant(dirty: Path) -> None:
    for name in ("orders.csv", "customers.csv", "products.csv"):
        lines = physical_lines(dirty, name)
        for number, fault in faults(dirty, name).items():
            if fault["outcome"] == "repaired":
                assert fault["rule"] is None
                (values,) = csv.reader([lines[number - 1].decode()])
                repaired = [
                    re.sub(r"^€|,(?=\d\d$)| EUR$", lambda m: "." if m[0] == "," else "", v.strip())
                    for v in values
                ]
                assert repaired == fault["original"].split(",")


def test_spoilt_addresses_are_no_addresses(dirty: Path) -> None:
    lines = physical_lines(dirty, "customers.csv")
    spoilt = [f for f in faults(dirty, "customers.csv").items() if f[1]["outcome"] == "nulled"]
    assert len(spoilt) > 50
    for number, fault in spoilt:
        assert fault["rule"] == "invalid_email"
        email = lines[number - 1].decode().split(",")[2]
        assert not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email)


def test_every_kind_of_fault_is_planted_at_the_stated_rate(dirty: Path, clean: Path) -> None:
    for name, (_, kinds) in FAULTS.items():
        planted = Counter(fault["fault"] for fault in faults(dirty, name).values())
        good = len(read(clean, name))
        assert 0.15 < planted.total() / good < 0.25
        if name == "orders.csv":
            assert set(planted) == {kind.name for kind in kinds}
            assert planted["foreign_currency"] < min(planted["duplicate_line"], 100)


def test_the_true_kpis_are_those_of_the_lines_that_a_perfect_cleaner_keeps(
    dirty: Path, clean: Path
) -> None:
    planted = faults(dirty, "orders.csv")
    kept = [
        planted[number]["original"] if number in planted else line.decode()
        for number, line in enumerate(physical_lines(dirty, "orders.csv"), start=1)
        if number not in planted or planted[number]["outcome"] != "refused"
    ]
    true = truth(dirty, "kpis.json")
    without_dirt = true.pop("planted")
    returns = read(dirty, "returns.csv")
    assert true == kpis(rows("\n".join(kept)), returns, PLAN.start, PLAN.end)
    assert without_dirt == truth(clean, "kpis.json")["planted"]
    assert true["orders"] < without_dirt["orders"]


def test_faults_are_the_same_whatever_their_rate(tmp_path: Path, dirty: Path) -> None:
    fewer = generate_shop(replace(PLAN, dirt=0.05), tmp_path / "shop").out
    few, many = (
        {(f["file"], f["original"]): f["fault"] for f in truth(shop, "dirt.jsonl")}
        for shop in (fewer, dirty)
    )
    assert 0 < len(few) < len(many)
    assert few.items() <= many.items()
