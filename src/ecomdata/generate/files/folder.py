"""A shop's folder: made beside its place, and moved there when it is whole."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ecomdata.errors import UsageError

TRUTH: Final = "truth"
PLAN: Final = f"{TRUTH}/plan.json"
#: What a shop's files are called, those of days that were added later by their day.
_FILE: Final = re.compile(
    r"(products|(customers|orders|returns)(-\d{4}-\d\d-\d\d)?)\.(csv|csv\.gz|parquet)"
)


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `out`, an earlier shop, when the work is done.

    Raises:
        UsageError: the folder is something else than a shop that was made earlier, or cannot be
            written.
    """
    try:
        _demand_replaceable(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
            folder = Path(beside, "new")
            Path(folder, TRUTH).mkdir(parents=True)
            yield folder
            _move_in(folder, out, Path(beside, "earlier"))
    except OSError as exc:
        raise UsageError(
            f"cannot write the shop to {out}: {exc}: free the space or the permission it needs, "
            "or give another folder"
        ) from exc


def _demand_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise UsageError(f"{out} is a file: give a folder for the shop")
    if out.is_mount() or Path.cwd().is_relative_to(out):
        raise UsageError(
            f"{out} is in use as a mount point or working folder and cannot be replaced: "
            "give a folder inside it"
        )
    foreign = [path.name for path in out.iterdir() if not _is_of_a_shop(path.name)]
    if foreign:
        raise UsageError(
            f"{out} holds what is no part of a shop ({min(foreign)}) and is left as it is: "
            "give an empty or a new folder"
        )
    if any(out.iterdir()) and not Path(out, PLAN).is_file():
        raise UsageError(
            f"{out} is not empty and was not made by `ecomdata generate` (no {PLAN}): "
            "give an empty or a new folder"
        )


def _is_of_a_shop(name: str) -> bool:
    return name == TRUTH or _FILE.fullmatch(name) is not None


def _move_in(folder: Path, out: Path, earlier: Path) -> None:
    try:
        if out.exists():
            out.rename(earlier)
        folder.rename(out)
    except BaseException:
        if earlier.exists() and not out.exists():
            earlier.rename(out)
        raise
