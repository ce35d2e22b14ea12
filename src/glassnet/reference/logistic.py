"""Logistic regression by gradient descent: a line that keeps two classes apart, and says how sure it is.

    >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> run = train(x, y, rate=0.5, epochs=30)
    >>> probability(x, run.weights[-1], run.biases[-1]).round(2)
    array([0.02, 0.28, 0.88, 0.99])

The unit is the perceptron's with a sigmoid for its step: p = s(z), z = w x + b. Its error is the mean log
loss, E = -1/n sum (y ln p + (1 - y) ln(1 - p)). Its slope by each weight, step by step, for one row:

    s'(z)     = s(z) (1 - s(z)) = p (1 - p)                     see functions.sigmoid_derivative
    dp/dw_j   = s'(z) dz/dw_j   = p (1 - p) x_j                 because z = ... + w_j x_j + ...
    d ln p /dw_j       =  1/p       dp/dw_j =  (1 - p) x_j
    d ln(1 - p) /dw_j  = -1/(1 - p) dp/dw_j = -p x_j
    dE/dw_j   = -(y (1 - p) x_j - (1 - y) p x_j)                put together
              = -(y - y p - p + y p) x_j
              = -(y - p) x_j
    dE/db     = -(y - p)                                        the unit whose value is always 1

So w <- w + rate (y - p) x: the same rule as the perceptron's and linear regression's, with another output.

D. R. Cox, 1958, "The regression analysis of binary sequences", Journal of the Royal Statistical Society,
series B, 20.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glassnet.reference.arrays import Floats, insist, not_labels, not_rows, numbers
from glassnet.reference.functions.activations import sigmoid
from glassnet.reference.functions.losses import (
    binary_cross_entropy_from_logits,
    binary_cross_entropy_from_logits_gradient,
)
from glassnet.reference.gradient_descent import Batch, Learner, descend
from glassnet.reference.perceptron import score
from glassnet.reference.runs import Run

LOGISTIC = Learner(
    "logistic regression",
    "mean log loss",
    binary_cross_entropy_from_logits,
    binary_cross_entropy_from_logits_gradient,
)


def probability(inputs: ArrayLike, weights: ArrayLike, bias: float) -> Floats:
    """Return how probable class 1 is.  p = s(w x + b)

    It is 1/2 on the line, and nears 0 and 1 with the distance from it. Shape: (inputs,) -> (), (rows, inputs)
    -> (rows,).
    """
    return sigmoid(score(inputs, weights, bias))


def log_loss(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike, bias: float) -> np.float64:
    """Return the mean log loss.  E = -1/n sum (y ln p + (1 - y) ln(1 - p))"""
    x, y = _points(inputs, targets)
    return binary_cross_entropy_from_logits(score(x, weights, bias), y)


def gradient(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike, bias: float) -> tuple[Floats, float]:
    """Return the slope of the mean log loss by each weight, (inputs,), and by the bias.

    dE/dw = -1/n sum (y - p) x,   dE/db = -1/n sum (y - p); derived at the top of this file.
    """
    x, y = _points(inputs, targets)
    return LOGISTIC.gradient(x, y, score(x, weights, bias))


def train(
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    rate: float = 0.01,
    epochs: int = 100,
    batch: Batch = "row",
    seed: int = 0,
    start: tuple[ArrayLike, float] | None = None,
) -> Run:
    """Take a random model, compute the error, minimise it, and enjoy.

    Args:
        inputs: (rows, inputs).
        targets: 0 or 1, (rows,).
        rate: length of a step for each unit of slope.
        epochs: how often all rows are seen.
        batch: one step for each ``"row"``, in their order, as in the course; or for ``"all"`` rows: the
            steepest step, which needs a rate larger by about the number of rows for the same way.
        seed: of the random start.
        start: weights, (inputs,), and bias to begin with instead.

    Returns:
        The run; its ``errors`` are the mean log losses, and ``run.wrong`` counts the rows.

    Raises:
        NonFiniteLoss: the rate is too large for numbers at all.
    """
    x, y = _points(inputs, targets)
    return descend(LOGISTIC, x, y, rate=rate, epochs=epochs, batch=batch, seed=seed, start=start)


def _points(inputs: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    insist(not_rows(x), not_labels(y, len(x)))
    return x, y
