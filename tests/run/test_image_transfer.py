"""Transfer: a run begins with a net that others have trained, here with weights that the test makes."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import glassnet as gn
from glassnet.engine.transfer import features
from glassnet.nets.pretrained import PUBLISHED, architecture
from glassnet.notation import PUBLISHED as NAMES
from glassnet.randomness import torch_seeded
from glassnet.run import image_choose, image_transfer

pytestmark = pytest.mark.filterwarnings("ignore:near duplicates")  # stripes are much like each other
WISHES = {"task": "image", "threads": 1, "precision": "float32", "device": "cpu", "size": 32}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file with the keys of torchvision's resnet18 and random numbers."""
    path = tmp_path_factory.mktemp("weights") / "mine.pth"
    with torch_seeded(0, "made"):
        torch.save(architecture("resnet18", 7).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def photos(stripes_folder, tmp_path_factory):
    return stripes_folder(tmp_path_factory.mktemp("data") / "stripes", 80)


def test_the_names_of_nets_are_those_of_published_weights():
    assert tuple(PUBLISHED) == NAMES


def test_a_new_last_layer_learns_on_features_that_are_computed_once_C43(
    photos, weights, tmp_path, monkeypatch
):
    seen = []

    def counted(backbone, looked, **options):
        seen.append((len(looked), looked.mirrored))
        return features(backbone, looked, **options)

    monkeypatch.setattr(image_transfer, "features", counted)
    model = gn.train(photos, pretrained=str(weights), unfreeze=0, out=tmp_path / "run", **WISHES)
    assert (model.plan.net, model.plan.steps, model.plan.head_epochs) == ("resnet18", 0, 40)
    assert len(model.history) == 40
    rows = model.results.rows
    sides = (False, True) if model.plan.flips else (False,)
    assert seen == [(rows[part], side) for part in ("train", "validation") for side in sides]
    assert model.results.metrics["test"]["accuracy"] > 0.6
    loaded = gn.load(tmp_path / "run" / "model.glass")
    assert loaded.predict_proba(photos) == pytest.approx(model.predict_proba(photos), abs=1e-6)
    given = torch.load(weights, weights_only=True)
    assert torch.equal(loaded.net.layer3[0].conv1.weight, given["layer3.0.conv1.weight"])
    assert loaded.net.fc.weight.shape == (2, 512)


def test_then_the_whole_net_learns_lower_layers_more_slowly(photos, weights):
    before = torch.load(weights, weights_only=True)
    model = gn.train(photos, pretrained=str(weights), unfreeze=1, epochs=3, **WISHES, validation="none")
    after = model.net.state_dict()

    def change(name):
        return float((after[name] - before[name]).abs().mean() / before[name].abs().mean())

    assert 0 < change("conv1.weight") < change("layer4.1.conv2.weight")
    assert model.plan.epochs == len(model.history) == 1


def test_a_whole_net_that_got_worse_is_not_kept(photos, weights):
    worse = gn.train(photos, pretrained=str(weights), unfreeze=1, lr=30.0, **WISHES)
    frozen = gn.train(photos, pretrained=str(weights), unfreeze=0, lr=30.0, **WISHES)
    assert (worse.predict(photos) == frozen.predict(photos)).all()


def test_without_a_wish_the_whole_net_learns_only_where_that_is_quick(photos, weights, monkeypatch):
    quick = gn.train(photos, pretrained=str(weights), epochs=1, **WISHES).plan
    assert quick.steps == image_choose.UNFROZEN * quick.steps_per_epoch
    monkeypatch.setattr(image_choose, "LONGEST_UNFROZEN", 1e-3)
    assert gn.train(photos, pretrained=str(weights), epochs=1, **WISHES).plan.steps == 0


def test_a_transfer_that_was_killed_goes_on_to_the_bits_of_one_left_alone(
    photos, weights, tmp_path, monkeypatch, resumed
):
    wishes = {**WISHES, "pretrained": str(weights), "unfreeze": 2, "epochs": 4}
    gn.train(photos, out=tmp_path / "whole", **wishes)
    plan = (tmp_path / "whole" / "plan.json").read_bytes()
    monkeypatch.setattr("glassnet.run.folder.RunFolder.read_plan", lambda self: json.loads(plan))
    broken = resumed(photos, 1, **{**wishes, "kind": wishes["task"], "task": "auto"})
    assert (broken / "model.glass").read_bytes() == (tmp_path / "whole" / "model.glass").read_bytes()


def test_a_published_net_can_be_trained_from_scratch(photos):
    model = gn.train(photos, net="resnet18", epochs=1, batch_size=40, **WISHES)
    assert model.plan.pretrained is None
    assert model.schema.images.channels == 3


def test_what_does_not_go_together_is_refused(photos, weights, monkeypatch, tmp_path):
    monkeypatch.setenv("GLASSNET_DATA", str(tmp_path))
    monkeypatch.setattr("glassnet.nets.pretrained.find_spec", lambda name: None)
    with pytest.raises(gn.DataError, match=r"get https:.*resnet18-f37072fd\.pth"):
        gn.train(photos, pretrained="resnet18", **WISHES)
    with pytest.raises(gn.RecipeError, match="did you mean 'resnet18'"):
        gn.train(photos, pretrained="resnet8", **WISHES)
    with pytest.raises(gn.RecipeError, match="named by --pretrained alone"):
        gn.train(photos, pretrained=str(weights), net="lenet", **WISHES)
    with pytest.raises(gn.DataError, match="ends in"):
        gn.train(photos, pretrained=str(tmp_path / "none.pth"), **WISHES)


def test_grey_photos_become_coloured_for_a_pretrained_net(stripes, weights):
    photos, labels = stripes(40)
    model = gn.train((photos, labels), pretrained=str(weights), epochs=1, unfreeze=0, **WISHES)
    assert model.schema.images.channels == 3
    assert np.allclose(model.schema.images.mean, (0.485, 0.456, 0.406))
