"""Dense networks: any depth, gradients that finite differences and torch agree with, errors that help."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from glassnet.errors import RecipeError
from glassnet.reference.activations import ACTIVATIONS
from glassnet.reference.dense import (
    Layer,
    backward,
    checked_layers,
    forward,
    gradients,
    measured_gradients,
    predict,
    random_layers,
)
from glassnet.reference.losses import loss_gradient
from glassnet.reference.regularisers import dropout_mask

RNG = np.random.default_rng(4)
X = RNG.normal(size=(5, 3))
Y = RNG.normal(size=(5, 2))


def network(depth, activation="tanh", bias=True, outputs=2):
    layers = random_layers([3, *[4] * (depth - 1), outputs], activation, bias=bias, seed=depth)
    rng = np.random.default_rng(0)
    return [Layer(each.W, each.b if each.b is None else rng.normal(size=each.b.shape), each.activation)
            for each in layers]  # fmt: skip


def assert_same_gradients(ours, theirs, rtol=1e-6):
    for k, (own, other) in enumerate(zip(ours, theirs, strict=True)):
        assert own.keys() == other.keys()
        for name, each in own.items():
            np.testing.assert_allclose(each, other[name], rtol, 1e-9, err_msg=f"layer {k}: d{name}")


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_gradients_of_any_depth_are_what_finite_differences_measure_C20_C21(depth, bias):
    layers = network(depth, bias=bias)
    assert_same_gradients(gradients(layers, X, Y, "mse")[1], measured_gradients(layers, X, Y, "mse"))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_through_each_activation_are_what_finite_differences_measure(activation):
    layers = network(3, activation)
    ours = gradients(layers, X, Y, "squared_error")[1]
    assert_same_gradients(ours, measured_gradients(layers, X, Y, "squared_error"))


def test_gradients_with_respect_to_the_inputs_are_those_of_torch():
    layers = network(3)
    seen = forward(layers, X)
    back = backward(layers, seen, loss_gradient("mse", seen.output, Y))
    a = x = torch.from_numpy(X.copy()).requires_grad_()
    sums = []
    for layer in layers:
        z = a @ torch.from_numpy(layer.W) + torch.from_numpy(layer.b)
        z.retain_grad()
        sums.append(z)
        a = torch.tanh(z) if layer.activation == "tanh" else z
    torch.nn.functional.mse_loss(a, torch.from_numpy(Y)).backward()
    np.testing.assert_allclose(back.dx, x.grad.numpy(), rtol=1e-11)
    for k, (dz, z) in enumerate(zip(back.dz, sums, strict=True)):
        np.testing.assert_allclose(dz, z.grad.numpy(), rtol=1e-11, err_msg=f"error terms of layer {k}")


def test_a_mask_switches_units_off_forward_and_backward_C28():
    layers = network(2)
    mask = dropout_mask(len(X), 4, 0.5, seed=1)
    seen = forward(layers, X, [mask, None])
    assert ((seen.a[1] == 0) == (mask == 0)).all()
    back = backward(layers, seen, loss_gradient("mse", seen.output, Y))
    assert ((back.dz[0] == 0) == (mask == 0)).all()
    np.testing.assert_array_equal(seen.a[1][mask > 0], 2 * forward(layers, X).a[1][mask > 0])


def test_a_classifier_of_the_alphabet_has_26_outputs_that_add_up_to_1_C20():
    layers = random_layers([64, 32, 32, 26], "relu", "softmax")
    assert [layer.W.shape for layer in layers] == [(64, 32), (32, 32), (32, 26)]
    answers = predict(layers, np.random.default_rng(0).normal(size=(4, 64)))
    assert answers.shape == (4, 26)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0)


def test_softmax_at_the_end_with_the_loss_of_its_logits_gives_probability_minus_truth_C20():
    layers = network(1, outputs=2)
    seen = forward(layers, X)
    back = backward(layers, seen, loss_gradient("cross_entropy", seen.output, np.zeros(5)))
    probability = np.exp(seen.output) / np.exp(seen.output).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(back.dz[0], (probability - [1.0, 0.0]) / 5)


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    first, again, other = (random_layers([3, 2, 1], seed=seed)[0].W for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_weights_are_drawn_so_that_sums_keep_their_size():
    W = random_layers([400, 300, 1])[0].W
    assert W.std() == pytest.approx(400**-0.5, rel=0.02)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: random_layers([3]), r"the inputs first, however: sizes=\[3\]"),
        (lambda: random_layers([3, 0], "sigmiod"), "2 problems"),
        (lambda: predict(network(1), X[0]), r"write x\[None\] for a single row"),
        (lambda: predict(network(1), X[:, :2]), r"shape \(n, 3\), however: shape \(5, 2\)"),
        (lambda: predict(network(1), X * np.inf), "15 of 15 are not"),
        (lambda: checked_layers([]), "a network needs a layer"),
        (lambda: checked_layers([Layer(np.full((3, 2), np.nan), None)]), "layer 0 must hold finite weights"),
        (lambda: checked_layers([Layer(np.ones((3, 2)), np.ones(3))]), "transpose a weight of torch"),
        (
            lambda: checked_layers([Layer(np.ones((3, 2)), None), Layer(np.ones((3, 1)), None)]),
            r"layer 1 must take the 2 units of the layer before it, however: W \(3, 1\), b None; give it W "
            r"of shape \(2, 1\)",
        ),
        (lambda: measured_gradients(network(1), X, Y, "mes"), "did you mean 'mse'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(call, found):
    with pytest.raises(RecipeError, match=found):
        call()
