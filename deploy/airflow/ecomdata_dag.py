"""The shop as a DAG of Airflow 3: load, every model with its tests as a task, insights, report.

Put this file into Airflow's DAGs folder; its environment is that of requirements/airflow.lock, with
ecomdata (docs/operations.md). Where everything is, it reads from the environment:

    ECOMDATA_PROJECT           the project's folder, with ecomdata.toml if there is one
    ECOMDATA_WAREHOUSE         the warehouse, as the role that builds; passwords: ~/.pgpass
    ECOMDATA_LOADER_WAREHOUSE  the same as the role that loads, if that is another one
    ECOMDATA_EXPORTS           the folder of exports; default: `exports` in the project
    ECOMDATA_SCHEDULE          when, as cron has it, in UTC; default: every night at two

A model's task makes that model alone, by the product's own runner and under its lock: what is made
anew is what `ecomdata build` would make. A task that fails goes on where it stopped, as long as no
other run has changed the warehouse since; it says so if one has.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Cosmos reads it once: nobody is told what runs here, unless somebody wants that.
os.environ.setdefault("AIRFLOW__COSMOS__ENABLE_TELEMETRY", "False")

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import DbtResourceType, LoadMode, TestBehavior

from ecomdata.errors import EcomDataError, TransientError
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings

PROJECT = Path(os.environ["ECOMDATA_PROJECT"])
EXPORTS = Path(os.environ.get("ECOMDATA_EXPORTS", PROJECT / "exports"))
#: The build that the models' tasks are parts of.
BUILD = "{{ ti.xcom_pull(task_ids='prepare') }}"


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


def prepare(full_refresh: str) -> int:
    """Note what changed since the last build; return the number of this one."""
    return pipeline().begin_build(full_refresh == "True")


def build(run: str, model: str) -> None:
    """Make one model and test it."""
    pipeline().build_model(int(run), model)


def finish(run: str) -> None:
    """Run the tests that look at several models; the build is done."""
    pipeline().end_build(int(run))


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
        python_callable=build,
        op_kwargs={"run": BUILD, "model": node.name},
    )


with DAG(
    "ecomdata",
    description="Load the shop's exports, build and test the models, find insights, report",
    schedule=os.environ.get("ECOMDATA_SCHEDULE", "0 2 * * *"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=1,  # whoever makes a model has the warehouse: others would wait at its lock
    params={"full_refresh": False},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    doc_md=__doc__,
):
    graph = pipeline().graph()
    models = DbtTaskGroup(
        group_id="models",
        project_config=ProjectConfig(manifest_path=graph, project_name="ecomdata"),
        profile_config=ProfileConfig("ecomdata", "duckdb", profiles_yml_filepath=graph),
        execution_config=ExecutionConfig(dbt_project_path=graph.parent),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=["resource_type:model"],
            test_behavior=TestBehavior.NONE,
            node_converters={DbtResourceType.MODEL: model_step},
            emit_datasets=False,
        ),
    )
    steps = {
        function.__name__: Step(task_id=function.__name__, python_callable=function, **arguments)
        for function, arguments in (
            (load, {}),
            (prepare, {"op_kwargs": {"full_refresh": "{{ params.full_refresh }}"}}),
            (finish, {"op_kwargs": {"run": BUILD}}),
            (insights, {}),
            (report, {}),
        )
    }
    (
        steps["load"]
        >> steps["prepare"]
        >> models
        >> steps["finish"]
        >> steps["insights"]
        >> steps["report"]
    )
