"""What can be seen inside a convolutional net, as data: filters, maps, products, winners, heat.

Each View has its numbers as arrays, ``str()`` as a short table, ``to_json()``, and ``to_html(path)``, a page
of pictures that loads nothing. ``glassnet.plot_convolution`` draws them as a figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.lens.as_json import as_json
from glassnet.lens.numerals import counted, number, percent
from glassnet.lens.text import aligned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

_Layer = TypeVar("_Layer", "LayerFilters", "LayerMaps", "LayerWinners")
MOST_LINES = 40
"""Of the products of one pixel so many lines are written; the others are one sum."""


class PhotoView:
    """What all Views here can do."""

    def to_json(self) -> str:
        """Return everything as one JSON object."""
        return as_json(self)

    def to_html(self, path: str | Path) -> Path:
        """Write it as one page that loads nothing, and return its path."""
        from glassnet.lens.convolution_page import convolution_page
        from glassnet.storage import write_atomically

        write_atomically(Path(path), convolution_page(self).encode())
        return Path(path)


@dataclass(frozen=True)
class LayerFilters:
    """The filters of one layer.

    Attributes:
        name, kind: of the layer.
        weights: shape (filters, channels / groups, kernel height, kernel width).
        bias: shape (filters,), or None.
        groups: in so many groups the channels are dealt out.
    """

    name: str
    kind: str
    weights: Floats
    bias: Floats | None
    groups: int

    @property
    def is_colour(self) -> bool:
        """Whether each filter can be shown as one picture in red, green and blue."""
        return self.weights.shape[1] == 3 and self.groups == 1


def named(layers: tuple[_Layer, ...], name: str) -> _Layer:
    """Return the layer of that name.

    Raises:
        RecipeError: there is none.
    """
    found = next((each for each in layers if each.name == name), None)
    if found is None:
        do = did_you_mean(name, [each.name for each in layers])
        raise RecipeError(message("the layer must be one that is shown", f"{name!r}", do))
    return found


@dataclass(frozen=True)
class Filters(PhotoView):
    """The filters of each convolutional layer, in the order of the net."""

    net: str
    layers: tuple[LayerFilters, ...]

    def __getitem__(self, name: str) -> LayerFilters:
        """Return the filters of one layer."""
        return named(self.layers, name)

    def __str__(self) -> str:
        rows = [["layer", "filters", "sees", "from", "to", "mean size"]]
        for each in self.layers:
            w = each.weights
            sees = " x ".join(map(str, w.shape[1:]))
            rows.append(
                [
                    each.name,
                    f"{len(w):,}",
                    sees,
                    *(number(float(v), 3) for v in (w.min(), w.max(), abs(w).mean())),
                ]
            )
        return aligned(rows)


@dataclass(frozen=True)
class LayerMaps:
    """What one layer or function made of the photo.

    Attributes:
        name, kind: of the layer; functions have the kind "function".
        maps: shape (channels, height, width).
    """

    name: str
    kind: str
    maps: Floats

    @property
    def silent(self) -> int:
        """How many maps are 0 everywhere."""
        return int((~self.maps.any(axis=(1, 2))).sum())


@dataclass(frozen=True)
class FeatureMaps(PhotoView):
    """The maps after each layer and function, in their order.

    Attributes:
        net: its class.
        picture: the photo, shape (height, width) or (height, width, 3), from 0 to 1.
        layers: from the photo to the last one that gives maps.
    """

    net: str
    picture: Floats
    layers: tuple[LayerMaps, ...]

    def __getitem__(self, name: str) -> LayerMaps:
        """Return the maps after one layer."""
        return named(self.layers, name)

    def __str__(self) -> str:
        rows = [["after", "kind", "maps", "from", "to", "zeros", "silent"]]
        for each in self.layers:
            low, high = (number(float(v), 3) for v in (each.maps.min(), each.maps.max()))
            zeros = percent(float((each.maps == 0).mean()))
            size = " x ".join(map(str, each.maps.shape))
            rows.append([each.name, each.kind, size, low, high, zeros, f"{each.silent:,}"])
        return aligned(rows, left=2)


@dataclass(frozen=True)
class UnfoldedPixel(PhotoView):
    """One number that a convolution gives, with every product that it is the sum of.

    Attributes:
        layer: its name.
        channel, row, column: which number of its output.
        value: what the net computed.
        inputs, weights: shape (channels of the group, kernel height, kernel width); their products and the
            bias sum to the value.
        bias: 0 where there is none.
        channels: of the input, shape (channels of the group,).
        rows, columns: of the input, on which the window lies, shapes (kernel height,), (kernel width,); what
            is below 0 or beyond the input is padding.
        size: height and width of the input.
        stride, padding, dilation: along height and width; padding before the first row and column.
        groups: of the layer.
        padding_mode: what stands in the padding.
        transposed: whether it is a transposed convolution, which lays its filter down for each pixel of the
            input: ``rows`` and ``columns`` are -1 where no pixel's filter reaches this place.
        digits: how many of a number are written, so that it is told from every other of its kind.
    """

    layer: str
    channel: int
    row: int
    column: int
    value: float
    inputs: Floats
    weights: Floats
    bias: float
    channels: Places
    rows: Places
    columns: Places
    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    padding_mode: str
    transposed: bool
    digits: int

    @property
    def products(self) -> Floats:
        """Weight times input, of the shape of both."""
        return self.inputs * self.weights

    @property
    def total(self) -> float:
        """The sum of all products and the bias."""
        return math.fsum([*self.products.ravel().tolist(), self.bias])

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Which places of the window lie in the padding. Shape: (kernel height, kernel width)."""
        rows = (self.rows < 0) | (self.rows >= self.size[0])
        columns = (self.columns < 0) | (self.columns >= self.size[1])
        return np.asarray(rows[:, None] | columns[None, :])

    def arithmetic(self) -> list[str]:
        """Write the sum out, a line for each row of the window in each channel; their sum is the value."""
        lines = [
            " + ".join(f"{self._written(x)}*{self._written(w)}" for x, w in zip(inputs, weights, strict=True))
            for part in zip(self.inputs, self.weights, strict=True)
            for inputs, weights in zip(*part, strict=True)
        ]
        if len(lines) > MOST_LINES:
            rest = self.products.reshape(len(lines), -1)[MOST_LINES:]
            lines = [*lines[:MOST_LINES], self._written(math.fsum(rest.ravel().tolist()))]
        return [*lines, self._written(self.bias)]

    def _written(self, value: float) -> str:
        return f"{value:.{self.digits}g}"

    def _along(self, axis: int) -> str:
        at, places = (self.row, self.rows) if axis == 0 else (self.column, self.columns)
        name = ("rows", "columns")[axis]
        stride, padding = self.stride[axis], self.padding[axis]
        steps = ", ".join(str(self.dilation[axis] * step) for step in range(len(places)))
        each = "0" if len(places) == 1 else f"{{{steps}}}"
        seen = ", ".join("none" if self.transposed and place < 0 else str(place) for place in places)
        if self.transposed:
            return f"{name} {seen} = ({at} + {padding} - {each}) / {stride} where that is whole"
        return f"{name} {seen} = {at}*{stride} - {padding} + {each}"

    def window(self) -> list[str]:
        """Say where the window lies, with the arithmetic of stride, padding and dilation."""
        first, last = int(self.channels[0]), int(self.channels[-1])
        which = f"in channel {first}" if first == last else f"in channels {first} to {last}"
        which += f" (group {first // len(self.channels)} of {self.groups})" if self.groups > 1 else ""
        padded = int(self.outside.sum())
        lines = [f"the window sees {self._along(0)}", f"and {self._along(1)}", which]
        if padded and self.transposed:
            lines.append(f"at {padded} of its {self.outside.size} places there is no pixel")
        elif padded:
            where = f"{padded} of its {self.outside.size} places lie in the padding"
            lines.append(f"{where} ({self.padding_mode})")
        return lines

    def __str__(self) -> str:
        at = f"channel {self.channel}, row {self.row}, column {self.column}"
        lines = self.arithmetic()
        hidden = self.inputs.shape[0] * self.inputs.shape[1] - (len(lines) - 2)
        words = [""] * len(lines)
        words[-1] = "  (bias)"
        if len(lines) == MOST_LINES + 2:
            words[-2] = f"  ({counted(hidden, 'other row')} of the window)"
        terms = [f"  + {line}{word}" for line, word in zip(lines, words, strict=True)]
        terms[0] = terms[0].replace("+", " ", 1)
        head = f"{self.layer}, {at}: {self._written(self.value)}"
        return "\n".join([head, *self.window(), *terms, f"  = {self._written(self.total)}"])


