"""Photos on both sides of a split are found: the same, saved again, made smaller, mirrored."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_digits

from glassnet.data import image_copies
from glassnet.data.image_cache import Photos
from glassnet.data.image_copies import Twin, duplicates_between, told_duplicates
from glassnet.data.image_decode import decoded

CHANGES = {
    "saved again": lambda image: image,
    "smaller": lambda image: image.resize((50, 50)),
    "other light": lambda image: ImageEnhance.Brightness(image).enhance(0.8),
    "grey": lambda image: image.convert("L"),
}


def scenes(count: int, seed: int = 0) -> np.ndarray:
    """Return made-up photos of soft shapes, shape (count, 64, 64, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (count, 9, 9, 3), np.uint8)
    return np.stack([np.asarray(Image.fromarray(each).resize((64, 64))) for each in coarse])


def photos_of(pixels: np.ndarray, labels: str) -> Photos:
    return Photos(pixels, tuple(labels), tuple(f"{row}.jpg" for row in range(len(pixels))))


@pytest.fixture
def rows():
    return np.arange(0, 20), np.arange(20, 23)


@pytest.mark.parametrize("change", CHANGES)
def test_a_photo_that_was_changed_a_little_is_found(change, rows):
    whole = scenes(23)
    file = io.BytesIO()
    CHANGES[change](Image.fromarray(whole[4])).save(file, "JPEG", quality=50)
    whole[21] = decoded(file.getvalue(), 64, 64)
    assert duplicates_between(photos_of(whole, "a" * 23), *rows) == (Twin(21, 4, "near"),)


def test_the_same_and_mirrored_photos_are_told_apart_and_other_ones_are_left(rows):
    whole = scenes(23)
    whole[20], whole[22] = whole[7], whole[9, :, ::-1]
    photos = photos_of(whole, "a" * 20 + "bac")
    twins = duplicates_between(photos, *rows)
    assert twins == (Twin(20, 7, "same"), Twin(22, 9, "mirrored"))
    assert told_duplicates(photos, twins, 3) == (
        "2 of 3 test photos stand in training too (1 the same, 1 mirrored): 20.jpg and 7.jpg, "
        "22.jpg and 9.jpg; 2 of them have another class there"
    )


def test_different_and_flat_photos_are_no_twins(rows):
    whole = scenes(23)
    whole[3], whole[21] = 100, 101
    whole[4] = 100 + 2 * (np.arange(64) < 32)[:, None]
    whole[22] = whole[4] + 40
    photos = photos_of(whole, "a" * 23)
    assert duplicates_between(photos, *rows) == ()
    assert told_duplicates(photos, (), 3) is None


def test_photos_of_a_few_pixels_are_compared_as_they_are(rows):
    whole = scenes(23)[:, :4, :4]
    whole[22] = whole[0]
    assert duplicates_between(photos_of(whole, "a" * 23), *rows) == (Twin(22, 0, "same"),)


def test_among_photos_that_are_alike_by_nature_only_a_copy_is_one(monkeypatch):
    whole = (0.88 * scenes(1) + 0.12 * scenes(80, seed=1)).astype(np.uint8)
    whole[79] = whole[30] // 2
    photos = photos_of(whole, "a" * 80)
    monkeypatch.setattr(image_copies, "MOST_TOGETHER", 100)
    assert duplicates_between(photos, np.arange(70), np.arange(70, 80)) == (Twin(79, 30, "near"),)
    monkeypatch.setattr(image_copies, "STANDS_OUT", 0.0)
    assert len(duplicates_between(photos, np.arange(70), np.arange(70, 80))) == 10


def test_digits_are_alike_by_nature_and_only_the_same_are_copies():
    digits = load_digits().images.astype(np.uint8)[:, :, :, None]
    digits[1700] = digits[5]
    photos = photos_of(digits, "a" * len(digits))
    assert duplicates_between(photos, np.arange(1600), np.arange(1600, 1797)) == (Twin(1700, 5, "same"),)


def test_twins_in_real_photos_are_few_and_look_alike(local_data):
    from glassnet.data.image_cache import load_photos
    from glassnet.data.image_source import find_photos

    photos = load_photos(find_photos(local_data("flowers/train")), 64, workers=2)
    order = np.random.default_rng(0).permutation(len(photos))
    twins = duplicates_between(photos, order[700:], order[:700])
    assert 1 <= len(twins) <= 20
