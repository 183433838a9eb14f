"""Dirt: every fault is where the answer key says, breaks its own rule, and costs what it must."""

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from shop_reading import kpis, read, rows, truth

from ecomdata.errors import UsageError
from ecomdata.generate import ShopPlan, generate_shop
from ecomdata.generate.dirt.faults import FAULTS, rates
from ecomdata.generate.dirt.soiler import AnswerKey, Soiler

HEADERS = {
    "orders.csv": (
        "order_id,line_number,customer_id,product_id,quantity,unit_price,discount_amount,"
        "total_price,order_date,status,currency"
    ),
    "customers.csv": "customer_id,name,email,country,signup_date",
    "products.csv": "product_id,product_name,category,price,unit_cost",
    "returns.csv": "return_id,order_id,product_id,quantity,refund_amount,return_date,reason",
}
LINES = 6_000


@cache
def clean(file: str) -> list[str]:
    """The lines of a clean file, no two alike."""
    made = []
    for n in range(1, LINES + 1):
        day = f"2024-{n % 12 + 1:02d}-{n % 28 + 1:02d}"
        made.append(
            {
                "orders.csv": f"O{n},1,C{n % 9},P{n % 7},{n % 3 + 1},9.90,0.00,{n}.50,{day},"
                f"{'cancelled' if n % 50 == 0 else 'completed'},EUR",
                "customers.csv": f"C{n},Änne Lee,ann.lee{n}@example.org,Italy,{day}",
                "products.csv": f"P{n},Blue Hat,Hats,{n}.95,1.20",
                "returns.csv": f"R{n},O{n},P{n % 7},1,{n}.50,{day},does not fit",
            }[file]
        )
    return made


@dataclass(frozen=True)
class Dirty:
    """A spoilt file and its answer key."""

    content: bytes
    lost: list[bool]
    faults: list[dict[str, Any]]

    @property
    def lines(self) -> list[bytes]:
        return self.content.removesuffix(b"\n").split(b"\n")

    @property
    def counts(self) -> Counter[str]:
        return Counter(fault["fault"] for fault in self.faults)


def soiled(
    folder: Path,
    file: str,
    dirt: float = 0.3,
    faults: Mapping[str, float] | None = None,
    *,
    seed: int = 3,
    chunk: int = LINES,
    day: str = "",
) -> Dirty:
    """The clean file, spoilt some lines at a time."""
    lines, lost = clean(file), []
    with AnswerKey(folder / "dirt.jsonl") as key:
        soiler = Soiler(
            ShopPlan(seed=seed, dirt=dirt),
            file.replace(".", f"{day}."),
            HEADERS[file].split(","),
            key,
            faults or {},
        )
        content = soiler.header(HEADERS[file].encode()) + b"\n"
        for first in range(0, len(lines), chunk):
            part = lines[first : first + chunk]
            text, gone = soiler.soil("".join(f"{line}\n" for line in part).encode(), len(part))
            content += text
            lost += gone.tolist()
    noted = (folder / "dirt.jsonl").read_text("utf-8").splitlines()
    return Dirty(content, lost, [json.loads(line) for line in noted])


def fields(*lines: bytes) -> list[str] | None:
    """The fields of lines that make one well-formed record."""
    try:
        found = list(csv.reader([line.decode() + "\n" for line in lines], strict=True))
    except (csv.Error, UnicodeDecodeError):
        return None
    return found[0] if len(found) == 1 else None


def records(dirty: Dirty) -> dict[int, list[bytes]]:
    """The lines of each record below the header, by the first of them."""
    lines, found = dirty.lines, {}
    width = len(lines[0].split(b","))
    number = 2
    while number <= len(lines):
        found[number] = lines[number - 1 : number]
        two = lines[number - 1 : number + 1]
        if two[0].count(b'"') == 1 and len(fields(*two) or []) == width:
            found[number] = two
        number += len(found[number])
    return found


