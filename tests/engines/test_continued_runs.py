"""A run in parts, as schedulers make them: each has the warehouse, while nobody else changed it."""

import pytest
from shops import rows

from ecomdata.errors import BuildError, WarehouseBusyError
from ecomdata.journal import continued, recorded, unlogged
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]


def told(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return rows(pipeline, "meta.runs", "run_id", "command", "status", "message")


def steps(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return rows(pipeline, "meta.run_steps", "run_id", "step_number", "step", "status")


def test_a_part_that_failed_is_made_again_and_no_part_is_after_another_run(
    pipeline: Pipeline,
) -> None:
    pipeline.settings.cache.mkdir(exist_ok=True)
    warehouse = open_warehouse(pipeline.settings)
    with recorded("build", warehouse, 1, unlogged, ends=False) as run, run.step("one"):
        pass
    assert told(pipeline) == [(1, "build", "running", "")]
    with (
        pytest.raises(WarehouseBusyError),
        continued(1, warehouse, 1, unlogged) as run,
        run.step("two"),
    ):
        raise WarehouseBusyError("busy")
    assert told(pipeline) == [(1, "build", "failed", "busy")]
    with continued(1, warehouse, 1, unlogged, ends=True) as run, run.step("two"):
        assert told(pipeline)[0][2] == "running"
        with pytest.raises(WarehouseBusyError), continued(1, warehouse, 0.1, unlogged):
            pytest.fail("two parts had the warehouse at once")
    assert told(pipeline) == [(1, "build", "done", "")]
    assert steps(pipeline) == [
        (1, 1, "one", "done"),
        (1, 2, "two", "failed"),
        (1, 3, "two", "done"),
    ]
    with recorded("load", warehouse, 1, unlogged):
        pass
    with (
        pytest.raises(BuildError, match=r"run 1 cannot go on, as run 2 \(load\) came since"),
        continued(1, warehouse, 1, unlogged),
    ):
        pytest.fail("the warehouse is another one")
    assert told(pipeline)[0][2] == "done"


def test_a_run_that_stopped_between_its_parts_was_killed_once_another_has_begun(
    pipeline: Pipeline,
) -> None:
    pipeline.settings.cache.mkdir(exist_ok=True)
    warehouse = open_warehouse(pipeline.settings)
    with recorded("build", warehouse, 1, unlogged, ends=False):
        pass
    with recorded("load", warehouse, 1, unlogged):
        pass
    assert [run[2] for run in told(pipeline)] == ["killed", "done"]
