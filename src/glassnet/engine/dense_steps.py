"""The formulas of the dense engine in NumPy: activations, losses, updates; one function each.

In the losses a is what the net gives, shape (n, k); each returns the losses of the rows, shape (n,), and
d loss of the row / d a. In the updates w, g and the memory are flat arrays that are changed in place.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from glassnet.engine.dense_spec import Array, Layer, Optimizer


def _sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), from exp(-|z|) so that nothing overflows."""
    shrunk = np.exp(-np.abs(z))
    grown: Array = np.where(z >= 0, 1.0, shrunk)
    grown /= shrunk + 1.0
    return grown


def activate(layer: Layer, z: Array) -> Array:
    """Return a = f(z)."""
    match layer.activation:
        case "identity":
            return z
        case "sigmoid":
            return _sigmoid(z)
        case "tanh":
            return np.tanh(z)
        case "relu":
            return np.maximum(z, 0.0)
        case "leaky_relu":
            return np.where(z > 0, z, z * float(layer.slope))
        case _:  # silu
            return z * _sigmoid(z)


def times_derivative(layer: Layer, z: Array, a: Array, da: Array) -> Array:
    """Return dz = da * f'(z), in place of da; at the corner of relu and leaky_relu as torch has it."""
    match layer.activation:
        case "identity":
            pass
        case "sigmoid":
            da *= a * (1.0 - a)
        case "tanh":
            da *= 1.0 - a * a
        case "relu":
            da *= z > 0
        case "leaky_relu":
            da *= np.where(z > 0, 1.0, float(layer.slope)).astype(z.dtype, copy=False)
        case _:  # silu: s (1 + z (1 - s))
            s = _sigmoid(z)
            da *= s * (1.0 + z * (1.0 - s))
    return da


def _mse(a: Array, y: Array) -> tuple[Array, Array]:
    """(a - y)^2."""
    far = a - y
    return np.einsum("nk,nk->n", far, far) / far.shape[1], far * (2.0 / far.shape[1])


def _mae(a: Array, y: Array) -> tuple[Array, Array]:
    """|a - y|, whose slope where both are equal counts as 0."""
    far = a - y
    return np.abs(far).mean(axis=1), np.sign(far) / far.shape[1]


def _binary_cross_entropy(a: Array, y: Array) -> tuple[Array, Array]:
    """log(1 + exp(a)) - a y = -y log p - (1 - y) log(1 - p), where p = sigmoid(a)."""
    losses = np.maximum(a, 0.0) - a * y + np.log1p(np.exp(-np.abs(a)))
    return losses.mean(axis=1), (_sigmoid(a) - y) / a.shape[1]


def _cross_entropy(a: Array, y: Array) -> tuple[Array, Array]:
    """-log softmax(a) of the row's class y; the largest a is taken off first, so that nothing overflows."""
    rows = np.arange(len(a))
    lowered = a - a.max(axis=1, keepdims=True)
    p = np.exp(lowered)
    totals = p.sum(axis=1)
    p /= totals[:, None]
    p[rows, y] -= 1.0
    return np.log(totals) - lowered[rows, y], p


def _poisson(a: Array, y: Array) -> tuple[Array, Array]:
    """exp(a) - y a, where a is the logarithm of the rate; without the constant log(y!)."""
    rate = np.exp(a)
    return (rate - y * a).mean(axis=1), (rate - y) / a.shape[1]


RowLosses = Callable[[Array, Array], tuple[Array, Array]]
ROW_LOSSES: dict[str, RowLosses] = {
    "mse": _mse,
    "mae": _mae,
    "binary_cross_entropy": _binary_cross_entropy,
    "cross_entropy": _cross_entropy,
    "poisson": _poisson,
}


def memory_of(optimizer: Optimizer) -> tuple[str, ...]:
    """Name what the optimiser remembers from step to step."""
    momentum = ("momentum",) if optimizer.momentum else ()
    return {"sgd": momentum, "rmsprop": ("square", *momentum)}.get(optimizer.name, ("mean", "square"))


def _sgd(o: Optimizer, w: Array, g: Array, memory: dict[str, Array], step: int, rate: float) -> None:
    """w -= rate * m, where m = momentum * m + g; with Nesterov g + momentum * m instead of m."""
    _decay(o, w, g)
    if o.momentum:
        kept = memory["momentum"]
        kept *= o.momentum
        kept += g
        g = g + o.momentum * kept if o.nesterov else kept
    w -= rate * g


def _adam(o: Optimizer, w: Array, g: Array, memory: dict[str, Array], step: int, rate: float) -> None:
    """w -= rate * mean / sqrt(square), both running means corrected for their start at 0."""
    if o.name == "adamw":
        w *= 1.0 - rate * o.weight_decay
    else:
        _decay(o, w, g)
    mean, square = memory["mean"], memory["square"]
    mean *= o.betas[0]
    mean += (1.0 - o.betas[0]) * g
    square *= o.betas[1]
    square += (1.0 - o.betas[1]) * g * g
    mean_share, root_share = 1.0 - o.betas[0] ** step, math.sqrt(1.0 - o.betas[1] ** step)
    root = np.sqrt(square)
    if o.eps_corrected:
        root /= root_share
        rate_now = rate / mean_share
    else:
        rate_now = rate * root_share / mean_share
    root += o.eps
    w -= rate_now * mean / root


def _rmsprop(o: Optimizer, w: Array, g: Array, memory: dict[str, Array], step: int, rate: float) -> None:
    """w -= rate * g / (sqrt(square) + eps), which with momentum is gathered as in sgd."""
    _decay(o, w, g)
    square = memory["square"]
    square *= o.alpha
    square += (1.0 - o.alpha) * g * g
    move = g / (np.sqrt(square) + o.eps)
    if o.momentum:
        kept = memory["momentum"]
        kept *= o.momentum
        kept += move
        move = kept
    w -= rate * move


def _decay(o: Optimizer, w: Array, g: Array) -> None:
    if o.weight_decay:
        g += o.weight_decay * w


Update = Callable[[Optimizer, Array, Array, dict[str, Array], int, float], None]
UPDATES: dict[str, Update] = {"sgd": _sgd, "adam": _adam, "adamw": _adam, "rmsprop": _rmsprop}
