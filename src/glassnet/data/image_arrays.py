"""Photos that are arrays already: in memory, or the digits that come with scikit-learn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.image_source import PhotoList
from glassnet.errors import DataError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

Range = tuple[float, float]
BYTES: Range = (0.0, 255.0)
DIGITS: Range = (0.0, 16.0)
"""Black and white of the bundled digits."""


def range_of(images: Any) -> Range:
    """Return the values that stand for black and white, found in training photos.

    Bytes are from 0 to 255; other numbers from 0, or their least value below it, to their greatest value.

        >>> range_of(np.zeros((2, 8, 8), np.uint8)), range_of([[[0.0, 16.0]]])
        ((0.0, 255.0), (0.0, 16.0))
    """
    values = np.asarray(images)
    if values.dtype.kind not in "biuf" or values.dtype == np.uint8 or not np.isfinite(values).any():
        return BYTES
    low, high = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    return (low, high) if low < high else (low, low + 1.0)


def photo_arrays(
    images: Any, labels: Sequence[object] | None = None, *, between: Range = BYTES, name: str = "an array"
) -> PhotoList:
    """Take photos as arrays; each is handed on as the bytes of a file (PGM or PPM), which lose nothing.

    Args:
        images: numbers of shape (photos, height, width), (photos, height, width, 1) or (..., 3).
        labels: a class for each.
        between: the values of black and white; see :func:`range_of`.

    Raises:
        DataError: they are no photos, not finite, or have not one label each.
    """
    pixels = _as_bytes(_checked(images, name), between)
    if labels is not None and len(labels) != len(pixels):
        must, found = "each photo must have one label", f"{len(pixels):,} photos and {len(labels):,} labels"
        raise DataError(message(must, found, "pass as many labels"))
    classes = None if labels is None else tuple(str(each) for each in labels)
    _, height, width, channels = pixels.shape
    head = f"P{5 if channels == 1 else 6} {width} {height} 255\n".encode()
    digest = hashlib.sha256(head + np.ascontiguousarray(pixels).tobytes())
    digest.update("\n".join(classes or ()).encode())

    def read(index: int) -> bytes:
        return head + bytes(pixels[index].tobytes())

    names = tuple(f"photo {number}" for number in range(1, len(pixels) + 1))
    return PhotoList(names, classes, digest.hexdigest(), read, name)


def _checked(images: Any, name: str) -> NDArray[Any]:
    try:
        values = np.asarray(images)
    except ValueError:  # arrays of several sizes
        values = np.asarray(None)
    shape = values.shape
    values = values[..., None] if values.ndim == 3 else values
    if values.dtype.kind not in "biuf" or values.ndim != 4 or values.shape[3] not in (1, 3) or 0 in shape:
        must = f"{name} of photos must hold numbers of shape (photos, height, width) or (..., 3)"
        raise DataError(message(must, f"{values.dtype} of shape {shape}", "reshape it, or pass paths"))
    if not np.isfinite(values).all():
        must, do = f"{name} of photos must hold finite numbers", "fill or drop such photos first"
        raise DataError(message(must, "some are infinite or NaN", do))
    return values


def _as_bytes(values: NDArray[Any], between: Range) -> NDArray[np.uint8]:
    if values.dtype == np.uint8 and between == BYTES:
        return values
    low, high = between
    scaled = (values.astype(np.float64) - low) * (255.0 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def digits() -> PhotoList:
    """Load 1,797 handwritten digits of 8 x 8 pixels."""
    from dataclasses import replace

    from sklearn.datasets import load_digits

    bunch = load_digits()
    found = photo_arrays(bunch.images, bunch.target.tolist(), between=DIGITS)
    return replace(found, name="digits", target="digit")
