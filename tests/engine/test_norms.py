"""Batch norm normalises by what it is given before a net is judged."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from glassnet.engine.norms import settle_norms


def test_the_statistics_are_the_means_of_the_batches_and_nothing_else_changes():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Dropout(0.5), nn.BatchNorm2d(3, momentum=0.3), nn.ReLU())
    batches = [torch.randn(4, 1, 6, 6) + shift for shift in (-2.0, 0.0, 5.0)]
    net(torch.randn(8, 1, 6, 6) * 9)
    weights = {name: each.clone() for name, each in net.named_parameters()}
    net[3].eval()
    settle_norms(net, batches)
    seen = [net[0](each).transpose(0, 1).flatten(1) for each in batches]
    assert torch.allclose(net[2].running_mean, sum(each.mean(1) for each in seen) / 3, atol=1e-5)
    assert torch.allclose(net[2].running_var, sum(each.var(1) for each in seen) / 3, atol=1e-4)
    assert all(torch.equal(each, weights[name]) for name, each in net.named_parameters())
    assert net[2].momentum == 0.3
    assert [part.training for part in net] == [True, True, True, False]


def test_an_error_on_the_way_leaves_the_momentum_as_it_was():
    net = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3))
    with pytest.raises(ValueError, match="2D or 3D"):
        settle_norms(net, [torch.zeros(4)])
    assert net[0].momentum == 0.3


def test_norms_without_statistics_and_nets_without_norms_are_left_alone():
    def never():
        raise AssertionError("no batch is needed")
        yield

    settle_norms(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, track_running_stats=False)), never())
