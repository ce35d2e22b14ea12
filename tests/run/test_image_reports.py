"""The report of a run on photos: mistakes that open, classes, variation, photos that are left out."""

from __future__ import annotations

import pytest

import glassnet as gn
from glassnet.errors import GlassnetWarning

WISHES = {"task": "image", "net": "photo:16-32:1", "threads": 1, "precision": "float32", "device": "cpu"}


@pytest.fixture(scope="module")
def photos(stripes_folder, tmp_path_factory):
    folder = stripes_folder(tmp_path_factory.mktemp("data") / "stripes", 80)
    (folder / "across" / "<b>bad.png").write_bytes(b"no photo")
    return folder


@pytest.fixture(scope="module")
def folder(photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "stripes"
    with pytest.warns(GlassnetWarning, match="left out"):
        gn.train(photos, out=folder, epochs=2, test="random:0.3", **WISHES)
    return folder


def test_a_run_leaves_a_page_with_its_mistakes_and_what_was_left_out(folder):
    page = (folder / "report.html").read_text()
    for each in ("What was taken for what", "How training photos were varied", "The classes"):
        assert f">{each}</h2>" in page
    assert "&lt;b&gt;bad.png" in page
    assert "<b>bad.png" not in page
    assert "data:image/png;base64," in page
    assert 'id="cell-' in page


def test_the_photos_of_the_run_are_read_and_answered_again(folder):
    model = gn.load(folder / "model.glass")
    found = gn.report(model)
    assert found.missing == ()
    assert found.photos.confusion.counts.sum() == model.results.rows["test"] == found.judged
    assert found.photos.preview.shape[2] == 1
    assert [problem[0] for problem in found.photos.problems] == ["across/<b>bad.png"]


def test_a_page_about_other_photos_says_so(folder, stripes_folder, tmp_path):
    other = stripes_folder(tmp_path / "other", 20, seed=1)
    found = gn.report(gn.load(folder / "model.glass"), other)
    assert found.is_other_data
    assert found.results.rows == {"test": 20}
    assert found.photos.preview is None


def test_without_the_photos_a_page_says_what_is_missing(stripes):
    found = gn.report(gn.train(stripes(40), epochs=1, **WISHES))
    assert "they were in memory" in found.missing[0]
    assert found.photos.confusion is None
