"""From files to raw tables, with nothing lost on the way."""

from ecomdata.ingest.earlier import EarlierFile
from ecomdata.ingest.forget import Forgotten, find_person, forget, places_of
from ecomdata.ingest.load import Load, LoadedFile, LoadPlan, load
from ecomdata.ingest.retain import Retained, retain
from ecomdata.ingest.undo import Undone, undo

__all__ = [
    "EarlierFile",
    "Forgotten",
    "Load",
    "LoadPlan",
    "LoadedFile",
    "Retained",
    "Undone",
    "find_person",
    "forget",
    "load",
    "places_of",
    "retain",
    "undo",
]
