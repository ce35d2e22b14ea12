"""Training one bag net: the scale of its features, the steps, and what is told after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.data.text_features import Array, Features, Vocabulary
from glassnet.data.text_options import TextOptions
from glassnet.data.text_store import Texts
from glassnet.engine import bags_native, bags_numpy
from glassnet.engine.bags_net import BagNet, BagSettings, Learned, PassRecord
from glassnet.engine.bags_stack import hidden_layers
from glassnet.errors import DataError, message
from glassnet.machine import all_cores
from glassnet.native_status import native_status

PRODUCTS = 20
PRECISION = 0.2
LEAST_GAIN = 0.01
"""The share by which a pass must lower the validation loss."""
NAMED = 1000
"""Columns whose n-grams are kept by name."""
MOST_WEIGHTS = 12_000_000
"""Weights of a net: the more classes, the fewer n-grams."""
MOST_HIDDEN_WEIGHTS = 1 << 26
"""Those of the first of its hidden layers: 64 units have as many as a million n-grams."""

Tell = Callable[[PassRecord], None]


@dataclass(frozen=True, eq=False)
class Rows:
    """Features with labels, 0 to classes - 1, and weights; all of the same length."""

    features: Features
    labels: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Fitted(Learned):
    """What was learned after the pass with the lowest validation loss, or the last; and all passes."""

    passes: int
    history: tuple[PassRecord, ...]

    def net(
        self, vocabulary: Vocabulary, settings: BagSettings, names: Mapping[int, str] | None = None
    ) -> BagNet:
        """Return the net that this makes with its vocabulary."""
        return BagNet(
            self.weights,
            self.bias,
            self.stack,
            vocabulary=vocabulary,
            settings=settings,
            history=self.history,
            names=names or {},
        )


def train_bags(
    texts: Texts,
    labels: ArrayLike,
    classes: int,
    options: TextOptions | None = None,
    settings: BagSettings | None = None,
    *,
    validation: tuple[Texts, ArrayLike] | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: Sequence[float] | None = None,
    progress: Tell | None = None,
    patience: int | None = None,
    seconds: float | None = None,
    threads: int | None = None,
) -> BagNet:
    """Train one net.

    Args:
        labels: the class of each text, 0 to ``classes - 1``. Shape: (texts,).
        classes: at least 2.
        validation: texts and labels whose loss is taken after each pass.
        sample_weight: how much each text counts. Shape: (texts,).
        class_weight: how much each class counts. Shape: (classes,).
        progress: told after each pass; an exception from it stops the training.
        patience: passes that do not lower the validation loss by a hundredth after which no other is begun,
            and the best is taken. None makes all passes and takes the last.
        seconds: no pass but the first is begun that would end later.
        threads: how many cores; the result is the same with any number. None takes all.

    Raises:
        DataError: there are no texts, or labels or weights do not fit them; all is named.
    """
    settings = settings or BagSettings()
    options = limited(options or TextOptions(), classes, settings)
    truth, weight = checked(texts, labels, classes, sample_weight, class_weight)
    vocabulary = Vocabulary.fit(texts, options, threads=threads)
    features = vocabulary.encode(texts, threads=threads)
    judge = None
    if validation is not None:
        judged, their_weight = checked(*validation, classes, None, None)
        judge = Rows(vocabulary.encode(validation[0], threads=threads), judged, their_weight)
    rows = Rows(features, truth, weight)
    fitted = fit(
        rows, classes, settings, judge, progress, patience=patience, seconds=seconds, threads=threads
    )
    settings = replace(settings, passes=fitted.passes)
    names = strongest(vocabulary, texts, features, fitted.weights)
    return fitted.net(vocabulary, settings, names)


def limited(options: TextOptions, classes: int, settings: BagSettings) -> TextOptions:
    """Return the options with no more features than a net can have weights for: of each class, or unit."""
    most, hidden = MOST_WEIGHTS // (1 if classes == 2 else classes), hidden_layers(settings.hidden)
    if hidden:
        most = MOST_HIDDEN_WEIGHTS // hidden[0].units
    return options if options.max_features <= most else replace(options, max_features=max(1, most))


def fit(
    rows: Rows,
    classes: int,
    settings: BagSettings,
    judge: Rows | None = None,
    progress: Tell | None = None,
    *,
    patience: int | None = None,
    seconds: float | None = None,
    threads: int | None = None,
) -> Fitted:
    """Fit weights to rows.

    Args:
        patience, seconds: see ``train_bags``.
    """
    begun = time.perf_counter()
    solver = _solver(rows, classes, settings, threads or all_cores())
    if settings.scale == "naive_bayes":
        counts = solver.class_counts(rows.weight / rows.weight.mean())
        solver.rescale(naive_bayes_scale(counts, settings.smoothing))
    learned = Learned(*solver.read())
    best, passes, lowest, history = learned, 0, np.inf, list[PassRecord]()
    for number in range(1, settings.passes + 1):
        loss = solver.step(settings.learning_rate, PRODUCTS, PRECISION)
        learned = Learned(*solver.read())
        judged = None if judge is None else log_loss(learned.answers(judge.features, threads=threads), judge)
        record = PassRecord(number, settings.passes, loss, judged, time.perf_counter() - begun)
        history.append(record)
        if progress is not None:
            progress(record)
        if patience is None or judged is None or judged < (1 - LEAST_GAIN) * lowest:
            best, passes, lowest = learned, number, np.inf if judged is None else judged
        if _is_over(record, number - passes, patience, seconds):
            break
    return Fitted(best.weights, best.bias, best.stack, passes=passes, history=tuple(history))


def _solver(rows: Rows, classes: int, settings: BagSettings, threads: int) -> Any:
    """Return what learns: Newton's method, or Adam with hidden layers."""
    outputs, weight = 1 if classes == 2 else classes, rows.weight / rows.weight.sum()
    if settings.hidden:
        from glassnet.engine.bags_torch import TorchSolver

        return TorchSolver(rows.features, rows.labels, weight, outputs, settings)
    kind: Any = bags_native.NativeSolver if native_status().available else bags_numpy.NumpySolver
    return kind(rows.features, rows.labels, weight, outputs, settings.l2, threads)


