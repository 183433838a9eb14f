"""In CI a skip is a failure, but for what no machine can have at once or may lack by right."""

import os
from collections.abc import Generator

import hypothesis
import pytest

hypothesis.settings.register_profile("untimed", deadline=None)  # times are no test's business
hypothesis.settings.load_profile("untimed")

#: Data that is not part of the repository; tests for root only and for others only.
_RIGHTLY_SKIPPED = ("no public data", "the public data set", "needs root", "root is refused")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn skips into failures where CI=true."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        if not reason.removeprefix("Skipped: ").startswith(_RIGHTLY_SKIPPED):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI: {reason}"
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what `--dist loadgroup` promises: a group's tests run in one process.

    pytest-xdist 3.8 writes the group into `_nodeid`, where pytest 9.2 no longer looks.
    """
    for item in items:
        if (name := vars(item).pop("_nodeid", None)) is not None:
            from _pytest.nodeid import NodeId  # there is none in earlier versions

            item._id = NodeId.parse(name)
