"""The shop as a DAG of Airflow 3: load, every model with its tests as a task, insights, report.

Put this file into Airflow's DAGs folder; its environment is that of requirements/airflow.lock, with
ecomdata (docs/operations.md). Where everything is, it reads from the environment:

    ECOMDATA_PROJECT           the project's folder, with ecomdata.toml if there is one
    ECOMDATA_WAREHOUSE         the warehouse, as the role that builds; passwords: ~/.pgpass
    ECOMDATA_LOADER_WAREHOUSE  the same as the role that loads, if that is another one
    ECOMDATA_EXPORTS           the folder of exports; default: `exports` in the project
    ECOMDATA_SCHEDULE          when, as cron has it, in UTC; default: every night at two

`build` is `ecomdata build`: one start of dbt, under the warehouse's lock, that makes what changed.
The task of each model then says what became of it and of its tests, and fails if they did. dbt in
each task would take minutes, and let others in between two models (docs/decisions/0018).
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Cosmos reads it once: nobody is told what runs here, unless somebody wants that.
os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_TELEMETRY", "False")

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, TriggerRule
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import DbtResourceType, LoadMode, TestBehavior

from ecomdata.errors import DataError, EcomDataError, TransientError
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

PROJECT = Path(os.environ["ECOMDATA_PROJECT"])
EXPORTS = Path(os.environ.get("ECOMDATA_EXPORTS", PROJECT / "exports"))
FAILED = ("error", "fail")


def pipeline(warehouse: str | None = None) -> Pipeline:
    """The steps over the project; the log has an event a line."""
    settings = load_settings(project=PROJECT, warehouse=warehouse)
    return Pipeline(settings, log=lambda event, told: print(event, told))  # noqa: T201


def load() -> int:
    """Bring the exports into the raw tables; return the rows."""
    loader = pipeline(os.environ.get("ECOMDATA_LOADER_WAREHOUSE"))
    settings = loader.settings
    settings.cache.mkdir(exist_ok=True)
    plan = LoadPlan(settings.cache, settings.max_rejected)
    return sum(loader.load([EXPORTS], plan).rows.values())


def build(full_refresh: str, ti: Any) -> None:
    """Build and test the models; what became of each is there for its task, also of a failure."""
    try:
        pipeline().build([], full_refresh == "True")
    except DataError:
        ti.xcom_push("models", outcomes())
        raise
    ti.xcom_push("models", outcomes())


def outcomes() -> dict[str, list[tuple[str, str]]]:
    """Return of each model how it and its tests ended: status, and a line that says more."""
    parents = json.loads(pipeline().graph().read_text("utf-8"))["parent_map"]
    ended: dict[str, list[tuple[str, str]]] = {}
    for node in pipeline().last_results():
        about = [f"model.ecomdata.{node.name}"]
        if node.kind == "test":
            about = parents[f"test.ecomdata.{node.name}"]
        line = f"{node.kind} {node.name}: {node.status}, {node.seconds:.1f} s. {node.message or ''}"
        for model in about:
            ended.setdefault(model.rpartition(".")[2], []).append((node.status, line))
    return ended


def model(name: str, ti: Any) -> None:
    """Say what became of a model and its tests."""
    ended = (ti.xcom_pull(task_ids="build", key="models") or {}).get(name, [])
    failures = [line for status, line in ended if status in FAILED]
    print("\n".join(line for _, line in ended))  # noqa: T201
    if failures:
        raise AirflowFailException("\n".join(failures))
    if not ended or any(status == "skipped" for status, _ in ended):
        raise AirflowSkipException(f"{name} was not made: something before it failed")


def insights() -> int:
    """Find what changed for the shop; return how many findings there are."""
    return len(pipeline().insights("month", 10).ranked)


def report() -> str:
    """Write the report; return where it is."""
    out = PROJECT / "report.html"
    pipeline().write_report(out, None, None)
    return str(out)


class Step(PythonOperator):
    """A step of the pipeline: only what another try may mend is tried again."""

    def execute(self, context: Any) -> Any:
        """Run the step; what fails says what, where, and what to do."""
        try:
            return super().execute(context)
        except TransientError:
            raise
        except EcomDataError as exc:
            raise AirflowFailException(f"{type(exc).__name__}: {exc}") from exc


def model_step(dag: Any, task_group: Any, node: Any, **others: Any) -> Step:
    """Return the task of a model, for Cosmos."""
    return Step(
        task_id=node.name,
        dag=dag,
        task_group=task_group,
        python_callable=model,
        op_kwargs={"name": node.name},
        trigger_rule=TriggerRule.ALL_DONE,
    )


with DAG(
    "ecomdata",
    description="Load the shop's exports, build and test the models, find insights, report",
    schedule=os.environ.get("ECOMDATA_SCHEDULE", "0 2 * * *"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={"full_refresh": False},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    doc_md=__doc__,
):
    manifest = pipeline().graph()
    models = DbtTaskGroup(
        group_id="models",
        project_config=ProjectConfig(manifest_path=manifest, project_name="ecomdata"),
        profile_config=ProfileConfig("ecomdata", "duckdb", profiles_yml_filepath=manifest),
        execution_config=ExecutionConfig(dbt_project_path=manifest.parent),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=["resource_type:model"],
            test_behavior=TestBehavior.NONE,
            node_converters={DbtResourceType.MODEL: model_step},
            emit_datasets=False,
        ),
    )
    build_step = Step(
        task_id="build",
        python_callable=build,
        op_kwargs={"full_refresh": "{{ params.full_refresh }}"},
    )
    insights_step = Step(task_id="insights", python_callable=insights)
    Step(task_id="load", python_callable=load) >> build_step >> models >> insights_step
    build_step >> insights_step >> Step(task_id="report", python_callable=report)
