"""Baselines: what can be had without a network, fitted on its training rows and scored on its test rows.

=================  =========================================  ==========================================
name               regression, poisson, multioutput           binary, multiclass
=================  =========================================  ==========================================
mean / majority    mean of the training rows                  class frequencies of the training rows
linear             ridge regression; Poisson regression       logistic regression
gradient_boosting  histogram gradient boosting                histogram gradient boosting
=================  =========================================  ==========================================

The linear models see the network's own inputs; gradient boosting sees raw numbers and category codes where
they are given, as suits trees. All are fitted on one thread: on two busy cores a second one turned 3.4 s into
22 s (200,000 rows x 60 columns), and one thread adds in the same order, to the same bits, every time.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from glassnet.errors import DataError, message
from glassnet.randomness import derived_seed, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from glassnet.recipe import TaskName

    Floats = NDArray[np.float64]
    Matrix = NDArray[np.float32] | Floats
    TreeInputs = tuple[Matrix, NDArray[np.bool_]]

CLASS_TASKS = ("binary", "multiclass")
MOST_ROWS = 200_000
# The linear models need float64 copies of their rows: at most 240 MB each.
MOST_CELLS = 30_000_000
# Doubt worth one row about each weight: nothing beside many rows, and finite weights for separable classes.
RIDGE = 1.0
# The logit of a class that no training row has: chance 0, and still a number that any file can store.
ABSENT = -1e30
LEAST_RATE = 1e-9
MOST_LOG_RATE = 60.0
# Over all rounds and classes; 100 rounds up to 10 classes, 10 rounds from 100 classes on.
MOST_TREES = 1_000
MOST_CATEGORIES = 255  # the most that the trees can tell apart; beyond, codes are taken as numbers
BLOCK = 65_536


class Samples(NamedTuple):
    """The training rows of weight above 0, and those that each baseline is fitted on, as positions.

    ``notes`` is for the user to read.
    """

    rows: NDArray[np.int64]
    linear: NDArray[np.int64]
    boosted: NDArray[np.int64]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Baselines:
    """Fitted baselines.

    Attributes:
        task: the name of the task.
        constant: the one answer of ``mean`` or ``majority``: a number, (m,) numbers or (k,) probabilities.
        weights: (k, d) of ``linear``, see :func:`linear_predictions`.
        bias: (k,) of ``linear``.
        boosted: one fitted model per output; empty where the training rows leave nothing to learn.
        present: the class indices in the boosted model's order.
        notes: for the user to read: what was fitted on fewer rows or stopped early.
    """

    task: TaskName
    constant: Floats
    weights: Floats
    bias: Floats
    boosted: tuple[Any, ...]
    present: NDArray[np.int64]
    notes: tuple[str, ...]

    def predict(self, inputs: Matrix, tree: Matrix | None = None) -> dict[str, Floats]:
        """Predict rows, each baseline in the form of the task's own predictions.

        Args:
            inputs: (n, d), encoded as the training rows were.
            tree: (n, t), like the matrix in the training rows' ``tree_inputs``; None if there were none.

        Returns:
            ``mean`` or ``majority``, ``linear`` and ``gradient_boosting``: (n,) or (n, m) in the user's
            units, or (n, k) probabilities. With nothing to learn, the last is the constant too.
        """
        constant = np.broadcast_to(self.constant, (len(inputs), *self.constant.shape))
        return {
            "majority" if self.task in CLASS_TASKS else "mean": constant,
            "linear": linear_predictions(self.task, inputs, self.weights, self.bias),
            "gradient_boosting": self._boosted(inputs if tree is None else tree)
            if self.boosted
            else constant,
        }

    def linear_weights(self) -> tuple[Floats, Floats]:
        """Return the (k, d) weights and the (k,) bias from which :func:`linear_predictions` predicts."""
        return self.weights, self.bias

    def _boosted(self, tree: Matrix) -> Floats:
        with _one_quiet_thread():
            if self.task in CLASS_TASKS:
                chances = np.zeros((len(tree), len(self.constant)))
                chances[:, self.present] = self.boosted[0].predict_proba(tree)
                return chances
            outputs = [np.asarray(model.predict(tree), dtype=np.float64) for model in self.boosted]
        if self.task == "multioutput":
            return np.stack(outputs, axis=1)
        return np.maximum(outputs[0], LEAST_RATE) if self.task == "poisson" else outputs[0]


def linear_predictions(task: TaskName, inputs: Matrix, weights: Floats, bias: Floats) -> Floats:
    """Predict from the weights of a linear baseline, without scikit-learn.

    Args:
        task: decides what ``weights @ x + bias`` is: the answer in the user's units (regression,
            multioutput), the log of the rate (poisson), the logit of class 1 (binary), or all logits.
        inputs: (n, d), encoded as the training rows were.
        weights: (k, d); k is 1 for regression, poisson and binary, else the number of outputs or classes.
        bias: (k,).

    Returns:
        (n,) or (n, m) numbers, (n,) rates above 0, or (n, k) probabilities.
    """
    starts = range(0, max(len(inputs), 1), BLOCK)  # float64 copies of a block at a time
    blocks = (inputs[start : start + BLOCK].astype(np.float64) @ weights.T + bias for start in starts)
    return np.concatenate([_answers(task, block) for block in blocks])


def sample_rows(
    rows: NDArray[np.int64],
    width: int,
    weight: Floats | None = None,
    *,
    seed: int = 0,
    limit: int = MOST_ROWS,
) -> Samples:
    """Choose what the baselines are fitted on.

    Args:
        rows: positions of the training rows.
        width: number of input units.
        weight: by position, 0 or above; rows of weight 0 are not used.
        seed: of the run.
        limit: beyond so many rows, ``linear`` and ``gradient_boosting`` are fitted on a random sample.

    Raises:
        DataError: there is no row to fit on.
    """
    rows = rows if weight is None else rows[weight[rows] > 0]
    if len(rows) == 0:
        must = "the baselines must have training rows"
        raise DataError(message(must, "there are none of weight above 0", "keep more rows for training"))
    order = stream(seed, "baselines").permutation(len(rows))
    notes: list[str] = []
    linear = _sample("linear", order, min(limit, max(1, MOST_CELLS // max(width, 1))), notes)
    boosted = _sample("gradient_boosting", order, limit, notes)
    return Samples(rows, rows[linear], rows[boosted], tuple(notes))


def fit_baselines(
    task: TaskName,
    inputs: Matrix,
    targets: NDArray[Any],
    *,
    samples: Samples | None = None,
    classes: int = 0,
    weight: Floats | None = None,
    tree_inputs: TreeInputs | None = None,
    seed: int = 0,
) -> Baselines:
    """Fit the three baselines of a task on its training rows.

    Args:
        task: the name of the task.
        inputs: (n, d), encoded, about standardised.
        targets: (n,) or (n, m) in the user's units, or (n,) class indices.
        samples: from :func:`sample_rows`, which of the n rows to fit on; None: all, or a sample of them.
        classes: k, for classification only; classes without a training row get chance 0.
        weight: (n,), 0 or above; rows of weight 0 are not used.
        tree_inputs: what gradient boosting sees instead of ``inputs``: raw numbers and category codes, NaN
            where missing, of shape (len(samples.boosted), t), and (t,) which columns are category codes.
        seed: of the run.

    Raises:
        DataError: there is no row to fit on.
    """
    width = inputs.shape[1]
    rows, few, most, noted = samples or sample_rows(np.arange(len(inputs)), width, weight, seed=seed)
    weights = None if weight is None else weight / weight[rows].mean()
    notes = [*noted]
    constant = _constant(task, targets[rows], _some(weights, rows), classes)
    fit_linear = _fit_classes if task in CLASS_TASKS else _fit_numbers
    copied = inputs[few].astype(np.float64)
    linear = fit_linear(task, copied, targets[few], _some(weights, few), constant, notes)
    del copied  # the largest array of all beside the inputs themselves
    trees = tree_inputs or (inputs[most], np.zeros(width, dtype=bool))
    some = _some(weights, most)
    boosted = _fit_boosted(task, trees, targets[most], some, derived_seed(seed, "baselines") % 2**32)
    present = np.unique(targets[most]) if task in CLASS_TASKS else np.arange(0)
    return Baselines(task, constant, *linear, boosted, present, tuple(notes))


def _some(weights: Floats | None, rows: NDArray[np.int64]) -> Floats | None:
    return None if weights is None else weights[rows]


def _answers(task: TaskName, linear: Floats) -> Floats:
    """Turn (n, k) linear answers into predictions."""
    answers: Floats
    if task == "binary":
        answers = np.exp(-np.logaddexp(0, np.concatenate([linear, -linear], axis=1)))
    elif task == "multiclass":
        chances = np.exp(linear - linear.max(axis=1, keepdims=True))
        answers = chances / chances.sum(axis=1, keepdims=True)
    elif task == "poisson":
        answers = np.exp(np.clip(linear[:, 0], -MOST_LOG_RATE, MOST_LOG_RATE))
    else:
        answers = linear if task == "multioutput" else linear[:, 0]
    return answers


@contextmanager
def _one_quiet_thread() -> Iterator[list[warnings.WarningMessage]]:
    """Run scikit-learn on one thread and keep its warnings: the user asked for a network, not for these.

    A baseline that stopped short of convergence is still one; :func:`_note_convergence` says so instead.
    The numbers of threads are put back afterwards.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def _note_convergence(caught: list[warnings.WarningMessage], notes: list[str]) -> None:
    from sklearn.exceptions import ConvergenceWarning

    if any(issubclass(each.category, ConvergenceWarning) for each in caught):
        notes.append("linear stopped before it had quite converged")


