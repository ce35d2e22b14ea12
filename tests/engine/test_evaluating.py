"""Whatever looks into a net leaves every part of it in the mode that it had, frozen layers too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.engine.evaluating import evaluating
from glassnet.engine.probe import probe
from glassnet.model.table import outputs_of


def look(net):
    with evaluating(net):
        assert not any(part.training for part in net.modules())


def break_off(net):
    with pytest.raises(ZeroDivisionError), evaluating(net):
        raise ZeroDivisionError


def surface(net):
    X = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    gn.error_surface(net, X, X[:, :1], steps=2, grid=3)


LOOKS = {
    "a look": look,
    "an error": break_off,
    "a probe": lambda net: probe(net, torch.ones(2, 3)),
    "answers": lambda net: outputs_of(net, np.ones((2, 3), np.float32)),
    "an error surface": surface,
}


@pytest.mark.parametrize("how", LOOKS)
def test_every_part_is_left_in_the_mode_that_it_had(how):
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 1)).train()
    net[1].eval()
    LOOKS[how](net)
    assert [part.training for part in net] == [True, False, True, True]
    assert net.training
