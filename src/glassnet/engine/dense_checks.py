"""What the arrays given to a dense net must be, whichever engine runs it. Each raises a ``RecipeError``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from glassnet.engine.dense_spec import Array, Layer, Objective, Parameters
from glassnet.errors import RecipeError, message


class _Net(Protocol):
    layers: tuple[Layer, ...]
    objective: Objective
    dtype: str


def check_rows(net: _Net, X: Array, y: Array | None = None, weight: Array | None = None) -> None:
    """Check shapes, dtypes and class ids; name all that is wrong."""
    rows, outputs = X.shape[0] if X.ndim else 0, net.layers[-1].outputs
    given: list[tuple[str, Array, tuple[int, ...], str]] = []
    given.append(("X", X, (rows, net.layers[0].inputs), net.dtype))
    if y is not None and net.objective.loss == "cross_entropy":
        given.append(("y", y, (rows,), "int64"))
    elif y is not None:
        given.append(("y", y, (rows, outputs), net.dtype))
    if weight is not None:
        given.append(("weight", weight, (rows,), net.dtype))
    problems = [problem for each in given for problem in _wrong_array(*each)]
    if y is not None and y.dtype == np.int64 and y.size and not 0 <= y.min() <= y.max() < outputs:
        found = f"ids from {y.min()} to {y.max()}"
        problems.append(message(f"class ids must be 0 to {outputs - 1}", found, "number the classes"))
    if problems:
        raise RecipeError(problems)


def check_parameters(layers: Sequence[Layer], parameters: Parameters) -> None:
    """Check that there is a weight and, where a layer has one, a bias of its shape for each layer."""
    expected = [((k.outputs, k.inputs), (k.outputs,) if k.bias else None) for k in layers]
    found = [(np.shape(W), None if b is None else np.shape(b)) for W, b in parameters]
    if found != expected:
        do = "pass (weight, bias or None) of each layer, weights (outputs, inputs)"
        raise RecipeError(message(f"parameters must have the shapes {expected}", f"{found}", do))


def check_state(state: dict[str, Any], names: Sequence[str], count: int) -> None:
    """Check that a state holds a step and each memory of the optimiser, one number for each weight."""
    expected = dict.fromkeys(names, (count,))
    found = {name: np.shape(kept) for name, kept in state.items() if name != "step"}
    if found != expected or "step" not in state:
        do = "pass what state() of a net with the same layers and optimizer returned"
        raise RecipeError(message(f"a state must have a step and {expected}", f"{found}", do))


def _wrong_array(name: str, array: Array, shape: tuple[int, ...], dtype: str) -> list[str]:
    if array.shape == shape and array.dtype == np.dtype(dtype) and array.flags.c_contiguous and array.size:
        return []
    must = f"{name} must be an array of {dtype} of shape {shape}, in C order and not empty"
    layout = "" if array.flags.c_contiguous else ", not in C order"
    found = f"{array.dtype} of shape {array.shape}{layout}"
    return [message(must, found, f"convert it with np.ascontiguousarray({name}, np.{dtype})")]


def check_batches(rows: int, order: Array, sizes: Array, rates: Array) -> None:
    """Check that the batches are made of rows that are there, with a rate for each."""
    problems = []
    outside = order.size and not 0 <= order.min() <= order.max() < rows
    if order.dtype != np.int64 or order.ndim != 1 or outside:
        must, do = f"order must be a flat int64 array of rows from 0 to {rows - 1}", "pass np.arange(rows)"
        problems.append(message(must, f"{order.dtype} of shape {order.shape}, or other rows", do))
    if sizes.dtype != np.int64 or sizes.sum() != len(order) or (sizes.size and sizes.min() < 1):
        must = f"sizes must be int64 from 1 that add up to the {len(order)} rows of order"
        problems.append(message(must, f"{sizes.dtype} {sizes.tolist()[:8]}", "pass the rows of each batch"))
    if rates.dtype != np.float64 or rates.shape != sizes.shape:
        must = f"rates must be {len(sizes)} float64, one for each batch"
        problems.append(message(must, f"{rates.dtype} of shape {rates.shape}", "pass one rate a batch"))
    if problems:
        raise RecipeError(problems)
