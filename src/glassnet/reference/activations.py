"""What a unit makes of its sum: each activation beside its derivative.

    z      the weighted sum of a unit, before the activation      shape (n, units)
    a      a = f(z), what the unit passes on                      shape (n, units)
    da     how fast the loss grows with a: d loss / d a           shape (n, units)
    dz     the *error term*: d loss / d z = da * f'(z)            shape (n, units)

Every function takes an array of any shape and works on each number by itself. Softmax is the exception: its
outputs share one sum, so each of them hangs on every z of the row, and it has a ``backward`` of its own.

The formulas are those of Goodfellow, Bengio and Courville, *Deep Learning* (2016), sections 6.2.2 and 6.3,
unless another source is named. The constants are torch's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import RecipeError, did_you_mean, message

Floats = NDArray[np.float64]

LEAK = 0.01
"""The slope of the leaky ReLU left of zero, as in torch."""


def identity(z: Floats) -> Floats:
    """f(z) = z: the activation of an output that is a number, such as a count of bicycles."""
    return z


def identity_derivative(z: Floats) -> Floats:
    """f'(z) = 1."""
    return np.ones_like(z)


def sigmoid(z: Floats) -> Floats:
    """f(z) = 1 / (1 + exp(-z)), between 0 and 1.

    For z below 0 it is computed as exp(z) / (1 + exp(z)), which is the same number; so exp is never given
    a large positive number, and never overflows.

    >>> float(sigmoid(np.array(0.0))), float(sigmoid(np.array(-1000.0)))
    (0.5, 0.0)
    """
    shrunk = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, shrunk) / (1.0 + shrunk)


def sigmoid_derivative(z: Floats) -> Floats:
    """f'(z) = f(z) (1 - f(z)): at most 1/4, at z = 0."""
    a = sigmoid(z)
    return a * (1.0 - a)


def tanh(z: Floats) -> Floats:
    """f(z) = (exp(z) - exp(-z)) / (exp(z) + exp(-z)), between -1 and 1 and centred on zero."""
    return np.tanh(z)


def tanh_derivative(z: Floats) -> Floats:
    """f'(z) = 1 - f(z)^2: at most 1, at z = 0."""
    return 1.0 - np.tanh(z) ** 2


def relu(z: Floats) -> Floats:
    """f(z) = max(0, z)."""
    return np.maximum(z, 0.0)


def relu_derivative(z: Floats) -> Floats:
    """f'(z) = 1 where z is above 0, otherwise 0; at 0 itself, where there is none, 0 as in torch."""
    return np.where(z > 0, 1.0, 0.0)


def leaky_relu(z: Floats) -> Floats:
    """f(z) = z above 0, otherwise 0.01 z (Maas, Hannun and Ng 2013)."""
    return np.where(z > 0, z, LEAK * z)


def leaky_relu_derivative(z: Floats) -> Floats:
    """f'(z) = 1 where z is above 0, otherwise 0.01: a unit that is off still learns a little."""
    return np.where(z > 0, 1.0, LEAK)


def silu(z: Floats) -> Floats:
    """f(z) = z sigmoid(z), a ReLU with a round corner (Hendrycks and Gimpel 2016)."""
    return z * sigmoid(z)


def silu_derivative(z: Floats) -> Floats:
    """f'(z) = s (1 + z (1 - s)) with s = sigmoid(z), by the product rule."""
    s = sigmoid(z)
    return s * (1.0 + z * (1.0 - s))


Elementwise = Callable[[Floats], Floats]

ELEMENTWISE: dict[str, tuple[Elementwise, Elementwise]] = {
    "identity": (identity, identity_derivative),
    "sigmoid": (sigmoid, sigmoid_derivative),
    "tanh": (tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
    "leaky_relu": (leaky_relu, leaky_relu_derivative),
    "silu": (silu, silu_derivative),
}
"""Name -> (f, f')."""
ACTIVATIONS: tuple[str, ...] = (*ELEMENTWISE, "softmax")


def softmax(z: Floats) -> Floats:
    """a_i = exp(z_i) / sum_j exp(z_j) along each row: several outputs that add up to 1.

    The largest z of the row is taken off first. This changes nothing, because it divides numerator and
    denominator by the same number, and it keeps exp from overflowing.

    >>> softmax(np.array([[2.0, 1.0, 0.0]])).round(4)
    array([[0.6652, 0.2447, 0.09  ]])
    """
    grown = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True), dtype=np.float64)


def softmax_backward(z: Floats, da: Floats) -> Floats:
    """dz_i = a_i (da_i - sum_j a_j da_j), from d a_j / d z_i = a_j ((1 if i = j else 0) - a_i)."""
    a = softmax(z)
    mean: Floats = (a * da).sum(axis=-1, keepdims=True)
    return a * (da - mean)


def activate(name: str, z: Floats) -> Floats:
    """Return a = f(z)."""
    return softmax(z) if name == "softmax" else ELEMENTWISE[name][0](z)


def error_term(name: str, z: Floats, da: Floats) -> Floats:
    """Return dz, the error term: da * f'(z); for softmax its own rule."""
    return softmax_backward(z, da) if name == "softmax" else da * ELEMENTWISE[name][1](z)


def wrong_activation(name: object) -> list[str]:
    """Say what is wrong with the name of an activation: a list of one message, or of none."""
    if name in ACTIVATIONS:
        return []
    must = "activation must be a name that is known"
    return [message(must, f"activation={name!r}", did_you_mean(str(name), ACTIVATIONS))]


def check_activation(name: object) -> None:
    """Check the name of an activation.

    Raises:
        RecipeError: there is none of that name.
    """
    if problems := wrong_activation(name):
        raise RecipeError(problems)
