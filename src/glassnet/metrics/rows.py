"""The rows that are scored: truth beside prediction, checked once so that everything after can trust them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import DataError, RecipeError, did_you_mean, message

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from glassnet.recipe import TaskName

TASKS = ("regression", "poisson", "binary", "multiclass", "multioutput")
CLASS_TASKS = ("binary", "multiclass")
LARGEST = 1e100  # beyond it squares overflow


@dataclass(frozen=True)
class Rows:
    """Checked rows; those of weight 0 are left out.

    Attributes:
        task: the name of the task, which decides the forms below.
        truth: (n,) numbers, (n, m) numbers of m outputs, or (n,) class indices.
        prediction: (n,), (n, m), or (n, k) probabilities, all float64.
        weight: (n,), above 0; all 1 where none was given.
        weighted: whether weights were given.
        unit: (n,) 0-based unit of each row, or None where every row is its own.
    """

    task: TaskName
    truth: NDArray[Any]
    prediction: NDArray[np.float64]
    weight: NDArray[np.float64]
    weighted: bool
    unit: NDArray[np.int64] | None


def checked_rows(
    task: TaskName,
    truth: ArrayLike,
    prediction: ArrayLike,
    weight: ArrayLike | None = None,
    unit: ArrayLike | None = None,
) -> Rows:
    """Check the form and the values of the rows of a task, and report every problem at once.

    Raises:
        RecipeError: the task is unknown.
        DataError: shapes that do not belong together, no rows, values that are not finite, probabilities
            that do not sum to 1, class indices out of range, counts below 0, predicted rates not above 0,
            weights below 0 or all 0.
    """
    if task not in TASKS:
        raise RecipeError(message("a task must be known", f"task={task!r}", did_you_mean(task, TASKS)))
    true = np.asarray(truth)
    predicted = np.asarray(prediction, dtype=np.float64)
    weights = np.ones(len(true)) if weight is None else np.asarray(weight, dtype=np.float64)
    units = None if unit is None else np.asarray(unit)
    problems = _shape_problems(task, true, predicted, weights, units)
    if not problems:
        problems = _weight_problems(weights) + _value_problems(task, true, predicted)
    if problems:
        raise DataError(problems)
    kept = weights > 0
    return Rows(
        task=task,
        truth=true[kept].astype(np.int64 if task in CLASS_TASKS else np.float64),
        prediction=predicted[kept],
        weight=weights[kept],
        weighted=weight is not None,
        unit=None if units is None else np.unique(units[kept], return_inverse=True)[1].astype(np.int64),
    )


def _shape_problems(
    task: TaskName,
    truth: NDArray[Any],
    prediction: NDArray[np.float64],
    weight: NDArray[np.float64],
    unit: NDArray[Any] | None,
) -> list[str]:
    found = f"truth {truth.shape}, prediction {prediction.shape}"
    do = f"score a {task} task with one prediction per row"
    columns = 2 if task == "multioutput" else 1
    problems = []
    if truth.dtype.kind not in "biuf":
        problems.append(message("the truth must be numbers", f"it is {truth.dtype}", "encode it first"))
    elif truth.ndim != columns or truth.size == 0:
        problems.append(message(f"the truth must have rows and {columns} dimension(s)", found, do))
    elif task in CLASS_TASKS:
        classes = prediction.shape[1] if prediction.ndim == 2 else 0
        if len(prediction) != len(truth) or classes < 2 or (task == "binary" and classes != 2):
            problems.append(message("there must be one probability per row and class", found, do))
    elif prediction.shape != truth.shape:
        problems.append(message("prediction and truth must have the same shape", found, do))
    for name, values in (("weight", weight), ("unit", unit)):
        if values is not None and values.shape != truth.shape[:1]:
            must = f"the {name} must have one value per row"
            problems.append(message(must, f"{name} {values.shape} for {found}", do))
    return problems


def _weight_problems(weight: NDArray[np.float64]) -> list[str]:
    if np.all((weight >= 0) & (weight < LARGEST)) and weight.sum() > 0:
        return []
    found = f"they lie between {weight.min()} and {weight.max()}"
    return [message("weights must be finite, 0 or above, and not all 0", found, "correct the weight column")]


def _value_problems(task: TaskName, truth: NDArray[Any], prediction: NDArray[np.float64]) -> list[str]:
    problems = []
    for name, values in (("truth", truth), ("prediction", prediction)):
        wild = int(np.count_nonzero(~(np.abs(values) < LARGEST)))
        if wild:
            must = f"every {name} must be finite and below {LARGEST:g} in size"
            problems.append(message(must, f"{wild} of {values.size} are not", f"check the {name}"))
    if problems:
        return problems
    if task in CLASS_TASKS:
        return _class_problems(truth, prediction)
    return _count_problems(truth, prediction) if task == "poisson" else []


def _class_problems(truth: NDArray[Any], prediction: NDArray[np.float64]) -> list[str]:
    problems = []
    classes = prediction.shape[1]
    if truth.dtype.kind == "f" or truth.min() < 0 or truth.max() >= classes:
        found = f"{truth.dtype} from {truth.min()} to {truth.max()}"
        must = f"class indices must be whole numbers from 0 to {classes - 1}"
        problems.append(message(must, found, "score with as many probabilities as there are classes"))
    if prediction.min() < 0 or np.abs(prediction.sum(axis=1) - 1).max() > 1e-3:
        found = f"the lowest is {prediction.min()}, the sums go up to {prediction.sum(axis=1).max()}"
        must = "probabilities must be 0 or above and sum to 1 in each row"
        problems.append(message(must, found, "apply sigmoid or softmax to logits first"))
    return problems


def _count_problems(truth: NDArray[Any], prediction: NDArray[np.float64]) -> list[str]:
    problems = []
    if truth.min() < 0:
        found = f"the lowest is {truth.min()}"
        problems.append(message("counts must be 0 or above", found, "use the task regression"))
    if prediction.min() <= 0:
        found = f"the lowest is {prediction.min()}"
        problems.append(message("predicted rates must be above 0", found, "predict the log of the rate"))
    return problems
