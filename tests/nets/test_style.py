"""What a feature net sees of a photo: layers by name, Gram matrices, distances in parts (C45)."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glassnet.nets.style import (
    activations,
    apart,
    gram,
    layer_names,
    random_features,
    smooth_pooling,
    total_variation,
)
from glassnet.nets.vgg import VGG


def test_layers_have_the_names_of_the_paper_C45():
    names = layer_names(VGG("vgg19", classes=2).features)
    assert [names[each] for each in ("conv1_1", "relu1_1", "relu4_2", "conv5_1", "pool5")] == [
        0,
        1,
        22,
        28,
        36,
    ]


def test_activations_are_what_the_layers_put_out():
    net = random_features()
    x = torch.rand(1, 3, 16, 24)
    found = activations(net, x, ("relu2_1", "conv1_2"))
    assert torch.equal(found["conv1_2"], net[:3](x)[0])
    assert torch.equal(found["relu2_1"], net[:7](x)[0])


def test_a_gram_matrix_forgets_where_things_are():
    x = torch.rand(5, 4, 6)
    shuffled = x.flatten(1)[:, torch.randperm(24)].reshape(5, 4, 6)
    torch.testing.assert_close(gram(x), gram(shuffled))
    by_hand = sum(x[1, i, j] * x[3, i, j] for i in range(4) for j in range(6)) / 24
    torch.testing.assert_close(gram(x)[1, 3], by_hand)


def test_distances_are_in_parts_of_what_is_wanted():
    wanted = {"a": torch.tensor([3.0, 4.0]), "b": torch.tensor([1.0])}
    assert float(apart(wanted, wanted)) == 0
    nothing = {name: torch.zeros_like(each) for name, each in wanted.items()}
    assert float(apart(nothing, wanted)) == 1
    twice = {"a": wanted["a"], "b": torch.tensor([3.0])}
    assert float(apart(twice, wanted)) == pytest.approx((0 + 4) / 2)


def test_the_total_variation_is_the_mean_squared_change():
    picture = torch.tensor([[[[0.0, 1.0], [0.0, 3.0]]]])
    assert float(total_variation(picture)) == pytest.approx((1 + 9) / 2 + (0 + 4) / 2)


def test_random_features_are_a_function_of_their_seed():
    first, again, other = random_features(1)[0], random_features(1)[0], random_features(2)[0]
    assert torch.equal(first.weight, again.weight)
    assert not torch.equal(first.weight, other.weight)
    assert not any(each.requires_grad for each in random_features().parameters())


def test_maxima_become_means():
    net = smooth_pooling(nn.Sequential(nn.Conv2d(3, 2, 3), nn.MaxPool2d(2)))
    assert [type(each) for each in net] == [nn.Conv2d, nn.AvgPool2d]
