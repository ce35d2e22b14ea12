"""Training on photos: batches, steps, answers, optimiser groups, resume, budgets."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from glassnet.engine import photos_training
from glassnet.engine.checkpoint import from_bytes, to_bytes
from glassnet.engine.course_training import Reins
from glassnet.engine.photos import Labelled, Look, PhotoBatches, PhotoStep, answers
from glassnet.engine.photos_training import (
    PhotoSettings,
    optimizer_of,
    seconds_per_step,
    train_photos,
)
from glassnet.errors import RecipeError
from glassnet.nets.build import build
from glassnet.nets.photo_spec import PhotoNet
from glassnet.plan.augmentation import Augmentation

CHANCE = np.random.default_rng(0)
LABELS = CHANCE.integers(0, 3, 90)
PIXELS = CHANCE.integers(0, 60, (90, 12, 12, 3)).astype(np.uint8)
PIXELS[np.arange(90), :, :, LABELS] += 120  # a class is a colour
PHOTOS = Labelled(PIXELS, LABELS)
LOOK = Look((0.3, 0.3, 0.3), (0.25, 0.25, 0.25), torch.device("cpu"))
SPEC = PhotoNet(channels=3, widths=(8, 8), outputs=3)
SETTINGS = PhotoSettings(
    batch_size=20,
    steps=24,
    optimizer="sgd",
    lr=0.1,
    momentum=0.9,
    nesterov=True,
    weight_decay=1e-3,
    schedule="cosine",
    warmup=0.1,
    clip=None,
    patience=None,
    smoothing=0.1,
    class_weights=None,
    augmentation=Augmentation(flip=True, shift=1, mixup=0.2),
    flips=True,
    precision="float32",
    channels_last=True,
    threads=1,
    seed=3,
)


def new_net() -> nn.Module:
    return build(SPEC, seed=1)


def trained(settings=SETTINGS, net=None, validation=None, **reins):
    net = net or new_net()
    history = train_photos(net, PHOTOS, validation, LOOK, 3, settings, Reins(**reins))
    return net, history


def test_an_epoch_has_every_photo_once_in_batches_of_nearly_one_size():
    plain = PhotoBatches(PHOTOS, 3, 20, LOOK, Augmentation(), seed=0)
    batches = list(plain(1))
    assert len(batches) == plain.steps == 4
    assert [len(photos) for photos, _ in batches] == [23, 23, 22, 22]
    seen = torch.cat([photos for photos, _ in batches]).flatten(1)
    all_of_them = LOOK(PIXELS).flatten(1)
    assert torch.equal(torch.unique(seen, dim=0), torch.unique(all_of_them, dim=0))
    classes = torch.cat([shares for _, shares in batches]).sum(0)
    assert classes.tolist() == np.bincount(LABELS).tolist()


def test_batches_are_a_function_of_seed_and_epoch():
    def first(seed, epoch):
        return next(PhotoBatches(PHOTOS, 3, 20, LOOK, SETTINGS.augmentation, seed)(epoch))

    assert all(map(torch.equal, first(0, 2), first(0, 2)))
    assert not torch.equal(first(0, 2)[0], first(0, 1)[0])
    assert not torch.equal(first(0, 2)[0], first(1, 2)[0])


@pytest.mark.parametrize("augmentation", [Augmentation(mixup=1.0), Augmentation(cutmix=1.0)])
def test_mixed_photos_have_the_shares_of_both_classes(augmentation):
    batches = PhotoBatches(PHOTOS, 3, 20, LOOK, augmentation, seed=0)
    mixed = False
    for photos, shares in batches(1):
        assert torch.allclose(shares.sum(1), torch.ones(len(photos)))
        colours = photos.mean((2, 3)).softmax(1)
        sure = shares.amax(1) > 0.6
        assert (colours.argmax(1) == shares.argmax(1))[sure].float().mean() > 0.9
        mixed |= bool(((shares > 0).sum(1) == 2).any())
    assert mixed


def test_the_loss_of_several_nets_is_the_mean_of_their_losses():
    net = build(PhotoNet(channels=3, widths=(8,), outputs=3, members=2), seed=0)
    batch = torch.randn(5, 3, 12, 12), F.one_hot(torch.tensor([0, 1, 2, 1, 0]), 3).float()
    for weights in (None, (1.0, 2.0, 3.0)):
        together = PhotoStep(net, "float32", 0.1, weights)(batch)
        nets = [nn.Sequential(net.patches, nn.SiLU(), member) for member in net.members]
        alone = [PhotoStep(each, "float32", 0.1, weights)(batch) for each in nets]
        assert together["loss"].item() == pytest.approx(sum(each["loss"].item() for each in alone) / 2)


def test_pixels_are_normalised_by_channel():
    look = Look((0.5, 0.0, 1.0), (0.5, 1.0, 0.25), torch.device("cpu"))
    white = look(np.full((1, 2, 2, 3), 255, np.uint8))[0, :, 0, 0]
    assert torch.allclose(white, torch.tensor([1.0, 1.0, 0.0]), atol=1e-6)


def test_the_step_is_the_smoothed_and_weighted_cross_entropy():
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    photos, labels = torch.randn(5, 3, 2, 2), torch.tensor([0, 1, 2, 1, 0])
    shares = F.one_hot(labels, 3).float()
    out = PhotoStep(net, "float32", 0.2, None)((photos, shares))
    assert out["weight"] == 5
    assert torch.allclose(out["loss"], F.cross_entropy(net(photos), labels, label_smoothing=0.2))
    weights = (1.0, 2.0, 4.0)
    found = PhotoStep(net, "float32", 0.0, weights)((photos, shares))
    expected = F.cross_entropy(net(photos), labels, torch.tensor(weights))
    assert torch.allclose(found["loss"], expected)
    assert float(found["weight"]) == 1 + 2 + 4 + 2 + 1


def test_answers_are_log_probabilities_and_do_not_depend_on_the_pieces(monkeypatch):
    net = new_net()
    whole = answers(net, LOOK, PIXELS, flips=True)
    assert np.allclose(np.exp(whole).sum(1), 1)
    mirrored = answers(net, LOOK, PIXELS[:, :, ::-1], flips=True)
    assert np.allclose(whole, mirrored, atol=1e-5)
    told = []
    monkeypatch.setattr("glassnet.engine.photos._AT_ONCE", 12 * 12 * 3 * 7)
    pieces = answers(net, LOOK, PIXELS, flips=True, told=told.append)
    assert np.allclose(whole, pieces, atol=1e-5)
    assert told[-1] == 90
    assert len(told) == math.ceil(90 / 7)


def test_a_net_learns_and_keeps_its_best_epoch():
    validation = Labelled(PIXELS[:30], LABELS[:30])
    net, history = trained(validation=validation)
    assert history.stopped == "epochs"
    assert len(history) == 6
    losses = [record.validation_loss for record in history]
    assert min(losses) == losses[history.best_epoch - 1]
    assert not net.training
    found = answers(net, LOOK, PIXELS[:30], flips=True)
    assert -found[np.arange(30), LABELS[:30]].mean() == pytest.approx(min(losses), rel=1e-5)
    assert (found.argmax(1) == LABELS[:30]).mean() > 0.9


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_run_goes_on_to_the_bit(precision):
    settings = replace(
        SETTINGS, precision=precision, optimizer="adamw", momentum=0.0, nesterov=False, lr=0.01
    )
    whole, _ = trained(settings)
    states = []

    def stop():
        return len(states) == 3

    trained(settings, save=states.append, save_every=0.0, should_stop=stop)
    rest, history = trained(settings, state=from_bytes(to_bytes(states[2])))
    assert len(history) == 6
    for name, each in whole.state_dict().items():
        assert torch.equal(each, rest.state_dict()[name]), name


def test_a_run_goes_on_only_with_the_same_photos_and_settings():
    states = []
    trained(save=states.append, save_every=0.0)
    with pytest.raises(RecipeError, match="lr differ"):
        trained(replace(SETTINGS, lr=0.2), state=states[0])
    others = Labelled(PIXELS[::-1].copy(), LABELS)
    with pytest.raises(RecipeError, match="photos differ"):
        train_photos(new_net(), others, None, LOOK, 3, SETTINGS, Reins(state=states[0]))


def test_shifts_of_norms_learn_faster_and_neither_they_nor_biases_decay():
    net = new_net()
    net.members[0].output.weight.learning_share = 0.25
    groups = optimizer_of(net, SETTINGS).param_groups
    named = {id(p): name for name, p in net.named_parameters()}
    rates = {named[id(p)]: (g["share"], g["weight_decay"]) for g in groups for p in g["params"]}
    assert rates == {
        "members.0.stages.0.convolutions.0.weight": (1.0, 1e-3),
        "members.0.stages.0.convolutions.1.weight": (1.0, 1e-3),
        "members.0.stages.0.norms.0.bias": (64.0, 0.0),
        "members.0.stages.0.norms.1.bias": (64.0, 0.0),
        "members.0.stages.1.convolutions.0.weight": (1.0, 1e-3),
        "members.0.stages.1.convolutions.1.weight": (1.0, 1e-3),
        "members.0.stages.1.norms.0.bias": (64.0, 0.0),
        "members.0.stages.1.norms.1.bias": (64.0, 0.0),
        "members.0.output.weight": (0.25, 1e-3),
    }
    adam = optimizer_of(net, replace(SETTINGS, optimizer="adamw", momentum=0.0, nesterov=False))
    assert {g["share"] for g in adam.param_groups} == {1.0, 0.25}


@pytest.mark.parametrize(
    ("lasting", "limit", "taken", "expected"),
    [
        ([1.0, 4.0, 3.0, 5.0], 60.0, 4, 3.0),  # the first is left out even where it was the quickest
        ([9.0, 4.0, 3.0, 2.0], 12.5, 2, 4.0),  # none is begun after the limit
        ([9.0, 1.0, 1.0, 1.0], 8.0, 1, 9.0),  # the first counts where it alone took too long
    ],
)
def test_the_pace_is_the_quickest_step_after_the_first(monkeypatch, lasting, limit, taken, expected):
    now, steps = [0.0], []

    def step_of(self, batch):
        now[0] += lasting[len(steps)]
        steps.append(batch)
        return {"loss": self.net(batch[0]).sum()}

    monkeypatch.setattr(PhotoStep, "__call__", step_of)
    monkeypatch.setattr(photos_training, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    batches = list(PhotoBatches(PHOTOS, 3, 20, LOOK, Augmentation(), seed=0)(1))
    assert seconds_per_step(new_net(), batches, SETTINGS, limit) == expected
    assert len(steps) == taken


def test_the_steps_that_are_timed_are_steps_of_the_training():
    net = new_net()
    before = {name: each.clone() for name, each in net.named_parameters()}
    batches = list(PhotoBatches(PHOTOS, 3, 20, LOOK, Augmentation(), seed=0)(1))
    seconds_per_step(net, batches, SETTINGS, limit=60.0)
    learned = {name for name, each in net.named_parameters() if not torch.equal(each, before[name])}
    assert learned == {name for name, each in net.named_parameters() if each.requires_grad}


def test_in_the_end_norms_follow_photos_as_they_are():
    net = new_net()
    settings = replace(SETTINGS, augmentation=Augmentation(mixup=1.0, brightness=3.0), flips=False, steps=4)
    train_photos(net, PHOTOS, None, LOOK, 3, settings, Reins())
    first = net.members[0].stages[0]
    made = F.max_pool2d(first.convolutions[0](F.silu(net.patches(LOOK(PHOTOS.pixels)))), 2)
    assert torch.allclose(first.norms[0].running_mean, made.mean((0, 2, 3)), atol=1e-4)


@pytest.mark.parametrize(("flips", "expected"), [(False, (40, 0)), (True, (20, 20))])
def test_half_of_the_photos_are_mirrored_for_norms_where_answers_look_at_both(flips, expected):
    seen = torch.cat([*photos_training._plain(PHOTOS, LOOK, replace(SETTINGS, flips=flips), 40)])
    plain = LOOK(PIXELS)
    among = [
        sum(any(torch.equal(one, other) for other in each) for one in seen) for each in (plain, plain.flip(3))
    ]
    assert tuple(among) == expected