def broken_rule(lines: list[bytes], before: list[bytes]) -> str | None:
    """The rule that a record of orders.csv breaks, for a reader that sees it and the one before."""
    raw = b"\n".join(lines)
    if b"\0" in raw:
        return "nul_byte"
    if b"\xe9" in raw:
        return "undecodable_bytes"
    values = fields(*lines)
    if values is None:
        return "unterminated_quote" if raw.count(b'"') == 1 else "malformed_quote"
    if len(values) != 11:
        return "wrong_field_count"
    if values == HEADERS["orders.csv"].split(","):
        return "repeated_header"
    order, _, _, product, quantity, _, _, total, day, _, currency = (v.strip() for v in values)
    if not (order and product):
        return "missing_id"
    if not re.fullmatch(r"-?\d+", quantity) or not re.fullmatch(r"-?[\d.,€ EUR]+", total):
        return "invalid_number"
    try:
        on = date.fromisoformat(
            "-".join(reversed(re.split("[./-]", day))) if day[2] in "./-" else day
        )
    except ValueError:
        return "invalid_date"
    if on.year < 1970:
        return "date_out_of_range"
    if int(quantity) <= 0:
        return "non_positive_quantity"
    if total.startswith("-"):
        return "number_out_of_range"
    if currency.upper() != "EUR":
        return "foreign_currency"
    return "duplicate_line" if lines == before else None


def test_every_planted_fault_breaks_its_rule_and_no_other_record_breaks_any(tmp_path: Path) -> None:
    dirty = soiled(tmp_path, "orders.csv")
    found: dict[int, str] = {}
    before: list[bytes] = []
    for number, lines in records(dirty).items():
        if rule := broken_rule(lines, before):
            found[number] = rule
        before = lines
    refused = {f["line"]: f["rule"] for f in dirty.faults if f["outcome"] == "refused"}
    assert found == refused
    assert len(set(refused.values())) == 14


@pytest.mark.parametrize("file", FAULTS)
def test_with_the_faults_undone_the_file_is_the_clean_one(tmp_path: Path, file: str) -> None:
    dirty = soiled(tmp_path, file)
    planted = {fault["line"]: fault for fault in dirty.faults}
    restored = []
    for number, lines in records(dirty).items():
        fault = planted.get(number)
        if fault is None:
            restored.append(b"\n".join(lines).decode())
        elif fault["fault"] not in ("duplicate_line", "repeated_header"):
            assert b"\n".join(lines) != fault["original"].encode()
            restored.append(fault["original"])
        else:
            assert b"\n".join(lines) == fault["original"].encode()
    assert restored == clean(file)


def cleaned(value: str) -> str:
    """A value as a good cleaner leaves it."""
    value = re.sub(r"^(€|EUR )|( €| EUR)$", "", value.strip())
    value = re.sub(r"^(\d\d)[./-](\d\d)[./-](\d{4})$", r"\3-\2-\1", value)
    return re.sub(r"^(\d+),(\d\d)$", r"\1.\2", value)


@pytest.mark.parametrize("file", FAULTS)
def test_repaired_values_mean_what_they_meant(tmp_path: Path, file: str) -> None:
    dirty = soiled(tmp_path, file)
    by_line = records(dirty)
    repaired = [f for f in dirty.faults if f["outcome"] == "repaired" and f["line"] > 1]
    assert len(repaired) > 200
    for fault in repaired:
        assert fault["rule"] is None
        values = [cleaned(value) for value in fields(*by_line[fault["line"]]) or []]
        original = fault["original"].split(",")
        if fault["fault"] == "stray_case":
            assert values != original
            values, original = ([v.lower() for v in each] for each in (values, original))
        assert values == original


def test_the_order_of_day_and_month_is_told_before_it_is_needed(tmp_path: Path) -> None:
    for seed in range(10):
        dirty = soiled(tmp_path, "returns.csv", 0, {"ambiguous_date": 0.2}, seed=seed)
        days = [int(day) for day in re.findall(rb",(\d\d)[./-]\d\d[./-]\d{4},", dirty.content)]
        assert len(days) == len(dirty.faults) > 900
        assert days[0] > 12 > min(days)


@pytest.mark.parametrize(
    ("name", "byte", "least"), [("undecodable_bytes", b"\xe9", 50), ("nul_byte", b"\0", 10)]
)
def test_bytes_of_another_kind_of_file_are_never_in_so_many_lines_that_they_tell_of_one(
    tmp_path: Path, name: str, byte: bytes, least: int
) -> None:
    for seed in range(10):
        lines = soiled(tmp_path, "orders.csv", 0.5, seed=seed).lines
        places = [number for number, line in enumerate(lines, start=1) if byte in line]
        assert len(places) > 20
        assert all(count * least < number for count, number in enumerate(places, start=1))


