"""Logic from perceptrons: AND, OR, NOT, NAND with one unit each, XOR with several, and the exercise.

Set two weights and a bias, and see how many rows are wrong:

    >>> print(check("AND", Perceptron(weights=(1, 1), bias=-2)))
    input 1  input 2  linear combination  activation  correct?
    0        0        -2                  0           yes
    0        1        -1                  0           yes
    1        0        -1                  0           yes
    1        1        0                   1           yes
    all 4 rows are right

From AND to OR the line moves down: by larger weights (2, 2, -2), or by a bias that is smaller in size,
-1 instead of -2. The course calls that "a smaller bias"; as a number, -1 is the larger one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import did_you_mean, message
from glassnet.reference.arrays import Floats, insist, numbers
from glassnet.reference.perceptron import Perceptron
from glassnet.reference.tables import Table, Unit, table

Gate = Literal["AND", "OR", "NOT", "NAND", "XOR"]

AND = Perceptron(weights=(1, 1), bias=-2)
"""1 only where both inputs are 1: 1 + 1 - 2 just reaches 0."""

OR = Perceptron(weights=(1, 1), bias=-1)
"""1 where at least one input is 1: one is enough to reach 0."""

NOT = Perceptron(weights=(-1,), bias=0)
"""1 where its one input is 0: a negative weight turns the answer round."""

NAND = Perceptron(weights=(-1, -1), bias=1)
"""0 only where both inputs are 1: NOT and AND in one unit, weights and line turned round."""


def XOR(inputs: ArrayLike) -> Floats:
    """Return 1 where exactly one of two inputs is 1: one or the other, and not both.  AND(NOT(AND(x)), OR(x))

    One unit cannot: its scores of (0, 0) and (1, 1) add up to those of (0, 1) and (1, 0), so they cannot all
    lie below 0 there and above it here. M. Minsky and S. Papert, 1969, "Perceptrons".

    Shape: (rows, 2) -> (rows,).
    """
    x = numbers(inputs, "inputs")
    both, either = AND(x), OR(x)
    not_both = NOT(np.column_stack([both]))
    return AND(np.column_stack([not_both, either]))


TRUTH: dict[Gate, Callable[[NDArray[np.bool_]], NDArray[np.bool_]]] = {
    "AND": lambda x: np.logical_and.reduce(x, axis=1),
    "OR": lambda x: np.logical_or.reduce(x, axis=1),
    "NOT": lambda x: ~x[:, -1],
    "NAND": lambda x: ~np.logical_and.reduce(x, axis=1),
    "XOR": lambda x: x[:, 0] ^ x[:, 1],
}


def truth(gate: Gate, inputs: int = 2) -> tuple[Floats, Floats]:
    """Return every row of a gate's truth table, and what the gate wants there.

    Args:
        gate: AND, OR and NAND of any number of inputs; XOR of two; NOT of its last input, which may be the
            only one (with two, as the course asks it, the first plays no part).

    Returns:
        Shapes: (2^inputs, inputs) and (2^inputs,).
    """
    insist(_not_a_gate(gate), _not_its_inputs(gate, inputs))
    x = np.array(list(itertools.product([False, True], repeat=inputs)))
    return x.astype(np.float64), TRUTH[gate](x).astype(np.float64)


def check(gate: Gate, unit: Unit) -> Table:
    """Try a unit, or a network of units, on every row of a gate's truth table.

    Args:
        gate: what it should be.
        unit: a :class:`Perceptron`, with as many inputs as it has weights; or a function such as
            :func:`XOR` of rows with two inputs.

    Returns:
        The table; ``print`` it.
    """
    x, wanted = truth(gate, len(unit.weights) if isinstance(unit, Perceptron) else 2)
    return table(unit, x, wanted, wants=gate)


def _not_a_gate(gate: str) -> str | None:
    if gate in TRUTH:
        return None
    return message("the gate must be one that is known", f"gate={gate!r}", did_you_mean(gate, TRUTH))


def _not_its_inputs(gate: str, inputs: int) -> str | None:
    least, most = {"NOT": (1, 10), "XOR": (2, 2)}.get(gate, (2, 10))
    if least <= inputs <= most:
        return None
    must = (
        f"{gate} must have {least} inputs" if least == most else f"{gate} must have {least} to {most} inputs"
    )
    return message(must, f"there are {inputs}", "give the unit one weight for each input")
