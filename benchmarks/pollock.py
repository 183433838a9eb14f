"""Score `ecomdata read` on files of the Pollock benchmark, without parameters.

Usage: python benchmarks/pollock.py FOLDER [--worst N]
FOLDER has csv/ (the polluted files) and clean/ (what each should read as, under the same name;
the standard file has no twin and needs none).

Source: G. Vitagliano et al., "Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023, section 5.
Measure: of 10 a file: 1 if it is read at all, and precision, recall and F1 of its header's cells,
    of its records (their values in a row, without the borders of cells) and of all its cells, each
    as bags. Values are compared as text, without the paper's normalisation of dates and numbers,
    which makes this no kinder. The mean over the files, and the mean weighted by how many files of
    the paper's survey have what is wrong with a file.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ecomdata.errors import EcomDataError
from ecomdata.ingest.reading.contents import read

#: By the beginning of the name: files of the survey that have what these have, for each of these.
#: Source: pollock_weights.json of github.com/HPI-Information-Systems/Pollock (MIT).
WEIGHTS = {
    "source": 1,
    "file_no_payload": 15,
    "file_no_trailing_newline": 184,
    "file_double_trailing_newline": 5,
    "file_no_header": 470,
    "file_header_multirow": 47,  # of 94, two files
    "file_preamble": 282,
    "file_multitable": 188 / 3,
    "file_header_only": 3,
    "file_one_data_row": 4,
    "file_record_delimiter_0xD": 7,
    "file_record_delimiter_0xA": 1691,
    "file_field_delimiter_0x9": 4,
    "file_field_delimiter_0x3B": 834,
    "file_field_delimiter_0x20": 4,
    "file_field_delimiter_0x2C_0x20": 101,
    "file_quotation_char_0x27": 11,
    "file_escape_char_0x5C": 1,
    "file_escape_char_0x00": 7,
    "row_less_sep": 520 / 1414,
    "row_more_sep": 520 / 1414,
    "row_field_delimiter": 12 / 84,
    "row_extra_quote": 7 / 756,
}


def main() -> None:
    """Print the files' scores, the worst first, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worst", type=int, help="print only so many files")
    arguments = parser.parse_args()
    scores = {
        path.name: score(path, arguments.folder / "clean" / path.name)
        for path in sorted((arguments.folder / "csv").glob("*.csv"))
    }
    for name in sorted(scores, key=lambda name: (scores[name], name))[: arguments.worst]:
        print(f"{scores[name]:7.4f}  {name}")  # noqa: T201
    print(f"{sum(scores.values()) / len(scores):7.4f}  mean of {len(scores)} files")  # noqa: T201
    weights = {name: weight(name) for name in scores}
    weighted = sum(scores[name] * weights[name] for name in scores) / sum(weights.values())
    print(f"{weighted:7.4f}  weighted mean")  # noqa: T201


def weight(name: str) -> float:
    """Return what a file counts for; the longest beginning of its name that is known decides."""
    return WEIGHTS[max(filter(name.startswith, WEIGHTS), key=len)]


def score(path: Path, clean: Path) -> float:
    """Return a file's score, 0 to 10."""
    try:
        contents = read(path)
    except EcomDataError:
        return 0.0
    got = [list(contents.header)] if contents.header else []
    got += [record.fields for record in contents.records]
    with (clean if clean.exists() else path).open(encoding="utf-8-sig", newline="") as file:
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
