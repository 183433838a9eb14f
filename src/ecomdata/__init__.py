"""EcomData Insights: a shop's CSV exports in, numbers that agree to the cent out."""

__version__ = "0.1.0"