def test_spoilt_addresses_and_days_are_none(tmp_path: Path) -> None:
    dirty = soiled(tmp_path, "customers.csv")
    lines, rules = dirty.lines, Counter[str]()
    for fault in dirty.faults:
        if fault["outcome"] == "nulled":
            _, _, email, _, day = lines[fault["line"] - 1].decode().split(",")
            rules[fault["rule"]] += 1
            is_address = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email) is not None
            assert is_address == (fault["rule"] != "invalid_email")
            assert (day in ("2024-02-30", "0000-00-00", "soon")) == (
                fault["rule"] == "invalid_date"
            )
    assert min(rules["invalid_email"], rules["invalid_date"]) > 50


@pytest.mark.parametrize(
    ("file", "column"), [("orders.csv", 3), ("returns.csv", 1), ("customers.csv", 0)]
)
def test_orphans_have_an_id_that_no_file_has(tmp_path: Path, file: str, column: int) -> None:
    dirty = soiled(tmp_path, file, 0, {"orphan_id": 0.1})
    assert set(dirty.counts) == {"orphan_id"}
    for fault in dirty.faults:
        assert (fault["outcome"], fault["rule"]) == ("kept", None)
        values = dirty.lines[fault["line"] - 1].decode().split(",")
        original = fault["original"].split(",")
        assert values == [*original[:column], f"X{original[column]}", *original[column + 1 :]]


def test_lost_are_the_records_that_a_perfect_cleaner_is_left_without(tmp_path: Path) -> None:
    for file in ("orders.csv", "customers.csv"):
        dirty = soiled(tmp_path, file)
        costly = [
            fault["original"]
            for fault in dirty.faults
            if (fault["outcome"] == "refused" or fault["fault"] == "orphan_id")
            and fault["fault"] not in ("duplicate_line", "repeated_header")
        ]
        assert costly == [
            line for line, is_lost in zip(clean(file), dirty.lost, strict=True) if is_lost
        ]
    for file in ("products.csv", "returns.csv"):
        assert not any(soiled(tmp_path, file).lost)


@pytest.mark.parametrize("file", FAULTS)
def test_every_kind_of_fault_is_planted_at_its_rate(tmp_path: Path, file: str) -> None:
    counts = soiled(tmp_path, file).counts
    shares = {fault.name: fault.share for fault in FAULTS[file]}
    for name, share in shares.items():
        expected = 0.3 * LINES * share / sum(shares.values())
        assert abs(counts[name] - expected) <= 4 * expected**0.5


def test_a_rate_by_name_holds_instead_of_the_faults_part_of_the_dirt(tmp_path: Path) -> None:
    plain = soiled(tmp_path, "orders.csv", 0.1).counts
    named = soiled(
        tmp_path, "orders.csv", 0.1, {"unterminated_quote": 0.2, "duplicate_line": 0.0}
    ).counts
    assert abs(named["unterminated_quote"] - 0.2 * LINES) < 4 * (0.2 * LINES) ** 0.5
    assert plain["duplicate_line"] > 0 == named["duplicate_line"]
    assert abs(named["whitespace"] - plain["whitespace"]) < 4 * plain["whitespace"] ** 0.5


def test_faults_are_the_same_whatever_their_rate(tmp_path: Path) -> None:
    few, many = (
        {(f["original"], f["fault"]) for f in soiled(tmp_path, "customers.csv", dirt).faults}
        for dirt in (0.05, 0.3)
    )
    assert 200 < len(few) < len(many) / 4
    assert few <= many


def test_faults_are_the_same_whatever_the_chunks(tmp_path: Path) -> None:
    assert soiled(tmp_path, "orders.csv", chunk=7) == soiled(tmp_path, "orders.csv")


def test_files_of_other_days_and_shops_of_other_seeds_are_spoilt_in_other_places(
    tmp_path: Path,
) -> None:
    places = [
        {fault["original"] for fault in soiled(tmp_path, "orders.csv", 0.1, **other).faults}
        for other in ({}, {"day": "-2026-01-01"}, {"day": "-2026-01-02"}, {"seed": 4})
    ]
    for n, some in enumerate(places):
        for others in places[:n]:
            assert len(some & others) < len(some) / 4


def test_an_answer_key_repeats_what_it_takes_over_and_counts_what_is_new(tmp_path: Path) -> None:
    soiled(tmp_path, "orders.csv", 0.01)
    earlier = (tmp_path / "dirt.jsonl").read_text("utf-8").splitlines(keepends=True)
    with AnswerKey(tmp_path / "new.jsonl") as key:
        key.take_over(earlier)
        key.add("returns.csv", 7, FAULTS["returns.csv"][0], b"R1,O1")
    *repeated, new = (tmp_path / "new.jsonl").read_text("utf-8").splitlines(keepends=True)
    assert repeated == earlier != []
    assert json.loads(new) == {
        "file": "returns.csv",
        "line": 7,
        "fault": "orphan_id",
        "rule": None,
        "outcome": "kept",
        "original": "R1,O1",
    }
    assert key.counts == {"orphan_id": 1}


