"""What a unit says, row by row, beside what is wanted; and the one change that would mend it.

>>> print(table(Perceptron((1, 2), -2), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1], wants="AND"))
input 1  input 2  linear combination  activation  correct?
0        0        -2                  0           yes
0        1        0                   1           NO
1        0        -1                  0           yes
1        1        1                   1           yes
1 of 4 rows is wrong: (0, 1) gives 1, AND wants 0; a smaller bias moves the line away
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.reference.arrays import Floats, insist, not_labels, not_rows, numbers
from glassnet.reference.perceptron import Perceptron
from glassnet.reference.runs import aligned

Unit = Callable[[ArrayLike], Floats]

ROWS_TOLD = 8


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a check.

    Attributes:
        inputs: (rows, inputs).
        targets: (rows,), what is wanted.
        scores: (rows,), the linear combination; None for a network, which has more than one.
        outputs: (rows,), what the unit says.
        wants: who wants it, for the sentence: ``"AND"``.
        hint: what would mend it; empty where all rows are right.
    """

    inputs: Floats
    targets: Floats
    scores: Floats | None
    outputs: Floats
    wants: str
    hint: str

    @property
    def wrong(self) -> NDArray[np.int64]:
        """The numbers of the rows that are wrong, from 0."""
        return np.flatnonzero(self.outputs != self.targets)

    @property
    def sentence(self) -> str:
        """How many rows are wrong, which, and what would mend it."""
        rows = len(self.targets)
        if not len(self.wrong):
            return f"all {rows} rows are right" if rows > 1 else "the row is right"
        verb = "is" if len(self.wrong) == 1 else "are"
        told = [
            f"{_point(self.inputs[at])} gives {self.outputs[at]:g}, {self.wants} wants {self.targets[at]:g}"
            for at in self.wrong[:ROWS_TOLD]
        ]
        told += [f"and {len(self.wrong) - ROWS_TOLD} more"] if len(self.wrong) > ROWS_TOLD else []
        counted = f"{len(self.wrong)} of {rows} {'row' if rows == 1 else 'rows'} {verb} wrong"
        return f"{counted}: {'; '.join([*told, self.hint])}"

    def __str__(self) -> str:
        """Show the table, and the sentence below it."""
        columns, heads = [*self.inputs.T], [f"input {at + 1}" for at in range(self.inputs.shape[1])]
        if self.scores is not None:
            columns, heads = [*columns, self.scores], [*heads, "linear combination"]
        verdict = np.where(self.outputs == self.targets, "yes", "NO")
        rows = [[f"{value:.6g}" for value in row] for row in np.column_stack([*columns, self.outputs])]
        body = [[*row, str(correct)] for row, correct in zip(rows, verdict, strict=True)]
        return f"{aligned([[*heads, 'activation', 'correct?'], *body])}\n{self.sentence}"


def table(unit: Unit, inputs: ArrayLike, targets: ArrayLike, wants: str = "the table") -> Table:
    """Compare what a unit says with what is wanted.

    Args:
        unit: a :class:`Perceptron`, or a network: any function of (rows, inputs) that returns 0 or 1 for
            each row, shape (rows,).
        inputs: (rows, inputs).
        targets: 0 or 1, (rows,).
        wants: who wants it, for the sentence.
    """
    x, y = numbers(inputs, "inputs"), numbers(targets, "targets")
    insist(not_rows(x), not_labels(y, len(x)))
    scores = unit.score(x) if isinstance(unit, Perceptron) else None
    outputs = numbers(unit(x), "outputs")
    insist(not_labels(outputs, len(x), "outputs"))
    right = bool((outputs == y).all())
    hint = "" if right else _hint(unit, x, y) if isinstance(unit, Perceptron) else CHECK_THE_PARTS
    return Table(x, y, scores, outputs, wants, hint)


CHECK_THE_PARTS = "check its units one by one"
SMALLER_BIAS = "a smaller bias moves the line away"
LARGER_BIAS = "a larger bias moves the line closer"
NO_LINE = (
    "no line can: score(0, 0) + score(1, 1) is always score(0, 1) + score(1, 0); build it of several units"
)
SEVERAL = "no weight alone can mend it, nor the bias: let perceptron.train look for all of them"


def _hint(unit: Perceptron, x: Floats, y: Floats) -> str:
    """Say the smallest change that mends every row: the bias, else one weight and then the bias.

    Some bias is right exactly if every row that wants a 1 scores above every row that wants a 0.
    """
    scores = x @ np.array(unit.weights)
    wanted, unwanted = scores[y == 1], scores[y == 0]
    if wanted.min(initial=np.inf) > unwanted.max(initial=-np.inf):
        return LARGER_BIAS if (wanted + unit.bias < 0).any() else SMALLER_BIAS
    ranges = [_range_of_weight(number, unit, x, y) for number in range(x.shape[1])]
    for number, (low, high) in enumerate(ranges):
        if low < high:
            return f"{_words(number, low, high)} turns the line, then the bias can move it into place"
    return _impossible(x, y) or SEVERAL


def _range_of_weight(number: int, unit: Perceptron, x: Floats, y: Floats) -> tuple[float, float]:
    """Return between which values one weight puts every wanted row above every unwanted one.

    For each pair, sum_i w_i (p_i - n_i) > 0. With all other weights as they are, that is rest + w d > 0:
    w > -rest / d for d above 0, w < -rest / d below it, and for d = 0 no w helps unless the rest does.
    """
    others = np.array(unit.weights)
    others[number] = 0.0
    pairs = (x[y == 1][:, None, :] - x[y == 0][None, :, :]).reshape(-1, x.shape[1])
    rest, d = pairs @ others, pairs[:, number]
    if (rest[d == 0] <= 0).any():
        return np.inf, -np.inf
    low = (-rest[d > 0] / d[d > 0]).max(initial=-np.inf)
    high = (-rest[d < 0] / d[d < 0]).min(initial=np.inf)
    return float(low) + 0.0, float(high) + 0.0  # 0.0, not -0.0


def _words(number: int, low: float, high: float) -> str:
    name = f"a weight of input {number + 1}"
    if np.isinf(high):
        return f"{name} above {low:g}"
    return f"{name} below {high:g}" if np.isinf(low) else f"{name} between {low:g} and {high:g}"


def _impossible(x: Floats, y: Floats) -> str | None:
    """Say why no unit can, where that is plain: one point of both classes, or XOR, or its opposite."""
    wanted: dict[tuple[float, ...], float] = {}
    for point, target in zip(x, y, strict=True):
        if wanted.setdefault(tuple(point.tolist()), target) != target:
            return f"no unit can: {_point(point)} is to give both 0 and 1"
    corners = [wanted.get(corner) for corner in ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0))]
    return NO_LINE if corners in ([0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]) else None


def _point(point: Floats) -> str:
    return f"({', '.join(f'{x:g}' for x in point)}{',' if len(point) == 1 else ''})"
