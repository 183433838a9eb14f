"""The Prefect flow: load, build, insights, report, each a task that can be tried again.

Every step is idempotent, so a flow that is run again goes on where the last one stopped: what is
loaded is known by its bytes, and the rest is computed anew. Two flows on one warehouse wait for
each other at the warehouse's own lock, wherever they run.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact

from ecomdata.errors import DataAlarmError, TransientError
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import Settings, load_settings
from ecomdata.transform import BuildResult

#: Seconds before each further try.
DELAYS = [10, 60, 300]


def is_transient(task: Any, run: Any, state: Any) -> bool:
    """Return whether another try may not meet the failure again: data that is wrong stays wrong."""
    try:
        state.result()
    except TransientError:
        return True
    except BaseException:
        return False
    return False


def notify(flow: Any, run: Any, state: Any) -> None:
    """Tell the settings' `notify_url` that a run failed, and of what kind the error is."""
    from ecomdata.orchestrate.notice import post

    settings = _settings(run.parameters)
    try:
        state.result()
        kind = state.name
    except BaseException as exc:
        kind = type(exc).__name__
    if settings.notify_url is not None:
        post(settings.notify_url.get_secret_value(), run.name, kind)


def _task(function: Callable[..., Any]) -> Any:
    return task(
        function, retries=len(DELAYS), retry_delay_seconds=DELAYS, retry_condition_fn=is_transient
    )


def _settings(parameters: dict[str, Any]) -> Settings:
    return load_settings(project=parameters["project"], warehouse=parameters["warehouse"])


def _pipeline(project: str, warehouse: str) -> Pipeline:
    """A pipeline whose events are the run's log."""
    logger = get_run_logger()
    settings = load_settings(project=Path(project), warehouse=warehouse)
    return Pipeline(settings, log=lambda event, told: logger.info("%s %s", event, told))


def load(project: str, warehouse: str, folder: str) -> int:
    """Bring the folder's files into the raw tables; return the rows."""
    pipeline = _pipeline(project, warehouse)
    pipeline.settings.cache.mkdir(exist_ok=True)
    plan = LoadPlan(pipeline.settings.cache, pipeline.settings.max_rejected)
    return sum(pipeline.load([Path(folder)], plan).rows.values())


def build(project: str, warehouse: str, full_refresh: bool) -> list[str]:
    """Build and test the models, a row of an artifact each; return what is serious about loads."""
    result, alarms = _pipeline(project, warehouse).build_and_judge([], full_refresh)
    create_table_artifact(models(result), key="models", description="Models and tests of the build")
    return (
        [f"load {alarm.load_id}: {alarm.statement}" for alarm in alarms.serious] if alarms else []
    )


def models(result: BuildResult) -> list[dict[str, Any]]:
    """Return the models and tests of a build as rows."""
    return [
        {"kind": node.kind, "name": node.name, "status": node.status, "seconds": node.seconds}
        for node in result.nodes
    ]


def insights(project: str, warehouse: str) -> int:
    """Find what changed; return how many findings there are."""
    return len(_pipeline(project, warehouse).insights("month", 10).ranked)


def report(project: str, warehouse: str, out: str, start: date | None, end: date | None) -> str:
    """Write the report."""
    _pipeline(project, warehouse).write_report(Path(out), start, end)
    return out


load_task, build_task = _task(load), _task(build)
insights_task, report_task = _task(insights), _task(report)


@flow(name="ecomdata", on_failure=[notify])
def shop(
    project: str,
    warehouse: str,
    folder: str,
    full_refresh: bool = False,
    start: date | None = None,
    end: date | None = None,
    out: str | None = None,
) -> str:
    """Load a folder, build, find insights and write the report; return where it is.

    A load that is seriously unlike those before fails the flow once all is written.

    Args:
        project: folder of the project.
        warehouse: URL, without a password: that is a secret of who runs the flow.
        folder: exports.
        full_refresh: rebuild what is incremental.
        start: first day of the report.
        end: last day of the report.
        out: where the report goes; the project's folder if it is not said.
    """
    load_task(project, warehouse, folder)
    serious = build_task(project, warehouse, full_refresh)
    insights_task(project, warehouse)
    page = out or str(Path(project) / "report.html")
    written: str = report_task(project, warehouse, page, start, end)
    if serious:
        raise DataAlarmError(" ".join(serious))
    return written
