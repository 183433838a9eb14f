"""What was run, how long each step took and how many rows it made: in meta, and as events.

Events are for logs that machines read. They hold ids, names of steps and models, counts, times and
the kind of an error: no values of the shop's, no addresses, and no message, which could quote them.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ecomdata import __version__
from ecomdata.transform import BuildResult
from ecomdata.warehouse import Warehouse, prepare

#: Called with an event: its name and what it tells.
Log = Callable[[str, dict[str, Any]], None]


def unlogged(event: str, told: dict[str, Any]) -> None:
    """Write no log."""


@dataclass
class Step:
    """A step while it runs; it may say what it made."""

    name: str
    rows: int | None = None
    build: BuildResult | None = None


@dataclass
class Run:
    """A command that changes the warehouse, while it runs."""

    run_id: int
    log: Log
    #: Raises where the warehouse is no longer the run's alone.
    still_held: Callable[[], None]
    rows_loaded: int | None = None
    #: What went wrong on the way and did not fail the run; "" where nothing did.
    complaint: str = ""
    #: Rows of meta.run_steps without their run and number.
    steps: list[tuple[str, str | None, str, Decimal, int | None]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time a step and keep what it says of itself, also when it fails."""
        self.still_held()
        step = Step(name)
        begun = time.monotonic()
        status = "interrupted"
        try:
            yield step
            status = "done"
        except Exception:
            status = "failed"
            raise
        finally:
            self._add(name, None, status, time.monotonic() - begun, step.rows)
            for node in step.build.nodes if step.build else ():
                if node.kind == "model":
                    self._add(name, node.name, node.status, node.seconds, node.rows)

    def _add(
        self, step: str, model: str | None, status: str, seconds: float, rows: int | None
    ) -> None:
        self.steps.append((step, model, status, _exact(seconds), rows))
        told = {"step": step, "model": model, "status": status, "rows": rows}
        known = {name: value for name, value in told.items() if value is not None}
        self.log("step", {"run_id": self.run_id, **known, "seconds": round(seconds, 3)})


@contextmanager
def recorded(command: str, warehouse: Warehouse, lock_timeout: float, log: Log) -> Iterator[Run]:
    """Hold the warehouse and write the run's rows, also when it fails."""
    with warehouse.exclusive(lock_timeout) as still_held:
        with warehouse.connect() as connection:
            prepare(connection)
            # Whoever holds the lock is the only one running: what still says so was killed.
            connection.execute("update meta.runs set status = 'killed' where status = 'running'")
            run_id = connection.query(
                "insert into meta.runs (run_id, command, started_at, status, version) "
                "select coalesce(max(run_id), 0) + 1, $1, $2, 'running', $3 from meta.runs "
                "returning run_id",
                [command, now(), __version__],
            ).scalar
        run = Run(run_id, log, still_held)
        begun = time.monotonic()
        log("run started", {"run_id": run_id, "command": command, "version": __version__})
        status, message, kind = "interrupted", "", None
        try:
            yield run
            still_held()
            status, message = "done", run.complaint
        except Exception as exc:
            status, message, kind = "failed", str(exc), type(exc).__name__
            raise
        finally:
            told = {"run_id": run_id, "command": command, "status": status, "error": kind}
            known = {name: value for name, value in told.items() if value is not None}
            log("run ended", {**known, "seconds": round(time.monotonic() - begun, 3)})
            _close(warehouse, run, status, message)


def _close(warehouse: Warehouse, run: Run, status: str, message: str) -> None:
    with warehouse.connect() as connection, connection.transaction():
        connection.execute(
            "update meta.runs set finished_at = $1, status = $2, message = $3, rows_loaded = $4 "
            "where run_id = $5",
            [now(), status, message, run.rows_loaded, run.run_id],
        )
        for number, step in enumerate(run.steps, 1):
            connection.execute(
                "insert into meta.run_steps values ($1, $2, $3, $4, $5, $6, $7)",
                [run.run_id, number, *step],
            )


def now() -> datetime:
    """Return the moment, as the warehouse keeps it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def _exact(seconds: float) -> Decimal:
    return Decimal(f"{seconds:.3f}")
