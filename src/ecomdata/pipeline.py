"""The order of the steps, each with the warehouse to itself; one call = one row in meta.runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecomdata import ingest, lineage, report, transform
from ecomdata.errors import (
    BuildError,
    DataError,
    TransientError,
    UsageError,
    WarehouseDeniedError,
    WarehouseError,
)
from ecomdata.ingest import Forgotten, Load, LoadPlan, Retained, Undone
from ecomdata.journal import Log, Run, now, recorded, unlogged
from ecomdata.settings import Settings, redacted
from ecomdata.transform import BuildResult, NodeResult
from ecomdata.warehouse import (
    Connection,
    Table,
    Warehouse,
    open_warehouse,
    prepare,
    require_builder,
)

if TYPE_CHECKING:
    from ecomdata.dashboards import ChartState, Superset
    from ecomdata.insights import Alarms, Insights, Period, Score

#: The role of deploy/postgres/roles.sql that reads the schema final and nothing else.
READER_ROLE = "ecomdata_reader"

#: Called with (what is being done, how much is done, of how much).
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class RunResult:
    """What `run` did."""

    load: Load
    build: BuildResult
    alarms: "Alarms"
    insights: "Insights | None"
    report: Path
    headline: dict[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """The steps over one project and warehouse."""

    settings: Settings
    progress: Progress = silent
    log: Log = unlogged

    @property
    def _warehouse(self) -> Warehouse:
        try:
            self.settings.cache.mkdir(exist_ok=True)
        except OSError as exc:
            raise WarehouseDeniedError(
                f"cannot write in {self.settings.project}: {exc.strerror}; "
                "use --project with a folder that is yours"
            ) from exc
        return open_warehouse(self.settings)

    def run(
        self,
        paths: Sequence[Path],
        plan: LoadPlan,
        out: Path,
        full_refresh: bool,
        with_insights: bool = True,
    ) -> RunResult:
        """Load the files, build the models, find insights, write the report."""
        warehouse = self._warehouse
        with self._recorded("run", warehouse) as run:
            load = self._load(run, warehouse, paths, plan)
            build = self._build(run, warehouse, full_refresh=full_refresh)
            alarms = self._judge(run, warehouse)
            found = self._insights(run, warehouse, "month") if with_insights else None
            with run.step("report"):
                with warehouse.connect(read_only=True) as connection:
                    data = self._report_data(connection, warehouse.dialect)
                write_file(out, report.render(data).encode())
        return RunResult(load, build, alarms, found, out, data)

    def load(self, paths: Sequence[Path], plan: LoadPlan) -> Load:
        """Bring files into the raw tables."""
        warehouse = self._warehouse
        with self._recorded("load", warehouse) as run:
            return self._load(run, warehouse, paths, plan)

    def undo(self, load_id: int) -> Undone:
        """Take a load back; the figures know of it from the next build on."""
        warehouse = self._warehouse
        with self._recorded("undo", warehouse), warehouse.connect() as connection:
            return ingest.undo(connection, load_id)

    def forget(self, customer: str) -> Forgotten:
        """Take a person out of every table; what was bought stays, under a pseudonym.

        Raises:
            UsageError: no record names the customer.
            DataError: the models could not be built anew, or the person still stands somewhere.
        """
        warehouse = self._warehouse
        with self._recorded("forget", warehouse) as run:
            with run.step("forget"), warehouse.connect() as connection:
                require_builder(connection)
                person = ingest.find_person(connection, customer)
                forgotten = ingest.forget(connection, person, now())
                is_built = report.is_built(connection)
            if is_built:
                try:
                    self._build(run, warehouse, full_refresh=True)
                except DataError as exc:
                    raise BuildError(
                        "the raw records no longer name the customer; what was built before does, "
                        f"until ecomdata build succeeds: {exc}"
                    ) from exc
            with run.step("look"), warehouse.connect() as connection:
                if left := ingest.places_of(connection, person):
                    raise DataError(
                        f"the customer still stands in {', '.join(left)}: drop what is not the "
                        "product's, and run ecomdata build"
                    )
        return forgotten

    def retain(self, days: int, dry_run: bool) -> Retained:
        """Drop what no figure needs of loads that are older, once the models agree with the loads.

        Raises:
            DataError: there is nothing built yet, or the models could not be built.
        """
        warehouse = self._warehouse
        with self._recorded("retain", warehouse) as run:
            with warehouse.connect() as connection:
                report.require_build(connection)
            self._build(run, warehouse)
            with run.step("retain"), warehouse.connect() as connection:
                return ingest.retain(connection, now() - timedelta(days=days), dry_run)

    def build(self, select: Sequence[str], full_refresh: bool) -> BuildResult:
        """Build and test the models."""
        return self.build_and_judge(select, full_refresh)[0]

    def build_and_judge(
        self, select: Sequence[str], full_refresh: bool
    ) -> "tuple[BuildResult, Alarms | None]":
        """Build and test the models, and judge the loads that are new to them.

        A selection of models judges none.
        """
        warehouse = self._warehouse
        with self._recorded("build", warehouse) as run:
            build = self._build(run, warehouse, select=select, full_refresh=full_refresh)
            return build, None if select else self._judge(run, warehouse)

    def graph(self) -> Path:
        """Return dbt's manifest: the models and what hangs on what."""
        self.settings.cache.mkdir(exist_ok=True)
        return transform.graph(self.settings)

    def last_results(self) -> tuple[NodeResult, ...]:
        """Return what became of each model and test in the last build or test, also of a failed."""
        return transform.last_results(self.settings, open_warehouse(self.settings).engine)

    def test(self, select: Sequence[str]) -> BuildResult:
        """Run the project's tests over what is built."""
        with self._reading() as (connection, _):
            report.require_build(connection)
        warehouse = self._warehouse
        with self._recorded("test", warehouse) as run, run.step("test"):
            result = transform.run_dbt(
                "test", warehouse, self.settings, select=select, progress=self.progress
            )
            return _selected(result, select)

    def docs(self, out: Path) -> None:
        """Make the dbt docs site as one page."""
        warehouse = self._warehouse
        with warehouse.exclusive(self.settings.lock_timeout):
            with warehouse.connect() as connection:
                prepare(connection)
            result = transform.run_dbt("docs", warehouse, self.settings, progress=self.progress)
        write_file(out, (result.target / "static_index.html").read_bytes())

    def write_report(
        self, out: Path, start: date | None, end: date | None, redact: bool = False
    ) -> None:
        """Write the report over what is built."""
        with self._reading() as (connection, dialect):
            report.require_build(connection)
            data = self._report_data(connection, dialect, start, end, redact)
        write_file(out, report.render(data).encode())

    def page(self, start: date | None, end: date | None) -> bytes:
        """Return the report over what is built now, in which its days can be asked for."""
        with self._reading() as (connection, dialect):
            report.require_build(connection)
            data = self._report_data(connection, dialect, start, end)
        return report.render(data, is_live=True).encode()

    def export(
        self, folder: Path, form: report.Format, names: Sequence[str]
    ) -> list[report.Exported]:
        """Write final tables as files, one each."""
        exported = []
        with self._reading() as (connection, dialect):
            tables = report.final_tables(connection, names)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise UsageError(f"{folder} cannot be made: {exc.strerror}") from exc
            for done, name in enumerate(tables):
                self.progress(name, done, len(tables))
                with appearing(folder / f"{name}.{form}") as part:
                    rows = report.export_table(connection, dialect, name, form, part)
                exported.append(report.Exported(name, f"{name}.{form}", rows))
        return exported

    def insights(self, period: "Period", top: int) -> "Insights":
        """Find what changed in the last whole period, and keep it."""
        warehouse = self._warehouse
        with self._recorded("insights", warehouse) as run:
            return self._insights(run, warehouse, period, top)

    def customers(self, redacted: bool) -> Table:
        """Return every customer with their segment and what is to be expected of them."""
        from ecomdata import insights

        with self._reading() as (connection, _):
            report.require_build(connection)
            return insights.list_customers(connection, redacted)

    def score_insights(self, truth: Path, period: "Period") -> "Score":
        """Compare what is found in each period with what was planted."""
        from ecomdata import insights

        with self._reading() as (connection, _):
            report.require_build(connection)
            return insights.score_insights(connection, truth, period)

    def kpis(self, by: str | None, start: date | None, end: date | None) -> report.KpiTable:
        """Return the headline figures, or the sales figures by a dimension."""
        with self._reading() as (connection, dialect):
            return report.kpi_table(connection, dialect, by, start, end)

    def push_dashboards(self, superset: "Superset", reader: str | None) -> Sequence[str]:
        """Deploy Superset's dashboards and return their slugs.

        `reader` is the warehouse's URL as Superset reaches it.

        Raises:
            DataError: nothing is built, or nobody has looked for insights.
            UsageError: Superset could not read the warehouse, which is none of PostgreSQL.
            SupersetError: Superset refused.
        """
        from ecomdata import dashboards

        with self._reading() as (connection, _):
            report.require_build(connection)
            report.require_insights(connection)
            currency = report.currency(connection) or ""
        settings = self.settings
        if reader is not None:
            if redacted(reader) != reader:
                raise UsageError(
                    "--reader has a password, which a command line shows to everybody: take it out "
                    "and give it as ECOMDATA_READER_PASSWORD"
                )
            settings = settings.model_copy(update={"warehouse": reader})
        database = open_warehouse(settings).url_as(None if reader else READER_ROLE)
        secret = settings.reader_password
        dashboards.push(superset, database, secret.get_secret_value() if secret else "", currency)
        return dashboards.DASHBOARDS

    def check_dashboards(self, superset: "Superset") -> "list[ChartState]":
        """Ask for every chart's data and hold what are KPIs to what the warehouse says."""
        from ecomdata import dashboards

        headline = self.kpis(None, None, None).headline
        if headline is None:
            raise DataError("there are no KPIs to hold the dashboards to")
        all_days, chosen = (
            {kpi["id"]: None if kpi[of] is None else Decimal(kpi[of]) for kpi in headline["kpis"]}
            for of in ("all", "value")
        )
        days = (date.fromisoformat(headline["period"][end]) for end in ("start", "end"))
        return [
            *dashboards.check_charts(superset, all_days),
            *dashboards.check_figures(superset, chosen, *days),
        ]

    def metrics(
        self, names: Sequence[str], by: Sequence[str], start: date | None, end: date | None
    ) -> report.MetricTable:
        """Return metrics of the semantic layer by dimensions."""
        with self._reading() as (connection, dialect):
            return report.metric_table(
                connection, dialect, self._semantic_manifest, names, by, start, end
            )

    def vocabulary(self) -> report.Vocabulary:
        """Return the metrics and dimensions that there are."""
        dialect = open_warehouse(self.settings).dialect
        return report.vocabulary(dialect, self._semantic_manifest)

    @property
    def _semantic_manifest(self) -> Path:
        engine = open_warehouse(self.settings).engine
        return transform.semantic_manifest(self.settings, engine)

    def query(self, sql: str) -> Table:
        """Run a stranger's SQL on a connection that can change nothing."""
        with self._reading() as (connection, _):
            return connection.query(sql)

    def quarantine(self, rule: str | None, file: str | None) -> Table:
        """Return what was refused and why, by load, file and line."""
        with self._reading() as (connection, _):
            return report.quarantine(connection, rule, file)

    def status(self) -> report.Status:
        """Return loads, row counts, freshness, the last runs and what to look after."""
        with self._reading() as (connection, _):
            return report.status(connection, now())

    def backup(self, file: Path) -> None:
        """Write the warehouse into a file, which appears whole or not at all.

        Raises:
            UsageError: the file is there already, or cannot be written.
        """
        if file.exists():
            raise UsageError(f"{file} is there already: name another, or delete it first")
        part = file.with_name(f"{file.name}.part")
        warehouse = self._warehouse
        try:
            part.touch(mode=0o600)  # people's data
            with warehouse.exclusive(self.settings.lock_timeout):
                with warehouse.connect() as connection:
                    prepare(connection)
                warehouse.backup(part)
            part.replace(file)
        except OSError as exc:
            raise UsageError(f"{file} cannot be written: {exc.strerror}") from exc
        finally:
            with suppress(OSError):
                part.unlink()

    def restore(self, file: Path, replace: bool) -> tuple[str, ...]:
        """Put a backup in the warehouse's place: all of it, or nothing is changed.

        Returns roles of the backup that there are none of here: their rights are left out.

        Raises:
            UsageError: the file is no backup, or there is a warehouse that is not to be replaced.
        """
        if not file.is_file():
            raise UsageError(f"{file} does not exist: name a file that ecomdata backup wrote")
        warehouse = self._warehouse
        with warehouse.exclusive(self.settings.lock_timeout):
            if not replace and self._is_used(warehouse):
                raise UsageError(
                    f"{warehouse.display} holds a warehouse: --force puts the backup in its place"
                )
            try:
                missing = warehouse.restore(file)
            except OSError as exc:
                raise WarehouseError(f"{file} could not be restored: {exc.strerror}") from exc
            with warehouse.connect() as connection:
                prepare(connection)  # a backup of an earlier release
        return missing

    @staticmethod
    def _is_used(warehouse: Warehouse) -> bool:
        try:
            with warehouse.connect(read_only=True) as connection:
                found = connection.query(
                    "select count(*) from information_schema.tables"
                    " where table_schema = 'meta' and table_name = 'schema_version'"
                )
            return bool(found.scalar)
        except TransientError:
            raise
        except WarehouseError:  # DuckDB's file is not there yet
            return False

    def grant_reader(self, role: str) -> None:
        """Make a role that may read the final models and nothing else."""
        warehouse = self._warehouse
        with warehouse.connect() as connection:
            prepare(connection)
            warehouse.grant_reader(connection, role)

    @contextmanager
    def _reading(self) -> Iterator[tuple[Connection, str]]:
        warehouse = open_warehouse(self.settings)
        with warehouse.connect(read_only=True) as connection:
            yield connection, warehouse.dialect

    def _report_data(
        self,
        connection: Connection,
        dialect: str,
        start: date | None = None,
        end: date | None = None,
        redact: bool = False,
    ) -> dict[str, Any]:
        from ecomdata.insights import forecast_next

        forecast = forecast_next(connection).document()
        locale = self.settings.locale
        return report.report_data(connection, dialect, start, end, locale, redact, forecast)

    def _load(self, run: Run, warehouse: Warehouse, paths: Sequence[Path], plan: LoadPlan) -> Load:
        with run.step("load") as step, warehouse.connect() as connection:
            load = ingest.load(connection, paths, plan, self.progress)
            step.rows = run.rows_loaded = sum(load.rows.values()) if load.load_id else 0
        return load

    def _build(
        self,
        run: Run,
        warehouse: Warehouse,
        select: Sequence[str] = (),
        full_refresh: bool = False,
    ) -> BuildResult:
        try:
            with run.step("build") as step:
                step.build = transform.run_dbt(
                    "build",
                    warehouse,
                    self.settings,
                    select=select,
                    full_refresh=full_refresh,
                    progress=self.progress,
                )
        except DataError:
            self._tell_lineage(run, warehouse)
            raise
        self._tell_lineage(run, warehouse)
        return _selected(step.build, select)

    def _tell_lineage(self, run: Run, warehouse: Warehouse) -> None:
        """Deliver the build's lineage where that is wanted; a build does not fail for it."""
        if self.settings.openlineage:
            target = transform.target_folder(self.settings, warehouse.engine)
            try:
                with run.step("lineage") as step:
                    step.rows = lineage.emit(
                        self.settings, warehouse, transform.project_folder(), target
                    )
            except lineage.LineageError as exc:
                run.complaint = str(exc)

    def _judge(self, run: Run, warehouse: Warehouse) -> "Alarms":
        from ecomdata import insights  # numpy is for those who build

        with run.step("alarms"), warehouse.connect() as connection:
            return insights.judge_loads(connection)

    def _insights(
        self, run: Run, warehouse: Warehouse, period: "Period", top: int | None = None
    ) -> "Insights":
        from ecomdata import insights  # numpy is for those who ask

        with run.step("insights"), warehouse.connect() as connection:
            report.require_build(connection)
            found = insights.find_insights(connection, period, top or insights.MOST_FINDINGS)
            insights.write(connection, found)
        return found

    def _recorded(self, command: str, warehouse: Warehouse) -> AbstractContextManager[Run]:
        """Hold the warehouse and write the run's rows, also when it fails."""
        if self.settings.openlineage:
            lineage.require_library()
        return recorded(command, warehouse, self.settings.lock_timeout, self.log)


def _selected(result: BuildResult, select: Sequence[str]) -> BuildResult:
    """Refuse a selection of nothing: it is a name that was mistyped."""
    if select and not result.nodes:
        raise UsageError(f"--select {' '.join(select)}: no model or test is called so")
    return result


def write_file(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all.

    Raises:
        UsageError: it cannot be written there.
    """
    with appearing(path) as part:
        part.write_bytes(content)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """Give the name to write a file under until it is whole; it takes its place at the end.

    Raises:
        UsageError: it cannot be written there.
    """
    part = path.parent / f"{path.name}.part"
    try:
        yield part
        part.replace(path)
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}; name another place") from exc
    finally:
        with suppress(OSError):
            part.unlink()
