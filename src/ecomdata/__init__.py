"""EcomData Insights: a shop's CSV exports in, numbers that agree to the cent out."""

from importlib import metadata

__version__ = metadata.version("ecomdata-insights")
