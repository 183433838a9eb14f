"""Measures the contribution search to its depth on many lines: `make bench-depth`.

The sales summary that it reads has at most a row per order line; here it has exactly that many, so
this is the most that so many lines can cost. Writes benchmarks/insights/depth.json.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from ecomdata.insights.drivers.contributions import explained, search_contributions
from ecomdata.insights.drivers.cube import DEPTH, read_cube
from ecomdata.insights.finding import Question, Span
from ecomdata.settings import load_settings
from ecomdata.warehouse import open_warehouse

HERE = Path(__file__).parent
YEARS = Span(date(2024, 1, 1), date(2025, 12, 31))
QUESTION = Question(
    Span(date(2025, 12, 1), date(2025, 12, 31)),
    Span(date(2025, 11, 1), date(2025, 11, 30)),
    Span(date(2024, 12, 1), date(2024, 12, 31)),
    YEARS,
)
#: Lines of two years. 64 products have 1.25 % each, and 25 countries more than 1 %: about as many
#: values as the support lets into the cube.
SUMMARY = """create table intermediate.int_sales_summary as
with draws as (
    select
        line,
        hash(8 * line + 1) / 18446744073709551616.0 as day,
        hash(8 * line + 2) / 18446744073709551616.0 as country,
        hash(8 * line + 3) / 18446744073709551616.0 as product,
        hash(8 * line + 4) / 18446744073709551616.0 as amount,
        hash(8 * line + 5) / 18446744073709551616.0 as customer
    from range(?) as lines (line)
),

places as (
    select
        *,
        cast(floor(case when product < 0.8 then 80 * product else 5000 * product end) as bigint)
            as product_number,
        cast(floor(25 * country ** 2) as bigint) as country_number
    from draws
)

select
    'P' || product_number as product_id,
    'Category ' || product_number % 30 as category,
    date '2024-01-01' + cast(floor(731 * day) as integer) as sales_date,
    'Country ' || country_number as country,
    case when customer < 0.4 then 'new' when customer < 0.9 then 'returning' else 'guest' end
        as customer_type,
    cast(10 + 90 * amount as numeric(18, 2)) as gross_sales,
    cast(-amount as numeric(18, 2)) as discounts,
    cast(0 as numeric(18, 2)) as cancellations,
    cast(1 as bigint) as orders
from places"""


def made(folder: Path, lines: int) -> None:
    """Make a warehouse with a summary of so many rows."""
    with open_warehouse(load_settings(project=folder)).connect() as connection:
        connection.execute("create schema intermediate")
        connection.execute(SUMMARY, [lines])


def measured(folder: Path) -> dict[str, Any]:
    """CPU seconds and peak memory of the search, in this process."""
    with open_warehouse(load_settings(project=folder)).connect(read_only=True) as connection:
        begun = time.process_time()
        cube = read_cube(connection, QUESTION)
        read = time.process_time()
        _, tests = explained(cube)
        searched = time.process_time()
        search_contributions(connection, QUESTION)
    return {
        "cells": cube.sales.shape[0],
        "segments": tests,
        "cpu_seconds_cube": round(read - begun, 2),
        "cpu_seconds_search": round(searched - read, 2),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--out", type=Path, default=HERE / "depth.json")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.folder is not None:
        print(json.dumps(measured(given.folder)))  # noqa: T201
        return
    result: dict[str, Any] = {"depth": DEPTH, "lines": {}}
    for lines in given.lines:
        with tempfile.TemporaryDirectory() as folder:
            made(Path(folder), lines)
            told = subprocess.run(
                [sys.executable, __file__, "--folder", folder],
                capture_output=True,
                text=True,
                check=True,
            )
        result["lines"][str(lines)] = json.loads(told.stdout)
    given.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
