"""The perceptron: a weighted sum, and yes or no. How it decides, and how it learns from its mistakes.

Is a student with 9 in the test and grades of 8 accepted? The line 2 test + grades - 18 = 0 decides:

    >>> admission = Perceptron(weights=(2, 1), bias=-18)
    >>> print(admission)
    2*x1 + 1*x2 - 18
    >>> admission.score([[9, 8], [3, 4], [7, 6]])
    array([ 8., -8.,  2.])
    >>> admission([[9, 8], [3, 4], [7, 6]])
    array([1., 0., 1.])

F. Rosenblatt, 1958, "The perceptron: a probabilistic model for information storage and organization in the
brain", Psychological Review 65.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import message
from glassnet.randomness import stream
from glassnet.reference.arrays import (
    Floats,
    insist,
    not_a_count,
    not_above_zero,
    not_finite,
    not_labels,
    not_rows,
    not_weights,
    numbers,
)
from glassnet.reference.functions.activations import sign, step
from glassnet.reference.runs import Run, recorded


def score(inputs: ArrayLike, weights: ArrayLike, bias: float = 0.0) -> Floats:
    """Return the weighted sum of the inputs.  z = w1 x1 + w2 x2 + ... + wn xn + b = W x + b

    z = 0 is the boundary: a point for one input, a line for two, a plane for three, a hyperplane for n. The
    weights say which way it faces, the bias where it lies: |z| / |W| is how far a point is from it.

    Args:
        inputs: one point, (inputs,), or a row each, (rows, inputs).
        weights: (inputs,).

    Returns:
        One score, or one each. Shape: () or (rows,).
    """
    x, w = numbers(inputs, "inputs"), numbers(weights, "weights")
    insist(_not_points(x), not_weights(w, bias, x.shape[-1] if x.ndim else 0))
    return x @ w + bias


def with_bias_unit(inputs: ArrayLike) -> Floats:
    """Append a unit whose value is always 1; its weight is then the bias.  b = b * 1

    score(x, w, b) = score(with_bias_unit(x), (*w, b)). Shape: (..., inputs) -> (..., inputs + 1).
    """
    x = numbers(inputs, "inputs")
    insist(_not_points(x))
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)


def mcculloch_pitts(inputs: ArrayLike, weights: ArrayLike, bias: float = 0.0) -> Floats:
    """Return +1 where the score is 0 or above, else -1: a unit with the sign function.  y = sign(W x + b)

    The course names this unit after McCulloch and Pitts. Theirs said 1 or 0 and had no weights to learn:
    enough exciting inputs switched it on, one inhibiting input off. Weights came with Rosenblatt.

    W. S. McCulloch and W. Pitts, 1943, "A logical calculus of the ideas immanent in nervous activity",
    Bulletin of Mathematical Biophysics 5. Shapes as in :func:`score`.
    """
    return sign(score(inputs, weights, bias))


def layer(
    inputs: ArrayLike, weights: ArrayLike, biases: ArrayLike, activation: Callable[[Floats], Floats] = step
) -> Floats:
    """Let several units look at the same inputs: one matrix product.  z = g(W a + b)

    Row i of W holds the weights of unit i, as in ``torch.nn.Linear``. For rows of inputs that is a W^T + b.

    Args:
        inputs: a, (inputs,) or (rows, inputs).
        weights: W, (units, inputs).
        biases: b, (units,).
        activation: g.

    Returns:
        Shape: (units,) or (rows, units).
    """
    a, matrix, b = numbers(inputs, "inputs"), numbers(weights, "weights"), numbers(biases, "biases")
    insist(_not_points(a), _not_a_layer(matrix, b, a.shape[-1] if a.ndim else 0))
    return activation(a @ matrix.T + b)


def layers(
    inputs: ArrayLike,
    stack: Sequence[tuple[ArrayLike, ArrayLike]],
    activation: Callable[[Floats], Floats] = step,
) -> Floats:
    """Let each layer look at the one before it.  g(W3 g(W2 g(W1 a)))

    Without an activation between them, layers would be no more than one: W2 (W1 a) = (W2 W1) a.

    Args:
        inputs: a, (inputs,) or (rows, inputs).
        stack: weights and biases of each layer, the first layer first.
        activation: g, the same for all.
    """
    a = numbers(inputs, "inputs")
    for weights, biases in stack:
        a = layer(a, weights, biases, activation)
    return a


@dataclass(frozen=True)
class Perceptron:
    """One unit: a score and a step.

    Attributes:
        weights: one for each input.
        bias: the weight of the unit that is always 1.
    """

    weights: tuple[float, ...]
    bias: float

    def score(self, inputs: ArrayLike) -> Floats:
        """Return the linear combination. Shape: (inputs,) -> (), (rows, inputs) -> (rows,)."""
        return score(inputs, self.weights, self.bias)

    def __call__(self, inputs: ArrayLike) -> Floats:
        """Return 1 where the score is 0 or above, else 0."""
        return step(self.score(inputs))

    def __str__(self) -> str:
        """Write the score as a formula."""
        terms = [f"{weight:+g}*x{number}" for number, weight in enumerate(self.weights, start=1)]
        first, *others = [*terms, f"{self.bias:+g}"]
        return " ".join([first.removeprefix("+"), *(f"{each[0]} {each[1:]}" for each in others)])


def corrected(
    weights: Floats, bias: float, point: Floats, target: float, rate: float
) -> tuple[Floats, float]:
    """Return weights and bias after one look at one point: the perceptron rule.

    w <- w + rate (y - o) x,   b <- b + rate (y - o) 1,   with the output o = step(w x + b)

    y - o is 0 for a point that is right: nothing changes. It is +1 where the point is wrongly negative, and
    adding x raises its score; it is -1 where the point is wrongly positive, and subtracting x lowers it. One
    correction changes the score of its point by rate (|x|^2 + 1), towards the right side.
    """
    error = target - step(point @ weights + bias)
    return weights + rate * error * point, bias + rate * float(error)


@dataclass(frozen=True)
class Trick:
    """One correction: the unit before and after it, and the point that asked for it."""

    before: Perceptron
    after: Perceptron
    point: tuple[float, ...]
    target: float

    def __str__(self) -> str:
        """Show both lines with the point's score."""
        shown = ", ".join(f"{x:g}" for x in self.point)
        lines = [f"point ({shown}), wanted {self.target:g}"]
        for name, unit in (("before", self.before), ("after", self.after)):
            output = unit(self.point)
            verdict = "right" if output == self.target else "wrong"
            lines.append(f"{name + ':':8}{unit} = {unit.score(self.point):g}, output {output:g}, {verdict}")
        return "\n".join(lines)


