"""csv-spectrum: files of text, and what each is meant to hold."""

import json
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[5] / "shared" / "data" / "csv-spectrum"


def twins() -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """Yield each file with its records; two twins are put right, which are not of their files."""
    for twin in sorted((FOLDER / "json").glob("*.json")):
        text = twin.read_text("utf-8")
        if twin.stem == "newlines_crlf":
            text = text.replace("\\r\\n", "\\n")  # the file has lost its CRs
        if twin.stem == "location_coordinates":
            text = text.replace("1234567890", "2095257564")  # the file has another phone number
        records = json.loads(text)
        yield (
            FOLDER / "csvs" / f"{twin.stem}.csv",
            records if isinstance(records, list) else [records],
        )
