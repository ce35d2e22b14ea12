"""What a run on photos decides by itself: size, colours, mirrors, variation, net, steps."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from glassnet.data.image_arrays import digits, photo_arrays
from glassnet.data.image_cache import Photos, load_photos
from glassnet.data.thumbnails import thumbnails
from glassnet.engine.photos import Look
from glassnet.nets.photo_spec import LeNet, PhotoNet
from glassnet.plan.augmentation import Augmentation
from glassnet.plan.images import ImagePace
from glassnet.recipe import Recipe
from glassnet.run import image_pace
from glassnet.run.image_baselines import fit_baselines, sensitive_to_mirrors
from glassnet.run.image_choose import Looks, augmentation_of, choose_looks, net_of, written_net
from glassnet.run.image_pace import quickest

COLOURS = ("brightness", "contrast", "saturation")
DRAW = np.random.default_rng(0)


def recipe(**wishes):
    return Recipe(kind="image", **wishes)


@pytest.mark.parametrize(
    ("shape", "wishes", "size", "channels"),
    [
        ((4, 8, 8), {}, 8, 1),
        ((4, 32, 48, 3), {}, 32, 3),
        ((4, 200, 300, 3), {}, 96, 3),
        ((4, 200, 300, 3), {"size": 64, "channels": 1}, 64, 1),
        ((4, 40, 40), {"pretrained": "resnet18"}, 64, 3),
        ((4, 400, 400, 3), {"net": "vgg16"}, 224, 3),
    ],
)
def test_photos_are_seen_at_their_own_size_up_to_a_limit(shape, wishes, size, channels):
    photos = photo_arrays(DRAW.integers(0, 256, shape, np.uint8))
    looks = choose_looks(recipe(**wishes), photos, None)
    assert (looks.size, looks.channels, looks.fit) == (size, channels, "crop")


def test_digits_may_not_be_mirrored_and_blobs_may():
    photos = load_photos(digits(), 8, channels=1)
    truth = np.array([int(each) for each in photos.labels])
    may, why = sensitive_to_mirrors(photos.pixels, truth, np.arange(1797), 0)
    assert not may
    assert "mirror images" in why
    truth = DRAW.integers(0, 2, 600)
    pixels = DRAW.integers(0, 120, (600, 12, 12, 1)) + 100 * truth[:, None, None, None]
    assert sensitive_to_mirrors(pixels.astype(np.uint8), truth, np.arange(600), 0)[0]


LARGE = {"flip", "shift", "scale", "rotate", "brightness", "contrast", "saturation"}


@pytest.mark.parametrize(
    ("size", "mirrors", "classes", "wish", "done"),
    [
        (96, True, 3, None, LARGE | {"cutmix"}),
        (96, True, 2, None, LARGE | {"mixup"}),
        (32, True, 3, None, {"flip", "shift"}),
        (8, False, 3, None, {"shift", "rotate"}),
        (32, True, 3, "none", set()),
        (32, False, 3, "flip,cutout:5", {"flip", "cutout"}),
        (32, False, 2, "cutmix,mixup:1", {"cutmix", "mixup"}),
    ],
)
def test_photos_are_varied_by_what_leaves_their_class(size, mirrors, classes, wish, done):
    found = augmentation_of(recipe(augment=wish), Looks(size, 3, "crop"), mirrors, classes)
    assert set(found.model_dump(exclude_defaults=True)) == done
    assert found.cutout == (5 if wish and "cutout" in wish else 0)


@pytest.mark.parametrize("size", [8, 12, 16, 32, 64, 96, 224])
def test_the_default_net_fits_photos_of_every_size(size):
    net = net_of("photo", Looks(size, 3, "crop"), 7)
    assert isinstance(net, PhotoNet)
    assert net.smallest <= size
    assert net_of(written_net(net), Looks(size, 3, "crop"), 7) == net


def test_several_nets_are_written_before_their_name():
    net = net_of("3xphoto:8-16:1", Looks(32, 3, "crop"), 7)
    assert (net.members, net.widths, net.depth) == (3, (8, 16), 1)
    assert written_net(net) == "3xphoto:8-16:1"
    assert net_of("2xphoto", Looks(32, 3, "crop"), 7).members == 2
    assert recipe(net="2xphoto").net == "2xphoto"
    assert Recipe(net="2xphoto:8-16").kind == "image"
    for wrong in ("0xphoto", "65xphoto", "2xlenet", "2x photo", "xphoto"):
        with pytest.raises(ValidationError, match="net"):
            recipe(net=wrong)


def test_a_lenet_is_made_for_the_size_of_the_photos():
    assert net_of("lenet", Looks(32, 1, "crop"), 10) == LeNet(channels=1, size=32, outputs=10)


def test_a_class_without_a_photo_gets_hardly_any_chance():
    pixels = DRAW.integers(0, 256, (60, 8, 8, 1), np.uint8)
    found = fit_baselines(pixels, np.arange(60) % 2, np.arange(60), 3, 0)
    chances = found.predict(np.full((1, 64), 0.5))
    assert chances["majority"].tolist() == [[0.5, 0.5, 0.0]]
    assert chances["thumbnails"][0, 2] < 1e-6
    assert chances["thumbnails"].sum() == pytest.approx(1)


def test_thumbnails_learn_where_photos_are_bright():
    truth = np.arange(300) % 3
    pixels = DRAW.integers(0, 60, (300, 12, 12, 1))
    for row, kind in enumerate(truth):
        pixels[row, 4 * kind : 4 * kind + 4] += 100
    found = fit_baselines(pixels.astype(np.uint8), truth, np.arange(200), 3, 0)
    answers = found.predict(thumbnails(pixels[200:].astype(np.uint8)))["thumbnails"].argmax(axis=1)
    assert (answers == truth[200:]).mean() > 0.95


def test_another_way_to_compute_is_taken_only_where_it_is_clearly_faster():
    def pace(precision, speed):
        return ImagePace(precision=precision, channels_last=True, threads=2, photos_per_second=speed)

    first, close, fast = pace("bfloat16", 100.0), pace("float32", 105.0), pace("float32", 150.0)
    assert quickest((first, close)) == first
    assert quickest((first, fast)) == fast


WAYS = [("bfloat16", True, 2), ("float32", True, 2), ("float32", False, 2)]


@pytest.mark.parametrize(
    ("seconds", "wishes", "tried", "best"),
    [
        ({}, {}, [*WAYS, ("bfloat16", True, 1)], ("bfloat16", True, 2)),
        ({("float32", False, 2): 0.5}, {}, [*WAYS, ("float32", False, 1)], ("float32", False, 2)),
        ({("bfloat16", True, 1): 0.25}, {}, [*WAYS, ("bfloat16", True, 1)], ("bfloat16", True, 1)),
        ({}, {"precision": "float32"}, [*WAYS[1:], ("float32", True, 1)], ("float32", True, 2)),
        ({}, {"threads": 2}, WAYS, ("bfloat16", True, 2)),
        ({WAYS[0]: 20.0, WAYS[1]: 20.0}, {}, WAYS[:2], WAYS[0]),  # no time is left for other ways
    ],
)
def test_the_quickest_way_to_compute_is_found_in_photos_a_second(monkeypatch, seconds, wishes, tried, best):
    now, labels = [0.0], np.arange(40) % 2
    pixels = DRAW.integers(0, 256, (40, 8, 8, 3), np.uint8)
    photos = Photos(pixels, None, tuple(map(str, range(40))))
    task = SimpleNamespace(classes=("a", "b"))
    fold = SimpleNamespace(train=np.arange(40))
    prepared = SimpleNamespace(photos=photos, truth=labels, folds=(fold,), task=task)
    plan = SimpleNamespace(batch_size=10, augmentation=Augmentation(), flips=False)
    plan.model_copy = lambda update: tuple(update.values())

    def lasting(net, batches, way, limit):
        assert [len(each) for each, _ in batches] == [10] * 4
        now[0] += seconds.get(way, 1.0)
        return seconds.get(way, 1.0)

    def answered(net, look, pixels, *, flips):
        now[0] += len(pixels) / 80

    monkeypatch.setattr(image_pace, "settings_of", lambda plan, seed: plan)
    monkeypatch.setattr(image_pace, "seconds_per_step", lasting)
    monkeypatch.setattr(image_pace, "answers", answered)
    monkeypatch.setattr(image_pace, "all_cores", lambda: 2)
    monkeypatch.setattr(image_pace, "time", SimpleNamespace(monotonic=lambda: now[0]))
    look = Look((0.5,) * 3, (0.2,) * 3, torch.device("cpu"))
    paces, each_second = image_pace.measured(
        recipe(**wishes), plan, torch.nn.Identity(), prepared, look, None
    )
    found = {(pace.precision, pace.channels_last, pace.threads): pace.photos_per_second for pace in paces}
    assert found == {way: 10 / seconds.get(way, 1.0) for way in tried}
    chosen = quickest(paces)
    assert (chosen.precision, chosen.channels_last, chosen.threads) == best
    assert each_second == pytest.approx(80)
