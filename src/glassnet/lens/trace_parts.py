"""Operations of torch that do several things at once, in the simpler steps that a reader can follow.

Each takes the arguments of the operation of its name, and computes the same result (the first, where there
are several) with operations that have a rule of their own. None: this form of it is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

MEAN, SUM = 1, 2


def _reduced(terms: Tensor, reduction: int) -> Tensor:
    return terms.mean() if reduction == MEAN else terms.sum() if reduction == SUM else terms


def _mse_loss(output: Tensor, target: Tensor, reduction: int = MEAN) -> Tensor:
    return _reduced((output - target).pow(2), reduction)


def _smooth_l1_loss(
    output: Tensor, target: Tensor, reduction: int = MEAN, beta: float = 1.0
) -> Tensor | None:
    if beta != 1.0:
        return None
    return _huber_loss(output, target, reduction)


def _huber_loss(output: Tensor, target: Tensor, reduction: int = MEAN, delta: float = 1.0) -> Tensor | None:
    if reduction == 0:
        return None
    return _reduced(torch.ops.aten.huber_loss(output, target, 0, delta), reduction)


def _binary_cross_entropy_with_logits(
    output: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    pos_weight: Tensor | None = None,
    reduction: int = MEAN,
) -> Tensor | None:
    if reduction == 0 or pos_weight is not None:
        return None
    terms = torch.ops.aten.binary_cross_entropy_with_logits(output, target, None, None, 0)
    return _reduced(terms if weight is None else terms * weight, reduction)


def _binary_cross_entropy(
    output: Tensor, target: Tensor, weight: Tensor | None = None, reduction: int = MEAN
) -> Tensor | None:
    if reduction == 0:
        return None
    terms = torch.ops.aten.binary_cross_entropy(output, target, None, 0)
    return _reduced(terms if weight is None else terms * weight, reduction)


def _nll_loss_forward(
    output: Tensor, target: Tensor, weight: Tensor | None, reduction: int, ignore_index: int
) -> Tensor | None:
    if bool((target == ignore_index).any()) or output.ndim != 2:
        return None
    terms = -output.gather(1, target.unsqueeze(1)).squeeze(1)
    if weight is None:
        return _reduced(terms, reduction)
    weights = weight.index_select(0, target)
    weighted = terms * weights
    return weighted.sum() / weights.sum() if reduction == MEAN else _reduced(weighted, reduction)


def _normalised(x: Tensor, dims: Sequence[int], eps: float) -> Tensor:
    """Shift and scale to mean 0 and variance 1 over some dimensions."""
    centred = x - x.mean(list(dims), keepdim=True)
    variance = centred.pow(2).mean(list(dims), keepdim=True)
    return centred / (variance + eps).sqrt()


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _native_layer_norm(
    x: Tensor, shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    return _scaled(_normalised(x, range(-len(shape), 0), eps), weight, bias)


def _native_batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_variance: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    def each_channel(values: Tensor) -> Tensor:
        return values.view(1, -1, *(1,) * (x.ndim - 2))

    if training or running_mean is None or running_variance is None:
        normal = _normalised(x, [0, *range(2, x.ndim)], eps)
    else:
        deviation = (each_channel(running_variance) + eps).sqrt()
        normal = (x - each_channel(running_mean)) / deviation
    scale = None if weight is None else each_channel(weight)
    return _scaled(normal, scale, None if bias is None else each_channel(bias))


def _native_group_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    rows: int,
    channels: int,
    places: int,
    groups: int,
    eps: float,
) -> Tensor:
    normal = _normalised(x.reshape(rows, groups, -1), (2,), eps).view(x.shape)
    shape = (1, channels, *(1,) * (x.ndim - 2))
    scale = None if weight is None else weight.view(shape)
    return _scaled(normal, scale, None if bias is None else bias.view(shape))


def _var(x: Tensor, dims: Any = None, *, correction: float | None = None, keepdim: bool = False) -> Tensor:
    over = list(range(x.ndim)) if dims is None else list(dims)
    count = 1
    for each in over:
        count *= x.shape[each]
    squares = (x - x.mean(over, keepdim=True)).pow(2).sum(over, keepdim=keepdim)
    return squares / (count - (1 if correction is None else correction))


def _std(x: Tensor, dims: Any = None, *, correction: float | None = None, keepdim: bool = False) -> Tensor:
    return _var(x, dims, correction=correction, keepdim=keepdim).sqrt()


PARTS: dict[str, Callable[..., Tensor | None]] = {
    "mse_loss": _mse_loss,
    "huber_loss": _huber_loss,
    "smooth_l1_loss": _smooth_l1_loss,
    "binary_cross_entropy_with_logits": _binary_cross_entropy_with_logits,
    "binary_cross_entropy": _binary_cross_entropy,
    "nll_loss_forward": _nll_loss_forward,
    "native_layer_norm": _native_layer_norm,
    "native_batch_norm": _native_batch_norm,
    "native_group_norm": _native_group_norm,
    "var": _var,
    "std": _std,
}
