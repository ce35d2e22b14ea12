"""Filters made by hand, and what they see in a photo: edges, blur, sharpen.

A network learns its filters. These are those that people wrote before: a filter answers where the image
looks like it. One whose weights add up to 0 says nothing about an even area; one whose weights add up to 1
keeps the brightness. Source: Gonzalez and Woods, *Digital Image Processing*, chapter 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glassnet.errors import RecipeError, did_you_mean, message
from glassnet.reference.activations import Floats, relu, sigmoid
from glassnet.reference.convolution import Conv2d

FILTERS: dict[str, Floats] = {
    "identity": np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=np.float64),
    "horizontal edges": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], dtype=np.float64),
    "vertical edges": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float64),
    "all edges": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], dtype=np.float64),
    "blur": np.ones((3, 3)) / 9,
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], dtype=np.float64),
}
"""By name, each 3 x 3. The two of single edges are Sobel's: above against below, left against right."""


def photo() -> Floats:
    """Return scikit-learn's photo ``china.jpg``, red, green, blue from 0 to 1. Shape: (3, 427, 640)."""
    from sklearn.datasets import load_sample_image

    return np.moveaxis(np.asarray(load_sample_image("china.jpg"), dtype=np.float64), -1, 0) / 255


def grey(image: Floats) -> Floats:
    """Return the brightness, 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601). (3, h, w) -> (h, w).

    Raises:
        RecipeError: the image has another shape.
    """
    if image.ndim != 3 or len(image) != 3:
        must = "image must be red, green and blue, shape (3, height, width)"
        raise RecipeError(message(must, f"image.shape={image.shape}", "move the colours to the front"))
    return np.asarray(np.tensordot(np.array([0.299, 0.587, 0.114]), image, 1), dtype=np.float64)


def letter() -> Floats:
    """Return a small picture to count on: the letter H on 7 x 7 places, 1 is ink."""
    picture = np.zeros((7, 7))
    picture[1:6, [1, 5]] = 1.0
    picture[3, 1:6] = 1.0
    return picture


def filter_bank(*names: str) -> Conv2d:
    """Return a layer of these filters for images of one channel; the outer row is repeated around the image.

    Several filters together are a convolutional layer: one channel in, as many out as there are filters.

    Raises:
        RecipeError: there is no filter of that name.
    """
    wrong = [name for name in names if name not in FILTERS]
    if wrong or not names:
        must = "a filter must be one that is known by name"
        raise RecipeError(
            [message(must, f"{name!r}", did_you_mean(name, FILTERS)) for name in wrong]
            or message(must, "none is named", did_you_mean("", FILTERS))
        )
    W = np.stack([FILTERS[name] for name in names])[:, None]
    return Conv2d(W, padding=1, padding_mode="replicate")


def filtered(image: Floats, *names: str) -> Floats:
    """Return what each filter sees in a picture. Shapes: (height, width) -> (filters, height, width).

    Raises:
        RecipeError: a filter is unknown, or the picture is not one channel of finite numbers.
    """
    seen: Floats = filter_bank(*names).forward(np.asarray(image)[None, None])[0]
    return seen


def as_picture(seen: Floats) -> NDArray[np.uint8]:
    """Return numbers as grey values, the lowest black, the highest white. Shape: (height, width).

    The lowest and the highest hundredth are cut, so that a few sharp points do not leave all else grey.
    """
    low, high = np.percentile(seen, [1, 99])
    between: Floats = np.clip((seen - low) / (high - low or 1.0), 0.0, 1.0)
    return np.round(255 * between).astype(np.uint8)


def activation_table(seen: Floats | None = None) -> str:
    """Show why ReLU follows a convolution and not a sigmoid: a table of what both make of filtered values.

    A sigmoid squeezes every strong answer to nearly 1, where its slope is nearly 0 (it *saturates*), and its
    answers are all above 0, with a mean of about 1/2 (it is *not centred on zero*), so that all weights of a
    unit behind it get gradients of one sign. ReLU keeps the size of an answer, and its slope is 1.
    """
    z = np.array([-8.0, -2.0, 0.0, 2.0, 8.0]) if seen is None else np.asarray(seen, dtype=np.float64).ravel()
    a = sigmoid(z)
    lines = ["       z   sigmoid   its slope   ReLU   its slope"]
    for at in range(len(z)):
        right = f"{relu(z)[at]:6.1f} {1 if z[at] > 0 else 0:11d}"
        lines.append(f"{z[at]:8.1f} {a[at]:9.5f} {a[at] * (1 - a[at]):11.5f} {right}")
    return "\n".join(lines)
