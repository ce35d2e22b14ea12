"""The size arithmetic is torch's: every small window is compared with what torch makes (C36)."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.lens.shape_sizes import window_of

CONVOLUTIONS = [
    nn.Conv2d(1, 1, kernel, stride=stride, padding=padding, dilation=dilation)
    for kernel, stride, padding, dilation in itertools.product((1, 2, 3), (1, 2, 3), (0, 1), (1, 2))
]
POOLS = [
    pool(kernel, stride=stride, padding=padding, ceil_mode=up)
    for pool, kernel, stride, padding, up in itertools.product(
        (nn.MaxPool2d, nn.AvgPool2d), (2, 3), (None, 1, 4), (0, 1), (False, True)
    )
]
TRANSPOSED = [
    nn.ConvTranspose2d(1, 1, kernel, stride=stride, padding=padding, output_padding=extra)
    for kernel, stride, padding, extra in itertools.product((1, 2, 3), (2, 3), (0, 1), (0, 1))
]


@pytest.mark.parametrize("layer", [*CONVOLUTIONS, *POOLS, *TRANSPOSED], ids=str)
def test_sizes_are_those_of_torch(layer):
    window = window_of(layer)
    for height, width in [(7, 10), (8, 9), (5, 6)]:
        sizes = [side.size(given) for side, given in zip(window, (height, width), strict=True)]
        if min(sizes) > 0:
            made = layer(torch.zeros(1, 1, height, width))
            assert [*made.shape[2:]] == sizes
            for side, given, size in zip(window, (height, width), sizes, strict=True):
                assert side.formula(given).endswith(f" = {size}")


@pytest.mark.parametrize("padding", ["same", "valid", (0, 2)])
def test_paddings_by_name(padding):
    layer = nn.Conv2d(1, 1, (1, 3), padding=padding)
    made = layer(torch.zeros(1, 1, 7, 8))
    assert [side.size(given) for side, given in zip(window_of(layer), (7, 8), strict=True)] == [
        *made.shape[2:]
    ]


def test_sides_that_differ_are_written_one_by_one():
    (layer,) = gn.shapes(nn.Conv2d(1, 1, (3, 1), stride=(2, 1)), (1, 9, 5)).layers
    assert layer.arithmetic == (
        "height: floor((9 + 2*0 - 1*(3-1) - 1)/2 + 1) = 4",
        "width: floor((5 + 2*0 - 1*(1-1) - 1)/1 + 1) = 5",
    )
