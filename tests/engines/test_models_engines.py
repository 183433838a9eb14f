"""The hand-made shop: the same on both engines and by every way; closed to who may not read."""

from collections.abc import Callable
from pathlib import Path

import handmade
import psycopg
import pytest
from servers import MODELS_READER, PASSWORD, History, NewPipeline, Server
from shops import final_tables, load, rows, shop
from snapshots import SOME_DAYS

from ecomdata.errors import TooManyRejectedError
from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]

pytestmark = pytest.mark.xdist_group("models")


@pytest.mark.parametrize("moment", [0, 1], ids=["first", "after the changes"])
def test_every_final_table_is_equal_on_both_engines_cell_by_cell(
    history: History, moment: int
) -> None:
    on_duckdb, on_postgres = history("duckdb")[moment], history("postgres")[moment]
    assert on_duckdb.types == on_postgres.types
    assert on_duckdb.final == on_postgres.final


@pytest.mark.parametrize("moment", [0, 1], ids=["first", "after the changes"])
def test_every_entry_and_every_kpi_is_equal_on_both_engines(history: History, moment: int) -> None:
    on_duckdb, on_postgres = history("duckdb")[moment], history("postgres")[moment]
    ledger = "intermediate.int_revenue_ledger"
    assert ids(on_duckdb.tables[ledger]) == ids(on_postgres.tables[ledger])
    assert on_duckdb.kpis == on_postgres.kpis
    assert on_duckdb.headline == on_postgres.headline


def ids(entries: list[dict[str, object]]) -> set[tuple[object, object]]:
    return {(entry["entry_id"], entry["line_number"]) for entry in entries}


def test_changes_on_top_give_what_a_new_warehouse_of_the_final_files_has(
    history: History, new_pipeline: NewPipeline, tmp_path: Path
) -> None:
    fresh = new_pipeline("duckdb", tmp_path / "project", max_rejected="0.5")
    load(fresh, shop(tmp_path / "shop", **(handmade.FILES | handmade.CHANGED)))
    fresh.build([], False)
    expected = final_tables(fresh)
    found = dict(history("duckdb")[1].final)
    for tables in (found, expected):
        for table in ("final_data_quality", "final_product_history", "final_customer_history"):
            del tables[table]  # they tell of the loads themselves
    assert found == expected


def test_too_many_refused_records_leave_the_figures_as_they_were(
    history: History, shops_pipeline: Callable[[str], Pipeline], tmp_path: Path
) -> None:
    before = history("duckdb")[1].final
    pipeline = shops_pipeline("duckdb")
    header, first, *_ = handmade.ORDERS.splitlines(keepends=True)
    bad = first.replace("2024-01-10", "soon")
    load(pipeline, shop(tmp_path / "bad", orders=header + first.replace("O1", "N1") + bad + bad))
    with pytest.raises(TooManyRejectedError) as caught:
        pipeline.build([], False)
    assert str(caught.value) == (
        "more records of the last load were refused than max_rejected allows; the figures are "
        "still those of before. See `ecomdata quarantine`; load corrected files, or raise the "
        "limit with --max-rejected"
    )
    after = final_tables(pipeline)
    assert {name for name in after if after[name] != before[name]} == {"final_data_quality"}
    assert rows(pipeline, "meta.runs", "status")[-2:] == [("done",), ("failed",)]


def test_a_reader_reads_the_final_tables_after_a_rebuild_and_no_others(
    history: History, shops_pipeline: Callable[[str], Pipeline], postgres_server: Server
) -> None:
    expected = history("postgres")[1].kpis["day", SOME_DAYS]
    database = shops_pipeline("postgres").settings.warehouse.rpartition("@/")[2]
    url = postgres_server.url.split("ecomdata@/")[0] + f"{MODELS_READER}@/{database}"
    with psycopg.connect(url, autocommit=True) as reader:
        sold = reader.execute(
            "select sales_date, sum(net_sales) from final.final_sales_report"
            " where sales_date between %s and %s group by sales_date order by sales_date",
            SOME_DAYS,
        ).fetchall()
        assert sold == [row[:2] for row in expected.rows]
        for table in ("raw.orders", "staging.stg_orders", "intermediate.int_revenue_ledger"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"select * from {table}".encode())


def test_no_password_is_stored_in_the_project(
    history: History, shops_pipeline: Callable[[str], Pipeline], postgres_server: Server
) -> None:
    history("postgres")
    word = PASSWORD.split()[1].encode()
    files = [path for path in shops_pipeline("postgres").settings.project.rglob("*")]
    assert any(path.name == "manifest.json" for path in files)
    assert [path for path in files if path.is_file() and word in path.read_bytes()] == []
