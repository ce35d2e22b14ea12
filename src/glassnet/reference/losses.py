"""What the network is told about its mistakes: each loss beside its gradient.

    output     what the last layer gives                                       shape (n, outputs)
    target     what it should have been                                        shape (n, outputs)
               for ``cross_entropy`` the number of the right class, from 0     shape (n,)
    loss       one number: the mean over rows, or the weighted mean
    doutput    d loss / d output: which way each output makes it worse         shape (n, outputs)

The loss of one row is the mean over its outputs, so ``mse`` is the mean over all n * outputs numbers. The
names and the numbers are those of Glassnet's engine. The losses of classes and counts take *logits* and *log
rates*, the sums before sigmoid, softmax or exp: there the exp and the logarithm cancel, and the error term
comes out as the plain difference "probability minus truth" (Bishop, *Pattern Recognition and Machine
Learning*, 2006, section 5.2).

One loss is the course's own: ``squared_error``, half the sum of squares. The half cancels the 2 of the
derivative, so that the error term of a linear output is the plain error (with its sign turned).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.reference.activations import Floats, sigmoid, softmax
from glassnet.reference.arrays import numbers

Targets = NDArray[np.float64] | NDArray[np.int64]


class Loss(NamedTuple):
    """``rows(output, target)`` gives one number a row, ``gradient`` d (sum of these) / d output."""

    rows: Callable[[Floats, Floats], Floats]
    gradient: Callable[[Floats, Floats], Floats]


def mean_of_outputs(values: Floats) -> Floats:
    """Return the mean over each row's outputs. Shapes: (n, outputs) -> (n,)."""
    return np.asarray(values.mean(axis=1), dtype=np.float64)


def through_the_mean(slopes: Floats) -> Floats:
    """Return what that mean makes of the slopes: each output has only its share of it. (n, outputs)."""
    return slopes / float(slopes.shape[1])


def squared_error(output: Floats, target: Floats) -> Floats:
    """E = 1/2 sum (target - output)^2 over the outputs: half the sum of squared errors, SSE."""
    return np.asarray(0.5 * ((target - output) ** 2).sum(axis=1), dtype=np.float64)


def squared_error_gradient(output: Floats, target: Floats) -> Floats:
    """d E / d output = -(target - output)."""
    return output - target


def mse(output: Floats, target: Floats) -> Floats:
    """Mean of (target - output)^2 over the outputs. The mean does not grow with the data as the sum does."""
    return mean_of_outputs((target - output) ** 2)


def mse_gradient(output: Floats, target: Floats) -> Floats:
    """2 (output - target) / outputs."""
    return through_the_mean(2.0 * (output - target))


def mae(output: Floats, target: Floats) -> Floats:
    """Mean of |target - output| over the outputs: one large miss counts less than in squares."""
    return mean_of_outputs(np.abs(target - output))


def mae_gradient(output: Floats, target: Floats) -> Floats:
    """sign(output - target) / outputs; 0 where both are equal."""
    return through_the_mean(np.sign(output - target))


def huber(output: Floats, target: Floats) -> Floats:
    """Mean of e^2 / 2 where |e| is below 1 and of |e| - 1/2 elsewhere (Huber 1964), e = output - target."""
    size = np.abs(output - target)
    return mean_of_outputs(np.where(size < 1.0, 0.5 * size**2, size - 0.5))


def huber_gradient(output: Floats, target: Floats) -> Floats:
    """The error e, but never more than 1 or less than -1, over the number of outputs."""
    return through_the_mean(np.clip(output - target, -1.0, 1.0))


def binary_cross_entropy(output: Floats, target: Floats) -> Floats:
    """Mean of -(y ln p + (1 - y) ln(1 - p)) with p = sigmoid(z), z the output.

    As max(z, 0) - z y + ln(1 + exp(-|z|)): the same number, finite for every z.
    """
    z = output
    return mean_of_outputs(np.maximum(z, 0.0) - z * target + np.log1p(np.exp(-np.abs(z))))


def binary_cross_entropy_gradient(output: Floats, target: Floats) -> Floats:
    """(p - y) / outputs: the derivative of the sigmoid has cancelled."""
    return through_the_mean(sigmoid(output) - target)


def cross_entropy(output: Floats, target: Floats) -> Floats:
    """-ln p of the right class, with p = softmax(z): -z_right + ln(sum exp(z))."""
    largest = output.max(axis=1)
    log_sum = largest + np.log(np.exp(output - largest[:, None]).sum(axis=1))
    return np.asarray(log_sum - output[np.arange(len(output)), target.astype(np.int64)], dtype=np.float64)


