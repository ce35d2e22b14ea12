"""How decoded photos become what a net takes in, and which classes its answers have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from glassnet.data.columns import Finite, Positive, Record
from glassnet.data.image_cache import Photos
from glassnet.errors import DataError, did_you_mean, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK = 4 << 20
"""Pixels that are looked at together."""
Side = Annotated[int, Field(strict=True, ge=1, le=4096)]


class ImageSchema(Record):
    """How photos are decoded and normalised.

    Attributes:
        height: rows of pixels.
        width: columns of pixels.
        channels: 3 for red, green and blue, 1 for grey.
        fit: how a photo of another shape is made to fit.
        mean: of each channel over the training photos, of values from 0 to 1.
        std: their standard deviation.
        classes: the names of the classes, in the order of the net's outputs; empty without labels.
    """

    height: Side
    width: Side
    channels: Literal[1, 3]
    fit: Literal["crop", "pad", "stretch"] = "crop"
    mean: tuple[Finite, ...]
    std: tuple[Positive, ...]
    classes: tuple[str, ...] = ()

    def tensors(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Normalise pixels: (n, height, width, channels), 0 to 255, to (n, channels, height, width)."""
        scale = (1.0 / (255.0 * np.array(self.std))).astype(np.float32)
        shift = (np.array(self.mean) / np.array(self.std)).astype(np.float32)
        rows = pixels.astype(np.float32)
        rows *= scale
        rows -= shift
        return rows.transpose(0, 3, 1, 2)

    def pixels(self, batch: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Undo `tensors`: (n, channels, height, width) to (n, height, width, channels), 0 to 255."""
        rows = batch.transpose(0, 2, 3, 1) * np.array(self.std) + np.array(self.mean)
        return np.asarray(np.clip(rows * 255.0, 0, 255).round(), np.uint8)

    def targets(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Return the place of each label among the classes, shape (n,).

        Raises:
            DataError: labels that are none of the classes; all are named.
        """
        place = {name: index for index, name in enumerate(self.classes)}
        strange = sorted(set(labels) - place.keys())
        if strange:
            must = "each photo must be of a class that training had"
            raise DataError(
                [message(must, repr(each), did_you_mean(each, self.classes)) for each in strange[:20]]
            )
        return np.array([place[each] for each in labels], np.int64)


def fit_image_schema(
    photos: Photos, rows: NDArray[np.int64] | None = None, fit: Literal["crop", "pad", "stretch"] = "crop"
) -> ImageSchema:
    """Learn means, deviations and classes from photos.

    Args:
        photos: decoded photos.
        rows: those of training; None: all. The classes are those of all photos.
        fit: how they were decoded.
    """
    rows = np.arange(len(photos)) if rows is None else rows
    height, width, channels = photos.pixels.shape[1:]
    sums, squares = np.zeros(channels), np.zeros(channels)
    step = max(1, BLOCK // (height * width))
    for start in range(0, len(rows), step):
        some = photos.pixels[rows[start : start + step]].reshape(-1, channels)
        counts = [np.bincount(some[:, channel], minlength=256) for channel in range(channels)]
        sums += [float(each @ np.arange(256.0)) for each in counts]
        squares += [float(each @ np.arange(256.0) ** 2) for each in counts]
    count = len(rows) * height * width
    mean = sums / count
    std = np.sqrt(np.maximum(squares / count - mean**2, 0.0))
    return ImageSchema(
        height=height,
        width=width,
        channels=channels,
        fit=fit,
        mean=tuple((mean / 255).tolist()),
        std=tuple((np.where(std > 0, std, 255.0) / 255).tolist()),
        classes=class_names(photos.labels or ()),
    )


def class_names(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the classes in order: by number where all are whole numbers, else by name.

    >>> class_names(["10", "9", "9"]), class_names(["cat", "ant"])
    (('9', '10'), ('ant', 'cat'))
    """
    names = set(labels)
    numbers = all(each.isascii() and each.isdigit() for each in names)
    return tuple(sorted(names, key=(lambda each: (int(each), each)) if numbers else None))
