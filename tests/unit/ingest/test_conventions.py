"""A file's decimal mark and order of day and month, from what its values say."""

import pytest

from ecomdata.ingest.conventions import Evidence


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
