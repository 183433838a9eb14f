"""Which products are told to come back too often."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ecomdata.insights.finding import Question, Span
from ecomdata.insights.products.returned import search_returned
from ecomdata.settings import load_settings
from ecomdata.warehouse import Connection, open_warehouse

JUNE = Span(date(2025, 6, 1), date(2025, 6, 30))
QUESTION = Question(JUNE, Span(date(2025, 5, 1), date(2025, 5, 31)), None, JUNE)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Connection]:
    """60 lines each of `A` and `M`, of which half came back, and 600 of `B`, of which 2 % did.

    `M` is sold for 1, 2, 4 ... 512, and so for what is asked each time.
    """
    with open_warehouse(load_settings(project=tmp_path)).connect() as connection:
        for statement in (
            "create schema intermediate",
            "create schema final",
            "create table final.final_sales_report as"
            " select date '2025-06-02' as sales_date, cast(1000 as numeric(18, 2)) as net_sales",
            "create table final.final_product_performance as"
            " select unnest(['A', 'B', 'M']) as product_id,"
            " unnest(['Apron', 'Bowl', 'Manual']) as product_name",
            """create table intermediate.int_revenue_ledger as
            with products as (
                select unnest(['A', 'B', 'M']) as product_id, unnest([60, 600, 60]) as lines,
                    unnest([30, 12, 30]) as came_back
            ),
            numbers as (select unnest(range(600)) as number),
            lines as (
                select product_id, number, came_back,
                    case product_id when 'M' then 2.0 ** (number % 10) else 10 end as price
                from products inner join numbers on number < lines
            )
            select product_id, 'Unknown' as category, 'sale' as entry_type,
                date '2025-06-02' as entry_date, false as is_cancelled, 1 as quantity,
                cast(price as numeric(18, 2)) as amount
            from lines
            union all
            select product_id, 'Unknown', 'return', date '2025-06-03', false, -1,
                cast(-price as numeric(18, 2))
            from lines
            where number < came_back""",
        ):
            connection.execute(statement)
        yield connection


def test_what_has_no_price_of_its_own_is_no_product_that_comes_back(warehouse: Connection) -> None:
    searched = search_returned(warehouse, QUESTION)
    assert [finding.segment for finding in searched.findings] == [{"product_id": "A"}]
    assert searched.tests == 2


def test_it_is_told_by_how_much_it_comes_back_more_often_than_the_rest(
    warehouse: Connection,
) -> None:
    [finding] = search_returned(warehouse, QUESTION).findings
    # 30 of 60; of the others 12 + 30 of 660. 300 refunded, were it as they are 60 x 10 x 7/110.
    numbers = finding.numbers
    assert (numbers["returned"], numbers["sold"]) == (30, 60)
    assert (str(numbers["returned_percent"]), str(numbers["others_percent"])) == ("50.0", "6.4")
    assert str(finding.effect) == "-261.82"
    assert finding.low < finding.effect < finding.high < 0
