"""Prediction intervals by split-conformal calibration, as wide as the errors are at the level of the answer.

A net answers with one number. How far off it is, is learned from rows that it was not trained on, the
calibration rows (V. Vovk, A. Gammerman and G. Shafer, 2005, "Algorithmic learning in a random world"; J. Lei,
M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman, 2018, "Distribution-free predictive inference for
regression", Journal of the American Statistical Association 113, section 5.2 for the local width). With
residual r = y - p of each calibration row:

    scale(p)          mean |r| of rows with a prediction near p: of about 30 or more neighbours in up to 20
                      groups by level, straight lines in between
    below, above      the root mean squares of r / scale on either side of 0, drawn towards each other as if
                      100 rows more had no skew
    score             -r / (below * scale) or r / (above * scale), whichever is not negative; from scale and
                      sides that other rows gave (a tenth at a time), as it will be for new rows
    interval          from p - q * below * scale(p) to p + q * above * scale(p), with q the
                      ceil((m + 1) * coverage)-th smallest of the m scores

Where calibration rows and new rows could as well have come in any other order (exchangeable), and the widths
were known beforehand, an interval holds a new truth with a chance of at least ``coverage``, and of at most
1 / (m + 1) more where scores do not tie, whatever the net: that is what the + 1 is for. Widths that are
learned from the same rows, as here, keep this within about a point (tests/metrics/test_conformal.py measures
it) and leave all rows to the scores. The chance is over all rows together, not at each level. One score
serves both sides, as in Y. Romano, E. Patterson and E. Candes, 2019, "Conformalized quantile regression"
(NeurIPS), so more coverage never gives a narrower interval.

    >>> truth, prediction = np.array([1.0, 4.0, 2.0, 9.0]), np.array([2.0, 3.0, 3.0, 8.0])
    >>> low, high = calibrate(truth, prediction, non_negative=True).interval(np.array([0.5, 5.0]), 0.8)
    >>> low.round(2), high.round(2)
    (array([0., 4.]), array([1.5, 6. ]))
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import RecipeError, message

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

ROWS_A_LEVEL = 30  # the mean of so many absolute residuals is known to about 14 %
MOST_LEVELS = 20
NO_SKEW_ROWS = 100  # fewer pay for a skew that is only chance with wider intervals
FOLDS = 10
MOST_SCORES = 999  # ranks in steps of 0.1 %; more scores are thinned to these
FEWEST_ROWS = 2
LEAST_SCALE = 1e-3  # of the mean |r|: no level counts as free of error because its rows happened to be
ROUNDING = 1e-9


@dataclass(frozen=True)
class Widths:
    """The half-widths of one target's interval of score 1.

    Attributes:
        levels: (k,), ascending predictions.
        scale: (k,), above 0: mean size of the residuals at these levels.
        sides: (2,), above 0: how much further below and above the prediction.
    """

    levels: Floats
    scale: Floats
    sides: Floats

    def at(self, prediction: Floats) -> Floats:
        """Return the half-widths below and above. Shape: (n,) -> (n, 2)."""
        return between(prediction, self.levels, self.scale)[:, None] * self.sides


@dataclass(frozen=True)
class Conformal:
    """What calibration rows have said about a model of t numeric targets; it travels in the model file.

    Attributes:
        levels, scale: (t, k), see :class:`Widths`; a target of fewer levels repeats its last.
        sides: (t, 2), see :class:`Widths`.
        scores: (t, m), ascending, 0 or above.
        non_negative: (t,), whether intervals end at 0 because the target was never below it.
    """

    levels: Floats
    scale: Floats
    sides: Floats
    scores: Floats
    non_negative: NDArray[np.bool_]

    @property
    def most_coverage(self) -> float:
        """The highest coverage that this many calibration rows can promise with a finite interval."""
        scores = int(self.scores.shape[1])
        return scores / (scores + 1)

    def interval(self, prediction: Floats, coverage: float) -> tuple[Floats, Floats]:
        """Return the ends of the interval of each prediction, both in its shape, (n,) or (n, t).

        Raises:
            RecipeError: the coverage does not lie between 0 and 1, or asks for more than
                :attr:`most_coverage`.
        """
        rank = self.rank(coverage)
        columns = prediction.reshape(len(prediction), -1)
        ends = np.empty((2, *columns.shape))
        for target, column in enumerate(columns.T):
            widths = Widths(self.levels[target], self.scale[target], self.sides[target])
            half = self.scores[target, rank - 1] * widths.at(column)
            ends[:, :, target] = column - half[:, 0], column + half[:, 1]
            if self.non_negative[target]:
                ends[:, :, target] = np.maximum(ends[:, :, target], 0.0)
        return ends[0].reshape(prediction.shape), ends[1].reshape(prediction.shape)

    def rank(self, coverage: object) -> int:
        """Return which score decides at a coverage, 1 for the smallest; raises as :meth:`interval` does."""
        if not isinstance(coverage, int | float | np.floating) or not 0 < coverage < 1:
            must = "the coverage of an interval must lie between 0 and 1"
            raise RecipeError(message(must, f"coverage={coverage!r}", "write 0.9 for 90 %"))
        scores = int(self.scores.shape[1])
        rank = math.ceil((scores + 1) * float(coverage) - ROUNDING)
        if rank > scores:
            must = f"the coverage must be at most {math.floor(1e4 * self.most_coverage) / 1e4:g}"
            found = f"coverage={coverage!r} is finer than this model's {scores} calibration scores can tell"
            raise RecipeError(message(must, found, "ask for less, or train with more validation rows"))
        return max(rank, 1)


def calibrate(
    truth: ArrayLike, prediction: ArrayLike, weight: ArrayLike | None = None, *, non_negative: ArrayLike
) -> Conformal | None:
    """Learn intervals from rows that the model was not trained on.

    Args:
        truth: (n,) or (n, t).
        prediction: of the same shape.
        weight: (n,), 0 or above; rows of weight 0 are not used, and the effective number of rows decides
            how many scores there are. None: all alike.
        non_negative: () or (t,), see :class:`Conformal`.

    Returns:
        None for fewer than two rows.
    """
    weights = np.ones(len(np.asarray(truth))) if weight is None else np.asarray(weight, dtype=np.float64)
    kept = weights > 0
    if np.count_nonzero(kept) < FEWEST_ROWS:
        return None
    weights = weights[kept] / weights[kept].mean()
    truths, predictions = (
        np.asarray(each, dtype=np.float64)[kept].reshape(len(weights), -1) for each in (truth, prediction)
    )
    columns = zip(predictions.T, (truths - predictions).T, strict=True)
    widths, scores = zip(*(_calibrated(*each, weights) for each in columns), strict=True)
    levels = max(len(each.levels) for each in widths)
    return Conformal(
        levels=np.stack([_padded(each.levels, levels) for each in widths]),
        scale=np.stack([_padded(each.scale, levels) for each in widths]),
        sides=np.stack([each.sides for each in widths]),
        scores=np.stack(scores),
        non_negative=np.broadcast_to(np.asarray(non_negative, dtype=bool), len(widths)).copy(),
    )


def between(places: Floats, levels: Floats, values: Floats) -> Floats:
    """Go in straight lines from value to value at ascending levels, and level beyond the ends.

    Shape: (n,), (k,), (k,) -> (n,). Unlike ``np.interp`` it is finite whatever finite levels a file holds.
    """
    if len(levels) == 1:
        return np.full(len(places), values[0])
    right = np.clip(np.searchsorted(levels, places, side="right"), 1, len(levels) - 1)
    gap = levels[right] - levels[right - 1]
    with np.errstate(over="ignore"):  # far beyond a narrow gap
        share = np.clip((places - levels[right - 1]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
    found: Floats = values[right - 1] * (1 - share) + values[right] * share
    return found


def _calibrated(prediction: Floats, residual: Floats, weight: Floats) -> tuple[Widths, Floats]:
    """Return one target's widths, from all rows, and its scores, from widths of other rows."""
    least = LEAST_SCALE * float(np.average(np.abs(residual), weights=weight)) or 1.0
    groups = int(np.clip(len(prediction) // ROWS_A_LEVEL, 1, MOST_LEVELS))
    order = np.argsort(prediction, kind="stable")
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % min(FOLDS, len(order))  # each fold has rows of every level
    scores = np.empty(len(order))
    for number in range(fold.max() + 1):
        inside = fold == number
        widths = _widths(prediction[~inside], residual[~inside], weight[~inside], groups, least)
        half = widths.at(prediction[inside])
        scores[inside] = np.maximum(-residual[inside] / half[:, 0], residual[inside] / half[:, 1])
    return _widths(prediction, residual, weight, groups, least), _thinned(scores, weight)


def _widths(prediction: Floats, residual: Floats, weight: Floats, groups: int, least: float) -> Widths:
    rows = len(prediction)
    starts = np.unique(np.sort(prediction)[np.arange(groups) * rows // groups])
    group = np.searchsorted(starts, prediction, side="right") - 1  # equal predictions stay together
    total = np.bincount(group, weight)
    levels = np.maximum.accumulate(np.bincount(group, weight * prediction) / total)
    scale = np.maximum(np.bincount(group, weight * np.abs(residual)) / total, least)
    units = residual / between(prediction, levels, scale)
    lower, upper = np.minimum(units, 0.0), np.maximum(units, 0.0)
    squares = np.array([np.sum(weight * side**2) for side in (lower, upper)])
    shares = squares / (squares.mean() or 1.0)  # sum 2, or nothing at all
    seen = effective_rows(weight) * float(shares.any())
    return Widths(levels, scale, np.sqrt((seen * shares + NO_SKEW_ROWS) / (seen + NO_SKEW_ROWS)))


def _thinned(scores: Floats, weight: Floats) -> Floats:
    """Return m of the scores, ascending: the i-th has at least i / (m + 1) of the weight at or below it.

    A new row counts with it, at the mean weight. With equal weights, and no more than 999 rows, these are
    just the scores.
    """
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weight[order])
    effective = effective_rows(weight)
    count = max(1, min(MOST_SCORES, math.floor(effective + ROUNDING)))
    wanted = np.arange(1, count + 1) / (count + 1) * reached[-1] * (1 + 1 / effective)
    places = np.searchsorted(reached, wanted - ROUNDING * reached[-1])
    thinned: Floats = scores[order][np.minimum(places, len(scores) - 1)]
    return thinned


def effective_rows(weight: Floats) -> float:
    """Return how many rows of equal weight say as much (L. Kish, 1965, "Survey sampling")."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def _padded(values: Floats, length: int) -> Floats:
    return np.concatenate([values, np.full(length - len(values), values[-1])])
