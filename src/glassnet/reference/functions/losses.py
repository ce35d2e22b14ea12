"""How wrong is a model? One number to come down from, for probabilities, for logits and for amounts.

Each loss is a mean over rows, as in torch, or with ``reduction="sum"`` the sum over rows; each has its
gradient below it, the derivative of that same number by each prediction. Four points, and what two models
give to the colour that each really has:

    >>> bad, good = [0.6, 0.2, 0.1, 0.7], [0.7, 0.9, 0.8, 0.6]
    >>> binary_cross_entropy(bad, [1, 1, 1, 1], reduction="sum").round(2)  # 0.51 + 1.61 + 2.30 + 0.36
    np.float64(4.78)
    >>> binary_cross_entropy(good, [1, 1, 1, 1], reduction="sum").round(2)  # 0.36 + 0.11 + 0.22 + 0.51
    np.float64(1.2)

The mean of the bad model is 4.78 / 4 = 1.2 as well: compare a sum with a sum and a mean with a mean (0.3).
Logarithms are natural ones throughout.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import did_you_mean, message
from glassnet.reference.arrays import Floats, insist, not_finite, numbers
from glassnet.reference.functions.activations import sigmoid
from glassnet.reference.functions.classes import log_softmax, softmax
from glassnet.reference.functions.likelihood import not_alike, not_probabilities

Reduction = Literal["mean", "sum"]


def sum_squared_error(outputs: ArrayLike, targets: ArrayLike) -> np.float64:
    """Add up the squares of the errors.  SSE = sum (y - o)^2

    A square has no sign, so errors do not cancel, and a large error counts more than several small ones.
    The course also writes it with 1/2 in front, which makes the derivative y - o without the 2.

    Args:
        outputs, targets: of the same shape.
    """
    o, y = _amounts(outputs, targets)
    return np.float64(((y - o) ** 2).sum())


def sum_squared_error_gradient(outputs: ArrayLike, targets: ArrayLike) -> Floats:
    """Return the slope of the SSE by each output.  dSSE/do = -2 (y - o)"""
    o, y = _amounts(outputs, targets)
    return -2.0 * (y - o)


def mean_squared_error(outputs: ArrayLike, targets: ArrayLike) -> np.float64:
    """Take their mean instead, which does not grow with the number of rows.  MSE = SSE / n

    With several outputs a row, n counts every one of them, as in torch.
    """
    o, y = _amounts(outputs, targets)
    return np.float64(((y - o) ** 2).mean())


def mean_squared_error_gradient(outputs: ArrayLike, targets: ArrayLike) -> Floats:
    """Return the slope of the MSE by each output.  dMSE/do = -2 (y - o) / n"""
    o, y = _amounts(outputs, targets)
    return -2.0 * (y - o) / o.size


def binary_cross_entropy(
    probabilities: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> np.float64:
    """Add up how surprised the model is by each row.  -sum(y ln p + (1 - y) ln(1 - p)), over n for the mean

    It is minus the log-likelihood. A row that the model held to be impossible costs infinitely much (torch
    stops at 100 there); 0 ln 0 counts 0, because what is impossible and does not happen costs nothing.

    Args:
        probabilities: p of target 1.
        targets: y from 0 to 1, of the same shape.

    I. Goodfellow, Y. Bengio and A. Courville, 2016, "Deep Learning", sections 3.13 and 5.5.
    """
    p, y = _probabilities(probabilities, targets)
    return _reduced(-_times_log(y, p) - _times_log(1 - y, 1 - p), p.size, reduction)


def binary_cross_entropy_gradient(
    probabilities: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> Floats:
    """Return the slope by each probability.  dE/dp = -y / p + (1 - y) / (1 - p) = (p - y) / (p (1 - p))"""
    p, y = _probabilities(probabilities, targets)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(y == p, 0.0, (p - y) / (p * (1 - p)))
    return slope / _count(p.size, reduction)


def binary_cross_entropy_from_logits(
    logits: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> np.float64:
    """Compute the same from the scores z, finite for any of them.  max(z, 0) - y z + ln(1 + exp(-|z|))

    With p = s(z): -ln p = ln(1 + e^-z) and -ln(1 - p) = z + ln(1 + e^-z), so a row costs
    (1 - y) z + ln(1 + e^-z). For negative z, ln(1 + e^-z) = -z + ln(1 + e^z): no exponent above 0.

    Args:
        logits: z, finite, before the sigmoid.
        targets: y from 0 to 1, of the same shape.
    """
    z, y = _logits(logits, targets)
    return _reduced(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z))), z.size, reduction)


def binary_cross_entropy_from_logits_gradient(
    logits: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> Floats:
    """Return the slope by each score: simply how far off the probability is.  dE/dz = s(z) - y

    dE/dz = dE/dp dp/dz = (p - y) / (p (1 - p)) * p (1 - p) = p - y: the sigmoid's slope cancels.
    """
    z, y = _logits(logits, targets)
    return (sigmoid(z) - y) / _count(z.size, reduction)


def cross_entropy(probabilities: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean") -> np.float64:
    """Add up the surprise over several classes.  -sum_rows sum_classes y ln p, over the rows for the mean

    Args:
        probabilities: p, shape (rows, classes).
        targets: y, one-hot or probabilities, of the same shape.

    Three doors with an animal each, to which the model gave 0.7, 0.3 and 0.4: -ln(0.7 * 0.3 * 0.4).

    >>> p = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.1, 0.5, 0.4]]
    >>> cross_entropy(p, np.eye(3), reduction="sum").round(4)
    np.float64(2.4769)
    """
    p, y = _probabilities(probabilities, targets)
    insist(_not_classes(p))
    return _reduced(-_times_log(y, p), len(p), reduction)


def cross_entropy_gradient(
    probabilities: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> Floats:
    """Return the slope by each probability.  dE/dp = -y / p"""
    p, y = _probabilities(probabilities, targets)
    insist(_not_classes(p))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope: Floats = np.where(y == 0, 0.0, -y / p)
    return slope / _count(len(p), reduction)


def cross_entropy_from_logits(
    logits: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> np.float64:
    """Compute the same from the scores, finite for any of them.  -sum y ln softmax(z)

    Args:
        logits: z, finite, before the softmax, shape (rows, classes).
        targets: y, one-hot or probabilities, of the same shape.
    """
    z, y = _logits(logits, targets)
    insist(_not_classes(z))
    return _reduced(-y * log_softmax(z), len(z), reduction)


def cross_entropy_from_logits_gradient(
    logits: ArrayLike, targets: ArrayLike, reduction: Reduction = "mean"
) -> Floats:
    """Return the slope by each score.  dE/dz_j = p_j sum_i y_i - y_j, which is p - y where y adds up to 1

    dE/dz_j = sum_i dE/dp_i dp_i/dz_j = sum_i -y_i / p_i * p_i ([i = j] - p_j) = p_j sum_i y_i - y_j.
    """
    z, y = _logits(logits, targets)
    insist(_not_classes(z))
    slope: Floats = softmax(z) * y.sum(axis=-1, keepdims=True) - y
    return slope / _count(len(z), reduction)


def _times_log(weight: Floats, p: Floats) -> Floats:
    """weight ln p, with 0 ln 0 = 0."""
    logs = np.log(p, out=np.full_like(p, -np.inf), where=p > 0)
    return np.multiply(weight, logs, out=np.zeros_like(p), where=weight > 0)


def _count(rows: int, reduction: Reduction) -> float:
    insist(_not_a_reduction(reduction))
    return float(rows) if reduction == "mean" else 1.0


def _reduced(values: Floats, rows: int, reduction: Reduction) -> np.float64:
    return np.float64(values.sum() / _count(rows, reduction))


def _probabilities(probabilities: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    p, y = numbers(probabilities, "probabilities"), numbers(targets, "targets")
    insist(not_probabilities(p), not_probabilities(y, "targets"), not_alike(p, y), _no_row(p))
    return p, y


def _logits(logits: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    z, y = numbers(logits, "logits"), numbers(targets, "targets")
    insist(not_finite(z, "logits"), not_probabilities(y, "targets"), not_alike(z, y), _no_row(z))
    return z, y


def _amounts(outputs: ArrayLike, targets: ArrayLike) -> tuple[Floats, Floats]:
    o, y = numbers(outputs, "outputs"), numbers(targets, "targets")
    insist(not_finite(o, "outputs"), not_finite(y, "targets"), not_alike(o, y), _no_row(o))
    return o, y


def _no_row(predictions: Floats) -> str | None:
    if predictions.size:
        return None
    return message("a loss needs at least one row", "there is none", "pass rows")


def _not_a_reduction(reduction: str) -> str | None:
    known = get_args(Reduction)
    if reduction in known:
        return None
    return message("reduction must be mean or sum", f"it is {reduction!r}", did_you_mean(reduction, known))


def _not_classes(predictions: Floats) -> str | None:
    if predictions.ndim == 2:
        return None
    must = "several classes need the shape (rows, classes)"
    return message(must, f"the shape is {predictions.shape}", "for yes or no use binary_cross_entropy")
