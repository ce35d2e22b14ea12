"""Rows held back that are nearly, but not exactly, training rows.

Exact copies are counted elsewhere, once the rows are encoded; these differ by a little noise, by rounding,
or by a second measurement of the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.leak_facts import Leak, Sides, look
from glassnet.errors import message
from glassnet.randomness import stream

if TYPE_CHECKING:
    from glassnet.data.leak_facts import Codes, Floats
    from glassnet.data.roles import ColumnRole

    Points = np.ndarray[tuple[int, int], np.dtype[np.float32]]

CLOSEST_OF = 10
"""What is near is measured against the distance to so many-th closest row of a sample."""
RARELY = 1e-3
"""So seldom may a row be taken for a copy by chance."""
FEWEST = 0.02
"""A smaller share of the rows changes no score; neighbours in a series may be as near as that."""
_CELLS, _PRODUCTS = 4_000_000, 1_600_000_000
"""Training cells and products of cells that are computed with at most."""


def near_duplicate_leak(sides: Sides, roles: Sequence[ColumnRole]) -> Leak | None:
    """Warn of rows held back that are nearly, not exactly, training rows.

    Nearly means two things. The closest training row is far closer than the tenth closest of a sample, by
    as much as happens to one row in a thousand in as many dimensions as the rows really fill. And if the
    columns had nothing to do with each other, no row would be expected so near in every one of them.
    """
    used = [each for each in roles if each.role in ("number", "category", "boolean")]
    chance = stream(0, "leaks", "near")
    work = max(len(used), 1)
    train = _drawn(sides.train, _CELLS // work, chance)
    held = _drawn(sides.held, min(2000, _PRODUCTS // (work * len(train) + 1)), chance)
    if len(held) < 10 or len(train) < 100:
        return None
    points, first = _points(sides, used, np.concatenate([train, held]), chance)
    if len(first) == 0:
        return None
    inside, outside = points[: len(train)], points[len(train) :]
    sample = _drawn(np.arange(len(train)), 2000, chance)
    usual = _sorted_distances(outside, inside[sample], CLOSEST_OF)[:, -1]
    within = _sorted_distances(inside[sample[:500]], inside[sample], CLOSEST_OF + 1)[:, 1:]
    reach = usual * min(0.1, (RARELY / CLOSEST_OF) ** (1 / _dimensions(within)))
    off = np.abs(outside - inside[_closest(outside, inside)]).astype(np.float64)
    distances = np.sqrt((off**2).sum(axis=1))
    expected = len(train) * _as_near_by_chance(off[:, first], inside[:, first], chance)
    near = (distances > 0) & (distances < reach) & (expected < RARELY / 10)
    share = min(float(near.mean()) * len(sides.train) / len(train), 1.0)
    return _near_leak(sides, share, len(held) + len(train)) if near.sum() >= 3 and share >= FEWEST else None


def _near_leak(sides: Sides, share: float, looked_at: int) -> Leak:
    total = round(share * len(sides.held))
    about = "" if looked_at == len(sides.held) + len(sides.train) else "about "
    sentence = message(
        f"no {sides.name} row must be a copy of a training row",
        f"{about}{total} of {len(sides.held)} ({share:.1%}) are nearly training rows",
        f"the scores are too good: take the copies out, or keep them together with --{sides.name} group:COL",
    )
    finding = f"{about}{total} {sides.name} rows are nearly training rows"
    return Leak("near_duplicates", (), finding, sentence, {"rows": float(total), "share": share})


def _drawn(rows: Codes, most: int, chance: np.random.Generator) -> Codes:
    return rows if len(rows) <= most else np.sort(chance.choice(rows, most, replace=False))


def _points(
    sides: Sides, roles: Sequence[ColumnRole], rows: Codes, chance: np.random.Generator
) -> tuple[Points, Codes]:
    """Return rows as points: numbers in standard deviations, each category at a random place of its own.

    And which coordinates to count, one a column; none where fewer than two columns are measurements.
    """
    columns: list[Floats] = []
    first: list[int] = []
    measured = 0
    for role in roles:
        seen = look(sides.cells(role.name, rows), role)
        if seen.levels < 2:
            continue
        first.append(len(columns))
        if seen.numbers is not None and role.role == "number":
            spread = max(float(np.nanstd(seen.numbers)), 1e-300)
            unit = np.clip((seen.numbers - np.nanmean(seen.numbers)) / spread, -8, 8)
            measured += seen.levels > 50
            columns.append(np.where(seen.empty, 9.0, unit))
        else:
            columns += list(chance.normal(size=(seen.levels, 2))[seen.codes].T)
    matrix = np.stack(columns, axis=1) if columns else np.empty((len(rows), 0))
    return matrix.astype(np.float32), np.array(first if measured > 1 else [], dtype=np.int64)


def _as_near_by_chance(off: Floats, points: Points, chance: np.random.Generator) -> Floats:
    """Return how probable it is that a row is so near in each column, if the columns were independent.

    Where values differ, only pairs that differ count: on a grid they are equal or a step apart, no less.
    """
    one, other = chance.integers(len(points), size=(2, 5000))
    usual = np.sort(np.abs(points[one] - points[other]).astype(np.float64), axis=0)
    probable = np.ones(len(off))
    for mine, theirs in zip(off.T, usual.T, strict=True):
        same = np.searchsorted(theirs, 0.0, "right")
        near = np.searchsorted(theirs, mine, "right")
        probable *= (np.where(mine > 0, near - same, same) + 1) / (len(theirs) + 1)
    return probable


def _squares(some: Points, others: Points) -> Points:
    return np.asarray((some**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * some @ others.T)


def _sorted_distances(some: Points, others: Points, count: int) -> Floats:
    """Return the distances of each point to its closest others, shape (points, count), ascending."""
    squares = np.concatenate(
        [np.partition(_squares(part, others), count - 1, axis=1)[:, :count] for part in _pieces(some)]
    )
    return np.asarray(np.sqrt(np.maximum(np.sort(squares, axis=1), 0)), dtype=np.float64)


def _closest(some: Points, others: Points) -> Codes:
    """Return which other point is the closest to each."""
    return np.concatenate([_squares(part, others).argmin(axis=1) for part in _pieces(some)])


def _pieces(some: Points) -> list[Points]:
    return np.array_split(some, max(1, len(some) // 64))


def _dimensions(distances: Floats) -> float:
    """Estimate how many dimensions points fill from the distances to the closest (Levina, Bickel 2004)."""
    far = distances[:, -1]
    usable = (distances[:, 0] > 0) & (far > 0)
    if usable.sum() < 20:
        return 1.0
    logs = np.log(far[usable, None] / distances[usable, :-1]).mean(axis=1)
    return float(max(1 / np.median(logs), 1.0)) if np.median(logs) > 0 else 1.0
