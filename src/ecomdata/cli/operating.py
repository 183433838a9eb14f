"""The commands that keep a warehouse for years."""

from dataclasses import asdict
from typing import Annotated

import typer

from ecomdata.cli.options import Options


def forget(
    options: Options,
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The shop's id, or the e-mail address.")
    ],
) -> None:
    """Erase a person from every table; orders and sums stay, under a pseudonym.

    Later loads of exports that still name the person are changed as they come in.

    Example: ecomdata forget C000123
    """
    forgotten = options.pipeline().forget(customer)
    changed = ", ".join(f"{count:,} {name}" for name, count in forgotten.rows.items())
    options.terminal.answer(
        asdict(forgotten),
        f"forgotten, now {forgotten.pseudonym}: {changed or 'no'} records changed, "
        f"{forgotten.texts:,} unreadable ones erased. Exports, backups and reports of before still "
        "name the person: delete them",
    )
