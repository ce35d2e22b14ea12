"""Scoring a fold of photos: the network beside majority and thumbnails, on the same photos and resamples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.image_rows import rows_of
from glassnet.data.thumbnails import thumbnails
from glassnet.run.fold_scores import FoldScores

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from glassnet.data.split import Fold
    from glassnet.model.images_manifest import ImageBaselines
    from glassnet.run.image_prepare import ImagePrepared

    Floats = NDArray[np.float64]
    Answer = Callable[[NDArray[np.int64]], Floats]

MOST_SCORED = 2_000
"""Training photos beyond this are scored on an evenly spaced sample."""


FEWEST, COLDEST, HOTTEST = 50, 0.1, 10.0
"""Validation photos that a temperature is fitted on at least, and its limits."""


def temperature_of(answers: Floats, truth: NDArray[np.int64]) -> float:
    """Return the temperature at which the net is as sure of validation photos as it is right.

    Each photo counts as of another class by the chance of 1 in n + 1, so that a net that errs nowhere does
    not become sure of everything.

    Args:
        answers: probabilities at temperature 1. Shape: (n, classes).
        truth: class of each. Shape: (n,).
    """
    if len(truth) < FEWEST:
        return 1.0
    count, classes = answers.shape
    wanted = np.full(answers.shape, 1 / (count + 1) / classes)
    wanted[np.arange(count), truth] += count / (count + 1)
    logs = np.log(np.maximum(answers, 1e-300))

    def loss(step: float) -> float:
        scaled = logs / np.exp(step)
        top = scaled.max(axis=1, keepdims=True)
        return float(
            (wanted * (top + np.log(np.exp(scaled - top).sum(axis=1, keepdims=True)) - scaled)).sum()
        )

    low, high = np.log(COLDEST), np.log(HOTTEST)
    for _ in range(60):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return round(float(np.exp(low)), 4)


def scored_photos(fold: Fold) -> int:
    """Count the photos that are answered after a training: those that validate twice, for the temperature."""
    return min(len(fold.train), MOST_SCORED) + 2 * len(fold.validation) + len(fold.test)


def fold_scores(
    prepared: ImagePrepared, fold: Fold, baselines: ImageBaselines, answer: Answer, seed: int
) -> FoldScores:
    """Score a net that learned the training photos of a fold.

    Args:
        baselines: fitted on the same photos.
        answer: gives the net's probabilities for photos by their places.
    """
    split, judged = fold.judged()
    metrics: dict[str, dict[str, float]] = {}
    found: dict[str, Floats] = {}
    notes: list[str] = []
    for name in ("train", "validation"):
        some = getattr(fold, name)
        if name == "train" and len(some) > MOST_SCORED:
            some = some[np.linspace(0, len(some) - 1, MOST_SCORED).astype(np.int64)]
            notes.append(f"train scores come from {MOST_SCORED:,} of {len(fold.train):,} photos")
        if len(some):
            found[name] = answer(some)
            metrics[name] = prepared.task.metrics(prepared.truth[some], found[name])
    ours = found[split] if split in found and len(found[split]) == len(judged) else answer(judged)
    return FoldScores(
        task=prepared.task,
        seed=seed,
        split=split,
        metrics=metrics,
        rows={name: len(getattr(fold, name)) for name in ("train", "validation", "test")},
        truth=prepared.truth[judged],
        predictions={"": ours, **baselines.predict(thumbnails(rows_of(prepared.photos.pixels, judged)))},
        units=None if prepared.units is None else prepared.units[judged],
        weights=None,
        saved=None,
        leaks=prepared.leaks,
        notes=tuple(notes),
        conformal=None,
        ends=None,
    )
