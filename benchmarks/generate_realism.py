"""How customers, baskets, products and days behave in a shop's files, real or made.

A layout is SQL that makes of a shop's files one table of `entries`: a row for each line of an
order and for each that came back, `bought` telling them apart, `amount` signed, cancelled orders
left out. All figures are taken from that table by the same query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import duckdb

#: Makes the table of entries from the files of a folder.
Layout: TypeAlias = Callable[[duckdb.DuckDBPyConnection, Path], None]


@dataclass(frozen=True)
class Habits:
    """What the table says of a shop; None where its data cannot tell.

    A customer's orders of one day count as one. Guests are in no figure about customers. Products
    are those that sold, days those on which something sold.

    Args:
        customers: who bought.
        baskets: orders with at least one line.
        weeks: from the first day with a sale to the last.
        again_39_weeks: of the customers whose first order is 39 weeks or more before the last day,
            the share with another within 39 weeks of it.
        again: of all customers, the share with another order.
        top_customers: share of customers' net sales by the fifth of them with most.
        days_between: median over all pairs of a customer's consecutive orders.
        lines_mean: lines of an order.
        lines_p90: their 90th percentile.
        top_products: share of net sales by the fifth of the products with most.
        daily_variation: standard deviation of a day's net sales through their mean.
    """

    customers: int
    baskets: int
    weeks: int
    again_39_weeks: float | None
    again: float
    top_customers: float
    days_between: float
    lines_mean: float | None
    lines_p90: float | None
    top_products: float | None
    daily_variation: float


@dataclass(frozen=True)
class PublicData:
    """A data set that is no part of the repository.

    Args:
        name: as the table has it.
        folder: below the folder of the public data.
        layout: of its files.
        note: what the reader of its figures has to know.
    """

    name: str
    folder: str
    layout: Layout
    note: str


def habits(layout: Layout, folder: Path) -> Habits:
    """The figures of the files in a folder.

    Raises:
        duckdb.IOException: a file of the layout is not there.
    """
    with duckdb.connect() as connection:
        layout(connection, folder)
        row = connection.execute(_HABITS).fetchone()
    assert row
    return Habits(*row)


def cdnow(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Entries of CDNOW: fixed width, a purchase a line, neither products nor lines of an order."""
    connection.read_csv(
        str(folder / "CDNOW_sample.txt"), header=False, columns={"line": "varchar"}, sep="|"
    ).create_view("file")
    connection.execute(
        r"""
        create table entries as
        select
            row_number() over () as order_id, fields[1] as customer_id,
            null::varchar as product_id, strptime(fields[3], '%Y%m%d')::date as day,
            fields[5]::decimal(18, 4) as amount, true as bought
        from (select string_split_regex(trim(line), '\s+') as fields from file)
        """
    )


