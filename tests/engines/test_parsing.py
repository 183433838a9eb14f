"""Numbers, dates and times as real exports write them: the same value on every engine."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib import resources
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

MACROS = resources.files("ecomdata.transform") / "project" / "macros" / "portable"
NBSP, NARROW = "\u00a0", "\u202f"


def macros(engine: str) -> Any:
    """The project's macros with as much of dbt as they use."""

    class Adapter:
        @staticmethod
        def dispatch(name: str, package: str) -> Callable[..., str]:
            own = getattr(module, f"{engine}__{name}", None)
            found: Callable[..., str] = own or getattr(module, f"default__{name}")
            return found

    environment = Environment(undefined=StrictUndefined)
    environment.globals["adapter"] = Adapter
    files = ("text.sql", "numbers.sql", "dates.sql")
    text = "".join((MACROS / file).read_text(encoding="utf-8") for file in files)
    module: Any = environment.from_string(text).module
    return module


def evaluated(pipeline: Pipeline, cases: Sequence[tuple[str, str]], sql: str) -> list[Any]:
    """The expression over each (text, convention), in one query, as the models have it."""
    with open_warehouse(pipeline.settings).connect() as connection:
        connection.execute("create table cases (place integer, text text, convention text)")
        for place, case in enumerate(cases):
            connection.execute("insert into cases values ($1, $2, $3)", [place, *case])
        answer = connection.query(f"select {sql} from cases order by place")
    return [row[0] if len(row) == 1 else row for row in answer.rows]


#: (text, decimal mark of the file, exact value as text or None).
NUMBERS = [
    ("5", ".", "5"),
    ("+5", ".", "5"),
    ("-5", ",", "-5"),
    ("007", ".", "7"),
    ("12.5", ".", "12.5"),
    ("12.50", ",", "12.50"),
    ("12,50", ".", "12.50"),
    ("12,5", ",", "12.5"),
    ("1,234", ".", "1234"),
    ("1,234", ",", "1.234"),
    ("1.234", ".", "1.234"),
    ("1.234", ",", "1234"),
    ("-1,234,567", ",", "-1234567"),
    ("1.234.567", ".", "1234567"),
    ("1,234.5", ",", "1234.5"),
    ("1.234,50", ".", "1234.50"),
    ("1 234,50", ",", "1234.50"),
    (f"1{NBSP}234,50", ",", "1234.50"),
    ("€ 1.234,50", ",", "1234.50"),
    ("€1,234.50", ".", "1234.50"),
    ("1.234,50 €", ",", "1234.50"),
    ("$5", ".", "5"),
    ("-£5.99", ".", "-5.99"),
    ("¥1000", ".", "1000"),
    ("12.50 EUR", ".", "12.50"),
    ("12.50EUR", ".", "12.50"),
    ("USD 12", ".", "12"),
    ("USD12.5", ".", "12.5"),
    ("0.123456", ".", "0.1235"),
    ("12345678901234", ".", None),  # as a price of one unit; see the next test
    ("99999999.99", ".", "99999999.99"),
    ("1,000,000,000,000,000,000", ".", None),
    ("123456789012345678901234567890", ".", None),
    ("", ".", None),
    (" ", ".", None),
    (NBSP, ".", None),
    ("--5", ".", None),
    ("+-5", ".", None),
    ("5-", ".", None),
    ("(5)", ".", None),
    ("1e3", ".", None),
    ("NaN", ".", None),
    ("Infinity", ".", None),
    ("EUR", ".", None),
    ("n/a", ".", None),
    ("1.2.3", ".", None),
    ("1,23,456", ".", None),
    ("1,234.567,8", ".", None),
    ("12.5%", ".", None),
    ("0x10", ".", None),
    ("١٢", ".", None),
    ("12\n13", ".", None),
    ("'); drop table cases; --", ".", None),
]


