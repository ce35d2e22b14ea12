"""A model of photos: what it takes, how it answers, what it says of itself."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetWarning
from glassnet.run.image_scoring import temperature_of

WISHES = {"task": "image", "net": "photo:16-32:1", "threads": 1, "precision": "float32", "device": "cpu"}


@pytest.fixture(scope="module")
def photos(stripes_folder, tmp_path_factory):
    return stripes_folder(tmp_path_factory.mktemp("data") / "stripes", 120)


@pytest.fixture(scope="module")
def model(photos):
    return gn.train(photos, epochs=6, batch_size=24, **WISHES)


def test_a_path_bytes_a_list_an_array_and_a_folder_get_the_same_answers(model, photos, stripes):
    path = sorted((photos / "across").glob("*.png"))[0]
    number = int(path.stem)
    pixels = stripes(120)[0]
    alone = model.predict_proba(path)
    assert alone.shape == (1, 2)
    for same in (str(path), path.read_bytes(), [path], [path.read_bytes()], pixels[number][None]):
        assert model.predict_proba(same) == pytest.approx(alone, abs=1e-6)
    names = model.photos(photos).names
    assert model.predict_proba(photos)[names.index(f"across/{path.name}")] == pytest.approx(
        alone[0], abs=1e-5
    )


def test_answers_are_classes_and_their_probabilities(model, photos):
    chances = model.predict_proba(photos)
    assert chances.sum(axis=1) == pytest.approx(np.ones(120))
    told = np.array(model.task.classes, dtype=object)[chances.argmax(axis=1)]
    assert (model.predict(photos) == told).all()


def test_mirrored_photos_get_the_same_answer_where_flips_are_averaged(photos, stripes):
    model = gn.train(photos, epochs=1, augment="flip", **WISHES)
    pixels = stripes(10)[0]
    assert model.plan.flips
    assert model.predict_proba(pixels) == pytest.approx(model.predict_proba(pixels[:, :, ::-1]), abs=1e-6)


def test_a_photo_of_a_list_that_cannot_be_read_is_an_error_and_one_of_a_folder_is_left_out(
    model, stripes_folder, tmp_path
):
    folder = stripes_folder(tmp_path / "photos", 4)
    bad = folder / "across" / "bad.png"
    bad.write_bytes(b"no photo")
    with pytest.raises(gn.DataError, match="no photo in a format"):
        model.predict([bad, *folder.rglob("0.png")])
    with pytest.warns(GlassnetWarning, match="1 photo is left out"):
        assert len(model.predict(folder)) == 4


def test_it_is_judged_beside_its_baselines_on_new_photos(model, stripes):
    results = model.evaluate(stripes(60, seed=1))
    assert results.rows == {"test": 60}
    assert set(results.baselines) == {"majority", "thumbnails"}
    assert results.metrics["test"]["accuracy"] > results.baselines["thumbnails"]["test"]["accuracy"]
    low, high = results.intervals["test"]["accuracy"]
    assert low <= results.metrics["test"]["accuracy"] <= high


def test_labels_that_training_never_saw_are_named(model, stripes):
    photos, labels = stripes(4)
    with pytest.raises(gn.DataError, match="did you mean 'across'"):
        model.evaluate((photos, ["acros", *labels[1:]]))
    with pytest.raises(gn.DataError, match="a class for each photo"):
        model.evaluate(photos)


def test_it_says_what_it_is(model):
    facts = dict(model.facts())
    assert facts["classes"] == "across, upright"
    assert facts["inputs"] == "photos of 12 x 12 pixels, grey, crop"
    assert facts["net"].startswith("photo:16-32:1, ")
    assert "thumbnails" in facts["test"]
    assert repr(model).startswith("ImageModel\n")


def test_arrays_of_another_range_are_seen_as_those_of_training(stripes):
    photos, labels = stripes(60)
    model = gn.train((photos / 255.0, labels), epochs=1, **WISHES)
    assert model.schema.between == pytest.approx((0.0, photos.max() / 255))
    assert model.predict_proba(photos[:3] / 255.0).shape == (3, 2)


def test_whole_numbers_stay_whole_numbers(stripes):
    photos, labels = stripes(60)
    model = gn.train((photos, [10 if each == "across" else 9 for each in labels]), epochs=1, **WISHES)
    assert model.task.classes == ("9", "10")
    assert model.predict(photos).dtype == np.int64


def test_a_net_is_made_as_sure_as_it_is_right():
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 2, 400)
    right = draw.random(400) < 0.8
    answered = np.where(right, truth, 1 - truth)
    chances = np.full((400, 2), 0.001)
    chances[np.arange(400), answered] = 0.999
    warm = temperature_of(chances, truth)
    scaled = chances ** (1 / warm)
    scaled /= scaled.sum(axis=1, keepdims=True)
    assert scaled.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.02)
    assert temperature_of(chances[:20], truth[:20]) == 1.0


def test_one_that_errs_nowhere_does_not_become_sure_of_everything():
    truth = np.arange(100) % 2
    chances = np.where(truth[:, None] == np.arange(2), 0.9, 0.1)
    scaled = chances ** (1 / temperature_of(chances, truth))
    sure = (scaled / scaled.sum(axis=1, keepdims=True)).max()
    assert 0.98 < sure < 0.999


def test_nothing_is_warned_of_where_nothing_is_wrong(photos):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gn.train(photos, epochs=1, **WISHES)