def online_retail(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Entries of UCI Online Retail: goods alone, whose codes begin with a digit.

    A negative quantity came back; what was counted anew or given away has no price.
    """
    _view(connection, "lines", folder / "*.csv")
    connection.execute(
        """
        create table entries as
        select
            InvoiceNo as order_id, CustomerID as customer_id, StockCode as product_id,
            InvoiceDate::timestamp::date as day,
            (Quantity::integer * UnitPrice::decimal(18, 4))::decimal(18, 4) as amount,
            Quantity::integer > 0 as bought
        from lines
        where regexp_matches(StockCode, '^[0-9]') and UnitPrice::decimal(18, 4) > 0
        """
    )


def shop(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Entries of the product's files, or of a script that writes the same columns."""
    _view(connection, "lines", folder / "orders.csv")
    connection.execute(
        """
        create table entries as
        select
            order_id, customer_id, product_id, order_date::date as day,
            total_price::decimal(18, 4) as amount, true as bought
        from lines
        where status <> 'cancelled'
        """
    )
    if (folder / "returns.csv").exists():
        _view(connection, "returns", folder / "returns.csv")
        connection.execute(
            """
            insert into entries
            select
                returns.order_id, buyers.customer_id, returns.product_id,
                returns.return_date::date, -returns.refund_amount::decimal(18, 4), false
            from returns
            inner join (select distinct order_id, customer_id from entries) as buyers
                using (order_id)
            """
        )


def jaffle_shop(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Entries of jafgen's files, before tax."""
    for name in ("orders", "items", "products"):
        _view(connection, name, folder / f"raw_{name}.csv")
    connection.execute(
        """
        create table entries as
        select
            orders.id as order_id, orders.customer as customer_id, items.sku as product_id,
            orders.ordered_at::timestamp::date as day,
            (products.price::integer / 100)::decimal(18, 4) as amount, true as bought
        from items
        inner join orders on items.order_id = orders.id
        inner join products on items.sku = products.sku
        """
    )


def _view(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    connection.read_csv(str(path), all_varchar=True, header=True, sep=",").create_view(name)


_HABITS = """
with

visits as (
    select distinct customer_id, day
    from entries
    where bought and customer_id is not null
),

gaps as (
    select
        customer_id,
        day - lag(day) over (partition by customer_id order by day) as days,
        day - min(day) over (partition by customer_id) as age
    from visits
),

span as (
    select min(day) as first_day, max(day) as last_day
    from entries
    where bought
),

buyers as (
    select
        visits.customer_id,
        min(visits.day) <= any_value(span.last_day) - 273 as is_seen_39_weeks,
        count(*) > 1 as buys_again
    from visits
    cross join span
    group by visits.customer_id
),

soon as (
    select distinct customer_id
    from gaps
    where age between 1 and 273
),

repeats as (
    select
        count(*) as customers,
        avg((soon.customer_id is not null)::integer) filter (where is_seen_39_weeks) as in_39_weeks,
        avg(buys_again::integer) as overall
    from buyers
    left join soon using (customer_id)
),

customer_sales as (
    select
        sum(amount) as amount,
        row_number() over (order by sum(amount) desc) as place,
        count(*) over () as places
    from entries
    semi join visits using (customer_id)
    group by customer_id
),

product_sales as (
    select
        sum(amount) as amount,
        row_number() over (order by sum(amount) desc) as place,
        count(*) over () as places
    from entries
    where product_id is not null
    group by product_id
    having bool_or(bought)
),

-- no lines where the data has no products
baskets as (
    select count(product_id) as lines
    from entries
    where bought
    group by order_id
),

days as (
    select sum(amount)::double as amount
    from entries
    group by day
    having bool_or(bought)
)

select
    repeats.customers,
    (select count(*) from baskets),
    (select (last_day - first_day + 1) // 7 from span),
    repeats.in_39_weeks,
    repeats.overall,
    (
        select (sum(amount) filter (where place <= ceil(places / 5)))::double / sum(amount)::double
        from customer_sales
    ),
    (select median(days)::double from gaps where days is not null),
    (select nullif(avg(lines), 0) from baskets),
    (select nullif(quantile_disc(lines, 0.9), 0)::double from baskets),
    (
        select (sum(amount) filter (where place <= ceil(places / 5)))::double / sum(amount)::double
        from product_sales
    ),
    (select stddev_pop(amount) / avg(amount) from days)
from repeats
"""

PUBLIC = (
    PublicData(
        "CDNOW",
        "cdnow",
        cdnow,
        "the published tenth of the customers who first bought in the first twelve weeks of 1997,"
        " until June 1998. It has neither lines nor products, and its days are those of one cohort"
        " that thins out.",
    ),
    PublicData(
        "Online Retail",
        "uci_online_retail",
        online_retail,
        "December 2010 to February 2011 of a seller of gifts, many of whose customers are"
        " wholesalers. Nobody is seen for 39 weeks, and fewer buy again in three months than would"
        " in two years.",
    ),
)
#: By the generator's name.
MADE: dict[str, Layout] = {
    "ecomdata": shop,
    "Faker": shop,
    "mimesis": shop,
    "jafgen": jaffle_shop,
}
