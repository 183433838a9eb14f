"""The commands that make and change something, in the order in which a new user meets them."""

import csv
import hashlib
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import Project
from generated_shop import LATE_PRODUCTS, Ran

pytest_plugins = ["shop_fixtures"]

KPI_TABLE = re.compile(
    r"^(.+?) {2,}([-\d.,%]+) {2,}([-\d.,%]+) {2,}([-+\d.,%]+(?: pp)?) {2,}([-\d.,%]+)$"
)
# What costs a run of dbt is done once, on one engine; test_readme.py does it on DuckDB.
on_duckdb = pytest.mark.xdist_group("e2e-duckdb")
on_postgres = pytest.mark.xdist_group("e2e-postgres")


def loaded(project: Project) -> list[Any]:
    """What a load could have changed."""
    state = project.json("status")
    return [state["loads"], state["rows"], state["last_day"]]


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def printed_figures(text: str) -> dict[str, str]:
    """The KPI table's column `all days` by figure."""
    found = (KPI_TABLE.match(line) for line in text.splitlines())
    return {match[1]: match[5].replace(",", "") for match in found if match}


def test_run_prints_the_true_figures_the_refused_records_and_the_report(project: Ran) -> None:
    truth, said = project.shop.kpis, project.first.out
    figures = printed_figures(said)
    assert {
        name: figures[name.capitalize().replace("_", " ")]
        for name in truth
        if name not in ("by_day", "planted")
    } == {name: str(value) for name, value in truth.items() if name not in ("by_day", "planted")}
    late = 2  # lines of "late orders.csv"
    refused = late + sum(
        fault["outcome"] == "refused" and fault["file"] == "orders.csv"
        for fault in project.shop.dirt
    )
    counts = re.findall(r"^[a-z_]+ +orders +(\d+)   (?:late )?orders.csv:\d+$", said, re.MULTILINE)
    assert sum(map(int, counts)) == refused
    assert said.endswith(f"{project.folder.name}/report.html\n")
    assert (project.folder / "report.html").stat().st_size > 500_000
    assert project.first.err == ""


def test_every_record_is_loaded_refused_or_unreadable(project: Ran) -> None:
    [said] = [line for line in project.first.out.splitlines() if line.endswith(" superseded")]
    numbers = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", said)]
    records, rows, unreadable, raw, staged, quarantined, superseded = numbers
    files = project.shop.folder.glob("*.csv")
    broken = sum(fault["fault"] == "embedded_newline" for fault in project.shop.dirt)
    assert records == sum(len(path.read_bytes().splitlines()) - 1 for path in files) - broken
    assert records == rows + unreadable
    assert raw == rows == staged + quarantined + superseded
    assert quarantined + unreadable == len(project.json("quarantine")["rows"])


def test_running_again_loads_nothing_and_gives_the_same_figures(project: Ran) -> None:
    before = loaded(project)
    again = project("run", "shop")
    assert again.out.splitlines()[0] == "nothing new: 6 files were loaded before, byte for byte"
    first = project.first.out.splitlines()
    built = next(at for at, line in enumerate(first) if line.startswith("built "))
    assert again.out.splitlines()[1:-1] == first[built:-1]
    assert again.out.endswith(f"\nreport: {project.folder / 'report.html'}\n")
    assert loaded(project) == before
    assert [run["status"] for run in project.json("status")["runs"][:2]] == ["done", "done"]


def test_loading_known_files_changes_nothing_and_says_so(project: Ran) -> None:
    before = loaded(project)
    document = project.json("load", "shop")
    assert (document["load_id"], document["files"], document["rows"]) == (None, [], {})
    assert sorted(document["known"]) == sorted(
        path.name for path in project.shop.folder.glob("*.csv")
    )
    assert loaded(project) == before


