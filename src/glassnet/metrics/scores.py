"""What one model is worth on one set of rows: a score per metric, or all of them as one record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError, message
from glassnet.metrics.bootstrap import RESAMPLES, row_intervals, row_scores, units_of
from glassnet.metrics.classification import class_scores, confusion_matrix
from glassnet.metrics.rows import CLASS_TASKS, Rows, checked_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from glassnet.recipe import TaskName

WHY_OMITTED = {
    "r2": "the truth does not vary in these rows",
    "auc": "only one class is present in these rows",
    "f1": "the positive class is neither present nor predicted in these rows",
}


@dataclass(frozen=True)
class Scores:
    """The scores of one model on one set of rows; every part goes into JSON as it is.

    Attributes:
        metrics: metric to its value; a metric that these rows cannot have is absent.
        intervals: metric to its 95 % bootstrap interval (low, high); absent where it would mislead.
        rows: how many rows were scored; those of weight 0 are not.
        details: ``units`` and ``resamples`` of the intervals; ``omitted`` and ``no_interval``, metric to the
            reason; for classes ``confusion`` (k lists of k, true class down) and ``per_class`` (see
            :func:`class_scores`); for several outputs ``per_output``, one dictionary of metrics each.
    """

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    rows: int
    details: dict[str, Any]


def score(
    task_name: TaskName,
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    unit: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    seed: int = 0,
    classes: Sequence[str] = (),
) -> Scores:
    """Score predictions against the truth, each metric with an interval.

    Args:
        task_name: decides the metrics and the form of the next two.
        truth: (n,) numbers; (n, m) for ``multioutput``; (n,) class indices for ``binary`` and ``multiclass``.
        prediction: (n,) or (n, m) in the user's units, or (n, k) probabilities.
        unit: (n,) integers, equal for rows that belong together (a day, a group); None: every row by itself.
        weight: (n,), 0 or above; None counts all rows alike.
        seed: of the run; it decides the resamples, the same for every model on the same rows.
        classes: the names of the k classes; empty: their indices.

    Returns:
        ``rmse``, ``mae``, ``r2`` and for counts ``poisson_deviance``, averaged over outputs; or ``accuracy``,
        ``log_loss``, ``auc``, ``f1``: see :func:`regression_scores` and :func:`classification_scores`.

    Raises:
        RecipeError: the task is unknown.
        DataError: the arrays do not fit together or hold values that cannot be scored; all problems at once.
    """
    rows = checked_rows(task_name, truth, prediction, weight, unit)
    metrics, intervals = row_scores(rows), row_intervals(rows, seed)
    details: dict[str, Any] = {
        "units": units_of(rows),
        "resamples": RESAMPLES,
        "omitted": {name: why for name, why in _possible(rows).items() if name not in metrics},
        "no_interval": {name: _why_no_interval(rows) for name in metrics if name not in intervals},
    }
    if task_name in CLASS_TASKS:
        details |= _class_details(rows, classes)
    elif task_name == "multioutput":
        outputs = range(rows.truth.shape[1])
        details["per_output"] = [row_scores(_output(rows, m)) for m in outputs]
    return Scores(metrics, intervals, len(rows.truth), details)


def regression_scores(
    truth: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None
) -> dict[str, float]:
    """Score predicted numbers.

    Args:
        truth: (n,), in the user's units.
        predicted: (n,), the same units.
        weight: (n,), 0 or above; None counts all rows alike.

    Returns:
        ``rmse`` and ``mae`` in the user's units and ``r2`` (1 is perfect, 0 as good as the mean of these
        rows, no lower limit). ``r2`` is absent where the truth does not vary: it would be 0/0.

    Raises:
        DataError: shapes that differ, no rows, or values that are not finite.

    >>> regression_scores([1.0, 2.0, 3.0], [1.0, 2.0, 4.5])["mae"]
    0.5
    """
    return row_scores(checked_rows("regression", truth, predicted, weight))


def poisson_scores(
    truth: ArrayLike, predicted: ArrayLike, weight: ArrayLike | None = None
) -> dict[str, float]:
    """Score predicted rates of counts as :func:`regression_scores` does, and by ``poisson_deviance``.

    That is the mean of 2 (y log(y / rate) - y + rate): 0 is perfect, and being wrong by the same amount costs
    more where the rate is low.

    Raises:
        DataError: also where a count is below 0 or a predicted rate is not above 0.
    """
    return row_scores(checked_rows("poisson", truth, predicted, weight))


def classification_scores(
    truth: ArrayLike, probabilities: ArrayLike, weight: ArrayLike | None = None
) -> dict[str, float]:
    """Score predicted probabilities; the class that is said is the most probable one, the first of equals.

    Args:
        truth: (n,), class indices from 0 to k - 1.
        probabilities: (n, k), k of 2 or above, rows summing to 1.
        weight: (n,), 0 or above; None counts all rows alike.

    Returns:
        ``accuracy``; ``log_loss`` in nats, at most 15.9 a row; ``auc``; ``f1``. With two classes, AUC and F1
        are those of class 1; with more, the mean over classes: AUC over the classes present, each against the
        rest, F1 over those present or predicted. ``auc`` is absent where the truth has one class only, ``f1``
        where class 1 of two is neither present nor predicted.

    Raises:
        DataError: shapes that do not fit, no rows, indices out of range, or values that are no probabilities.

    >>> classification_scores([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])["auc"]
    1.0
    """
    task: TaskName = "binary" if np.shape(probabilities)[1:] == (2,) else "multiclass"
    return row_scores(checked_rows(task, truth, probabilities, weight))


def bootstrap_intervals(
    task_name: TaskName,
    truth: ArrayLike,
    prediction: ArrayLike,
    *,
    unit: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, tuple[float, float]]:
    """Return the 95 % percentile interval (low, high) of each metric; see :func:`score` for the arguments.

    A metric is absent where there is only one unit, or where over 5 % of the resamples cannot have it, as the
    AUC of rows of which only one or two are positive.

    Raises:
        RecipeError, DataError: as :func:`score`.
    """
    return row_intervals(checked_rows(task_name, truth, prediction, weight, unit), seed, resamples)


def _possible(rows: Rows) -> dict[str, str]:
    """Return the metrics of a task that can be undefined, each with the reason."""
    names = ("auc", "f1") if rows.task in CLASS_TASKS else ("r2",)
    return {name: WHY_OMITTED[name] for name in names}


def _why_no_interval(rows: Rows) -> str:
    if units_of(rows) < 2:
        return "there is only one independent unit: nothing can be resampled"
    return "too many of the resamples cannot have this metric: one class or value is too rare"


def _class_details(rows: Rows, classes: Sequence[str]) -> dict[str, Any]:
    count = rows.prediction.shape[1]
    names = tuple(classes) or tuple(str(k) for k in range(count))
    if len(names) != count:
        found = f"{len(names)} names for {count} probabilities"
        raise DataError(message("every class must have one name", found, "give the classes of the task"))
    weight = rows.weight if rows.weighted else None
    confusion = confusion_matrix(rows.truth, rows.prediction.argmax(axis=1), count, weight)
    cells = confusion if rows.weighted else confusion.astype(np.int64)
    return {"confusion": cells.tolist(), "per_class": class_scores(confusion, names)}


def _output(rows: Rows, m: int) -> Rows:
    """Return one output of a multi-output task as a task of its own."""
    return Rows("regression", rows.truth[:, m], rows.prediction[:, m], rows.weight, rows.weighted, rows.unit)
