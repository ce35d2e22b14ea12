"""A network of dense layers: forward, error terms layer by layer, gradients. Any depth.

    x        inputs                                               shape (n, inputs)
    W, b     weights and bias of a layer                          shapes (units before, units), (units,)
    z        z = a_before W + b, each unit's weighted sum         shape (n, units)
    a        a = f(z), what the layer passes on                   shape (n, units)
    dz       d loss / d z: the *error term* of each unit          shape (n, units)
    da, dW, db, dx    d loss / d of the same letter, and of the same shape

Forward goes down the list of layers, backward up again. For one layer, by the chain rule (Rumelhart, Hinton
and Williams 1986; Nielsen 2015, chapter 2):

    forward                            backward
    z  = a_before W + b                dz       = da * f'(z)
    a  = f(z)                          dW       = a_before^T dz
                                       db       = sum of dz over the rows
                                       da_before = dz W^T

The weight matrix is (inputs, outputs), as in the course. ``torch.nn.Linear`` stores the transpose, (outputs,
inputs), and computes x W^T + b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import RecipeError, message
from glassnet.randomness import stream
from glassnet.reference.activations import Floats, activate, error_term, wrong_activation
from glassnet.reference.arrays import numbers
from glassnet.reference.limits import wrong_count
from glassnet.reference.losses import checked_target, loss_gradient, loss_value, wrong_loss
from glassnet.reference.regularisers import Mask


@dataclass(frozen=True)
class Layer:
    """One dense layer: weights (units before, units), bias (units,) or None, the activation's name."""

    W: Floats
    b: Floats | None
    activation: str = "identity"

    @property
    def parameters(self) -> dict[str, Floats]:
        """Weights and bias by name."""
        return {"W": self.W} if self.b is None else {"W": self.W, "b": self.b}


@dataclass(frozen=True)
class Forward:
    """What forward leaves for backward; the number of the layer is the index.

    ``a[0]`` are the inputs x and ``a[k + 1]`` is what layer k passes on; ``z[k]`` are the sums of layer k.
    With dropout ``a[k + 1]`` is after the mask.
    """

    z: list[Floats]
    a: list[Floats]
    masks: Sequence[Mask]

    @property
    def output(self) -> Floats:
        """What the last layer gives, shape (n, outputs)."""
        return self.a[-1]


@dataclass(frozen=True)
class Backward:
    """The error terms and gradients of one backward pass; the number of the layer is the index."""

    dz: list[Floats]
    dW: list[Floats]
    db: list[Floats]
    dx: Floats


def forward(layers: Sequence[Layer], x: Floats, masks: Sequence[Mask] | None = None) -> Forward:
    """Feed rows through the network.

    Args:
        x: shape (n, inputs).
        masks: of dropout, one for each layer (None: that layer has none); see ``regularisers.dropout_mask``.
    """
    masks = masks if masks is not None else [None] * len(layers)
    sums, passed = [], [x]
    for layer, mask in zip(layers, masks, strict=True):
        z = passed[-1] @ layer.W if layer.b is None else passed[-1] @ layer.W + layer.b
        a = activate(layer.activation, z)
        sums.append(z)
        passed.append(a if mask is None else a * mask)
    return Forward(sums, passed, masks)


def backward(layers: Sequence[Layer], seen: Forward, doutput: Floats) -> Backward:
    """Carry d loss / d output back through the layers.

    Args:
        seen: what ``forward`` returned for the same layers.
        doutput: shape (n, outputs), from ``losses.loss_gradient``.
    """
    dz: list[Floats] = []
    dW: list[Floats] = []
    db: list[Floats] = []
    da = doutput
    for k in reversed(range(len(layers))):
        mask = seen.masks[k]
        dz.append(error_term(layers[k].activation, seen.z[k], da if mask is None else da * mask))
        dW.append(seen.a[k].T @ dz[-1])
        db.append(dz[-1].sum(axis=0))
        da = dz[-1] @ layers[k].W.T
    return Backward(dz[::-1], dW[::-1], db[::-1], da)


def gradients(
    layers: Sequence[Layer],
    x: Floats,
    target: Floats,
    loss: str,
    weight: Floats | None = None,
    masks: Sequence[Mask] | None = None,
) -> tuple[float, list[dict[str, Floats]]]:
    """Return the loss and, for each layer, the gradients of its parameters by name: "W" and "b"."""
    seen = forward(layers, x, masks)
    back = backward(layers, seen, loss_gradient(loss, seen.output, target, weight))
    named = [
        {"W": dW} if layer.b is None else {"W": dW, "b": db}
        for layer, dW, db in zip(layers, back.dW, back.db, strict=True)
    ]
    return loss_value(loss, seen.output, target, weight), named


def predict(layers: Sequence[Layer], x: ArrayLike) -> Floats:
    """Return the network's outputs for rows, shape (n, outputs); without dropout."""
    return forward(layers, checked_inputs(layers, x)).output


def with_parameters(layers: Sequence[Layer], parameters: Sequence[dict[str, Floats]]) -> list[Layer]:
    """Return the layers with other weights and biases: {"W": ..., "b": ...} for each layer."""
    return [replace(layer, W=own["W"], b=own.get("b")) for layer, own in zip(layers, parameters, strict=True)]


