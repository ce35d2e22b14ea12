"""Five hundred hostile files: no crash, bounded memory, one readable list (C41)."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glassnet.data import image_decode
from glassnet.data.image_cache import load_photos
from glassnet.data.image_problems import told
from glassnet.data.image_source import find_photos
from glassnet.errors import DataError

COUNT = 500


def picture(draw: random.Random, kind: str, mode: str = "RGB", **options: object) -> bytes:
    width, height = draw.randint(1, 70), draw.randint(1, 70)
    noise = np.frombuffer(draw.randbytes(width * height * 4), np.uint8).reshape(height, width, 4)
    image = Image.fromarray(noise).convert(mode) if mode != "I;16" else _grey16(noise)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _grey16(noise: np.ndarray) -> Image.Image:
    return Image.fromarray(noise[:, :, 0].astype(np.uint16) * 257)


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that says it is large and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def huge(kind: str) -> bytes:
    """Return a photo of 60 million pixels of one colour, which few bytes hold."""
    file = io.BytesIO()
    Image.new("L", (10_000, 6_000)).save(file, kind)
    return file.getvalue()


def good(draw: random.Random) -> Iterator[bytes]:
    """Give odd photos that can be read."""
    exif = Image.Exif()
    while True:
        exif[0x0112] = draw.randint(0, 9)
        yield picture(draw, "JPEG", exif=exif)
        yield picture(draw, "JPEG", "CMYK")
        yield picture(draw, "JPEG", "L", progressive=True)
        yield picture(draw, "PNG", "P", transparency=3)
        yield picture(draw, "PNG", "LA")
        yield picture(draw, "PNG", "I;16")
        yield picture(draw, "TIFF", "I;16")
        yield picture(draw, "TIFF", "F")
        yield picture(draw, "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9))] * 3)
        yield picture(draw, "WEBP", "RGBA")
        yield picture(draw, "BMP", "1")
        yield picture(draw, "PPM")


def bad(draw: random.Random) -> Iterator[bytes]:
    """Give files that are no photos, or no longer."""
    while True:
        whole = picture(draw, draw.choice(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]))
        yield whole[: draw.randint(1, max(1, len(whole) // 3))]
        yield b""
        yield bytes(300)
        yield draw.randbytes(300)
        yield b"%PDF-1.7 ..."
        yield b"<!DOCTYPE html><html>404</html>"
        yield png_header(60_000, 60_000)
        yield png_header(2**31 - 1, 1)
        yield b"GIF89a" + b"\xff" * 40
        yield b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"
        yield b"RIFF\xff\xff\xff\x7fWEBPVP8X" + draw.randbytes(60)
        yield b"II*\0\x08\0\0\0\xff\xff" + draw.randbytes(200)


def damaged(draw: random.Random) -> Iterator[bytes]:
    """Give photos with some bytes changed: some can still be read."""
    while True:
        data = bytearray(picture(draw, draw.choice(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])))
        for _ in range(draw.randint(1, 20)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        yield bytes(data)


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Make the folder; every third file is of each kind, all of them called .jpg."""
    draw, path = random.Random(0), tmp_path / "hostile"
    makers = [good(draw), bad(draw), damaged(draw)]
    for number in range(COUNT - 6):
        file = path / f"class {number % 7}" / f"{number:03}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(next(makers[number % 3]))
    odd = path / "class 0"
    (odd / "circle.jpg").symlink_to("circle.jpg")
    (odd / "nowhere.jpg").symlink_to("missing.jpg")
    (odd / "up").symlink_to("..", target_is_directory=True)
    os.mkfifo(odd / "pipe.jpg")
    (odd / "\u202egpj.\n‮名.jpg").write_bytes(b"no photo")
    (odd / "huge.png").write_bytes(huge("PNG"))
    return path


def peak_memory() -> int:
    """Return the most bytes that the process has ever had, 0 where it cannot be asked."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_a_folder_of_500_hostile_files_gives_photos_and_one_readable_list_C41(hostile, tmp_path, capfd):
    before, steps = peak_memory(), []
    found = find_photos(hostile)
    photos = load_photos(
        found, 32, cache=tmp_path / "cache", workers=2, told=lambda done, of: steps.append((done, of))
    )
    assert peak_memory() - before < 300 << 20
    assert len(photos) + len(photos.problems) == COUNT
    assert {name for name in found.names if int_or(name) % 3 == 0} <= set(photos.names)
    assert not {name for name in found.names if int_or(name) % 3 == 1} & set(photos.names)
    assert "class 0/huge.png" in photos.names
    assert steps[-1] == (len(found), len(found))
    listed = told(photos.problems)
    assert 8 <= len(listed.splitlines()) <= 20
    assert max(map(len, listed.splitlines())) < 200
    whole = told(photos.problems, named=COUNT)
    assert all(line.isprintable() for line in whole.splitlines())
    assert len(whole.splitlines()) == len(listed.splitlines())
    assert r"class 0/\u202egpj.\n" in whole
    assert capfd.readouterr() == ("", "")


def int_or(name: str) -> int:
    """Return the number that a name holds; -1, which is of no kind, where it holds none."""
    stem = Path(name).stem
    return int(stem) if stem.isdigit() else 2


def test_a_photo_that_takes_too_much_memory_is_refused_before_it_is_decoded(monkeypatch):
    content = huge("PNG")
    monkeypatch.setattr(image_decode, "MOST_MEMORY", 50 << 20)
    with pytest.raises(DataError, match="decoding it takes 57 MB, more than 50; make it smaller"):
        image_decode.decoded(content, 8, 8)
    assert image_decode.decoded(huge("JPEG"), 8, 8).shape == (8, 8, 3)


def test_large_photos_are_decoded_one_after_the_other(monkeypatch):
    upright, alone = image_decode._upright, []
    lock = image_decode._ONE_LARGE

    def watched(*args):
        alone.append(lock.locked())
        return upright(*args)

    monkeypatch.setattr(image_decode, "_upright", watched)
    draw = random.Random(0)
    image_decode.decoded(picture(draw, "PNG"), 8, 8)
    monkeypatch.setattr(image_decode, "LARGE", 0)
    image_decode.decoded(picture(draw, "PNG"), 8, 8)
    assert (alone, lock.locked()) == ([False, True], False)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    (tmp_path / "a").mkdir()
    with (tmp_path / "a" / "film.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match="it has more than 100 MB"):
        find_photos(tmp_path).read(0)
