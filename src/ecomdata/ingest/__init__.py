"""From files to raw tables, with nothing lost on the way."""

from ecomdata.ingest.earlier import EarlierFile
from ecomdata.ingest.load import Load, LoadedFile, LoadPlan, load
from ecomdata.ingest.undo import Undone, undo

__all__ = ["EarlierFile", "Load", "LoadPlan", "LoadedFile", "Undone", "load", "undo"]
