"""What goes wrong at the command line: said in one line that helps, with the right exit code."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import BOUND_BY_PERMISSIONS, ECOMDATA, Project
from generated_shop import Ran, copied

from ecomdata import __version__

pytest_plugins = ["shop_fixtures"]

HEADER = "order_id,product_id,quantity,total_price,order_date\n"
SECRET = "geheim"
READING = (
    ("kpis",),
    ("kpis", "--by", "product"),
    ("report",),
    ("query", "select 1 as one"),
    ("quarantine",),
    ("status",),
    ("test",),
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty folder."""
    return Project(tmp_path)


@pytest.fixture
def loaded(project: Project) -> Project:
    """A project with orders that nothing is built of."""
    (project.folder / "orders.csv").write_text(f"{HEADER}O1,P1,1,2.00,2025-01-01\n")
    project("load", "orders.csv")
    return project


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("load nowhere", 2, "nowhere does not exist: name a folder or a file with exports"),
        ("run nowhere", 2, "nowhere does not exist"),
        ("load empty", 2, "no file with exports in empty"),
        ("load empty.csv", 1, "empty.csv: is empty; export it again, with its header line"),
        ("load other.csv", 1, "no known layout in other.csv: orders need order_id, product_id"),
        ("load wrong/orders.csv", 1, "lacks order_id, product_id, total_price, order_date"),
        ("load binary.csv", 1, "binary.csv: is a binary file"),
        ("load dates.csv", 1, "say --date-order dmy or --date-order mdy"),
        ("load refused.csv", 1, "refused"),
        ("load orders.csv --source shopyfi", 2, "no source is called 'shopyfi'"),
        ("load orders.csv --max-rejected 2", 2, "max_rejected: input should be less than"),
        ("load orders.csv --date-order ymd", 2, "Invalid value for '--date-order'"),
        ("load", 2, "nothing to load: name folders or files, or --undo LOAD_ID"),
        ("loda orders.csv", 2, "No such command 'loda'"),
        ("warehouse strat", 2, "Did you mean 'start'? (see ecomdata warehouse --help)"),
        ("kpis --form 2025-01-01", 2, "No such option: --form"),
        ("dashboards check --superset http://127.0.0.1:9", 2, "set ECOMDATA_SUPERSET_PASSWORD or"),
        (
            "dashboards check --superset http://127.0.0.1:9 --password-file orders.csv",
            3,
            "Superset at http://127.0.0.1:9 cannot be reached",
        ),
        ("kpis --from 2025-02-30", 2, "Invalid value for '--from'"),
        ("kpis --to tomorrow", 2, "Invalid value for '--to'"),
        ("generate shop --orders 0", 2, "orders 0 is out of range"),
        ("generate shop --orders many", 2, "Invalid value for '--orders'"),
        ("generate shop --start 2025-02-01 --end 2025-01-01", 2, "end 2025-01-01 is before start"),
        ("generate other.csv", 2, "other.csv is a file: give a folder for the shop"),
        ("status --project nowhere", 2, "project folder nowhere does not exist: make it first"),
        ("status --warehouse mysql://u:geheim@h/db", 2, "'mysql://u:***@h/db' is not known"),
        ("status --warehouse duckdb:///notes", 3, "notes is not a DuckDB database"),
        ("warehouse url", 3, "the server is not running: ecomdata warehouse start"),
        ("warehouse grant-reader anna", 2, "DuckDB has no roles"),
    ],
)
def test_wrong_usage_is_named_in_one_line(
    project: Project, words: str, code: int, said: str
) -> None:
    folder = project.folder
    (folder / "empty").mkdir()
    (folder / "empty.csv").touch()
    (folder / "other.csv").write_text("a,b\n1,2\n" * 1000)
    (folder / "orders.csv").write_text(f"{HEADER}O1,P1,1,2.00,2025-01-01\n")
    (folder / "wrong").mkdir()
    (folder / "wrong" / "orders.csv").write_text("order number,quantity\nO1,1\n")
    (folder / "notes").write_text("to do\n" * 1000)
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 9)
    (folder / "dates.csv").write_text(f"{HEADER}O1,P1,1,2.00,03/04/2025\n")
    (folder / "refused.csv").write_text(f"{HEADER}O1,P1,1\nO2,P1,1,2.00,2025-01-01\n")
    answer = project(*words.split(), code=code)
    assert answer.err.startswith("error: ") and answer.err.count("\n") == 1
    assert said in answer.err
    assert answer.out == ""
    assert SECRET not in answer.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("kpis --form 2025-01-01", 2),
        ("--json loda", 2),
        ("kpis --by weather", 3),
        ("load orders.csv", 2),
        ("warehouse url", 3),
        ("", 2),
    ],
)
def test_an_error_in_json_is_one_document_too(project: Project, words: str, code: int) -> None:
    answer = project(*words.split(), "--json", code=code)
    assert answer.document.keys() == {"error"}
    assert answer.err == f"error: {answer.document['error']}\n"


def test_without_a_command_the_help_is_shown(project: Project) -> None:
    answer = project(code=2)
    assert answer.out.startswith("Usage: ecomdata [OPTIONS] COMMAND")
    assert answer.err == "error: no command was named (see ecomdata --help)\n"
    assert project("--help").out == answer.out
    assert project("--version").out == f"ecomdata {__version__}\n"


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_warehouse_that_does_not_exist_yet_is_not_made_by_asking(
    project: Project, words: tuple[str, ...]
) -> None:
    answer = project(*words, "--json", code=3)
    assert answer.document["error"].endswith(
        "ecomdata.duckdb does not exist: load something first (ecomdata run DIR)"
    )
    assert list(project.folder.iterdir()) == []


