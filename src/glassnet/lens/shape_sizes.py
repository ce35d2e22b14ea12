"""The size arithmetic of convolutions and pooling: how large the output is, with the numbers in the formula.

    floor((size + 2*padding - dilation*(kernel-1) - 1)/stride + 1)

and for a transposed convolution, which goes the other way,

    (size-1)*stride - 2*padding + dilation*(kernel-1) + output_padding + 1

(torch.nn.Conv2d, MaxPool2d and ConvTranspose2d, "Shape"; V. Dumoulin and F. Visin, 2016, "A guide to
convolution arithmetic for deep learning"). Average pooling is the case of dilation 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
_CALL = re.compile(r"(?P<what>conv_transpose|conv|max_pool|avg_pool)(?P<rank>[123])d(_with_indices)?")
_POOL = re.compile(r"(adaptive_)?(max|avg|lp)_pool[123]d.*")
_NAMES = {
    "conv": ("input", "weight", "bias", "stride", "padding", "dilation", "groups"),
    "conv_transpose": (
        "input",
        "weight",
        "bias",
        "stride",
        "padding",
        "output_padding",
        "groups",
        "dilation",
    ),
    "max_pool": ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "avg_pool": ("input", "kernel_size", "stride", "padding", "ceil_mode"),
}


@dataclass(frozen=True)
class Side:
    """What a window does along one axis."""

    kernel: int
    stride: int
    before: int
    after: int
    dilation: int
    rounds_up: bool = False
    transposed: bool = False
    output_padding: int = 0

    def size(self, given: int) -> int:
        """Return the size of the output; 0 or less where the window does not fit."""
        reach = self.dilation * (self.kernel - 1)
        padding = self.before + self.after
        if self.transposed:
            return (given - 1) * self.stride - padding + reach + self.output_padding + 1
        room = given + padding - reach - 1
        if not self.rounds_up:
            return room // self.stride + 1
        size = -(-room // self.stride) + 1
        return size - 1 if self._drops_last(given, size) else size

    def formula(self, given: int) -> str:
        """Write the arithmetic out.

        >>> Side(3, 1, 0, 0, 1).formula(32)
        'floor((32 + 2*0 - 1*(3-1) - 1)/1 + 1) = 30'
        """
        padding = f"2*{self.before}" if self.before == self.after else f"{self.before} + {self.after}"
        reach = f"{self.dilation}*({self.kernel}-1)"
        if self.transposed:
            less = padding if self.before == self.after else f"({padding})"
            grown = f"({given}-1)*{self.stride} - {less} + {reach} + {self.output_padding} + 1"
            return f"{grown} = {self.size(given)}"
        rounded = "ceil" if self.rounds_up else "floor"
        text = f"{rounded}(({given} + {padding} - {reach} - 1)/{self.stride} + 1)"
        room = given + self.before + self.after - self.dilation * (self.kernel - 1) - 1
        if self.rounds_up and self._drops_last(given, -(-room // self.stride) + 1):
            text += " - 1, because the last window would begin in the padding,"
        return f"{text} = {self.size(given)}"

    def least(self) -> int:
        """Return the smallest size on which the window fits."""
        return max(self.dilation * (self.kernel - 1) + 1 - self.before - self.after, 1)

    def _drops_last(self, given: int, size: int) -> bool:
        return (size - 1) * self.stride >= given + self.before


Window = tuple[Side, ...]
"""One Side for each axis."""


def is_pooling(name: str) -> bool:
    """Say whether a class or a function pools: ``MaxPool2d``, ``adaptive_avg_pool2d``."""
    return bool(_POOL.fullmatch(_snake(name)))


def window_of(layer: nn.Module) -> Window | None:
    """Return what the window of a convolution or pooling layer does; None for all others."""
    # A class that was made from torch's own is meant too.
    found = next(filter(None, (_CALL.fullmatch(_snake(each.__name__)) for each in type(layer).__mro__)), None)
    if found is None:
        return None
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "output_padding")
    return _window(found, {name: getattr(layer, name) for name in names if hasattr(layer, name)})


def window_of_call(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Window | None:
    """Return what the window of ``F.conv2d``, ``F.max_pool2d`` and the like does; None for all others."""
    found = _CALL.fullmatch(name)
    if not found:
        return None
    given = called_with(name, args, kwargs)
    if "weight" in given:
        given["kernel_size"] = tuple(given["weight"].shape[2:])
    return _window(found, given)


def called_with(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return by name what ``F.conv2d``, ``F.max_pool2d`` and the like were called with."""
    found = _CALL.fullmatch(name)
    return {**dict(zip(_NAMES[found["what"]] if found else (), args, strict=False)), **kwargs}


def arithmetic(window: Window, sizes: Sequence[int]) -> tuple[str, ...]:
    """Write out the size of each axis; axes that are alike are written once.

    >>> same = Side(2, 2, 0, 0, 1)
    >>> arithmetic((same, same), (13, 13))
    ('floor((13 + 2*0 - 1*(2-1) - 1)/2 + 1) = 6',)
    """
    lines = [side.formula(size) for side, size in zip(window, sizes, strict=True)]
    if len(set(lines)) == 1:
        return (lines[0],)
    return tuple(f"{axis}: {line}" for axis, line in zip(AXES[len(window)], lines, strict=True))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _window(found: re.Match[str], given: Mapping[str, Any]) -> Window:
    rank, what = int(found["rank"]), found["what"]
    kernel = _each(given["kernel_size"], rank)
    stride = _each(given.get("stride") or (kernel if "pool" in what else 1), rank)
    dilation = _each(given.get("dilation", 1), rank)
    padding = given.get("padding", 0)
    extra = _each(given.get("output_padding", 0), rank)
    paddings = _paddings(padding, kernel, dilation)
    rounds_up = bool(given.get("ceil_mode", False))
    return tuple(
        Side(k, s, *p, d, rounds_up, what == "conv_transpose", e)
        for k, s, p, d, e in zip(kernel, stride, paddings, dilation, extra, strict=True)
    )


def _paddings(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    """Return what is added before and after each axis; "same" adds the odd one after, as torch does."""
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in _each(0 if padding == "valid" else padding, len(kernel))]


def _each(value: Any, rank: int) -> tuple[int, ...]:
    """Return one number for each axis."""
    numbers = tuple(value) if isinstance(value, tuple | list) else (value,)
    return numbers * rank if len(numbers) == 1 else numbers
