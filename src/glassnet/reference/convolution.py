"""Convolution and pooling, forward and backward, with whole arrays. ``convolution_loops`` has the loops.

    x        images                                    shape (n, channels, height, width)
    W        filters                                   shape (out_channels, channels / groups, kernel, kernel)
    b        one bias for each filter, or None         shape (out_channels,)
    out      the inner product of each filter with     shape (n, out_channels, out height, out width)
             each window of the image, plus bias
    dx, dW, db, dout    d loss / d of the same letter, and of the same shape

For each filter o, at each place (i, j), summed over channels c and places (u, v) of the filter:

    out[o, i, j] = b[o] + sum W[o, c, u, v] * padded[c, i * stride + u * dilation, j * stride + v * dilation]

This is what the field calls convolution; in mathematics, where the filter is turned around first, it is a
cross-correlation. As a learned filter can be learned turned around, it makes no difference. Source:
Goodfellow, Bengio and Courville 2016, chapter 9; Dumoulin and Visin 2016 for the arithmetic of sizes.

A filter is a small dense layer that is moved over the image: at every place the same weights. So a layer
needs few parameters, and finds a pattern wherever it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.reference.activations import Floats
from glassnet.reference.arrays import numbers

Pair = tuple[int, int]
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


@dataclass(frozen=True)
class Window:
    """How a window moves over an image. Each number is for height and width, or a pair (height, width).

    Attributes:
        kernel: size of the window.
        stride: how far the window moves from place to place.
        padding: how many places are added on each side.
        dilation: how far the places of the window are apart; 1 is side by side.
        padding_mode: what stands in the added places: "zeros"; "reflect" mirrors the image at its outer row
            (c b | a b c | b a), "replicate" repeats that row (a a | a b c | c c), "circular" goes on at the
            other side (b c | a b c | a b).
    """

    kernel: int | Pair
    stride: int | Pair = 1
    padding: int | Pair = 0
    dilation: int | Pair = 1
    padding_mode: str = "zeros"

    def pairs(self) -> tuple[Pair, Pair, Pair, Pair]:
        """Return kernel, stride, padding and dilation, each as (height, width)."""
        return pair(self.kernel), pair(self.stride), pair(self.padding), pair(self.dilation)

    def check(self) -> None:
        """Check all values together.

        Raises:
            RecipeError: with every problem found.
        """
        problems = []
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0), ("dilation", 1)):
            value = getattr(self, name)
            values = value if isinstance(value, tuple) and len(value) == 2 else (value,)
            if not all(isinstance(each, int | np.integer) and each >= least for each in values):
                must = f"{name} must be a whole number from {least}, or a pair of them"
                problems.append(message(must, f"{name}={value!r}", f"write for example {name}={least + 1}"))
        if self.padding_mode not in PADDING_MODES:
            found = f"padding_mode={self.padding_mode!r}"
            do = did_you_mean(str(self.padding_mode), PADDING_MODES)
            problems.append(message("padding_mode must be a name that is known", found, do))
        if problems:
            raise RecipeError(problems)


def pair(value: int | Pair) -> Pair:
    """Return the same number for height and width, or the pair that it is."""
    return value if isinstance(value, tuple) else (value, value)


def output_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Return how many places a window has: (size + 2 padding - dilation (kernel - 1) - 1) // stride + 1.

    The window covers dilation * (kernel - 1) + 1 places of the image and its padding.

    >>> output_size(32, 3), output_size(30, 2, stride=2), output_size(32, 3, padding=1)
    (30, 15, 32)
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def sources(size: int, padding: int, mode: str) -> NDArray[np.int64]:
    """Return, for each place of the padded image, the place of the image that stands there; -1 is a zero.

    All four padding modes are such a table, and a backward pass that adds up what was read from each place
    needs nothing else. Shape: (size + 2 padding,).

    >>> for mode in PADDING_MODES:
    ...     print(sources(3, 2, mode))
    [-1 -1  0  1  2 -1 -1]
    [2 1 0 1 2 1 0]
    [0 0 0 1 2 2 2]
    [1 2 0 1 2 0 1]
    """
    at = np.arange(-padding, size + padding)
    if mode == "zeros":
        return np.where((at >= 0) & (at < size), at, -1)
    if mode == "reflect":
        return np.asarray(size - 1 - np.abs(size - 1 - np.abs(at)), dtype=np.int64)
    if mode == "replicate":
        return np.clip(at, 0, size - 1)
    return at % size


def pad(x: Floats, window: Window, fill: float = 0.0) -> Floats:
    """Return the padded images, shape (n, channels, height + 2 padding, width + 2 padding)."""
    padding = pair(window.padding)
    for axis in (2, 3):
        table = sources(x.shape[axis], padding[axis - 2], window.padding_mode)
        shape = [1, 1, 1, 1]
        shape[axis] = len(table)
        x = np.where((table < 0).reshape(shape), fill, np.take(x, table, axis=axis))
    return x


def pad_backward(dpadded: Floats, shape: tuple[int, ...], window: Window) -> Floats:
    """Return dx: what each place of the image was read for, added up. ``shape`` is that of x."""
    padding, d = pair(window.padding), dpadded
    for axis in (2, 3):
        table = sources(shape[axis], padding[axis - 2], window.padding_mode)
        moved = np.moveaxis(d, axis, 0)
        gathered = np.zeros((shape[axis], *moved.shape[1:]))
        np.add.at(gathered, table[table >= 0], moved[table >= 0])
        d = np.moveaxis(gathered, 0, axis)
    return d


def places(window: Window, out_shape: Pair) -> Iterator[tuple[int, int, slice, slice]]:
    """Yield each place (u, v) of the window with the rows and columns of the padded image under it.

    While the window visits all its places, its number (u, v) sees every stride-th row and column, beginning
    at u * dilation and v * dilation. So a convolution is a sum of as many whole images as the window has
    places.
    """
    (kh, kw), (sh, sw), _, (dh, dw) = window.pairs()
    high, wide = out_shape
    for u in range(kh):
        for v in range(kw):
            rows = slice(u * dh, u * dh + sh * (high - 1) + 1, sh)
            columns = slice(v * dw, v * dw + sw * (wide - 1) + 1, sw)
            yield u, v, rows, columns


@dataclass(frozen=True)
class Conv2d:
    """A layer of filters.

    Attributes:
        W: shape (out_channels, channels / groups, kernel height, kernel width).
        b: shape (out_channels,), or None.
        groups: the channels are dealt out in so many groups, and each filter sees those of its own group.
        stride, padding, dilation, padding_mode: see ``Window``.
    """

    W: Floats
    b: Floats | None = None
    stride: int | Pair = 1
    padding: int | Pair = 0
    dilation: int | Pair = 1
    groups: int = 1
    padding_mode: str = "zeros"
    window: Window = field(init=False, repr=False)

    def __post_init__(self) -> None:
        W = numbers(self.W, "W")
        b = None if self.b is None else numbers(self.b, "b")
        if problems := _wrong_filters(W, b, self.groups):
            raise RecipeError(problems)
        window = Window(W.shape[2:], self.stride, self.padding, self.dilation, self.padding_mode)
        window.check()
        for name, value in {"W": W, "b": b, "window": window}.items():
            object.__setattr__(self, name, value)

    @property
    def parameters(self) -> int:
        """How many numbers are learned: they do not grow with the image."""
        return self.W.size + (0 if self.b is None else self.b.size)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
        """Return the shape of the output for images of a shape (n, channels, height, width)."""
        return (shape[0], len(self.W), *out_shape(shape, self.window))

    def forward(self, x: ArrayLike) -> Floats:
        """Return out, shape (n, out_channels, out height, out width).

        Raises:
            RecipeError: the images do not suit the filters.
        """
        images = checked_images(x, self.window, self.W.shape[1] * self.groups)
        padded, W = self._grouped(pad(images, self.window)), self._grouped_filters()
        n, out_channels, high, wide = self.output_shape(images.shape)
        out = np.zeros((n, self.groups, out_channels // self.groups, high, wide))
        for u, v, rows, columns in places(self.window, (high, wide)):
            out += np.einsum("goc,ngchw->ngohw", W[..., u, v], padded[..., rows, columns])
        answers: Floats = out.reshape(n, out_channels, high, wide)
        return answers if self.b is None else answers + self.b[:, None, None]

    def backward(self, x: ArrayLike, dout: ArrayLike) -> tuple[Floats, Floats, Floats]:
        """Return dx, dW and db.

        Each product of a weight and a pixel hands on what it got: the pixel's share goes to the weight, the
        weight's share to the pixel.
        """
        images = checked_images(x, self.window, self.W.shape[1] * self.groups)
        padded, W = self._grouped(pad(images, self.window)), self._grouped_filters()
        dout = checked_gradient(dout, self.output_shape(images.shape))
        dgrouped, dpadded, dW = self._grouped(dout), np.zeros_like(padded), np.zeros_like(W)
        for u, v, rows, columns in places(self.window, out_shape(images.shape, self.window)):
            dW[..., u, v] = np.einsum("ngohw,ngchw->goc", dgrouped, padded[..., rows, columns])
            dpadded[..., rows, columns] += np.einsum("ngohw,goc->ngchw", dgrouped, W[..., u, v])
        flat = dpadded.reshape(len(images), -1, *padded.shape[-2:])
        dx = pad_backward(flat, images.shape, self.window)
        return dx, dW.reshape(self.W.shape), np.asarray(dout.sum(axis=(0, 2, 3)), dtype=np.float64)

    def _grouped(self, x: Floats) -> Floats:
        """(n, channels, height, width) -> (n, groups, channels / groups, height, width)."""
        return x.reshape(len(x), self.groups, -1, *x.shape[-2:])

    def _grouped_filters(self) -> Floats:
        return self.W.reshape(self.groups, -1, *self.W.shape[1:])


def out_shape(shape: tuple[int, ...], window: Window) -> Pair:
    """Return the height and width that a window makes of images (n, channels, height, width)."""
    kernel, stride, padding, dilation = window.pairs()
    high, wide = (
        output_size(shape[axis + 2], kernel[axis], stride[axis], padding[axis], dilation[axis])
        for axis in (0, 1)
    )
    return high, wide


def _wrong_filters(W: Floats, b: Floats | None, groups: int) -> list[str]:
    if W.ndim != 4 or not W.size:
        must = "W must have 4 dimensions (out_channels, channels / groups, height, width), none of them 0"
        do = "write W[None, None] for a single filter on one channel"
        return [message(must, f"W.shape={W.shape}", do)]
    problems = []
    if not np.isfinite(W).all():
        found = f"{int((~np.isfinite(W)).sum())} of {W.size} are not"
        problems.append(message("W must hold finite numbers", found, "replace what is missing"))
    if b is not None and b.shape != W.shape[:1]:
        do = f"give b the shape ({len(W)},)"
        problems.append(message("b must have one number for each filter", f"b.shape={b.shape}", do))
    if not isinstance(groups, int | np.integer) or groups < 1 or len(W) % groups:
        must = f"groups must divide the {len(W)} out_channels"
        problems.append(message(must, f"groups={groups!r}", "write for example groups=1"))
    return problems


def checked_images(x: ArrayLike, window: Window, channels: int | None = None) -> Floats:
    """Return images as float64 of shape (n, channels, height, width).

    Raises:
        RecipeError: they have other dimensions or channels, are smaller than the window or than their
        padding,
            or hold numbers that are not finite.
    """
    images = numbers(x, "x")
    if images.ndim != 4 or not images.size:
        do = "write x[None] for a batch of one image" if images.ndim == 3 else "reshape x"
        must = "x must have 4 dimensions (samples, channels, height, width)"
        raise RecipeError(message(must, f"x.shape={images.shape}", do))
    problems = [] if np.isfinite(images).all() else [_not_finite(images)]
    if channels is not None and images.shape[1] != channels:
        must = f"the filters need images of {channels} channels"
        do = f"give W the shape (out_channels, {images.shape[1]} / groups, height, width)"
        problems.append(message(must, f"x has {images.shape[1]}", do))
    if problems := [*problems, *_wrong_sizes(images.shape, window)]:
        raise RecipeError(problems)
    return images


def checked_gradient(dout: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return d loss / d out as float64, of the shape of out.

    Raises:
        RecipeError: it has another shape.
    """
    gradient = numbers(dout, "dout")
    if gradient.shape != shape:
        must = f"dout must have the shape of the output, {shape}"
        raise RecipeError(message(must, f"dout.shape={gradient.shape}", "pass one number for each output"))
    return gradient


def _wrong_sizes(shape: tuple[int, ...], window: Window) -> Iterator[str]:
    kernel, _, padding, dilation = window.pairs()
    for axis, name in enumerate(("height", "width")):
        size, added = shape[axis + 2], padding[axis]
        covers = dilation[axis] * (kernel[axis] - 1) + 1
        if size + 2 * added < covers:
            must, found = f"the window's {name} of {covers} must fit into the padded image", size + 2 * added
            yield message(must, f"{size} + 2 * {added} = {found}", "use a smaller kernel or pad more")
        most = {"reflect": size - 1, "circular": size}.get(window.padding_mode, added)
        if added > most:
            must = f"padding_mode={window.padding_mode!r} can add at most {most} to a {name} of {size}"
            yield message(must, f"padding={added}", "pad less, or use padding_mode='replicate'")


def _not_finite(images: Floats) -> str:
    found = f"{int((~np.isfinite(images)).sum())} of {images.size} are not"
    return message("x must hold finite numbers", found, "fill or drop such images")
