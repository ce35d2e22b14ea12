"""What chance does to each photo of a batch, as numbers: a pure function of the seed, whoever applies it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Chances:
    """What is done to the photos of a batch, one after the other; what is None is not done.

    Attributes:
        rows, columns: which row and which column each pixel comes from; below 0: from none, it becomes 0.
            Shapes: (photos, height), (photos, width).
        places: pixel (i, j) comes from column p[0] * j + p[1] * i + p[2] and row p[3] * j + p[4] * i + p[5],
            between pixels bilinearly. Shape: (photos, 6).
        reflect: beyond its edges a photo is mirrored, for ``places``; otherwise it is 0.
        matrices, offsets: a pixel becomes matrix @ pixel + offset[0] * (mean of the photo) + offset[1].
            Shapes: (photos, channels, channels), (photos, 2).
        corners: the upper left corner of the square that is set to 0. Shape: (photos, 2).
    """

    rows: Ints | None = None
    columns: Ints | None = None
    places: Floats | None = None
    reflect: bool = False
    matrices: Floats | None = None
    offsets: Floats | None = None
    corners: Ints | None = None

    def __getitem__(self, some: slice) -> Chances:
        """Return what is done to some of the photos."""
        changed: dict[str, Any] = {
            each.name: value[some]
            for each in fields(self)
            if isinstance(value := getattr(self, each.name), np.ndarray)
        }
        return replace(self, **changed)


def drawn(count: int, shape: tuple[int, int, int], seed: int, augmentation: Augmentation) -> Chances:
    """Draw what is done to so many photos.

    Args:
        shape: channels, height and width of a photo.
        seed: 0 or above, another one for each batch.
    """
    draw, a = stream(seed, "augmentation"), augmentation
    channels, height, width = shape
    found: dict[str, Any] = {}
    if a.rotate or a.scale < 1:
        found |= {"places": _places(count, height, width, draw, a), "reflect": a.padding == "reflect"}
    elif a.flip or a.shift:
        found |= _lines(count, height, width, draw, a)
    if a.brightness or a.contrast or a.saturation:
        found |= _colours(count, channels, draw, a)
    if a.cutout:
        middles = draw.integers(0, [height, width], (count, 2))
        found["corners"] = (middles - a.cutout // 2).astype(np.int32)
    return Chances(**found)


def _lines(
    count: int, height: int, width: int, draw: np.random.Generator, a: Augmentation
) -> dict[str, Ints]:
    """Mirror and shift by whole pixels; what comes in is mirrored about the last pixel, which stands once."""
    mirrored = draw.random(count) < (0.5 if a.flip else 0.0)
    down, right = draw.integers(-a.shift, a.shift + 1, (2, count))
    reflect = a.padding == "reflect"
    rows, columns = _shifted(down, height, reflect), _shifted(right, width, reflect)
    there = mirrored[:, None] & (columns >= 0)
    return {"rows": rows, "columns": np.where(there, np.int32(width - 1) - columns, columns)}


def _shifted(by: NDArray[np.int64], size: int, reflect: bool) -> Ints:
    at = np.arange(size) + by[:, None]
    if reflect:
        there_and_back = max(1, 2 * (size - 1))
        at = np.abs(at) % there_and_back
        at = np.where(at < size, at, there_and_back - at)
    return np.where((at >= 0) & (at < size), at, -1).astype(np.int32)


def _places(count: int, height: int, width: int, draw: np.random.Generator, a: Augmentation) -> Floats:
    """Cut out a part and enlarge it, rotate, mirror and shift: one look-up between pixels for all."""
    angles = np.radians(draw.uniform(-a.rotate, a.rotate, count))
    zoom = np.sqrt(draw.uniform(a.scale, 1.0, count))
    side = np.where(draw.random(count) < 0.5, -1.0, 1.0) if a.flip else np.ones(count)
    shift_right, shift_down = draw.integers(-a.shift, a.shift + 1, (2, count))
    room_right, room_down = draw.uniform(-0.5, 0.5, (2, count)) * (1 - zoom)
    sine, cosine = zoom * np.sin(angles), zoom * np.cos(angles)
    across, along = (width - 1) / 2, (height - 1) / 2
    column, row = across + room_right * width + shift_right, along + room_down * height + shift_down
    right = (side * cosine, -sine, column - side * cosine * across + sine * along)
    down = (side * sine, cosine, row - side * sine * across - cosine * along)
    return np.stack([*right, *down], 1).astype(np.float32)


def _colours(count: int, channels: int, draw: np.random.Generator, a: Augmentation) -> dict[str, Floats]:
    """Change brightness, contrast and saturation."""
    bright = draw.uniform(-a.brightness, a.brightness, count)
    contrast = draw.uniform(1 - a.contrast, 1 + a.contrast, count)
    saturation = draw.uniform(1 - a.saturation, 1 + a.saturation, count)[:, None, None]
    grey = np.full((channels, channels), 1 / channels)
    own = saturation * np.eye(channels) + (1 - saturation) * grey
    return {
        "matrices": (contrast[:, None, None] * own).astype(np.float32),
        "offsets": np.stack([1 - contrast, bright], 1).astype(np.float32),
    }
