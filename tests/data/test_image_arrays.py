"""Photos that are arrays already are the same photos as those in files."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data.image_arrays import digits, photo_arrays, range_of
from glassnet.data.image_cache import load_photos
from glassnet.data.image_found import Wanted, found_photos, read_names
from glassnet.data.image_rows import PixelRows
from glassnet.data.thumbnails import thumbnails
from glassnet.errors import DataError

DRAW = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 8, 12, 1), (3, 9, 7, 3)])
def test_bytes_come_back_as_they_went_in(shape):
    pixels = DRAW.integers(0, 256, shape, np.uint8)
    found = photo_arrays(pixels, ["a", "b", "a"])
    size, channels = shape[1:3], 3 if len(shape) > 3 and shape[3] == 3 else 1
    loaded = load_photos(found, size, channels=channels)
    assert (loaded.pixels == pixels.reshape(3, *size, channels)).all()
    assert loaded.labels == ("a", "b", "a")
    assert loaded.names == ("photo 1", "photo 2", "photo 3")


def test_other_numbers_are_brought_from_their_range_to_bytes():
    found = photo_arrays([[[0.0, 8.0, 16.0, 99.0, -3.0]]], between=(0.0, 16.0))
    assert load_photos(found, (1, 5), channels=1).pixels.ravel().tolist() == [0, 128, 255, 255, 0]


@pytest.mark.parametrize(
    ("values", "between"),
    [
        (np.zeros((1, 2, 2), np.uint8), (0.0, 255.0)),
        (np.full((1, 2, 2), 0.5), (0.0, 0.5)),
        (np.array([[[-1.0, 1.0]]]), (-1.0, 1.0)),
        (np.zeros((1, 2, 2)), (0.0, 1.0)),
        (np.array([["a"]]), (0.0, 255.0)),
    ],
)
def test_black_and_white_are_the_least_and_the_greatest_of_training(values, between):
    assert range_of(values) == between


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 8)), "must hold numbers of shape"),
        (np.zeros((2, 8, 8, 2)), "must hold numbers of shape"),
        (np.zeros((0, 8, 8)), "must hold numbers of shape"),
        ([np.zeros((8, 8)), np.zeros((9, 9))], "must hold numbers of shape"),
        (np.full((1, 8, 8), np.inf), "must hold finite numbers"),
    ],
)
def test_what_is_no_photo_is_refused(images, said):
    with pytest.raises(DataError, match=said):
        photo_arrays(images)


def test_each_photo_needs_one_label():
    with pytest.raises(DataError, match="2 photos and 1 labels"):
        photo_arrays(np.zeros((2, 4, 4)), ["a"])


def test_other_pixels_or_labels_are_another_source():
    pixels = DRAW.integers(0, 256, (2, 4, 4), np.uint8)
    prints = {
        photo_arrays(pixels, ["a", "b"]).fingerprint,
        photo_arrays(pixels, ["b", "a"]).fingerprint,
        photo_arrays(pixels).fingerprint,
        photo_arrays(pixels + 1).fingerprint,
        photo_arrays(pixels.reshape(2, 2, 8)).fingerprint,
    }
    assert len(prints) == 5


def test_the_bundled_digits_are_photos():
    found = digits()
    assert (len(found), found.target) == (1797, "digit")
    pixels = load_photos(found, 8, channels=1).pixels
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_wherever_photos_are_they_are_found(stripes, stripes_folder, tmp_path):
    photos, labels = stripes(6)
    folder = stripes_folder(tmp_path / "photos", 6)
    for data in (folder, str(folder), (photos, labels), "digits"):
        assert found_photos(data, Wanted()).labels is not None
    one = (folder / "across" / "0.png").read_bytes()
    for data in (photos, [*photos], one, [one, folder / "across" / "2.png"], folder / "across" / "0.png"):
        assert found_photos(data, Wanted(labelled=False)).labels is None
    with pytest.raises(DataError, match="a class for each photo"):
        found_photos(photos, Wanted())


def test_names_of_classes_are_read_or_refused(tmp_path):
    path = tmp_path / "names.json"
    path.write_text('{"1": "pink primrose", "2": "铁线莲"}', encoding="utf-8")
    assert read_names(str(path)) == {"1": "pink primrose", "2": "铁线莲"}
    assert read_names(None) == {}
    for wrong in ("[1]", '{"1": 2}', "{", '{"1": ""}'):
        path.write_text(wrong)
        with pytest.raises(DataError, match=r"names\.json must be"):
            read_names(str(path))


def test_a_thumbnail_has_the_mean_of_each_field():
    pixels = DRAW.integers(0, 256, (3, 16, 24, 3), np.uint8)
    means = pixels.reshape(3, 8, 2, 8, 3, 3).mean(axis=(2, 4)) / 255
    assert thumbnails(pixels) == pytest.approx(means.reshape(3, 192))
    assert thumbnails(pixels[:, :3, :5]).shape == (3, 192)
    assert thumbnails(pixels[:0]).shape == (0, 192)


def test_rows_of_pixels_are_read_when_they_are_asked_for():
    pixels = DRAW.integers(0, 256, (5, 2, 2, 1), np.uint8)
    some = PixelRows(pixels, np.array([4, 0, 2]))
    assert (some.shape, len(some)) == ((3, 2, 2, 1), 3)
    assert (some[1:] == pixels[[0, 2]]).all()
    assert (some[np.array([2, 0])] == pixels[[2, 4]]).all()
