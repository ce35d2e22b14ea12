"""Is the network better than a baseline, or is it the luck of these rows?

Two models on the same rows are right and wrong together: a hard day is hard for both. So their scores move
together from resample to resample, and the difference is known far better than either score; two intervals
that overlap say little about it. Each resample here scores both models on the same drawn units, and the 95 %
interval is that of the difference (paired bootstrap; Efron and Tibshirani, 1993, "An introduction to the
bootstrap", chapter 16).

Over several folds or windows the question is another one: would the network win again if it were trained
again on other rows? There each fold gives one difference, and the interval is that of their mean by a t test.
Folds share training rows and so agree more than independent trials would; the variance of their mean is
therefore taken as (1/J + test rows / training rows) times the variance between the J folds (C. Nadeau and
Y. Bengio, 2003, "Inference for the generalization error", Machine Learning 52).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np

from glassnet.errors import DataError, message
from glassnet.metrics.bootstrap import COVERAGE, RESAMPLES, drawn_units, percentiles
from glassnet.metrics.classification import LEAST_PROBABILITY
from glassnet.metrics.rows import CLASS_TASKS, Rows, checked_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from glassnet.recipe import TaskName

    Judged: TypeAlias = TaskName | Literal["characters"]
    Floats = NDArray[np.float64]

MainMetric = Literal["rmse", "log_loss", "accuracy", "nats_per_character"]
Outcome = Literal["better", "worse", "equal", "cannot be told apart"]
NUMBER_METRICS: tuple[MainMetric, ...] = ("rmse",)
CLASS_METRICS: tuple[MainMetric, ...] = ("log_loss", "accuracy")
CHARACTER_METRICS: tuple[MainMetric, ...] = ("nats_per_character",)
_ANGLES = 20_001
"""Points of the numeric integral under Student's curve: its quantiles come out right to 7 digits."""


@dataclass(frozen=True)
class Difference:
    """The network beside one baseline by one metric.

    Attributes:
        metric: ``rmse``, ``log_loss``, ``nats_per_character`` (the network is better if the difference is
            below 0) or ``accuracy`` (better if above 0).
        network, baseline: the two scores; over several folds their means.
        difference: network - baseline.
        interval: the 95 % interval of the difference; None where there is nothing to take it from.
        folds: the difference in each fold; empty for one set of rows.
    """

    metric: MainMetric
    network: float
    baseline: float
    difference: float
    interval: tuple[float, float] | None
    folds: tuple[float, ...] = ()

    # It travels in the model file, where an unknown key is an error.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    @property
    def outcome(self) -> Outcome:
        """How the network stands: better or worse only where the whole interval lies on one side of 0."""
        if self.difference == 0 and self.interval in (None, (0.0, 0.0)):
            return "equal"
        if self.interval is None or self.interval[0] <= 0.0 <= self.interval[1]:
            return "cannot be told apart"
        return "better" if (self.difference > 0) == (self.metric == "accuracy") else "worse"

    def sentence(self, name: str) -> str:
        """Say in plain words how the network stands beside the baseline called ``name``."""
        count = len(self.folds)
        where = f"on average over {count} fold{'s' * (count > 1)}" if self.folds else "on these rows"
        ours, theirs = f"{self.metric} {self.network:.4g}", f"{name} ({self.baseline:.4g})"
        if self.outcome == "equal":
            return f"{ours} is equal to {theirs} {where}"
        if self.interval is None:
            return f"{ours} and {theirs} cannot be told apart {where}: one is too few for an interval"
        low, high = self.interval
        shown = f"difference {self.difference:+.3g} [{low:+.3g}, {high:+.3g}]"
        if self.outcome == "cannot be told apart":
            return f"{ours} and {theirs} cannot be told apart {where}: {shown}"
        return f"{ours} is {self.outcome} than {theirs} {where}: {shown}"


def main_metrics(task: Judged) -> tuple[MainMetric, ...]:
    """Return the metrics that decide between models of a task, the first one first."""
    if task == "characters":
        return CHARACTER_METRICS
    return CLASS_METRICS if task in CLASS_TASKS else NUMBER_METRICS


def row_terms(rows: Rows, metric: MainMetric) -> Floats:
    """Return what a metric averages over the rows: squared errors, losses, or 1 for a hit.

    Shape: (n, m) with a column per output for ``rmse``, else (n, 1).
    """
    if metric == "rmse":
        squares: Floats = (rows.prediction - rows.truth).reshape(len(rows.truth), -1) ** 2
        return squares
    if metric == "accuracy":
        hits: Floats = (rows.prediction.argmax(axis=1) == rows.truth).astype(np.float64)
        return hits[:, None]
    chance = rows.prediction[np.arange(len(rows.truth)), rows.truth]
    losses: Floats = -np.log(np.clip(chance, LEAST_PROBABILITY, 1))
    return losses[:, None]


def resampled(
    metric: MainMetric, terms: Floats, weight: Floats, unit: NDArray[np.int64], counts: Floats
) -> Floats:
    """Score every resample by one metric; see :func:`row_terms`.

    Args:
        terms: (n, m).
        weight: (n,).
        unit: (n,), the 0-based unit of each row.
        counts: (resamples, units), how often each resample drew each unit.

    Shape: (resamples,).
    """
    units = counts.shape[1]
    sums = [np.bincount(unit, weight * term, minlength=units) for term in terms.T]
    total = counts @ np.bincount(unit, weight, minlength=units)
    means: Floats = counts @ np.stack(sums, axis=1) / total[:, None]
    return np.sqrt(means).mean(axis=1) if metric == "rmse" else means[:, 0]


