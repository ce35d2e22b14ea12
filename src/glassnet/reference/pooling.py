"""Pooling: of each window only the largest value, or the mean. There is nothing to learn in it.

It makes the image smaller, so the dense layers after it need far fewer weights, and it lets a pattern move
by a pixel without being missed. Each channel is pooled by itself. Source: Goodfellow, Bengio and Courville
2016, 9.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from glassnet.errors import RecipeError, message
from glassnet.reference.activations import Floats
from glassnet.reference.convolution import (
    Conv2d,
    Pair,
    Window,
    checked_gradient,
    checked_images,
    out_shape,
    pad,
    pad_backward,
    pair,
    places,
)


@dataclass(frozen=True)
class MaxPool2d:
    """The largest value of each window; padding never wins. The stride is the kernel where none is given.

    >>> pool = MaxPool2d(2)
    >>> pool.forward([[[[1, 2, 5, 6], [3, 4, 7, 8]]]])
    array([[[[4., 8.]]]])
    """

    kernel: int | Pair
    stride: int | Pair | None = None
    padding: int | Pair = 0

    def forward(self, x: ArrayLike) -> Floats:
        """Return out, shape (n, channels, out height, out width)."""
        images, window = checked_pool(x, self)
        return self._windows(images, window).max(axis=0)  # type: ignore[no-any-return]

    def backward(self, x: ArrayLike, dout: ArrayLike) -> Floats:
        """Return dx: the largest place of a window, the first among equals, gets all that it got."""
        images, window = checked_pool(x, self)
        seen = self._windows(images, window)
        dout, largest = checked_gradient(dout, seen.shape[1:]), seen.argmax(axis=0)
        dpadded = np.zeros_like(pad(images, window))
        for k, (_, _, rows, columns) in enumerate(places(window, dout.shape[2:])):
            dpadded[..., rows, columns] += dout * (largest == k)
        return pad_backward(dpadded, images.shape, window)

    @staticmethod
    def _windows(images: Floats, window: Window) -> Floats:
        """Return what each place of the window sees, shape (places, n, channels, out height, out width)."""
        padded, shape = pad(images, window, fill=-np.inf), out_shape(images.shape, window)
        return np.stack([padded[..., rows, columns] for _, _, rows, columns in places(window, shape)])


@dataclass(frozen=True)
class AvgPool2d:
    """The mean of each window, the zeros of the padding included.

    >>> AvgPool2d(2).forward([[[[1, 2, 5, 6], [3, 4, 7, 8]]]])
    array([[[[2.5, 6.5]]]])
    """

    kernel: int | Pair
    stride: int | Pair | None = None
    padding: int | Pair = 0

    def forward(self, x: ArrayLike) -> Floats:
        """Return out, shape (n, channels, out height, out width)."""
        images, window = checked_pool(x, self)
        padded, shape = pad(images, window), out_shape(images.shape, window)
        seen = [padded[..., rows, columns] for _, _, rows, columns in places(window, shape)]
        return np.asarray(np.mean(seen, axis=0), dtype=np.float64)

    def backward(self, x: ArrayLike, dout: ArrayLike) -> Floats:
        """Return dx: every place of a window gets the same share of what its window got."""
        images, window = checked_pool(x, self)
        dout = checked_gradient(dout, (*images.shape[:2], *out_shape(images.shape, window)))
        dpadded = np.zeros_like(pad(images, window))
        visited = list(places(window, dout.shape[2:]))
        for _, _, rows, columns in visited:
            dpadded[..., rows, columns] += dout / len(visited)
        return pad_backward(dpadded, images.shape, window)


def checked_pool(x: ArrayLike, pool: MaxPool2d | AvgPool2d) -> tuple[Floats, Window]:
    """Return the images and the window of a pooling layer, both checked.

    Raises:
        RecipeError: layer or images are wrong.
    """
    stride = pool.kernel if pool.stride is None else pool.stride
    window = Window(pool.kernel, stride, pool.padding)
    window.check()
    if any(added > size // 2 for added, size in zip(pair(pool.padding), pair(pool.kernel), strict=True)):
        found = f"padding={pool.padding}, kernel={pool.kernel}"
        must = "the padding of a pooling window must be at most half of its kernel"
        raise RecipeError(message(must, found, "pad less: a window of padding alone has no value"))
    return checked_images(x, window), window


@dataclass(frozen=True)
class Effect:
    """How many weights a dense layer of ``units`` needs behind a convolution, with pooling and without."""

    image: tuple[int, int, int]
    convolved: tuple[int, int, int]
    pooled: tuple[int, int, int]
    units: int
    filter_parameters: int

    @property
    def without(self) -> int:
        """Parameters of a dense layer on all that the convolution gives, biases included."""
        return (int(np.prod(self.convolved)) + 1) * self.units

    @property
    def with_pooling(self) -> int:
        """Parameters of a dense layer on what pooling leaves."""
        return (int(np.prod(self.pooled)) + 1) * self.units

    def __str__(self) -> str:
        def shape(each: tuple[int, int, int]) -> str:
            return " x ".join(map(str, each))

        return (
            f"image {shape(self.image)}, after the filters {shape(self.convolved)} "
            f"({self.filter_parameters:,} parameters)\n"
            f"dense layer of {self.units} units on it: {self.without:,} parameters\n"
            f"after pooling {shape(self.pooled)}: {self.with_pooling:,} parameters"
        )


def pooling_effect(
    image: tuple[int, int, int] = (1, 32, 32),
    filters: int = 6,
    kernel: int = 3,
    pool: int = 2,
    units: int = 120,
) -> Effect:
    """Count what pooling saves: the parameters of the dense layer behind it.

    >>> print(pooling_effect())
    image 1 x 32 x 32, after the filters 6 x 30 x 30 (60 parameters)
    dense layer of 120 units on it: 648,120 parameters
    after pooling 6 x 15 x 15: 162,120 parameters

    Args:
        image: channels, height, width.

    Raises:
        RecipeError: a number is wrong or the image is too small.
    """
    layer = Conv2d(np.zeros((filters, image[0], kernel, kernel)), np.zeros(filters))
    out = layer.forward(np.zeros((1, *image)))
    pooled = MaxPool2d(pool).forward(out)
    return Effect(image, out.shape[1:], pooled.shape[1:], units, layer.parameters)
