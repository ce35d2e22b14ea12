"""The losses by name: what the gradient descends, and how rows are weighted.

Every loss is a mean over rows: with weights w it is sum(w * loss of the row) / sum(w), where the loss of a
row is the mean over the row's outputs. Losses of classes and counts read the net's last layer as it is:

    mse, mae, huber          output (n, k), target (n, k)
    binary_cross_entropy     output = logits (n, k), target (n, k) in 0..1
    cross_entropy            output = logits (n, classes), target = class ids int64 (n,)
    poisson                  output = log of the rate (n, k), target = counts (n, k), 0 or above; without
                             the constant log(target!), so it can be negative

Class weights are not known here: whoever calls folds them into the weights of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from glassnet.errors import RecipeError, did_you_mean, message

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""loss(output, target, weight of each row or None) -> the weighted mean over rows, a scalar."""

_ELEMENTWISE: dict[str, Callable[..., Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "binary_cross_entropy": F.binary_cross_entropy_with_logits,
    "poisson": partial(F.poisson_nll_loss, log_input=True, full=False),
}
LOSSES: tuple[str, ...] = (*_ELEMENTWISE, "cross_entropy")


def loss_by_name(loss: str | Callable[..., Any]) -> Loss:
    """Return the loss of that name, or the user's own, as ``loss(output, target, weight)``.

    Args:
        loss: one of ``LOSSES``, or a callable(output, target) that returns a scalar tensor (the mean over
            rows) or one value per row, shape (n,); only the second form can be weighted.

    Raises:
        RecipeError: there is no loss of that name.
    """
    if not isinstance(loss, str):
        return partial(_own_loss, loss)
    if loss == "cross_entropy":
        return _cross_entropy
    if loss in _ELEMENTWISE:
        return partial(_elementwise, _ELEMENTWISE[loss], loss)
    raise RecipeError(unknown_loss(loss))


def unknown_loss(name: str) -> str:
    """Say which losses there are."""
    return message(
        "loss must be a name that is known or a callable", f"loss={name!r}", did_you_mean(name, LOSSES)
    )


def weighted_mean(per_row: Tensor, weight: Tensor) -> Tensor:
    """Return sum(weight * per_row) / sum(weight); 0 where all weights are 0. Shapes: (n,), (n,) -> ()."""
    return (per_row * weight).sum() / weight.sum().clamp_min(torch.finfo(weight.dtype).tiny)


def _elementwise(
    function: Callable[..., Tensor], name: str, output: Tensor, target: Tensor, weight: Tensor | None
) -> Tensor:
    if output.shape != target.shape:
        raise RecipeError(_wrong_shape(name, output, target))
    output = _full_precision(output)
    if weight is None:
        return function(output, target)
    return weighted_mean(_per_row(function(output, target, reduction="none")), weight)


def _cross_entropy(output: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    if target.dtype != torch.int64:
        raise RecipeError(_wrong_class_dtype(target))
    if output.ndim < 2 or target.shape != output.shape[:1] + output.shape[2:]:
        raise RecipeError(_wrong_class_shape(output, target))
    output = _full_precision(output)
    if weight is None:
        return F.cross_entropy(output, target)
    return weighted_mean(_per_row(F.cross_entropy(output, target, reduction="none")), weight)


def _own_loss(
    function: Callable[[Tensor, Tensor], Any], output: Tensor, target: Tensor, weight: Tensor | None
) -> Tensor:
    value = function(_full_precision(output), target)
    if not isinstance(value, Tensor) or (value.ndim and value.shape != output.shape[:1]):
        raise RecipeError(_wrong_return(value))
    if weight is None:
        return value.mean()
    if not value.ndim:
        raise RecipeError(
            message(
                "a loss of your own must return one value per row where rows have weights",
                "it returned one scalar",
                "leave out its mean over rows (reduction='none', then a mean over the other dimensions)",
            )
        )
    return weighted_mean(value, weight)


def _per_row(values: Tensor) -> Tensor:
    return values if values.ndim == 1 else values.flatten(1).mean(1)


def _full_precision(output: Tensor) -> Tensor:
    """Losses are summed in float32 or float64 even where the net computes in less."""
    return output.float() if output.dtype in (torch.bfloat16, torch.float16) else output


def _wrong_shape(name: str, output: Tensor, target: Tensor) -> str:
    columns = tuple(output.shape[1:])
    return message(
        f"{name} needs a target of the output's shape, because torch would broadcast one over the other",
        f"output {tuple(output.shape)}, target {tuple(target.shape)}",
        f"reshape the target with y.reshape{(-1, *columns)}, or give the net another last layer",
    )


def _wrong_class_shape(output: Tensor, target: Tensor) -> str:
    return message(
        "cross_entropy needs logits of shape (n, classes) and class ids of shape (n,)",
        f"output {tuple(output.shape)}, target {tuple(target.shape)}",
        "give the net one output per class and the target one id per row: y.argmax(1) for one-hot rows, "
        "y[:, 0] for a single column",
    )


def _wrong_class_dtype(target: Tensor) -> str:
    return message(
        "cross_entropy needs class ids of dtype int64",
        f"the target's dtype is {str(target.dtype).removeprefix('torch.')}",
        "convert it with y.astype('int64') or y.long(); for probabilities use binary_cross_entropy",
    )


def _wrong_return(value: object) -> str:
    found = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
    return message(
        "a loss of your own must return a scalar tensor or one value per row",
        f"it returned {found}",
        "take the mean over every dimension but the first",
    )
