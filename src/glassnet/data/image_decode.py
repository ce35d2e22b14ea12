"""One photo: from the bytes of its file to rows of pixels of the wanted size."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Literal

import numpy as np

from glassnet.errors import DataError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image as Pillow

    Pixels = NDArray[np.uint8]

Fit = Literal["crop", "pad", "stretch"]
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")
"""Formats that are read. Pillow knows more, one of which runs another program (EPS)."""
MOST_BYTES = 100 << 20
"""A photo's file may have so many bytes."""
MOST_MEMORY = 512 << 20
"""Decoding a photo may take about so many bytes."""
LARGE = 64 << 20
"""Photos that take more than this to decode are decoded one after the other."""
_ONE_LARGE = threading.Lock()
_TURNS = {2: 0, 3: 2, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""What the EXIF orientation asks for, as members of Pillow's Transpose."""
_SWAPPED = (5, 6, 7, 8)
_ORIENTATION = 0x0112


def decoded(content: bytes, height: int, width: int, fit: Fit = "crop", channels: int = 3) -> Pixels:
    """Decode a photo: turned as its EXIF says, see-through parts on white, 16 bits to 8, the first frame.

    Args:
        content: the bytes of its file.
        height: rows of the result.
        width: columns of the result.
        fit: a photo of another shape is cropped in its middle, padded with black, or stretched.
        channels: 3 for red, green and blue, 1 for grey.

    Returns:
        Shape (height, width, channels), uint8.

    Raises:
        DataError: it is no photo that can be read, or too large.
    """
    if len(content) > MOST_BYTES:
        raise _refused(f"{len(content):,} bytes", f"make it smaller than {MOST_BYTES:,} bytes")
    if not content:
        raise _refused("it is empty", "copy it again")
    try:
        return _decoded(content, height, width, fit, channels)
    except DataError:
        raise
    except Exception as error:  # Pillow raises nearly anything about damaged files
        raise _refused(*_reason(content, error)) from None


def _decoded(content: bytes, height: int, width: int, fit: Fit, channels: int) -> Pixels:
    from PIL import Image

    Image.init()
    with Image.open(io.BytesIO(content), formats=[each for each in FORMATS if each in Image.OPEN]) as image:
        orientation = image.getexif().get(_ORIENTATION)
        high, wide = (width, height) if orientation in _SWAPPED else (height, width)
        pixels = image.width * image.height
        _draft(image, high, wide, fit)
        need = _memory(image, pixels)
        if need > MOST_MEMORY:
            size = f"{image.width:,} x {image.height:,} pixels, which take {need >> 20:,} MB to decode"
            raise _refused(size, "make it smaller")
        if need > LARGE:
            with _ONE_LARGE:
                small = _sized(image, high, wide, fit)
        else:
            small = _sized(image, high, wide, fit)
    if orientation in _TURNS:
        small = small.transpose(Image.Transpose(_TURNS[orientation]))
    return np.asarray(_on_white(small, channels)).reshape(height, width, channels)


def _draft(image: Pillow.Image, height: int, width: int, fit: Fit) -> None:
    """Let a JPEG be decoded at a half, a quarter or an eighth where that is still large enough."""
    wide, high = image.size
    share = (max if fit == "crop" else min)(width / wide, height / high)
    if fit == "stretch":
        share = max(width / wide, height / high)
    image.draft(None, (max(1, int(wide * share)), max(1, int(high * share))))


def _memory(image: Pillow.Image, pixels: int) -> int:
    """Estimate the bytes that decoding takes: 4 a pixel, and 6 for one of a JPEG in several scans.

    Args:
        image: as it will be decoded.
        pixels: in the file.
    """
    several = image.format in ("JPEG", "MPO") and image.info.get("progressive")
    return image.width * image.height * 4 + (pixels * 6 if several else 0)


def _sized(image: Pillow.Image, height: int, width: int, fit: Fit) -> Pillow.Image:
    from PIL import Image, ImageOps

    image = _plain(image)
    method = Image.Resampling.BICUBIC
    if fit == "stretch":
        return image.resize((width, height), method, reducing_gap=2.0)
    if fit == "pad":
        return ImageOps.pad(image, (width, height), method)
    return ImageOps.fit(image, (width, height), method)


def _plain(image: Pillow.Image) -> Pillow.Image:
    """Turn any of Pillow's modes into grey, colour, or one of the two with transparency, 8 bits each."""
    from PIL import Image

    image.load()
    if image.mode.startswith("I;16"):
        grey = np.asarray(image).astype(np.uint16) >> 8
        return Image.fromarray(grey.astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_to_bytes(np.asarray(image)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _to_bytes(values: NDArray[np.int32] | NDArray[np.float32]) -> Pixels:
    """Bring numbers of any range to 0 to 255; what is no number becomes the lowest."""
    wide = np.nan_to_num(values.astype(np.float64), nan=np.nan, posinf=np.nan, neginf=np.nan)
    low, high = np.nanmin(wide), np.nanmax(wide)
    scaled = (wide - low) * (255.0 / (high - low) if high > low else 0.0)
    return np.nan_to_num(scaled, nan=0.0).round().astype(np.uint8)


def _on_white(image: Pillow.Image, channels: int) -> Pillow.Image:
    from PIL import Image

    if image.mode in ("RGBA", "LA"):
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("L" if channels == 1 else "RGB")


def _reason(content: bytes, error: Exception) -> tuple[str, str]:
    """Say what is wrong with a file that could not be decoded, and what to do."""
    if type(error).__name__ == "UnidentifiedImageError":
        return "it is no photo in a format that can be read", "save it as JPEG or PNG, or take it out"
    if "truncated" in str(error).lower():
        return "it is cut off before its end", "copy or download it again"
    return "it is damaged", "copy or download it again"


def _refused(found: str, do: str) -> DataError:
    return DataError(message("a photo must be one that can be decoded", found, do))
