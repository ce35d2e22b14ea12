"""Generator and critic have the forms that they promise, with the norms that are asked for (C49)."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from glassnet.nets.adversarial import KINDS, critic, generator


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (9, 13, 3), (4, 5, 1), (32, 32, 3)])
def test_noise_becomes_pictures_and_pictures_become_logits_C49(kind, shape):
    rows = generator(7, shape, kind)(torch.randn(3, 7))
    assert rows.shape == (3, shape[0] * shape[1] * shape[2])
    assert float(rows.detach().abs().max()) <= 1
    assert critic(shape, kind)(rows).shape == (3, 1)


def test_points_have_no_bounds():
    net = generator(2, (2,), "dense", bounded=False)
    assert not any(isinstance(each, nn.Tanh) for each in net)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_norm_is_in_the_generator_where_asked_for(kind):
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    for asked in (True, False):
        net = generator(7, (8, 8, 1), kind, batch_norm=asked)
        assert any(isinstance(each, norms) for each in net.modules()) == asked


@pytest.mark.parametrize("kind", KINDS)
def test_spectral_norm_holds_each_matrix_of_the_critic(kind):
    net = critic((8, 8, 1), kind, spectral=True)
    layers = [each for each in net.modules() if isinstance(each, nn.Linear | nn.Conv2d)]
    assert all(is_parametrized(each) for each in layers)
    for _ in range(50):
        net(torch.randn(4, 64))
    largest = torch.linalg.matrix_norm(layers[-1].weight.flatten(1), 2)
    assert float(largest.detach()) == pytest.approx(1.0, rel=0.05)


def test_dropout_is_in_the_critic_where_asked_for():
    layers = [each for each in critic((8, 8, 1), "dense", dropout=0.3) if isinstance(each, nn.Dropout)]
    assert [each.p for each in layers] == [0.3, 0.3]
