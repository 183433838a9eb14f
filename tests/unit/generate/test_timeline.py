"""The timeline: keys in any order come out in that of time, guests among them."""

from collections import Counter
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecomdata.generate import timeline
from ecomdata.generate.calendar import Calendar, make_calendar
from ecomdata.generate.chance.draws import Ints
from ecomdata.generate.plan import ShopPlan
from ecomdata.generate.timeline import GUEST, Timeline, order_keys

Block = list[tuple[int, int]]


def a_calendar(days: int, more_days: int = 0) -> Calendar:
    start = date(2024, 2, 10)
    return make_calendar(
        ShopPlan(start=start, end=start + timedelta(days - 1), more_days=more_days)
    )


def come_out(
    folder: Path, calendar: Calendar, blocks: list[Block], guests: int = 0, about: int = 1_000
) -> list[tuple[int, int]]:
    """(day, customer) of what comes out of a timeline, whose parts and leavings are looked at."""
    parts: list[tuple[Ints, Ints]] = []
    with closing(Timeline(folder, calendar, about)) as orders:
        for block in blocks:
            moment, customer = np.array(block, dtype=np.int64).reshape(-1, 2).T
            orders.add(order_keys(moment, customer))
        placed = [moment for block in blocks for moment, _ in block]
        assert orders.orders == len(placed)
        assert orders.base_orders == sum(moment < calendar.base for moment in placed)
        parts += orders.read(seed=3, base_guests=guests)
    assert list(folder.iterdir()) == []
    assert all(day.shape == customer.shape for day, customer in parts)
    assert all(0 < len(day) <= timeline.SORTED for day, _ in parts)
    return [
        pair
        for day, customer in parts
        for pair in zip(day.tolist(), customer.tolist(), strict=True)
    ]


@pytest.fixture(params=[1, 7, 100, timeline.SORTED])
def sorted_at_a_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "SORTED", request.param)


@pytest.mark.usefixtures("sorted_at_a_time")
def test_orders_come_out_in_the_order_of_time_whatever_they_went_in(tmp_path: Path) -> None:
    calendar = a_calendar(45)
    draw = np.random.default_rng(4)
    whole = [
        (int(moment), int(customer))
        for moment, customer in zip(
            draw.integers(0, calendar.ticks, 1_000), draw.integers(0, 300, 1_000), strict=True
        )
    ]
    edges = [(int(close) + step, 5) for close in calendar.closes[:-1] for step in (-1, 0)]
    whole += [(0, 0), *edges, (calendar.ticks - 1, 7)]
    ends = calendar.closes.tolist()
    expected = [
        (sum(end <= moment for end in ends), customer) for moment, customer in sorted(whole)
    ]
    whole = [whole[each] for each in draw.permutation(len(whole)).tolist()]
    for size in (len(whole), 333, 50):
        blocks = [whole[low : low + size] for low in range(0, len(whole), size)]
        folder = tmp_path / f"{size}"
        folder.mkdir()
        assert come_out(folder, calendar, blocks) == expected
        assert come_out(folder, calendar, blocks[::-1]) == expected


@given(st.data(), st.integers(1, 12), st.integers(0, 4), st.sampled_from([1, 3, 10**6]))
def test_nothing_is_lost_or_added(
    data: st.DataObject, days: int, more_days: int, at_once: int
) -> None:
    calendar = a_calendar(days, more_days)
    order = st.tuples(st.integers(0, calendar.ticks - 1), st.integers(0, 2**34 - 2))
    blocks = data.draw(st.lists(st.lists(order, max_size=5), max_size=4))
    ends = calendar.closes.tolist()
    expected = [
        (sum(end <= moment for end in ends), customer)
        for moment, customer in sorted(order for block in blocks for order in block)
    ]
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(timeline, "SORTED", at_once)
        assert come_out(Path(folder), calendar, blocks, about=10) == expected


@pytest.mark.usefixtures("sorted_at_a_time")
@pytest.mark.parametrize("guests", [0, 1, 7, 20_000])
def test_so_many_guests_come_by_the_end_of_the_base(tmp_path: Path, guests: int) -> None:
    calendar = a_calendar(60, more_days=30)
    made = come_out(tmp_path, calendar, [], guests)
    assert {customer for _, customer in made} <= {GUEST}
    days = Counter(day for day, _ in made)
    assert sum(days[day] for day in range(60)) == guests
    closes = calendar.closes.tolist()
    assert len(made) == closes[-1] * guests // closes[59]
    for day in range(90):
        by_then = sum(days[earlier] for earlier in range(day + 1))
        assert by_then == closes[day] * guests // closes[59]


def test_a_longer_calendar_leaves_the_days_before_as_they_were(tmp_path: Path) -> None:
    short, long = a_calendar(30), a_calendar(30, more_days=11)
    assert long.closes[:30].tolist() == short.closes.tolist()
    block = [(moment, moment % 50) for moment in range(0, long.ticks, 777)]
    before = [order for order in block if order[0] < short.ticks]
    longer = come_out(tmp_path, long, [block], guests=400)
    assert come_out(tmp_path, short, [before], guests=400) == [
        order for order in longer if order[0] < 30
    ]


def test_guests_stand_among_the_customers_of_their_day(tmp_path: Path) -> None:
    calendar = a_calendar(1)
    block = [(moment, 9) for moment in range(calendar.ticks)]
    made = come_out(tmp_path, calendar, [block], guests=100)
    places = [place for place, (_, customer) in enumerate(made) if customer == GUEST]
    assert len(made) == calendar.ticks + 100
    assert len(places) == 100
    assert len({place * 4 // len(made) for place in places}) == 4, "in each quarter of the day"


@pytest.mark.parametrize(
    ("orders", "days", "periods"), [(1, 9, 1), (10, 9, 4), (1_000, 9, 9), (9, 1, 1)]
)
def test_there_are_as_many_periods_as_orders_and_days_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, orders: int, days: int, periods: int
) -> None:
    monkeypatch.setattr(timeline, "SORTED", 3)
    with closing(Timeline(tmp_path, a_calendar(days), orders)):
        assert len(list(tmp_path.iterdir())) == periods


def test_there_are_no_more_periods_than_files_can_be_open(tmp_path: Path) -> None:
    with closing(Timeline(tmp_path, a_calendar(1_000), 10**9)):
        assert len(list(tmp_path.iterdir())) == timeline.MOST_PERIODS


def test_keys_are_sorted_by_moment_and_then_by_customer() -> None:
    moments, customers = np.array([5, 5, 2**29 - 1, 0]), np.array([2**34 - 2, 3, 0, 1])
    keys = order_keys(moments, customers).tolist()
    assert keys == [1, 5 * 2**34 + 3, 5 * 2**34 + 2**34 - 2, (2**29 - 1) * 2**34]