def _sample(name: str, order: NDArray[np.int64], most: int, notes: list[str]) -> NDArray[np.int64]:
    """Return at most so many rows of a random order, in their own order, and note it."""
    if len(order) > most:
        notes.append(f"{name} was fitted on a sample of {most:,} of {len(order):,} rows")
    return np.sort(order[:most])


def _constant(task: TaskName, targets: NDArray[Any], weight: Floats | None, classes: int) -> Floats:
    if task in CLASS_TASKS:
        counts = np.bincount(targets, weight, minlength=classes)
        shares: Floats = counts / (len(targets) if weight is None else weight.sum())
        return shares
    mean = np.average(targets.astype(np.float64), axis=0, weights=weight)
    return np.asarray(np.maximum(mean, LEAST_RATE) if task == "poisson" else mean)


def _fit_numbers(
    task: TaskName,
    inputs: Floats,
    targets: Floats,
    weight: Floats | None,
    constant: Floats,
    notes: list[str],
) -> tuple[Floats, Floats]:
    """Fit on ``inputs``, which is overwritten: a copy of it may not fit into the memory."""
    from sklearn.linear_model import PoissonRegressor, Ridge

    if task == "poisson" and not targets.any():  # the best log rate would be minus infinity
        return np.zeros((1, inputs.shape[1])), np.log(constant).reshape(1)
    # Poisson regression weighs the doubt against the mean over rows, ridge against the sum.
    model = Ridge(alpha=RIDGE, copy_X=False)
    if task == "poisson":
        model = PoissonRegressor(alpha=RIDGE / len(inputs), max_iter=300)
    with _one_quiet_thread() as caught:
        model.fit(inputs, targets, sample_weight=weight)
    _note_convergence(caught, notes)
    return np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)


