"""Each kind of photo becomes the pixels that a person would see; what is none is said to be none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from glassnet.data import image_decode
from glassnet.data.image_cache import load_photos
from glassnet.data.image_decode import decoded
from glassnet.data.image_source import find_photos
from glassnet.errors import DataError


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def of(values: object, kind: str = "uint8", **named: object) -> Image.Image:
    return Image.fromarray(np.array(values, kind), **named)


QUARTERS = np.zeros((40, 60, 3), np.uint8)
QUARTERS[:20, :30], QUARTERS[20:, 30:], QUARTERS[:20, 30:] = (255, 0, 0), (0, 0, 255), (0, 255, 0)


def test_a_photo_of_the_wanted_size_keeps_its_pixels():
    values = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    assert np.array_equal(decoded(saved(of(values)), 5, 7), values)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_exif_says(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(of(QUARTERS), kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
    expected = np.asarray(ImageOps.fit(upright, (20, 30), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(decoded(content, 30, 20) - expected).max() <= 12


def test_damaged_exif_does_not_lose_the_photo():
    content = saved(of(QUARTERS), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert load_photos(find_photos([content]), (4, 6)).pixels.shape == (1, 4, 6, 3)


def test_grey_photos_get_equal_colours_and_colours_become_grey():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    assert np.array_equal(decoded(saved(of(grey)), 3, 4), np.repeat(grey[:, :, None], 3, 2))
    assert decoded(saved(of([[[255, 0, 0]]])), 1, 1, channels=1).tolist() == [[[76]]]
    assert decoded(saved(of([[255, 0]]).convert("1")), 1, 2, channels=1).tolist() == [[[255], [0]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_16_bits_is_not_cut_off_at_255(kind):
    image = of([[0, 257, 65535]], "uint16")
    assert decoded(saved(image, kind), 1, 3, channels=1).ravel().tolist() == [0, 1, 255]


def test_grey_of_any_numbers_goes_from_black_to_white():
    content = saved(of([[-1.5, 0.5, 2.5, np.nan]], "float32"), "TIFF")
    assert decoded(content, 1, 4, channels=1).ravel().tolist()[:3] == [0, 128, 255]
    assert decoded(saved(of([[7.0, 7.0]], "float32"), "TIFF"), 1, 2).max() == 0


def test_cmyk_becomes_red_green_and_blue():
    content = saved(of(QUARTERS).convert("CMYK"), "JPEG", quality=100, subsampling=0)
    assert np.abs(decoded(content, 40, 60).astype(int) - QUARTERS).max() <= 12


def test_what_is_see_through_shows_white():
    clear = of([[[200, 0, 0, 255], [200, 0, 0, 0]]])
    for image in (clear, clear.convert("LA"), clear.convert("P")):
        assert decoded(saved(image), 1, 2)[0, 1].tolist() == [255, 255, 255]
    palette = of([[0, 1]]).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    found = decoded(saved(palette, transparency=1), 1, 2)
    assert found.tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_of_several_pictures_the_first_is_taken():
    frames = [of(np.full((4, 4), value)) for value in (50, 200)]
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert abs(int(decoded(content, 4, 4).mean()) - 50) <= 1, kind


@pytest.mark.parametrize(
    ("fit", "left", "middle"), [("crop", 80, 120), ("stretch", 10, 120), ("pad", 10, 120)]
)
def test_another_shape_is_cropped_padded_or_stretched(fit, left, middle):
    ramp = np.tile(np.arange(0, 240, dtype=np.uint8), (80, 1))
    found = decoded(saved(of(ramp)), 24, 24, fit, 1)[:, :, 0]
    assert abs(int(found[12, 12]) - middle) <= 10
    assert abs(int(found[12, 0]) - left) <= 10
    assert (found[0].max() == 0) == (fit == "pad")


def test_one_pixel_and_narrow_photos_are_enlarged():
    assert (decoded(saved(of([[[9, 8, 7]]])), 5, 6) == [9, 8, 7]).all()
    assert decoded(saved(of(np.full((1, 3000), 5))), 8, 8).min() == 5


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(30, 50), (50, 30)])
def test_a_large_jpeg_is_decoded_smaller_but_never_below_the_wanted_size(monkeypatch, fit, size):
    plain, seen = image_decode._plain, []
    monkeypatch.setattr(image_decode, "_plain", lambda image: seen.append(image.size) or plain(image))
    exif = Image.Exif()
    for exif[0x0112] in (1, 6):
        decoded(saved(of(np.zeros((600, 1000))), "JPEG", exif=exif), *size, fit)
        width, height = seen[-1] if exif[0x0112] == 1 else seen[-1][::-1]
        assert 60 <= min(width, height) < 600
        least = (min if fit == "pad" else max)(size[0] / height, size[1] / width)
        assert least <= 1


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "it is empty"),
        (bytes(99), "it holds zeros only"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "it is a photo in HEIC, which cannot be read here"),
        (b"\0\0\0\x18ftypisom" + bytes(20), "it is a film"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is a drawing in SVG"),
        (b"<!DOCTYPE HTML><html>", "it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "it only points to a file in Git LFS"),
        (b"plain words", "it is no photo in a format that can be read"),
        (saved(of(QUARTERS), "JPEG")[:20], "it is damaged at its beginning"),
        (saved(of(QUARTERS), "JPEG")[:-300], "it is cut off before its end"),
        (saved(of(QUARTERS), "EPS"), "it is no photo in a format that can be read"),
    ],
)
def test_what_cannot_be_decoded_is_said_with_what_to_do(content, found):
    with pytest.raises(DataError, match=f"a photo must be one that can be decoded, however: {found}.*; "):
        decoded(content, 4, 4)
