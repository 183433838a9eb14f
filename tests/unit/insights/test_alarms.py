"""A load is judged by the loads before it: what each alarm says, and when there is none."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.resources import files

import numpy as np
import pytest
import yaml

from ecomdata.insights.alarms.alarm import FALSE_ALARM_RATE, Alarm
from ecomdata.insights.alarms.book import COLUMNS
from ecomdata.insights.alarms.history import History
from ecomdata.insights.alarms.judging import judge_load, silences
from ecomdata.insights.alarms.profiles import FILES, Key, Profile
from ecomdata.insights.alarms.shares import judge
from ecomdata.insights.windows import Floats

#: A Monday, far from any feast.
START = date(2025, 2, 3)
Counts = dict[Key, int]


def _usual(at: int, lines: int) -> Counts:
    """A load of a day: a fifth is from Peru, one in ten has no channel, one in fifty is refused."""
    day = (START + timedelta(at)).toordinal()
    return {
        Key("orders", "records"): lines,
        Key("orders", "days"): 1,
        Key("orders", "first day"): day,
        Key("orders", "last day"): day,
        Key("orders", "filled", "status"): lines,
        Key("orders", "filled", "channel"): lines - lines // 10,
        Key("orders", "refused", "invalid_date"): lines // 50,
        Key("orders", "country", "Peru"): lines // 5,
        Key("orders", "country", "Chile"): lines - lines // 5,
        Key("customers", "records"): 20,
        Key("customers", "filled", "country"): 20,
        Key(FILES, "header", "status"): 1,
    }


def _history(last: Mapping[Key, int | None], loads: int = 80, seed: int = 3) -> History:
    """Loads of days with a strong Saturday and luck; the last one with these counts instead."""
    luck = np.random.default_rng(seed).lognormal(0, 0.1, loads)
    usual = [int(400 * luck[at] * (2 if at % 7 == 5 else 1)) for at in range(loads)]
    profiles = []
    for at, lines in enumerate(usual):
        counts = _usual(at, lines)
        if at == loads - 1:
            counts.update((key, number) for key, number in last.items() if number is not None)
            counts = {key: counts[key] for key in counts if last.get(key, 0) is not None}
        day = datetime.combine(START + timedelta(at + 1), datetime.min.time())
        profiles.append(Profile(at + 1, day, counts))
    return History(profiles)


def _told(last: Mapping[Key, int | None] | None = None, loads: int = 80) -> list[Alarm]:
    return judge_load(_history(last or {}, loads), loads - 1)


def _names(alarms: list[Alarm]) -> list[tuple[str, str, str, bool]]:
    return [(a.kind, a.entity, a.subject, a.is_serious) for a in alarms]


def _scaled(lines: int) -> Counts:
    day = _usual(79, lines)
    return {key: day[key] for key in day if key.entity == "orders"}


def test_a_load_like_those_before_it_has_no_alarm() -> None:
    assert _told() == []


def test_half_a_file_is_told_with_what_was_usual_and_is_serious() -> None:
    [alarm] = _told(_scaled(150))
    assert (alarm.kind, alarm.entity, alarm.is_serious) == ("volume", "orders", True)
    # the median luck is 1: 400 lines are usual
    assert float(alarm.expected) == pytest.approx(400, rel=0.1)
    assert alarm.observed == 150
    assert float(alarm.effect) == pytest.approx(1 - 150 / 400, abs=0.05)
    assert alarm.statement.startswith("150 records of orders came, 150 a day, where")


def test_far_more_than_usual_is_a_notice() -> None:
    assert _names(_told(_scaled(1600))) == [("volume", "orders", "", False)]


def test_the_weekday_that_is_always_so_is_no_news() -> None:
    # 80 loads end with a Wednesday, 83 with a Saturday
    assert _told(loads=83) == []
    [alarm] = judge_load(_history(_scaled(800)), 79)
    assert alarm.kind == "volume"


def test_a_day_of_several_days_is_judged_by_the_day() -> None:
    first = (START + timedelta(77)).toordinal()
    last: Counts = _scaled(1200) | {
        Key("orders", "days"): 3,
        Key("orders", "first day"): first,
    }
    assert not [alarm for alarm in _told(last) if alarm.kind == "volume"]


def test_a_column_without_values_is_schema_and_one_with_fewer_is_nulls() -> None:
    lines = 400
    [gone] = _told(
        _scaled(lines)
        | {
            Key("orders", "filled", "status"): 0,
            Key(FILES, "header", "status"): None,
            Key(FILES, "header", "state"): 1,
        }
    )
    assert _names([gone]) == [("schema", "orders", "status", True)]
    assert gone.effect == 1
    assert gone.statement == (
        "400 of 400 records of orders (100.0 %) have no status; it was 0.0 % in the loads before."
    )
    assert "New in the headers: state." in gone.next_look
    [fewer] = _told(_scaled(lines) | {Key("orders", "filled", "channel"): lines - 100})
    assert _names([fewer]) == [("nulls", "orders", "channel", False)]
    assert fewer.observed == Decimal("0.25")
    assert float(fewer.expected) == pytest.approx(0.1, abs=0.002)


def test_a_country_that_is_missing_is_told_by_its_name() -> None:
    alarms = _told(
        _scaled(320) | {Key("orders", "country", "Peru"): 0, Key("orders", "country", "Chile"): 320}
    )
    assert _names(alarms) == [("distribution", "orders", "country", False)]
    # all values of a column are one alarm: the surest of them
    assert "Peru" in alarms[0].statement or "Chile" in alarms[0].statement
    assert float(alarms[0].effect) == pytest.approx(0.2, abs=0.01)


def test_refused_records_are_told_with_the_rule_of_most_and_fewer_are_no_alarm() -> None:
    [alarm] = _told(
        _scaled(400)
        | {Key("orders", "refused", "invalid_date"): 8, Key("orders", "refused", "nul_byte"): 60}
    )
    assert _names([alarm]) == [("refused", "orders", "", False)]
    assert "most as nul_byte" in alarm.statement
    assert _told(_scaled(400) | {Key("orders", "refused", "invalid_date"): 0}) == []


def test_an_entity_that_always_came_and_does_not_is_serious() -> None:
    [alarm] = _told(
        {Key("customers", "records"): None, Key("customers", "filled", "country"): None}
    )
    assert _names([alarm]) == [("schema", "customers", "", True)]
    assert alarm.statement == "No customers came; each of the 79 loads before had some."


def test_no_new_day_and_a_day_that_is_skipped() -> None:
    yesterday = (START + timedelta(78)).toordinal()
    again = {Key("orders", "first day"): yesterday, Key("orders", "last day"): yesterday}
    assert _names(_told(again)) == [("freshness", "orders", "no new day", False)]
    tomorrow = (START + timedelta(80)).toordinal()
    skipped = {Key("orders", "first day"): tomorrow, Key("orders", "last day"): tomorrow}
    [alarm] = _told(skipped)
    assert _names([alarm]) == [("freshness", "orders", "missing days", True)]
    assert alarm.statement == (
        "1 days before 2025-04-24 are in no load; never more than 0 were in the 79 loads before."
    )


def test_orders_that_are_old_when_they_are_loaded_or_of_days_to_come() -> None:
    history = _history({})
    late = [*history.profiles[:-1]]
    last = history.profiles[-1]
    for days, told in ((1, False), (5, True), (-10, True)):
        moved = Profile(last.load_id, last.loaded_at + timedelta(days), last.counts)
        alarms = judge_load(History([*late, moved]), 79)
        assert bool(alarms) is told, days
        assert all(alarm.subject == "age" for alarm in alarms)


def test_too_few_loads_are_said_to_be_too_few() -> None:
    assert judge_load(_history(_scaled(10), 20), 19) == []
    assert silences(_history({}, 20), 19) == (
        "freshness, nulls, refused, distribution and schema: needs 28 loads with orders before, "
        "has 19",
        "volume: needs 56 loads with orders before, has 19",
    )
    assert silences(_history({}, 80), 79) == ()


def test_a_change_that_stays_is_news_for_a_week_of_loads_at_most() -> None:
    history = _history({}, 100)
    profiles = []
    for at, profile in enumerate(history.profiles):
        counts = dict(profile.counts)
        if at >= 80:
            counts[Key("orders", "filled", "status")] = 0
        profiles.append(Profile(profile.load_id, profile.loaded_at, counts))
    changed = History(profiles)
    told = [at for at in range(60, 100) if judge_load(changed, at)]
    assert told[0] == 80
    assert told[-1] <= 88


def test_a_first_load_of_years_does_not_outweigh_the_days_since() -> None:
    parts: Floats = np.array([[90_000.0, *[20.0] * 40]])
    whole: Floats = np.array([100_000.0, *[100.0] * 40])
    [share] = judge(parts, whole)
    # the first one counts as four loads: (4 * 90 + 39 * 20) / (43 * 100)
    assert share.expected == pytest.approx((360 + 780) / 4300)
    assert share.p_value > 0.5


def test_a_few_refused_records_where_none_were_are_news_though_a_week_tells_little() -> None:
    parts: Floats = np.array([[0.0] * 28 + [2.0]])
    whole: Floats = np.array([100.0] * 29)
    [refused] = judge(parts, whole, only_more=True)
    [share] = judge(parts, whole)
    # two of two in the last of 29 loads alike, and in the last of 8
    assert refused.p_value == pytest.approx(1 / 29**2)
    assert share.p_value == pytest.approx(2 / 8**2)


def test_p_values_of_shares_are_rare_as_they_say() -> None:
    """Among loads of chance alone, at most so many are below a level; overdispersed ones, too."""
    draw = np.random.default_rng(5)
    below, tried = 0, 400
    for _ in range(tried):
        whole = draw.integers(80, 120, 29).astype(float)
        shares = draw.beta(30, 170, 29)
        parts = draw.binomial(whole.astype(int), shares).astype(float)
        [share] = judge(parts[np.newaxis], whole)
        below += share.p_value < 0.05
    assert below / tried <= 0.06


def test_loads_of_chance_alone_have_as_few_alarms_as_they_are_said_to() -> None:
    loads, told = 0, 0
    for seed in range(6):
        history = _history({}, 110, seed)
        told += sum(bool(judge_load(history, at)) for at in range(60, 110))
        loads += 50
    assert told <= 3 * FALSE_ALARM_RATE * loads


def test_the_table_is_declared_to_dbt_with_the_columns_that_are_written() -> None:
    models = files("ecomdata.transform") / "project" / "models" / "final"
    declared = yaml.safe_load((models / "final_data_alarms.yml").read_text(encoding="utf-8"))
    (table,) = declared["sources"][0]["tables"]
    assert tuple((one["name"], one["data_type"]) for one in table["columns"]) == COLUMNS
