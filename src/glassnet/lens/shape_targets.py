"""A target beside the output in the loss: torch stretches the one over the other.

Of outputs (N, 1) and targets (N,) the difference is (N, N): every output is compared with every target, and
the net learns the mean of the targets. A target of one example, (10,), beside an output (1, 10) gives the
right number only as long as there is one example (C38: ``target.view(1, -1)``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from glassnet.engine.losses import LOSSES, unknown_loss
from glassnet.errors import RecipeError, message
from glassnet.lens.shape_view import Shape, Size, times

_OF_CLASSES = ("cross_entropy", "CrossEntropyLoss", "NLLLoss", "nll_loss")
_ELEMENTWISE = (
    *(name for name in LOSSES if name != "cross_entropy"),
    *(each.__name__ for each in (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCELoss)),
    *(each.__name__ for each in (nn.BCEWithLogitsLoss, nn.PoissonNLLLoss)),
    *(each.__name__ for each in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss)),
    *(each.__name__ for each in (F.binary_cross_entropy, F.binary_cross_entropy_with_logits)),
    F.poisson_nll_loss.__name__,
)

_STRICT = ("BCELoss", "BCEWithLogitsLoss", "binary_cross_entropy", "binary_cross_entropy_with_logits")


def target_problem(
    output: Shape, target: Shape, dtype: torch.dtype | None, loss: str | Callable[..., Any]
) -> str | None:
    """Say what is wrong with a target of this shape in this loss; None where it fits.

    Args:
        output, target: shapes with their batch, in which "N" may stand for the number of examples.
        dtype: of the target, where it is known.
        loss: a name, or a loss of torch as a layer or a function.

    Raises:
        RecipeError: the loss is not known.
    """
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    if name in _OF_CLASSES:
        return _classes(name, output, target, dtype)
    if name not in _ELEMENTWISE:
        known = "a loss of Glassnet or torch must be named, so that it is known how it compares"
        do = f"give one of {', '.join(LOSSES)}, or a loss of torch such as nn.MSELoss()"
        raise RecipeError(unknown_loss(name) if isinstance(loss, str) else message(known, name, do))
    if output == target:
        return None
    both = _stretched(output, target)
    must = f"the target must have the output's shape, {times(output)}: {name} compares number with number"
    if both is None or name in _STRICT:
        effect = "which torch refuses"
    elif both == output:
        effect = "and torch would compare it with every row of the output"
    else:
        effect = f"and torch would compare every output with every target, {times(both)}"
    return message(must, f"it is {times(target)}, {effect}", _fix(output, target))


def _classes(name: str, output: Shape, target: Shape, dtype: torch.dtype | None) -> str | None:
    wanted = (*output[:1], *output[2:])
    if target == output and (dtype is None or dtype.is_floating_point) and name != "nll_loss":
        return None  # torch takes probabilities of the classes too
    must = f"{name} takes the number of the right class, shape {times(wanted)}, for outputs {times(output)}"
    if target != wanted:
        do = (
            "write target.squeeze(1)" if target == (*wanted[:1], 1, *wanted[1:]) else "write target.argmax(1)"
        )
        do = do if len(target) > len(wanted) else "give one class number for each example"
        return message(must, f"the target is {times(target)}", do)
    if dtype is not None and dtype != torch.int64:
        return message(
            must, f"the target's dtype is {str(dtype).removeprefix('torch.')}", "write target.long()"
        )
    return None


def _fix(output: Shape, target: Shape) -> str:
    """Say what makes the target fit, or else the output."""
    if _count(output) == _count(target):
        sizes = ["-1" if isinstance(each, str) else str(each) for each in output]
        if "-1" not in sizes and len(output) > 1:  # C38
            sizes[-1] = "-1"
        return f"write target.view({', '.join(sizes)})"
    if len(output) == len(target) == 2 and output[0] == target[0]:
        return f"give the net {times(target[1:])} outputs instead of {times(output[1:])}"
    return "give the target one row for each example, with as many numbers as the net has outputs"


def _count(shape: Shape) -> tuple[int, list[str]]:
    """Return the numbers of a shape multiplied, and its symbols; equal where reshaping helps."""
    product, symbols = 1, []
    for each in shape:
        if isinstance(each, int):
            product *= each
        else:
            symbols.append(each)
    return product, sorted(symbols)


def _stretched(first: Shape, second: Shape) -> Shape | None:
    """Return the shape to which torch broadcasts two; None where it cannot."""
    longest = max(len(first), len(second))
    pairs = zip(_filled(first, longest), _filled(second, longest), strict=True)
    sides: list[Size] = []
    for one, other in pairs:
        if one != other and 1 not in (one, other):
            return None
        sides.append(other if one == 1 else one)
    return tuple(sides)


def _filled(shape: Shape, length: int) -> Sequence[Size]:
    return (1,) * (length - len(shape)) + shape
