"""Scores of predicted numbers: RMSE, MAE, R2 and the Poisson deviance.

All are functions of a few sums over rows, so that one matrix product scores every resample at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.metrics.rows import Rows

# A resample whose truth varies less than rounding does has no R2.
ROUNDING = 1e-9


def regression_resamples(
    rows: Rows, unit: NDArray[np.int64], counts: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Score every resample of a regression, Poisson or multi-output task.

    Args:
        rows: the n rows, all of them.
        unit: (n,), the 0-based unit of each row.
        counts: (resamples, units), how often each resample drew each unit.

    Returns:
        Per metric (resamples,), in the units of the target: the mean over outputs; NaN where undefined.
    """
    truths, predictions = (values.reshape(len(unit), -1).T for values in (rows.truth, rows.prediction))
    outputs = zip(truths, predictions, strict=True)
    each = [_one_output(truth, predicted, rows.weight, unit, counts) for truth, predicted in outputs]
    scores = {name: _mean_of_defined(np.stack([output[name] for output in each])) for name in each[0]}
    if rows.task == "poisson":
        scores["poisson_deviance"] = _poisson_deviance(rows, unit, counts)
    return scores


def _one_output(
    truth: NDArray[np.float64],
    predicted: NDArray[np.float64],
    weight: NDArray[np.float64],
    unit: NDArray[np.int64],
    counts: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    # Sums of squares are taken about the mean, or their difference would drown in rounding. The first value
    # is taken off before, so that a truth that does not vary becomes exactly 0.
    centred = truth - truth[0]
    centred = centred - np.average(centred, weights=weight)
    error = predicted - truth
    terms = [np.ones_like(error), error**2, np.abs(error), centred, centred**2]
    units = counts.shape[1]
    sums = np.stack([np.bincount(unit, weight * term, minlength=units) for term in terms], axis=1)
    total, squared, absolute, linear, square = (counts @ sums).T
    spread = square - linear**2 / total
    varies = spread > ROUNDING * square
    r2 = 1 - np.divide(squared, spread, out=np.full_like(spread, np.nan), where=varies)
    return {"rmse": np.sqrt(squared / total), "mae": absolute / total, "r2": r2}


def _mean_of_defined(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average (outputs, resamples) over the outputs that have the score."""
    defined = np.isfinite(scores)
    total = np.where(defined, scores, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0/0 is NaN: no output has it
        mean: NDArray[np.float64] = total / defined.sum(axis=0)
    return mean


def _poisson_deviance(
    rows: Rows, unit: NDArray[np.int64], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    truth, rate, units = rows.truth, rows.prediction, counts.shape[1]
    log_ratio = np.log(np.where(truth > 0, truth, 1)) - np.log(rate)
    deviance = 2 * (np.where(truth > 0, truth * log_ratio, 0) - truth + rate)
    total = counts @ np.bincount(unit, rows.weight, minlength=units)
    mean: NDArray[np.float64] = counts @ np.bincount(unit, rows.weight * deviance, minlength=units) / total
    return mean
