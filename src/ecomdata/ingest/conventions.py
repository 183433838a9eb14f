"""How a file writes numbers and dates: decided once per file from its values, never per row."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

DecimalMark = Literal[".", ","]
DateOrder = Literal["ymd", "dmy", "mdy"]

#: Over values on a line each, with white space around them.
_COMMA_DECIMALS = re.compile(r",[0-9]{1,2}[^\S\n]*$", re.MULTILINE)
_POINT_DECIMALS = re.compile(r"[.][0-9]{1,2}[^\S\n]*$", re.MULTILINE)
_SPLIT_DATE = re.compile(r"^[^\S\n]*([0-9]{1,2})[/.-]([0-9]{1,2})[/.-][0-9]{4}", re.MULTILINE)
_YEAR_FIRST = re.compile(r"^[^\S\n]*[0-9]{4}[/.-]", re.MULTILINE)
_DIGITS_ALIKE = bytes.maketrans(b"123456789.-", b"000000000//")


#: A date written in another way than so many is a mistake.
MOST_FOR_A_MISTAKE = 9


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
    year_first: int = 0

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

    def puts_years_first(self) -> bool:
        """The file's dates put the year first, and the few others are mistakes to be refused."""
        others = self.day_first + self.month_first + self.either_first
        return self.year_first > MOST_FOR_A_MISTAKE * others


class EvidenceCounter:
    """Counts the evidence of a file while it is read, at the cost of a search where there is none.

    Decimal points are by far the most, and matter only where there are decimal commas: values are
    passed over unless they have a comma. Where a file has both it must be read again,
    `thorough`.

    Args:
        numbers: positions of the columns that tell the decimal mark.
        dates: positions of the columns that tell the order of day and month.
        thorough: pass over nothing, and count the dates that put the year first.
    """

    def __init__(
        self, numbers: Sequence[int], dates: Sequence[int], *, thorough: bool = False
    ) -> None:
        self._numbers = numbers
        self._dates = dates
        self._thorough = thorough
        self._passed_over = False
        self._counts: Counter[str] = Counter()

    @property
    def evidence(self) -> Evidence | None:
        """What was found; None where the file must be read again, thoroughly."""
        if self._counts["comma_decimals"] and self._passed_over:
            return None
        return Evidence(**self._counts)

    def add_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Count in records."""
        self._add_numbers("\n".join([row[i] for i in self._numbers for row in rows]))
        self._add_dates("\n".join([row[i] for i in self._dates for row in rows]))

    def may_matter(self, block: bytes, delimiter: bytes) -> bool:
        """Tell whether plain records may hold evidence: a look at a block, 0.05 s a million.

        A date's year has a separator before it: that is looked for with all digits and separators
        made one, from the end, as separators are fewer than zeros.
        """
        if self._thorough or (self._numbers and delimiter != b"," and b"," in block):
            return True
        if self._dates and block.translate(_DIGITS_ALIKE).rfind(b"/0000") >= 0:
            return True
        self._passed_over |= bool(self._numbers)
        return False

    def _add_numbers(self, values: str) -> None:
        if self._thorough or "," in values:
            self._counts["comma_decimals"] += len(_COMMA_DECIMALS.findall(values))
            self._counts["point_decimals"] += len(_POINT_DECIMALS.findall(values))
        elif values:
            self._passed_over = True

    def _add_dates(self, values: str) -> None:
        if self._thorough:
            self._counts["year_first"] += len(_YEAR_FIRST.findall(values))
        for (first, second), count in Counter(_SPLIT_DATE.findall(values)).items():
            if int(second) <= 12:
                self._counts["day_first" if int(first) > 12 else "either_first"] += count
            elif int(first) <= 12:
                self._counts["month_first"] += count
