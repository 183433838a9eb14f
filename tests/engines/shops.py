"""A shop's files by hand, and what a warehouse made of them."""

import textwrap
from decimal import Decimal
from pathlib import Path
from typing import Any

from ecomdata.ingest import Load, LoadPlan
from ecomdata.ingest.conventions import DateOrder
from ecomdata.pipeline import Pipeline

Rows = list[tuple[Any, ...]]

HEADER = "order_id,customer_id,product_id,quantity,total_price,order_date\n"
ORDERS = HEADER + "O1,C1,P1,2,6.00,2024-05-01\nO2,C1,P2,1,4.00,2024-05-02\n"
CUSTOMERS = "customer_id,name\nC1,Ann\n"

#: The tables that a load writes.
WRITTEN = (
    *("raw.customers", "raw.products", "raw.orders", "raw.returns"),
    *("meta.loads", "meta.reader_rejects"),
)

FINAL_TABLES = (
    "final_cohort_retention",
    "final_customer_behavior",
    "final_customer_history",
    "final_customer_segments",
    "final_data_quality",
    "final_product_affinity",
    "final_product_history",
    "final_product_performance",
    "final_sales_bridge",
    "final_sales_report",
    "final_segment_movements",
)


def shop(folder: Path, **files: str | bytes) -> Path:
    """Write `<name>.csv` for each argument: bytes as they are, text without its indentation."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if isinstance(content, str):
            content = textwrap.dedent(content).lstrip("\n").encode()
        (folder / f"{name}.csv").write_bytes(content)
    return folder


def load(
    pipeline: Pipeline,
    *paths: Path,
    source: str | None = None,
    date_order: DateOrder | None = None,
    dry_run: bool = False,
    replace: bool = False,
) -> Load:
    """Load as the command does."""
    settings = pipeline.settings
    settings.cache.mkdir(exist_ok=True)
    plan = LoadPlan(settings.cache, settings.max_rejected, source, date_order, dry_run, replace)
    return pipeline.load(paths, plan)


def first_build(pipeline: Pipeline) -> Path:
    """Where dbt's files of a shop's first build are kept: the second makes only what changed."""
    return pipeline.settings.cache / "first"


def rows(pipeline: Pipeline, table: str, *columns: str) -> Rows:
    """The rows of a table, sorted; all columns unless some are named."""
    listed = ", ".join(columns) or "*"
    return in_order(pipeline.query(f"select {listed} from {table}").rows)


def state(pipeline: Pipeline) -> dict[str, Rows]:
    """All that a load writes."""
    return {name: rows(pipeline, name) for name in WRITTEN}


def raw_orders(pipeline: Pipeline) -> Rows:
    """Load, file, line, order and quantity of the raw order lines."""
    return rows(pipeline, "raw.orders", "_load_id", "_file", "_line", "order_id", "quantity")


def in_order(unordered: tuple[tuple[Any, ...], ...] | Rows) -> Rows:
    """Rows sorted alike on every engine, NULLs first."""
    return sorted(unordered, key=lambda row: [(x is not None, as_text(x)) for x in row])


def as_text(value: Any) -> str:
    """Equal values as equal text: 0.00, -0 and 0.0000 are one."""
    return f"{value + 0:.6f}" if isinstance(value, Decimal) else str(value)


def types(pipeline: Pipeline, schema: str) -> Rows:
    """The columns of a schema's tables: table, place, name, type, digits, digits behind the mark.

    The engines' words for a type become one: DuckDB's DECIMAL(18,2) is PostgreSQL's numeric.
    """
    found = pipeline.query(
        "select table_name, ordinal_position, column_name, data_type, numeric_precision,"
        f" numeric_scale from information_schema.columns where table_schema = '{schema}'"
    ).rows
    one_word = {"VARCHAR": "text", "DECIMAL": "numeric", "DOUBLE": "double precision"}
    described = []
    for table, place, column, kind, digits, scale in found:
        word = one_word.get(kind.split("(")[0], kind.lower())
        described.append(
            (table, place, column, word, *((digits, scale) if word == "numeric" else ()))
        )
    return in_order(described)


def final_tables(pipeline: Pipeline) -> dict[str, Rows]:
    """Every cell of the final tables, each with its Python type."""
    return {
        name: [tuple((type(x).__name__, x) for x in row) for row in rows(pipeline, f"final.{name}")]
        for name in FINAL_TABLES
    }