def _fit_classes(
    task: TaskName,
    inputs: Floats,
    targets: NDArray[np.int64],
    weight: Floats | None,
    constant: Floats,
    notes: list[str],
) -> tuple[Floats, Floats]:
    present = np.unique(targets)
    weights, bias = np.zeros((len(constant), inputs.shape[1])), np.full(len(constant), ABSENT)
    bias[present] = 0.0
    if len(present) > 1:
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=1 / RIDGE, max_iter=300)
        with _one_quiet_thread() as caught:
            model.fit(inputs, targets, sample_weight=weight)
        _note_convergence(caught, notes)
        logits = present[-len(model.coef_) :]  # of two classes, the second's alone; the first's is 0
        weights[logits], bias[logits] = model.coef_, model.intercept_
    return (weights[1:] - weights[:1], bias[1:] - bias[:1]) if task == "binary" else (weights, bias)


def _fit_boosted(
    task: TaskName, tree: TreeInputs, targets: NDArray[Any], weight: Floats | None, seed: int
) -> tuple[Any, ...]:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    options: dict[str, Any] = {"categorical_features": _usable_categories(*tree), "random_state": seed}
    if task in CLASS_TASKS:
        counts = np.unique(targets, return_counts=True)[1]
        if len(counts) < 2:
            return ()
        options["max_iter"] = int(np.clip(MOST_TREES // len(counts), 10, 100))
        # Early stopping holds back a tenth of the rows, some of each class.
        options["early_stopping"] = len(targets) > 10_000 and bool(counts.min() >= 10)
        models = [HistGradientBoostingClassifier(**options)]
    elif task == "poisson" and not targets.any():
        return ()
    else:
        loss = "poisson" if task == "poisson" else "squared_error"
        outputs = targets.shape[1] if task == "multioutput" else 1
        models = [HistGradientBoostingRegressor(loss=loss, **options) for _ in range(outputs)]
    columns = targets.T if task == "multioutput" else [targets]
    matrix = tree[0] if weight is None else _binned(tree[0], options["categorical_features"])
    with _one_quiet_thread():
        for model, column in zip(models, columns, strict=True):
            model.fit(matrix, column, sample_weight=weight)
    return tuple(models)


def _usable_categories(matrix: Matrix, categorical: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which columns are categories, and few enough for the trees. Shape: (t,)."""
    usable = categorical.copy()
    for column in np.flatnonzero(categorical):
        usable[column] = len(np.unique(matrix[:, column])) <= MOST_CATEGORIES
    return usable


def _binned(matrix: Matrix, categorical: NDArray[np.bool_]) -> Matrix:
    """Move each number to the nearest of 255 quantiles of its column, as the trees would do themselves.

    Where rows have weights, scikit-learn 1.9 looks for each quantile with a sort of its own, which took 4.4
    of 5.0 seconds (15,000 rows x 60 columns); few distinct values spare it that. Its thresholds lie halfway
    between them, so new rows need no such treatment.
    """
    binned = matrix.copy()
    for column in np.flatnonzero(~categorical):
        values = matrix[:, column]
        known = np.sort(values[~np.isnan(values)])
        if len(known):
            places = np.linspace(0, len(known) - 1, MOST_CATEGORIES).astype(np.int64)
            marks = np.unique(known[places])
            nearest = marks[np.searchsorted((marks[:-1] + marks[1:]) / 2, values)]
            binned[:, column] = np.where(np.isnan(values), np.nan, nearest)
    return binned
