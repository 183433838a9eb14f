"""How sure a finding is among all that was looked at."""

from collections.abc import Sequence
from typing import Final

#: Of what is reported, so much may be chance: the share that the control keeps on average.
FALSE_DISCOVERY_RATE: Final = 0.10
#: What is less rare than this is no finding in any company: its evidence need not be asked for.
CANDIDATE: Final = 0.01


def q_values(p_values: Sequence[float], tests: int) -> list[float]:
    """Return the false-discovery rate at which each is just reported, of so many tests.

    Tests that are not listed count as not significant.

    Source: Benjamini and Hochberg 1995; as q-values Storey 2002 with all nulls true.
    """
    order = sorted(range(len(p_values)), key=lambda at: p_values[at])
    q, least = [1.0] * len(p_values), 1.0
    for rank in range(len(order), 0, -1):
        at = order[rank - 1]
        least = min(least, p_values[at] * max(tests, len(p_values)) / rank)
        q[at] = least
    return q