def trick(unit: Perceptron, point: ArrayLike, target: float, rate: float = 1.0) -> Trick:
    """Let one point move the line, if it is on the wrong side: the perceptron trick.

    Args:
        unit: the line before.
        point: (inputs,).
        target: 0 or 1.
        rate: how much of the point is added or subtracted; 1 is the trick without a rate, which often goes
            too far: the line then misjudges points that it had right. Small steps do less harm.

    >>> print(trick(Perceptron((3, 4), -10), point=(4, 5), target=0, rate=0.1))
    point (4, 5), wanted 0
    before: 3*x1 + 4*x2 - 10 = 22, output 1, wrong
    after:  2.6*x1 + 3.5*x2 - 10.1 = 17.8, output 1, wrong
    """
    x, w, y = numbers(point, "point"), numbers(unit.weights, "weights"), numbers(target, "target")
    insist(
        _not_one_point(x),
        not_weights(w, unit.bias, x.size),
        not_labels(np.atleast_1d(y), 1, "target"),
        not_above_zero(rate, "rate"),
    )
    weights, bias = corrected(w, unit.bias, x, float(y), rate)
    after = Perceptron(tuple(weights.tolist()), bias)
    return Trick(before=unit, after=after, point=tuple(x.tolist()), target=float(y))


def random_start(inputs: ArrayLike, seed: int) -> tuple[Floats, float]:
    """Draw weights and bias evenly from -1 to 1. The same seed gives the same start."""
    x = numbers(inputs, "inputs")
    insist(not_rows(x), not_a_count(seed, "seed"))
    drawn = stream(seed, "reference", "start").uniform(-1.0, 1.0, x.shape[1] + 1)
    return drawn[:-1], float(drawn[-1])