def paired_differences(
    task_name: TaskName,
    truth: ArrayLike,
    network: ArrayLike,
    baselines: Mapping[str, ArrayLike],
    *,
    unit: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, dict[MainMetric, Difference]]:
    """Compare the network with each baseline on the same rows and the same resamples.

    Args:
        task_name, truth, unit, weight, seed: as :func:`glassnet.metrics.score` takes them.
        network: predictions of the network, in the form of the task.
        baselines: name -> predictions of a baseline.

    Returns:
        baseline -> metric -> Difference: ``rmse`` (several outputs: their mean), or ``log_loss`` and
        ``accuracy``.

    Raises:
        RecipeError, DataError: as :func:`glassnet.metrics.score`.
    """
    ours = checked_rows(task_name, truth, network, weight, unit)
    units, counts = drawn_units(ours, seed, resamples)
    has_interval = counts.shape[1] > 1
    others = {
        name: checked_rows(task_name, truth, prediction, weight, unit)
        for name, prediction in baselines.items()
    }
    metrics = main_metrics(task_name)
    own, *scored = _scores([ours, *others.values()], metrics, units, counts)
    return {
        name: {metric: _difference(metric, own[metric], scores[metric], has_interval) for metric in metrics}
        for name, scores in zip(others, scored, strict=True)
    }


def _scores(
    models: Sequence[Rows], metrics: Sequence[MainMetric], unit: NDArray[np.int64], counts: Floats
) -> list[dict[MainMetric, Floats]]:
    """Score several models on the rows themselves and on every resample, with one look at the draws.

    Shapes: unit (n,), counts (resamples, units); of each score (1 + resamples,), that of the rows first.
    """
    units, first = counts.shape[1], models[0]
    cells = [np.bincount(unit, first.weight, minlength=units)]
    places: list[dict[MainMetric, slice]] = []
    for rows in models:
        places.append({})
        for metric in metrics:
            terms = row_terms(rows, metric).T
            places[-1][metric] = slice(len(cells), len(cells) + len(terms))
            cells += [np.bincount(unit, rows.weight * term, minlength=units) for term in terms]
    table = np.stack(cells, axis=1)
    sums = np.concatenate([table.sum(axis=0, keepdims=True), counts @ table])
    means = sums / sums[:, :1]
    return [
        {
            metric: np.sqrt(means[:, place]).mean(axis=1) if metric == "rmse" else means[:, place.start]
            for metric, place in of.items()
        }
        for of in places
    ]


def _difference(metric: MainMetric, network: Floats, baseline: Floats, has_interval: bool) -> Difference:
    """Compare two models from their scores of the rows and of every resample. Shapes: (1 + resamples,)."""
    change = network - baseline
    interval = percentiles(change[1:]) if has_interval else None
    return Difference(metric, float(network[0]), float(baseline[0]), float(change[0]), interval)


def over_folds(folds: Sequence[Difference], test_share: float) -> Difference:
    """Join the differences of several folds, repeated splits or windows into that of their means.

    Args:
        folds: one Difference a fold, all by one metric.
        test_share: test rows / training rows of a fold, the mean over folds; above 0. It is what a fold's
            training rows have in common with another's that this stands for (see the head of this file).

    Returns:
        The mean difference with its corrected t interval; with a single fold, no interval.

    Raises:
        DataError: no folds, folds of several metrics, or a share that is not above 0.
    """
    metrics = sorted({each.metric for each in folds})
    if len(metrics) != 1 or not test_share > 0:
        raise DataError(
            message(
                "folds must be compared by one metric, with test and training rows in each",
                f"metrics={metrics}, test_share={test_share}",
                "give one Difference a fold",
            )
        )
    changes = np.array([each.difference for each in folds])
    mean, interval = float(changes.mean()), None
    if len(folds) > 1:
        variance = (1 / len(folds) + test_share) * changes.var(ddof=1)
        reach = student_quantile(len(folds) - 1) * float(np.sqrt(variance))
        interval = (mean - reach, mean + reach)
    return Difference(
        metric=folds[0].metric,
        network=float(np.mean([each.network for each in folds])),
        baseline=float(np.mean([each.baseline for each in folds])),
        difference=mean,
        interval=interval,
        folds=tuple(changes.tolist()),
    )


def student_quantile(freedom: int, coverage: float = COVERAGE) -> float:
    """Return the t within which Student's distribution has ``coverage`` of its mass, on both sides of 0.

    With t = sqrt(freedom) tan(angle) the density becomes cos(angle) ** (freedom - 1).

    >>> round(student_quantile(1), 3), round(student_quantile(4), 3), round(student_quantile(1000), 3)
    (12.706, 2.776, 1.962)
    """
    angle = np.linspace(0, np.pi / 2, _ANGLES)
    density = np.cos(angle) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return float(np.sqrt(freedom) * np.tan(np.interp(coverage, mass / mass[-1], angle)))


def verdict(differences: Mapping[str, Mapping[MainMetric, Difference]]) -> str | None:
    """Say how the network stands beside its best baseline, by every main metric; None without baselines.

    The best baseline is the one of the lowest ``rmse``, ``log_loss`` or ``nats_per_character``.
    """
    for deciding in (NUMBER_METRICS[0], CLASS_METRICS[0], CHARACTER_METRICS[0]):
        scores = {name: each[deciding].baseline for name, each in differences.items() if deciding in each}
        if scores:
            best = min(scores, key=lambda name: scores[name])
            order = (*NUMBER_METRICS, *CLASS_METRICS, *CHARACTER_METRICS)
            told = sorted(differences[best].values(), key=lambda each: order.index(each.metric))
            return "; ".join(each.sentence(f"the best baseline, {best}") for each in told)
    return None
