"""Steps 3 and 4, the network: an input for each word, ten linear hidden units, a sigmoid; review by review.

    h = x W                 x: counts (step 3) or presence (step 4), (words,); W: (words, hidden)
    z = h v                 v: (hidden,)
    p = s(z)                how sure the network is that the review is positive
    E = 1/2 (p - y)^2       the error of the course

    dE/dz = (p - y) p (1 - p)          the error, times the slope of the sigmoid
    dE/dv = dE/dz h                    v before the step
    dE/dW = dE/dz x v                  a hidden unit is linear: its slope is 1

A review has "the" ten times and "excellent" once. Counted, the ten pull harder (step 3); that is noise, and
presence lets each word pull once (step 4). Only the inputs differ.

All of W starts at 0, v at random. Then every row of W, h and each change of v are multiples of that first v,
and stay so for ever: ten hidden units that start like this are worth one. A word has one number in the end,
its pull W v, and h only repeats it ten times (:func:`directions` counts).

A. Trask, 2016, "Understanding neural networks through sentiment analysis" (the project in six steps).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import NonFiniteLoss, message
from glassnet.randomness import stream
from glassnet.reference.arrays import Floats, insist, not_above_zero, not_labels, numbers
from glassnet.reference.sentiment.bags import Bags

HIDDEN = 10


@dataclass(eq=False)
class Weights:
    """The weights of the network, which training changes in place.

    Attributes:
        hidden: W, (words, hidden units), in C order.
        output: v, (hidden units,).
    """

    hidden: Floats
    output: Floats

    def copy(self) -> Weights:
        """Return the same weights in arrays of their own."""
        return Weights(self.hidden.copy(), self.output.copy())

    @property
    def pull(self) -> Floats:
        """What each word adds to the score z each time that it counts: W v. Shape: (words,)."""
        return self.hidden @ self.output


def start(words: int, seed: int = 0, hidden: int = HIDDEN) -> Weights:
    """Return W = 0 and v from a normal distribution of deviation 1."""
    return Weights(np.zeros((words, hidden)), stream(seed, "reference", "sentiment").normal(size=hidden))


def course_start(words: int, seed: int = 1, hidden: int = HIDDEN) -> Weights:
    """Return the course's own start, from NumPy's legacy generator without touching the global one."""
    return Weights(np.zeros((words, hidden)), np.random.RandomState(seed).normal(0.0, 1.0, hidden))


def hidden_units(x: Floats, weights: Weights) -> Floats:
    """Return h = x W, added up word by word. Shape: (words,) -> (hidden units,)."""
    added: Floats = np.add.reduce(x[:, None] * weights.hidden, axis=0)
    return added


def product(h: Floats, output: Floats) -> float:
    """Return z = h v, added up unit by unit, so that every form of the network gives the same bits."""
    return float(np.add.accumulate(h * output)[-1])


def score(x: Floats, weights: Weights) -> float:
    """Return z = (x W) v, above 0 for a review that is rather positive. Shape of x: (words,)."""
    return product(hidden_units(x, weights), weights.output)


def probability(z: float) -> float:
    """Return p = s(z) of one score, the sigmoid; exp is only ever taken of -|z|, so nothing overflows."""
    e = math.exp(-abs(z))
    return 1.0 / (1.0 + e) if z >= 0 else e / (1.0 + e)


def error(x: Floats, target: float, weights: Weights) -> float:
    """Return E = 1/2 (p - y)^2 of one review."""
    return 0.5 * (probability(score(x, weights)) - target) ** 2


def slope(z: float, target: float) -> float:
    """Return dE/dz = (p - y) p (1 - p): how the error of one review changes with its score."""
    p = probability(z)
    return (p - target) * p * (1.0 - p)


def gradients(x: Floats, target: float, weights: Weights) -> Weights:
    """Return dE/dW and dE/dv of one review."""
    h = hidden_units(x, weights)
    delta = slope(product(h, weights.output), target)
    return Weights(np.outer(x, delta * weights.output), delta * h)


def train_dense(bags: Bags, targets: ArrayLike, weights: Weights, rate: float) -> Floats:
    """Make a step for each review in order, computing with every word of the vocabulary: steps 3 and 4.

    W <- W - rate dE/dW,   v <- v - rate dE/dv

    Args:
        bags: reviews; with counts for step 3, ``bags.presence()`` for step 4.
        targets: 0 or 1, (reviews,).
        weights: changed in place.
        rate: the learning rate. Counts need a small one, 0.001, because long reviews make long steps.

    Returns:
        The score of each review just before its step: what an untouched network says. Shape: (reviews,).

    Raises:
        NonFiniteLoss: the steps were so long that the weights left all numbers.
    """
    y = checked(bags, targets, rate)
    scores = np.empty(len(bags))
    for review in range(len(bags)):
        x = bags.dense(review, len(weights.hidden))
        scores[review] = score(x, weights)
        change = gradients(x, y[review], weights)
        weights.hidden -= rate * change.hidden
        weights.output -= rate * change.output
    return finite(scores, weights, rate)


def scores_dense(bags: Bags, weights: Weights) -> Floats:
    """Return the score z of each review, computed with every word of the vocabulary. Shape: (reviews,)."""
    size = len(weights.hidden)
    return np.array([score(bags.dense(review, size), weights) for review in range(len(bags))])


def accuracy(scores: Floats, targets: Floats) -> float:
    """Return the share of reviews on the right side: positive where p >= 1/2, which is z >= 0."""
    return float(np.mean((scores >= 0) == (targets == 1)))


def directions(weights: Weights) -> int:
    """Count the independent directions among the words in the hidden layer, by its singular values."""
    return int(np.linalg.matrix_rank(weights.hidden))


def checked(bags: Bags, targets: ArrayLike, rate: float) -> Floats:
    """Return the targets as numbers, one for each review.

    Raises:
        RequestError: a target is not 0 or 1, or not one for each review, or the rate is not above 0.
    """
    y = numbers(targets, "targets")
    insist(not_labels(y, len(bags)), not_above_zero(rate, "rate"))
    return y


def finite(scores: Floats, weights: Weights, rate: float) -> Floats:
    """Return the scores as they are, unless a step was so long that they left all numbers."""
    if not (np.isfinite(scores).all() and np.isfinite(weights.hidden).all()):
        found = f"with rate={rate:g} they are not"
        raise NonFiniteLoss(message("scores and weights must stay finite", found, "lower the rate"))
    return scores
