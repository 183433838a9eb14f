"""Two months of a real shop (UCI Online Retail) come out exactly, on both engines."""

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import oracle_products
import pytest
from servers import NewPipeline
from shops import Rows, final_tables, load, rows, types

from ecomdata.pipeline import Pipeline

pytest_plugins = ["engine_fixtures"]

FILES = Path(__file__).parents[3] / "shared" / "data" / "uci_online_retail"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.xdist_group("online retail"),
    pytest.mark.skipif(not FILES.is_dir(), reason=f"the public data set is not at {FILES}"),
]

#: Of 105,335 lines, 214 have no positive quantity and 1,904 are returns.
RECORDS, REFUSED, RETURNED = 105_335, 214, 1_904
GROSS, RETURNS, NET = Decimal("2038742.59"), Decimal("-231722.66"), Decimal("1807019.93")
CUSTOMERS = 1_682

#: What staging holds, but for the load that brought it.
STAGED = {
    "stg_customers": "customer_id, country, _file, _line",
    "stg_products": "product_id, product_name, _file, _line",
    "stg_orders": "order_id, line_number, customer_id, product_id, quantity, unit_price,"
    " total_price, ordered_at, is_cancelled, _file, _line",
    "stg_returns": "return_id, line_number, customer_id, product_id, quantity, refund_amount,"
    " returned_at, _file, _line",
}


def _built(pipeline: Pipeline) -> Pipeline:
    """Load all files at once and build."""
    load(pipeline, FILES)
    pipeline.build([], False)
    return pipeline


