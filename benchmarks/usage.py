"""What a command took."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Units: seconds, MB. Which processes count is said by who measures."""

    seconds: float
    cpu_seconds: float
    peak_mb: int
