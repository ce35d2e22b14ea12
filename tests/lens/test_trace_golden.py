"""The course's worked examples, number by number, in the trace of those networks."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import glassnet as gn


def half_square(output, target):
    return 0.5 * ((output - target) ** 2).sum()


def one_unit():
    net = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Sigmoid()).double()
    net[0].weight.data = torch.tensor([[-0.8, 0.5]], dtype=torch.float64)
    return net


def two_layers():
    net = nn.Sequential(
        nn.Linear(3, 2, bias=False), nn.Sigmoid(), nn.Linear(2, 1, bias=False), nn.Sigmoid()
    ).double()
    net[0].weight.data = torch.tensor([[0.5, -0.6], [0.1, -0.2], [0.1, 0.7]], dtype=torch.float64).T
    net[2].weight.data = torch.tensor([[0.1, -0.3]], dtype=torch.float64)
    return net


def test_every_number_of_one_sigmoid_unit_stands_in_the_trace_C18():
    trace = gn.trace(one_unit(), [[0.1, 0.3]], [[0.2]], loss=half_square, optimizer="sgd", lr=0.5)
    assert trace.explain("0.linear", (0, 0)).value == pytest.approx(0.07, abs=1e-15)
    assert trace.explain("1.sigmoid", (0, 0)).value == pytest.approx(0.51749286, abs=5e-9)
    assert trace.explain("1.sigmoid.grad", (0, 0)).value == pytest.approx(0.31749286, abs=5e-9)  # -error
    change = trace["0.weight.new"].values - trace["0.weight"].values
    np.testing.assert_allclose(change, [[-0.0039638, -0.01189141]], atol=5e-9)
    opened = trace["0.weight.new"][0, 1]
    assert opened.formula == "0.weight[0, 1] - 0.5 * 0.weight.grad[0, 1]"
    assert opened.shown == "0.5 - 0.5 * 0.0237828"
    assert [(link.name, link.index) for link in opened.links] == [
        ("0.weight", (0, 1)),
        ("0.weight.grad", (0, 1)),
    ]


def test_every_number_of_two_layers_stands_in_the_trace_C22():
    trace = gn.trace(two_layers(), [[0.5, 0.1, -0.2]], [[0.6]], loss=half_square, optimizer="sgd", lr=0.5)
    assert trace.explain("3.sigmoid", (0, 0)).value == pytest.approx(0.48497343, abs=5e-9)
    hidden = trace["2.weight.new"].values - trace["2.weight"].values
    np.testing.assert_allclose(hidden, [[0.00804047, 0.00555918]], atol=5e-9)
    change = (trace["0.weight.new"].values - trace["0.weight"].values).T
    wanted = [
        [1.77005547e-4, -5.11178506e-4],
        [3.54011093e-5, -1.02235701e-4],
        [-7.08022187e-5, 2.04471402e-4],
    ]
    np.testing.assert_allclose(change, wanted, atol=5e-13)


def test_the_whole_text_shows_every_number_with_six_digits():
    trace = gn.trace(two_layers(), [[0.5, 0.1, -0.2]], [[0.6]], loss=half_square, optimizer="sgd", lr=0.5)
    text = str(trace)
    for name in trace.names:
        for number in trace[name]:
            assert f"{number.value:.6g}" in text
    assert "0.linear[0, 0] = 0.5 * 0.5 + 0.1 * 0.1 + (-0.2) * 0.1 = 0.24" in text


def test_the_net_is_left_as_it_was():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    calls = []
    net[0].register_forward_hook(lambda *_: calls.append(1))
    net(torch.ones(2, 3)).sum().backward()
    net.eval()
    before, hooks = copy.deepcopy(net.state_dict()), [len(each._forward_hooks) for each in net.modules()]
    gradients = [each.grad.clone() for each in net.parameters()]
    state = torch.get_rng_state()
    gn.trace(net, torch.ones(5, 3), torch.ones(5, 1), loss="mse", optimizer="adam", lr=0.1, train=True)
    assert torch.equal(torch.get_rng_state(), state)
    assert not net.training
    assert [len(each._forward_hooks) for each in net.modules()] == hooks
    assert all(torch.equal(before[name], each) for name, each in net.state_dict().items())
    assert all(torch.equal(a, b.grad) for a, b in zip(gradients, net.parameters(), strict=True))
    assert all(each.dtype == torch.float32 for each in net.parameters())