def test_numbers_are_read_as_the_file_writes_them(pipeline: Pipeline) -> None:
    engine = macros(open_warehouse(pipeline.settings).engine)
    number = engine.unit_money(engine.number_text("text", "convention"))
    values = evaluated(pipeline, [case[:2] for case in NUMBERS], number)
    for case, value in zip(NUMBERS, values, strict=True):
        assert value == (None if case[2] is None else Decimal(case[2])), case
    assert {type(value) for value in values} == {Decimal, type(None)}


@pytest.mark.parametrize(
    ("text", "money", "whole"),
    [
        ("0.005", "0.01", None),
        ("-0.005", "-0.01", None),
        ("2.675", "2.68", None),
        ("1.004999", "1.00", None),
        ("12345678901234", "12345678901234.00", 12345678901234),
        ("6.0", "6.00", 6),
        ("6,00", "6.00", 6),
        ("1,200", "1200.00", 1200),
        ("-3", "-3.00", -3),
        ("1.5", "1.50", None),
        ("six", None, None),
    ],
)
def test_money_is_rounded_half_away_from_zero_and_quantities_are_never_rounded(
    pipeline: Pipeline, text: str, money: str | None, whole: int | None
) -> None:
    engine = macros(open_warehouse(pipeline.settings).engine)
    number = engine.number_text("text", "convention")
    sql = f"{engine.money(number)}, {engine.whole(number)}"
    [(found, units)] = evaluated(pipeline, [(text, ".")], sql)
    assert (found and str(found), units) == (money, whole)


#: (text, order of day and month in the file, moment in UTC or None).
MOMENTS = [
    ("2024-02-29", "ymd", "2024-02-29 00:00"),
    ("2000-02-29", "ymd", "2000-02-29 00:00"),
    ("2024-02-30", "ymd", None),
    ("2023-02-29", "ymd", None),
    ("1900-02-29", "ymd", None),
    ("2024-04-31", "ymd", None),
    ("2024-12-31", "ymd", "2024-12-31 00:00"),
    ("2024-13-01", "ymd", None),
    ("2024-00-10", "ymd", None),
    ("2024-01-00", "ymd", None),
    ("0000-00-00", "ymd", None),
    ("0000-01-01", "ymd", None),
    ("9999-12-31", "ymd", "9999-12-31 00:00"),
    ("2024/01/02", "dmy", "2024-01-02 00:00"),
    ("2024.01.02", "mdy", "2024-01-02 00:00"),
    ("31/12/2024", "dmy", "2024-12-31 00:00"),
    ("31/12/2024", "mdy", None),
    ("12/31/2024", "mdy", "2024-12-31 00:00"),
    ("1/2/2024", "dmy", "2024-02-01 00:00"),
    ("1/2/2024", "mdy", "2024-01-02 00:00"),
    ("1/2/2024", "ymd", None),
    ("01.02.2024", "dmy", "2024-02-01 00:00"),
    ("1-2-2024", "dmy", "2024-02-01 00:00"),
    ("29/2/2023", "dmy", None),
    ("1/2/2024 8:26", "mdy", "2024-01-02 08:26"),
    ("2024-01-01 8:05", "ymd", "2024-01-01 08:05"),
    ("2024-01-01 23:59:59", "ymd", "2024-01-01 23:59"),
    ("2024-01-01T10:00:00.123456Z", "ymd", "2024-01-01 10:00"),
    ("2024-01-01 10:00:00 UTC", "ymd", "2024-01-01 10:00"),
    ("2024-01-01T10:00+05:30", "ymd", "2024-01-01 04:30"),
    ("2024-01-01T10:00:00+0530", "ymd", "2024-01-01 04:30"),
    ("2024-01-01 00:30+01:00", "ymd", "2023-12-31 23:30"),
    ("2024-02-28T23:30:00-02:00", "ymd", "2024-02-29 01:30"),
    ("2023-12-31 23:59:59-00:01", "ymd", "2024-01-01 00:00"),
    ("2024-01-01 24:00", "ymd", None),
    ("2024-01-01 12:60", "ymd", None),
    ("1/2/2011 8:26 PM", "mdy", None),
    ("2024-01-01 \nnoon", "ymd", None),
    ("2024/01/01 \n10:00", "ymd", None),
    ("2024-1-2", "ymd", None),
    ("20240102", "ymd", None),
    ("45000", "ymd", None),
    ("1/2/24", "dmy", None),
    ("yesterday", "ymd", None),
    ("", "ymd", None),
    ("٢٠٢٤-01-01", "ymd", None),
]