def course_start(inputs: ArrayLike, seed: int) -> tuple[Floats, float]:
    """Draw the course's own start: NumPy's legacy generator, weights 0 to 1, a bias above every x1.

    As ``np.random.seed(seed); W = np.random.rand(2, 1); b = np.random.rand(1)[0] + max(x1)`` gives it,
    without touching the global generator. With such weights and inputs from 0 every point starts as a 1.
    """
    x = numbers(inputs, "inputs")
    insist(not_rows(x), not_a_count(seed, "seed"))
    legacy = np.random.RandomState(seed)
    weights = legacy.rand(x.shape[1], 1)[:, 0]
    return weights, float(legacy.rand(1)[0] + x[:, 0].max())


def train(
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    rate: float = 0.01,
    epochs: int = 25,
    seed: int = 0,
    start: tuple[ArrayLike, float] | None = None,
) -> Run:
    """Go through all points again and again, and let each that is wrong move the line.

    for each epoch, for each row in its order:   w, b <- corrected(w, b, x, y, rate)

    Where some line separates the classes, the corrections come to an end: there are at most (R / m)^2 of
    them from zero weights, with R the largest |(x, 1)| and m the widest margin. Where none does they never
    end: the line keeps jumping, and the last one need not be the best.

    A. B. J. Novikoff, 1962, "On convergence proofs for perceptrons", Symposium on the Mathematical Theory of
    Automata.

    Args:
        inputs: (rows, inputs).
        targets: 0 or 1, (rows,).
        rate: how much of a point is added or subtracted.
        epochs: how often all rows are seen.
        seed: of :func:`random_start`.
        start: weights, (inputs,), and bias to begin with instead, such as :func:`course_start`.

    Returns:
        The run; its ``errors`` are how many rows are wrong.
    """
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    insist(not_rows(x), not_labels(y, len(x)), not_above_zero(rate, "rate"), not_a_count(epochs, "epochs"))
    weights, bias = begin(x, start, seed)
    models = [(weights, bias)]
    for _ in range(epochs):
        for point, target in zip(x, y, strict=True):
            weights, bias = corrected(weights, bias, point, target, rate)
        models.append((weights, bias))
    errors = [float((step(x @ w + b) != y).sum()) for w, b in models]
    return recorded("perceptron", "rows wrong", models, errors, x, y)


def begin(inputs: Floats, start: tuple[ArrayLike, float] | None, seed: int) -> tuple[Floats, float]:
    """Return the given start, checked, or a random one for inputs of shape (rows, inputs)."""
    if start is None:
        return random_start(inputs, seed)
    insist(_not_a_start(start))
    weights, bias = numbers(start[0], "weights"), numbers(start[1], "bias")
    insist(not_weights(weights, bias, inputs.shape[1]))
    return weights, float(bias)


def _not_points(inputs: Floats) -> str | None:
    if inputs.ndim in (1, 2) and inputs.shape[-1]:
        return not_finite(inputs, "inputs")
    must = "inputs must have shape (inputs,) for one point or (rows, inputs) for several"
    return message(must, f"the shape is {inputs.shape}", "write a point as a list of numbers: [9, 8]")


def _not_a_start(start: object) -> str | None:
    if isinstance(start, tuple | list) and len(start) == 2:
        return None
    return message("start must be weights and a bias", f"it is {start!r}", "write ([0.5, -0.2], 0.1)")


def _not_one_point(point: Floats) -> str | None:
    if point.ndim == 1:
        return _not_points(point)
    return message("point must have shape (inputs,)", f"the shape is {point.shape}", "pass one point, (4, 5)")


def _not_a_layer(weights: Floats, biases: Floats, width: int) -> str | None:
    if weights.ndim == 2 and weights.shape[1] == width and biases.shape == weights.shape[:1]:
        return not_finite(weights, "weights") or not_finite(biases, "biases")
    must = f"a layer over {width} inputs must have weights (units, {width}) and biases (units,)"
    do = "write one row of weights and one bias for each unit"
    return message(must, f"the shapes are {weights.shape} and {biases.shape}", do)
