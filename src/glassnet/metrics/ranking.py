"""AUC: how often a positive row is scored above a negative one, for one sample and for its resamples.

AUC is the share of all pairs (positive row, negative row) in which the positive one has the higher score,
a tie counting half. It is no function of a few sums over rows, so each resample would have to be ranked
anew. Two ways around that, both plain matrix products:

- Few units: one matrix holds the pairs won by each unit against each other unit; a resample is then the
  quadratic form of its counts. Exact.
- Many units: each row has a *placement*, the share of the opposite class that it wins against, and the AUC of
  a resample is the mean placement of its positives plus that of its negatives minus the AUC of the sample:
  the first-order (Hajek) projection, whose variance is that of DeLong, DeLong and Clarke-Pearson (1988),
  "Comparing the areas under two or more correlated ROC curves". What it leaves out shrinks with the number
  of units squared, the variance itself only with the number of units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def auc_of_resamples(
    scores: NDArray[np.float64],
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
    unit: NDArray[np.int64],
    counts: NDArray[np.float64],
    *,
    exact: bool,
) -> NDArray[np.float64]:
    """Return the AUC of every resample, NaN where a resample has only one of the two classes.

    Args:
        scores: (n,), higher means more positive.
        positive: (n,), whether the row is of the positive class.
        weight: (n,), above 0.
        unit: (n,), the 0-based unit of each row.
        counts: (resamples, units), how often each resample drew each unit.
        exact: use the pairs of units, whose cost grows with units x rows, instead of placements.

    Shape: (resamples,), each in [0, 1] or NaN.
    """
    if positive.all() or not positive.any():
        return np.full(len(counts), np.nan)
    level = _levels(scores, positive)
    of_resamples = _from_pairs if exact else _from_placements
    with np.errstate(invalid="ignore", divide="ignore"):  # 0/0 is the NaN that is promised
        return of_resamples(level, positive, weight, unit, counts)


def _levels(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the scores in ascending order; negatives with no positive between them share a number."""
    distinct = np.unique(scores[positive])
    return np.searchsorted(distinct, scores, "left") + np.searchsorted(distinct, scores, "right")


def _weight_below(level: NDArray[np.int64], weight: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    """Return the weight of the rows below each level, of those on it half. Shape: (levels,)."""
    own = np.bincount(level, weight, minlength=levels)
    return np.cumsum(own) - own / 2


def _from_pairs(
    level: NDArray[np.int64],
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
    unit: NDArray[np.int64],
    counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    units = counts.shape[1]
    levels = int(level.max()) + 1
    by_unit = np.argsort(unit, kind="stable")
    negatives = by_unit[~positive[by_unit]]
    ends = np.searchsorted(unit[negatives], np.arange(units + 1))
    won = np.zeros((units, units))  # weight of the pairs that positives of unit u win against negatives of v
    for v in np.flatnonzero(np.diff(ends)):
        rows = negatives[ends[v] : ends[v + 1]]
        below = _weight_below(level[rows], weight[rows], levels)
        won[:, v] = np.bincount(unit[positive], weight[positive] * below[level[positive]], minlength=units)
    pairs = counts @ np.bincount(unit, weight * positive, minlength=units)
    pairs *= counts @ np.bincount(unit, weight * ~positive, minlength=units)
    result: NDArray[np.float64] = ((counts @ won) * counts).sum(axis=1) / pairs
    return result


def _from_placements(
    level: NDArray[np.int64],
    positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
    unit: NDArray[np.int64],
    counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    units = counts.shape[1]
    levels = int(level.max()) + 1
    of_positives, of_negatives = weight * positive, weight * ~positive
    above_negatives = _weight_below(level, of_negatives, levels)[level] / of_negatives.sum()
    below_positives = 1 - _weight_below(level, of_positives, levels)[level] / of_positives.sum()
    auc = of_positives @ above_negatives / of_positives.sum()

    def mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = counts @ np.bincount(unit, weights * values, minlength=units)
        share: NDArray[np.float64] = total / (counts @ np.bincount(unit, weights, minlength=units))
        return share

    projected = mean(above_negatives, of_positives) + mean(below_positives, of_negatives) - auc
    clipped: NDArray[np.float64] = np.minimum(np.maximum(projected, 0), 1)
    return clipped
