"""The grammar of delimited text, one record at a time.

`dialect` reads a file's header with it, and `reader` every record that is not plain.
"""

import re
import sys
from bisect import bisect_right
from functools import cache, lru_cache
from typing import Literal

Fault = Literal["open", "malformed"]


def parse_record(
    text: str,
    start: int,
    stop: int,
    delimiter: str,
    quote: str,
    escape: str = '"',
    most: int = sys.maxsize,
) -> tuple[list[str], int, Fault | None]:
    """Read one record: RFC 4180, with a stray quote inside an unquoted field kept as data.

    Returns its fields, the position after its line end, and None; or, where it goes wrong, the
    fields before, the position of the fault, and "open" (a quote that is not closed before `stop`)
    or "malformed" (text after a closing quote). With more than `most` fields it ends there and
    then: quotes gone wrong can make one record of a whole file.
    """
    fields: list[str] = []
    position = start
    while True:
        if text.startswith(quote, position, stop):
            end = _closing_quote(text, position, stop, delimiter, quote, escape)
            if end < 0:
                return fields, stop, "open"
            fields.append(_unescaped(text[position + 1 : end], quote, escape))
            position = end + 1
        else:
            end = _bare_end(text, position, delimiter)
            fields.append(text[position:end])
            position = end
        if len(fields) > most and fields[-1]:
            return fields, position, None
        follower = text[position : position + 1]
        if text.startswith(delimiter, position):
            position += len(delimiter)
        elif follower in "\r\n":
            end = position + (2 if text.startswith("\r\n", position) else len(follower))
            return fields, end, None
        else:
            return fields, position, "malformed"


def _closing_quote(
    text: str, opening: int, stop: int, delimiter: str, quote: str, escape: str
) -> int:
    if escape == quote:
        end = text.find(quote, opening + 1, stop)
        while end >= 0 and text.startswith(quote, end + 1, stop):
            end = text.find(quote, end + 2, stop)
        return end
    found = _free_quotes(text, delimiter, quote, escape)
    at = bisect_right(found, opening)
    return found[at] if at < len(found) and found[at] < stop else -1


@lru_cache(maxsize=2)
def _free_quotes(text: str, delimiter: str, quote: str, escape: str) -> list[int]:
    """Where quotes stand that close a field: not escaped, and at a field's end.

    They are looked up once a text: a quote that nothing closes is looked for to the end of it, and
    each line may have one (16 KB of such lines took minutes).
    """
    q, e = re.escape(quote), re.escape(escape)
    before = f"(?<!{e})(?:{e}{e})*" if escape else ""
    closing = re.compile(rf"{before}{q}(?={re.escape(delimiter)}|[\r\n]|\Z)")
    return [match.end() - 1 for match in closing.finditer(text)]


def _unescaped(content: str, quote: str, escape: str) -> str:
    if escape == quote:
        return content.replace(quote * 2, quote)
    return _escaped(quote, escape).sub(r"\1", content) if escape else content


@cache
def _escaped(quote: str, escape: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(escape)}([{re.escape(quote + escape)}])")


def _bare_end(text: str, start: int, delimiter: str) -> int:
    match = _bare(delimiter).match(text, start)
    assert match is not None  # it matches nothing, too
    return match.end()


@cache
def _bare(delimiter: str) -> re.Pattern[str]:
    if len(delimiter) == 1:
        return re.compile(rf"[^{re.escape(delimiter)}\r\n]*")
    return re.compile(rf"(?:(?!{re.escape(delimiter)})[^\r\n])*")
