"""Histories of purchases: what can be one, and those that are alike taken together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecomdata.errors import UsageError
from ecomdata.insights.btyd.maximum import Floats


def histories(x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return histories as floats, of one length.

    Raises:
        UsageError: one of them cannot be.
    """
    given = [np.asarray(each, dtype=np.float64) for each in (x, t_x, T)]
    purchases, last, age = (np.atleast_1d(each) for each in np.broadcast_arrays(*given))
    cannot_be = ~(
        np.isfinite(age)
        & (purchases >= 0)
        & (purchases == np.floor(purchases))
        & (last >= 0)
        & (last <= age)
        & ((purchases > 0) | (last == 0))
    )
    if cannot_be.any():
        at = int(np.argmax(cannot_be))
        raise UsageError(
            f"history {at} (x = {purchases[at]:g}, t_x = {last[at]:g}, T = {age[at]:g}) cannot be: "
            "x is a whole number, t_x lies between 0 and T and is 0 where x is"
        )
    return purchases, last, age


def distinct(x: Floats, t_x: Floats, T: Floats) -> tuple[tuple[Floats, ...], NDArray[np.intp]]:
    """Distinct histories, and which of them each is."""
    columns = [np.unique(column, return_inverse=True) for column in (x, t_x, T)]
    sizes = tuple(len(values) for values, _ in columns)
    keys, place = np.unique(
        np.ravel_multi_index(tuple(codes for _, codes in columns), sizes), return_inverse=True
    )
    codes = np.unravel_index(keys, sizes)
    return tuple(v[c] for (v, _), c in zip(columns, codes, strict=True)), place


def grouped(x: Floats, t_x: Floats, T: Floats) -> tuple[tuple[Floats, ...], Floats]:
    """Distinct histories, and how many there are of each."""
    longest = float(T.max()) + 1
    if (x.max() + 1) * longest**2 < 2**53 and (t_x % 1 == 0).all() and (T % 1 == 0).all():
        # Whole days, as from a shop: one number is sorted in a tenth of the time of three.
        keys, counts = np.unique((x * longest + t_x) * longest + T, return_counts=True)
        rest, age = np.divmod(keys, longest)
        return (*np.divmod(rest, longest), age), counts.astype(np.float64)
    order = np.lexsort((T, t_x, x))
    ordered = [column[order] for column in (x, t_x, T)]
    new = np.zeros(len(order), dtype=np.bool_)
    new[0] = True
    for column in ordered:
        new[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(new)
    weight = np.diff(np.append(starts, len(order))).astype(np.float64)
    return tuple(column[starts] for column in ordered), weight
