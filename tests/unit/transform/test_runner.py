"""What is read from dbt: its JSON log, its results, and the error that is made of them."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from ecomdata.errors import (
    BuildError,
    EcomDataError,
    TooManyRejectedError,
    WarehouseBusyError,
    WarehouseDeniedError,
    WarehouseFullError,
)
from ecomdata.settings import load_settings
from ecomdata.transform import runner
from ecomdata.transform.runner import GATE, BuildResult, NodeResult


def event(name: str, level: str = "info", message: str = "", **data: Any) -> str:
    return json.dumps({"info": {"name": name, "level": level, "msg": message}, "data": data})


def followed(*lines: str) -> tuple[list[str], list[tuple[str, int, int]]]:
    """What dbt complained of in these lines, and the progress that was told."""

    class Process:
        stdout = io.StringIO("".join(f"{line}\n" for line in lines))

    told: list[tuple[str, int, int]] = []
    complaints = list(runner._follow(cast(Any, Process()), lambda *progress: told.append(progress)))
    return complaints, told


def node(name: str, status: str, kind: str = "model", message: str | None = None) -> NodeResult:
    return NodeResult(name, kind, status, 0.5, message)


def checked(nodes: Sequence[NodeResult], code: int = 1, complaints: Sequence[str] = ()) -> str:
    """The error that is made, as class and words."""
    with pytest.raises(EcomDataError) as caught:
        runner._check(code, nodes, list(complaints), Path("target"))
    return f"{type(caught.value).__name__}: {caught.value}"


def test_every_finished_node_is_told_of_and_no_started_one() -> None:
    lines = [
        event("LogStartLine", index=1, total=3, node_info={"node_name": "base_orders"}),
        event("LogModelResult", index=1, total=3, node_info={"node_name": "base_orders"}),
        event("LogTestResult", index=2, total=3, node_info={"node_name": "unique_x"}),
        event("LogNodeResult", index=3, total=3),
        event("CommandCompleted"),
    ]
    assert followed(*lines) == ([], [("base_orders", 1, 3), ("unique_x", 2, 3), ("", 3, 3)])


def test_errors_and_what_is_no_event_are_complaints_and_warnings_are_none() -> None:
    lines = [
        event("MainEncounteredError", "error", " Encountered an error:\n"),
        event("SomeWarning", "warn", "deprecated"),
        "  Traceback (most recent call last):  ",
        event("Info", "info", "all well"),
    ]
    assert followed(*lines) == (
        ["Encountered an error:", "Traceback (most recent call last):"],
        [],
    )


def test_results_are_nodes_with_kind_status_message_and_rows(tmp_path: Path) -> None:
    results = [
        {
            "unique_id": "model.ecomdata.stg_orders",
            "status": "success",
            "execution_time": 0.25,
            "message": "OK",
            "adapter_response": {"rows_affected": 7},
        },
        {
            "unique_id": "test.ecomdata.unique_orders.1a2b",
            "status": "fail",
            "execution_time": 1.5,
            "message": None,
            "adapter_response": {"rows_affected": -1},
        },
        {
            "unique_id": "model.ecomdata.stg_returns",
            "status": "success",
            "execution_time": 0.25,
            "message": "OK",
            "adapter_response": {},
        },
    ]
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
    nodes = runner._results(tmp_path)
    assert nodes == (
        NodeResult("stg_orders", "model", "success", 0.25, "OK", rows=7),
        NodeResult("unique_orders.1a2b", "test", "fail", 1.5, None, rows=None),
        NodeResult("stg_returns", "model", "success", 0.25, "OK", rows=None),
    )
    result = BuildResult(nodes, tmp_path)
    assert [result.count("model"), result.count("model", "test"), result.count("seed")] == [2, 3, 0]


def test_without_results_there_are_no_nodes(tmp_path: Path) -> None:
    assert runner._results(tmp_path) == ()


def test_dbt_ends_with_the_process_that_started_it_even_if_that_was_killed(tmp_path: Path) -> None:
    starter = """if True:
        import sys
        from pathlib import Path
        from ecomdata.settings import load_settings
        from ecomdata.transform import runner
        settings = load_settings(project=Path(sys.argv[1]))
        runner._invoke([], settings, settings.cache, {}, program=sys.argv[2])
    """
    lives = (
        "import time; f = open('lives', 'w', 1); print(1, file=f); time.sleep(20); print(2, file=f)"
    )
    cache = load_settings(project=tmp_path).cache
    cache.mkdir()
    os.mkfifo(cache / "lives")
    command = [sys.executable, "-c", starter, str(tmp_path), lives]
    with subprocess.Popen(command) as process, (cache / "lives").open() as said:
        assert said.readline() == "1\n"
        process.kill()
        assert said.read() == ""  # its end: it writes no more


def test_what_went_well_or_only_warned_is_no_error() -> None:
    runner._check(0, [node("a", "success"), node("b", "warn", "test")], ["said"], Path("target"))


@pytest.mark.parametrize(
    "said",
    [
        "terminating connection due to administrator command",
        "server closed the connection unexpectedly",
        "SSL connection has been closed unexpectedly",
        'connection to server at "db.example" (10.0.0.1), port 5432 failed: Connection refused',
        "FATAL:  the database system is in recovery mode",
        "connection already closed",
    ],
)
def test_a_connection_that_broke_is_worth_another_try_wherever_dbt_says_so(said: str) -> None:
    told = (
        "WarehouseUnreachableError: the connection to the warehouse broke during the build; "
        f"run the command again ({said})"
    )
    text = f"Database Error\n  {said}\n"
    assert checked([], 2, ["Encountered an error:", text]) == told
    assert checked([node("x", "error", message=text), node("y", "fail", "test")]) == told


def test_a_full_disk_is_none_of_the_data() -> None:
    said = 'IO Error: Could not write file "shop.duckdb": No space left on device'
    assert checked([node("x", "error", message=f"Runtime Error\n  {said}")]) == (
        f"WarehouseFullError: no space left for the build: free some, then run ecomdata build "
        f"({said})"
    )


def test_a_failed_gate_is_about_the_data_whatever_else_failed() -> None:
    nodes = [node("x", "error"), node(GATE, "fail", "test"), node("y", "skipped")]
    assert checked(nodes, 1, ["Could not set lock on file"]) == (
        "TooManyRejectedError: more records of the last load were refused than max_rejected "
        "allows; the figures are still those of before. See `ecomdata quarantine`; load corrected "
        "files, or raise the limit with --max-rejected"
    )


def test_the_gate_is_a_test_of_the_project() -> None:
    project = Path(runner.__file__).parent / "project"
    assert (project / "tests" / f"{GATE}.sql").is_file()


def test_failed_models_and_tests_are_named_on_one_line_each_with_its_message() -> None:
    nodes = [
        node("stg_orders", "error", message="Binder Error:\n  no column x"),
        node("unique_y", "fail", "test"),
        node("z", "skipped"),
    ]
    assert checked(nodes) == (
        "BuildError: model stg_orders: Binder Error: no column x; test unique_y: fail. "
        f"Compiled SQL is in {Path('target/compiled')}"
    )


def test_of_many_failures_five_are_named_and_of_a_long_message_300_characters() -> None:
    nodes = [node(f"m{i}", "error", message=400 * "x") for i in range(7)]
    listed = "; ".join(f"model m{i}: {300 * 'x'}" for i in range(5))
    assert checked(nodes) == (
        f"BuildError: {listed} and 2 more. Compiled SQL is in {Path('target/compiled')}"
    )


def test_a_file_that_another_process_locked_is_busy() -> None:
    said = ["IO Error: Could not set lock on file shop.duckdb"]
    expected = "WarehouseBusyError: another process opened the DuckDB file during the build"
    assert checked([], 2, said) == expected
    assert checked([node("a", "error")], 1, said) == expected


@pytest.mark.parametrize(
    ("complaints", "said"),
    [
        ([], "it said nothing"),
        (["Runtime Error", "'x' is not a method"], "Runtime Error\n'x' is not a method"),
        ([3000 * "a" + "b"], 1999 * "a" + "b"),
    ],
)
def test_an_end_without_results_says_what_dbt_said_last(complaints: list[str], said: str) -> None:
    assert checked([], 2, complaints) == f"BuildError: dbt ended with code 2: {said}"


def test_the_errors_have_their_exit_codes() -> None:
    codes = [e.exit_code for e in (BuildError, TooManyRejectedError, WarehouseBusyError)]
    assert codes == [1, 1, 3]


def test_what_dbt_remembers_of_another_project_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, target = tmp_path / "project", tmp_path / "target"
    for folder in (project / "models", target):
        folder.mkdir(parents=True)
    model, memory = project / "models" / "one.yml", target / "partial_parse.msgpack"
    model.write_text("metrics: []")
    monkeypatch.setattr(runner, "project_folder", lambda: project)

    def is_kept() -> bool:
        memory.write_text("parsed")
        runner._forget_another_project(target)
        return memory.exists()

    assert not is_kept()
    assert is_kept()
    model.rename(project / "models" / "two.yml")
    assert not is_kept()
    assert is_kept()
    (project / "models" / "two.yml").write_text("metrics: [1]")
    assert not is_kept()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_without_space_for_dbts_files_is_the_warehouses_trouble(tmp_path: Path) -> None:
    (tmp_path / "project.sha256").symlink_to("/dev/full")
    with pytest.raises(WarehouseFullError, match="^no space left in .*: free some, then run"):
        runner._forget_another_project(tmp_path)


def test_a_folder_for_dbts_files_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "dbt").write_text("")
    with pytest.raises(WarehouseDeniedError, match="dbt/duckdb cannot be written: Not a directory"):
        runner._forget_another_project(tmp_path / "dbt" / "duckdb")
