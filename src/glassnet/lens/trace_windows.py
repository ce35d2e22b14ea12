"""The rules of operations that look at groups of numbers: convolution, pooling, sums, means, softmax."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.lens.trace_codes import ZERO, Codes, Pieces, Terms
from glassnet.lens.trace_groups import ABSENT, Largest, LogSumExp, Norm, Softmax, Sum
from glassnet.lens.trace_record import Operand, Recorded
from glassnet.lens.trace_rules import Rule, filled


def windows(
    codes: Codes,
    size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    outside: int,
    out: Sequence[int],
) -> Codes:
    """Cut out what a window sees at each of its places.

    Shape: (rows, channels, *picture) -> (rows, channels, *out, numbers in a window).
    """
    dims = len(size)
    for d in range(dims):
        axis = 2 + 2 * d
        length = codes.shape[axis]
        reach = (out[d] - 1) * stride[d] + dilation[d] * (size[d] - 1) + 1
        after = max(0, reach - length - padding[d])
        pad = [(0, 0)] * codes.ndim
        pad[axis] = (padding[d], after)
        codes = np.pad(codes, pad, constant_values=outside)
        at = np.arange(out[d])[:, None] * stride[d] + np.arange(size[d]) * dilation[d]
        codes = np.take(codes, at, axis=axis)
    order = [0, 1, *range(2, 2 + 2 * dims, 2), *range(3, 3 + 2 * dims, 2)]
    codes = codes.transpose(order)
    return codes.reshape(*codes.shape[: 2 + dims], -1)


class Convolution:
    """out[n, o, place] = sum over a window of input * weight[o], and a bias where there is one."""

    def __init__(
        self, x: Operand, weight: Operand, bias: Operand | None, seen: Codes, groups: int, out: Codes
    ) -> None:
        rows, outputs = out.shape[:2]
        places = math.prod(out.shape[2:])
        channels, each = x.codes.shape[1], weight.codes.shape[1]
        seen = seen.reshape(rows, channels, places, -1)
        self.seen = seen.reshape(rows, groups, each, places, -1).transpose(0, 1, 3, 2, 4)
        self.seen = self.seen.reshape(rows, groups, places, -1)
        self.weight = weight.codes.reshape(outputs, -1)
        self.bias = None if bias is None else bias.codes
        self.shape, self.per_group = (rows, outputs, places), outputs // groups
        self.passes = (x.passes, weight.passes, bias is not None and bias.passes)

    def forward(self, place: int) -> Pieces:
        """Give the products of the window; those with padding are 0 and are left out."""
        n, o, at = (int(each) for each in np.unravel_index(place, self.shape))
        seen = self.seen[n, o // self.per_group, at]
        inside = seen != ZERO
        products = filled("{0} * {1}", {"0": seen[inside], "1": self.weight[o][inside]})
        return (products,) if self.bias is None else (products, " + ", int(self.bias[o]))

    def pull(self, wanted: int, gradients: Codes) -> list[Terms]:
        """Give each gradient times what the number was multiplied with."""
        back, found = gradients.reshape(self.shape), []
        if self.passes[0]:
            for n, group, at, k in np.argwhere(self.seen == wanted):
                outputs = slice(group * self.per_group, (group + 1) * self.per_group)
                columns = {"0": back[n, outputs, at], "1": self.weight[outputs, k]}
                found.append(filled("{0} * {1}", columns))
        if self.passes[1]:
            for o, k in np.argwhere(self.weight == wanted):
                seen = self.seen[:, o // self.per_group, :, k].ravel()
                inside = seen != ZERO
                columns = {"0": back[:, o].ravel()[inside], "1": seen[inside]}
                found.append(filled("{0} * {1}", columns))
        if self.passes[2] and self.bias is not None:
            for (o,) in np.argwhere(self.bias == wanted):
                found.append(filled("{0}", {"0": back[:, o].ravel()}))
        return found


def windowed_rule(sheet: Recorded, out: Codes) -> Rule | None:
    """Return the rule of an operation on groups; None where it is not understood."""
    builder = _BUILDERS.get(sheet.op)
    return None if builder is None else builder(out, *sheet.arguments, **sheet.options)


def _each(value: Any, dims: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * dims if len(values) == 1 else values


def _batched(codes: Codes, dims: int) -> Codes:
    return codes if codes.ndim == dims + 2 else codes[None]


def _convolution(
    out: Codes,
    x: Operand,
    weight: Operand,
    bias: Operand | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> Rule | None:
    if transposed:
        return None
    size = weight.codes.shape[2:]
    dims = len(size)
    seen = windows(
        x.codes,
        size,
        _each(stride, dims),
        _each(padding, dims),
        _each(dilation, dims),
        ZERO,
        out.shape[2:],
    )
    return Convolution(x, weight, bias, seen, groups, out)


def _pooled(
    out: Codes, x: Operand, dims: int, size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> Codes:
    codes, size = _batched(x.codes, dims), _each(size, dims)
    step = _each(stride, dims) if stride else size
    places = _batched(out, dims).shape[2:]
    found = windows(codes, size, step, _each(padding, dims), _each(dilation, dims), ABSENT, places)
    return found.reshape(out.size, -1)


def _max_pool(dims: int) -> Callable[..., Rule]:
    def build(
        out: Codes,
        x: Operand,
        size: Any,
        stride: Any = (),
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> Rule:
        return Largest(x, _pooled(out, x, dims, size, stride, padding, dilation), out)

    return build


def _avg_pool(dims: int) -> Callable[..., Rule | None]:
    def build(
        out: Codes,
        x: Operand,
        size: Any,
        stride: Any = (),
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Rule | None:
        groups = _pooled(out, x, dims, size, stride, padding)
        whole = not np.any(padding)
        if ceil_mode and not whole:
            return None
        counts = (groups != ABSENT).sum(axis=1)
        if count_include_pad and not ceil_mode:
            counts = np.full(len(groups), groups.shape[1])
        if divisor_override is not None:
            counts = np.full(len(groups), divisor_override)
        return Sum(x, groups, out, counts.astype(np.float64))

    return build


def _adaptive(out: Codes, x: Operand, dims: int) -> Codes:
    """Return the groups of adaptive pooling: place i of n sees floor(i L / n) up to ceil((i + 1) L / n)."""
    codes = _batched(x.codes, dims)
    places = _batched(out, dims).shape[2:]
    lengths = codes.shape[2:]
    groups = []
    for at in np.ndindex(*_batched(out, dims).shape):
        cut = tuple(
            slice(i * length // n, -(-(i + 1) * length // n))
            for i, length, n in zip(at[2:], lengths, places, strict=True)
        )
        groups.append(codes[(at[0], at[1], *cut)].ravel())
    widest = max(map(len, groups))
    return np.stack([np.pad(each, (0, widest - len(each)), constant_values=ABSENT) for each in groups])


def _adaptive_average(dims: int) -> Callable[..., Rule]:
    def build(out: Codes, x: Operand, size: Any) -> Rule:
        groups = _adaptive(out, x, dims)
        return Sum(x, groups, out, (groups != ABSENT).sum(axis=1).astype(np.float64))

    return build


def _adaptive_largest(dims: int) -> Callable[..., Rule]:
    return lambda out, x, size: Largest(x, _adaptive(out, x, dims), out)


def _over(x: Operand, dims: Any) -> Codes:
    """Group the numbers that a reduction over some dimensions takes together."""
    every = range(x.codes.ndim)
    over = [*every] if dims is None or dims == [] else [d % x.codes.ndim for d in _each(dims, 1)]
    kept = [d for d in every if d not in over]
    moved = x.codes.transpose([*kept, *over]) if x.codes.ndim else x.codes
    return moved.reshape(math.prod(x.codes.shape[d] for d in kept), -1)


def _mean(out: Codes, x: Operand, dims: Any = None, keepdim: bool = False, **_: Any) -> Rule:
    groups = _over(x, dims)
    return Sum(x, groups, out, np.full(len(groups), float(groups.shape[1])))


def _sum(out: Codes, x: Operand, dims: Any = None, keepdim: bool = False, **_: Any) -> Rule:
    return Sum(x, _over(x, dims), out)


def _extreme(sign: int, shared: bool) -> Callable[..., Rule]:
    def build(out: Codes, x: Operand, dims: Any = None, keepdim: bool = False) -> Rule:
        return Largest(x, _over(x, dims), out, sign, shared or dims is None)

    return build


def _softmax(log: bool) -> Callable[..., Rule]:
    def build(out: Codes, x: Operand, dim: int, half_to_float: bool = False) -> Rule:
        groups = np.moveaxis(x.codes, dim, -1)
        groups = np.broadcast_to(groups[..., None, :], (*groups.shape, groups.shape[-1]))
        groups = np.moveaxis(groups, -2, dim % x.codes.ndim)
        return Softmax(x, groups.reshape(out.size, -1), x.codes, out, log)

    return build


def _norm(out: Codes, x: Operand, order: float = 2, dims: Any = None, *_: Any, **__: Any) -> Rule | None:
    return Norm(x, _over(x, dims), out) if order == 2 else None


_BUILDERS: dict[str, Callable[..., Rule | None]] = {
    "convolution": _convolution,
    "max_pool2d_with_indices": _max_pool(2),
    "max_pool3d_with_indices": _max_pool(3),
    "avg_pool2d": _avg_pool(2),
    "avg_pool3d": _avg_pool(3),
    "_adaptive_avg_pool2d": _adaptive_average(2),
    "_adaptive_avg_pool3d": _adaptive_average(3),
    "adaptive_max_pool2d": _adaptive_largest(2),
    "mean": _mean,
    "sum": _sum,
    "amax": _extreme(1, shared=True),
    "amin": _extreme(-1, shared=True),
    "max": _extreme(1, shared=False),
    "min": _extreme(-1, shared=False),
    "logsumexp": lambda out, x, dims, keepdim=False: LogSumExp(x, _over(x, dims), out),
    "_softmax": _softmax(log=False),
    "_log_softmax": _softmax(log=True),
    "linalg_vector_norm": _norm,
}
