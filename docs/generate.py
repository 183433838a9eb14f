"""Writes the parts of the docs that are made from the product: `make docs`.

docs/cli.md from every command's --help, the KPIs page of `ecomdata docs` from docs/kpis.md, and
docs/images/report.png from the demo's report.
"""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent
KPIS_PAGE = DOCS.parent / "src/ecomdata/transform/project/models/overview.md"
COMMANDS = (
    "run generate load connect sources build test docs report serve export kpis insights "
    "score,insights metrics query quarantine status watch schedule flow,run forget retain backup "
    "restore doctor warehouse,start warehouse,stop warehouse,url warehouse,psql "
    "warehouse,grant-reader"
).split()


def cli_reference() -> str:
    """Return docs/cli.md: the help of every command, as it is at a terminal of 80 columns."""
    parts = [
        "# The command line\n\nMade from `--help` by `make docs`; a test holds the two together.\n",
        _help(),
    ]
    parts += [f"## ecomdata {' '.join(words)}\n\n{_help(*words)}" for words in _words()]
    return "\n".join(parts)


def kpis_page() -> str:
    """Return the first page of the dbt docs: docs/kpis.md, which is not part of the package."""
    text = (DOCS / "kpis.md").read_text(encoding="utf-8")
    return f"{{% docs __overview__ %}}\n{text}{{% enddocs %}}\n"


def _words() -> list[list[str]]:
    return [command.split(",") for command in COMMANDS]


def _help(*words: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "ecomdata", *words, "--help"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env={"COLUMNS": "80", "TERM": "dumb", "PYTHONIOENCODING": "utf-8"},
    )
    text = "\n".join(line.rstrip() for line in answer.stdout.strip("\n").splitlines())
    return f"```text\n{text.replace('python -m ecomdata', 'ecomdata')}\n```\n"


def screenshot(report: Path, out: Path) -> None:
    """Draw the top of a report as the README shows it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1180, "height": 1000})
        page.goto(report.resolve().as_uri())
        page.wait_for_selector("html.drawn")
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    (DOCS / "cli.md").write_text(cli_reference(), encoding="utf-8")
    KPIS_PAGE.write_text(kpis_page(), encoding="utf-8")
    demo = DOCS.parent / "demo" / "report.html"
    if demo.exists():
        screenshot(demo, DOCS / "images" / "report.png")
