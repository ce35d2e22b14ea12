"""One training step with every number in it: forward, error, error terms, gradients, new weights.

Backpropagation in the course's six steps:

    1. forward      feed the row through the network
    2. compare      put the output beside the target
    3. error        E = 1/2 sum (target - output)^2
    4. backward     carry the error back: an error term for each unit
    5. update       move each weight against its gradient
    6. repeat       the same again, with the next row

The course writes the error term as (target - output) f'(z) and *adds* lr * error term * input. That is the
same as here, where dz = d E / d z = -(target - output) f'(z) is the slope, and lr * slope is taken *off*:
going down the mountain is going against its slope. The two signs cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import RecipeError, message
from glassnet.reference.activations import Floats, sigmoid
from glassnet.reference.arrays import numbers
from glassnet.reference.dense import Layer, backward, checked_inputs, checked_layers, forward
from glassnet.reference.limits import wrong_number
from glassnet.reference.losses import checked_target, loss_gradient, loss_value, wrong_loss


@dataclass(frozen=True)
class Step:
    """Every number of one step. Lists have one entry for each layer, from the inputs to the output.

    Attributes:
        x, target: the rows, shapes (n, inputs) and (n, outputs).
        z, a: weighted sums and what the layers pass on, each (n, units).
        error: target - output, shape (n, outputs); None for class numbers.
        loss: before the step.
        error_terms: (n, units) each, in the course's sign: -dz, summed over rows by the mean's 1 / n.
        changes: what is added to the weights, lr * a_before^T error term.
        bias_changes: the same for the biases; None for a layer without.
        after: the layers with their new weights.
        loss_after: the loss of the same rows then.
    """

    layers: list[Layer]
    x: Floats
    target: Floats
    lr: float
    z: list[Floats]
    a: list[Floats]
    error: Floats | None
    loss: float
    error_terms: list[Floats]
    changes: list[Floats]
    bias_changes: list[Floats | None]
    after: list[Layer]
    loss_after: float

    @property
    def output(self) -> Floats:
        """What the network answers, shape (n, outputs)."""
        return self.a[-1]

    def __str__(self) -> str:
        lines = ["1. forward", f"   x = {_text(self.x)}"]
        for k, layer in enumerate(self.layers, start=1):
            before = "x" if k == 1 else f"a{k - 1}"
            plus = "" if layer.b is None else f" + b{k}"
            lines.append(f"   z{k} = {before} W{k}{plus} = {_text(self.z[k - 1])}")
            lines.append(f"   a{k} = {layer.activation}(z{k}) = {_text(self.a[k - 1])}")
        lines.append(f"2. compare   output {_text(self.output)}, target {_text(self.target)}")
        lines.append(f"3. error     loss = {self.loss:.6g}")
        if self.error is not None:
            lines[-1] += f", target - output = {_text(self.error)}"
        lines.append("4. backward")
        for k in range(len(self.layers), 0, -1):
            lines.append(f"   error term of layer {k} = {_text(self.error_terms[k - 1])}")
        lines.append(f"5. update    learning rate {self.lr:g}")
        for k, (change, new) in enumerate(zip(self.changes, self.after, strict=True), start=1):
            lines.append(f"   W{k} + {_text(change)} = {_text(new.W)}")
            if new.b is not None and (bias := self.bias_changes[k - 1]) is not None:
                lines.append(f"   b{k} + {_text(bias)} = {_text(new.b)}")
        lines.append(f"6. repeat    the loss is now {self.loss_after:.6g}")
        return "\n".join(lines)


def _text(array: Floats) -> str:
    shown = np.array2string(array, formatter={"float_kind": lambda number: f"{number:.6g}"}, separator=", ")
    return " ".join(shown.split())


def backpropagation(
    layers: Sequence[Layer], x: ArrayLike, target: ArrayLike, lr: float, loss: str = "squared_error"
) -> Step:
    """Make one step of gradient descent and return every number of it; ``print`` shows the six steps.

    One sigmoid unit with two inputs:

    >>> unit = [Layer(np.array([[-0.8], [0.5]]), None, "sigmoid")]
    >>> step = backpropagation(unit, [[0.1, 0.3]], [[0.2]], lr=0.5)
    >>> step.output.round(8), step.changes[0].ravel().round(8)
    (array([[0.51749286]]), array([-0.0039638 , -0.01189141]))

    Raises:
        RecipeError: layers, rows, rate or loss are wrong.
    """
    layers = checked_layers(layers)
    if problems := [*wrong_loss(loss), *wrong_number("lr", lr, above=0, example=0.5)]:
        raise RecipeError(problems)
    rows = checked_inputs(layers, x)
    y = checked_target(loss, target, len(rows), layers[-1].W.shape[1])
    seen = forward(layers, rows)
    back = backward(layers, seen, loss_gradient(loss, seen.output, y))
    changes = [-lr * dW for dW in back.dW]
    biases = [None if layer.b is None else -lr * db for layer, db in zip(layers, back.db, strict=True)]
    after = [
        Layer(layer.W + change, None if layer.b is None or move is None else layer.b + move, layer.activation)
        for layer, change, move in zip(layers, changes, biases, strict=True)
    ]
    return Step(
        layers, rows, y, lr, seen.z, seen.a[1:],
        y - seen.output if y.ndim == 2 else None,
        loss_value(loss, seen.output, y),
        [-dz for dz in back.dz], changes, biases, after,
        loss_value(loss, forward(after, rows).output, y),
    )  # fmt: skip


@dataclass(frozen=True)
class Blend:
    """Two or more models put together: weighted, shifted and squashed to a probability."""

    probabilities: Floats
    weights: Floats
    bias: float
    score: float
    probability: float

    def __str__(self) -> str:
        parts = zip(self.weights, self.probabilities, strict=True)
        terms = " + ".join(f"{weight:g}*{probability:g}" for weight, probability in parts)
        shift = "" if self.bias == 0 else f" {'+' if self.bias > 0 else '-'} {abs(self.bias):g}"
        return f"{terms}{shift} = {self.score:g}\nsigmoid({self.score:g}) = {self.probability:.5f}"


def blend(probabilities: ArrayLike, weights: ArrayLike | None = None, bias: float = 0.0) -> Blend:
    """Add models as a network does: sigmoid(w1 p1 + w2 p2 + ... + bias).

    Each hidden unit is a linear model that gives a probability, and the output unit is a linear model of
    these. Adding alone would leave the range 0 to 1 (0.7 + 0.8 = 1.5); the sigmoid brings it back. So two
    straight lines make one curved boundary.

    >>> print(blend([0.7, 0.8]))
    1*0.7 + 1*0.8 = 1.5
    sigmoid(1.5) = 0.81757
    >>> print(blend([0.7, 0.8], weights=[7, 5], bias=-6))
    7*0.7 + 5*0.8 - 6 = 2.9
    sigmoid(2.9) = 0.94785

    Raises:
        RecipeError: there are not as many weights as probabilities, or one of these is not from 0 to 1.
    """
    p = numbers(probabilities, "probabilities")
    w = np.ones_like(p) if weights is None else numbers(weights, "weights")
    problems = wrong_number("bias", bias, example=-6)
    if p.ndim != 1 or not len(p) or not ((p >= 0) & (p <= 1)).all():
        do = "give one probability for each model, such as [0.7, 0.8]"
        problems.append(message("probabilities must be a list of numbers from 0 to 1", f"{p.tolist()}", do))
    if w.shape != p.shape:
        found = f"{w.size} weights for {p.size} probabilities"
        problems.append(
            message("there must be one weight for each probability", found, "add or drop weights")
        )
    if not np.isfinite(w).all():
        problems.append(message("weights must be finite numbers", f"{w.tolist()}", "write numbers such as 7"))
    if problems:
        raise RecipeError(problems)
    score = float(w @ p + bias)
    return Blend(p, w, bias, score, float(sigmoid(np.array(score))))


def mean_and_sum_of_squares(target: ArrayLike, output: ArrayLike) -> tuple[float, float]:
    """Return SSE = sum of (target - output)^2 and MSE = SSE / n.

    SSE grows with the number of rows, and a step on it too; so with many rows the mean is used, and learning
    rates between 0.01 and 0.001 work for small sets and large ones.

    >>> mean_and_sum_of_squares([1.0, 2.0, 4.0, 0.0], [1.0, 1.0, 2.0, 1.0])
    (6.0, 1.5)

    Raises:
        RecipeError: the two have different shapes.
    """
    y, guess = numbers(target, "target"), numbers(output, "output")
    if y.shape != guess.shape or not y.size:
        must = "target and output must have the same shape, and at least one number"
        raise RecipeError(message(must, f"target {y.shape}, output {guess.shape}", "reshape one of them"))
    sse = float(((y - guess) ** 2).sum())
    return sse, sse / y.size
