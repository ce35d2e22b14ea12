"""Step 5, less work: a word that is not there is multiplied by 0, so leave it out. Not one answer changes.

    h = sum over the words of the review of W_i          instead of x W with 74,000 inputs, nearly all 0
    W_i <- W_i - rate dE/dz v                            only these rows; the others would change by 0

The words of a bag are in the order of their numbers and sums run in that order, so that leaving out the zeros
gives the same bits.

Twice the same arithmetic: word by word, as the course writes it, and with the rows of a review at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glassnet.reference.arrays import Floats
from glassnet.reference.sentiment.bags import Bags
from glassnet.reference.sentiment.network import Weights, checked, finite, product, slope


def train_word_by_word(bags: Bags, targets: ArrayLike, weights: Weights, rate: float) -> Floats:
    """Make a step for each review, a loop over its words: the course's own algorithm.

    It knows presence only. Arguments, result and errors as in
    :func:`~glassnet.reference.sentiment.network.train_dense`.
    """
    y = checked(bags, targets, rate)
    reviews = [bags[review][0].tolist() for review in range(len(bags))]
    hidden, output = weights.hidden, weights.output.reshape(-1, 1)
    layer_1 = np.zeros((1, len(output)))
    scores = np.empty(len(reviews))
    for number, review in enumerate(reviews):
        layer_1 *= 0
        for index in review:
            layer_1 += hidden[index]
        layer_2_score = layer_1.dot(output)
        layer_2 = 1 / (1 + np.exp(-layer_2_score))
        layer_2_error = layer_2 - y[number]
        layer_2_delta = layer_2_error * (layer_2 * (1 - layer_2))
        layer_1_delta = layer_2_delta.dot(output.T)
        output -= layer_1.T.dot(layer_2_delta) * rate
        for index in review:
            hidden[index] -= layer_1_delta[0] * rate
        scores[number] = layer_2_score[0, 0]
    return finite(scores, weights, rate)


def train_sparse(bags: Bags, targets: ArrayLike, weights: Weights, rate: float) -> Floats:
    """Make a step for each review with the rows of its words: whole arrays in place of the loop over words.

    Arguments, result and errors as in :func:`~glassnet.reference.sentiment.network.train_dense`.
    """
    y = checked(bags, targets, rate).tolist()
    hidden, output = weights.hidden, weights.output
    scores = np.empty(len(bags))
    ends = bags.starts.tolist()
    for review, target in enumerate(y):
        part = slice(ends[review], ends[review + 1])
        at = bags.words[part]
        rows = hidden[at]
        times = None if bags.times is None else bags.times[part, None]
        h = np.add.reduce(rows if times is None else times * rows, axis=0)
        scores[review] = z = product(h, output)
        delta = slope(z, target)
        change = delta * output
        hidden[at] = rows - rate * (change if times is None else times * change)
        output -= rate * (delta * h)
    return finite(scores, weights, rate)


def scores_sparse(bags: Bags, weights: Weights) -> Floats:
    """Return the score z of each review from the words that it has. Shape: (reviews,)."""
    scores = np.empty(len(bags))
    for review in range(len(bags)):
        at, times = bags[review]
        scores[review] = product(np.add.reduce(times[:, None] * weights.hidden[at], axis=0), weights.output)
    return scores
