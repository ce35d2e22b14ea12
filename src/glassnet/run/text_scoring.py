"""Scoring a fold of texts: the network beside majority and naive Bayes, on the same texts and resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.engine.bags import BagNet
from glassnet.engine.naive_bayes import fit_naive_bayes
from glassnet.model.texts_manifest import TextBaselines
from glassnet.run.fold_scores import FoldScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.data.text_features import Features
    from glassnet.recipe import Recipe
    from glassnet.run.text_nets import TrainedBags
    from glassnet.run.text_prepare import TextPrepared

    Floats = NDArray[np.float64]

MOST_SCORED = 2_000
"""Training texts beyond this are scored on an evenly spaced sample."""


def fold_scores(
    recipe: Recipe, prepared: TextPrepared, fold: Fold, done: TrainedBags, threads: int
) -> tuple[FoldScores, TextBaselines]:
    """Score a fold's nets: training and validation texts by the best, test texts by the final one.

    For test texts the baselines are fitted on training and validation texts together. The baselines that are
    returned go with the final net.
    """
    split, judged = fold.judged()
    net = done.final if split == "test" else done.best
    both = np.sort(np.concatenate([fold.train, fold.validation]))
    fitted = both if split == "test" else np.sort(fold.train)
    features = done.features if split == "test" else done.features_of(np.isin(both, fitted))
    baselines = _baselines(prepared, net, fitted, threads, features)
    metrics, notes = {}, list[str]()
    rows = {name: len(getattr(fold, name)) for name in ("train", "validation", "test")}
    for name in ("train", "validation"):
        some = getattr(fold, name)
        if name == "train" and len(some) > MOST_SCORED:
            some = some[np.linspace(0, len(some) - 1, MOST_SCORED).astype(np.int64)]
            notes.append(f"train scores come from {MOST_SCORED:,} of {len(fold.train):,} texts")
        if len(some):
            answers = _answers(prepared, done, some, threads)
            metrics[name] = prepared.task.metrics(prepared.truth[some], answers, _at(prepared, some))
    ours, others = _judged(prepared, net, baselines, _features(prepared, done, net, judged, threads))
    found = FoldScores(
        task=prepared.task,
        seed=recipe.seed,
        split=split,
        metrics=metrics,
        rows=rows,
        truth=prepared.truth[judged],
        predictions={"": ours, **others},
        units=None if prepared.units is None else prepared.units[judged],
        weights=_at(prepared, judged),
        saved=None,
        leaks=prepared.leaks,
        notes=tuple(notes),
        conformal=None,
        ends=None,
    )
    if net is not done.final:
        baselines = _baselines(prepared, done.final, both, threads, done.features)
    return found, baselines


def _baselines(
    prepared: TextPrepared,
    net: BagNet,
    rows: NDArray[np.int64],
    threads: int,
    features: Features | None,
) -> TextBaselines:
    """Fit majority and naive Bayes on these texts; ``features`` are theirs, where they are at hand."""
    classes, truth = len(prepared.task.classes), prepared.truth[rows]
    weight = _at(prepared, rows)
    counts = np.bincount(truth, weight, classes).astype(np.float64)
    if features is None:
        features = net.vocabulary.encode(prepared.rows.texts.take(rows), threads=threads)
    bayes = fit_naive_bayes(features, truth, classes, weight)
    return TextBaselines(counts / counts.sum(), bayes)


def _features(
    prepared: TextPrepared, done: TrainedBags, net: BagNet, rows: NDArray[np.int64], threads: int
) -> Features:
    """Return texts as a net reads them: from those at hand, or read again."""
    rising = bool((np.diff(rows) > 0).all())
    if net is done.best and done.rows is not None and rising and np.isin(rows, done.rows).all():
        found = done.features_of(np.isin(done.rows, rows))
        if found is not None:
            return found
    return net.vocabulary.encode(prepared.rows.texts.take(rows), threads=threads)


def _judged(
    prepared: TextPrepared, net: BagNet, baselines: TextBaselines, features: Features
) -> tuple[Floats, dict[str, Floats]]:
    task = prepared.task
    bayes = task.decode(baselines.naive_bayes.logits(features))
    shares = np.tile(baselines.shares, (len(features), 1))
    network = task.decode(net.answers(features))
    return network, {"majority": shares, "naive_bayes": bayes}


def _answers(prepared: TextPrepared, done: TrainedBags, rows: NDArray[np.int64], threads: int) -> Floats:
    features = _features(prepared, done, done.best, rows, threads)
    return prepared.task.decode(done.best.answers(features))


def _at(prepared: TextPrepared, rows: NDArray[np.int64]) -> NDArray[Any] | None:
    return None if prepared.weights is None else prepared.weights[rows]
