"""C47: an LSTM and a GRU step by step, with torch's numbers and gradients that differences confirm."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from glassnet.errors import RecipeError
from glassnet.reference.recurrent import RecurrentWeights, gru_step, lstm, lstm_backward, lstm_step


def weights_of(layer: nn.RNNBase, both_biases: bool = True) -> RecurrentWeights:
    bias = layer.bias_ih_l0 + layer.bias_hh_l0 if both_biases else layer.bias_ih_l0
    return RecurrentWeights(
        layer.weight_ih_l0.detach().numpy().T, layer.weight_hh_l0.detach().numpy().T, bias.detach().numpy()
    )


@pytest.fixture
def layer():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return nn.LSTM(3, 4, dtype=torch.float64)


XS = np.random.default_rng(0).normal(size=(6, 3))


def test_the_unrolled_steps_of_an_lstm_have_the_numbers_of_torch(layer):
    steps = lstm(XS, weights_of(layer))
    hidden, (_, memory) = layer(torch.from_numpy(XS))
    assert np.allclose([step.h for step in steps], hidden.detach().numpy(), atol=1e-12)
    assert np.allclose(steps[-1].c, memory[0].detach().numpy(), atol=1e-12)


def test_going_back_through_time_gives_the_gradients_of_torch(layer):
    dhs = np.random.default_rng(1).normal(size=(6, 4))
    xs = torch.from_numpy(XS).requires_grad_()
    (layer(xs)[0] * torch.from_numpy(dhs)).sum().backward()
    weights = weights_of(layer)
    gradient, dxs = lstm_backward(lstm(XS, weights), dhs, weights)
    assert np.allclose(gradient.input, layer.weight_ih_l0.grad.numpy().T, atol=1e-12)
    assert np.allclose(gradient.hidden, layer.weight_hh_l0.grad.numpy().T, atol=1e-12)
    assert np.allclose(gradient.bias, layer.bias_ih_l0.grad.numpy(), atol=1e-12)
    assert np.allclose(dxs, xs.grad.numpy(), atol=1e-12)


def test_finite_differences_confirm_the_gradients(layer):
    weights, dhs, step = weights_of(layer), np.random.default_rng(2).normal(size=(6, 4)), 1e-6

    def loss(bias):
        return sum(
            (s.h * dh).sum()
            for s, dh in zip(
                lstm(XS, RecurrentWeights(weights.input, weights.hidden, bias)), dhs, strict=True
            )
        )

    numeric = [
        (loss(weights.bias + step * unit) - loss(weights.bias - step * unit)) / (2 * step)
        for unit in np.eye(len(weights.bias))
    ]
    gradient, _ = lstm_backward(lstm(XS, weights), dhs, weights)
    assert np.allclose(gradient.bias, numeric, atol=1e-8)


def test_the_steps_of_a_gru_have_the_numbers_of_torch():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        layer = nn.GRU(3, 4, dtype=torch.float64)
    hidden = layer(torch.from_numpy(XS))[0].detach().numpy()
    weights, second = weights_of(layer, both_biases=False), layer.bias_hh_l0.detach().numpy()
    bias = weights.bias + np.append(second[:8], np.zeros(4))
    weights, h = RecurrentWeights(weights.input, weights.hidden, bias), np.zeros(4)
    for x, expected in zip(XS, hidden, strict=True):
        h = gru_step(x, h, weights, new_bias=second[8:]).h
        assert np.allclose(h, expected, atol=1e-12)


def test_an_open_gate_remembers_and_a_closed_one_forgets():
    nothing = np.zeros((1, 4))
    kept = RecurrentWeights(nothing, nothing, np.array([-99.0, 99.0, 0.0, 99.0]))
    forgotten = RecurrentWeights(nothing, nothing, np.array([-99.0, -99.0, 0.0, 99.0]))
    assert lstm_step([1], [0], [2.0], kept).c == pytest.approx(2.0)
    assert lstm_step([1], [0], [2.0], forgotten).c == pytest.approx(0.0)


def test_numbers_that_do_not_fit_the_weights_are_an_error():
    with pytest.raises(RecipeError, match="must be given 1 numbers"):
        lstm_step([1, 2], [0], [0], RecurrentWeights(np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4)))
