"""Learners side by side on the same points: what each of them goes by, and where it ends.

>>> points, labels = [[2.0, 1.0], [-1.0, 2.0], [-2.0, -1.0], [1.0, -1.0]], [1, 1, 0, 0]
>>> print(pulls(points, labels, weights=[1.0, 0.0], bias=0.0))
point     wanted  score  probability  perceptron           gradient descent
(2, 1)    1       2      0.880797     right: says nothing  right: go away, by 0.119203
(-1, 2)   1       -1     0.268941     wrong: come closer   wrong: come closer, by 0.731059
(-2, -1)  0       -2     0.119203     right: says nothing  right: go away, by 0.119203
(1, -1)   0       1      0.731059     wrong: come closer   wrong: come closer, by 0.731059
the perceptron is moved by 2 of 4 points, the wrong ones: 2 and 4
gradient descent is moved by all 4: the wrong ones call the line closer, the right ones push it away
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import message
from glassnet.reference import linear, logistic
from glassnet.reference.arrays import Floats, insist, not_labels, not_rows, numbers
from glassnet.reference.functions.activations import sigmoid, step
from glassnet.reference.perceptron import score
from glassnet.reference.runs import Run, aligned


@dataclass(frozen=True, eq=False)
class Pulls:
    """How each point moves one line, for the perceptron and for gradient descent.

    Both add rate * pull * x to the weights and rate * pull to the bias.

    Attributes:
        inputs: (rows, inputs).
        targets: y, (rows,).
        scores: z = w x + b, (rows,).
        perceptron: y - step(z), (rows,): -1, 0 or 1.
        gradient_descent: y - s(z), (rows,): never 0 while z is finite, though it rounds to 0 far away.
    """

    inputs: Floats
    targets: Floats
    scores: Floats
    perceptron: Floats
    gradient_descent: Floats

    @property
    def wrong(self) -> NDArray[np.int64]:
        """The numbers of the points that move the perceptron, from 0."""
        return np.flatnonzero(self.perceptron)

    def __str__(self) -> str:
        """Say of each point what it tells the line, and below it which points move which learner."""
        heads = ["point", "wanted", "score", "probability", "perceptron", "gradient descent"]
        return f"{aligned([heads, *map(self._row, range(len(self.targets)))])}\n{self._sentences()}"

    def _row(self, at: int) -> list[str]:
        point = f"({', '.join(f'{x:g}' for x in self.inputs[at])})"
        told = "wrong: come closer" if self.perceptron[at] else "right: says nothing"
        verdict = "wrong: come closer" if self.perceptron[at] else "right: go away"
        by = f"{verdict}, by {abs(self.gradient_descent[at]):.6g}"
        values = [f"{self.targets[at]:g}", f"{self.scores[at]:.6g}", f"{sigmoid(self.scores[at]):.6g}"]
        return [point, *values, told, by]

    def _sentences(self) -> str:
        rows, wrong = len(self.targets), [str(at + 1) for at in self.wrong]
        named = " and ".join([", ".join(wrong[:-1]), wrong[-1]] if len(wrong) > 1 else wrong)
        first = f"the perceptron is moved by {len(wrong)} of {rows} points"
        first += (
            f", the wrong {'one' if len(wrong) == 1 else 'ones'}: {named}"
            if wrong
            else ": none is wrong, so it stays where it is"
        )
        return (
            f"{first}\ngradient descent is moved by all {rows}: "
            "the wrong ones call the line closer, the right ones push it away"
        )


def pulls(inputs: ArrayLike, targets: ArrayLike, weights: ArrayLike, bias: float) -> Pulls:
    """Ask each point how it would move this line.

    The perceptron's rule and the gradient of the log loss are the same but for the output: w <- w + rate
    (y - output) x. The perceptron's output is a step, so a point that is right leaves y - output = 0. The
    sigmoid never quite reaches y, so a point that is right still pushes, the less the further away it is.

    Args:
        inputs: (rows, inputs).
        targets: 0 or 1, (rows,).
        weights, bias: the line as it is: (inputs,) and a number.
    """
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    insist(not_rows(x), not_labels(y, len(x)))
    z = score(x, weights, bias)
    # s(-z) is 1 - s(z) to the last digit, so that a far point's pull does not round to 0 too early.
    return Pulls(x, y, z, perceptron=y - step(z), gradient_descent=np.where(y == 1, sigmoid(-z), -sigmoid(z)))


@dataclass(frozen=True, eq=False)
class Regressions:
    """Linear and logistic regression on the same points of the plane.

    Attributes:
        linear: learns x2 from x1, whatever the class.
        logistic: learns the class from x1 and x2.
    """

    linear: Run
    logistic: Run

    @property
    def distances(self) -> tuple[float, float]:
        """How far the points lie from each last line, on average.  |w x + b| / |w|"""
        return tuple(float(np.abs(each).mean()) for each in self._signed())  # type: ignore[return-value]

    @property
    def mixed(self) -> tuple[int, int]:
        """How many points would have to change sides of each last line, for it to separate the classes."""
        sides = [(step(each) != self.logistic.targets).sum() for each in self._signed()]
        first, second = (int(min(wrong, len(self.logistic.targets) - wrong)) for wrong in sides)
        return first, second

    def _signed(self) -> tuple[Floats, Floats]:
        points = self.logistic.inputs
        (m,), c = self.linear.weights[-1], self.linear.biases[-1]
        w, b = self.logistic.weights[-1], self.logistic.biases[-1]
        from_linear = (points[:, 1] - m * points[:, 0] - c) / np.hypot(m, 1.0)
        return from_linear, (points @ w + b) / np.hypot(*w)

    def __str__(self) -> str:
        """Show both, from the first error to the last line."""
        runs = (self.linear, self.logistic)
        (m,), c = self.linear.weights[-1], self.linear.biases[-1]
        lines = [(m, c), self.logistic.lines[-1]]
        rows = [
            ["", *(each.learner for each in runs)],
            ["learns", "x2 from x1", "the class from x1 and x2"],
            ["error", *(each.error for each in runs)],
            ["at the start", *(f"{each.errors[0]:.6g}" for each in runs)],
            ["at the end", *(f"{each.errors[-1]:.6g}" for each in runs)],
            ["epochs", *(str(each.epochs) for each in runs)],
            ["last line", *(_formula(slope, intercept) for slope, intercept in lines)],
            ["mean distance of the points", *(f"{each:.4g}" for each in self.distances)],
            ["points on the wrong side", *(str(each) for each in self.mixed)],
        ]
        return aligned(rows)


def regressions(
    inputs: ArrayLike, targets: ArrayLike, *, rate: float = 0.3, epochs: int = 1000, seed: int = 0
) -> Regressions:
    """Lay two lines: linear regression stays close to the points, logistic regression keeps them apart.

    Args:
        inputs: (rows, 2), not standing all above one another.
        targets: the class, 0 or 1, (rows,).
        rate, epochs, seed: of both; every step is by all rows.
    """
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    insist(not_rows(x), not_labels(y, len(x)), _not_a_plane(x))
    return Regressions(
        linear=linear.train(x[:, :1], x[:, 1], rate=rate, epochs=epochs, seed=seed),
        logistic=logistic.train(x, y, rate=rate, epochs=epochs, batch="all", seed=seed),
    )


def _formula(slope: float, intercept: float) -> str:
    return f"x2 = {slope:.4g} x1 {'-' if intercept < 0 else '+'} {abs(intercept):.4g}"


def _not_a_plane(inputs: Floats) -> str | None:
    if inputs.ndim == 2 and inputs.shape[1] == 2:
        return None
    return message("the points must have two inputs", f"the shape is {inputs.shape}", "choose two columns")