def test_where_nothing_is_built_yet_it_is_said_what_to_do(loaded: Project) -> None:
    for words in (("kpis",), ("kpis", "--by", "day"), ("report",), ("quarantine",), ("test",)):
        assert loaded(*words, code=1).err == (
            "error: nothing is built yet: run `ecomdata build` (or `ecomdata run DIR`) first\n"
        )
    assert "last day with sales: none" in loaded("status").out
    assert not (loaded.folder / "report.html").exists()


def test_what_is_built_refuses_wrong_questions(duckdb_run: Ran) -> None:
    project = duckdb_run
    for words, said in (
        ("kpis --by weather", "--by weather is not known: use day, week, month, country,"),
        ("kpis --from 2025-06-01 --to 2025-05-31", "--from 2025-06-01 lies behind --to 2025-05-31"),
        ("report --from 2025-06-01 --to 2025-05-31", "--from 2025-06-01 lies behind"),
        ("report --out nowhere/report.html", "nowhere/report.html cannot be written"),
        ("report --out .", ". cannot be written"),
        ("report --out report.html/report.html", "cannot be written: Not a directory"),
        ("quarantine --export nowhere/refused.csv", "nowhere/refused.csv cannot be written"),
        ("query --csv --json select", "--csv and --json exclude each other"),
    ):
        answer = project(*words.split(), code=2)
        assert said in answer.err and answer.err.count("\n") == 1
    assert "nothing_like_it does not exist" in project("query", "table nothing_like_it", code=2).err
    assert project.json("query", "", code=2).keys() == {"error"}


@pytest.mark.parametrize("words", ["kpis", "query table", "load .", "build"])
def test_a_server_that_is_down_is_named_without_its_password(project: Project, words: str) -> None:
    url = f"postgresql://anna:{SECRET}@127.0.0.1:1/shop"
    answer = project("--warehouse", url, *words.split(), code=3)
    assert "postgresql://anna:***@127.0.0.1:1/shop cannot be reached" in answer.err
    assert SECRET not in answer.out + answer.err


def test_the_doctor_names_what_is_wrong_and_never_the_password(project: Project) -> None:
    url = f"postgresql://anna@127.0.0.1:1/shop?password={SECRET}"
    answer = project("doctor", code=1, ECOMDATA_WAREHOUSE=url)
    assert "failed   warehouse: postgresql://anna@127.0.0.1:1/shop?password=***" in answer.out
    assert SECRET not in answer.out + answer.err
    [failed] = [c for c in project.json("doctor", "--warehouse", url, code=1) if c["state"] != "ok"]
    assert failed["name"] == "warehouse"
    fresh = project("doctor")
    assert "ok       warehouse: none yet\n         the first load makes it\n" in fresh.out
    idle = project("doctor", "--warehouse", "postgres").out
    assert "not running\n         the next load starts the server" in idle
    assert not (project.folder / ".ecomdata" / "postgres").exists()


def test_a_duckdb_file_that_another_process_holds_is_named(duckdb_run: Ran, tmp_path: Path) -> None:
    project = copied(duckdb_run, tmp_path)
    hold = "import duckdb; held = duckdb.connect('ecomdata.duckdb'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", hold],
        cwd=project.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        for words in (("kpis",), ("build",), ("load", "shop")):
            answer = project(*words, code=3, ECOMDATA_LOCK_TIMEOUT="0.1")
            assert "ecomdata.duckdb is open in another process" in answer.err
            assert f"PID {holder.pid}" in answer.err
        holder.communicate("\n")
    assert project("status").code == 0


def test_what_may_not_be_read_or_written_is_named(duckdb_run: Ran, tmp_path: Path) -> None:
    ours = copied(duckdb_run, tmp_path)
    project = Project(ours.folder, command=(*BOUND_BY_PERMISSIONS, *ECOMDATA))
    closed, secret = ours.folder / "closed", ours.folder / "secret.csv"
    database = ours.folder / "ecomdata.duckdb"
    secret.write_text(f"{HEADER}O1,P1,1,2.00,2025-01-01\n")
    secret.chmod(0)
    closed.mkdir(0o500)
    for words, code, said in (
        ("load secret.csv", 2, "path 'secret.csv' is not readable"),
        ("load .", 2, "secret.csv: check who owns it"),
        ("report --out closed/report.html", 2, "closed/report.html cannot be written: Permission"),
        ("quarantine --export closed/refused.csv", 2, "closed/refused.csv cannot be written"),
        ("generate closed/shop --orders 10", 2, "Permission denied"),
        ("load shop --project closed", 3, "use --project with a folder that is yours"),
        ("watch closed --move --once", 2, "closed may not be written, and files are to be moved"),
    ):
        assert said in project(*words.split(), code=code).err
    doctors = project("doctor", "--project", "closed", code=1).out
    assert "closed: Permission denied\n         name a folder of yours with --project" in doctors
    doctors = project("doctor", "--warehouse", "spark:local[2]?lake=closed/lake", code=1).out
    assert "closed/lake: Permission denied\n         name another behind lake=" in doctors
    database.chmod(0o400)
    assert project("query", "select 1").code == 0
    assert "ecomdata.duckdb: check who owns it" in project("build", code=3).err
    database.chmod(0)
    assert "ecomdata.duckdb: check who owns it" in project("kpis", code=3).err
    closed.chmod(0o700)
