"""From the user's arrays to checked ``Rows``: dtypes, shapes, ranges, all problems at once.

- X takes the dtype of the net's parameters; whole numbers stay int64 if the net holds an embedding.
- y takes the net's dtype too; class ids (cross_entropy, or a loss of one's own with whole numbers) are int64.
- y of shape (n,) beside outputs (n, 1) is reshaped to (n, 1), and the other way round: this is meant, because
  torch would broadcast the two to (n, n) without a word. Any other difference is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from glassnet.engine.losses import loss_by_name
from glassnet.engine.probe import probe
from glassnet.engine.rows import Rows
from glassnet.engine.threads import using_threads
from glassnet.errors import RecipeError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHECKED = 1 << 20
"""So many numbers are checked at once: torch makes two copies of them meanwhile."""
_RANGES = {
    "binary_cross_entropy": (0.0, 1.0, "0 or 1, or a probability between them"),
    "poisson": (0.0, float("inf"), "a count, 0 or above"),
}


def checked_rows(
    net: nn.Module,
    X: Any,
    y: Any,
    weight: Any = None,
    *,
    loss: str | Callable[..., Any],
    names: tuple[str, str, str] = ("X", "y", "sample_weight"),
    at: NDArray[np.int64] | None = None,
) -> Rows:
    """Return the arrays as rows that this net and this loss can use, on the CPU.

    Args:
        X: numbers of shape (n, ...): a NumPy array, a tensor, lists, or anything that NumPy reads.
        y: targets of shape (n, ...), see ``losses``.
        weight: one number from 0 per row, shape (n,), not all 0; None: each row counts 1.
        names: what the three are called in messages.
        at: positions in X of the rows that are meant, shape (n,); X may then hold others as well.

    Raises:
        RecipeError: with every problem found.
    """
    problems: list[str] = []
    inputs, targets = _tensor(X, names[0], problems), _tensor(y, names[1], problems)
    weights = None if weight is None else _tensor(weight, names[2], problems)
    if problems or inputs is None or targets is None:
        raise RecipeError(problems)
    dtype = dtype_of(net)
    inputs = _inputs(net, inputs, dtype)
    places = None if at is None else torch.from_numpy(at)
    meant = inputs if places is None else places
    problems += _wrong_lengths({names[0]: meant, names[1]: targets, names[2]: weights})
    problems += _not_finite(names[0], inputs)
    output = None
    if weights is not None:
        weights = weights.to(dtype)
        problems += _wrong_weights(names[2], weights)
    if not problems:
        two = inputs[:2] if places is None else inputs[places[:2]]
        output = probe(net, two.to(device_of(net))).output.cpu()
        targets, wrong = _targets(targets, output, loss, dtype, names[1])
        problems += wrong
    if problems or output is None:
        raise RecipeError(problems)
    loss_by_name(loss)(output, targets[:2], None if weights is None else weights[:2])
    return Rows(inputs, targets, weights, places)


def dtype_of(net: nn.Module) -> torch.dtype:
    """Return the dtype of the net's first parameter that is not of whole numbers, or torch's default."""
    return next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.get_default_dtype())


def device_named(name: str) -> torch.device:
    """Return the device of this name; ``auto`` is a GPU where there is one, else the CPU."""
    return torch.device(name if name != "auto" else "cuda" if torch.cuda.is_available() else "cpu")


def device_of(net: nn.Module) -> torch.device:
    """Return the device of the net's first parameter; the CPU without one."""
    return next((p.device for p in net.parameters()), torch.device("cpu"))


def _tensor(values: Any, name: str, problems: list[str]) -> Tensor | None:
    if isinstance(values, Tensor):
        return values.detach().cpu()
    try:
        array = np.asarray(values)
    except ValueError as error:
        array = np.asarray(str(error), dtype=object)
    if array.dtype.kind not in "biuf":
        found = f"dtype {array.dtype}" if array.ndim else f"{array.item()!r}"
        do = "turn text into numbers and fill missing values first"
        problems.append(message(f"{name} must be an array of numbers", found, do))
        return None
    return torch.from_numpy(np.ascontiguousarray(array, dtype=_torch_can(array.dtype)))


