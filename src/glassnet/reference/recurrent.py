"""Recurrent layers, one step after the other: what an LSTM and a GRU remember, and how they learn it.

A recurrent layer reads a sequence from left to right. After each step it has a hidden state ``h``, made of
the step's input and of the ``h`` before, with the same weights at every step. Shapes are those of one
sequence: x (inputs,), h and c (units,). The weights are (inputs, gates * units) and (units, gates * units),
the transposes of torch's, and the biases its two added up; the gates stand side by side in torch's order.

    >>> weights = RecurrentWeights(np.ones((1, 4)), np.zeros((1, 4)), np.zeros(4))
    >>> step = lstm_step([0.0], [0.5], [2.0], weights)
    >>> step.forget.round(3), step.c.round(3), step.h.round(3)
    (array([0.5]), array([1.]), array([0.381]))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import RecipeError, message
from glassnet.reference.activations import Floats
from glassnet.reference.functions import sigmoid


@dataclass(frozen=True)
class RecurrentWeights:
    """What a recurrent layer has learned, or the gradient of it.

    Attributes:
        input: (inputs, gates * units); hidden: (units, gates * units).
        bias: (gates * units,).
    """

    input: Floats
    hidden: Floats
    bias: Floats


@dataclass(frozen=True)
class LSTMStep:
    """Every number of one step of an LSTM; those that it was given come first."""

    x: Floats
    h_before: Floats
    c_before: Floats
    write: Floats
    forget: Floats
    new: Floats
    read: Floats
    c: Floats
    h: Floats


def lstm_step(x: ArrayLike, h: ArrayLike, c: ArrayLike, weights: RecurrentWeights) -> LSTMStep:
    """Do one step of a long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    z = x @ W_input + h @ W_hidden + b, cut into four parts, one number a unit in each
    write, forget, read = sigmoid(z1), sigmoid(z2), sigmoid(z4)    how much of each: 0 nothing, 1 all
    new = tanh(z3)                                                 what there is to remember
    c = forget * c + write * new                                   the memory
    h = read * tanh(c)                                             what is said of it
    """
    x, h, c = checked(x, weights.input), checked(h, weights.hidden), np.asarray(c, float)
    write, forget, new, read = np.split(x @ weights.input + h @ weights.hidden + weights.bias, 4)
    write, forget, new, read = sigmoid(write), sigmoid(forget), np.tanh(new), sigmoid(read)
    memory = forget * c + write * new
    return LSTMStep(x, h, c, write, forget, new, read, memory, read * np.tanh(memory))


def lstm(xs: ArrayLike, weights: RecurrentWeights) -> list[LSTMStep]:
    """Read a sequence from nothing remembered: the layer unrolled, step after step. xs: (steps, inputs)."""
    h = c = np.zeros(len(weights.hidden))
    steps: list[LSTMStep] = []
    for x in np.asarray(xs, float):
        steps.append(lstm_step(x, h, c, weights))
        h, c = steps[-1].h, steps[-1].c
    return steps


def lstm_backward(
    steps: Sequence[LSTMStep], dhs: ArrayLike, weights: RecurrentWeights
) -> tuple[RecurrentWeights, Floats]:
    """Go back through time (Werbos 1990): the gradient of the weights is the sum over the steps.

    Args:
        steps: what :func:`lstm` returned.
        dhs: how the loss changes with the h of each step, not counting what later steps make of it.
            Shape: (steps, units).

    Returns:
        The gradient of the weights, and that of the inputs, (steps, inputs).
    """
    dinput, dhidden = np.zeros_like(weights.input), np.zeros_like(weights.hidden)
    dbias, dxs = np.zeros_like(weights.bias), np.zeros((len(steps), len(weights.input)))
    dh_later = dc_later = np.zeros(len(weights.hidden))
    for t in reversed(range(len(steps))):
        s = steps[t]
        dh, said = np.asarray(dhs, float)[t] + dh_later, np.tanh(s.c)
        dc = dc_later + dh * s.read * (1 - said**2)
        dz = np.concatenate(
            [
                dc * s.new * s.write * (1 - s.write),
                dc * s.c_before * s.forget * (1 - s.forget),
                dc * s.write * (1 - s.new**2),
                dh * said * s.read * (1 - s.read),
            ]
        )
        dinput += np.outer(s.x, dz)
        dhidden += np.outer(s.h_before, dz)
        dbias += dz
        dxs[t] = weights.input @ dz
        dh_later, dc_later = weights.hidden @ dz, dc * s.forget
    return RecurrentWeights(dinput, dhidden, dbias), dxs


@dataclass(frozen=True)
class GRUStep:
    """Every number of one step of a GRU; those that it was given come first."""

    x: Floats
    h_before: Floats
    reset: Floats
    keep: Floats
    new: Floats
    h: Floats


def gru_step(x: ArrayLike, h: ArrayLike, weights: RecurrentWeights, new_bias: ArrayLike = 0.0) -> GRUStep:
    """Do one step of a gated recurrent unit (Cho et al. 2014), in the form of torch and cuDNN.

        reset, keep = sigmoid of the first two parts of x @ W_input + h @ W_hidden + b
        new = tanh(third part of x @ W_input + b  +  reset * (third part of h @ W_hidden + new_bias))
        h = (1 - keep) * new + keep * h

    Args:
        new_bias: torch's second bias of the third part, which ``reset`` is multiplied with. Shape: (units,).
    """
    x, h = checked(x, weights.input), checked(h, weights.hidden)
    of_x, of_h = np.split(x @ weights.input + weights.bias, 3), np.split(h @ weights.hidden, 3)
    reset, keep = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
    new = np.tanh(of_x[2] + reset * (of_h[2] + np.asarray(new_bias, float)))
    return GRUStep(x, h, reset, keep, new, (1 - keep) * new + keep * h)


def checked(values: ArrayLike, matrix: Floats) -> Floats:
    """Return a vector that fits the rows of a matrix of weights.

    Raises:
        RecipeError: it does not.
    """
    vector: Floats = np.asarray(values, float)
    if vector.shape != matrix.shape[:1]:
        must = f"a step must be given {len(matrix)} numbers"
        raise RecipeError(
            message(must, f"shape {vector.shape}", "give one number for each row of the weights")
        )
    return vector
