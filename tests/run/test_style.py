"""``gn.style``: losses fall, sizes follow each other, runs go on, and it says what its features are (C45)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import glassnet as gn
from glassnet.errors import DataError, RecipeError

QUICK = {"size": 48, "steps": 20, "threads": 1}


def test_the_style_comes_near_and_the_content_stays_C45():
    found = gn.style("china", "flower", **QUICK)
    assert found.image.shape == (32, 48, 3)
    assert found.image.dtype == np.uint8
    assert found.losses["style"] < found.before["style"] / 2
    assert found.losses["content"] < 1
    assert found.features == "random"
    assert "random weights" in found.notes[0]
    assert "vgg19-dcbb9e9d.pth" in found.notes[0]
    found.save("styled.png")
    with Image.open("styled.png") as image:
        assert np.array_equal(np.asarray(image), found.image)


def test_weights_decide_between_content_and_style_C45():
    much = gn.style("china", "flower", **QUICK, style_weight=100)
    little = gn.style("china", "flower", **QUICK, style_weight=0.1)
    assert much.losses["style"] < little.losses["style"]
    assert much.losses["content"] > little.losses["content"]
    smooth = gn.style("china", "flower", **QUICK, variation_weight=100)
    assert smooth.losses["variation"] < much.losses["variation"]


def test_small_sizes_come_first_and_each_begins_where_the_last_ended():
    found = gn.style("china", "flower", size=64, preview="32,48", steps=10, threads=1, out="run")
    assert found.steps == {"32": 10, "48": 10, "64": 10}
    assert {each.name for each in Path("run/checkpoints").iterdir()} == {
        *("size-32.ckpt", "size-48.ckpt", "size-64.ckpt")
    }
    alone = gn.style("china", "flower", size=64, preview=[], steps=10, threads=1)
    assert found.before["style"] < alone.before["style"]
    with Image.open("run/styled.png") as image:
        assert image.size == (64, 43)
    assert json.loads(Path("run/result.json").read_text())["losses"] == found.losses


def test_a_run_that_goes_on_ends_with_the_same_picture(monkeypatch):
    options = {"size": 48, "preview": [32], "steps": 20, "threads": 1, "start": "noise"}
    whole = gn.style("china", "flower", **options)
    asked = iter([False] * 27 + [True] * 99)
    with monkeypatch.context() as patched:
        patched.setattr(
            "glassnet.run.signals.Interrupts.requested",
            property(lambda self: next(asked), lambda self, value: None),
        )
        stopped = gn.style("china", "flower", **options, out="run")
    assert stopped.history.stopped == "interrupted"
    assert np.array_equal(gn.style(resume="run").image, whole.image)


def test_photos_in_memory_are_passed_in_again_and_must_be_the_same():
    chance = np.random.default_rng(0)
    photos = chance.integers(0, 256, (2, 40, 40, 3)).astype(np.uint8)
    gn.style(*photos, size=40, steps=10, threads=1, out="run")
    assert gn.style(*photos, resume="run").image.shape == (40, 40, 3)
    with pytest.raises(RecipeError, match="goes on only with the photos that it began with"):
        gn.style(*photos[::-1], resume="run")
    with pytest.raises(RecipeError, match="needs two photos"):
        gn.style(resume="run")


@pytest.fixture
def small_vgg(monkeypatch, tmp_path):
    """Write the weights of a narrow VGG11 under torchvision's names."""
    monkeypatch.setattr("glassnet.nets.vgg.WIDTHS", (4, 4, 6, 6, 8))
    from glassnet.nets.vgg import VGG

    torch.manual_seed(0)
    torch.save(VGG("vgg11", classes=3).state_dict(), tmp_path / "vgg.pth")
    return tmp_path / "vgg.pth"


def test_weights_of_a_vgg_come_from_a_file(small_vgg):
    layers = {"content_layers": "relu3_2", "style_layers": "relu1_1,relu2_1"}
    found = gn.style("china", "flower", **QUICK, weights=small_vgg, **layers)
    assert found.features == "vgg11"
    assert found.notes == ()
    with pytest.raises(
        RecipeError, match=r"must be one of the feature net, however: 'relu9_1'; did you mean"
    ):
        gn.style("china", "flower", **QUICK, weights=small_vgg, style_layers=["relu9_1"])


def test_missing_weights_are_an_error_only_where_they_were_asked_for(monkeypatch, tmp_path):
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    with pytest.raises(DataError, match=r"there is no file"):
        gn.style("china", "flower", **QUICK, weights="mine.pth")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"preview": [64, 32]}, "preview sizes must grow"),
        ({"preview": [48]}, "preview sizes must grow"),
        ({"start": "zero"}, "start must be right"),
        ({"style_weight": -1}, "style_weight must be right"),
    ],
)
def test_wrong_requests_are_refused(options, found):
    with pytest.raises(RecipeError, match=found):
        gn.style("china", "flower", **{**QUICK, **options})
