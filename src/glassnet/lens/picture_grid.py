"""Pictures side by side as one PNG, with Pillow: what a generative net makes, to be looked at."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Small pictures are enlarged in whole steps until they are about so many pixels high."""
PAPER = 128


def as_bytes(values: NDArray[np.floating], span: tuple[float, float]) -> NDArray[np.uint8]:
    """Return pixels as bytes: the span becomes 0 to 255, what lies outside is cut off."""
    low, high = span
    scaled = (values.astype(np.float64) - low) / max(high - low, 1e-12)
    return np.round(255 * scaled.clip(0, 1)).astype(np.uint8)


def picture_grid(rows: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Lay pictures out as a table: each entry is one row of it, (n, height, width, channels) of equal size.

    Returns:
        One picture, (height, width, 1 or 3), with a thin grey line between pictures.
    """
    times = max(1, SIDE // rows[0].shape[1])
    most = max(len(row) for row in rows)
    height, width, channels = (times * rows[0].shape[1], times * rows[0].shape[2], rows[0].shape[3])
    page = np.full(((height + 2) * len(rows) - 2, (width + 2) * most - 2, channels), PAPER, np.uint8)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row.repeat(times, 1).repeat(times, 2)):
            top, left = down * (height + 2), across * (width + 2)
            page[top : top + height, left : left + width] = picture
    return page


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture, (height, width, 1 or 3), as the bytes of a PNG file."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture).save(data, "PNG")
    return data.getvalue()