def test_a_dry_run_judges_the_files_and_changes_nothing(project: Ran) -> None:
    new = project.folder / "new products.csv"
    new.write_text(LATE_PRODUCTS.replace("Nobody's", "Later"), encoding="utf-8")
    before = loaded(project)
    said = project("load", new, "--dry-run").out
    assert "Dry run: nothing was changed" in said
    assert re.search(r"^new products.csv +brief +1 +1 +0 +utf-8 ", said, re.MULTILINE)
    document = project.json("load", new, "--dry-run")
    assert (document["load_id"], document["rows"]) == (None, {"products": 1})
    [file] = document["files"]
    assert (file["file"], file["records_read"], file["rows_rejected"]) == (new.name, 1, 0)
    assert loaded(project) == before


@on_duckdb
def test_build_takes_a_selection_and_lists_what_it_did(duckdb_project: Ran) -> None:
    nodes = duckdb_project.json("build", "--select", "final_product_performance")["nodes"]
    assert {node["status"] for node in nodes} == {"success", "pass"}
    assert [node["name"] for node in nodes if node["kind"] == "model"] == [
        "final_product_performance"
    ]
    assert len([node for node in nodes if node["kind"] == "test"]) > 1


@on_duckdb
def test_a_selection_of_nothing_is_no_success(duckdb_project: Ran) -> None:
    answer = duckdb_project("build", "--select", "final_sales_reprot", code=2)
    assert answer.err == "error: --select final_sales_reprot: no model or test is called so\n"


@on_postgres
def test_the_tests_of_the_models_pass(postgres_project: Ran) -> None:
    said = postgres_project("test").out
    assert (found := re.fullmatch(r"(\d+) tests passed\n", said)) and int(found[1]) > 50


@on_postgres
def test_docs_is_one_page_that_names_every_table(postgres_project: Ran) -> None:
    project = postgres_project
    before = set(project.folder.iterdir())
    said = project("docs").out
    page = project.folder / "docs.html"
    assert said == f"docs: {page}\n"
    assert set(project.folder.iterdir()) - before == {page}
    text = page.read_text("utf-8")
    tables = {name for (name,) in project.rows("select table_name from information_schema.tables "
              "where table_schema in ('staging', 'intermediate', 'final')")}  # fmt: skip
    assert len(tables) > 15
    for source in ("insights.final_insights", "alarms.final_data_alarms"):
        assert f"source.ecomdata.{source}" in text
    models = tables - {"final_insights", "final_data_alarms"}
    assert [name for name in models if f"model.ecomdata.{name}" not in text] == []


def test_the_report_of_a_period_has_the_periods_sales(project: Ran) -> None:
    out = project.folder / "first half.html"
    days = ("--from", "2025-01-01", "--to", "2025-06-30")
    assert project("report", "--out", out, *days).out == f"report: {out}\n"
    by_day = project.shop.kpis["by_day"]
    cents = sum(
        int(money.replace(".", "")) for day, money in by_day.items() if "2025-01" <= day < "2025-07"
    )
    sales = f"{cents // 100:,}.{cents % 100:02}"
    text = out.read_text("utf-8")
    assert "Key figures of 1 Jan 2025 to 30 Jun 2025" in text
    assert f'<bdi>Net sales</bdi></th><td class="t"><bdi>{sales}</bdi>' in text
    [net_sales] = [k for k in project.json("kpis", *days)["kpis"] if k["id"] == "net_sales"]
    assert net_sales["value"] == sales.replace(",", "")


def test_a_redacted_report_has_no_text_of_a_refused_record(project: Ran) -> None:
    out = project.folder / "public.html"
    shown = (project.folder / "report.html").read_text("utf-8")
    project("report", "--redact", "--out", out)
    redacted = out.read_text("utf-8")
    assert "HYPERLINK" in shown and "HYPERLINK" not in redacted
    assert "left out (--redact)" in redacted and "left out (--redact)" not in shown


