"""Arrays as small pictures for pages: grey values, numbers of both signs, heat over a photo, as PNG.

Three scales, with one meaning on every page: grey from black to white for what has no sign; blue below 0,
white at 0, orange above; and heat, orange laid over a pale photo. Numbers that are compared share one scale.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

from glassnet.lens.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pixels = NDArray[np.uint8]

BELOW, ZERO, ABOVE = (33, 102, 172), (247, 247, 247), (178, 88, 6)
GAP = (128, 128, 128)
LEVELS = 127
"""So many shades of either sign: a picture of them has at most 256 colours, and is small."""
PICTURE_STYLE = """
.pictures { display: flex; flex-wrap: wrap; gap: 10px 12px; align-items: flex-start; margin: 10px 0; }
.pictures figure { margin: 0; }
.pictures figcaption { font-size: 12px; color: var(--soft); font-variant-numeric: tabular-nums;
  max-width: 260px; }
.pictures figcaption b { font-size: 13px; }
img { display: block; image-rendering: pixelated; border: 1px solid var(--line); border-radius: 3px;
  max-width: 100%; height: auto; }
img.smooth { image-rendering: auto; }
.scale { display: inline-block; width: 110px; height: 11px; vertical-align: -1px; margin: 0 6px;
  border-radius: 3px; border: 1px solid var(--line); }
.scale.signed { background: linear-gradient(90deg, rgb(33,102,172), rgb(247,247,247), rgb(178,88,6)); }
.scale.grey { background: linear-gradient(90deg, #000, #fff); }
.scale.heat { background: linear-gradient(90deg, rgb(247,247,247), rgb(178,88,6)); }
"""


def grey(values: Floats, low: float, high: float) -> Pixels:
    """Return numbers as grey values: ``low`` is black, ``high`` white. Shape kept."""
    shares = np.clip((values - low) / ((high - low) or 1.0), 0.0, 1.0)
    return np.round(255 * shares).astype(np.uint8)


def signed(values: Floats, most: float) -> Pixels:
    """Return numbers as colours: ``-most`` is blue, 0 white, ``most`` orange. (h, w) -> (h, w, 3)."""
    shares = np.round(LEVELS * np.clip(values / (most or 1.0), -1.0, 1.0))[..., None] / LEVELS
    end = np.where(shares < 0, np.array(BELOW), np.array(ABOVE))
    shades: Pixels = np.round(np.array(ZERO) + np.abs(shares) * (end - np.array(ZERO))).astype(np.uint8)
    return shades


def colours(picture: Floats) -> Pixels:
    """Return a picture from 0 to 1, (h, w) or (h, w, 3), as bytes of the same shape."""
    return np.round(255 * np.clip(picture, 0.0, 1.0)).astype(np.uint8)


def heat_over(picture: Floats, heat: Floats, most: float) -> Pixels:
    """Return a photo, pale and grey, with heat laid over it: orange above 0, blue below. (h, w, 3)."""
    brightness = picture if picture.ndim == 2 else picture @ np.array([0.299, 0.587, 0.114])
    pale = (0.35 + 0.6 * brightness[..., None]) * 255
    share = np.clip(np.abs(heat) / (most or 1.0), 0.0, 1.0)[..., None] * 0.85
    end = np.where(heat[..., None] < 0, np.array(BELOW), np.array(ABOVE))
    return np.round(pale * (1 - share) + end * share).astype(np.uint8)


def side_by_side(tiles: Sequence[Pixels]) -> Pixels:
    """Return coloured tiles, each (h, w, 3), four times as large, in a row with a line between them."""
    large = [np.repeat(np.repeat(tile, 4, axis=0), 4, axis=1) for tile in tiles]
    gap = np.broadcast_to(np.array(GAP, dtype=np.uint8), (len(large[0]), 1, 3))
    parts = [part for tile in large for part in (tile, gap)]
    return np.concatenate(parts[:-1], axis=1)


def png(pixels: Pixels) -> bytes:
    """Return a picture, (h, w) or (h, w, 3), as the bytes of a PNG file; the same picture, the same bytes."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if pixels.ndim == 3:
        codes = pixels.astype(np.int64) @ np.array([65536, 256, 1])
        known, places = np.unique(codes, return_inverse=True)
        if len(known) <= 256:
            picture = Image.fromarray(places.reshape(codes.shape).astype(np.uint8))
            triples = np.stack([known >> 16, known >> 8 & 255, known & 255], axis=1)
            picture.putpalette(triples.ravel().tolist())
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def shrunk(values: Floats, most: int) -> Floats:
    """Return a picture with at most so many rows and columns, each number the mean of a block of the first.

    >>> shrunk(np.arange(16.0).reshape(4, 4), 2)
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    >>> shrunk(np.zeros((100, 50)), 20).shape
    (20, 10)
    """
    largest = max(values.shape[:2])
    if largest <= most:
        return values
    for axis in (0, 1):
        size = values.shape[axis]
        count = max(1, round(size * most / largest))
        starts = np.arange(count) * size // count
        sizes = np.diff(starts, append=size)
        values = np.add.reduceat(values, starts, axis=axis) / np.expand_dims(sizes, 1 - axis)
    return values


def image(pixels: Pixels, alt: str, width: int, *, smooth: bool = False) -> Markup:
    """Return a picture as an element that holds it, shown so many units wide."""
    source = f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"
    height = width * len(pixels) / pixels.shape[1]
    kind = "smooth" if smooth else None
    return element("img", src=source, alt=alt, title=alt, width=width, height=height, class_=kind)


def captioned(picture: Markup, caption: str) -> Markup:
    """Return a picture with a line below it."""
    return element("figure", picture, element("figcaption", caption))
