"""Pictures without a task: what they may come as, and what is said of those that cannot be used."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from glassnet.data.one_photo import one_photo
from glassnet.data.pictures import pictures_of
from glassnet.errors import DataError


def test_the_digits_are_there_with_their_classes_and_span():
    found = pictures_of("digits")
    assert found.values.shape == (1797, 8, 8, 1)
    assert found.flat
    assert found.span == (0.0, 16.0)
    assert found.classes == tuple("0123456789")


@pytest.mark.parametrize("name", ["p.npy", "p.npz"])
def test_files_of_arrays_are_the_arrays(name):
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3)).astype(np.uint8)
    if name == "p.npy":
        np.save(name, images)
    else:
        np.savez(name, images=images, labels=np.array(list("abcabc")))
    found = pictures_of(name)
    assert np.array_equal(found.values, images)
    assert found.span == (0.0, 255.0)
    assert found.sha256 == pictures_of(images, None if name == "p.npy" else list("abcabc")).sha256
    if name == "p.npz":
        assert found.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_photos_in_folders_have_the_classes_of_the_folders(tmp_path):
    for number, name in enumerate(["cat", "cat", "dog"]):
        (tmp_path / "pets" / name).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 30), (90 * number, 0, 0)).save(tmp_path / "pets" / name / f"{number}.png")
    (tmp_path / "pets" / "dog" / "bad.png").write_bytes(b"no photo")
    found = pictures_of(str(tmp_path / "pets"), size=8, grey=False)
    assert found.values.shape == (3, 8, 8, 3)
    assert found.classes == ("cat", "dog")
    assert len(found.problems) == 1
    assert "bad.png" in found.problems[0]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (np.zeros((3, 4, 4, 5)), r"the shape is \(3, 4, 4, 5\); move the channels to the end"),
        (np.zeros(7), r"the shape is \(7,\)"),
        (np.zeros((0, 4, 4)), "the shape is"),
        (np.array([["a"]]), "they are <U1"),
        (np.full((2, 3, 3), np.nan), "18 are not"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(data, found):
    with pytest.raises(DataError, match=found):
        pictures_of(data)


def test_labels_must_be_as_many_as_pictures():
    with pytest.raises(DataError, match=r"one label for each picture.*labels \(2,\) for \(3, 4, 4\)"):
        pictures_of(np.zeros((3, 4, 4)), [0, 1])


def test_size_and_grey_are_for_photos_only():
    with pytest.raises(DataError, match="size and grey are for photos, however: the data is digits"):
        pictures_of("digits", size=8)


def test_a_file_that_is_no_array_is_named():
    np.savez("other.npz", pictures=np.zeros((2, 3, 3)))
    with pytest.raises(
        DataError, match=r"other.npz must hold an array named images, however: it holds pictures"
    ):
        pictures_of("other.npz")
    np.save("objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DataError, match=r"objects.npy must be an array"):
        pictures_of("objects.npy")


def test_one_photo_keeps_its_shape_and_its_orientation():
    photo = Image.new("RGB", (40, 20), (200, 10, 10))
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save("turned.jpg", exif=exif)
    photo.save("plain.png")
    assert one_photo("plain.png", 32).shape == (16, 32, 3)
    assert one_photo("turned.jpg", 32).shape == (32, 16, 3)
    assert one_photo(np.zeros((10, 20), np.uint8), 40).shape == (20, 40, 3)
    assert one_photo("china", 64).shape == (43, 64, 3)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("none.jpg", "none.jpg: No such file"),
        (np.zeros((4, 4)), r"it is float64 \(4, 4\)"),
        ("bad.jpg", "cannot"),
    ],
)
def test_what_is_no_photo_is_refused(source, found, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8 nothing")
    with pytest.raises(DataError, match=found):
        one_photo(source, 32)
