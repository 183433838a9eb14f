"""How a file writes numbers and dates: decided once per file from its values, never per row."""

from dataclasses import dataclass
from typing import Literal

DecimalMark = Literal[".", ","]
DateOrder = Literal["ymd", "dmy", "mdy"]


@dataclass(frozen=True)
class Conventions:
    """What a file's numbers and dates mean."""

    decimal_mark: DecimalMark
    date_order: DateOrder


@dataclass(frozen=True)
class Evidence:
    """How many values of a file speak for which convention."""

    point_decimals: int = 0
    comma_decimals: int = 0
    day_first: int = 0
    month_first: int = 0
    either_first: int = 0

    def decimal_mark(self) -> DecimalMark:
        """The mark that more of the file's numbers are written with; a point where none tell."""
        return "," if self.comma_decimals > self.point_decimals else "."

    def date_order(self) -> DateOrder | None:
        """The order that more of the file's dates need; None where days could be months."""
        if self.day_first > self.month_first:
            return "dmy"
        if self.month_first > self.day_first:
            return "mdy"
        return None if self.either_first or self.day_first else "ymd"
