"""Sales by period, country, category, product and customer type, small enough to search.

The warehouse sums them; what has little of them goes into one cell with its like, so the cube's
size depends on how many values matter and not on how many lines there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ecomdata.insights.asking import Period, earlier, period_of
from ecomdata.insights.evidence import SUMMARY, literal
from ecomdata.insights.finding import Question, Span
from ecomdata.warehouse import Connection

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DIMENSIONS: Final = ("country", "category", "product_id", "customer_type")
DEPTH: Final = 3
#: A value or a segment has at least this share of sales now or before.
SUPPORT: Final = 0.01
#: What was sold: money that comes back later is another story than what is bought now.
SOLD: Final = "gross_sales + discounts + cancellations"
#: Periods of a year, and those that are looked at: up to two years, and a last step before them.
YEAR: Final = {"week": 52, "month": 12, "quarter": 4}
MOST_PERIODS: Final = {"week": 54, "month": 25, "quarter": 9}


@dataclass(frozen=True)
class Cube:
    """Sums by cell and period.

    Args:
        periods: how many there are, the latest first.
        year: so many are a year.
        dimensions: their names.
        values: of each dimension, those that have support; None stands for all others.
        codes: by dimension, each cell's value as an index; -1: one of the others.
        sales: by cell and period.
        orders: by period.
    """

    periods: int
    year: int
    dimensions: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    codes: Ints
    sales: Floats
    orders: Floats

    def without(self, cells: Bools) -> "Cube":
        """Return it without these cells."""
        left = ~cells
        return replace(self, codes=self.codes[:, left], sales=self.sales[left])

    def cells(self, segment: dict[str, str]) -> Bools:
        """Return which cells a segment has."""
        inside = np.ones(self.codes.shape[1], dtype=np.bool_)
        for name, value in segment.items():
            at = self.dimensions.index(name)
            inside &= self.codes[at] == self.values[at].index(value)
        return inside

    def segments(self, support: float) -> Iterator[tuple[dict[str, str], Floats]]:
        """Every combination of values to the depth that has support, with its sales by period.

        Not of a category and a product: the product says the category.
        """
        for depth in range(1, DEPTH + 1):
            for dimensions in combinations(range(len(self.dimensions)), depth):
                if not {"category", "product_id"} <= {self.dimensions[at] for at in dimensions}:
                    yield from self._grouped(dimensions, support)

    def _grouped(
        self, dimensions: tuple[int, ...], support: float
    ) -> Iterator[tuple[dict[str, str], Floats]]:
        codes = self.codes[list(dimensions)]
        named = (codes >= 0).all(axis=0)
        if not named.any():
            return
        sizes = [len(self.values[at]) for at in dimensions]
        key = np.ravel_multi_index(tuple(codes[:, named]), sizes)
        keys, group = np.unique(key, return_inverse=True)
        sums = np.zeros((len(keys), self.periods))
        np.add.at(sums, group, self.sales[named])
        large = (sums[:, :2] >= support * self.sales[:, :2].sum(axis=0)).any(axis=1)
        for at in np.flatnonzero(large):
            places = np.unravel_index(keys[at], sizes)
            yield (
                {
                    self.dimensions[d]: self.values[d][int(place)]
                    for d, place in zip(dimensions, places, strict=True)
                },
                sums[at],
            )


def read_cube(connection: Connection, question: Question) -> Cube:
    """Sum the sales up in the warehouse, with one statement."""
    period = period_of(question.current)
    periods = []
    for back in range(MOST_PERIODS[period]):
        span = earlier(question.current, period, back)
        if span.start < question.data.start:
            break
        periods.append(span)
    rows = connection.query(
        f"""with recent_sales as (
    select
        sales_date >= $4 as is_now,
        country,
        category,
        product_id,
        {SOLD} as sales
    from {SUMMARY}
    where sales_date between $3 and $2
),

sums_by_period as (
    select is_now, sum(sales) as sales
    from recent_sales
    group by 1
),

{_supported("country")},

{_supported("category")},

{_supported("product_id")}

select
    {_periods_back(question.current, period)} as back,
    supported_country.country,
    supported_category.category,
    supported_product_id.product_id,
    sales.customer_type,
    sum({SOLD}) as sales,
    sum(sales.orders) as orders
from {SUMMARY} as sales
left join supported_country on sales.country = supported_country.country
left join supported_category on sales.category = supported_category.category
left join supported_product_id on sales.product_id = supported_product_id.product_id
where sales.sales_date between $1 and $2
group by 1, 2, 3, 4, 5""",
        [
            periods[-1].start,
            question.current.end,
            earlier(question.current, period, 1).start,
            question.current.start,
        ],
    ).rows
    return _cube(len(periods), YEAR[period], rows)


def _periods_back(current: Span, period: Period) -> str:
    """How many periods before the current one a day is."""
    if period == "week":
        return f"cast(floor(({literal(current.start)} - sales_date + 6) / 7.0) as bigint)"
    month = "extract(year from sales_date) * 12 + extract(month from sales_date)"
    last = current.end.year * 12 + current.end.month
    return f"cast(floor(({last} - ({month})) / {1 if period == 'month' else 3}.0) as bigint)"


def _supported(dimension: str) -> str:
    """The values of a dimension that have support now or before."""
    return f"""sums_of_{dimension} as (
    select {dimension}, is_now, sum(sales) as sales
    from recent_sales
    group by 1, 2
),

supported_{dimension} as (
    select distinct sums.{dimension}
    from sums_of_{dimension} as sums
    inner join sums_by_period as total on sums.is_now = total.is_now
    where sums.sales >= {SUPPORT} * total.sales and sums.{dimension} <> 'Unknown'
)"""


def _cube(periods: int, year: int, rows: tuple[tuple[object, ...], ...]) -> Cube:
    names = [
        tuple(
            sorted({str(row[at]) for row in rows if row[at] is not None and row[at] != "unknown"})
        )
        for at in range(1, 5)
    ]
    places = [{value: at for at, value in enumerate(values)} for values in names]
    cells: dict[tuple[int, ...], int] = {}
    where = np.empty((2, len(rows)), dtype=np.int64)
    amounts = np.empty((2, len(rows)))
    for at, row in enumerate(rows):
        code = tuple(
            place.get(str(value), -1) if value is not None else -1
            for place, value in zip(places, row[1:5], strict=True)
        )
        where[:, at] = cells.setdefault(code, len(cells)), int(str(row[0]))
        amounts[:, at] = float(str(row[5])), float(str(row[6]))
    sales = np.zeros((len(cells), periods))
    np.add.at(sales, (where[0], where[1]), amounts[0])
    orders = np.zeros(periods)
    np.add.at(orders, where[1], amounts[1])
    codes = np.array(sorted(cells, key=cells.__getitem__), dtype=np.int64).reshape(-1, 4).T
    order = np.lexsort(codes[::-1])
    return Cube(periods, year, DIMENSIONS, tuple(names), codes[:, order], sales[order], orders)