def test_dates_and_times_are_read_as_the_file_writes_them_and_brought_to_utc(
    pipeline: Pipeline,
) -> None:
    engine = macros(open_warehouse(pipeline.settings).engine)
    day = engine.date_of(engine.date_text("text", "convention"))
    sql = engine.moment_of(day, engine.minutes_of_day("text"))
    values = evaluated(pipeline, [case[:2] for case in MOMENTS], sql)
    for case, value in zip(MOMENTS, values, strict=True):
        assert value == (None if case[2] is None else datetime.fromisoformat(case[2])), case


@pytest.mark.parametrize("text", ["2024-02-29", "2024-02-29 \nat noon", "29.02.2024 \nat noon"])
def test_a_day_is_read_whatever_stands_behind_it(pipeline: Pipeline, text: str) -> None:
    engine = macros(open_warehouse(pipeline.settings).engine)
    day = engine.date_of(engine.date_text("text", "convention"))
    assert evaluated(pipeline, [(text, "dmy")], day) == [date(2024, 2, 29)]


def test_white_space_of_every_kind_is_taken_off_the_ends_and_nothing_is_missing(
    pipeline: Pipeline,
) -> None:
    engine = macros(open_warehouse(pipeline.settings).engine)
    texts = [" a b ", f"\t{NBSP}a\r\n", f"{NARROW}a{NARROW}", "a", "", " ", f"\t{NBSP} \r\n"]
    texts += ["~a ", " !", "é", f"aé{NBSP}", f"~{NARROW}"]
    found = evaluated(pipeline, [(text, "") for text in texts], engine.trimmed("text"))
    assert found == ["a b", "a", "a", "a", None, None, None, "~a", "!", "é", "aé", "~"]


#: (above, below, to the hundredth, to the millionth).
RATIOS = [
    ("1", "3", "0.33", "0.333333"),
    ("-2", "3", "-0.67", "-0.666667"),
    ("2", "-3", "-0.67", "-0.666667"),
    ("0.05", "-10", "-0.01", "-0.005000"),
    ("1", "8", "0.13", "0.125000"),
    ("-1", "-8", "0.13", "0.125000"),
    ("0.01", "20000", "0.00", "0.000001"),
    ("0", "5", "0.00", "0.000000"),
    ("7", "0", None, None),
    ("999999999999.99", "1", "999999999999.99", "999999999999.990000"),
]


@pytest.mark.parametrize(
    ("macro", "kind", "cases"),
    [
        ("ratio", "numeric(18, 2)", RATIOS),
        ("ratio_of_counts", "bigint", [case for case in RATIOS if "." not in case[0] + case[1]]),
    ],
)
def test_a_ratio_is_exact_and_rounded_half_away_from_zero(
    pipeline: Pipeline, macro: str, kind: str, cases: list[tuple[str, str, str, str]]
) -> None:
    ratio = getattr(macros(open_warehouse(pipeline.settings).engine), macro)
    parts = [f"cast({name} as {kind})" for name in ("text", "convention")]
    sql = f"{ratio(*parts, 2)}, {ratio(*parts, 6)}"
    found = evaluated(pipeline, [case[:2] for case in cases], sql)
    assert [tuple(None if x is None else f"{x:f}" for x in row) for row in found] == [
        case[2:] for case in cases
    ]