def test_the_final_tables_are_exported_as_they_are_asked_for(project: Ran) -> None:
    out = project.folder / "tables"
    names = ("final_sales_report", "final_product_performance")
    words = [word for name in names for word in ("--tables", name)]
    said = project.json("export", out, *words)
    assert [(each["table"], each["file"]) for each in said["files"]] == [
        (name, f"{name}.csv") for name in names
    ]
    for each in said["files"]:
        with (out / each["file"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == each["rows"]
        [[count]] = project.rows(f"select count(*) from final.{each['table']}")
        assert len(rows) == count > 0
    [never_bought] = [row for row in rows if row["product_id"] == "P99999"]
    assert never_bought["product_name"] == "'=1+1"
    assert "net_sales" in (out / "final_sales_report.csv").read_text("utf-8")
    project("export", out, "--tables", "orders", code=2)


def test_an_exported_quarantine_runs_no_formula(project: Ran) -> None:
    out = project.folder / "refused.csv"
    said = project("quarantine", "--export", out).out
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert said == f"{len(rows)} records: {out}\n"
    cells = [cell for row in rows for cell in row.values()]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert {row["value"] for row in rows if row["file"] == "late orders.csv"} == {
        '\'=HYPERLINK("http://evil")',
        "'+1+1",
    }
    listed = project.json("quarantine")["rows"]
    assert [row["raw_text"].removeprefix("'") for row in rows] == [row[-1] for row in listed]


def test_the_same_arguments_make_the_same_bytes_in_any_place(tmp_path: Path) -> None:
    project = Project(tmp_path)
    arguments = ("--orders", "60", "--seed", "3", "--dirt", "0.1", "--start", "2025-01-01")
    said = project("generate", "one", *arguments).out
    assert said.startswith(f"shop in {tmp_path / 'one'}: ")
    summary = project.json("generate", "ein zweiter für später", *arguments)
    assert summary["orders"] == 60
    once = digests(tmp_path / "one")
    assert sorted(once) == [
        "customers.csv", "orders.csv", "products.csv", "returns.csv",
        "truth/customers.parquet", "truth/dirt.jsonl", "truth/events.jsonl", "truth/kpis.json",
        "truth/pairs.json", "truth/plan.json", "truth/prices.csv",
    ]  # fmt: skip
    assert digests(tmp_path / "ein zweiter für später") == once
    project("generate", "one", *arguments)
    assert digests(tmp_path / "one") == once
    project("generate", "one", *arguments, "--seed", "4")
    assert digests(tmp_path / "one")["orders.csv"] != once["orders.csv"]


def test_a_folder_of_something_else_is_not_generated_over(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "wedding.jpg").write_bytes(b"precious")
    said = Project(tmp_path)("generate", "photos", "--orders", "10", code=2)
    assert "wedding.jpg" in said.err and "left as it is" in said.err
    assert [path.name for path in tmp_path.rglob("*")] == ["photos", "wedding.jpg"]


@on_postgres
def test_the_server_stops_starts_and_tells_its_url(postgres_project: Ran) -> None:
    project = postgres_project
    url = project("warehouse", "url").out.strip()
    assert project("warehouse", "stop").out == "stopped\n"
    assert project("warehouse", "stop").out == "it was not running\n"
    assert "ecomdata warehouse start" in project("warehouse", "url", code=3).err
    assert project("warehouse", "start").out.strip() == url
    assert project.json("warehouse", "start") == {"url": url}
    assert project.json("warehouse", "url") == {"url": url}
    assert project("warehouse", "psql", typed="select 40 + 2;").out.split()[2] == "42"
    by_url = Project(project.folder, url)
    assert by_url.rows("select count(*) from final.final_product_performance") == [[41]]


@on_postgres
def test_a_reader_reads_the_final_models_and_nothing_else(postgres_project: Ran) -> None:
    project = postgres_project
    assert "häns may read the schema final" in project("warehouse", "grant-reader", "häns").out
    assert project.json("warehouse", "grant-reader", "häns") == {"reader": "häns"}
    url = project("warehouse", "url").out.strip().replace("ecomdata@", "h%C3%A4ns@")
    reader = Project(project.folder, url)
    assert reader.rows("select sum(total_orders) from final.final_product_performance")
    assert "permission denied" in reader("query", "select * from raw.orders", code=3).err
    with (
        psycopg.connect(url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("delete from final.final_product_performance")
