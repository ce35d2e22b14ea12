"""Convolution and pooling in plain loops: slow, and with nothing hidden. The check on ``convolution``.

Read these first. Each inner line is one multiplication; ``convolution`` does the same ones in another order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from glassnet.reference.activations import Floats
from glassnet.reference.convolution import Conv2d, Window, checked_images, out_shape, sources
from glassnet.reference.pooling import AvgPool2d, MaxPool2d, checked_pool


def convolve(layer: Conv2d, x: ArrayLike) -> Floats:
    """Return out, shape (n, out_channels, out height, out width): one inner product after the other.

    For each image, filter and place: the sum over the filter's channels, rows and columns of weight * pixel.
    """
    images = checked_images(x, layer.window, layer.W.shape[1] * layer.groups)
    out = np.zeros(layer.output_shape(images.shape))
    for at in np.ndindex(out.shape):
        n, o, _, _ = at
        total = 0.0 if layer.b is None else float(layer.b[o])
        for c, u, v in np.ndindex(layer.W.shape[1:]):
            pixel = _pixel(layer, images.shape, at, (c, u, v))
            if pixel is not None:
                total += layer.W[o, c, u, v] * images[n][pixel]
        out[at] = total
    return out


def convolve_backward(layer: Conv2d, x: ArrayLike, dout: Floats) -> tuple[Floats, Floats, Floats]:
    """Return dx, dW and db. From out = ... + w * pixel: dw += dout * pixel and dpixel += dout * w."""
    images = checked_images(x, layer.window, layer.W.shape[1] * layer.groups)
    dx, dW, db = np.zeros_like(images), np.zeros_like(layer.W), np.zeros(len(layer.W))
    for at in np.ndindex(layer.output_shape(images.shape)):
        n, o, _, _ = at
        db[o] += dout[at]
        for c, u, v in np.ndindex(layer.W.shape[1:]):
            pixel = _pixel(layer, images.shape, at, (c, u, v))
            if pixel is not None:
                dW[o, c, u, v] += dout[at] * images[n][pixel]
                dx[n][pixel] += dout[at] * layer.W[o, c, u, v]
    return dx, dW, db


def _pixel(
    layer: Conv2d, shape: tuple[int, ...], at: tuple[int, ...], part: tuple[int, ...]
) -> tuple[int, int, int] | None:
    """Return the (channel, row, column) that a part (c, u, v) of a filter sees; None: a padded zero."""
    _, o, i, j = at
    c, u, v = part
    group = o // (len(layer.W) // layer.groups)
    row, column = _source(layer.window, shape, 0, i, u), _source(layer.window, shape, 1, j, v)
    return None if row < 0 or column < 0 else (group * layer.W.shape[1] + c, row, column)


def _source(window: Window, shape: tuple[int, ...], axis: int, place: int, part: int) -> int:
    """Return which row (axis 0) or column (axis 1) a part of the window sees at its place; -1: padding."""
    _, stride, padding, dilation = window.pairs()
    in_padded = place * stride[axis] + part * dilation[axis]
    return int(sources(shape[axis + 2], padding[axis], window.padding_mode)[in_padded])


def pool(layer: MaxPool2d | AvgPool2d, x: ArrayLike) -> Floats:
    """Return out: of each window the largest value, or the mean with the zeros of the padding."""
    images, window = checked_pool(x, layer)
    out = np.zeros((*images.shape[:2], *out_shape(images.shape, window)))
    for at in np.ndindex(out.shape):
        seen = [images[at[:2]][pixel] for pixel in _seen(window, images.shape, at)]
        places = np.prod(window.pairs()[0])
        out[at] = max(seen) if isinstance(layer, MaxPool2d) else sum(seen) / places
    return out


def pool_backward(layer: MaxPool2d | AvgPool2d, x: ArrayLike, dout: Floats) -> Floats:
    """Return dx: all for the largest value (the first among equals), or an equal share for each."""
    images, window = checked_pool(x, layer)
    dx = np.zeros_like(images)
    for at in np.ndindex(dout.shape):
        image, pixels = images[at[:2]], _seen(window, images.shape, at)
        if isinstance(layer, MaxPool2d):
            largest = max(pixels, key=lambda pixel: image[pixel])
            dx[at[:2]][largest] += dout[at]
        else:
            for pixel in pixels:
                dx[at[:2]][pixel] += dout[at] / np.prod(window.pairs()[0])
    return dx


def _seen(window: Window, shape: tuple[int, ...], at: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the (row, column) of each pixel under the window; its padding is left out."""
    kernel = window.pairs()[0]
    rows = [_source(window, shape, 0, at[2], u) for u in range(kernel[0])]
    columns = [_source(window, shape, 1, at[3], v) for v in range(kernel[1])]
    return [(row, column) for row in rows for column in columns if row >= 0 and column >= 0]
