"""Scoring a fold: the network beside its baselines, on the same rows and the same resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.split import shared_rows
from glassnet.data.table import Table
from glassnet.metrics.conformal import Conformal, calibrate
from glassnet.metrics.coverage import ends_asked
from glassnet.model.table import outputs_of
from glassnet.model.table_manifest import SavedBaselines
from glassnet.run.baselines import fit_baselines, sample_rows
from glassnet.run.fold_scores import FoldScores
from glassnet.run.prepare import Encoded, Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.recipe import Recipe
    from glassnet.run.trials import Chosen

    Floats = NDArray[np.float64]

MOST_SCORED = 200_000
"""Training and validation rows beyond this are scored on an evenly spaced sample; test rows never."""


class Judge:
    """Fits the baselines of a fold, then scores its nets beside them.

    The judged rows are the test rows, or without any the validation rows, or else the training rows. For
    test rows the baselines are fitted on training and validation rows together: the best they can be.
    Afterwards the fold needs its tables no more.
    """

    def __init__(self, encoded: Encoded, prepared: Prepared, recipe: Recipe) -> None:
        fold = encoded.fold
        self.encoded, self.seed = encoded, recipe.seed
        self.split, self.judged = fold.judged()
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
