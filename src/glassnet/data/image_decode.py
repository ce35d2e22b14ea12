"""One photo: from the bytes of its file to rows of pixels of the wanted size.

Whatever a file says of itself, decoding it takes bounded memory: sizes are looked at before pixels are, a
JPEG is decoded at a fraction of its size where that is enough, and large photos one after the other.
"""

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
FORMATS = ("JPEG", "MPO", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "AVIF")
"""What is read. Pillow knows more formats, one of which runs another program (EPS)."""
MOST_BYTES = 100 << 20
"""A photo's file may have so many bytes."""
MOST_MEMORY = 512 << 20
"""Decoding a photo may take about so many bytes."""
LARGE = 64 << 20
"""Photos that take more than this to decode are decoded one after the other."""
_ONE_LARGE = threading.Lock()
_BYTES = {"1": 2, "L": 1, "RGB": 4, "P": 8, "I": 8, "F": 8}
"""Bytes that a pixel takes from its file to a mode that can be made smaller, by Pillow's mode; others: 12."""
_MORE = {"WEBP": 12, "AVIF": 12, "TIFF": 4}
"""Bytes a pixel that the decoder of a format takes beside."""
SMALLER = "make it smaller"
_ORIENTATION = 0x0112
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""What an EXIF orientation asks for, as members of Pillow's Transpose."""
_SWAPPED = (5, 6, 7, 8)
_OTHERS = (
    (b"ftyphei", "it is a photo in HEIC, which cannot be read here", "save it as JPEG or PNG"),
    (b"ftypmif", "it is a photo in HEIF, which cannot be read here", "save it as JPEG or PNG"),
    (b"ftyp", "it is a film", "save one picture of it as JPEG or PNG"),
    (b"%PDF", "it is a PDF file", "save its pictures as JPEG or PNG"),
    (b"<svg", "it is a drawing in SVG, which cannot be read here", "save it as PNG"),
    (b"<html", "it is a web page, as a failed download leaves one", "download it again"),
    (b"<!doctype html", "it is a web page, as a failed download leaves one", "download it again"),
    (b"PAR1", "it is a table", "name the table itself"),
    (b"version https://git-lfs", "it only points to a file in Git LFS", "run: git lfs pull"),
)
"""What stands near the beginning of files that are often among photos."""


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
        raise too_many_bytes()
    if not content.strip(b"\0"):
        what = "it holds zeros only" if content else "it is empty"
        raise _refused(what, "copy or download it again")
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
        pixels = image.width * image.height
        _draft(image, height, width, fit)
        need = _memory(image, pixels)
        if need > MOST_MEMORY:
            raise _refused(f"decoding it takes {need >> 20:,} MB, more than {MOST_MEMORY >> 20:,}", SMALLER)
        if need > LARGE:
            with _ONE_LARGE:
                small = _upright(image, height, width, fit)
        else:
            small = _upright(image, height, width, fit)
    return np.asarray(_in_colours(small, channels)).reshape(height, width, channels)


def _draft(image: Pillow.Image, height: int, width: int, fit: Fit) -> None:
    """Let a JPEG be decoded at a half, a quarter or an eighth where that is large enough, turned too."""
    (short, long), (low, high) = sorted(image.size), sorted((height, width))
    least = min(high / long, low / short) if fit == "pad" else high / short
    image.draft(None, (max(1, int(image.width * least)), max(1, int(image.height * least))))


def _memory(image: Pillow.Image, pixels: int) -> int:
    """Estimate the bytes that decoding takes.

    Args:
        image: as it will be decoded.
        pixels: in the file: of a JPEG in several scans all are held, 6 bytes each.
    """
    each = _BYTES.get(image.mode, 12) + _MORE.get(image.format or "", 0)
    several = image.info.get("progressive") or image.info.get("progression")
    return image.width * image.height * each + (pixels * 6 if several else 0)


def _upright(image: Pillow.Image, height: int, width: int, fit: Fit) -> Pillow.Image:
    """Return the photo in its size, turned as it was taken."""
    from PIL import Image

    image.load()
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except Exception:  # damaged EXIF is no reason to lose the photo
        orientation = None
    if orientation in _SWAPPED:
        height, width = width, height
    small = _as_bytes(_sized(_plain(image), height, width, fit), image.format)
    return small.transpose(Image.Transpose(_TURNS[orientation])) if orientation in _TURNS else small


def _plain(image: Pillow.Image) -> Pillow.Image:
    """Bring any of Pillow's modes to one that can be made smaller without harm."""
    if image.mode.startswith("I;16"):
        return image.convert("I")
    if image.mode in ("I", "F"):
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _sized(image: Pillow.Image, height: int, width: int, fit: Fit) -> Pillow.Image:
    from PIL import Image, ImageOps

    if fit == "stretch":
        return image.resize((width, height), Image.Resampling.BICUBIC)
    if fit == "pad":
        return ImageOps.pad(image, (width, height), Image.Resampling.BICUBIC)
    return ImageOps.fit(image, (width, height), Image.Resampling.BICUBIC)


def _as_bytes(image: Pillow.Image, kind: str | None) -> Pillow.Image:
    """Bring grey of 16 bits to 8; grey of other kinds from its darkest to its brightest pixel to 0 to 255."""
    from PIL import Image

    if image.mode not in ("I", "F"):
        return image
    values = np.asarray(image).astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    low, high = (0.0, 65535.0) if image.mode == "I" and kind in ("PNG", "PPM") else _range(values)
    scaled = (values - low) * (255.0 / (high - low) if high > low else 0.0)
    return Image.fromarray(np.clip(np.nan_to_num(scaled), 0, 255).round().astype(np.uint8))


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)


def _in_colours(image: Pillow.Image, channels: int) -> Pillow.Image:
    from PIL import Image

    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return image.convert("L" if channels == 1 else "RGB")


def _reason(content: bytes, error: Exception) -> tuple[str, str]:
    """Say what is wrong with a file that could not be decoded, and what to do."""
    again = "copy or download it again"
    if isinstance(error, MemoryError) or type(error).__name__ == "DecompressionBombError":
        return "it has far too many pixels", SMALLER
    if type(error).__name__ == "UnidentifiedImageError":
        opening = content[:200].lower()
        for start, what, do in _OTHERS:
            if start.lower() in opening:
                return what, do
        if content.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")):
            return "it is damaged at its beginning", again
        return "it is no photo in a format that can be read", "save it as JPEG or PNG, or take it out"
    if "truncated" in str(error).lower():
        return "it is cut off before its end", again
    return "it is damaged", again


def too_many_bytes() -> DataError:
    """Return the error of a file that is too large to be a photo; it need not be read for that."""
    return _refused(f"it has more than {MOST_BYTES >> 20:,} MB", SMALLER)


def _refused(found: str, do: str) -> DataError:
    return DataError(message("a photo must be one that can be decoded", found, do))
