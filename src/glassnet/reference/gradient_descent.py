"""Gradient descent for one unit, whatever its error: the loop that linear and logistic regression share.

take data, and a random model      begin
compute the error                  error(scores, targets)
minimise: step down its slope      w <- w - rate * dE/dw,   b <- b - rate * dE/db
and again
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import NonFiniteLoss, did_you_mean, message
from glassnet.reference.arrays import Floats, insist, not_a_count, not_above_zero
from glassnet.reference.perceptron import begin
from glassnet.reference.runs import Run, recorded

Numbers = TypeVar("Numbers", Floats, np.float64)
Batch = Literal["all", "row"]
"""``"all"``: one step an epoch, by the mean gradient of all rows: the steepest one. ``"row"``: one step a
row, in the order of the rows: many rough steps, as in the course."""


@dataclass(frozen=True)
class Learner:
    """What makes one kind of regression.

    Attributes:
        name: for headings.
        error_name: what its error measures.
        error: (scores, targets), both (rows,), -> a mean over rows.
        slope: (scores, targets), both (rows,), -> the slope of that error by each score, (rows,).
    """

    name: str
    error_name: str
    error: Callable[[Floats, Floats], np.float64]
    slope: Callable[[Floats, Floats], Floats]

    def gradient(self, x: Floats, y: Floats, z: Floats) -> tuple[Floats, float]:
        """Return the slope of the error by each weight and by the bias: the chain rule through z = x w + b.

        dE/dw_j = sum over rows of dE/dz dz/dw_j = sum dE/dz x_j,   dE/db = sum dE/dz 1
        """
        slope = self.slope(z, y)
        return slope @ x, float(slope.sum())


def descend(
    learner: Learner,
    x: Floats,
    y: Floats,
    *,
    rate: float,
    epochs: int,
    batch: Batch,
    seed: int,
    start: tuple[ArrayLike, float] | None,
) -> Run:
    """Train one unit and keep every epoch; see :func:`glassnet.reference.logistic.train`.

    Raises:
        NonFiniteLoss: the steps were too long, and the error grew beyond all numbers.
    """
    insist(not_above_zero(rate, "rate"), not_a_count(epochs, "epochs"), _not_a_batch(batch))
    weights, bias = begin(x, start, seed)
    models: list[tuple[Floats, float]] = []
    errors: list[float] = []
    parts = [slice(None)] if batch == "all" else [slice(row, row + 1) for row in range(len(x))]
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(epochs + 1):
            for part in parts if epoch else []:  # epoch 0 is the start
                scores = _finite(x[part] @ weights + bias, epoch, rate)
                by_weights, by_bias = learner.gradient(x[part], y[part], scores)
                weights, bias = weights - rate * by_weights, bias - rate * by_bias
            models.append((weights, bias))
            error = learner.error(_finite(x @ weights + bias, epoch, rate), y)
            errors.append(float(_finite(error, epoch, rate)))
    return recorded(learner.name, learner.error_name, models, errors, x, y)


def _finite(values: Numbers, epoch: int, rate: float) -> Numbers:
    """Return scores or an error as they are, unless a step was so long that they left all numbers."""
    if not np.isfinite(values).all():
        found = f"with rate={rate:g} it is not in epoch {epoch}"
        do = "lower the rate, or give the inputs mean 0 and deviation 1"
        raise NonFiniteLoss(message("the error must stay finite", found, do))
    return values


def _not_a_batch(batch: str) -> str | None:
    known = get_args(Batch)
    if batch in known:
        return None
    return message("batch must be one that is known", f"batch={batch!r}", did_you_mean(str(batch), known))