def _torch_can(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Torch takes neither big-endian numbers nor those of more than 64 bits."""
    return np.dtype({"b": "?", "i": "i8", "u": "i8", "f": "f4" if dtype.itemsize == 4 else "f8"}[dtype.kind])


def _inputs(net: nn.Module, X: Tensor, dtype: torch.dtype) -> Tensor:
    embeds = any(isinstance(each, nn.Embedding | nn.EmbeddingBag) for each in net.modules())
    return X.long() if embeds and not X.is_floating_point() else X.to(dtype)


def _wrong_lengths(arrays: dict[str, Tensor | None]) -> list[str]:
    shapes = {name: tuple(each.shape) for name, each in arrays.items() if each is not None}
    if all(shapes.values()) and len({shape[0] for shape in shapes.values()}) == 1:
        empty = next(iter(shapes.values()))[0] == 0
        return [message("there must be at least one row", "there is none", "pass rows")] if empty else []
    found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    return [
        message(
            f"{', '.join(shapes)} must have the same number of rows", found, "pass one entry for each row"
        )
    ]


def _not_finite(name: str, values: Tensor) -> list[str]:
    if not values.is_floating_point():
        return []
    with using_threads(1):  # a second one has little to win here, and on busy cores much to lose
        if all(map(all_finite, torch.split(values.flatten(), _CHECKED))):
            return []
    bad = (~values.isfinite()).nonzero()
    found = f"{len(bad)} of {values.numel()} numbers are not, the first at {name}{bad[0].tolist()}"
    dtype = str(values.dtype).removeprefix("torch.")
    return [
        message(f"{name} must hold finite numbers of {dtype}", found, "fill or drop such rows, or scale them")
    ]


def all_finite(numbers: Tensor) -> bool:
    """Look at the sum, a fortieth of the work; where it is not finite it may have overflowed: see each."""
    return bool(numbers.sum().isfinite()) or bool(numbers.isfinite().all())


def _wrong_weights(name: str, weights: Tensor) -> list[str]:
    right = (
        weights.ndim == 1 and bool((weights.isfinite() & (weights >= 0)).all()) and float(weights.sum()) > 0
    )
    if right:
        return []
    found = f"shape {tuple(weights.shape)}, lowest {float(weights.min()):g}, sum {float(weights.sum()):g}"
    must = f"{name} must be one finite number from 0 per row, shape (n,), and not all 0"
    return [message(must, found, "pass for example np.ones(n)")]


def _targets(y: Tensor, output: Tensor, loss: Any, dtype: torch.dtype, name: str) -> tuple[Tensor, list[str]]:
    if loss == "cross_entropy":
        return _class_ids(y, output, name)
    if not isinstance(loss, str) and not y.is_floating_point():
        return y.long(), []
    y = y.to(dtype)
    columns = tuple(output.shape[1:])
    if tuple(y.shape[1:]) != columns and {tuple(y.shape[1:]), columns} == {(), (1,)}:
        y = y.reshape(-1, *columns)
    low, high, what = _RANGES.get(loss if isinstance(loss, str) else "", (-float("inf"), float("inf"), ""))
    problems = _not_finite(name, y)
    if bool(((y < low) | (y > high)).any()):
        found = f"values from {float(y.min()):g} to {float(y.max()):g}"
        problems.append(
            message(f"each target of {loss} must be {what}", found, "choose another loss, or rescale y")
        )
    return y, problems


def _class_ids(y: Tensor, output: Tensor, name: str) -> tuple[Tensor, list[str]]:
    classes = output.shape[1] if output.ndim > 1 else 1
    if y.is_floating_point():
        dtype = str(y.dtype).removeprefix("torch.")
        do = f"convert them with {name}.astype('int64')"
        return y, [message("cross_entropy needs class ids, whole numbers", f"{name} has dtype {dtype}", do)]
    y = y.long()
    if output.ndim > 1 and y.numel() and not 0 <= int(y.min()) <= int(y.max()) < classes:
        found = f"{name} has ids from {int(y.min())} to {int(y.max())}"
        must = f"class ids must be from 0 to {classes - 1}, because the net has {classes} outputs"
        return y, [message(must, found, "number the classes from 0, or give the net one output per class")]
    return y, []
