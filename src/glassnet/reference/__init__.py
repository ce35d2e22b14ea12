"""The whole course in NumPy, float64, written to be read; torch and the native engine are tested against it.

Read the modules in this order, each in one sitting:

    perceptron     a weighted sum and a step; layers; the perceptron trick and algorithm
    tables, gates  what a unit says, row by row, and what would mend it; AND, OR, NOT, NAND, XOR
    circle         points that no line separates, and two ways out
    functions      activations, softmax, likelihood, losses, and why an error must have a slope
    runs           what a learner did, epoch by epoch
    linear, logistic, side_by_side     gradient descent, derived and compared
"""

from __future__ import annotations

from glassnet.reference import (
    circle,
    functions,
    gates,
    linear,
    logistic,
    perceptron,
    runs,
    side_by_side,
    tables,
)

__all__ = [
    "circle",
    "functions",
    "gates",
    "linear",
    "logistic",
    "perceptron",
    "runs",
    "side_by_side",
    "tables",
]
