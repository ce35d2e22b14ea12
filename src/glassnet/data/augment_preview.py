"""What augmentation does to photos, as one picture: a look at it tells more than its numbers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.augment import augmented, mixed
from glassnet.data.image_schema import ImageSchema
from glassnet.plan.augmentation import Augmentation
from glassnet.randomness import derived_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

GAP = 2
"""White pixels between photos, three times as many behind the photos as they are."""


def preview(
    pixels: Pixels, augmentation: Augmentation, schema: ImageSchema, *, variants: int = 7, seed: int = 0
) -> Pixels:
    """Draw photos in a column, and beside each what training may make of it.

    Args:
        pixels: some photos, shape (n, height, width, channels); they are mixed with each other.
        augmentation: how they are varied.
        schema: how they are normalised.
        variants: number of columns beside the first.
        seed: another one gives other variants.

    Returns:
        The picture: shape (rows, columns, channels), uint8.
    """
    import torch

    batch = torch.from_numpy(np.ascontiguousarray(schema.tensors(pixels)))
    columns = [pixels]
    for number in range(variants):
        drawn = derived_seed(seed, "preview", number)
        varied = augmented(batch, drawn, augmentation)
        if augmentation.mixes:
            varied = mixed(varied, drawn, augmentation)[0]
        columns.append(schema.pixels(varied.numpy()))
    rows = [_row([column[place] for column in columns]) for place in range(len(pixels))]
    between = np.full((GAP, *rows[0].shape[1:]), 255, np.uint8)
    return np.concatenate([each for row in rows for each in (row, between)][:-1])


def _row(photos: list[Pixels]) -> Pixels:
    height, _, channels = photos[0].shape
    gaps = [np.full((height, GAP * (3 if place == 0 else 1), channels), 255, np.uint8) for place in range(2)]
    parts = [photos[0], gaps[0]]
    for each in photos[1:]:
        parts += [each, gaps[1]]
    return np.concatenate(parts[:-1], axis=1)


def png(picture: Pixels) -> bytes:
    """Return a picture (rows, columns, channels) as the bytes of a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(file, "PNG")
    return file.getvalue()
