"""From bytes to text without loss, and text to lines."""

import codecs
import re
from io import StringIO
from itertools import islice

_UNREADABLE = re.compile("[\0\ud800-\udfff]")


def new_decoder(encoding: str) -> codecs.IncrementalDecoder:
    """A decoder that never fails: what is no text becomes lone surrogates, which no text has."""
    is_utf16 = codecs.lookup(encoding).name.startswith("utf-16")
    errors = "surrogatepass" if is_utf16 else "surrogateescape"
    return codecs.getincrementaldecoder(encoding)(errors)


def cut_off(decoder: codecs.IncrementalDecoder) -> str:
    """What the end of the file cuts off, as undecodable as any bad byte."""
    return "".join(chr(0xDC00 + byte) for byte in decoder.getstate()[0])


def is_readable(text: str) -> bool:
    """Whether the text has neither NUL nor a lone surrogate (a byte that could not be decoded)."""
    try:  # three times faster over a block than the pattern
        return "\0" not in text and (text.isascii() or bool(text.encode()))
    except UnicodeEncodeError:
        return False


def readable(text: str) -> str:
    r"""The text, fit to print and to store: NUL and undecodable bytes are written as `\xNN`."""

    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        is_byte = code == 0 or 0xDC80 <= code <= 0xDCFF  # PEP 383
        return f"\\x{code & 0xFF:02x}" if is_byte else f"\\u{code:04x}"

    return _UNREADABLE.sub(escape, text)


def physical_lines(text: str, most: int | None = None) -> list[str]:
    """The lines, or the first of them, with their ends.

    LF, CRLF and CR end a line, and not the rest of what `str.splitlines` takes.
    """
    return list(islice(StringIO(text, newline=""), most))


def whole_lines(text: str) -> int:
    """The length of the text up to its last complete line end; a final CR may be half of a CRLF."""
    return max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
