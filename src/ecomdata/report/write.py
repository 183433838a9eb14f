"""Files appear whole or not at all."""

from pathlib import Path
from typing import Any

from ecomdata.errors import UsageError
from ecomdata.report.page import render


def write(data: dict[str, Any], out: Path) -> None:
    """Render the report and write it.

    Raises:
        UsageError: the file cannot be written there.
    """
    page = render(data)
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(page, encoding="utf-8", newline="\n")
        part.replace(out)
    except OSError as exc:
        part.unlink(missing_ok=True)
        raise UsageError(f"{out} cannot be written: {exc.strerror}; name another --out") from exc
