"""`ecomdata metrics` as a user types it, on both engines."""

from decimal import Decimal
from pathlib import Path

from command_line import Project
from generated_shop import Ran, asked, copied

pytest_plugins = ["shop_fixtures"]


def test_metrics_by_a_month_are_what_kpis_shows(project: Ran) -> None:
    names = ("net_sales", "orders", "average_order_value", "customers")
    document = asked(project, "metrics", *names, "--by", "month")
    kpis = asked(project, "kpis", "--by", "month")
    places = [kpis["columns"].index(name) for name in ("month", *names)]
    assert document["columns"] == ["month", *names]
    assert document["rows"] == [[row[place] for place in places] for row in kpis["rows"]]
    assert len(document["rows"]) >= 24
    assert {type(row[1]) for row in document["rows"]} == {str}


def test_the_net_sales_of_all_parts_are_the_truth(project: Ran) -> None:
    rows = asked(project, "metrics", "net_sales", "--by", "quarter", "--by", "customer_type")[
        "rows"
    ]
    assert sum(Decimal(money) for _, _, money in rows) == Decimal(project.shop.kpis["net_sales"])
    said = project("metrics", "net_sales", "--by", "quarter", "--by", "customer_type").out
    assert said.splitlines()[0].split() == ["quarter", "customer_type", "net_sales"]


def test_a_manifest_that_was_cleared_away_is_asked_for(duckdb_run: Ran, tmp_path: Path) -> None:
    project = copied(duckdb_run, tmp_path)
    (project.folder / ".ecomdata/dbt/duckdb/semantic_manifest.json").unlink()
    answer = project("metrics", "orders", code=1)
    assert answer.err.endswith("run `ecomdata build` first\n") and answer.err.count("\n") == 1


def test_wrong_questions_are_named_in_one_line(duckdb_run: Ran) -> None:
    for words, said in (
        ("metrics revenue", "metric revenue is not known: use net_sales, gross_sales,"),
        ("metrics orders --by weather", "--by weather is not known: use day, week, month,"),
        ("metrics orders --from 2025-06-01 --to 2025-05-31", "--from 2025-06-01 lies behind --to"),
        ("metrics --by month", "--by, --from and --to are about metrics: name one"),
    ):
        answer = duckdb_run(*words.split(), code=2)
        assert said in answer.err and answer.err.count("\n") == 1


def test_asking_makes_no_warehouse(tmp_path: Path) -> None:
    answer = Project(tmp_path)("metrics", "orders", code=3)
    assert "does not exist: load something first" in answer.err
    assert list(tmp_path.iterdir()) == []
