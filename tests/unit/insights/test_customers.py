"""What is said of customers, in shops made by hand."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from btyd_fit import simulate
from ecomdata.cli import show
from ecomdata.insights.customers import list_customers, read_segments
from ecomdata.insights.customers.at_risk import search_value_at_risk, value_at_risk
from ecomdata.insights.customers.lost import search_lost_segments
from ecomdata.insights.customers.segments import ACTIONS
from ecomdata.insights.customers.state import read_customers
from ecomdata.insights.finding import Question, Span
from ecomdata.settings import load_settings
from ecomdata.warehouse import Connection, open_warehouse

START = date(2025, 1, 1)
TABLES = """
create schema if not exists staging; create schema if not exists intermediate;
create schema if not exists final;
create table staging.stg_customers (customer_id text, name text, email text, country text);
create table intermediate.int_orders_classified (
    order_id text, customer_id text, order_date date, is_cancelled boolean);
create table intermediate.int_revenue_ledger (
    order_id text, entry_type text, entry_date date, amount numeric(18, 2));
create table final.final_customer_segments (
    segment text, segment_number bigint, as_of_date date, customers bigint,
    net_sales numeric(18, 2), customers_before bigint, customers_entered bigint,
    customers_left bigint, net_sales_before numeric(18, 2));
create table final.final_customer_behavior (
    customer_id text, is_guest boolean, segment text, country text, orders bigint,
    last_order_date date, net_sales numeric(18, 2));
"""
MACRO = "src/ecomdata/transform/project/macros"

#: Customer, country, day.
Order = tuple[str, str, int]


@contextmanager
def _warehouse(
    folder: Path, orders: Sequence[Order], own_values: bool = False
) -> Iterator[Connection]:
    """A shop in which every order is worth 10, or more or less by customer and by luck."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    value = {customer: 3 / rng.gamma(4.0) for customer in sorted({order[0] for order in orders})}
    worth = [
        round(Decimal(value[customer] * rng.gamma(6.0)), 2) if own_values else Decimal(10)
        for customer, _, _ in orders
    ]
    with open_warehouse(load_settings(project=folder)).connect() as connection:
        for statement in TABLES.strip().rstrip(";").split(";"):
            connection.execute(statement)
        customers = sorted({(customer, country) for customer, country, _ in orders})
        _insert(
            connection,
            "staging.stg_customers",
            [(c, f"Ms {c}", f"{c}@shop.org", country) for c, country in customers],
        )
        days = [(f"o{n}", c, START + timedelta(day)) for n, (c, _, day) in enumerate(orders)]
        _insert(
            connection, "intermediate.int_orders_classified", [(*order, False) for order in days]
        )
        _insert(
            connection,
            "intermediate.int_revenue_ledger",
            [(o, "sale", day, each) for (o, _, day), each in zip(days, worth, strict=True)],
        )
        yield connection


