"""Points that no line separates: one class inside a circle, the other around it; and two ways out.

>>> print(ways_out())
a line: at best 66 of 200 rows wrong in 100 epochs
a line among the squares x1^2, x2^2 too, a curve in the plane: 0 rows wrong after 3 epochs
a hidden layer of 6 lines and an AND of them, a polygon: 0 rows wrong
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import message
from glassnet.randomness import stream
from glassnet.reference.arrays import Floats, insist, not_a_count, not_above_zero, not_rows, numbers
from glassnet.reference.perceptron import layers, train
from glassnet.reference.runs import Run

Stack = list[tuple[Floats, Floats]]


def ring(rows: int = 200, seed: int = 0) -> tuple[Floats, Floats]:
    """Draw points within 0.8 of the centre, class 1, and points from 1.2 to 2 around them, class 0.

    No line has the centre on its 1 side and all of the ring on its 0 side: the centre is half way between any
    point and the point opposite, so its score is the mean of theirs, and cannot be 0 or above if both are
    below 0.

    Returns:
        Inputs, (rows, 2), and targets, (rows,).
    """
    insist(not_a_count(rows, "rows"), not_a_count(seed, "seed"))
    chance = stream(seed, "reference", "ring")
    targets = np.arange(rows, dtype=np.float64) % 2
    angle = chance.uniform(0.0, 2 * np.pi, rows)
    radius = np.where(targets == 1, chance.uniform(0.0, 0.8, rows), chance.uniform(1.2, 2.0, rows))
    points: Floats = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return points, targets


def with_squares(inputs: ArrayLike) -> Floats:
    """Append the square of each input: (x1, x2) becomes (x1, x2, x1^2, x2^2).

    A line among these is a curve in the plane: with weights (0, 0, -1, -1) and bias 1 it is the circle
    1 - x1^2 - x2^2 = 0. Shape: (rows, inputs) -> (rows, 2 inputs).
    """
    x = numbers(inputs, "inputs")
    insist(not_rows(x))
    return np.column_stack([x, x**2])


def polygon(sides: int, radius: float) -> Stack:
    """Build a hidden layer of lines around the centre, and a unit that is 1 inside all of them.

    Unit i of the first layer says 1 where cos(t_i) x1 + sin(t_i) x2 <= radius, with t_i = 2 pi i / sides;
    the last unit is the AND of them all: weights 1, bias -sides.

    Returns:
        Weights and biases of both layers, for :func:`glassnet.reference.perceptron.layers`.
    """
    insist(not_above_zero(radius, "radius"), _not_a_polygon(sides))
    t = 2 * np.pi * np.arange(sides) / sides
    lines = (-np.column_stack([np.cos(t), np.sin(t)]), np.full(sides, radius))
    all_of_them = (np.ones((1, sides)), np.array([-float(sides)]))
    return [lines, all_of_them]


@dataclass(frozen=True, eq=False)
class WaysOut:
    """The same points three ways.

    Attributes:
        line: the perceptron on x1 and x2.
        squares: the perceptron on x1, x2 and their squares.
        hidden: the hidden layer and the unit after it.
        hidden_wrong: how many rows they get wrong.
    """

    line: Run
    squares: Run
    hidden: Stack
    hidden_wrong: int

    def __str__(self) -> str:
        """Say how each of them fares."""
        rows, sides = len(self.line.targets), len(self.hidden[0][1])
        best = int(self.squares.errors.argmin())
        return (
            f"a line: at best {self.line.errors.min():g} of {rows} rows wrong in {self.line.epochs} epochs\n"
            "a line among the squares x1^2, x2^2 too, a curve in the plane: "
            f"{self.squares.errors[best]:g} rows wrong after {best} epochs\n"
            f"a hidden layer of {sides} lines and an AND of them, a polygon: "
            f"{self.hidden_wrong} rows wrong"
        )


def ways_out(rows: int = 200, seed: int = 0, *, epochs: int = 100, sides: int = 6) -> WaysOut:
    """Try a line on the ring, then a feature that bends it, then a hidden layer.

    Args:
        rows, seed: of :func:`ring`.
        epochs: of both perceptrons.
        sides: of :func:`polygon`, whose radius is 0.9: from 5 on, its corners stay inside the gap.
    """
    x, y = ring(rows, seed)
    hidden = polygon(sides, 0.9)
    said = layers(x, hidden)[:, 0]
    return WaysOut(
        line=train(x, y, epochs=epochs, seed=seed),
        squares=train(with_squares(x), y, epochs=epochs, seed=seed),
        hidden=hidden,
        hidden_wrong=int(np.count_nonzero(said != y)),
    )


def _not_a_polygon(sides: int) -> str | None:
    if not_a_count(sides, "sides") is None and sides >= 3:
        return None
    return message("a polygon must have 3 or more sides", f"sides={sides!r}", "write for example 6")
