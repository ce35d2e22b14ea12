"""The error over two weights, and the ways down (C09, C30)."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn
from glassnet.errors import RecipeError


def test_momentum_rolls_out_of_the_valley_in_which_gradient_descent_stays_C30():
    descent, momentum, adam = gn.error_surface().paths
    assert descent.weights[-1][0] == pytest.approx(0.96, abs=0.02)
    assert momentum.weights[-1][0] == pytest.approx(-1.03, abs=0.1)
    assert momentum.errors[-1] < descent.errors[-1]
    assert adam.name == "Adam"
    assert {tuple(path.weights[0]) for path in (descent, momentum, adam)} == {(1.8, 0.9)}


def test_steps_are_those_of_the_rule():
    view = gn.error_surface(
        lambda w: w[0] ** 2 + 3 * w[1] ** 2, start=(1.0, 1.0), lr=0.1, momentum=0.5, steps=2
    )
    descent, momentum, adam = (path.weights for path in view.paths)
    assert descent.ravel().tolist() == pytest.approx([1, 1, 0.8, 0.4, 0.64, 0.16])
    # second step: velocity 0.5 * 2 + 1.6 = 2.6 and 0.5 * 6 + 2.4 = 5.4
    assert momentum[2].tolist() == pytest.approx([0.8 - 0.26, 0.4 - 0.54])
    assert adam[1].tolist() == pytest.approx([0.9, 0.9])
    assert view.paths[0].errors.tolist() == pytest.approx([4, 0.64 + 0.48, 0.4096 + 3 * 0.0256])


def test_a_rate_that_is_too_large_ends_where_it_leaves_C30():
    path = gn.error_surface(lambda w: (w**2).sum() * 50, start=(1.0, 1.0), lr=0.1).paths[0]
    assert len(path.errors) < 20
    assert np.isfinite(path.errors).all()


def test_the_grid_holds_the_errors():
    view = gn.error_surface(lambda w: w[0] + 10 * w[1] ** 2, start=(1.0, 1.0), steps=3, grid=5)
    assert view.errors[3, 1] == pytest.approx(view.x[1] + 10 * view.y[3] ** 2)
    assert np.shape(json.loads(view.to_json())["errors"]) == (5, 5)


def test_two_weights_of_a_net_move_and_the_others_are_held():
    net = nn.Linear(3, 1)
    X, y = torch.eye(3), torch.tensor([1.0, 2.0, 3.0])
    before = net.weight.detach().clone()
    view = gn.error_surface(net, X, y, weights=(("weight", 2), ("bias", 0)), lr=0.1, steps=5, grid=3)
    assert view.names == ("weight[2]", "bias[0]")
    assert view.notes == ("the other weights are held: this is a slice",)
    assert torch.equal(net.weight, before)
    with torch.no_grad():
        expected = float(((net(X.float()).squeeze() - y) ** 2).mean())
    assert view.paths[0].errors[0] == pytest.approx(expected, rel=1e-5)
    assert view.paths[0].errors[-1] < expected


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((nn.Linear(2, 1),), {}, "X or y is None"),
        ((nn.Linear(1, 1), torch.eye(1), torch.ones(1)), {"weights": (("w", 0), ("bias", 0))}, "choose of"),
        ((), {"lr": -1.0}, "lr=-1.0"),
        ((), {"steps": 0}, "steps=0"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(arguments, options, words):
    with pytest.raises(RecipeError, match=words):
        gn.error_surface(*arguments, **options)


def test_the_text_says_where_each_way_ended():
    first, *lines = str(gn.error_surface(steps=3)).splitlines()
    assert first == "error over w1 and w2"
    assert [line.split(":")[0].strip() for line in lines] == ["gradient descent", "momentum 0.9", "Adam"]
    assert lines[0].split("after ")[1].startswith("3 steps at (")
