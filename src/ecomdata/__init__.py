"""EcomData Insights: a shop's CSV exports in, numbers that agree to the cent out."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecomdata.ingest.reading.contents import read

__version__ = "0.1.0"

__all__ = ["__version__", "read"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: the commands start without it."""
    if name == "read":
        from ecomdata.ingest.reading.contents import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
