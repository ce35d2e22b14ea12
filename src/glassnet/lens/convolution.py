"""Looking inside a convolutional net, any torch module, and any photo.

gn.filters(net)                                # what each layer looks for
gn.feature_maps(net, photo)                    # what it finds
gn.unfold_pixel(net, photo, "conv1", 0, 5, 7)  # one number as the sum of its products
gn.pooling_winners(net, photo)                 # which pixel won each window
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glassnet.errors import RecipeError, message
from glassnet.lens.convolution_view import (
    FeatureMaps,
    Filters,
    LayerFilters,
    LayerMaps,
    LayerWinners,
    PoolingWinners,
    UnfoldedPixel,
)
from glassnet.lens.layer_steps import Step, forward, is_kind
from glassnet.lens.photo_input import net_of, photo_input
from glassnet.lens.shape_sizes import called_with, window_of, window_of_call
from glassnet.reference.convolution import sources

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from glassnet.lens.shape_sizes import Side

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

CONVOLUTIONS = ("Conv2d", "conv2d", "ConvTranspose2d", "conv_transpose2d")
ADAPTIVE = ("AdaptiveMaxPool2d", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices")
"""Their windows are of different sizes: that of the largest is said, and the least step between two."""
POOLINGS = ("MaxPool2d", "max_pool2d", "max_pool2d_with_indices", *ADAPTIVE)


def filters(net: Any) -> Filters:
    """Return the filters of each convolutional layer of a net.

    Args:
        net: any torch module with ``nn.Conv2d`` in it, or a model with one inside.

    Raises:
        RecipeError: it has no such layer.
    """
    module = net_of(net)
    found = tuple(
        LayerFilters(
            name or type(each).__name__,
            type(each).__name__,
            _numbers(_by_output(each.weight, each.groups, isinstance(each, nn.ConvTranspose2d))),
            None if each.bias is None else _numbers(each.bias),
            each.groups,
        )
        for name, each in module.named_modules()
        if isinstance(each, nn.Conv2d | nn.ConvTranspose2d)
    )
    if not found:
        must = "the net must have a layer of filters (nn.Conv2d)"
        raise RecipeError(message(must, f"{type(module).__name__} has none", "pass a convolutional net"))
    return Filters(type(module).__name__, found)


def feature_maps(net: Any, photo: Any) -> FeatureMaps:
    """Return the maps that each layer and each function of a net's forward makes of a photo.

    Args:
        net: any torch module, or a model of images; it is run in evaluation mode and left as it was.
        photo: an array (height, width[, channels]), bytes from 0 to 255 or numbers as the net takes them; or
            a tensor (channels, height, width).

    Raises:
        RecipeError: the net cannot take the photo, or makes no maps of it.
    """
    given = photo_input(net, photo)
    steps = forward(given).maps
    if not steps:
        must = "some layer of the net must give maps, shape (1, channels, height, width)"
        raise RecipeError(message(must, "none does", "pass a convolutional net"))
    layers = tuple(LayerMaps(each.name, each.kind, _numbers(each.made[0])) for each in steps)
    return FeatureMaps(type(given.net).__name__, given.picture, layers)


def unfold_pixel(net: Any, photo: Any, layer: str, channel: int, row: int, column: int) -> UnfoldedPixel:
    """Return one number that a convolution gives, taken apart into the products that it is the sum of.

    Args:
        net, photo: as of :func:`feature_maps`.
        layer: the name of an ``nn.Conv2d`` or ``nn.ConvTranspose2d``, or of a call of ``F.conv2d`` or
            ``F.conv_transpose2d`` as :func:`feature_maps` names it.
        channel, row, column: which number of its output, from 0.

    Raises:
        RecipeError: there is no such layer or no such place.
    """
    step = forward(photo_input(net, photo)).step(layer, CONVOLUTIONS, "convolution")
    shape = tuple(step.made.shape[1:])
    at = (channel, row, column)
    if not all(isinstance(n, int) and 0 <= n < size for n, size in zip(at, shape, strict=True)):
        must = f"channel, row and column must be whole numbers in the output of {layer}, {shape}"
        raise RecipeError(message(must, f"{at}", "count from 0"))
    return _unfolded(step, channel, row, column)


def pooling_winners(net: Any, photo: Any) -> PoolingWinners:
    """Return which pixel won each window of every max pooling, layers and calls of ``F.max_pool2d``.

    Of equal pixels the first one wins, as in torch. Arguments as of :func:`feature_maps`.

    Raises:
        RecipeError: the net has no max pooling, or cannot take the photo.
    """
    given = photo_input(net, photo)
    steps = [each for each in forward(given).maps if is_kind(each, POOLINGS)]
    if not steps:
        must, do = "the net must have a max pooling", "look at gn.feature_maps for what it has"
        raise RecipeError(message(must, "it calls none", do))
    return PoolingWinners(type(given.net).__name__, given.picture, tuple(map(_winners, steps)))


def _numbers(values: Tensor) -> Floats:
    return values.detach().to("cpu", torch.float64).numpy()


def _by_output(weight: Tensor, groups: int, transposed: bool) -> Tensor:
    """Return filters as (outputs, channels of a group, height, width), as those of a convolution are."""
    if not transposed:
        return weight
    channels, each, *size = weight.shape
    parts = weight.reshape(groups, channels // groups, each, *size).transpose(1, 2)
    return parts.reshape(groups * each, channels // groups, *size)


def _parts(step: Step) -> tuple[Tensor, Tensor | None, int, str, tuple[Side, ...]]:
    """Return weight, bias, groups, padding mode and window of a convolution."""
    layer = step.module
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        window = window_of(layer)
        return layer.weight, layer.bias, layer.groups, layer.padding_mode, window or ()
    name = step.name.split()[0]
    given = called_with(name, step.args, step.kwargs)
    window = window_of_call(name, step.args, step.kwargs)
    return given["weight"], given.get("bias"), given.get("groups", 1), "zeros", window or ()


def _unfolded(step: Step, channel: int, row: int, column: int) -> UnfoldedPixel:
    weight, bias, groups, mode, window = _parts(step)
    transposed = window[0].transposed
    weight = _by_output(weight, groups, transposed)
    images = _numbers(step.given[0])
    each = weight.shape[1]
    first = channel // (len(weight) // groups) * each
    inputs, seen = images[first : first + each], []
    for axis, (side, at) in enumerate(zip(window, (row, column), strict=True), start=1):
        places = _places(side, at, images.shape[axis])
        padding = 1 if transposed else max(side.before, side.after)
        inputs = _read(inputs, axis, places, padding, mode)
        seen.append(places)
    down, across = window
    return UnfoldedPixel(
        layer=step.name,
        channel=channel,
        row=row,
        column=column,
        value=float(step.made[0, channel, row, column]),
        inputs=inputs,
        weights=_numbers(weight[channel]),
        bias=0.0 if bias is None else float(bias[channel].detach()),
        channels=np.arange(first, first + each),
        rows=seen[0],
        columns=seen[1],
        size=(images.shape[1], images.shape[2]),
        stride=(down.stride, across.stride),
        padding=(down.before, across.before),
        dilation=(down.dilation, across.dilation),
        groups=groups,
        padding_mode=mode,
        transposed=transposed,
        digits=17 if step.made.dtype == torch.float64 else 9,
    )


def _places(side: Side, at: int, size: int) -> Places:
    """Return which places of the input a place of the output sees; -1 where a transposed one sees none."""
    steps = np.arange(side.kernel) * side.dilation
    if not side.transposed:
        return steps + at * side.stride - side.before
    whole, rest = np.divmod(at + side.before - steps, side.stride)
    return np.where((rest == 0) & (whole >= 0) & (whole < size), whole, -1)


def _read(images: Floats, axis: int, places: Places, padding: int, mode: str) -> Floats:
    """Return what stands at places along one axis, in the padding too."""
    table = sources(images.shape[axis], padding, mode)[places + padding]
    shape = [1, 1, 1]
    shape[axis] = len(table)
    return np.where((table < 0).reshape(shape), 0.0, np.take(images, np.maximum(table, 0), axis=axis))


def _winners(step: Step) -> LayerWinners:
    x, out = step.given, (step.made.shape[2], step.made.shape[3])
    if is_kind(step, ADAPTIVE):
        values, places = F.adaptive_max_pool2d_with_indices(x, out)
        kernel = (-(-x.shape[2] // out[0]), -(-x.shape[3] // out[1]))
        stride, padding = (x.shape[2] // out[0], x.shape[3] // out[1]), (0, 0)
    else:
        window = window_of(step.module) if step.module else None
        down, across = window or window_of_call("max_pool2d", step.args, step.kwargs) or ()
        kernel, stride = (down.kernel, across.kernel), (down.stride, across.stride)
        padding, dilation = (down.before, across.before), (down.dilation, across.dilation)
        values, places = F.max_pool2d_with_indices(
            x, kernel, stride, padding, dilation, ceil_mode=down.rounds_up
        )
    rows, columns = np.divmod(places[0].cpu().numpy(), x.shape[3])
    return LayerWinners(
        step.name, kernel, stride, padding, _numbers(x[0]), _numbers(values[0]), rows, columns
    )
