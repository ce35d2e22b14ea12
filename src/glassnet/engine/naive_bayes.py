"""Naive Bayes over the features of texts: the simple method that a bag net has to beat, on the same counts.

Multinomial naive Bayes (Manning, Raghavan and Schuetze 2008, "Introduction to Information Retrieval", 13.2)
takes every feature for independent of the others given the class. They are not, so its probabilities are far
too sure of themselves. All its logits are therefore divided by one number, the temperature, which is chosen
on texts that it was not fitted on: the classes that it answers stay the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.text_features import Features
from glassnet.engine import bags_native, bags_numpy
from glassnet.machine import all_cores
from glassnet.native_status import native_status

Floats = NDArray[np.float64]
TEMPERATURES = tuple(2.0**power for power in range(13))
SMOOTHING = 1.0
JUDGED = 2_500
"""Texts of each half that choose the temperature."""
LEAST = 1e-9
"""The least weight of a class that its share is taken of."""
ENTRIES = 4_000_000
"""Entries whose weights are gathered at a time."""


@dataclass(frozen=True)
class NaiveBayes:
    """What naive Bayes has learned.

    Attributes:
        weights: what each feature adds to the logits. Shape: (features, outputs), float32.
        bias: shape (outputs,), float64.

    Two classes have one output, the logit of class 1; more classes have one each.
    """

    weights: NDArray[np.float32]
    bias: Floats

    def logits(self, features: Features) -> Floats:
        """Return the logits of texts. Shape: (texts, outputs)."""
        found = np.tile(self.bias, (len(features), 1))
        for start, stop in _blocks(features.offsets):
            entries = slice(features.offsets[start], features.offsets[stop])
            added = self.weights[features.columns[entries]]
            if features.values is not None:
                added = added * features.values[entries, None]
            filled = start + np.flatnonzero(np.diff(features.offsets[start : stop + 1]))
            if len(filled):
                places = features.offsets[filled] - features.offsets[start]
                found[filled] += np.add.reduceat(added, places, axis=0, dtype=np.float64)
        return found


def fit_naive_bayes(
    features: Features, labels: NDArray[np.int64], classes: int, weight: Floats | None = None
) -> NaiveBayes:
    """Fit naive Bayes.

    The temperature is chosen on answers to each half of the texts after fitting the other half.

    Args:
        features: of n texts.
        labels: the class of each, 0 to ``classes - 1``. Shape: (n,).
        weight: how much each text counts. Shape: (n,).
    """
    weight = np.ones(len(labels)) if weight is None else weight
    halves = [np.arange(start, len(labels), 2) for start in (0, 1)]
    counts = _counts(features, labels, classes, weight)
    shares = [np.bincount(labels[half], weight[half], classes) for half in halves]
    answers, truth = [], []
    for one, other in ((0, 1), (1, 0)):
        some = halves[other][:: max(1, len(halves[other]) // JUDGED)]
        if len(halves[one]) and len(some):
            answers.append(_from_counts(counts[one], shares[one]).logits(_at(features, some)))
            truth.append(labels[some])
    temperature = _temperature(np.concatenate(answers), np.concatenate(truth)) if answers else 1.0
    net = _from_counts(counts[0] + counts[1], shares[0] + shares[1])
    return NaiveBayes((net.weights / temperature).astype(np.float32), net.bias / temperature)


def _counts(features: Features, labels: NDArray[np.int64], classes: int, weight: Floats) -> list[Floats]:
    """Return how much of each feature the texts of each class have, of every other text and of those between.

    Shapes: (classes, features).
    """
    groups = labels + classes * (np.arange(len(labels)) % 2)
    twin: Any = bags_native if native_status().available else bags_numpy
    found = twin.class_sums(features, groups, np.asarray(weight, np.float64), 2 * classes, all_cores())
    return [found[:, :classes].T, found[:, classes:].T]


def _from_counts(counts: Floats, shares: NDArray[Any]) -> NaiveBayes:
    logs = np.log(counts + SMOOTHING)
    logs -= np.log(counts.sum(axis=1, keepdims=True) + SMOOTHING * counts.shape[1] + (counts.shape[1] == 0))
    priors = np.log(np.maximum(shares, LEAST) / max(shares.sum(), LEAST))
    if len(logs) == 2:
        return NaiveBayes((logs[1] - logs[0])[:, None].astype(np.float32), priors[1:] - priors[:1])
    return NaiveBayes(np.ascontiguousarray(logs.T, np.float32), priors)


def _temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """Return by what the logits have to be divided for the lowest log loss."""
    return min(TEMPERATURES, key=lambda each: _log_loss(logits / each, labels))


def _log_loss(logits: Floats, labels: NDArray[np.int64]) -> float:
    if logits.shape[1] == 1:
        return float(np.logaddexp(0.0, np.where(labels == 1, -logits[:, 0], logits[:, 0])).mean())
    top = logits.max(axis=1)
    totals = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((totals - logits[np.arange(len(labels)), labels]).mean())


def _at(features: Features, rows: NDArray[np.int64]) -> Features:
    """Return some rows."""
    pieces = list(zip(features.offsets[rows].tolist(), features.offsets[rows + 1].tolist(), strict=True))
    offsets = np.concatenate([[0], np.cumsum(np.diff(features.offsets)[rows])])
    columns = np.concatenate([features.columns[:0], *(features.columns[a:b] for a, b in pieces)])
    values = features.values
    if values is not None:
        values = np.concatenate([values[:0], *(values[a:b] for a, b in pieces)])
    return Features(offsets, columns, values, features.width)


def _blocks(offsets: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut rows into blocks of about so many entries that they can be gathered at a time."""
    ends = np.searchsorted(offsets, np.arange(ENTRIES, offsets[-1], ENTRIES))
    cuts = sorted({0, *ends.tolist(), len(offsets) - 1})
    return list(pairwise(cuts))
