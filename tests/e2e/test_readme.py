"""What the README says can be typed works, and what it points at is there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer
from command_line import Project

from ecomdata.cli.app import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def typed() -> list[str]:
    """What a reader could copy: lines of shell blocks and what the table has in backticks."""
    found = []
    for text, language, block in re.findall(
        r"(.*?)(?:^```(\w*)\n(.*?)^```$|\Z)", README, re.DOTALL | re.MULTILINE
    ):
        rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
        found += [words for row in rows for words in re.findall(r"`([^`]+)`", row)]
        found += block.splitlines() if language == "sh" else []
    return [words.partition("#")[0].strip() for words in found]


#: What other tests run: make test-superset, the commands of extras (make test-prefect, make
#: test-spark), and one that has no end.
ELSEWHERE = re.compile("ecomdata (dashboards|flow|schedule|serve)|.*--warehouse .?spark:")
COMMANDS = list(dict.fromkeys(words for words in typed() if words.startswith("ecomdata ")))
TARGETS = sorted(
    {words for words in typed() if words.startswith("make ")}
    | set(re.findall(r"`(make [^`]+)`", README))
)


def test_the_readme_shows_every_command() -> None:
    shown = {shlex.split(command)[1] for command in COMMANDS}
    group = typer.main.get_command(app)
    assert shown == set(group.list_commands(typer.Context(group)))  # type: ignore[attr-defined]


@pytest.mark.xdist_group("e2e-readme")
def test_every_command_of_the_readme_works_in_its_order(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project("generate", "exports", "--orders", "300", "--dirt", "0.02")
    said = {}
    try:
        for command in COMMANDS:
            if ELSEWHERE.match(command):
                continue
            said[command] = project(*shlex.split(command)[1:]).out
    finally:
        project("warehouse", "stop")
    assert [command for command, out in said.items() if not out] == []
    assert said["ecomdata warehouse stop"] == "stopped\n"
    [built] = re.findall(r"^built \d+ models; \d+ tests passed$", README, re.MULTILINE)
    assert built in said["ecomdata run exports"].splitlines()
    made = {path.name for path in tmp_path.iterdir()}
    assert {"report.html", "docs.html", "refused.csv", "shop", "ecomdata.duckdb"} <= made


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_of_the_readme_is_one_of_the_makefile(target: str) -> None:
    assert would_run(target)


@pytest.mark.parametrize(
    ("target", "warehouse"),
    [("make demo", "duckdb:///ecomdata.duckdb"), ("make demo WAREHOUSE=postgres", "postgres")],
)
def test_the_demo_is_a_run_in_a_project_of_its_own(target: str, warehouse: str) -> None:
    assert target in TARGETS
    words = shlex.split(would_run(target)[-1])
    assert words[1:] == ["-m", *f"ecomdata run --project demo --warehouse {warehouse}".split()]


def would_run(target: str) -> list[str]:
    """The command lines of a target, none of which is run."""
    environment = Project(ROOT).environment(MAKEFLAGS="", MAKELEVEL="0")
    done = subprocess.run(
        [*shlex.split(target), "-n"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", README)
    local = [link for link in links if not link.startswith(("https://", "http://"))]
    assert len(local) > 5
    assert [link for link in local if not (ROOT / link).exists()] == []
