"""Linear regression by gradient descent: a line that stays close to its points.

    >>> x, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]  # y = 2 x + 1
    >>> run = train(x, y, rate=0.1, epochs=200)
    >>> run.weights[-1].round(3), float(run.biases[-1].round(3))
    (array([2.]), 1.0)

The unit is the perceptron's without its step: the prediction is the score, o = w x + b. Its error is the mean
of the squares, E = 1/n sum (y - o)^2, and its slope by each weight is one chain:

    dE/dw_j = 1/n sum dE/do do/dw_j      the error depends on w_j through o alone
            = 1/n sum -2 (y - o) x_j     d(y - o)^2/do = -2 (y - o),  do/dw_j = x_j
    dE/db   = 1/n sum -2 (y - o)         do/db = 1: the unit whose value is always 1

So w <- w + rate * 2/n sum (y - o) x: each point pulls the line towards itself, the further the harder.

A.-M. Legendre, 1805, "Nouvelles méthodes pour la détermination des orbites des comètes", for least squares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glassnet.reference.arrays import Floats, insist, not_one_each, not_rows, numbers
from glassnet.reference.functions.losses import mean_squared_error, mean_squared_error_gradient
from glassnet.reference.gradient_descent import Batch, Learner, descend
from glassnet.reference.perceptron import score, with_bias_unit
from glassnet.reference.runs import Run

LINEAR = Learner("linear regression", "mean squared error", mean_squared_error, mean_squared_error_gradient)


def predict(inputs: ArrayLike, weights: ArrayLike, bias: float) -> Floats:
    """Return the prediction: the score as it is.  o = w x + b

    Shape: (inputs,) -> (), (rows, inputs) -> (rows,).
    """
    return score(inputs, weights, bias)


def gradient(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike, bias: float) -> tuple[Floats, float]:
    """Return the slope of the mean squared error by each weight, (inputs,), and by the bias.

    dE/dw = -2/n sum (y - o) x,   dE/db = -2/n sum (y - o); derived at the top of this file.
    """
    x, y = _points(inputs, targets)
    return LINEAR.gradient(x, y, score(x, weights, bias))


def train(
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    rate: float = 0.1,
    epochs: int = 100,
    batch: Batch = "all",
    seed: int = 0,
    start: tuple[ArrayLike, float] | None = None,
) -> Run:
    """Start anywhere, and go down the mean squared error.

    Args:
        inputs: (rows, inputs).
        targets: amounts, (rows,).
        rate: length of a step for each unit of slope.
        epochs: how often all rows are seen.
        batch: one step for ``"all"`` rows, or for each ``"row"``.
        seed: of the random start.
        start: weights, (inputs,), and bias to begin with instead.

    Returns:
        The run; its ``errors`` are the mean squared errors.

    Raises:
        NonFiniteLoss: the rate is too large: each step overshoots further than the one before.
    """
    x, y = _points(inputs, targets)
    return descend(LINEAR, x, y, rate=rate, epochs=epochs, batch=batch, seed=seed, start=start)


def solve(inputs: ArrayLike, targets: ArrayLike) -> tuple[Floats, float]:
    """Return the weights and the bias at the lowest point at once, without descending.

    There the slope is 0: sum (y - o) x = 0, with the bias as the weight of a unit of 1. These are as many
    linear equations as unknowns, X^T X w = X^T y. It shows where gradient descent is going; of several lowest
    points it takes the one with the smallest weights.

    C. F. Gauss, 1809, "Theoria motus corporum coelestium", book 2, section 3.
    """
    x, y = _points(inputs, targets)
    solution = np.linalg.lstsq(with_bias_unit(x), y, rcond=None)[0]
    return numbers(solution[:-1], "weights"), float(solution[-1])


def _points(inputs: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    insist(not_rows(x), not_one_each(y, len(x)))
    return x, y
