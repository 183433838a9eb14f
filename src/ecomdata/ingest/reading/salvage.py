"""One damaged line, read as the record it most likely is.

A quote that was not escaped, or that stands alone at the start of a field, leaves few ways to read
its line. `salvage` takes the first that gives the table's number of fields.
"""

from collections.abc import Iterator

MAX_LINE = 1 << 14  # characters; a longer line is not worth the search
_MAX_READINGS = 2_000  # of fields, on one line: a tenth of a second at most
_MAX_FIELDS = 500  # within the depth of the stack


def salvage(line: str, delimiter: str, quote: str, width: int) -> list[str] | None:
    """Read a line without its line end as `width` fields, or return None if no reading has them.

    At each field that starts with a quote, these are tried in turn: it ends at a quote that the
    delimiter or the end of the line follows, the nearest first (quotes within are data, and a
    doubled one is one); or the quote itself is data, and the field ends at the next delimiter.
    """
    most = min(line.count(delimiter) + 1, _MAX_FIELDS)
    if not 0 < width <= most or len(line) > MAX_LINE:
        return None
    readings = 0
    hopeless: set[tuple[int, int]] = set()

    def rest(start: int, left: int) -> list[str] | None:
        """The `left` fields from `start` to the end of the line, last first."""
        nonlocal readings
        if (start, left) in hopeless:
            return None
        for end, is_quoted in _ends(line, start, delimiter, quote):
            readings += 1
            if readings > _MAX_READINGS:
                return None
            found: list[str] | None = None
            if end == len(line):
                found = [] if left == 1 else None
            elif left > 1:
                found = rest(end + len(delimiter), left - 1)
            if found is not None:
                field = line[start:end]
                found.append(field[1:-1].replace(quote * 2, quote) if is_quoted else field)
                return found
        hopeless.add((start, left))
        return None

    fields = rest(0, width)
    return fields and fields[::-1]


def _ends(line: str, start: int, delimiter: str, quote: str) -> Iterator[tuple[int, bool]]:
    """Where the field at `start` may end, and whether it is in quotes then."""
    if line.startswith(quote, start):
        end = line.find(quote, start + 1) + 1
        while end:
            if end == len(line) or line.startswith(delimiter, end):
                yield end, True
            end = line.find(quote, end) + 1
    end = line.find(delimiter, start)
    yield len(line) if end < 0 else end, False
