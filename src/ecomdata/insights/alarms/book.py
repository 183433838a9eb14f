"""The alarms in the warehouse: judged once, when a load is first built, and kept."""

from typing import Final

from ecomdata.insights.alarms.alarm import Alarm, Alarms, in_order
from ecomdata.insights.alarms.history import History
from ecomdata.insights.alarms.judging import judge_load, silences
from ecomdata.insights.alarms.profiles import keep_profiles, read_profiles
from ecomdata.warehouse import Connection

TABLE: Final = "final.final_data_alarms"
#: Columns of the table, with types that mean the same on every engine.
COLUMNS: Final = (
    ("id", "text"),
    ("load_id", "bigint"),
    ("kind", "text"),
    ("severity", "text"),
    ("entity", "text"),
    ("subject", "text"),
    ("statement", "text"),
    ("observed", "numeric(18, 6)"),
    ("expected", "numeric(18, 6)"),
    ("effect", "numeric(18, 6)"),
    ("p_value", "double precision"),
    ("next_look", "text"),
)
#: Loads that are looked back at: a year of daily ones, and the days around the same date.
_HISTORY: Final = 400


def judge_loads(connection: Connection) -> Alarms:
    """Judge the loads that are new to the models; where none is, tell again of the last one.

    A load is judged by those before it alone, so the verdict stays the same.
    """
    with connection.transaction():
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
        connection.execute(f"create table if not exists {TABLE} ({columns})")
        new = keep_profiles(connection)
        connection.execute(
            f"delete from {TABLE} where load_id not in (select load_id from meta.loads)"
        )
        found, not_asked = _judged(connection, new) if new else ([], ())
        for load in new:
            connection.execute(f"delete from {TABLE} where load_id = $1", [load])
        for alarm in found:
            _write(connection, alarm)
    if not new:
        return read_alarms(connection)
    return Alarms(tuple(new), in_order(found), not_asked)


def read_alarms(connection: Connection) -> Alarms:
    """Return the alarms about the last load."""
    last = connection.query("select max(load_id) from meta.loads").scalar
    rows = connection.query(
        "select load_id, kind, entity, subject, statement, observed, expected, effect, p_value,"
        f" severity = 'serious' as is_serious, next_look from {TABLE} where load_id = $1",
        [last],
    ).dicts()
    found = [Alarm(**row) for row in rows]
    return Alarms((last,) if last is not None else (), in_order(found), ())


def _judged(connection: Connection, new: list[int]) -> tuple[list[Alarm], tuple[str, ...]]:
    loads = [
        row[0]
        for row in connection.query("select distinct load_id from meta.loads order by 1").rows
    ]
    since = loads[max(0, loads.index(new[0]) - _HISTORY)]
    history = History(read_profiles(connection, since))
    places = {profile.load_id: at for at, profile in enumerate(history.profiles)}
    found = [alarm for load in new for alarm in judge_load(history, places[load])]
    return found, silences(history, places[new[-1]])


def _write(connection: Connection, alarm: Alarm) -> None:
    values = {
        **{name: getattr(alarm, name) for name, _ in COLUMNS if name != "severity"},
        "severity": "serious" if alarm.is_serious else "notice",
        "p_value": float(f"{alarm.p_value:.6g}"),
    }
    marks = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
    connection.execute(
        f"insert into {TABLE} values ({marks})", [values[name] for name, _ in COLUMNS]
    )
