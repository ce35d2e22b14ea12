"""What a learner did, epoch by epoch: every model that it had, and how wrong each was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import message
from glassnet.reference.arrays import Floats, insist
from glassnet.reference.functions.activations import step

LINES_SHOWN = 12


@dataclass(frozen=True, eq=False)
class Run:
    """A training, from its random start (index 0) to its last epoch.

    Attributes:
        learner: what learned, for headings: ``"perceptron"``.
        error: what ``errors`` counts or measures: ``"rows wrong"``.
        weights: (epochs + 1, inputs).
        biases: (epochs + 1,).
        errors: (epochs + 1,), measured over all rows after the epoch.
        inputs: (rows, inputs).
        targets: (rows,).
    """

    learner: str
    error: str
    weights: Floats
    biases: Floats
    errors: Floats
    inputs: Floats
    targets: Floats

    @property
    def epochs(self) -> int:
        """How often every row was seen."""
        return len(self.weights) - 1

    @property
    def lines(self) -> Floats:
        """The line of every epoch: slope and intercept. Shape: (epochs + 1, 2).

        Two inputs: the boundary w1 x1 + w2 x2 + b = 0, as x2 = slope x1 + intercept with slope -w1 / w2 and
        intercept -b / w2; where w2 is 0 the line is vertical, and its slope is infinite.
        One input: the score z = w x + b against x, which is the prediction of linear regression.

        Raises:
            RequestError: there are more inputs, and a plane or hyperplane instead of a line.
        """
        insist(_not_a_line(self.weights.shape[1]))
        if self.weights.shape[1] == 1:
            return np.column_stack([self.weights[:, 0], self.biases])
        w1, w2 = self.weights.T
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.column_stack([-w1 / w2, -self.biases / w2])

    @property
    def wrong(self) -> NDArray[np.int64]:
        """How many rows of classes 0 and 1 lie on the wrong side of each boundary. Shape: (epochs + 1,)."""
        said = step(self.inputs @ self.weights.T + self.biases)
        return np.asarray(np.count_nonzero(said != self.targets[:, None], axis=0))

    def __str__(self) -> str:
        """Show the model and its error at the start, at the end, and at even distances between."""
        inputs = range(1, self.weights.shape[1] + 1)
        heads = ["epoch", *(f"w{number}" for number in inputs), "bias", self.error]
        shown = np.unique(np.linspace(0, self.epochs, LINES_SHOWN).round().astype(int))
        rows = [
            [str(at), *map(_six, self.weights[at]), _six(self.biases[at]), _six(self.errors[at])]
            for at in shown
        ]
        return f"{self.learner}, {self.epochs} epochs\n{aligned([heads, *rows])}"


def recorded(
    learner: str,
    error: str,
    models: list[tuple[Floats, float]],
    errors: list[float],
    inputs: Floats,
    targets: Floats,
) -> Run:
    """Put models and errors, one for each epoch and the start, into a record."""
    weights, biases = zip(*models, strict=True)
    return Run(learner, error, np.array(weights), np.array(biases), np.array(errors, float), inputs, targets)


def aligned(rows: list[list[str]]) -> str:
    """Set a table of texts in columns, each as wide as its widest text."""
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _six(value: float) -> str:
    return f"{value:.6g}"


def _not_a_line(inputs: int) -> str | None:
    if inputs <= 2:
        return None
    do = "read weights and biases, or train on two of the inputs"
    return message("a line must have one or two inputs", f"there are {inputs}", do)