@pytest.fixture(scope="module")
def on_duckdb(new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return _built(new_pipeline("duckdb", tmp_path_factory.mktemp("duckdb")))


@pytest.fixture(scope="module")
def on_postgres(new_pipeline: NewPipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return _built(new_pipeline("postgres", tmp_path_factory.mktemp("postgres")))


@pytest.fixture
def built(engine: str, request: pytest.FixtureRequest) -> Pipeline:
    """All files, loaded at once and built, on each engine in turn."""
    pipeline: Pipeline = request.getfixturevalue(f"on_{engine}")
    return pipeline


@dataclass(frozen=True)
class Line:
    invoice: str
    product: str
    quantity: int
    price: Decimal
    day: date
    customer: str
    country: str

    @property
    def is_return(self) -> bool:
        return self.invoice.startswith("C")


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    """The lines that count, read by nothing of ours."""
    found = []
    for path in sorted(FILES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                line = Line(
                    row["InvoiceNo"],
                    row["StockCode"],
                    int(row["Quantity"]),
                    Decimal(row["UnitPrice"]),
                    date.fromisoformat(row["InvoiceDate"][:10]),
                    row["CustomerID"].removesuffix(".0"),
                    row["Country"],
                )
                if line.quantity > 0 or line.is_return:
                    found.append(line)
    return found


def added_up(lines: list[Line], key: Callable[[Line], object]) -> dict[object, tuple[Decimal, int]]:
    """Net sales and orders by whatever the key says."""
    sales: dict[object, Decimal] = defaultdict(Decimal)
    orders: dict[object, set[str]] = defaultdict(set)
    for line in lines:
        sales[key(line)] += line.quantity * line.price
        if not line.is_return:
            orders[key(line)].add(line.invoice)
    return {name: (sales[name], len(orders[name])) for name in sales}


def test_the_headline_figures_are_exact(built: Pipeline) -> None:
    headline = built.kpis(None, None, None).headline
    assert headline is not None
    found = {kpi["id"]: kpi["all"] for kpi in headline["kpis"]}
    assert found["gross_sales"] == str(GROSS)
    assert found["returns"] == str(RETURNS)
    assert found["net_sales"] == str(NET)
    assert found["customers"] == str(CUSTOMERS)
    absent = ("discounts", "cancellations", "gross_margin", "margin_rate")
    assert [name for name in found if found[name] is None] == list(absent)
    ledger = "select sum(amount) from intermediate.int_revenue_ledger"
    assert built.query(ledger).scalar == NET


def test_every_record_is_accounted_for(built: Pipeline) -> None:
    pipeline = built
    loads = pipeline.query(
        "select count(*), sum(records_read), sum(rows_loaded), sum(rows_rejected) from meta.loads"
    )
    assert loads.rows == ((68, RECORDS, RECORDS, 0),)
    quality = pipeline.query(
        "select entity, sum(raw_rows), sum(staged_rows), sum(quarantined_rows),"
        " sum(superseded_rows) from final.final_data_quality"
        " where entity in ('orders', 'returns') group by entity order by entity"
    )
    orders = RECORDS - RETURNED
    assert quality.rows == (
        ("orders", orders, orders - REFUSED, REFUSED, 0),
        ("returns", RETURNED, RETURNED, 0, 0),
    )
    rules = pipeline.query("select rule, field, count(*) from meta.quarantine group by rule, field")
    assert rules.rows == (("non_positive_quantity", "quantity", REFUSED),)


def test_every_refused_record_can_be_found_in_its_file(built: Pipeline) -> None:
    found = built.query(
        "select file, line, value, raw_text from meta.quarantine order by file, line"
    )
    for file, number, value, raw_text in found.rows:
        line = (FILES / file).read_text(encoding="utf-8").splitlines()[number - 1]
        [fields] = csv.reader([line])
        assert fields[3] == value
        assert raw_text.startswith(f"{fields[0]},,{fields[1]},{value},")


@pytest.mark.parametrize("by", ["day", "month", "country", "product"])
def test_sales_by_a_dimension_are_what_the_lines_add_up_to(
    built: Pipeline, lines: list[Line], by: str
) -> None:
    table = built.kpis(by, None, None).table
    assert table is not None
    home = {line.customer: line.country for line in lines if line.customer}
    expected = {
        "day": added_up(lines, lambda line: line.day),
        "month": added_up(lines, lambda line: line.day.replace(day=1)),
        "country": added_up(lines, lambda line: home.get(line.customer, "Unknown")),
        "product": added_up(lines, lambda line: line.product),
    }[by]
    name, sales, orders = (
        ("product_id", "total_revenue", "total_orders")
        if by == "product"
        else (by, "net_sales", "orders")
    )
    found = {row[name]: (row[sales], row[orders]) for row in table.dicts()}
    assert found == expected


def test_pairs_of_products_are_counted_as_itertools_counts_them(
    built: Pipeline, lines: list[Line]
) -> None:
    baskets: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if not line.is_return:
            baskets[line.invoice].add(line.product)
    assert max(len(basket) for basket in baskets.values()) == 674
    found = built.query(
        "select first_product_id, second_product_id, orders, orders_with_first,"
        " orders_with_second, orders_with_both from final.final_product_affinity"
    ).rows
    counts = {row[:2]: row[2:] for row in found}
    assert len(counts) == len(found) == 448_885
    assert counts == oracle_products.pairs_counted(baskets.values(), 5)


def test_every_final_table_is_equal_on_both_engines_cell_by_cell(
    on_duckdb: Pipeline, on_postgres: Pipeline
) -> None:
    assert types(on_duckdb, "final") == types(on_postgres, "final")
    expected = final_tables(on_duckdb)
    for name, found in final_tables(on_postgres).items():
        assert found == expected[name], name


def test_three_loads_of_some_days_each_are_the_same_as_one(
    built: Pipeline, pipeline: Pipeline
) -> None:
    files = sorted(FILES.glob("*.csv"))
    for some in (files[:20], files[20:21], files[21:]):
        load(pipeline, *some)
    pipeline.build([f"+{name}" for name in STAGED], False)
    for name, listed in STAGED.items():
        assert staged(pipeline, name, listed) == staged(built, name, listed)
    for table in ("raw.orders", "raw.returns"):
        assert without_load(pipeline, table) == without_load(built, table)
    assert rows(pipeline, "meta.loads", "max(load_id)", "count(*)") == [(3, 68)]


def staged(pipeline: Pipeline, name: str, listed: str) -> Rows:
    return list(pipeline.query(f"select {listed} from staging.{name} order by _file, _line").rows)


def without_load(pipeline: Pipeline, table: str) -> Rows:
    found = pipeline.query(f"select * from {table} order by _file, _line")
    place = found.columns.index("_load_id")
    return [row[:place] + row[place + 1 :] for row in found.rows]