@dataclass(frozen=True)
class LayerWinners:
    """Which pixel won each window of one max pooling.

    Attributes:
        name: of the layer or function.
        kernel, stride, padding: along height and width.
        given: the maps that went in, shape (channels, height, width).
        values: the largest numbers, shape (channels, out height, out width).
        rows, columns: where in ``given`` they stood, of the shape of ``values``.
    """

    name: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    given: Floats
    values: Floats
    rows: Places
    columns: Places

    def wins(self) -> Places:
        """Count the windows that each pixel won. Shape: (channels, height, width)."""
        counts = np.zeros(self.given.shape, dtype=np.int64)
        channels = np.broadcast_to(np.arange(len(counts))[:, None, None], self.rows.shape)
        np.add.at(counts, (channels, self.rows, self.columns), 1)
        return counts


@dataclass(frozen=True)
class PoolingWinners(PhotoView):
    """Which pixel won each window, in every max pooling of a net; attributes as of ``FeatureMaps``."""

    net: str
    picture: Floats
    layers: tuple[LayerWinners, ...]

    def __getitem__(self, name: str) -> LayerWinners:
        """Return the winners of one layer."""
        return named(self.layers, name)

    def __str__(self) -> str:
        rows = [["pooling", "window", "stride", "in", "out", "pixels that won"]]
        for each in self.layers:
            sizes = [" x ".join(map(str, shape)) for shape in (each.given.shape, each.values.shape)]
            pairs = [" x ".join(map(str, pair)) for pair in (each.kernel, each.stride)]
            rows.append([each.name, *pairs, *sizes, percent(float((each.wins() > 0).mean()))])
        return aligned(rows)
