"""How well rows were rebuilt: the squared error per number, beside baselines, on rows that were held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glassnet.metrics.bootstrap import RESAMPLES, percentiles
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_ROWS = 2_000
"""More rows are put together at random into so many groups, see ``metrics.bootstrap``."""


@dataclass(frozen=True)
class Rebuilt:
    """The squared error per number, its mean over rows.

    Attributes:
        error: of the net, in the square of the data's unit.
        interval: between what it lies with 95 % confidence, by a bootstrap of the rows.
        baselines: the same of others on the same rows: name -> (error, interval).
        ratios: the net's error divided by a baseline's: name -> (ratio, interval).
        rows: how many rows were rebuilt.
    """

    error: float
    interval: tuple[float, float]
    baselines: dict[str, tuple[float, tuple[float, float]]]
    ratios: dict[str, tuple[float, tuple[float, float]]]
    rows: int


def squared_errors(truth: NDArray[np.floating], rebuilt: NDArray[np.floating]) -> Floats:
    """Return the mean squared error of each row. Shapes: (n, ...) twice -> (n,)."""
    change = truth.astype(np.float64) - rebuilt
    errors: Floats = np.square(change).reshape(len(change), -1).mean(axis=1)
    return errors


def rebuilt_scores(ours: Floats, baselines: dict[str, Floats], seed: int = 0) -> Rebuilt:
    """Score a net and baselines by the squared errors of the same rows, with the same resamples.

    Shapes: (n,) each.
    """
    draws = _draws(len(ours), seed)
    means = {name: draws @ errors for name, errors in {"net": ours, **baselines}.items()}
    scores = {name: (float(errors.mean()), percentiles(means[name])) for name, errors in baselines.items()}
    ratios = {name: _ratio(ours, errors, means["net"], means[name]) for name, errors in baselines.items()}
    return Rebuilt(float(ours.mean()), percentiles(means["net"]), scores, ratios, len(ours))


def _ratio(
    ours: Floats, theirs: Floats, our_means: Floats, their_means: Floats
) -> tuple[float, tuple[float, float]]:
    """Return a ratio of errors with its interval; infinite or 1 where a baseline makes no errors."""
    if not (their_means > 0).all():
        ratio = float("inf") if ours.any() else 1.0
        return ratio, (ratio, ratio)
    return float(ours.mean() / theirs.mean()), percentiles(our_means / their_means)


def _draws(rows: int, seed: int) -> Floats:
    """Return the weight of each row in each resample; a resample's sum to 1. Shape: (resamples, rows)."""
    chance = stream(seed, "bootstrap", "pictures")
    groups = min(rows, MOST_ROWS)
    group = chance.permutation(rows) % groups
    drawn = chance.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES)[:, group]
    weights: Floats = drawn / drawn.sum(axis=1, keepdims=True)
    return weights
