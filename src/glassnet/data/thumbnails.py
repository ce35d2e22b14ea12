"""Thumbnails of 8 by 8 pixels: what the simplest baseline of photos sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pixels = NDArray[np.uint8]

SIDE = 8
AT_ONCE = 1024
"""Photos that are made smaller at a time, so that a memory-mapped file is never read whole."""


def thumbnails(pixels: Pixels, side: int = SIDE) -> Floats:
    """Return each photo as the mean colours of a grid, from 0 to 1.

    Shape: (photos, height, width, channels) of bytes -> (photos, side * side * channels).

        >>> thumbnails(np.full((2, 32, 48, 3), 255, np.uint8)).shape
        (2, 192)
    """
    starts = range(0, max(len(pixels), 1), AT_ONCE)
    parts = [_means(_means(pixels[at : at + AT_ONCE].astype(np.float64), 1, side), 2, side) for at in starts]
    whole = np.concatenate(parts) / 255.0
    return whole.reshape(len(pixels), side * side * pixels.shape[3])


def _means(values: Floats, axis: int, parts: int) -> Floats:
    """Cut an axis into equal parts and return the mean of each; a short axis gives some parts twice."""
    length = values.shape[axis]
    edges = np.arange(parts + 1) * length // parts
    first = np.minimum(edges[:-1], length - 1)
    count = np.maximum(edges[1:] - edges[:-1], 1)
    sums = np.add.reduceat(values, first, axis=axis) if length >= parts else values.take(first, axis)
    shape = [1] * values.ndim
    shape[axis] = parts
    return np.asarray(sums / count.reshape(shape), dtype=np.float64)
