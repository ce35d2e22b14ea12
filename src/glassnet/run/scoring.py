"""Scoring a fold: the network beside its baselines, on the same rows and the same resamples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.split import shared_rows
from glassnet.data.table import Table
from glassnet.manifest import SavedBaselines
from glassnet.metrics.compare import over_folds
from glassnet.metrics.conformal import Conformal, calibrate
from glassnet.metrics.coverage import coverage_of, ends_asked
from glassnet.model import outputs_of
from glassnet.results import Differences, Results
from glassnet.run.baselines import fit_baselines, sample_rows
from glassnet.run.kept import judged_rows
from glassnet.run.prepare import Encoded, Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.leaks import Leak
    from glassnet.recipe import Recipe
    from glassnet.run.trials import Chosen
    from glassnet.task import Task

    Floats = NDArray[np.float64]

MOST_SCORED = 200_000
"""Training and validation rows beyond this are scored on an evenly spaced sample; test rows never."""


@dataclass(frozen=True)
class FoldScores:
    """What a fold gives: simple scores by split, and the judged rows' truth and predictions, still unscored.

    ``predictions`` has the network under the empty name. ``conformal`` is what the validation rows say about
    the network's errors, and ``ends`` are its 90 % intervals of test rows, where there can be any.
    """

    task: Task
    seed: int
    split: str
    metrics: dict[str, dict[str, float]]
    rows: dict[str, int]
    truth: NDArray[Any]
    predictions: dict[str, Floats]
    units: NDArray[np.int64] | None
    weights: Floats | None
    saved: SavedBaselines
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    conformal: Conformal | None
    ends: Floats | None


class Judge:
    """Fits the baselines of a fold, then scores its nets beside them.

    The judged rows are the test rows, or without any the validation rows, or else the training rows. For
    test rows the baselines are fitted on training and validation rows together: the best they can be.
    Afterwards the fold needs its tables no more.
    """

    def __init__(self, encoded: Encoded, prepared: Prepared, recipe: Recipe) -> None:
        fold = encoded.fold
        self.encoded, self.seed = encoded, recipe.seed
        self.split, self.judged = judged_rows(fold)
        fitted = np.concatenate([fold.train, fold.validation]) if self.split == "test" else fold.train
        samples = sample_rows(fitted, encoded.schema.width, encoded.weights, seed=recipe.seed)
        trees = _codes(encoded, prepared.tables, samples.boosted)
        judged_trees, _ = _codes(encoded, prepared.tables, self.judged)
        prepared.let_go(fold)
        baselines = fit_baselines(
            encoded.task.name,
            encoded.inputs,
            encoded.truth,
            samples=samples,
            classes=len(encoded.task.classes),
            weight=encoded.weights,
            tree_inputs=trees,
            seed=recipe.seed,
        )
        self.predictions = baselines.predict(_at(encoded.inputs, self.judged), judged_trees)
        self.saved = SavedBaselines(np.atleast_1d(baselines.constant), *baselines.linear_weights())
        self.leaks, self.notes = prepared.leaks, baselines.notes

    def scores(self, done: Chosen) -> FoldScores:
        """Score a fold's nets: train and validation rows by the best, test rows by the final one."""
        encoded, fold = done.encoded, done.encoded.fold
        metrics, rows, notes, conformal = {}, {}, list(self.notes), None
        for split, positions in (("train", fold.train), ("validation", fold.validation)):
            some = positions[:: max(1, -(-len(positions) // MOST_SCORED))]
            rows[split] = len(positions)
            if len(some) < len(positions):
                notes.append(f"{split} scores come from {len(some):,} of {len(positions):,} rows")
            if len(some):
                predicted = encoded.task.decode(outputs_of(done.best.net, _at(encoded.inputs, some)))
                weight = None if encoded.weights is None else encoded.weights[some]
                metrics[split] = encoded.task.metrics(encoded.truth[some], predicted, weight)
                if split == "validation":
                    conformal = _calibrated(encoded, some, predicted)
        rows["test"] = len(fold.test)
        shared = shared_rows(encoded.inputs, encoded.truth.astype(np.float64), fold)
        if shared:
            notes.append(f"{shared} of {len(fold.test)} test rows stand in the training rows too")
        net = (done.final if self.split == "test" else done.best).net
        ours = encoded.task.decode(outputs_of(net, _at(encoded.inputs, self.judged)))
        return FoldScores(
            task=encoded.task,
            seed=self.seed,
            split=self.split,
            metrics=metrics,
            rows=rows,
            truth=encoded.truth[self.judged],
            predictions={"": ours, **self.predictions},
            units=None if encoded.units is None else encoded.units[self.judged],
            weights=None if encoded.weights is None else encoded.weights[self.judged],
            saved=self.saved,
            leaks=self.leaks,
            notes=tuple(notes),
            conformal=conformal,
            ends=ends_asked(conformal, ours) if self.split == "test" else None,
        )


def results_of(folds: list[FoldScores]) -> Results:
    """Score the judged rows of one fold, or of several taken together, and put everything into Results."""
    first, split = folds[0], folds[0].split
    truth = np.concatenate([each.truth for each in folds])
    units = _joined([each.units for each in folds])
    weights = _joined([each.weights for each in folds])
    predictions = {
        name: np.concatenate([each.predictions[name] for each in folds]) for name in first.predictions
    }
    scores = {
        name: first.task.score(truth, each, unit=units, weight=weights, seed=first.seed)
        for name, each in predictions.items()
    }
    differences = first.task.compare(truth, predictions, unit=units, weight=weights, seed=first.seed)
    ends = _joined([each.ends for each in folds])
    coverage = coverage_of(truth, ends, unit=units, weight=weights)
    judged = Results.judged(split, len(truth), scores.pop(""), scores, differences, coverage=coverage)
    notes = tuple(dict.fromkeys(note for each in folds for note in each.notes))
    return judged.model_copy(
        update={
            "rows": {**first.rows, **judged.rows},
            "metrics": {**first.metrics, **judged.metrics},
            "leaks": first.leaks,
            "notes": (*notes, *judged.notes),
        }
    )


def pooled(folds: list[FoldScores], final: FoldScores, *, repeated: bool) -> Results:
    """Score several folds' judged rows together, and keep each fold's own scores in the details.

    Train and validation scores are those of the final net, which was trained on everything. ``repeated`` says
    whether a row may be judged in several folds; the units are rows then.
    """
    together = results_of(folds)
    each = [
        {
            name or "network": fold.task.metrics(fold.truth, values, fold.weights)
            for name, values in fold.predictions.items()
        }
        for fold in folds
    ]
    counts = [
        f"test scores come from {len(folds)} nets, each on rows that it was not trained on; "
        "the saved net was trained on all rows"
    ]
    if repeated:
        units = len(np.unique(np.concatenate([each.units for each in folds if each.units is not None])))
        answers = f"the {together.rows['test']:,} test rows are {units:,} different ones"
        counts.append(f"{answers}: intervals resample a row with all its answers")
    return together.model_copy(
        update={
            "rows": {**final.rows, "test": together.rows["test"]},
            "metrics": {**final.metrics, "test": together.metrics["test"]},
            "differences": _over_folds(folds),
            "details": {**together.details, "folds": each},
            "notes": (*together.notes, *counts),
        }
    )


def _over_folds(folds: list[FoldScores]) -> dict[str, dict[str, Differences]]:
    """Compare the network with each baseline over the folds: baseline -> split -> metric -> Difference."""
    found = [
        fold.task.compare(fold.truth, fold.predictions, unit=fold.units, weight=fold.weights, seed=fold.seed)
        for fold in folds
    ]
    share = np.mean([len(each.truth) / (each.rows["train"] + each.rows["validation"]) for each in folds])
    return {
        name: {
            folds[0].split: {
                metric: over_folds([each[name][metric] for each in found], float(share)) for metric in metrics
            }
        }
        for name, metrics in found[0].items()
    }


def _codes(
    encoded: Encoded, tables: tuple[Table, ...], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what trees see of some rows, which stand in one of the tables (positions count through all)."""
    table, first = (tables[0], 0) if rows[0] < tables[0].rows else (tables[1], tables[0].rows)
    names = [column.name for column in encoded.schema.columns]
    return encoded.schema.codes(Table(table.frame.select(names)[rows - first], table.name))


def _at(matrix: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return ascending rows of a matrix, without a copy where they lie together."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return matrix[rows[0] : rows[-1] + 1]
    return matrix[rows]


def _joined(arrays: list[Any]) -> Any:
    return None if any(each is None for each in arrays) else np.concatenate(arrays)


def _calibrated(encoded: Encoded, rows: NDArray[np.int64], predictions: Floats) -> Conformal | None:
    """Return what the net's errors on validation rows say about new ones; None for classes."""
    if encoded.task.is_classification:
        return None
    known = np.concatenate([encoded.fold.train, encoded.fold.validation])
    return calibrate(
        encoded.truth[rows],
        predictions,
        None if encoded.weights is None else encoded.weights[rows],
        non_negative=encoded.truth[known].min(axis=0) >= 0,
    )
