"""Autoencoders: stacks of torch's own layers that squeeze a row through a short code and rebuild it.

>>> net = autoencoder((8, 8, 1), code=8, kind="dense")
>>> net.encoder(torch.zeros(5, 64)).shape, net(torch.zeros(5, 64)).shape
(torch.Size([5, 8]), torch.Size([5, 64]))
>>> autoencoder((28, 28, 3), code=16, kind="transposed")(torch.zeros(2, 28 * 28 * 3)).shape
torch.Size([2, 2352])

Rows go in and come out flat, pixel by pixel as they lie in (height, width, channels), so that all kinds can
be compared number by number.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

Kind = Literal["linear", "dense", "transposed", "upsampling"]
KINDS: tuple[Kind, ...] = get_args(Kind)
HIDDEN = (256, 128)
"""Units of the hidden layers of a dense encoder, on the way to the code."""
CHANNELS, MOST_CHANNELS, SMALLEST_SIDE = 32, 128, 4
"""Channels of the first convolution on up to 16 x 16 pixels; of any; and the side down to which is halved."""


class Noise(nn.Module):
    """Adds Gaussian noise while training, so that the net learns to remove it (Vincent et al. 2008).

    Shape: any -> the same. Nothing in evaluation mode.
    """

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, x: Tensor) -> Tensor:
        """Return x, in training with noise."""
        return x + self.deviation * torch.randn_like(x) if self.training else x

    def extra_repr(self) -> str:
        """Return what torch prints between the brackets."""
        return f"deviation={self.deviation:g}"


class Planes(nn.Module):
    """Turns flat rows of (height, width, channels) into pictures as torch has them.

    Shape: (n, h * w * c) -> (n, c, h, w).
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Return the pictures."""
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class Rows(nn.Module):
    """Turns torch's pictures into flat rows again. Shape: (n, c, h, w) -> (n, h * w * c)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the rows."""
        return x.permute(0, 2, 3, 1).flatten(1)


def autoencoder(
    shape: tuple[int, ...], code: int, kind: Kind, noise: float = 0.0, hidden: tuple[int, ...] = HIDDEN
) -> Any:
    """Return ``nn.Sequential(encoder=..., decoder=...)``.

    Args:
        shape: of one row: (height, width, channels), or (numbers,) for "linear" and "dense".
        code: how many numbers the code has.
        kind: "linear" is one matrix down and one up; "dense" has hidden layers with GELU; "transposed" and
            "upsampling" are convolutions down, and up again with transposed convolutions, or with pixels
            repeated before a convolution.
        noise: standard deviation of the noise on the inputs while training; the targets are clean.
        hidden: units of the hidden layers of "dense", from the row to the code.
    """
    size = math.prod(shape)
    if kind == "linear":
        down, up = _dense([size, code]), _dense([code, size])
    elif kind == "dense":
        down, up = _dense([size, *hidden, code]), _dense([code, *reversed(hidden), size])
    else:
        down, up = _convolutions(_picture(shape), code, kind)
    before: list[nn.Module] = [Noise(noise)] if noise else []
    net = nn.Sequential()
    net.add_module("encoder", nn.Sequential(*before, *down))
    net.add_module("decoder", nn.Sequential(*up))
    return net


def _dense(widths: list[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.GELU()]
    return layers[:-1]


def _picture(shape: tuple[int, ...]) -> tuple[int, int, int]:
    height, width, channels = shape
    return height, width, channels


def sides(height: int, width: int) -> list[tuple[int, int]]:
    """Return the sizes that a picture has on the way down, the last one at least 4 pixels where it can be.

    >>> sides(28, 28)
    [(28, 28), (14, 14), (7, 7), (4, 4)]
    """
    found = [(height, width)]
    while (min(found[-1]) + 1) // 2 >= SMALLEST_SIDE:
        found.append(((found[-1][0] + 1) // 2, (found[-1][1] + 1) // 2))
    return found


def widths(sizes: list[tuple[int, int]]) -> list[int]:
    """Return the channels at each size: twice as many where the sides are halved.

    Larger pictures begin with fewer, so that a step is about as much work.

    >>> widths(sides(8, 8)), widths(sides(32, 32))
    ([32, 64], [16, 32, 64, 128])
    """
    height, width = sizes[0]
    first = CHANNELS
    while height * width > 256 and first > 8:
        first, height = first // 2, height // 4
    return [min(first * 2**level, MOST_CHANNELS) for level in range(len(sizes))]


def _convolutions(
    shape: tuple[int, int, int], code: int, kind: Kind
) -> tuple[list[nn.Module], list[nn.Module]]:
    height, width, channels = shape
    sizes = sides(height, width)
    wide = widths(sizes)
    down: list[nn.Module] = [Planes(shape), nn.Conv2d(channels, wide[0], 3, padding=1), nn.GELU()]
    up: list[nn.Module] = []
    for level in range(1, len(sizes)):
        down += [nn.Conv2d(wide[level - 1], wide[level], 3, stride=2, padding=1), nn.GELU()]
        up = [*_larger(wide[level], wide[level - 1], sizes[level], sizes[level - 1], kind), nn.GELU(), *up]
    last = wide[-1], *sizes[-1]
    same = nn.Conv2d(wide[-1], wide[-1], 3, padding=1), nn.Conv2d(wide[-1], wide[-1], 3, padding=1)
    down += [same[0], nn.GELU(), nn.Flatten(), nn.Linear(math.prod(last), code)]
    opened = [nn.Linear(code, math.prod(last)), nn.GELU(), nn.Unflatten(1, last), same[1], nn.GELU()]
    return down, [*opened, *up, nn.Conv2d(wide[0], channels, 3, padding=1), Rows()]


def _larger(
    inputs: int, outputs: int, small: tuple[int, int], large: tuple[int, int], kind: Kind
) -> list[nn.Module]:
    """Return the layers from a small picture to a larger one, of exactly that size."""
    if kind == "upsampling":
        return [nn.Upsample(size=large), nn.Conv2d(inputs, outputs, 3, padding=1)]
    missing = (large[0] - 2 * small[0] + 1, large[1] - 2 * small[1] + 1)
    return [nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=missing)]
