"""What a user hands over becomes float64, or one error says everything that is wrong with it.

Each check returns a problem, or None where all is well; ``insist`` raises those that are there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import RequestError, message

Floats = NDArray[np.float64]


def numbers(values: ArrayLike, name: str) -> Floats:
    """Return values of any shape as float64.

    Raises:
        RequestError: they are not numbers, or rows of different lengths.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.asarray("rows of different lengths")
    if array.dtype.kind not in "biuf":
        found = f"{name} is {array.item()!r}" if array.ndim == 0 else f"{name} has dtype {array.dtype}"
        raise RequestError(message(f"{name} must be numbers", found, "turn text into numbers first"))
    return array.astype(np.float64)


def insist(*problems: str | None) -> None:
    """Raise all problems of a request together, if there are any."""
    found = [problem for problem in problems if problem]
    if found:
        raise RequestError(found)


def not_finite(array: Floats, name: str) -> str | None:
    """Infinite or missing numbers cannot be learned from."""
    bad = np.argwhere(~np.isfinite(array))
    if not len(bad):
        return None
    place = ", ".join(str(index) for index in bad[0])
    found = f"{name}[{place}] is {array[tuple(bad[0])]}" if place else f"{name} is {array}"
    return message(f"{name} must be finite", found, "fill or drop what is missing")


def not_rows(inputs: Floats, name: str = "inputs") -> str | None:
    """Points are one row each, with one column for each input: shape (rows, inputs)."""
    if inputs.ndim == 2 and inputs.size:
        return not_finite(inputs, name)
    do = "write one list of numbers for each point: [[0, 1], [1, 1]]"
    return message(
        f"{name} must have shape (rows, inputs), at least (1, 1)", f"its shape is {inputs.shape}", do
    )


def not_one_each(targets: Floats, rows: int, name: str = "targets") -> str | None:
    """There is one finite target for each row: shape (rows,)."""
    if targets.shape == (rows,):
        return not_finite(targets, name)
    found = f"its shape is {targets.shape}"
    return message(
        f"{name} must have shape ({rows},), one for each row", found, "pass one number for each row"
    )


def not_labels(targets: Floats, rows: int, name: str = "targets") -> str | None:
    """The two classes are called 0 and 1."""
    other = targets[~np.isin(targets, (0.0, 1.0))]
    if targets.shape != (rows,) or not other.size:
        return not_one_each(targets, rows, name)
    return message(f"{name} must be 0 or 1", f"it holds {other[0]:g}", "call one class 0 and the other 1")


def not_weights(weights: Floats, bias: ArrayLike, width: int) -> str | None:
    """There is one finite weight for each input, and one finite bias."""
    b = numbers(bias, "bias")
    if b.ndim:
        return message("the bias must be one number", f"its shape is {b.shape}", "pass a number, such as -2")
    if weights.shape == (width,):
        return not_finite(weights, "weights") or not_finite(b, "bias")
    must = f"there must be one weight for each of the {width} inputs"
    return message(must, f"weights has shape {weights.shape}", f"pass {width} weights")


def not_above_zero(value: object, name: str) -> str | None:
    """A rate is a step's length: finite and above 0."""
    if isinstance(value, int | float | np.number) and 0 < float(value) < np.inf:
        return None
    return message(
        f"{name} must be finite and above 0", f"{name}={value!r}", "write a small number, such as 0.01"
    )


def not_a_count(value: object, name: str) -> str | None:
    """A count is a whole number, 0 or above."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0:
        return None
    return message(f"{name} must be a whole number, 0 or above", f"{name}={value!r}", "write for example 25")
