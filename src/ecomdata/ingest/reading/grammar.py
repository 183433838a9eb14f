"""The grammar of delimited text, one record at a time.

`dialect` reads a file's header with it, and `reader` every record that is not plain.
"""

import re
import sys
from functools import cache
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
    end = text.find(quote, opening + 1, stop)
    if escape == quote:
        while end >= 0 and text.startswith(quote, end + 1, stop):
            end = text.find(quote, end + 2, stop)
        return end
    while end >= 0:
        before = end
        while escape and before > opening + 1 and text[before - 1] == escape:
            before -= 1
        is_free = (end - before) % 2 == 0
        if is_free and (text[end + 1 : end + 2] in "\r\n" or text.startswith(delimiter, end + 1)):
            return end
        end = text.find(quote, end + 1, stop)
    return end


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
