"""Which rows train, which choose (validation), which judge (test).

Every function is a pure function of its arguments: the same seed and rows give the same split.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import DataError, message
from glassnet.notation import SplitSpec
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

DAY = 86400.0
HASHED = 1024  # rows at a time: what is needed beside them fits a cache


@dataclass(frozen=True)
class Fold:
    """Row positions of one training: three disjoint ascending arrays, ``test`` may be empty."""

    train: Rows
    validation: Rows
    test: Rows

    def judged(self) -> tuple[str, Rows]:
        """Return which rows are judged: test rows, else validation rows, else training rows."""
        split = "test" if len(self.test) else "validation" if len(self.validation) else "train"
        rows: Rows = getattr(self, split)
        return split, rows


@dataclass(frozen=True)
class RowFacts:
    """What the splits may look at, one entry a row.

    Attributes:
        count: number of rows.
        times: seconds, shape (count,), or None where there is no time column; NaN is not allowed.
        classes: class index to stratify by, shape (count,), or None.
        groups: group index, shape (count,), or None.
    """

    count: int
    times: NDArray[np.float64] | None = None
    classes: Rows | None = None
    groups: Rows | None = None


def default_test(facts: RowFacts) -> SplitSpec:
    """Return the test split of a table that asks for none: by time where there is a time, else at random."""
    return SplitSpec("random", fraction=0.2) if facts.times is None else SplitSpec("last", fraction=0.2)


def validation_like(test: SplitSpec, facts: RowFacts) -> SplitSpec:
    """Return the validation split that is cut the same way as the test split."""
    if test.kind == "windows":
        return SplitSpec("last", test.rows, test.fraction, test.seconds)
    if test.kind == "repeat":
        return SplitSpec("random", fraction=test.fraction)
    return default_test(facts) if test.kind in ("none", "file", "cv") else test


def make_folds(facts: RowFacts, test: SplitSpec, validation: SplitSpec, seed: int) -> tuple[Fold, ...]:
    """Cut the rows into one fold, or into several for ``cv``, ``windows`` and ``repeat``.

    Raises:
        DataError: the split asks for what the rows do not have, or leaves no row to train on.
    """
    everything = np.arange(facts.count, dtype=np.int64)
    if test.kind == "cv":
        tests = [(everything, held) for held in _cross_validation(facts, test.count, seed)]
    elif test.kind == "windows":
        tests = _windows(facts, test, seed)
    elif test.kind == "repeat":
        tests = [(everything, held) for held in _repeats(facts, everything, test, seed)]
    else:
        tests = [(everything, cut(facts, everything, test, seed, "test"))]
    folds = []
    for number, (available, held) in enumerate(tests):
        rest = np.setdiff1d(available, held, assume_unique=True)
        chosen = cut(facts, rest, validation, seed, f"validation {number}" if number else "validation")
        folds.append(Fold(np.setdiff1d(rest, chosen, assume_unique=True), chosen, held))
    return tuple(folds)


def cut(facts: RowFacts, rows: Rows, spec: SplitSpec, seed: int, name: str) -> Rows:
    """Return the rows (ascending) that a split sets aside out of ``rows``; the others stay.

    Raises:
        DataError: see :func:`make_folds`.
    """
    if spec.kind == "none":
        return rows[:0]
    if spec.kind == "last":
        held = _last(facts, rows, spec)
    elif spec.kind == "group":
        held = _whole_groups(facts, rows, spec.fraction or 0.2, seed, name)
    else:
        held = _at_random(facts, rows, spec.fraction or 0.2, seed, name)
    if not 0 < len(held) < len(rows):
        raise DataError(
            message(
                f"the {name} split must leave rows on both sides",
                f"it takes {len(held)} of {len(rows)} rows",
                "ask for another share, or write none",
            )
        )
    return np.sort(held)


def day_of_each_row(times: NDArray[np.float64]) -> Rows:
    """Return the whole day (days since 1970-01-01) of each row: the unit that time splits resample."""
    return np.floor(times / DAY).astype(np.int64)


def shared_rows(inputs: NDArray[np.float32], targets: NDArray[np.float64], fold: Fold) -> int:
    """Count the test rows whose inputs and target all stand in a training or validation row as well.

    Args:
        inputs: encoded inputs, shape (rows, width).
        targets: shape (rows,) or (rows, targets).
        fold: which rows are on which side.
    """
    prints = _fingerprints(inputs) + np.uint64(3) * _fingerprints(targets.reshape(len(inputs), -1))
    known = np.union1d(prints[fold.train], prints[fold.validation])
    return int(np.isin(prints[fold.test], known).sum())


def _fingerprints(matrix: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.uint64]:
    """Hash each row to 64 bits, some rows at a time, so that nothing as large as the matrix is made."""
    draws = stream(0, "fingerprint").integers(2**62, size=matrix.shape[1], dtype=np.uint64)
    factors = np.atleast_1d(draws * np.uint64(2) + np.uint64(1))
    prints = np.empty(len(matrix), np.uint64)
    for start in range(0, len(matrix), HASHED):
        bits = (matrix[start : start + HASHED].astype(np.float64) + 0.0).view(np.uint64)
        bits = (bits ^ (bits >> np.uint64(29))) * factors
        prints[start : start + HASHED] = ((bits ^ (bits >> np.uint64(32))) * factors).sum(axis=1)
    return prints


def _last(facts: RowFacts, rows: Rows, spec: SplitSpec) -> Rows:
    if spec.seconds is not None:
        if facts.times is None:
            raise DataError(
                message(
                    "a split by time needs a column of dates",
                    "no column has the role date",
                    "name one with --role COL=date, or set aside a number of rows: last:500",
                )
            )
        times = facts.times[rows]
        return rows[times > times.max() - spec.seconds] if len(rows) else rows
    count = spec.rows if spec.rows is not None else round((spec.fraction or 0.0) * len(rows))
    ordered = rows if facts.times is None else rows[np.argsort(facts.times[rows], kind="stable")]
    return ordered[max(len(ordered) - count, 0) :]


def _at_random(facts: RowFacts, rows: Rows, fraction: float, seed: int, name: str) -> Rows:
    """Draw a share of the rows, the same share of each class where there are classes."""
    generator = stream(seed, "split", name)
    shuffled = generator.permutation(rows)
    wanted = round(fraction * len(rows))
    if facts.classes is None:
        return shuffled[:wanted]
    labels = facts.classes[shuffled]
    order = np.argsort(labels, kind="stable")
    position = np.empty(len(rows))
    _, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    for start, count in zip(starts, counts, strict=True):
        position[order[start : start + count]] = (np.arange(count) + 0.5) / count
    return shuffled[np.argsort(position, kind="stable")[:wanted]]


def _whole_groups(facts: RowFacts, rows: Rows, fraction: float, seed: int, name: str) -> Rows:
    """Draw whole groups until they hold the wanted share of rows."""
    if facts.groups is None:
        raise ValueError("a group split needs facts.groups")
    groups, counts = np.unique(facts.groups[rows], return_counts=True)
    order = stream(seed, "split", name).permutation(len(groups))
    before = np.cumsum(counts[order]) - counts[order]
    chosen = groups[order[before < fraction * len(rows)]]
    return rows[np.isin(facts.groups[rows], chosen)]


def _windows(facts: RowFacts, spec: SplitSpec, seed: int) -> list[tuple[Rows, Rows]]:
    """Cut windows off the end, the oldest first; each is trained on what lies before it."""
    windows: list[tuple[Rows, Rows]] = []
    available = np.arange(facts.count, dtype=np.int64)
    one = SplitSpec("last", spec.rows, spec.fraction, spec.seconds)
    for _ in range(spec.count):
        held = cut(facts, available, one, seed, "test")
        windows.insert(0, (available, held))
        available = np.setdiff1d(available, held, assume_unique=True)
    return windows


def _repeats(facts: RowFacts, rows: Rows, spec: SplitSpec, seed: int) -> list[Rows]:
    """Draw the test rows anew for each split, the first as ``random`` does; some rows come several times."""
    one = SplitSpec("random", fraction=spec.fraction)
    names = ["test", *(f"test {number}" for number in range(1, spec.count))]
    return [cut(facts, rows, one, seed, name) for name in names]


def _cross_validation(facts: RowFacts, count: int, seed: int) -> list[Rows]:
    if facts.count < 2 * count:
        raise DataError(
            message(
                f"cv:{count} needs at least {2 * count} rows",
                f"there are {facts.count}",
                "ask for fewer folds",
            )
        )
    shuffled = stream(seed, "split", "cv").permutation(facts.count)
    if facts.classes is not None:
        shuffled = shuffled[np.argsort(facts.classes[shuffled], kind="stable")]
    return [np.sort(shuffled[fold::count]) for fold in range(count)]
