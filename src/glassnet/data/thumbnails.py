"""Thumbnails of 8 by 8 pixels: what the simplest baseline of photos sees, and what shows copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pixels = NDArray[np.uint8]
    Rows = NDArray[np.int64]

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


MOST_DIFFERENT = 3.0
"""Mean difference of the bytes of two copies, at most."""
MOST_ALIKE = 16
"""Photos of one key that are compared: black ones, say, are all alike."""


def copies(pixels: Pixels, known: Rows, held: Rows) -> list[tuple[int, int]]:
    """Return (place in ``held``, place in ``known``) of photos that are held back and known too.

    Two are copies where their thumbnails get brighter at the same places, and their bytes differ by little:
    so another file format hides none.
    """
    first: dict[bytes, list[int]] = {}
    for place, key in zip(known.tolist(), _keys(pixels, known), strict=True):
        first.setdefault(key, []).append(place)
    pairs = []
    for place, key in zip(held.tolist(), _keys(pixels, held), strict=True):
        alike = first.get(key, [])[:MOST_ALIKE]
        twin = next((each for each in alike if _same(pixels[place], pixels[each])), None)
        if twin is not None:
            pairs.append((place, twin))
    return pairs


def _keys(pixels: Pixels, places: Rows) -> list[bytes]:
    """Return for each photo where its grey thumbnail gets brighter from left to right, as bytes."""
    keys = []
    for at in range(0, len(places), AT_ONCE):
        some = pixels[places[at : at + AT_ONCE]]
        grey = thumbnails(some).reshape(len(some), SIDE, SIDE, -1).mean(axis=3)
        brighter = (np.diff(grey, axis=2) > 0).reshape(len(some), -1)
        keys += [each.tobytes() for each in np.packbits(brighter, axis=1)]
    return keys


def _same(one: Pixels, other: Pixels) -> bool:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean()) <= MOST_DIFFERENT
