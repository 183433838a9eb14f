"""axe-core for the accessibility test: the one of the frontend's lock file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

WCAG_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
SCRIPT = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def axe_script() -> str:
    """Its text. Without it the test is skipped, or fails where CI=true."""
    if SCRIPT.exists():
        return SCRIPT.read_text(encoding="utf-8")
    missing = "no axe-core found (tests/e2e/get-axe, or npm ci in frontend)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


def violations(page: "Page", within: str = "html", rules: Sequence[str] = WCAG_AA) -> list[str]:
    """What breaks a rule on the page as it is, with the first element that does."""
    page.evaluate(axe_script())  # by the debugger, which no policy of the page holds back
    found: list[str] = page.evaluate(
        "([within, rules]) => axe.run(within, {runOnly: rules})"
        ".then(({violations}) => violations.map(({id, nodes: [{target, failureSummary}]}) =>"
        " `${id}: ${target}: ${failureSummary}`))",
        [within, rules],
    )
    return found
