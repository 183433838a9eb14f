"""The order of the steps, each with the warehouse to itself; one call = one row in meta.runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecomdata import __version__, ingest, report, transform
from ecomdata.errors import UsageError, WarehouseDeniedError
from ecomdata.ingest import Load, LoadPlan, Undone
from ecomdata.settings import Settings
from ecomdata.transform import BuildResult
from ecomdata.warehouse import Connection, Table, Warehouse, open_warehouse, prepare

if TYPE_CHECKING:
    from ecomdata.insights import Insights, Period, Score

#: Called with (what is being done, how much is done, of how much).
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class RunResult:
    """What `run` did."""

    load: Load
    build: BuildResult
    insights: "Insights | None"
    report: Path
    headline: dict[str, Any]


@dataclass(frozen=True)
class Pipeline:
    """The steps over one project and warehouse."""

    settings: Settings
    progress: Progress = silent

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
        with self._recorded("run", warehouse):
            load = self._load(warehouse, paths, plan)
            build = self._build(warehouse, full_refresh=full_refresh)
            found = None
            if with_insights:
                with self._row("insights", warehouse):
                    found = self._insights(warehouse, "month")
            with warehouse.connect(read_only=True) as connection:
                data = report.report_data(connection, warehouse.engine, locale=self.settings.locale)
            write_file(out, report.render(data).encode())
        return RunResult(load, build, found, out, data)

    def load(self, paths: Sequence[Path], plan: LoadPlan) -> Load:
        """Bring files into the raw tables."""
        warehouse = self._warehouse
        with self._recorded("load", warehouse):
            return self._load(warehouse, paths, plan)

    def undo(self, load_id: int) -> Undone:
        """Take a load back; the figures know of it from the next build on."""
        warehouse = self._warehouse
        with self._recorded("undo", warehouse), warehouse.connect() as connection:
            return ingest.undo(connection, load_id)

    def build(self, select: Sequence[str], full_refresh: bool) -> BuildResult:
        """Build and test the models."""
        warehouse = self._warehouse
        with self._recorded("build", warehouse):
            return self._build(warehouse, select=select, full_refresh=full_refresh)

    def test(self, select: Sequence[str]) -> BuildResult:
        """Run the project's tests over what is built."""
        with self._reading() as (connection, _):
            report.require_build(connection)
        warehouse = self._warehouse
        with self._recorded("test", warehouse):
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
        locale = self.settings.locale
        with self._reading() as (connection, engine):
            report.require_build(connection)
            data = report.report_data(connection, engine, start, end, locale, redact)
        write_file(out, report.render(data).encode())

    def page(self, start: date | None, end: date | None) -> bytes:
        """Return the report over what is built now, in which its days can be asked for."""
        with self._reading() as (connection, engine):
            report.require_build(connection)
            data = report.report_data(connection, engine, start, end, self.settings.locale)
        return report.render(data, is_live=True).encode()

    def export(
        self, folder: Path, form: report.Format, names: Sequence[str]
    ) -> list[report.Exported]:
        """Write final tables as files, one each."""
        exported = []
        with self._reading() as (connection, engine):
            tables = report.final_tables(connection, names)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as exc:
                raise UsageError(f"{folder} cannot be made: {exc.strerror}") from exc
            for done, name in enumerate(tables):
                self.progress(name, done, len(tables))
                content, rows = report.export_table(connection, engine, name, form)
                write_file(folder / f"{name}.{form}", content)
                exported.append(report.Exported(name, f"{name}.{form}", rows))
        return exported

    def insights(self, period: "Period", top: int) -> "Insights":
        """Find what changed in the last whole period, and keep it."""
        warehouse = self._warehouse
        with self._recorded("insights", warehouse):
            return self._insights(warehouse, period, top)

    def score_insights(self, truth: Path, period: "Period") -> "Score":
        """Compare what is found in each period with what was planted."""
        from ecomdata import insights

        with self._reading() as (connection, _):
            report.require_build(connection)
            return insights.score_insights(connection, truth, period)

    def kpis(self, by: str | None, start: date | None, end: date | None) -> report.KpiTable:
        """Return the headline figures, or the sales figures by a dimension."""
        with self._reading() as (connection, engine):
            return report.kpi_table(connection, engine, by, start, end)

    def metrics(
        self, names: Sequence[str], by: Sequence[str], start: date | None, end: date | None
    ) -> report.MetricTable:
        """Return metrics of the semantic layer by dimensions."""
        with self._reading() as (connection, engine):
            manifest = transform.semantic_manifest(self.settings, engine)
            return report.metric_table(connection, engine, manifest, names, by, start, end)

    def vocabulary(self) -> report.Vocabulary:
        """Return the metrics and dimensions that there are."""
        engine = open_warehouse(self.settings).engine
        return report.vocabulary(engine, transform.semantic_manifest(self.settings, engine))

    def query(self, sql: str) -> Table:
        """Run a stranger's SQL on a connection that can change nothing."""
        with self._reading() as (connection, _):
            return connection.query(sql)

    def quarantine(self, rule: str | None, file: str | None) -> Table:
        """Return what was refused and why, by load, file and line."""
        with self._reading() as (connection, _):
            return report.quarantine(connection, rule, file)

    def status(self) -> report.Status:
        """Return loads, row counts, freshness and the last runs."""
        with self._reading() as (connection, _):
            return report.status(connection)

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
            yield connection, warehouse.engine

    def _load(self, warehouse: Warehouse, paths: Sequence[Path], plan: LoadPlan) -> Load:
        with warehouse.connect() as connection:
            return ingest.load(connection, paths, plan, self.progress)

    def _build(
        self, warehouse: Warehouse, select: Sequence[str] = (), full_refresh: bool = False
    ) -> BuildResult:
        result = transform.run_dbt(
            "build",
            warehouse,
            self.settings,
            select=select,
            full_refresh=full_refresh,
            progress=self.progress,
        )
        return _selected(result, select)

    def _insights(
        self, warehouse: Warehouse, period: "Period", top: int | None = None
    ) -> "Insights":
        from ecomdata import insights  # numpy is for those who ask

        with warehouse.connect() as connection:
            report.require_build(connection)
            found = insights.find_insights(connection, period, top or insights.MOST_FINDINGS)
            insights.write(connection, found)
        return found

    @contextmanager
    def _recorded(self, command: str, warehouse: Warehouse) -> Iterator[None]:
        """Hold the warehouse and write the run's row, also when it fails."""
        with warehouse.exclusive(self.settings.lock_timeout):
            with warehouse.connect() as connection:
                prepare(connection)
                # Whoever holds the lock is the only one running: what still says so was killed.
                connection.execute(
                    "update meta.runs set status = 'killed' where status = 'running'"
                )
            with self._row(command, warehouse):
                yield

    @contextmanager
    def _row(self, command: str, warehouse: Warehouse) -> Iterator[None]:
        """Write what is done into meta.runs; the warehouse is held."""
        with warehouse.connect() as connection:
            run_id = connection.query(
                "insert into meta.runs (run_id, command, started_at, status, version) "
                "select coalesce(max(run_id), 0) + 1, $1, $2, 'running', $3 from meta.runs "
                "returning run_id",
                [command, _now(), __version__],
            ).scalar
        status, message = "interrupted", ""
        try:
            yield
            status = "done"
        except Exception as exc:
            status, message = "failed", str(exc)
            raise
        finally:
            with warehouse.connect() as connection:
                connection.execute(
                    "update meta.runs set finished_at = $1, status = $2, message = $3 "
                    "where run_id = $4",
                    [_now(), status, message, run_id],
                )


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
    part = path.parent / f"{path.name}.part"
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}; name another place") from exc
    finally:
        with suppress(OSError):
            part.unlink()


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
