"""A file's decimal mark and order of day and month, from what its values say."""

import pytest

from ecomdata.ingest.conventions import Evidence, EvidenceCounter


@pytest.mark.parametrize(
    ("points", "commas", "mark"),
    [(0, 0, "."), (5, 0, "."), (0, 5, ","), (2, 3, ","), (3, 2, "."), (3, 3, ".")],
)
def test_the_decimal_mark_is_that_of_more_numbers_and_a_point_in_doubt(
    points: int, commas: int, mark: str
) -> None:
    assert Evidence(point_decimals=points, comma_decimals=commas).decimal_mark() == mark


@pytest.mark.parametrize(
    ("day_first", "month_first", "either", "order"),
    [
        pytest.param(0, 0, 0, "ymd", id="no such dates"),
        pytest.param(1, 0, 0, "dmy", id="a day above 12 comes first"),
        pytest.param(0, 1, 0, "mdy", id="a day above 12 comes second"),
        pytest.param(1, 0, 99, "dmy", id="one date tells for all"),
        pytest.param(0, 1, 99, "mdy", id="one date tells for all, US"),
        pytest.param(3, 2, 0, "dmy", id="the more"),
        pytest.param(2, 3, 0, "mdy", id="the more, US"),
        pytest.param(0, 0, 1, None, id="nothing tells"),
        pytest.param(2, 2, 0, None, id="they contradict each other"),
    ],
)
def test_the_order_of_day_and_month_is_what_more_dates_need_and_never_guessed(
    day_first: int, month_first: int, either: int, order: str | None
) -> None:
    evidence = Evidence(day_first=day_first, month_first=month_first, either_first=either)
    assert evidence.date_order() == order


def test_evidence_is_counted_in_the_columns_that_are_declared() -> None:
    counter = EvidenceCounter([0], [2])
    counter.add_rows(
        [
            ["1,50", "2,75", "24.12.2024"],
            [" 2.25 ", "x", "12/24/2024 10:00"],
            ["3,125", "x", " 1-2-2024"],
            ["4,5 ", "x", "2024-12-24"],
        ]
    )
    assert counter.evidence == Evidence(
        point_decimals=1, comma_decimals=2, day_first=1, month_first=1, either_first=1
    )


def test_points_that_were_passed_over_are_asked_for_once_there_is_a_decimal_comma() -> None:
    counter = EvidenceCounter([0], [])
    counter.add_rows([["1.50"], ["2.50"]])
    assert counter.evidence == Evidence()
    counter.add_rows([["1,50"]])
    assert counter.evidence is None
    again = EvidenceCounter([0], [], thorough=True)
    again.add_rows([["1.50"], ["2.50"], ["1,50"]])
    assert again.evidence == Evidence(point_decimals=2, comma_decimals=1)


def test_dates_with_the_year_first_are_counted_where_nothing_is_passed_over() -> None:
    counter = EvidenceCounter([], [0], thorough=True)
    counter.add_rows([["2024-05-01"], [" 2024/05/01"], ["1.5.2024"], ["20240501"]])
    assert counter.evidence == Evidence(either_first=1, year_first=2)


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (Evidence(either_first=1, year_first=10), True),
        (Evidence(either_first=1, year_first=9), False),
        (Evidence(day_first=1, month_first=1, either_first=1, year_first=28), True),
        (Evidence(day_first=1, month_first=1, either_first=1, year_first=27), False),
        (Evidence(either_first=1), False),
    ],
)
def test_one_date_in_ten_is_no_mistake(evidence: Evidence, expected: bool) -> None:
    assert evidence.puts_years_first() is expected


@pytest.mark.parametrize(
    ("block", "delimiter", "matters"),
    [
        (b"1.50,2024-05-01 10:00:00\n", b",", False),
        (b"1.50,1/2/2024\n", b",", True),
        (b"1.50,24.12.2024\n", b",", True),
        (b"1.50;2024-05-01\n", b";", False),
        (b"1,50;2024-05-01\n", b";", True),
    ],
)
def test_only_blocks_with_a_split_date_or_a_comma_in_a_field_are_looked_into(
    block: bytes, delimiter: bytes, matters: bool
) -> None:
    assert EvidenceCounter([0], [1]).may_matter(block, delimiter) is matters
