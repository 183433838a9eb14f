"""Forgetting a customer: nothing names the person any more, and every sum is as it was."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from servers import History, NewPipeline
from shops import load, rows, shop

from ecomdata.errors import DataError, UsageError
from ecomdata.pipeline import Pipeline
from ecomdata.warehouse import open_warehouse

pytest_plugins = ["engine_fixtures"]

CUSTOMERS = """
    customer_id,name,email,country,signup_date
    C1,Ann Lee,Ann@Shop.example,Peru,2024-01-02
    C10,Bob,bob@shop.example,Chile,2024-01-03
    ,Ann L.,ann@shop.example ,Peru,
    C3,Anna,broken,Chile,x,too,many
"""
ORDERS = """
    order_id,customer_id,product_id,quantity,total_price,order_date
    O1,C1,P1,2,6.00,2024-05-01
    O2, C1 ,P2,1,4.00,2024-05-02
    O3,C10,P2,1,5.00,2024-05-03
    O4,C1,P2,1,4.00,2024-05-02,one,more
    O5,C10,P2,1,4.00,2024-05-02,one,more
"""
RETURNS = """
    order_id,product_id,quantity,refund_amount,return_date,customer_id
    O1,P1,1,3.00,2024-05-09,C1
"""


@pytest.fixture
def loaded(engine: str, new_pipeline: NewPipeline, tmp_path: Path) -> Pipeline:
    pipeline = new_pipeline(engine, tmp_path / "project", max_rejected="0.5")
    load(pipeline, shop(tmp_path / "shop", customers=CUSTOMERS, orders=ORDERS, returns=RETURNS))
    return pipeline


def everything(pipeline: Pipeline) -> str:
    """All that stands in the raw tables and the books, as text."""
    tables = pipeline.query(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema in ('raw', 'meta') and table_name <> 'salts' order by 1, 2"
    ).rows
    return "\n".join(str(rows(pipeline, f"{schema}.{name}")) for schema, name in tables)


@pytest.mark.parametrize("customer", ["C1", "ANN@shop.example"])
def test_nothing_names_the_person_and_others_and_amounts_stay(
    loaded: Pipeline, customer: str
) -> None:
    forgotten = loaded.forget(customer)
    assert forgotten.rows == {"customers": 1, "orders": 2, "returns": 1}
    assert forgotten.texts == 1  # O4; C10's is another's
    left = everything(loaded)
    assert [
        name for name in ("Ann Lee", "Ann L.", "nn@", "2024-01-02", "C1'", "C1,") if name in left
    ] == []
    assert all(text in left for text in ("C10", "Bob", "bob@shop.example", "Anna", "Peru"))
    name = forgotten.pseudonym
    assert rows(loaded, "raw.orders", "order_id", "customer_id", "total_price") == [
        ("O1", name, "6.00"),
        ("O2", name, "4.00"),
        ("O3", "C10", "5.00"),
    ]


def test_a_later_export_that_names_the_person_is_changed_as_it_comes_in(
    loaded: Pipeline, tmp_path: Path
) -> None:
    name = loaded.forget("C1").pseudonym
    later = {"customers2": CUSTOMERS, "orders2": ORDERS.replace("O", "N")}
    load(loaded, shop(tmp_path / "later", **later))
    assert [word for word in ("Ann Lee", "Ann@", "C1,") if word in everything(loaded)] == []
    orders = rows(loaded, "raw.orders", "order_id", "customer_id")
    assert ("N1", name) in orders
    assert ("N3", "C10") in orders


def test_who_is_not_known_is_an_error_that_does_not_repeat_the_name(loaded: Pipeline) -> None:
    with pytest.raises(UsageError, match="no record names this customer"):
        loaded.forget("C2")
    assert "C2" not in str(rows(loaded, "meta.runs", "message"))


def test_what_still_names_the_person_is_told(loaded: Pipeline) -> None:
    with open_warehouse(loaded.settings).connect() as connection:
        connection.execute("create table final.mine as select 'x Ann@shop.example y' as note")
    with pytest.raises(DataError, match=r"still stands in final\.mine\.note:"):
        loaded.forget("C1")


@pytest.mark.xdist_group("models")
def test_every_figure_of_the_final_tables_is_as_it_was(
    history: History, shops_pipeline: object, tmp_path: Path
) -> None:
    history("duckdb")
    made: Pipeline = shops_pipeline("duckdb")  # type: ignore[operator]
    project = tmp_path / "project"
    shutil.copytree(made.settings.project, project)
    known = {"project": project, "max_rejected": Decimal(1)}
    pipeline = Pipeline(made.settings.model_copy(update=known))
    pipeline.build([], False)  # another test may have left a load that was refused
    sums = "select sum(net_sales), sum(orders), sum(returns), count(*) from final.{}"
    tables = [
        *("final_customer_behavior", "final_sales_report", "final_customer_segments"),
        "final_cohort_retention",
    ]
    [buyer] = pipeline.query(
        "select customer_id from raw.orders where customer_id in (select customer_id from"
        " raw.customers) group by 1 order by count(*) desc, 1 limit 1"
    ).rows[0]

    def figures() -> list[object]:
        shown = [
            sums,
            sums,
            sums.replace("sum(returns), ", ""),
            "select sum(net_sales) from final.{}",
        ]
        return [pipeline.query(sql.format(t)).rows for sql, t in zip(shown, tables, strict=True)]

    before = figures()
    pipeline.forget(buyer)
    assert figures() == before
    assert (
        pipeline.query(
            f"select * from final.final_customer_behavior where customer_id = '{buyer}'"
        ).rows
        == ()
    )
