"""What folds scored, and the Results that they make together, whatever a row of the data is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.metrics.compare import over_folds
from glassnet.metrics.coverage import coverage_of
from glassnet.results import Differences, Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.leak_facts import Leak
    from glassnet.data.split import Fold
    from glassnet.metrics.conformal import Conformal
    from glassnet.model.table_manifest import SavedBaselines
    from glassnet.task import Task

    Floats = NDArray[np.float64]


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
    saved: SavedBaselines | None
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    conformal: Conformal | None
    ends: Floats | None


def judged_once(folds: Sequence[tuple[Fold, FoldScores]]) -> tuple[NDArray[np.int64], NDArray[Any], Floats]:
    """Return the judged rows of all folds, each once, their truth, and the network's first answer to each."""
    rows = np.concatenate([fold.judged()[1] for fold, _ in folds])
    truth = np.concatenate([scores.truth for _, scores in folds])
    answers = np.concatenate([scores.predictions[""] for _, scores in folds])
    once = np.sort(np.unique(rows, return_index=True)[1])
    return rows[once], truth[once], answers[once]


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


def _joined(arrays: list[Any]) -> Any:
    return None if any(each is None for each in arrays) else np.concatenate(arrays)
