"""`ecomdata connect` as a user types it: asked at a terminal, elsewhere refused."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
from command_line import Project

EXPORT = "order,sku,qty,date,price\n1,P1,2,2024-01-31,5.00\n2,P2,1,2024-02-01,7.00\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder with exports of no known layout."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "sales.csv").write_text(EXPORT)
    return Project(tmp_path)


def test_an_open_question_is_an_error_with_the_option_that_answers_it(project: Project) -> None:
    refused = project("connect", "exports", code=1)
    assert "is price the price of one unit or of the line?" in refused.err
    assert "--map orders.total_price=price" in refused.err
    assert not (project.folder / "exports/connector").exists()
    document = project("connect", "exports", "--json", code=1).document
    assert [question["column"] for question in document["questions"]] == ["orders.total_price"]
    assert document["written"] is None


def test_the_answer_writes_a_connector_that_load_uses(project: Project) -> None:
    unit = ("--map", "orders.unit_price=price")
    dry = project("connect", "exports", *unit, "--dry-run").out
    assert dry.endswith("dry run: nothing was written\n")
    assert "orders.total_price" in dry and "qty x price" in dry
    document = project("connect", "exports", *unit, "--json").document
    assert document["written"] == str(Path("exports/connector"))
    assert document["mapping"]["orders"]["total_price"]["way"] == "computed"
    project("load", "exports")
    total = project("query", "select sum(total_price::numeric) as t from raw.orders", "--json")
    assert total.document["rows"] == [["17.000"]] or total.document["rows"] == [["17.00"]]
    assert "--force" in project("connect", "exports", *unit, code=2).err
    project("connect", "exports", *unit, "--force")


def test_at_a_terminal_the_question_is_asked(project: Project) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*project.command, "connect", "exports"],
        cwd=project.folder,
        env=project.environment(TERM="dumb"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, b"1\n")
    written = b""
    try:
        while block := os.read(ours, 1 << 16):
            written += block
    except OSError:  # Linux's word for the end
        pass
    os.close(ours)
    assert process.wait() == 0, written
    assert b"orders.total_price: is price the price of one unit or of the line?" in written
    assert (project.folder / "exports/connector/orders.sql").is_file()


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (None, 2, "no file with exports in exports"),
        ("1,P1,2,2024-01-31,5.00\n2,P2,1,2024-02-01,7.00\n", 1, "no header line"),
        ("name,colour\nx,red\n", 1, "no orders found"),
    ],
)
def test_what_cannot_be_connected_is_said_with_what_to_do(
    text: str | None, code: int, said: str, project: Project
) -> None:
    file = project.folder / "exports/sales.csv"
    file.unlink() if text is None else file.write_text(text)
    assert said in project("connect", "exports", code=code).err


def test_a_mistyped_map_is_wrong_usage(project: Project) -> None:
    assert "say COLUMN=HEADER" in project("connect", "exports", "--map", "price", code=2).err
