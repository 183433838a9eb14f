"""From files to raw tables, with nothing lost on the way."""

from ecomdata.ingest.load import Load, LoadedFile, LoadPlan, load

__all__ = ["Load", "LoadPlan", "LoadedFile", "load"]
