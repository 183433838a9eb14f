"""The loads of a shop as rows of numbers, one number a load."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecomdata.insights.alarms.profiles import Key, Profile
from ecomdata.insights.windows import Floats


@dataclass(frozen=True)
class History:
    """Profiles in the order of their loads."""

    profiles: Sequence[Profile]

    def of(self, key: Key) -> Floats:
        """Return a count of every load, 0 where it has none."""
        return self._counts.get(key, np.zeros(len(self.profiles)))

    def values(self, entity: str, variable: str) -> list[str]:
        """Return all values of a variable, in order."""
        return self._values.get((entity, variable), [])

    @property
    def keys(self) -> Iterable[Key]:
        """All that is counted of some load."""
        return self._counts

    def with_records(self, entity: str, at: int) -> NDArray[np.int64]:
        """Return the places before one of the loads that have records of an entity."""
        return np.flatnonzero(self.of(Key(entity, "records"))[:at] > 0)

    @cached_property
    def lags(self) -> Floats:
        """Days from the newest order of each load to the load, NaN where it has none."""
        last = self.of(Key("orders", "last day"))
        loaded = np.array([float(each.loaded_at.date().toordinal()) for each in self.profiles])
        return np.where(last > 0, loaded - last, np.nan)

    @cached_property
    def _counts(self) -> dict[Key, Floats]:
        counts: dict[Key, Floats] = {}
        for at, profile in enumerate(self.profiles):
            for key, number in profile.counts.items():
                if key not in counts:
                    counts[key] = np.zeros(len(self.profiles))
                counts[key][at] = number
        return counts

    @cached_property
    def _values(self) -> dict[tuple[str, str], list[str]]:
        values: dict[tuple[str, str], list[str]] = {}
        for key in sorted(self._counts):
            values.setdefault((key.entity, key.variable), []).append(key.value)
        return values
