"""The nets for photos: their shapes, their counts, and what the default one begins with."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from glassnet.nets.build import build, load_weights
from glassnet.nets.own import arrays_of
from glassnet.nets.photo_spec import LeNet, PhotoNet


def trained_numbers(net: nn.Module) -> int:
    return sum(each.numel() for each in net.parameters() if each.requires_grad)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("patch", [2, 4])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_photo_net_has_the_parameters_that_its_description_says_and_takes_any_size(channels, patch, depth):
    spec = PhotoNet(channels=channels, patch=patch, widths=(6, 40, 8), depth=depth, outputs=5)
    net = build(spec, seed=0)
    assert trained_numbers(net) == spec.parameters
    for size in (spec.smallest, spec.smallest + 1, 50):
        assert net(torch.zeros(2, channels, size, size)).shape == (2, 5)
    assert net(torch.zeros(2, channels, 40, 64)).shape == (2, 5)


def test_below_its_smallest_size_a_photo_net_sees_nothing():
    spec = PhotoNet(channels=1, widths=(4, 4), outputs=2)
    with pytest.raises((RuntimeError, IndexError)):
        build(spec)(torch.zeros(2, 1, spec.smallest - 1, spec.smallest - 1))


@pytest.mark.parametrize("size", [12, 28, 32, 33])
def test_lenet_is_the_course_s_for_every_size(size):
    spec = LeNet(channels=1, size=size, outputs=10)
    net = build(spec, seed=0)
    assert trained_numbers(net) == spec.parameters
    assert net(torch.zeros(3, 1, size, size)).shape == (3, 10)
    assert LeNet(channels=1, size=32, outputs=10).places == 6


def test_lenet_refuses_photos_of_which_nothing_would_be_left():
    with pytest.raises(ValidationError, match="greater than or equal to 12"):
        LeNet(channels=1, size=11, outputs=2)


def test_whitening_gives_directions_of_variance_1_each_with_both_signs():
    chance = torch.Generator().manual_seed(0)
    smooth = nn.functional.avg_pool2d(torch.randn(200, 3, 24, 24, generator=chance), 3, 1)
    photos = (smooth - smooth.mean()) / smooth.std()
    net = build(PhotoNet(channels=3, widths=(8,), outputs=2), seed=0)
    net.whiten(photos)
    seen = net.patches(photos)
    half = seen.shape[1] // 2
    assert torch.allclose(seen[:, :half], -seen[:, half:], atol=1e-5)
    rows = seen[:, :half].permute(1, 0, 2, 3).flatten(1)
    second = rows @ rows.T / rows.shape[1]
    assert torch.allclose(second, torch.eye(half), atol=0.02)
    assert not net.patches.weight.requires_grad


def test_convolutions_begin_as_the_identity():
    net = build(PhotoNet(channels=1, widths=(16, 16), outputs=2), seed=0)
    inner = net.members[0].stages[1].convolutions[0]
    x = torch.randn(2, 16, 9, 9)
    assert torch.equal(inner(x), x)


def test_weights_come_back_and_the_net_answers_alike():
    spec = PhotoNet(channels=3, patch=4, widths=(8, 12), depth=3, outputs=4)
    net = build(spec, seed=3)
    x = torch.randn(6, 3, 32, 32)
    net(x)  # moves the statistics of batch norm
    back = load_weights(spec, arrays_of(net)).eval()
    assert torch.equal(back(x), net.eval()(x))
    assert {n for n, p in back.named_parameters() if p.requires_grad} == {
        n for n, p in net.named_parameters() if p.requires_grad
    }


def test_answers_do_not_depend_on_how_photos_lie_in_memory():
    net = build(PhotoNet(channels=3, widths=(8, 16), outputs=4), seed=0).eval()
    x = torch.randn(4, 3, 16, 16)
    lying = x.contiguous(memory_format=torch.channels_last)
    assert torch.allclose(net(x), net.to(memory_format=torch.channels_last)(lying), atol=1e-6)


def several():
    spec = PhotoNet(channels=1, widths=(8, 8), outputs=3, members=3)
    return build(spec, seed=1), torch.randn(4, 1, 12, 12)


def test_members_begin_with_weights_of_their_own_and_are_counted():
    net, _ = several()
    assert trained_numbers(net) == net.spec.parameters
    first = [member.output.weight for member in net.members]
    assert not any(torch.equal(one, other) for one in first for other in first if one is not other)


def test_in_training_every_member_answers_for_itself_and_in_evaluation_their_probabilities_are_averaged():
    net, x = several()
    seen = nn.functional.silu(net.patches(x))
    answers = net.train()(x)
    assert torch.equal(answers, torch.cat([member(seen) for member in net.members]))
    net.eval()
    mean = torch.stack([member(seen).softmax(1) for member in net.members]).mean(0)
    assert torch.allclose(net(x).exp(), mean, atol=1e-6)
    assert net.once_a_member(torch.arange(4)).tolist() == [0, 1, 2, 3] * 3
    assert net.once_a_member(mean).shape == (12, 3)
