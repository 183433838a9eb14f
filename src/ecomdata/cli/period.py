"""The days that a question is about, as options."""

from datetime import date, datetime
from typing import Annotated

import typer

#: How a day is written.
DAY = ["%Y-%m-%d"]
From = Annotated[
    datetime | None, typer.Option("--from", formats=DAY, metavar="DATE", help="First day.")
]
To = Annotated[datetime | None, typer.Option("--to", formats=DAY, metavar="DATE", help="Last day.")]


def day(value: datetime | None) -> date | None:
    """Return an option's value as a day."""
    return value.date() if value else None