def test_one_file_in_four_begins_with_a_byte_order_mark(tmp_path: Path) -> None:
    files = [
        soiled(tmp_path, file, 0.001, seed=seed, chunk=LINES)
        for seed in range(8)
        for file in FAULTS
    ]
    marked = [dirty for dirty in files if dirty.content.startswith(b"\xef\xbb\xbf")]
    assert 2 <= len(marked) <= 16
    assert marked == [dirty for dirty in files if dirty.counts["byte_order_mark"]]
    for dirty in marked:
        assert dirty.faults[0]["line"] == 1
        assert dirty.lines[0].decode("utf-8-sig") == dirty.faults[0]["original"]


def test_a_clean_shop_has_no_fault(tmp_path: Path) -> None:
    for file in FAULTS:
        dirty = soiled(tmp_path, file, 0)
        assert dirty.content.decode() == "\n".join([HEADERS[file], *clean(file), ""])
        assert (dirty.faults, any(dirty.lost)) == ([], False)


def test_the_true_kpis_are_those_of_the_lines_that_a_perfect_cleaner_keeps(tmp_path: Path) -> None:
    plan = ShopPlan(orders=2_000, seed=3, dirt=0.2)
    shop = generate_shop(plan, tmp_path / "shop").out
    content = Path(shop, "orders.csv").read_bytes()
    orders = Dirty(content, [], [f for f in truth(shop, "dirt.jsonl") if f["file"] == "orders.csv"])
    planted = {fault["line"]: fault for fault in orders.faults}
    kept = [HEADERS["orders.csv"]]
    for number, lines in records(orders).items():
        fault = planted.get(number)
        if fault is None or fault["outcome"] != "refused":
            kept.append(fault["original"] if fault else b"\n".join(lines).decode())
    returned = [fault for fault in truth(shop, "dirt.jsonl") if fault["file"] == "returns.csv"]
    assert returned
    true = truth(shop, "kpis.json")
    without_dirt = true.pop("planted")
    unspoilt = generate_shop(ShopPlan(orders=2_000, seed=3), tmp_path / "unspoilt").out
    assert true == kpis(rows("\n".join(kept)), read(unspoilt, "returns.csv"), plan.start, plan.end)
    assert without_dirt == truth(unspoilt, "kpis.json")["planted"]
    assert true["orders"] < without_dirt["orders"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], (0, {})),
        (["0.01"], (0.01, {})),
        (["unterminated_quote=0.002"], (0, {"unterminated_quote": 0.002})),
        (
            ["nul_byte=0", "1e-3", "byte_order_mark=1"],
            (0.001, {"nul_byte": 0, "byte_order_mark": 1}),
        ),
    ],
)
def test_rates_are_read_as_they_are_given(
    given: list[str], expected: tuple[float, dict[str, float]]
) -> None:
    assert rates(given) == expected


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["much"], "dirt 'much' is no rate: give a share such as 0.01, or FAULT=RATE such as"),
        (["nul_byte"], "dirt 'nul_byte' is no rate"),
        (["nul_byte="], "dirt 'nul_byte=' is no rate"),
        (["typo=0.1"], "no fault is called 'typo': give one of ambiguous_date, byte_order_mark, "),
        (["0.51"], "dirt 0.51 is out of range: give a value from 0 to 0.5"),
        (["nan"], "dirt nan is out of range"),
        (["-0.1"], "dirt -0.1 is out of range"),
        (
            ["undecodable_bytes=0.02"],
            "dirt undecodable_bytes 0.02 is out of range: give a value fr",
        ),
        (["0.1", "0.1"], "dirt 0.1: the share of all faults is given twice"),
        (["missing_id=0.1", "missing_id=0.2"], "dirt missing_id=0.2: missing_id is given twice"),
        (
            ["whitespace=0.3", "missing_id=0.3"],
            "the faults of orders.csv add up to 0.6 of its records: give rates of at most 0.5",
        ),
    ],
)
def test_rates_that_cannot_be_planted_are_refused(given: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        rates(given)
    assert str(caught.value).startswith(said)
