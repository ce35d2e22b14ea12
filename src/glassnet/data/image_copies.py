"""Photos that stand on both sides of a split: the same pixels, nearly the same, or mirrored.

Two photos are nearly the same where their grey values, averaged on a grid and brought to mean 0 and length 1,
have an inner product (Pearson's correlation) of at least `NEAR`. A grid of 8 x 8 finds candidates, a finer
one decides. What was saved again, made smaller or given other colours is found, and so are photos of a scene
taken one after the other; what was cropped or turned by more than a little is not. In data where photos are
like each other by nature, such as digits, a copy must be far nearer than other photos are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from glassnet.data.image_cache import Photos

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float32]
    Pixels = NDArray[np.uint8]

NEAR, SURE = 0.97, 0.995
CANDIDATE = 0.96
RANK, STANDS_OUT = 10, 4.0
"""Where photos are alike by nature, one below `SURE` must be so many times nearer than the tenth."""
COARSE, LEAST, FINEST = 8, 16, 32
"""Parts of each side of the grids. Photos that have no 2 pixels for each of `LEAST` parts tell too little."""
MOST = 8
"""So many candidates of each photo are looked at."""
LEAST_SPREAD = 2.0
"""Photos whose grey values have a smaller standard deviation are flat, and like nothing."""
MOST_PAIRS = 4_000_000_000
"""With more pairs of photos only the same pixels are looked for: these take about half a minute."""
TOGETHER, MOST_TOGETHER = 512, 1 << 24
"""Photos, and pairs of photos, that are compared at a time."""
NAMED = 3
Kind = Literal["same", "near", "mirrored"]
GREY = (0.299, 0.587, 0.114)


@dataclass(frozen=True)
class Twin:
    """A test photo and a training photo that is like it.

    Attributes:
        test: row of the one among the photos.
        train: row of the other.
        kind: the same pixels, nearly the same, or nearly the same as in a mirror.
    """

    test: int
    train: int
    kind: Kind


def duplicates_between(photos: Photos, train: Rows, test: Rows) -> tuple[Twin, ...]:
    """Find test photos that stand in training too: one twin for each, in the order of ``test``.

    Args:
        photos: decoded photos.
        train: rows of those that train or choose.
        test: rows of those that judge.
    """
    found = _same(photos.pixels, train, test)
    if len(train) * len(test) <= MOST_PAIRS:
        rest = np.array([row for row in test.tolist() if row not in found], np.int64)
        for one, other in _near(photos.pixels, train, rest, mirrored=False):
            found[one] = Twin(one, other, "near")
        for one, other in _near(photos.pixels, train, rest, mirrored=True):
            found.setdefault(one, Twin(one, other, "mirrored"))
    return tuple(found[row] for row in test.tolist() if row in found)


def told_duplicates(photos: Photos, twins: tuple[Twin, ...], tested: int) -> str | None:
    """Say in one sentence which test photos stand in training too; None where none does.

    Args:
        photos: decoded photos.
        twins: what `duplicates_between` found.
        tested: number of test photos.
    """
    if not twins:
        return None
    words = {"same": "the same", "near": "nearly the same", "mirrored": "mirrored"}
    counts = [(sum(each.kind == kind for each in twins), word) for kind, word in words.items()]
    kinds = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    names = [f"{photos.names[each.test]} and {photos.names[each.train]}" for each in twins[:NAMED]]
    more = f" and {len(twins) - NAMED:,} more" if len(twins) > NAMED else ""
    other = (
        sum(photos.labels[each.test] != photos.labels[each.train] for each in twins) if photos.labels else 0
    )
    labels = f"; {other:,} of them have another class there" if other else ""
    return (
        f"{len(twins):,} of {tested:,} test photos stand in training too ({kinds}): "
        f"{', '.join(names)}{more}{labels}"
    )


def _same(pixels: Pixels, train: Rows, test: Rows) -> dict[int, Twin]:
    known = {_digest(pixels[row]): row for row in train[::-1].tolist()}
    twins = ((row, known.get(_digest(pixels[row]))) for row in test.tolist())
    return {row: Twin(row, twin, "same") for row, twin in twins if twin is not None}


def _digest(pixels: Pixels) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(pixels).data).digest()


def _near(pixels: Pixels, train: Rows, test: Rows, *, mirrored: bool) -> Iterator[tuple[int, int]]:
    """Give the most similar training photo of each test photo that has one."""
    side = min(FINEST, min(pixels.shape[1:3]) // 2)
    if side < LEAST or not len(train) or not len(test):
        return
    known = _marks(pixels, train, COARSE)
    step = max(1, min(TOGETHER, MOST_TOGETHER // len(train)))
    for start in range(0, len(test), step):
        some = test[start : start + step]
        ones, others, clear = _candidates(_marks(pixels, some, COARSE, mirrored) @ known.T)
        if len(ones):
            fine = _marks(pixels, some[ones], side, mirrored) * _marks(pixels, train[others], side)
            scores = fine.sum(axis=1)
            alike = (scores >= SURE) | (clear & (scores >= NEAR))
            for one in np.unique(ones[alike]).tolist():
                places = np.flatnonzero((ones == one) & alike)
                yield int(some[one]), int(train[others[places[scores[places].argmax()]]])


def _candidates(scores: Floats) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    """Return the places (row, column) of the most similar, and which stand out from others of their row."""
    rank = min(RANK, max(2, scores.shape[1] // 4), scores.shape[1])
    rows = np.flatnonzero(scores.max(axis=1) >= CANDIDATE)
    usual = np.zeros(len(scores), np.float32)
    for row in rows:
        ordered = np.partition(scores[row], (-rank, -min(MOST, scores.shape[1])))
        usual[row] = ordered[-rank]
        scores[row][scores[row] < ordered[-min(MOST, scores.shape[1])]] = 0.0
    ones, others = np.nonzero(scores >= CANDIDATE)
    clear = STANDS_OUT * (1 - scores[ones, others]) <= 1 - usual[ones]
    return ones.astype(np.int64), others.astype(np.int64), clear


def _marks(pixels: Pixels, rows: Rows, side: int, mirrored: bool = False) -> Floats:
    """Return grey values on a grid, brought to mean 0 and length 1; flat photos are 0 everywhere.

    Returns:
        Shape (rows, side * side).
    """
    _, height, width, channels = pixels.shape
    weights = np.array(GREY if channels == 3 else (1.0,), np.float32)
    downs, rights = _averages(height, side), _averages(width, side)
    if mirrored:
        rights = rights[::-1]
    marks = np.empty((len(rows), side * side), np.float32)
    for start in range(0, len(rows), TOGETHER):
        grey = pixels[rows[start : start + TOGETHER]] @ weights
        marks[start : start + TOGETHER] = (downs @ grey @ rights.T).reshape(len(grey), -1)
    marks -= marks.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(marks, axis=1, keepdims=True)
    flat = lengths <= LEAST_SPREAD * side
    return np.where(flat, np.float32(0), marks / np.where(flat, np.float32(1), lengths))


def _averages(size: int, parts: int) -> Floats:
    """Return the matrix (parts, size) that averages over equal parts of an axis."""
    edges = np.linspace(0, size, parts + 1)
    places = np.arange(size)
    overlap = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return np.asarray(np.maximum(overlap, 0) * parts / size, np.float32)
