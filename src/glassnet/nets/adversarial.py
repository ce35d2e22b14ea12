"""The two nets of a generative adversarial network (Goodfellow et al. 2014), as stacks of torch's layers.

>>> rows = generator(16, (8, 8, 1), "dense")(torch.zeros(5, 16))
>>> rows.shape, critic((8, 8, 1), "dense")(rows).shape
(torch.Size([5, 64]), torch.Size([5, 1]))

The generator turns noise into rows, the critic turns rows into one logit: real or made. Convolutional ones
follow DCGAN (Radford et al. 2016). Rows are flat, as in ``autoencoder``; pictures lie between -1 and 1.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch  # noqa: F401 (for the example above)
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from glassnet.nets.autoencoder import Planes, Rows, sides, widths

Kind = Literal["dense", "conv"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WIDTH = 256
SLOPE = 0.2
"""Of the critic's leaky ReLUs, as in DCGAN."""


def generator(
    noise: int, shape: tuple[int, ...], kind: Kind, *, batch_norm: bool = True, bounded: bool = True
) -> nn.Sequential:
    """Return the net from noise to rows. Shape: (n, noise) -> (n, numbers of a row).

    Args:
        noise: how many random numbers a row is made of.
        shape: of one row: (height, width, channels), or (numbers,) for "dense".
        kind: "dense" has two hidden layers of 256 units, "conv" transposed convolutions.
        batch_norm: after each hidden layer (Ioffe and Szegedy 2015).
        bounded: end with tanh, for pictures between -1 and 1.
    """
    last: list[nn.Module] = [nn.Tanh()] if bounded else []
    if kind == "dense":
        hidden = [*_made(nn.Linear(noise, WIDTH), batch_norm), *_made(nn.Linear(WIDTH, WIDTH), batch_norm)]
        return nn.Sequential(*hidden, nn.Linear(WIDTH, math.prod(shape)), *last)
    sizes = sides(shape[0], shape[1])
    wide = widths(sizes)
    start = wide[-1], *sizes[-1]
    layers = [nn.Linear(noise, math.prod(start)), nn.Unflatten(1, start), *_normed(wide[-1], batch_norm)]
    for level in range(len(sizes) - 1, 0, -1):
        small, large = sizes[level], sizes[level - 1]
        odd = (2 * small[0] - large[0], 2 * small[1] - large[1])  # a row or a column too many: cut off
        layers += _made(nn.ConvTranspose2d(wide[level], wide[level - 1], 4, 2, 1), batch_norm, odd)
    return nn.Sequential(*layers, nn.Conv2d(wide[0], shape[2], 3, padding=1), *last, Rows())


def critic(
    shape: tuple[int, ...], kind: Kind, *, spectral: bool = False, dropout: float = 0.0
) -> nn.Sequential:
    """Return the net from rows to a logit: above 0 means real. Shape: (n, numbers of a row) -> (n, 1).

    Args:
        spectral: divide each weight matrix by its largest singular value (Miyato et al. 2018).
        dropout: share of the hidden units that are switched off while training.
    """

    def held(layer: nn.Module) -> nn.Module:
        normed: nn.Module = spectral_norm(layer) if spectral else layer
        return normed

    after = [nn.LeakyReLU(SLOPE), *([nn.Dropout(dropout)] if dropout else [])]
    if kind == "dense":
        size = math.prod(shape)
        first, second = held(nn.Linear(size, WIDTH)), held(nn.Linear(WIDTH, WIDTH))
        return nn.Sequential(first, *after, second, *after, held(nn.Linear(WIDTH, 1)))
    sizes = sides(shape[0], shape[1])
    wide = widths(sizes)
    picture = (shape[0], shape[1], shape[2])
    layers = [Planes(picture), held(nn.Conv2d(shape[2], wide[0], 3, padding=1)), *after]
    for level in range(1, len(sizes)):
        layers += [held(nn.Conv2d(wide[level - 1], wide[level], 3, stride=2, padding=1)), *after]
    numbers = wide[-1] * math.prod(sizes[-1])
    return nn.Sequential(*layers, nn.Flatten(), held(nn.Linear(numbers, 1)))


def _made(
    layer: nn.Linear | nn.ConvTranspose2d, batch_norm: bool, odd: tuple[int, int] = (0, 0)
) -> list[nn.Module]:
    """Return a layer of the generator with what follows it."""
    width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    cut: list[nn.Module] = [nn.ZeroPad2d((0, -odd[1], 0, -odd[0]))] if any(odd) else []
    flat = isinstance(layer, nn.Linear)
    return [layer, *cut, *_normed(width, batch_norm, flat)]


def _normed(width: int, batch_norm: bool, flat: bool = False) -> list[nn.Module]:
    norm = nn.BatchNorm1d(width) if flat else nn.BatchNorm2d(width)
    return [*([norm] if batch_norm else []), nn.ReLU()]