def _is_over(record: PassRecord, since: int, patience: int | None, seconds: float | None) -> bool:
    """Say whether no other pass is to begin; ``since`` are those since the best one."""
    next_end = record.seconds * (record.number + 1) / record.number
    return (patience is not None and since >= patience) or (seconds is not None and next_end > seconds)


def naive_bayes_scale(counts: Array, smoothing: float) -> Array:
    """Return the scale of each feature, r in Wang and Manning (2012). Shape: (width, outputs).

    r = ln(p / (1 - p)) - ln(q / (1 - q)) over the shares of a class's smoothed counts, and of all others'.

    Args:
        counts: how much the texts of each class weigh that have each feature. Shape: (width, classes).
    """
    counts = counts + smoothing
    own = counts[:, 1:] if counts.shape[1] == 2 else counts
    others = counts.sum(1, keepdims=True) - own
    ratios: Array = np.log(own / own.sum(0)) - np.log(others / others.sum(0))
    return ratios


def log_loss(found: NDArray[np.float32], rows: Rows) -> float:
    """Return the weighted mean log loss of logits. Shape: (texts, outputs)."""
    full = np.column_stack([np.zeros(len(found)), found]) if found.shape[1] == 1 else found.astype(np.float64)
    top = full.max(1)
    each = top + np.log(np.exp(full - top[:, None]).sum(1)) - full[np.arange(len(full)), rows.labels]
    return float(np.average(each, weights=rows.weight))


def strongest(vocabulary: Vocabulary, texts: Texts, features: Features, weights: Array) -> dict[int, str]:
    """Return the n-grams of the columns with the largest weights, the largest first."""
    sizes = np.abs(weights).max(1, initial=0.0)
    columns = np.argpartition(-sizes, NAMED)[:NAMED] if len(sizes) > NAMED else np.arange(len(sizes))
    return vocabulary.names(texts, features, columns[np.argsort(-sizes[columns], kind="stable")])


def checked(
    texts: Texts,
    labels: ArrayLike,
    classes: int,
    sample_weight: ArrayLike | None,
    class_weight: Sequence[float] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and weights.

    Raises:
        DataError: they do not fit the texts; all is named.
    """
    truth = np.ascontiguousarray(labels, np.int64)
    weight = np.ones(len(truth)) if sample_weight is None else np.array(sample_weight, np.float64)
    problems = []
    if not len(texts) or truth.shape != (len(texts),) or weight.shape != (len(texts),):
        found = f"{len(texts)} texts, labels of shape {truth.shape}, weights of shape {weight.shape}"
        problems.append(
            message("each text must have a label and a weight, and there must be one", found, "give them")
        )
    elif not (np.isfinite(weight).all() and weight.min() >= 0 and weight.max() > 0):
        found = f"they go from {weight.min()} to {weight.max()}"
        problems.append(message("weights must be finite, at least 0 and not all 0", found, "mend them"))
    if classes < 2 or (truth.size and (truth.min() < 0 or truth.max() >= classes)):
        found = f"classes={classes} and labels from {truth.min(initial=0)} to {truth.max(initial=0)}"
        problems.append(
            message("labels must be below the number of classes, at least 2", found, "number them from 0")
        )
    if problems:
        raise DataError(problems)
    return truth, weight if class_weight is None else weight * np.asarray(class_weight, np.float64)[truth]
