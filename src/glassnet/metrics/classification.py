"""Scores of predicted probabilities: accuracy, log loss, AUC, F1, the confusion matrix and scores per class.

All but AUC are functions of a few sums over rows, so that one matrix product scores every resample at once;
:mod:`glassnet.metrics.ranking` does the same for AUC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.metrics.ranking import auc_of_resamples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from glassnet.metrics.rows import Rows

# One row costs at most 15.9 nats, whatever the model computed in: float32 cannot come closer to certainty,
# and a baseline in float64 must not pay more than a network in float32 for the same mistake.
LEAST_PROBABILITY = float(np.finfo(np.float32).eps)
# Up to this many units x classes, the AUC of resamples comes from all pairs of units.
EXACT_AUC = 2_000


def classification_resamples(
    rows: Rows, unit: NDArray[np.int64], counts: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Score every resample of a binary or multiclass task.

    Args:
        rows: the n rows, all of them, with k probabilities each.
        unit: (n,), the 0-based unit of each row.
        counts: (resamples, units), how often each resample drew each unit.

    Returns:
        Per metric (resamples,); NaN where undefined.
    """
    units, classes = counts.shape[1], rows.prediction.shape[1]
    said = rows.prediction.argmax(axis=1)
    chance = rows.prediction[np.arange(len(said)), rows.truth]
    loss = -np.log(np.clip(chance, LEAST_PROBABILITY, 1))

    def per_class(members: NDArray[np.int64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = np.bincount(unit * classes + members, weight, minlength=units * classes)
        return np.asarray(cells.reshape(units, classes), np.float64)

    cells = [
        per_class(rows.truth, rows.weight),
        per_class(rows.truth, rows.weight * (said == rows.truth)),
        per_class(said, rows.weight),
        np.bincount(unit, rows.weight * loss, minlength=units)[:, None],
    ]
    sums = counts @ np.concatenate(cells, axis=1)  # one look at the draws, which are large
    true, hits, called = (sums[:, k * classes : (k + 1) * classes] for k in range(3))
    total = true.sum(axis=1)
    return {
        "accuracy": hits.sum(axis=1) / total,
        "log_loss": sums[:, -1] / total,
        "auc": _auc(rows, unit, counts),
        "f1": _f1(hits, true, called),
    }


def confusion_matrix(
    truth: ArrayLike, predicted: ArrayLike, classes: int, weight: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Count rows, or add up their weights, by true class (down) and predicted class (across).

    Args:
        truth: (n,), class indices below ``classes``.
        predicted: (n,), class indices below ``classes``.
        classes: k.
        weight: (n,) or None.

    Shape: (k, k).
    """
    cells = np.asarray(truth, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    weights = None if weight is None else np.asarray(weight, dtype=np.float64)
    return np.bincount(cells, weights, minlength=classes**2).reshape(classes, classes).astype(np.float64)


def class_scores(confusion: NDArray[np.float64], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and support of every class, ready for JSON.

    Args:
        confusion: (k, k), from :func:`confusion_matrix`.
        names: the k names of the classes.

    Returns:
        Per class ``class``, ``precision`` (None where it was never predicted), ``recall`` (None where it is
        not present), ``f1`` (None where both) and ``support``, its rows or their weight.
    """
    hits, true, said = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return [
        {
            "class": str(names[k]),
            "precision": _ratio(hits[k], said[k]),
            "recall": _ratio(hits[k], true[k]),
            "f1": _ratio(2 * hits[k], said[k] + true[k]),
            "support": float(true[k]),
        }
        for k in range(len(confusion))
    ]


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _auc(rows: Rows, unit: NDArray[np.int64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the AUC of class 1 of two, or the mean over the classes that a resample has; else NaN."""
    classes = rows.prediction.shape[1]
    exact = counts.shape[1] * classes <= EXACT_AUC
    total, present = np.zeros(len(counts)), np.zeros(len(counts))
    for k in range(1 if classes == 2 else 0, classes):
        auc = auc_of_resamples(rows.prediction[:, k], rows.truth == k, rows.weight, unit, counts, exact=exact)
        total += np.nan_to_num(auc, nan=0.0)
        present += np.isfinite(auc)
    with np.errstate(invalid="ignore"):  # 0/0 is NaN: a resample of one class has no AUC
        return total / present


def _f1(
    hits: NDArray[np.float64], true: NDArray[np.float64], said: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return F1 of class 1 of two, or the mean over the classes present or said. All are (resamples, k)."""
    whole = true + said
    f1 = np.divide(2 * hits, whole, out=np.zeros_like(whole), where=whole > 0)
    if f1.shape[1] == 2:
        return np.where(whole[:, 1] > 0, f1[:, 1], np.nan)
    mean: NDArray[np.float64] = f1.sum(axis=1) / (whole > 0).sum(axis=1)
    return mean
