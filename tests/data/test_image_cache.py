"""Photos are decoded once into a cache that is used while it is right, and written anew where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glassnet import storage
from glassnet.data import image_cache
from glassnet.data.image_cache import load_photos
from glassnet.data.image_schema import fit_image_schema
from glassnet.data.image_source import find_photos
from glassnet.errors import DataError, RequestError, WorkError


def test_photos_in_memory_and_in_a_file_are_the_same(tmp_path, pets):
    found = find_photos(pets)
    one = load_photos(found, (4, 6))
    other = load_photos(found, (4, 6), cache=tmp_path / "cache", workers=2)
    assert one.pixels.shape == (3, 4, 6, 3)
    assert one.pixels[:, 0, 0, 0].tolist() == [30, 10, 20]
    assert np.array_equal(one.pixels, other.pixels)
    assert (one.labels, one.names) == (other.labels, other.names)


def test_the_cache_is_used_again_until_photos_or_size_change(tmp_path, monkeypatch, pets, photo):
    found = find_photos(pets)
    decode, calls = image_cache.decoded, []
    monkeypatch.setattr(image_cache, "decoded", lambda *args: calls.append(1) or decode(*args))
    load_photos(found, 4, cache=tmp_path / "cache")
    load_photos(found, 4, cache=tmp_path / "cache")
    assert len(calls) == 3
    (pets / "dog" / "new.png").write_bytes(photo(40))
    more = load_photos(find_photos(pets), 4, cache=tmp_path / "cache")
    assert (len(more), len(calls)) == (4, 7)
    load_photos(find_photos(pets), 5, cache=tmp_path / "cache")
    assert len(calls) == 11


@pytest.mark.parametrize("place", [0, 150, -30, -20, -10, -1])
def test_a_damaged_cache_is_written_anew(tmp_path, place, pets):
    found = find_photos(pets)
    right = np.array(load_photos(found, 4, cache=tmp_path / "cache").pixels)
    data = bytearray((tmp_path / "cache").read_bytes())
    data[place] ^= 1
    (tmp_path / "cache").write_bytes(data)
    assert np.array_equal(load_photos(found, 4, cache=tmp_path / "cache").pixels, right)
    (tmp_path / "cache").write_bytes(data[:-7])
    assert np.array_equal(load_photos(found, 4, cache=tmp_path / "cache").pixels, right)


def test_a_cache_whose_description_was_changed_is_written_anew(pets, tmp_path):
    right = load_photos(find_photos(pets), 4, cache=tmp_path / "cache")
    data = (tmp_path / "cache").read_bytes()
    assert b'"kept": [0, 1, 2]' in data
    (tmp_path / "cache").write_bytes(data.replace(b'"kept": [0, 1, 2]', b'"kept": [0, 1, 1]'))
    assert load_photos(find_photos(pets), 4, cache=tmp_path / "cache").names == right.names


def test_a_cache_of_photos_that_were_made_to_fit_in_another_way_is_written_anew(pets, tmp_path):
    for fit in ("crop", "pad"):
        found = load_photos(find_photos(pets), 12, fit=fit, cache=tmp_path / "cache")
        assert (found.pixels[0, 0, 0, 0] == 0) == (fit == "pad")


def test_broken_photos_are_left_out_and_listed_or_with_strict_refused(tmp_path, pets, photo):
    path = pets
    (path / "dog" / "empty.jpg").write_bytes(b"")
    (path / "dog" / "text.jpg").write_bytes(b"no photo at all")
    (path / "dog" / "cut.png").write_bytes(photo(7, (50, 50))[:90])
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        found = load_photos(find_photos(path), 4, cache=cache)
        assert found.names == ("dog/c d.png", "猫/a.png", "猫/nested/b.png")
        assert [each.name for each in found.problems] == ["dog/cut.png", "dog/empty.jpg", "dog/text.jpg"]
    with pytest.raises(DataError, match="3 cannot be used"):
        load_photos(find_photos(path), 4, strict=True)


def test_a_schema_normalises_each_channel(pets, photo):
    photos = load_photos(find_photos(pets), 4)
    schema = fit_image_schema(photos)
    batch = schema.tensors(photos.pixels)
    assert (schema.classes, batch.shape, batch.dtype) == (("dog", "猫"), (3, 3, 4, 4), np.float32)
    assert np.allclose(batch.mean((0, 2, 3)), 0, atol=1e-6)
    assert np.allclose(batch.std((0, 2, 3)), 1, atol=1e-6)
    assert schema.targets(photos.labels).tolist() == [0, 1, 1]
    with pytest.raises(DataError, match="each photo must be of a class that training had, however: 'dgo'"):
        schema.targets(["dgo"])


def test_interrupted_decoding_leaves_the_old_cache_and_nothing_else(pets, tmp_path, monkeypatch):
    (tmp_path / "run").mkdir()
    cache = tmp_path / "run" / "cache"
    load_photos(find_photos(pets), 4, cache=cache)
    before = cache.read_bytes()

    def stop(done, count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_photos(find_photos(pets), 5, cache=cache, told=stop)
    assert [each.name for each in (tmp_path / "run").iterdir()] == ["cache"]
    assert cache.read_bytes() == before


def test_a_cache_that_cannot_be_written_is_named(pets, tmp_path):
    with pytest.raises(RequestError, match=r"nowhere/cache must be a file in a folder that exists"):
        load_photos(find_photos(pets), 4, cache=tmp_path / "nowhere" / "cache")


def test_a_full_disk_is_named(pets, tmp_path, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "_created", full)
    with pytest.raises(WorkError, match="must be written, however: No space left on device; make room"):
        load_photos(find_photos(pets), 4, cache=tmp_path / "cache")


def test_photos_that_are_all_broken_are_an_error_with_the_list(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_bytes(b"x")
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        with pytest.raises(DataError, match="1 x it is no photo in a format that can be read"):
            load_photos(find_photos(tmp_path / "a"), 4, cache=cache)


def test_progress_is_told_in_order_up_to_the_last_photo(pets, monkeypatch):
    monkeypatch.setattr(image_cache, "MOST_TOGETHER", 1)
    seen = []
    load_photos(find_photos(pets), 4, workers=2, told=lambda *each: seen.append(each))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_labels_come_from_the_list_and_not_from_the_cache(pets, tmp_path):
    load_photos(find_photos(pets), 4, cache=tmp_path / "cache")
    again = replace(find_photos(pets), labels=("x", "y", "z"))
    assert load_photos(again, 4, cache=tmp_path / "cache").labels == ("x", "y", "z")


def test_the_pixels_of_a_schema_come_back(pets):
    photos = load_photos(find_photos(pets), 4)
    schema = fit_image_schema(photos)
    assert np.array_equal(schema.pixels(schema.tensors(photos.pixels)), photos.pixels)


def test_a_schema_is_fitted_to_the_rows_of_training_alone(pets):
    photos = load_photos(find_photos(pets), 4)
    schema = fit_image_schema(photos, np.array([0]))
    assert schema.mean == pytest.approx((30 / 255,) * 3)
    assert schema.std == (1.0, 1.0, 1.0)
    assert schema.classes == ("dog", "猫")
