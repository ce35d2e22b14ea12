"""How well the characters of a text are foretold: nats and bits per character, with intervals.

The loss of a character is -ln of the probability that it was given beforehand; the mean over a text is in
nats per character, and divided by ln 2 in bits. Neighbouring characters are hard or easy together, so the
bootstrap draws blocks of the text, not characters (H. R. Kuensch, 1989, "The jackknife and the bootstrap for
general stationary observations").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from glassnet.metrics.bootstrap import RESAMPLES, percentiles
from glassnet.metrics.compare import Difference
from glassnet.metrics.scores import Scores
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BLOCK = 500
"""Characters of a block, some sentences. A text of fewer than two blocks has no interval."""
MOST_BLOCKS = 2_000
"""A longer text has longer blocks."""


def character_scores(losses: Floats, seed: int = 0) -> Scores:
    """Return nats and bits per character, with intervals.

    Args:
        losses: -ln of the probability of each character, in the order of the text. Shape: (characters,).
        seed: of the resamples; the same for every model that is compared.
    """
    drawn = _resampled(losses, seed)
    both = {"nats_per_character": 1.0, "bits_per_character": 1 / math.log(2)}
    metrics = {name: float(losses.mean()) * factor for name, factor in both.items()}
    intervals = {name: percentiles(drawn * factor) for name, factor in both.items() if len(drawn)}
    details = {"units": _blocks(len(losses)), "resamples": len(drawn)}
    return Scores(metrics, intervals, len(losses), details)


def character_difference(network: Floats, baseline: Floats, seed: int = 0) -> Difference:
    """Compare the losses of two models on the same characters, by the same resamples.

    Shapes: (characters,) each.
    """
    change = network - baseline
    drawn = _resampled(change, seed)
    interval = percentiles(drawn) if len(drawn) else None
    ours, theirs = float(network.mean()), float(baseline.mean())
    return Difference("nats_per_character", ours, theirs, float(change.mean()), interval)


def _blocks(characters: int) -> int:
    return min(characters // BLOCK, MOST_BLOCKS)


def _resampled(losses: Floats, seed: int) -> Floats:
    """Return the mean of each resample of blocks; none where there are fewer than two.

    Shape: (resamples,).
    """
    blocks = _blocks(len(losses))
    if blocks < 2:
        return np.empty(0)
    edges = np.linspace(0, len(losses), blocks + 1).astype(np.int64)
    sums, sizes = np.add.reduceat(losses, edges[:-1]), np.diff(edges)
    chance = stream(seed, "bootstrap")
    counts = np.stack(
        [np.bincount(chance.integers(0, blocks, blocks), minlength=blocks) for _ in range(RESAMPLES)]
    )
    means: Floats = counts @ sums / (counts @ sizes)
    return means