def cross_entropy_gradient(output: Floats, target: Floats) -> Floats:
    """softmax(z) - one_hot(target)."""
    one_hot = np.eye(output.shape[1])[target.astype(np.int64)]
    return softmax(output) - one_hot


def poisson(output: Floats, target: Floats) -> Floats:
    """Mean of rate - y ln(rate) with rate = exp(z): -ln of the Poisson probability, without ln(y!)."""
    return mean_of_outputs(np.exp(output) - target * output)


def poisson_gradient(output: Floats, target: Floats) -> Floats:
    """(rate - y) / outputs."""
    return through_the_mean(np.exp(output) - target)


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(squared_error, squared_error_gradient),
    "mse": Loss(mse, mse_gradient),
    "mae": Loss(mae, mae_gradient),
    "huber": Loss(huber, huber_gradient),
    "binary_cross_entropy": Loss(binary_cross_entropy, binary_cross_entropy_gradient),
    "cross_entropy": Loss(cross_entropy, cross_entropy_gradient),
    "poisson": Loss(poisson, poisson_gradient),
}


def row_shares(rows: int, weight: Floats | None) -> Floats:
    """Return what each row counts for in the mean: weight / sum(weight), 1 / n without weights.

    Shape: (n,). Where all weights are 0 every share is 0.
    """
    if weight is None:
        return np.full(rows, 1.0 / rows)
    return np.asarray(weight / max(float(weight.sum()), np.finfo(np.float64).tiny), dtype=np.float64)


def _check_shapes(name: str, output: Floats, target: Floats) -> None:
    wanted = output.shape[:1] if name == "cross_entropy" else output.shape
    if target.shape != wanted:
        must = f"{name} needs a target of shape {wanted}, because NumPy would broadcast another one"
        raise RecipeError(message(must, f"target {target.shape}", "reshape it: y[:, None] makes a column"))


def loss_value(name: str, output: Floats, target: Floats, weight: Floats | None = None) -> float:
    """Return the loss, the (weighted) mean over rows.

    Raises:
        RecipeError: the target has another shape than the loss needs.
    """
    _check_shapes(name, output, target)
    return float(LOSSES[name].rows(output, target) @ row_shares(len(output), weight))


def loss_gradient(name: str, output: Floats, target: Floats, weight: Floats | None = None) -> Floats:
    """Return doutput, shape (n, outputs).

    Raises:
        RecipeError: the target has another shape than the loss needs.
    """
    _check_shapes(name, output, target)
    return LOSSES[name].gradient(output, target) * row_shares(len(output), weight)[:, None]


def wrong_loss(name: object) -> list[str]:
    """Say what is wrong with the name of a loss: a list of one message, or of none."""
    if name in LOSSES:
        return []
    return [message("loss must be a name that is known", f"loss={name!r}", did_you_mean(str(name), LOSSES))]


def checked_target(name: str, target: ArrayLike, rows: int, outputs: int) -> Floats:
    """Return the target as float64 of shape (n, outputs), or (n,) for ``cross_entropy``.

    One number a row may be given as (n,) where there is one output.

    Raises:
        RecipeError: shape or values do not suit the loss.
    """
    y = numbers(target, "target")
    if name == "cross_entropy":
        return _class_ids(y, rows, outputs)
    if y.shape == (rows,) and outputs == 1:
        y = y[:, None]
    if y.shape != (rows, outputs):
        must = f"{name} needs one target for each output of each row, shape ({rows}, {outputs})"
        raise RecipeError(message(must, f"target {y.shape}", "reshape the target, or change the last layer"))
    if not np.isfinite(y).all():
        found = f"{int((~np.isfinite(y)).sum())} of {y.size} are not"
        raise RecipeError(message("targets must be finite numbers", found, "fill or drop such rows"))
    low, high = {"binary_cross_entropy": (0.0, 1.0), "poisson": (0.0, np.inf)}.get(name, (-np.inf, np.inf))
    if ((y < low) | (y > high)).any():
        found = f"values from {y.min():g} to {y.max():g}"
        raise RecipeError(
            message(f"targets of {name} must be from {low:g} to {high:g}", found, "choose another loss")
        )
    return y


def _class_ids(y: Floats, rows: int, outputs: int) -> Floats:
    right = y.shape == (rows,) and bool(np.isin(y, np.arange(outputs)).all())
    if not right:
        must = f"cross_entropy needs the number of the right class for each row, 0 to {outputs - 1}"
        found = f"target {y.shape}" + (f" with values from {y.min():g} to {y.max():g}" if y.size else "")
        do = "write one whole number a row: y.argmax(axis=1) for one-hot rows"
        raise RecipeError(message(must, found, do))
    return y
