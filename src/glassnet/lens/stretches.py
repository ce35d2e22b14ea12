"""Where in time a model is much worse than elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST = 200
"""Of fewer rows nothing is said."""
PARTS, ROWS_EACH = 24, 20
"""Time is cut into so many parts of equally many rows, fewer where there would be fewer rows in each."""
MOST = 0.25
"""A stretch is at most this share of the rows: more is no exception."""
TIMES, SURE = 1.5, 6.0
"""It is named where its error is so many times that of the rest, and so many standard deviations above it."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of time in which errors are much larger.

    Attributes:
        first, last: of its rows, in seconds since 1970.
        rows: how many.
        inside, outside: the mean error in it and elsewhere.
        places: (rows,), which rows these are.
    """

    first: float
    last: float
    rows: int
    inside: float
    outside: float
    places: NDArray[np.int64]


def worst_stretch(times: Floats, errors: Floats) -> Stretch | None:
    """Return the stretch that stands out most; None where none does.

    Every run of neighbouring parts is compared with the rest. What a run's mean would vary by is taken from
    how the means of the other parts vary, so that parts that differ anyway do not stand out.

    Args:
        times: (n,), seconds since 1970.
        errors: (n,), 0 or above: sizes of errors, or 1 for a wrong answer.
    """
    parts = int(np.clip(len(times) // ROWS_EACH, 0, PARTS))
    if len(times) < FEWEST:
        return None
    cut = _cut(times, parts)
    parts = len(cut)
    means = np.array([errors[each].mean() for each in cut])
    found, best = None, SURE
    for length in range(1, int(MOST * parts) + 1):
        for start in range(parts - length + 1):
            inside = np.zeros(parts, dtype=bool)
            inside[start : start + length] = True
            rest = means[~inside]
            spread = rest.std(ddof=1) * np.sqrt(1 / length + 1 / len(rest))
            gap = means[inside].mean() - rest.mean()
            if gap > best * spread and gap > (TIMES - 1) * rest.mean():
                found, best = inside, gap / max(spread, 1e-300)
    if found is None:
        return None
    rows = np.concatenate([part for part, is_in in zip(cut, found, strict=True) if is_in])
    others = np.concatenate([part for part, is_in in zip(cut, found, strict=True) if not is_in])
    typical = float(np.delete(errors[rows], errors[rows].argmax()).mean())
    if typical < TIMES * errors[others].mean():  # one row makes no stretch
        return None
    return Stretch(
        first=float(times[rows].min()),
        last=float(times[rows].max()),
        rows=len(rows),
        inside=float(errors[rows].mean()),
        outside=float(errors[others].mean()),
        places=rows,
    )


def _cut(times: Floats, parts: int) -> list[NDArray[np.int64]]:
    """Cut rows into parts by time, about equally many in each; rows of one moment stay together."""
    order = np.argsort(times, kind="stable")
    moments = times[order]
    starts = np.searchsorted(moments, moments[np.arange(parts) * len(times) // parts])
    return [part for part in np.split(order, np.unique(starts)) if len(part)]
