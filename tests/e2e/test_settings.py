"""Flags before ECOMDATA_* variables before ecomdata.toml, and what is wrong in them is named."""

from pathlib import Path

import pytest
from command_line import Project

CONFIG = "ecomdata.toml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty folder."""
    return Project(tmp_path)


def configure(project: Project, text: str) -> None:
    (project.folder / CONFIG).write_text(text, encoding="utf-8")


def test_a_flag_beats_a_variable_and_a_variable_beats_the_file(project: Project) -> None:
    def asked(*words: str, **variables: str) -> str:
        return Path(project("status", *words, code=3, **variables).err.split()[1]).name

    flag, variable = ("--warehouse", "duckdb:///flag"), "duckdb:///variable"
    assert asked() == "ecomdata.duckdb"
    configure(project, 'warehouse = "duckdb:///file"')
    assert asked() == "file"
    assert asked(ECOMDATA_WAREHOUSE=variable) == "variable"
    assert asked(*flag, ECOMDATA_WAREHOUSE=variable) == "flag"
    assert Path(project(*flag, "status", code=3).err.split()[1]).name == "flag"


def test_the_file_is_that_of_the_project(project: Project) -> None:
    (project.folder / "other").mkdir()
    configure(project, 'warehouse = "duckdb:///here"')
    (project.folder / "other" / CONFIG).write_text('warehouse = "duckdb:///there"')
    there = str(project.folder / "other" / "there")
    assert there in project("status", "--project", "other", code=3).err
    assert there in project("status", code=3, ECOMDATA_PROJECT="other").err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("warehose = 'postgres'", "settings: warehose: extra inputs are not permitted"),
        ("threads = 'two'", "settings: threads: input should be a valid integer"),
        ("threads = 0", "settings: threads: input should be greater than or equal to 1"),
        ("currency = 'euro'", "settings: currency: string should match pattern"),
        ("threads = = 2", "ecomdata.toml is not valid TOML: Invalid value (at line 1"),
        ("warehouse = 'postgresql://anna:geheim@h/db", "ecomdata.toml is not valid TOML"),
    ],
)
def test_a_wrong_file_is_named(project: Project, text: str, said: str) -> None:
    configure(project, text)
    answer = project("status", code=2)
    assert said in answer.err and answer.err.count("\n") == 1
    assert "geheim" not in answer.err
    assert project.json("status", code=2) == {"error": answer.err[7:-1]}


def test_a_wrong_variable_is_named(project: Project) -> None:
    answer = project("status", code=2, ECOMDATA_LOCK_TIMEOUT="soon")
    assert "settings: lock_timeout: input should be a valid number" in answer.err
    assert "ECOMDATA_* variables" in answer.err
