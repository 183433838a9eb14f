"""The DAG of Airflow on PostgreSQL, in an environment of its own: `make test-airflow`."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ecomdata.errors import DataError
from ecomdata.ingest import LoadPlan
from ecomdata.pipeline import Pipeline
from ecomdata.settings import load_settings
from ecomdata.warehouse.embedded_postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "deploy" / "airflow"
ROLES = (ROOT / "deploy" / "postgres" / "roles.sql").read_text("utf-8")
HEADER = "order_id,customer_id,product_id,quantity,total_price,order_date\n"


@dataclass(frozen=True)
class Shop:
    """A folder of exports, the DAG's warehouse of it, and one that the command makes."""

    project: Path
    exports: Path
    url: str
    commands: Pipeline

    @property
    def pipeline(self) -> Pipeline:
        """The DAG's warehouse, as a superuser sees it."""
        return Pipeline(load_settings(project=self.project, warehouse=self.url))

    def run_dag(self) -> dict[str, str]:
        """Run the DAG as `airflow dags test` does; the state of each task."""
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(DAGS))
        assert bag.import_errors == {}
        run = bag.dags["ecomdata"].test()
        return {task.task_id: str(task.state) for task in run.get_task_instances()}

    def run_command(self) -> None:
        """The same as `ecomdata run`."""
        settings = self.commands.settings
        settings.cache.mkdir(exist_ok=True)
        plan = LoadPlan(settings.cache, settings.max_rejected)
        self.commands.run([self.exports], plan, settings.project / "report.html", False)

    def both(self, table: str) -> list[list[tuple[Any, ...]]]:
        """A table's rows in both warehouses."""
        return [
            sorted(each.query(f"select * from {table}").rows, key=repr)
            for each in (self.pipeline, self.commands)
        ]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Airflow with a database of its own; PostgreSQL with the roles of deploy/postgres."""
    folder = tmp_path_factory.mktemp("airflow")
    project, other, exports = (folder / name for name in ("project", "other", "exports"))
    project.mkdir()
    other.mkdir()
    generate(exports, "--orders", "400", "--customers", "150", "--products", "30")
    embedded = EmbeddedPostgres(folder)
    url = embedded.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database commands")
        connection.execute(ROLES.encode())
    told = {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300",  # the first import parses the models
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "ECOMDATA_PROJECT": str(project),
        "ECOMDATA_EXPORTS": str(exports),
        "ECOMDATA_WAREHOUSE": url.replace("//ecomdata@", "//ecomdata_transformer@"),
        "ECOMDATA_LOADER_WAREHOUSE": url.replace("//ecomdata@", "//ecomdata_loader@"),
        "ECOMDATA_OPENLINEAGE": "lineage.ndjson",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
        commands = load_settings(
            project=other, warehouse=url.replace("/ecomdata?", "/commands?"), max_rejected="0.05"
        )
        yield Shop(project, exports, url, Pipeline(commands))
    embedded.stop()


def generate(folder: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "ecomdata", "generate", str(folder), *words, "--quiet"], check=True
    )


def final_tables(shop: Shop) -> list[str]:
    return [
        name
        for (name,) in shop.commands.query(
            "select table_name from information_schema.tables where table_schema = 'final'"
            " order by table_name"
        ).rows
    ]


def test_a_first_run_makes_every_table_as_the_command_does(shop: Shop) -> None:
    states = shop.run_dag()
    assert set(states.values()) == {"success"}
    models = {task.removeprefix("models.") for task in states if task.startswith("models.")}
    assert {"stg_orders", "final_sales_report"} <= models
    assert set(states) - {f"models.{model}" for model in models} == {
        *("load", "build", "insights", "report")
    }
    shop.run_command()
    assert len(final_tables(shop)) >= 12
    for name in final_tables(shop):
        ours, theirs = shop.both(f"final.{name}")
        assert ours == theirs, name
    assert (shop.project / "report.html").read_text().startswith("<!doctype html>")
    runs = "select command, status from meta.runs order by run_id"
    assert shop.pipeline.query(runs).rows == (
        *(("load", "done"), ("build", "done"), ("insights", "done")),
    )


def test_a_build_tells_what_it_read_and_made_and_no_row_of_it(shop: Shop) -> None:
    lines = (shop.project / "lineage.ndjson").read_text("utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    [report] = [
        event
        for event in events
        if event["eventType"] == "COMPLETE"
        and any(made["name"].endswith("final.final_sales_report") for made in event["outputs"])
    ]
    read = {dataset["name"].rpartition(".")[2] for dataset in report["inputs"]}
    assert read == {"capabilities", "int_sales_summed_to_day"}
    fields = report["outputs"][0]["facets"]["schema"]["fields"]
    assert {"sales_date", "net_sales"} <= {field["name"] for field in fields}
    people = (shop.exports / "customers.csv").read_text("utf-8").splitlines()[1:]
    said = "\n".join(lines)
    assert [each for each in people for cell in each.split(",")[1:3] if cell in said] == []
    told = "select status, row_count from meta.run_steps where step = 'lineage'"
    assert shop.pipeline.query(told).rows == (("done", len(events)),)


def test_a_day_later_only_what_changed_is_made_anew(shop: Shop) -> None:
    generate(shop.exports, "--append", "--days", "2")
    assert set(shop.run_dag().values()) == {"success"}
    shop.run_command()
    for name in final_tables(shop):
        ours, theirs = shop.both(f"final.{name}")
        assert ours == theirs, name
    made = "select row_count from meta.run_steps where model = 'int_revenue_ledger' order by run_id"
    first, second = (count for (count,) in shop.pipeline.query(made).rows)
    assert second < first / 10


def test_a_task_that_fails_says_why_and_no_figure_is_replaced(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    before, _ = shop.both("final.final_sales_report")
    lines = "".join(f"X{n},,P1,1,1.00,2025-02-30\n" for n in range(100))
    (shop.exports / "orders-wrong.csv").write_text(HEADER + lines)
    capfd.readouterr()
    states = shop.run_dag()
    ended = {state: {task for task in states if states[task] == state} for state in states.values()}
    assert ended["failed"] == {"build", "models.quarantine"}
    assert {"models.stg_orders", "models.final_sales_report"} <= ended["skipped"]
    assert ended["upstream_failed"] == {"insights", "report"}
    said = "".join(capfd.readouterr())
    assert "TooManyRejectedError: more records of the last load were refused" in said
    assert re.search(r"test refused_records_are_within_the_limit: fail, .* Got 1 result", said)
    assert shop.both("final.final_sales_report")[0] == before
    with pytest.raises(DataError):
        shop.run_command()
