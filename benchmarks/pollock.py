"""Score `ecomdata read` on files of the Pollock benchmark, without parameters.

Usage: python benchmarks/pollock.py FOLDER [--worst N]
FOLDER has csv/ (the polluted files) and clean/ (what each should read as, under the same name).

Source: G. Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023, section 5.
Measure: of 10 a file: 1 if it is read at all, and precision, recall and F1 of its header's cells,
    of its records (their values in a row, without the borders of cells) and of all its cells, each
    as bags. Values are compared as text, without the paper's normalisation of dates and numbers,
    which makes this no kinder. Simple mean over the files; the paper's weights are not public data
    of this project.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ecomdata.errors import EcomDataError
from ecomdata.ingest.reading.contents import read

Row = list[str]


def main() -> None:
    """Print the files' scores, the worst first, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worst", type=int, help="print only so many files")
    arguments = parser.parse_args()
    scores = {
        clean.name: score(arguments.folder / "csv" / clean.name, clean)
        for clean in sorted((arguments.folder / "clean").glob("*.csv"))
    }
    for name in sorted(scores, key=lambda name: (scores[name], name))[: arguments.worst]:
        print(f"{scores[name]:7.4f}  {name}")  # noqa: T201
    print(f"{sum(scores.values()) / len(scores):7.4f}  mean of {len(scores)} files")  # noqa: T201


def score(path: Path, clean: Path) -> float:
    """Return a file's score, 0 to 10."""
    try:
        contents = read(path)
    except EcomDataError:
        return 0.0
    got = [list(contents.header)] if contents.header else []
    got += [record.fields for record in contents.records]
    with clean.open(encoding="utf-8-sig", newline="") as file:
        wanted = list(csv.reader(file))
    if not wanted:
        return 10.0
    return (
        1
        + _agreement(wanted[0], got[0] if got else [])
        + _agreement(map("".join, wanted[1:]), map("".join, got[1:]))
        + _agreement(
            (cell for row in wanted for cell in row), (cell for row in got for cell in row)
        )
    )


def _agreement(wanted: Iterable[str], got: Iterable[str]) -> float:
    """Precision, recall and F1 of a bag of values, added up."""
    bag, other = Counter(wanted), Counter(got)
    shared = (bag & other).total()
    if not bag:
        return 3.0
    if not shared:
        return 0.0
    precision, recall = shared / other.total(), shared / bag.total()
    return precision + recall + 2 * precision * recall / (precision + recall)


if __name__ == "__main__":
    main()