def _insert(connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    def literal(value: Any) -> str:
        return str(value) if isinstance(value, bool | int | Decimal) else f"'{value}'"

    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    connection.execute(f"insert into {table} values {values}")


def _question(first: int, last: int) -> Question:
    current = Span(START + timedelta(first), START + timedelta(last))
    before = Span(START + timedelta(2 * first - last - 1), START + timedelta(first - 1))
    return Question(current, before, None, Span(START, current.end))


def _weekly(old_until: int = 160, new_until: int = 160) -> list[Order]:
    """In each of four countries 40 customers order weekly, one more every second day, to day 160.

    In Chile the old ones stop on one day, and those who come on from day 110 on another one.
    """
    orders = []
    for country in ("Chile", "Ghana", "Nepal", "Peru"):
        starts = [number % 7 for number in range(40)] + list(range(7, 160, 2))
        for number, start in enumerate(starts):
            until = 160
            if country == "Chile":
                until = new_until if start >= 110 else old_until
            orders += [(f"{country}{number}", country, day) for day in range(start, until, 7)]
    return orders


def test_customers_who_all_stopped_while_new_ones_come_are_told_with_day_and_money(
    tmp_path: Path,
) -> None:
    with _warehouse(tmp_path, _weekly(old_until=110)) as connection:
        searched = search_lost_segments(connection, _question(100, 140))
        [finding] = searched.findings
        assert searched.tests == 4 and finding.p_value < 1e-4
        assert (finding.kind, finding.segment) == ("lost_segment", {"country": "Chile"})
        day = (finding.span.start - START).days
        assert abs(day - 110) <= 1 and finding.span.end == START + timedelta(140)
        # By hand, of the others: what the customers of before that day do in the days from it.
        base = [o for o in _weekly(110) if day - 91 <= o[2] < day]
        first = {c: min(d for k, _, d in _weekly(110) if k == c) for c, _, _ in _weekly(110)}
        later = [o for o in _weekly(110) if day <= o[2] <= 140]
        old = [o for o in later if first[o[0]] < day]
        base_there = [o for o in base if o[1] == "Chile"]
        expected = float(len(base_there) * sum(o[1] != "Chile" for o in old))
        expected /= sum(o[1] != "Chile" for o in base)
        lost = sum(o[1] == "Chile" for o in old) - expected
        assert finding.numbers["expected_orders"] == round(Decimal(expected), 1)
        assert finding.numbers["new_orders"] == sum(
            o[1] == "Chile" and first[o[0]] >= day for o in later
        )
        assert finding.effect == pytest.approx(Decimal(10 * lost), abs=Decimal("0.01"))
        assert finding.low < finding.effect < finding.high <= 0


def test_a_country_whose_new_customers_fail_to_come_too_has_lost_no_segment(
    tmp_path: Path,
) -> None:
    with _warehouse(tmp_path, _weekly(old_until=110, new_until=110)) as connection:
        findings = search_lost_segments(connection, _question(100, 140)).findings
    assert [finding.p_value for finding in findings if finding.p_value < 0.01] == []


def test_nobody_is_lost_where_nobody_stopped_and_nothing_is_asked_of_four_weeks(
    tmp_path: Path,
) -> None:
    with _warehouse(tmp_path, _weekly()) as connection:
        assert search_lost_segments(connection, _question(100, 140)).findings == ()
        early = search_lost_segments(connection, _question(14, 27))
    assert early.silence == "customers who no longer come: needs 28 days before, has 14"


def _simulated(customers: int = 600) -> list[Order]:
    """Customers of a year and a half whose purchases are drawn from BG/NBD, on days apart."""
    rng = np.random.default_rng(8)
    ages = rng.integers(60, 540, customers)
    habits = {"r": 0.8, "alpha": 40.0, "a": 0.9, "b": 3.0}
    drawn = simulate(rng, ages, habits, {"p": 6.0, "q": 4.0, "gamma": 15.0})
    orders = []
    for number, (x, t_x, age) in enumerate(zip(drawn.x, np.ceil(drawn.t_x), ages, strict=True)):
        days = 540 - age + np.unique(np.round(np.linspace(0, t_x, x + 1)))
        orders += [(f"c{number:03}", "Peru", int(day)) for day in days if day <= 540]
    return orders


def test_what_slips_away_is_what_the_model_says_and_no_later_day_is_read(tmp_path: Path) -> None:
    question = _question(510, 539)
    with _warehouse(tmp_path / "now", _simulated(), own_values=True) as connection:
        customers = read_customers(connection, question.current.end)
        purchases, spend = customers.models
        [finding] = search_value_at_risk(connection, question).findings
        earlier = customers.T - 30
        seen = (customers.x > 0) & (customers.t_x <= earlier)
        now = purchases.p_alive(customers.x, customers.t_x, customers.T)
        before = purchases.p_alive(customers.x, customers.t_x, np.maximum(earlier, customers.t_x))
        slipped = seen & (now < 0.5) & (before >= 0.5)
        worth = value_at_risk(
            purchases.parameters,
            spend.parameters,
            *(each[slipped] for each in (customers.x, customers.t_x, customers.T, customers.z)),
        )
        assert slipped.sum() >= 5 and finding.numbers["customers"] == slipped.sum()
        assert float(finding.effect) == pytest.approx(-worth.sum(), abs=0.01 * slipped.sum())
        sales = (customers.x * customers.z)[slipped].sum()
        assert finding.numbers["repeat_sales"] == round(Decimal(float(sales)), 2)
        assert finding.low < finding.effect < finding.high
        # Each is worth what they would buy at their own rate, were they here, times the odds.
        at = int(np.flatnonzero(slipped)[0])
        rate = (purchases.r + customers.x[at]) / (purchases.alpha + customers.T[at])
        value = spend.expected_spend(customers.x[at], customers.z[at])
        assert worth[0] == pytest.approx((1 - now[at]) * 90 * rate * value)
    later = [("c000", "Peru", day) for day in range(540, 560)]
    with _warehouse(tmp_path / "later", [*_simulated(), *later], own_values=True) as connection:
        assert search_value_at_risk(connection, question).findings == (finding,)


def test_too_few_who_came_back_are_said_with_what_is_needed(tmp_path: Path) -> None:
    with _warehouse(tmp_path, _simulated(40)) as connection:
        searched = search_value_at_risk(connection, _question(510, 539))
    assert searched.findings == ()
    assert re.fullmatch(
        r"which customers slip away: not enough data for MBG/NBD: needs 50 customers who bought "
        r"again on a later day, has \d+",
        searched.silence,
    )


def _with_segments(connection: Connection, orders: Sequence[Order]) -> None:
    """Every third customer is at risk, the others are champions; one more never bought."""
    ids = sorted({customer for customer, _, _ in orders})
    at_risk, champions = ids[::3], [each for each in ids if each not in ids[::3]]
    _insert(
        connection,
        "final.final_customer_segments",
        [
            ("Champions", 1, "2026-06-25", len(champions), 700, 5, 4, 3, 500),
            ("At risk", 9, "2026-06-25", len(at_risk), 300, 2, 1, 0, 100),
            ("Lost", 11, "2026-06-25", 0, 0, 0, 0, 0, 0),
        ],
    )
    rows = [(c, False, "At risk" if c in at_risk else "Champions", "Peru", 1) for c in ids]
    _insert(
        connection,
        "final.final_customer_behavior",
        [(*row, "2026-01-01", 10) for row in rows]
        + [("(guest)", True, "", "Unknown", 0, "2026-01-01", 0)],
    )


def test_segments_have_an_action_and_what_their_customers_will_spend(tmp_path: Path) -> None:
    orders = _simulated()
    with _warehouse(tmp_path, orders, own_values=True) as connection:
        _with_segments(connection, orders)
        segments = read_segments(connection, _question(335, 364))
        listed = list_customers(connection, redacted=True).dicts()
    assert (segments.as_of, segments.silence) == (date(2026, 6, 25), "")
    champions, at_risk = segments.rows
    assert (champions.segment, champions.customers_before, champions.customers_left) == (
        "Champions",
        5,
        3,
    )
    assert at_risk.action == ACTIONS["At risk"]
    for segment in segments.rows:
        of_them = [row for row in listed if row["segment"] == segment.segment]
        assert len(of_them) == segment.customers
        for figure, column in (
            (segment.expected_sales, "expected_sales_90_days"),
            (segment.value_at_risk, "value_at_risk"),
        ):
            together = sum(row[column] for row in of_them)
            assert figure and abs(figure - together) <= Decimal("0.005") * len(of_them)


def test_a_list_of_customers_names_nobody_unless_it_is_asked_to(tmp_path: Path) -> None:
    orders = _simulated()
    with _warehouse(tmp_path, orders, own_values=True) as connection:
        _with_segments(connection, orders)
        connection.execute(
            "update staging.stg_customers set name = '=1+1', email = '@x'"
            " where customer_id = 'c001'"
        )
        redacted, named = (list_customers(connection, redacted=each) for each in (True, False))
    text = str(redacted)
    assert "c001" not in text and "@" not in text and "Ms " not in text
    rows, names = redacted.dicts(), named.dicts()
    assert len(rows) == len(names) == len({customer for customer, _, _ in orders})
    pairs = zip(names, rows, strict=True)
    numbers = {row["customer_id"]: hidden["customer"] for row, hidden in pairs}
    assert (numbers["c000"], numbers["c001"]) == ("#1", "#2")
    assert [row["segment"] for row in rows] == sorted((r["segment"] for r in rows), reverse=True)
    first = [row["value_at_risk"] for row in rows if row["segment"] == "Champions"]
    assert first == sorted(first, reverse=True)
    for row in rows:
        low, high = row["expected_sales_low"], row["expected_sales_high"]
        assert 0 <= low <= high and 0 <= row["p_alive"] <= 1
    show.export_csv(named, tmp_path / "customers.csv")
    lines = (tmp_path / "customers.csv").read_text().splitlines()
    [line] = [line for line in lines if ",c001," in line]
    assert ",c001,'=1+1,'@x," in line


def test_of_too_few_customers_the_list_has_all_but_what_is_to_be_expected(tmp_path: Path) -> None:
    orders = _simulated(30)
    with _warehouse(tmp_path, orders, own_values=True) as connection:
        _with_segments(connection, orders)
        segments = read_segments(connection, _question(335, 364))
        rows = list_customers(connection, redacted=True).dicts()
    assert "not enough data for MBG/NBD: needs 50" in segments.silence
    assert {segment.value_at_risk for segment in segments.rows} == {None}
    assert {(row["p_alive"], row["value_at_risk"]) for row in rows} == {(None, None)}
    assert {row["country"] for row in rows} == {"Peru"}


def test_every_segment_there_can_be_has_an_action() -> None:
    macros = Path(__file__).parents[3] / MACRO
    [text] = [
        path.read_text()
        for path in macros.rglob("*.sql")
        if "macro segment_ranges" in path.read_text()
    ]
    assert set(re.findall(r"\[\d+, '([^']+)'", text)) == set(ACTIONS)
