"""Coming down a mountain in fog: feel where it goes down most steeply, take a step, feel again.

    >>> valley = lambda place: (place**2).sum()
    >>> descend(valley, [3.0, -4.0], rate=0.25, steps=3)
    array([[ 3.   , -4.   ],
           [ 1.5  , -2.   ],
           [ 0.75 , -1.   ],
           [ 0.375, -0.5  ]])

This needs a slope. A count of errors (2, 1, 0) is a staircase: flat wherever one stands, so there is no way
to tell which step is right. An error to come down from must change a little when the model changes a little:
it must be continuous and differentiable, and so must the prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import NonFiniteLoss, message
from glassnet.reference.arrays import (
    Floats,
    insist,
    not_a_count,
    not_above_zero,
    not_labels,
    not_rows,
    not_weights,
    numbers,
)
from glassnet.reference.functions.activations import step
from glassnet.reference.functions.losses import binary_cross_entropy_from_logits

Height = Callable[[Floats], float]


def slope(height: Height, place: ArrayLike, nudge: float = 1e-6) -> Floats:
    """Feel the slope along each axis.  dh/dx_i = (h(x + e_i d) - h(x - e_i d)) / (2 d)

    Args:
        height: takes a place and returns a number.
        place: x, of any shape.
        nudge: d, as a share of x_i where that is above 1.

    Returns:
        The gradient, in the shape of the place: it points up where it is steepest. Central differences are
        off by about d^2, and by the rounding of h over d.
    """
    x = numbers(place, "place")
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        d = nudge * max(1.0, float(abs(x[index])))
        ahead, behind = x.copy(), x.copy()
        ahead[index] += d
        behind[index] -= d
        gradient[index] = (height(ahead) - height(behind)) / (2 * d)
    return gradient


def descend(height: Height, start: ArrayLike, *, rate: float = 0.1, steps: int = 100) -> Floats:
    """Go down by the steepest step, again and again.  x <- x - rate * slope(x)

    Args:
        height: takes a place, shape (n,), and returns a number.
        start: shape (n,).
        rate: how far to go for each unit of slope.

    Returns:
        Every place on the way, the start first. Shape: (steps + 1, n).

    Raises:
        NonFiniteLoss: the rate is too large, and each step overshoots further than the one before.

    A. Cauchy, 1847, "Méthode générale pour la résolution des systèmes d'équations simultanées".
    """
    places = [numbers(start, "start")]
    insist(not_above_zero(rate, "rate"), not_a_count(steps, "steps"), _not_a_place(places[0]))
    with np.errstate(over="ignore", invalid="ignore"):
        for number in range(1, steps + 1):
            places.append(places[-1] - rate * slope(height, places[-1]))
            if not np.isfinite(places[-1]).all():
                found = f"with rate={rate:g} step {number} leaves all numbers"
                raise NonFiniteLoss(message("the place must stay finite", found, "lower the rate"))
    return np.array(places)


@dataclass(frozen=True, eq=False)
class Path:
    """Two errors along a straight path from one model to another.

    Attributes:
        weights: (places, inputs).
        biases: (places,).
        count: (places,), how many rows are wrong: a staircase.
        log_loss: (places,), the mean log loss: a hill.
        count_slope, log_loss_slope: (places,), how fast each changes along the whole path, felt as by
            :func:`slope`; the count's is 0 unless a row changes sides within a nudge.
    """

    weights: Floats
    biases: Floats
    count: Floats
    log_loss: Floats
    count_slope: Floats
    log_loss_slope: Floats

    def __str__(self) -> str:
        """Show one line for each place on the path."""
        lines = ["place  errors  slope  log loss  slope"]
        columns = zip(self.count, self.count_slope, self.log_loss, self.log_loss_slope, strict=True)
        for place, (count, count_slope, loss, loss_slope) in enumerate(columns):
            lines.append(f"{place:5}  {count:6g}  {count_slope:5.3g}  {loss:8.6f}  {loss_slope:.6f}")
        return "\n".join(lines)


def along_path(
    inputs: ArrayLike,
    targets: ArrayLike,
    start: tuple[ArrayLike, float],
    end: tuple[ArrayLike, float],
    places: int = 9,
) -> Path:
    """Walk from one model to another in equal steps, and watch both errors.

    Args:
        inputs: (rows, inputs).
        targets: 0 or 1, (rows,).
        start, end: the weights, (inputs,), and the bias of two models.
        places: how many, both ends included.
    """
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    first, last = (
        np.append(numbers(weights, "weights"), numbers(bias, "bias")) for weights, bias in (start, end)
    )
    insist(not_rows(x), not_labels(y, len(x)), not_a_count(places, "places"))
    insist(*(not_weights(each[:-1], each[-1], x.shape[1]) for each in (first, last)))

    def scores(way: Floats) -> Floats:
        model = first + way * (last - first)
        return np.asarray(x @ model[:-1] + model[-1])

    def count(way: Floats) -> float:
        return float((step(scores(way)) != y).sum())

    def log_loss(way: Floats) -> float:
        return float(binary_cross_entropy_from_logits(scores(way), y))

    ways = np.linspace(0.0, 1.0, places)
    models = first + ways[:, None] * (last - first)
    return Path(
        weights=models[:, :-1],
        biases=models[:, -1],
        count=np.array([count(way) for way in ways]),
        log_loss=np.array([log_loss(way) for way in ways]),
        count_slope=np.array([slope(count, way) for way in ways]),
        log_loss_slope=np.array([slope(log_loss, way) for way in ways]),
    )


def _not_a_place(start: Floats) -> str | None:
    if start.ndim == 1:
        return None
    return message("start must have shape (n,)", f"its shape is {start.shape}", "write a list of numbers")
