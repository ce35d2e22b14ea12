"""A run on photos: it learns, is judged beside its baselines, goes on to the same bits, keeps a budget."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import glassnet as gn
from glassnet.errors import GlassnetWarning
from glassnet.notation import parse_photo_net
from glassnet.run.folder import RunFolder

WISHES = {"task": "image", "net": "photo:16-32:1", "threads": 1, "precision": "float32", "device": "cpu"}


@pytest.fixture(scope="module")
def photos(stripes_folder, tmp_path_factory):
    return stripes_folder(tmp_path_factory.mktemp("data") / "stripes", 200)


@pytest.fixture(scope="module")
def folder(photos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "stripes"
    gn.train(photos, out=folder, epochs=6, batch_size=32, test="random:0.3", **WISHES)
    return folder


def test_it_learns_photos_and_is_judged_beside_majority_and_thumbnails_C41(folder):
    results = gn.load(folder / "model.glass").results
    assert results.rows == {"train": 126, "validation": 14, "test": 60}
    assert results.metrics["test"]["accuracy"] > 0.9
    assert results.baselines["majority"]["test"]["accuracy"] == pytest.approx(0.5, abs=0.1)
    assert results.differences["thumbnails"]["test"]["accuracy"].outcome == "better"
    low, high = results.intervals["test"]["accuracy"]
    assert low <= results.metrics["test"]["accuracy"] <= high
    assert results.details["classes"]["train"] == {"across": 63, "upright": 63}


def test_the_plan_says_what_was_decided_and_why(folder):
    plan = json.loads((folder / "plan.json").read_text())
    assert (plan["net"], plan["size"], plan["channels"], plan["fit"]) == ("photo:16-32:1", 12, 1, "crop")
    assert plan["paces"][0]["precision"] == "float32"
    assert plan["steps"] == plan["epochs"] * plan["steps_per_epoch"] == 24
    assert "mirror images" in plan["flips_reason"]
    assert len((folder / "history.jsonl").read_text().splitlines()) == 6


def test_what_was_decoded_goes_with_the_checkpoints(folder):
    assert not (folder / "checkpoints").exists()


def test_the_same_seed_gives_the_same_file(photos):
    wishes = {**WISHES, "epochs": 1, "augment": "none"}
    first, second = (gn.train(photos, **wishes) for _ in range(2))
    assert gn.train(photos, seed=1, **wishes).to_bytes() != first.to_bytes()
    if first.plan.channels_last == second.plan.channels_last:
        assert first.to_bytes() == second.to_bytes()


def test_a_run_that_was_killed_goes_on_to_the_bits_of_one_left_alone(photos, tmp_path, monkeypatch, resumed):
    wishes = {**WISHES, "epochs": 4, "augment": "flip,shift:1,mixup:0.2", "seed": 5}
    gn.train(photos, out=tmp_path / "whole", **wishes)
    plan = (tmp_path / "whole" / "plan.json").read_bytes()
    monkeypatch.setattr(RunFolder, "read_plan", lambda self: json.loads(plan))
    broken = resumed(photos, 2, **{**wishes, "kind": wishes["task"], "task": "auto"})
    assert (broken / "model.glass").read_bytes() == (tmp_path / "whole" / "model.glass").read_bytes()
    assert len((broken / "history.jsonl").read_text().splitlines()) == 4


def test_a_run_does_not_go_on_with_other_photos(stripes_folder, tmp_path):
    photos = stripes_folder(tmp_path / "photos", 40)
    gn.train(photos, out=tmp_path / "run", epochs=1, **WISHES)
    (tmp_path / "run" / "interrupted").touch()
    (photos / "across" / "0.png").unlink()
    with pytest.raises(gn.DataError, match="has changed since"):
        gn.resume(tmp_path / "run")


def test_a_budget_ends_a_run_that_would_be_longer(photos):
    model = gn.train(photos, budget=4.0, epochs=100_000, **WISHES)
    assert model.history.stopped in ("budget", "epochs")
    assert len(model.history) < 100_000


def test_several_nets_learn_together_and_are_one_in_the_file(photos, tmp_path):
    model = gn.train(photos, **{**WISHES, "net": "2xphoto:16-32:1"}, epochs=3, out=tmp_path)
    assert model.plan.net == "2xphoto:16-32:1"
    again = gn.load(tmp_path / "model.glass")
    chances = again.predict_proba(photos)
    assert np.array_equal(chances, model.predict_proba(photos))
    assert np.allclose(chances.sum(1), 1)
    assert again.results.metrics["test"]["accuracy"] > 0.9
    ones, others = again.net.patches.weight.chunk(2)
    assert torch.equal(ones, -others), "the first layer was taken from the photos"


@pytest.mark.parametrize(
    ("wishes", "net"), [({}, "3xphoto:"), ({"epochs": 2}, "photo:"), ({"net": "1xphoto"}, "photo:")]
)
def test_a_budget_that_pays_for_several_nets_gets_them_unless_it_is_said_otherwise(
    photos, monkeypatch, wishes, net
):
    monkeypatch.setattr("glassnet.run.image_choose.LONG_RUN", 1)
    monkeypatch.setattr("glassnet.run.image_choose.MOST_MEMBERS", 3)
    model = gn.train(photos, **{**WISHES, "net": "photo", **wishes}, budget=20)
    assert model.plan.net.startswith(net)
    assert model.plan.epochs == 2


def test_the_bundled_digits_are_photos_too_and_are_not_mirrored():
    model = gn.train("digits", epochs=2, **WISHES)
    assert (model.plan.size, model.plan.channels, model.plan.flips) == (8, 1, False)
    assert model.task.classes == tuple("0123456789")
    assert model.results.metrics["test"]["accuracy"] > 0.7


def test_every_photo_is_judged_once_by_a_net_that_has_not_seen_it(stripes, photos):
    model = gn.train(stripes(60), test="cv:3", epochs=2, **WISHES)
    assert model.results.rows == {"train": 54, "validation": 6, "test": 60}
    assert len(model.results.details["folds"]) == 3
    assert any("3 nets" in note for note in model.results.notes)


def test_a_folder_of_its_own_can_judge(photos, stripes_folder, tmp_path):
    other = stripes_folder(tmp_path / "other", 20, seed=1)
    model = gn.train(photos, test=f"file:{other}", epochs=1, **WISHES)
    assert model.results.rows["test"] == 20
    assert model.evaluate(other).metrics["test"] == pytest.approx(model.results.metrics["test"])


def test_without_test_photos_validation_is_what_is_shown(photos):
    model = gn.train(photos, test="none", epochs=1, **WISHES)
    assert set(model.results.metrics) == {"train", "validation"}


def test_copies_on_both_sides_of_the_split_are_told(stripes):
    photos, labels = stripes(40)
    twice = np.concatenate([photos, photos]), labels + labels
    with pytest.warns(GlassnetWarning, match="stand in training too"):
        model = gn.train(twice, epochs=1, **WISHES)
    assert [each.kind for each in model.results.leaks] == ["near_duplicates"]


def test_photos_that_cannot_be_read_are_left_out_and_listed(stripes_folder, tmp_path):
    photos = stripes_folder(tmp_path / "photos", 40)
    (photos / "across" / "bad.png").write_bytes(b"no photo")
    with pytest.warns(GlassnetWarning, match=r"1 photo is left out:\n1 x it is no photo"):
        model = gn.train(photos, epochs=1, **WISHES)
    assert sum(model.results.rows.values()) == 40
    assert model.results.details["problems"][0]["name"] == "across/bad.png"


def test_unequal_classes_are_told_and_can_be_made_to_count_the_same(stripes):
    photos, labels = stripes(80)
    kept = [place for place in range(80) if place % 2 == 0 or place % 16 == 1]
    some = photos[kept], [labels[place] for place in kept]
    with pytest.warns(GlassnetWarning, match="classes are small|classes are uneven"):
        model = gn.train(some, epochs=1, class_weight="balanced", **WISHES)
    low, high = sorted(model.plan.class_weights)
    assert high / low > 5


def test_a_table_of_paths_is_as_good_as_a_folder(photos, tmp_path):
    paths = sorted(photos.rglob("*.png"))
    table = tmp_path / "photos.csv"
    pl.DataFrame({"where": [str(p) for p in paths], "kind": [p.parent.name for p in paths]}).write_csv(table)
    model = gn.train(table, column="where", target="kind", epochs=1, **WISHES)
    assert model.schema.target.name == "kind"
    assert model.schema.column == "where"


def test_classes_get_the_names_of_a_file_C44(photos, tmp_path):
    names = tmp_path / "cat_to_name.json"
    names.write_text(json.dumps({"across": "level stripes", "upright": "posts"}))
    model = gn.train(photos, names=str(names), epochs=1, **WISHES)
    assert model.task.classes == ("level stripes", "posts")
    assert model.evaluate(photos).rows["test"] == 200


def test_what_photos_do_not_have_is_refused_all_at_once(photos):
    with pytest.raises(gn.RecipeError) as error:
        gn.train(photos, loss="mse", norm="batch", target="a,b", **WISHES)
    assert [each.split(",")[0] for each in error.value.problems] == [
        "photos have no norm",
        "photos have no loss",
        "photos must have one target",
    ]
    with pytest.raises(gn.RecipeError, match="64:relu"):
        gn.train(photos, **{**WISHES, "net": "64:relu"})
    with pytest.raises(gn.RecipeError, match="pixels wide"):
        gn.train(photos, **{**WISHES, "net": "photo:8-8-8-8"})
    with pytest.raises(gn.RecipeError, match="did you mean 'flip'"):
        gn.train(photos, **WISHES, augment="flop")
    with pytest.raises(gn.RecipeError, match="size is for images"):
        gn.train("digits", size=8)


def test_a_folder_without_photos_ends_in_an_error_and_leaves_no_run(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(gn.DataError):
        gn.train(tmp_path / "empty", out=tmp_path / "run", **WISHES)
    assert not (tmp_path / "run").exists()


class LeNet(nn.Module):
    """The course's network, for photos of 12 x 12."""

    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 3), nn.Conv2d(6, 16, 3)
        self.fc = nn.Linear(16, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


def test_a_net_of_the_users_own_learns_photos_and_is_loaded_into_such_a_one_C41(photos, tmp_path):
    wishes = {key: each for key, each in WISHES.items() if key != "net"}
    model = gn.train(photos, net=LeNet(), epochs=10, out=tmp_path / "run", **wishes)
    assert model.plan.net == "own:LeNet"
    assert model.results.metrics["test"]["accuracy"] > 0.7
    path = tmp_path / "run" / "model.glass"
    loaded = gn.load(path, net=LeNet())
    assert loaded.predict_proba(photos) == pytest.approx(model.predict_proba(photos), abs=1e-6)
    assert loaded.to_bytes() == path.read_bytes()
    with pytest.raises(gn.RecipeError, match="your own module 'LeNet'"):
        gn.load(path)


def test_a_net_of_the_users_own_that_does_not_fit_is_refused_before_training(photos):
    wishes = {key: each for key, each in WISHES.items() if key != "net"}
    with pytest.raises(gn.RecipeError, match="must give 2 numbers for each"):
        gn.train(photos, net=LeNet(3), **wishes)
    with pytest.raises(gn.RecipeError, match="the net must take X"):
        gn.train(photos, net=LeNet(), **wishes, size=16)


def test_a_budget_that_is_too_short_for_a_net_gets_a_narrower_one_unless_it_was_asked_for(
    photos, monkeypatch
):
    monkeypatch.setattr("glassnet.run.image_choose.WORTH_PHOTOS", 1 << 40)
    wishes = {**WISHES, "budget": 3.0}
    found = gn.train(photos, **{**wishes, "net": "photo"})
    assert 8 <= min(parse_photo_net(found.plan.net).widths) < 16
    assert found.net.spec.widths == parse_photo_net(found.plan.net).widths
    assert gn.train(photos, **wishes).plan.net == WISHES["net"]
