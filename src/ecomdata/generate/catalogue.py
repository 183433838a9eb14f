"""The products: what they are called, what they cost, how often they are bought and sent back."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, TypedDict

import numpy as np

from ecomdata.generate.csvtext import csv_bytes, digits, money, side_by_side, table
from ecomdata.generate.draws import Ints, Purpose, below, bits, in_proportion, words
from ecomdata.generate.plan import ShopPlan

COLUMNS: Final = ("product_id", "product_name", "category", "price", "unit_cost")

#: How far the best seller stands above the rest: popularity goes with 1 / (rank + SHIFT).
SHIFT: Final = 4
#: Prices end on one of these.
ENDINGS: Final = (99, 99, 95, 49)
#: Coprime to the number of names of every category: walks through all of them before a repeat.
STRIDE: Final = 7_919


class _Category(TypedDict):
    share: int
    cost_percent: list[int]
    return_percent: int
    makers: list[str]
    styles: list[str]
    items: dict[str, list[int]]


@dataclass(frozen=True)
class Catalogue:
    """The products, by index.

    Args:
        names: distinct.
        categories: of each product.
        prices: list price of one unit, cents.
        costs: cost of one unit to the shop, cents.
        return_percents: how many in a hundred sold lines come back, given time.
        popularity: a table of products, each as often as it is bought.
    """

    names: list[str]
    categories: list[str]
    prices: Ints
    costs: Ints
    return_percents: Ints
    popularity: Ints


def make_catalogue(plan: ShopPlan) -> Catalogue:
    """The plan's products."""
    pool: dict[str, _Category] = json.loads(
        files("ecomdata.generate.pools").joinpath("catalogue.json").read_text("utf-8")
    )["categories"]
    titles = list(pool)
    word = words(plan.seed, Purpose.PRODUCT, 0, plan.product_count)
    category_of = in_proportion([pool[title]["share"] for title in titles], 10)[bits(word, 0, 10)]
    luck = bits(word, 10, 16)
    cost_luck = below(word, 26, 1_000)
    made = [0] * len(titles)
    names, prices, costs = [], [], []
    for index, number in enumerate(category_of.tolist()):
        category = pool[titles[number]]
        name, item = _name(category, plan.seed, made[number])
        made[number] += 1
        low, high = (100 * euros for euros in category["items"][item])
        price = low + ((high - low) * int(luck[index]) ** 2 >> 32)
        price = price // 100 * 100 + ENDINGS[int(luck[index]) % len(ENDINGS)]
        least, most = (10 * percent for percent in category["cost_percent"])
        names.append(name)
        prices.append(price)
        costs.append(price * (least + (most - least) * int(cost_luck[index]) // 1_000) // 1_000)
    return Catalogue(
        names=names,
        categories=[titles[number] for number in category_of.tolist()],
        prices=np.array(prices, dtype=np.int64),
        costs=np.array(costs, dtype=np.int64),
        return_percents=np.array([pool[title]["return_percent"] for title in titles])[category_of],
        popularity=_popularity(plan),
    )


def _name(category: _Category, seed: int, made: int) -> tuple[str, str]:
    """The name of a category's next product, and the item that it is."""
    makers, styles, items = category["makers"], category["styles"], list(category["items"])
    combinations = len(makers) * len(styles) * len(items)
    walk, item = divmod((seed + made) * STRIDE % combinations, len(items))
    maker, style = divmod(walk, len(styles))
    name = f"{makers[maker]} {styles[style]} {items[item]}"
    series = made // combinations + 1
    return (name if series == 1 else f"{name} {series}"), items[item]


def _popularity(plan: ShopPlan) -> Ints:
    """Zipf-Mandelbrot over the products in an order of chance, less the last hundredth."""
    order = np.argsort(words(plan.seed, Purpose.POPULARITY, 0, plan.product_count), kind="stable")
    selling = plan.product_count - plan.product_count // 100
    ranks = np.arange(1, selling + 1, dtype=np.int64)
    return order[in_proportion((1 << 36) // (ranks + SHIFT), 16)].astype(np.int64)


def product_lines(catalogue: Catalogue) -> bytes:
    """The lines of products.csv."""
    count = len(catalogue.names)
    return csv_bytes(
        count,
        side_by_side(count, b"P", digits(np.arange(1, count + 1), 5)),
        table(catalogue.names),
        table(catalogue.categories),
        money(catalogue.prices),
        money(catalogue.costs),
    )