def random_layers(
    sizes: Sequence[int],
    hidden: str = "sigmoid",
    output: str = "identity",
    *,
    bias: bool = True,
    seed: int = 0,
) -> list[Layer]:
    """Return layers with random weights: normal with deviation 1 / sqrt(units before), biases 0.

    So a sum of many inputs is about as large as one of few (LeCun, Bottou, Orr and Müller 1998, 4.6).

    >>> [layer.W.shape for layer in random_layers([3, 2, 1])]
    [(3, 2), (2, 1)]

    Args:
        sizes: units of each layer, inputs first: [3, 2, 1] is three inputs, two hidden units, one output.
        hidden, output: the activations of the hidden layers and of the last one.
        seed: the same seed gives the same weights.

    Raises:
        RecipeError: sizes or activations are wrong.
    """
    problems = [*wrong_activation(hidden), *wrong_activation(output), *wrong_count("seed", seed, 0, 0)]
    if len(sizes) < 2 or any(wrong_count("units", units) for units in sizes):
        must = "sizes must be two or more whole numbers from 1, the inputs first"
        problems.append(message(must, f"sizes={list(sizes)!r}", "write for example [3, 2, 1]"))
    if problems:
        raise RecipeError(problems)
    rng = stream(seed, "weights")
    names = [hidden] * (len(sizes) - 2) + [output]
    return [
        Layer(rng.normal(0.0, before**-0.5, (before, units)), np.zeros(units) if bias else None, name)
        for before, units, name in zip(sizes[:-1], sizes[1:], names, strict=True)
    ]


def checked_layers(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers in float64, after checking that they fit together.

    Raises:
        RecipeError: shapes, numbers or activations are wrong; all are named.
    """
    known: list[Layer] = []
    problems = [] if layers else [message("a network needs a layer", "there is none", "pass layers")]
    for k, layer in enumerate(layers):
        W = numbers(layer.W, f"W of layer {k}")
        b = None if layer.b is None else numbers(layer.b, f"b of layer {k}")
        before = known[-1].W.shape[-1] if known else W.shape[0]
        problems += [*wrong_activation(layer.activation), *_wrong_shapes(k, W, b, before)]
        known.append(Layer(W, b, layer.activation))
    if problems:
        raise RecipeError(problems)
    return known


def _wrong_shapes(k: int, W: Floats, b: Floats | None, before: int) -> list[str]:
    found = f"W {W.shape}, b {None if b is None else b.shape}"
    if W.ndim != 2 or (b is not None and b.shape != W.shape[1:]):
        must = f"layer {k} must have W of shape (units before, units) and b of shape (units,)"
        return [message(must, found, "transpose a weight of torch.nn.Linear with W.T")]
    if not (np.isfinite(W).all() and (b is None or np.isfinite(b).all())):
        do = "start again with random_layers"
        return [message(f"layer {k} must hold finite weights", "some are infinite or not a number", do)]
    if W.shape[0] != before:
        must = f"layer {k} must take the {before} units of the layer before it"
        return [message(must, found, f"give it W of shape ({before}, {W.shape[1]})")]
    return []


def checked_inputs(layers: Sequence[Layer], x: ArrayLike) -> Floats:
    """Return the inputs as float64 of shape (n, inputs).

    Raises:
        RecipeError: shape or values do not suit the first layer.
    """
    rows, inputs = numbers(x, "x"), layers[0].W.shape[0]
    if rows.ndim != 2 or rows.shape[1] != inputs or not len(rows):
        must = f"x must be one row or more of {inputs} inputs, shape (n, {inputs})"
        do = "write x[None] for a single row" if rows.shape == (inputs,) else "reshape x, or the first layer"
        raise RecipeError(message(must, f"shape {rows.shape}", do))
    if not np.isfinite(rows).all():
        found = f"{int((~np.isfinite(rows)).sum())} of {rows.size} are not"
        raise RecipeError(message("x must hold finite numbers", found, "fill or drop such rows"))
    return rows


def finite_differences(function: Callable[[Floats], float], w: Floats, h: float = 1e-6) -> Floats:
    """Return d function / d w measured, not derived: (f(w + h) - f(w - h)) / 2h for each number of w.

    It needs two calls for each number, where backpropagation needs one pass for all; so it is the check, and
    not the method. The error shrinks with h^2 until rounding takes over; h = 1e-6 suits float64.
    """
    measured = np.zeros_like(w)
    for at in np.ndindex(w.shape):
        beside = np.zeros_like(w)
        beside[at] = h
        measured[at] = (function(w + beside) - function(w - beside)) / (2 * h)
    return measured


def measured_gradients(
    layers: Sequence[Layer], x: ArrayLike, target: ArrayLike, loss: str, h: float = 1e-6
) -> list[dict[str, Floats]]:
    """Return the gradients of all parameters by finite differences, as ``gradients`` gives them.

    Raises:
        RecipeError: layers, rows or loss are wrong.
    """
    layers = checked_layers(layers)
    if problems := wrong_loss(loss):
        raise RecipeError(problems)
    rows = checked_inputs(layers, x)
    y = checked_target(loss, target, len(rows), layers[-1].W.shape[1])

    return [
        {
            name: finite_differences(partial(_loss_with, layers, rows, y, loss, k, name), w, h)
            for name, w in layer.parameters.items()
        }
        for k, layer in enumerate(layers)
    ]


def _loss_with(
    layers: Sequence[Layer], x: Floats, y: Floats, loss: str, k: int, name: str, value: Floats
) -> float:
    """Return the loss with another value of one parameter: "W" or "b" of layer k."""
    own = {**layers[k].parameters, name: value}
    changed = [*layers[:k], Layer(own["W"], own.get("b"), layers[k].activation), *layers[k + 1 :]]
    return loss_value(loss, forward(changed, x).output, y)
