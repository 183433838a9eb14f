"""What is deployed by others' programs names commands and targets that there are."""

import re
import shlex
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy/systemd").iterdir())
CLI = (ROOT / "docs/cli.md").read_text("utf-8")
ECOMDATA = "/srv/shop/.venv/bin/ecomdata"


def unit(path: Path) -> RawConfigParser:
    parser = RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text("utf-8"))
    return parser


def commands() -> list[str]:
    """The commands of units and of crontabs in the docs."""
    started = [unit(path).get("Service", "ExecStart", fallback="") for path in UNITS]
    cron = re.findall(r"^[\d*/]+ (?:[\d*/,-]+ ){4}.*", _operations(), re.MULTILINE)
    assert cron
    return [text for text in [*started, *cron] if text]


def _operations() -> str:
    return (ROOT / "docs/operations.md").read_text("utf-8")


@pytest.mark.parametrize("line", commands())
def test_units_and_crontabs_have_commands_and_options_of_the_product(line: str) -> None:
    words = shlex.split(line.partition("ecomdata ")[2].partition(" 2>>")[0])
    section = re.search(
        rf"^## ecomdata {words[0]}\n(.*?)(?=^## |\Z)", CLI, re.DOTALL | re.MULTILINE
    )
    assert section, words
    options = [word for word in words if word.startswith("--")]
    assert [option for option in options if option not in section[1]] == []


def test_units_hang_together_and_systemd_takes_them(tmp_path: Path) -> None:
    timer = unit(ROOT / "deploy/systemd/ecomdata.timer")
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert (ROOT / "deploy/systemd/ecomdata.service").is_file()  # of the timer's own name
    for path in UNITS:  # a command that is there, and no user that need be
        text = path.read_text("utf-8").replace(ECOMDATA, f'"{sys.executable}"')
        (tmp_path / path.name).write_text(text.replace("User=ecomdata\n", ""))
    if shutil.which("systemd-analyze"):
        words = ["systemd-analyze", "verify", *(str(tmp_path / path.name) for path in UNITS)]
        done = subprocess.run(words, capture_output=True, text=True)
        said = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
        assert (done.returncode, said) == (0, [])


def test_github_runs_every_target_that_tests() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))["jobs"]
    beside = set(jobs["beside"]["strategy"]["matrix"]["target"])
    assert set(re.findall(r"^(test-[a-z]+):", makefile, re.MULTILINE)) <= beside
    assert jobs["main"]["steps"][-1] == {"run": ".ci/run"}
    assert re.findall(r"^make (\w+)$", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)[:2] == [
        *("lint", "test")
    ]
