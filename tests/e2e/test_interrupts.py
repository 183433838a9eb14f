"""Ctrl-C: exit code 130, nothing half done, and the next command is fine; SIGTERM where it ends."""

import signal
import sys
from pathlib import Path

import pytest
from command_line import Project
from generated_shop import Ran, asked, copied
from processes import interrupted, signalled, temporary_files

pytest_plugins = ["shop_fixtures"]

SAID = "error: interrupted; what was complete before still is\n"


@pytest.mark.parametrize("whole_group", [True, False], ids=["at the terminal", "by kill"])
def test_ctrl_c_during_a_load_leaves_the_load_before(tmp_path: Path, whole_group: bool) -> None:
    project = Project(tmp_path)
    (tmp_path / "first.csv").write_text(
        "order_id,product_id,quantity,total_price,order_date\nO1,P1,1,2.00,2025-01-01\n"
    )
    project("generate", "shop", "--orders", "20000")
    project("load", "first.csv")
    before = project.json("status")
    cache = tmp_path / ".ecomdata"
    answer = interrupted(
        project, "load", "shop",
        once=lambda: any(cache.glob("load-*/*.csv")), whole_group=whole_group,
    )  # fmt: skip
    assert (answer.code, answer.out, answer.err) == (130, "", SAID)
    assert temporary_files(tmp_path) == []
    after = project.json("status")
    assert (after["loads"], after["rows"]) == (before["loads"], before["rows"])
    assert [run["status"] for run in after["runs"]] == ["interrupted", "done"]
    assert project.json("load", "shop")["load_id"] == 2


@pytest.mark.parametrize("written", ["orders.parquet", "truth/customers.parquet"])
def test_ctrl_c_while_parquet_is_written_leaves_the_shop_before(
    tmp_path: Path, written: str
) -> None:
    project = Project(tmp_path)
    project("generate", "shop", "--orders", "50")
    before = _files(tmp_path)
    answer = interrupted(
        project, "generate", "shop", "--orders", "800000", "--format", "parquet",
        once=lambda: any(tmp_path.glob(f".shop.*/new/{written}")), whole_group=True,
    )  # fmt: skip
    assert (answer.code, answer.out, answer.err) == (130, "", SAID)
    assert _files(tmp_path) == before


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_ctrl_c_during_a_build_leaves_the_figures_and_the_next_build_is_fine(
    duckdb_run: Ran, tmp_path: Path
) -> None:
    project = copied(duckdb_run, tmp_path)
    written = project.folder / ".ecomdata" / "dbt" / "duckdb" / "run"
    for old in written.rglob("*.sql"):
        old.unlink()
    answer = interrupted(
        project, "--json", "build",
        once=lambda: any(written.rglob("int_*.sql")), whole_group=True,
    )  # fmt: skip
    assert answer.code == 130
    assert answer.document == {"error": SAID[7:-1]} and answer.err == SAID
    assert project.json("kpis") == asked(duckdb_run, "kpis")
    assert project.json("status")["runs"][0]["status"] == "interrupted"
    project("build")
    assert project.json("kpis") == asked(duckdb_run, "kpis")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_watch_is_stopped_with_what_it_loaded(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    project = Project(tmp_path)
    inbox, done = tmp_path / "inbox", tmp_path / "inbox" / "done"
    done.mkdir(parents=True)
    header = "order_id,product_id,quantity,total_price,order_date\n"
    (inbox / "one.csv").write_text(f"{header}O1,P1,1,2.00,2025-01-01\n")

    two = tmp_path / "two.csv"
    two.write_text(f"{header}O2,P1,1,2.00,2025-01-01\n")

    def second_came() -> bool:  # by then the first was told of
        if (done / "one.csv").exists() and two.exists():
            two.rename(inbox / "two.csv")
        return (done / "two.csv").exists()

    answer = signalled(
        project, "--json", "watch", "inbox", "--move", "--settle", "0",
        once=second_came, number=number,
    )  # fmt: skip
    assert (answer.code, answer.err) == (code, "")
    assert (answer.document[0]["files"], answer.document[0]["error"]) == (["one.csv"], None)
    assert temporary_files(tmp_path) == []


MEETS_IT = """
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "ecomdata.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from ecomdata.cli import main
main()
"""


def test_ctrl_c_while_modules_are_imported_is_answered(tmp_path: Path) -> None:
    answer = Project(tmp_path, command=(sys.executable, "-c", MEETS_IT))("status", code=130)
    assert (answer.out, answer.err) == ("", SAID)
