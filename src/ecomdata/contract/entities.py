"""The four entities of a shop: the only place where their columns are declared.

The raw tables' DDL, the generator's files, the connectors' output and the brief's own CSV
headers all come from here.
"""

from dataclasses import dataclass
from typing import Final

#: Columns that every raw table carries beside the contract's: where the row came from.
PROVENANCE: Final = (("_load_id", "bigint"), ("_file", "text"), ("_line", "bigint"))


@dataclass(frozen=True)
class Column:
    """One column of an entity.

    Args:
        name: the column's name in the contract.
        meaning: one sentence with the unit and what a missing value means.
        required: a record without it is quarantined.
    """

    name: str
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Entity:
    """One kind of record, at one grain.

    Args:
        name: plural, and the name of its raw table.
        grain: what one row is.
        columns: in the contract's order.
        stated_by: the columns that name the thing a statement states whole: the latest one
            that contains them replaces what earlier ones said.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    stated_by: tuple[str, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns that a source must have."""
        return tuple(column.name for column in self.columns if column.required)


ENTITIES: Final = (
    Entity(
        "customers",
        "one customer",
        (
            Column("customer_id", "The shop's id of the customer.", required=True),
            Column("name", "Full name; personal data."),
            Column("email", "E-mail address; personal data."),
            Column("country", "Country, as the shop names it."),
            Column("signup_date", "Day the account was made."),
        ),
        stated_by=("customer_id",),
    ),
    Entity(
        "products",
        "one product",
        (
            Column("product_id", "The shop's id of the product.", required=True),
            Column("product_name", "Name shown to buyers."),
            Column("category", "Category, as the shop names it."),
            Column("price", "List price of one unit, in the shop's currency."),
            Column("unit_cost", "Cost of one unit to the shop, in the shop's currency."),
        ),
        stated_by=("product_id",),
    ),
    Entity(
        "orders",
        "one order line",
        (
            Column("order_id", "The shop's id of the order.", required=True),
            Column("customer_id", "Who bought; missing for a guest."),
            Column("product_id", "What was bought.", required=True),
            Column("quantity", "Units sold; above zero.", required=True),
            Column("total_price", "Price of the line after discount.", required=True),
            Column("order_date", "Day or moment of the order, UTC.", required=True),
            Column("line_number", "Number of the line within the order."),
            Column("unit_price", "Price of one unit before discount."),
            Column("discount_amount", "Discount on the whole line, zero or more."),
            Column("status", "State of the order; 'cancelled' takes it back."),
            Column("currency", "ISO 4217 code of the amounts."),
            Column("channel", "Where the order was placed."),
        ),
        stated_by=("order_id",),
    ),
    Entity(
        "returns",
        "one returned line",
        (
            Column("order_id", "The order that is returned from.", required=True),
            Column("product_id", "What came back.", required=True),
            Column("quantity", "Units returned, above zero; missing: not known, counted as 0."),
            Column("refund_amount", "Money given back, zero or more.", required=True),
            Column("return_date", "Day the return was processed."),
            Column("return_id", "The shop's id of the return."),
            Column("reason", "Why, in the shop's words."),
            Column(
                "customer_id",
                "Who returned, where the source says so; else the order's customer.",
            ),
        ),
        stated_by=("order_id", "return_id"),
    ),
)


def entity(name: str) -> Entity:
    """Return the entity of that name.

    Raises:
        KeyError: the contract has no such entity.
    """
    for candidate in ENTITIES:
        if candidate.name == name:
            return candidate
    raise KeyError(name)
