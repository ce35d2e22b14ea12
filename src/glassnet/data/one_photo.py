"""One photo in its own shape: from a file, an array, or one of the two that come with scikit-learn."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.data.image_decode import FORMATS, decoded
from glassnet.errors import DataError, message

BUNDLED = ("china", "flower")
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)


def one_photo(source: object, longest: int) -> NDArray[np.uint8]:
    """Return a photo, scaled so that its longest side has so many pixels.

    Args:
        source: a file, "china" or "flower", or an array (height, width, 3) or (height, width) of bytes.

    Returns:
        Shape (height, width, 3).

    Raises:
        DataError: it is none of these, or cannot be decoded.
    """
    named = isinstance(source, str | Path)
    content = _content(str(source)) if named else _as_png(np.asarray(source))
    height, width = _size(content)
    share = longest / max(height, width)
    high, wide = max(1, round(height * share)), max(1, round(width * share))
    return decoded(content, high, wide, "stretch")


def _content(name: str) -> bytes:
    if name in BUNDLED:
        from sklearn.datasets import load_sample_image

        return _as_png(load_sample_image(f"{name}.jpg"))
    try:
        return Path(name).read_bytes()
    except OSError as error:
        must, do = "a photo must be a file that can be read", f"name a file, or {' or '.join(BUNDLED)}"
        raise DataError(message(must, f"{name}: {error.strerror or error}", do)) from None


def _as_png(values: NDArray[Any]) -> bytes:
    from PIL import Image

    if values.dtype != np.uint8 or values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] != 3):
        must = "a photo in memory must be bytes, (height, width, 3) or (height, width)"
        raise DataError(message(must, f"it is {values.dtype} {values.shape}", "convert it first"))
    data = io.BytesIO()
    Image.fromarray(values).save(data, "PNG", compress_level=1)
    return data.getvalue()


def _size(content: bytes) -> tuple[int, int]:
    """Return height and width as the photo is meant to be looked at, without decoding it."""
    from PIL import Image

    Image.init()
    try:
        with Image.open(
            io.BytesIO(content), formats=[each for each in FORMATS if each in Image.OPEN]
        ) as image:
            width, height = image.size
            turned = image.getexif().get(_ORIENTATION) in _LYING
    except Exception as error:  # Pillow raises nearly anything about damaged files
        must, found = "a photo must be one that can be decoded", str(error) or type(error).__name__
        raise DataError(message(must, found, "save it as JPEG or PNG")) from None
    return (width, height) if turned else (height, width)
