"""The tabular net in kernels: what torch computes, whatever the kernels and however many threads."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

import glassnet as gn
from glassnet.engine.dense import Layer, Objective, Optimizer, dropout_mask
from glassnet.engine.tabular_native import NativeTabular
from glassnet.nets import spec
from glassnet.nets.build import build
from glassnet.nets.tabular import ByteDropout

LOSSES = ("mse", "mae", "binary_cross_entropy", "cross_entropy", "poisson")
SHAPES = {  # inputs, numbers, members, outputs, widths of the trunk
    "one of each": (1, (0,), 1, 1, (1,)),
    "no waves": (9, (), 3, 2, (7, 17)),
    "only waves": (3, (0, 1, 2), 5, 1, (20,)),
    "more members than groups": (6, (1, 4), 9, 3, (16, 8, 5)),
    "wider than a panel": (70, (0, 69), 2, 2, (130, 65)),
}


def begun(shape, activation="relu", dropout=0.0):
    inputs, numbers, members, outputs, widths = SHAPES[shape]
    waves = spec.Periodic(frequencies=5, width=3, sigma=0.5) if numbers else None
    before, trunk = inputs + 3 * len(numbers), []
    for width in widths:
        trunk += [spec.Linear(inputs=before, outputs=width), spec.Activation(layer=activation)]
        trunk += [spec.Dropout(p=dropout)] if dropout else []
        before = width
    tabular = spec.Tabular(
        inputs=inputs, outputs=outputs, members=members, trunk=tuple(trunk), numbers=numbers, periodic=waves
    )
    return build(tabular, seed=3)


def layers_of(net, activation="relu", dropout=0.0):
    widths = net.spec.widths
    trunk = [Layer(a, b, activation, dropout=dropout if k else 0.0) for k, (a, b) in enumerate(widths)]
    return [*trunk, Layer(widths[-1][1], net.spec.outputs, dropout=dropout)]


def native_of(net, objective, optimizer, average=0.0, kernels="auto", threads=1, **layers):
    own = NativeTabular(
        net.spec, layers_of(net, **layers), objective, optimizer, average, "float64", 5, threads, kernels
    )
    own.set_parameters([each.detach().numpy() for each in net.double().parameters()])
    return own


def rows_of(shape, loss, rows=150):
    inputs, outputs = SHAPES[shape][0], SHAPES[shape][3]
    rng = np.random.default_rng(2)
    y = rng.integers(0, outputs, rows) if loss == "cross_entropy" else rng.integers(0, 2, (rows, outputs))
    y = y if loss == "cross_entropy" else y.astype(float)
    return rng.normal(size=(rows, inputs)), y, rng.uniform(0, 2, rows)


SIZES = np.array([64, 70, 15, 1])
ORDER = np.random.default_rng(4).permutation(150)


def trained(net, loss, **named):
    shape = next(name for name, each in SHAPES.items() if each[0] == net.spec.inputs)
    X, y, weight = rows_of(shape, loss)
    objective = Objective(loss, l1=0.001, l2=0.01, clip=0.5)
    own = native_of(copy.deepcopy(net), objective, Optimizer("adamw", weight_decay=0.01), 0.9, **named)
    value = own.train(X, y, weight, ORDER, SIZES, np.full(4, 0.01))
    return value, own.core.read("values"), own.core.read("average"), own.outputs(X)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_every_set_of_kernels_trains_as_the_naive_one(kernels, shape, loss):
    if loss == "cross_entropy" and SHAPES[shape][3] < 2:
        loss = "mse"
    found = trained(begun(shape), loss, kernels=kernels)
    expected = trained(begun(shape), loss, kernels="naive")
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_any_number_of_threads_ends_with_the_same_bits(native, threads):
    net = begun("more members than groups")
    for a, b in zip(trained(net, "mse", threads=threads), trained(net, "mse"), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("activation", ["relu", "tanh", "silu"])
@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_are_those_of_the_module(native, shape, activation):
    net = begun(shape, activation).double().eval()
    X, *_ = rows_of(shape, "mse", 300)
    X[7] *= 1e9  # so far out that its waves need the slow way
    own = native_of(net, Objective("mse"), Optimizer(), activation=activation)
    with torch.no_grad():
        expected = net.each_member(torch.from_numpy(X)).numpy()
    close = np.delete(np.arange(300), 7)
    np.testing.assert_allclose(own.outputs(X)[:, close], expected[:, close], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(own.outputs(X)[:, 7], expected[:, 7], rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_what_the_loss_measures(kernels, shape):
    """Each gradient against a central difference of the loss, which a step of rate 0 returns."""
    net = begun(shape, "tanh")
    X, y, weight = rows_of(shape, "mse", 70)
    own = native_of(net, Objective("mse"), Optimizer(), kernels=kernels, activation="tanh")
    step = (X, y, weight, np.arange(70), np.array([70]), np.zeros(1))
    own.train(*step)
    gradients, values = own.core.read("gradients"), own.core.read("values")
    for i in np.random.default_rng(0).permutation(len(values))[:60]:
        losses = []
        for change in (1e-6, -1e-6):
            moved = values.copy()
            moved[i] += change
            own.core.write("values", moved)
            losses.append(own.train(*step))
        assert gradients[i] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-4, abs=1e-8)


def test_dropout_drops_what_the_mask_says(native, monkeypatch):
    """torch with these very masks ends with the same numbers: members have rows of their own in them."""
    net, steps = begun("no waves", dropout=0.3).double(), iter(range(100))
    X, y, weight = rows_of("no waves", "mse")
    p = round(256 * 0.3) / 256

    def masked(self, x):
        if not self.training or len(x) < 100:  # what is asked of two rows before training begins
            return x
        step, layer = divmod(next(steps), 2)
        mask = dropout_mask(5, step, layer + 1, x.shape[1], len(x), p)
        return x * torch.from_numpy(mask.T / (1 - p))

    monkeypatch.setattr(ByteDropout, "forward", masked)
    own = native_of(net, Objective("mse"), Optimizer("sgd"), dropout=p)
    own.train(X, y, weight, np.arange(150), np.array([100, 50]), np.full(2, 0.1))
    gn.fit(
        *(net, torch.from_numpy(X), torch.from_numpy(y)),
        loss="mse",
        optimizer="sgd",
        lr=0.1,
        batch_size=100,
        epochs=1,
        shuffle=False,
        sample_weight=weight,
        engine="torch",
    )
    expected = np.concatenate([each.detach().numpy().ravel() for each in net.parameters()])
    np.testing.assert_allclose(own.core.read("values"), expected, rtol=1e-10, atol=1e-12)


def test_a_state_goes_on_where_it_was_taken(native):
    net = begun("more members than groups", dropout=0.2)
    X, y, weight = rows_of("more members than groups", "mse")
    parts = Objective("mse"), Optimizer("adam")
    whole = native_of(net, *parts, 0.9, dropout=0.2)
    step = (X, y, weight, ORDER, SIZES, np.full(4, 0.01))
    whole.train(*step)
    other = native_of(net, *parts, 0.9, dropout=0.2)
    other.set_state(whole.state())
    other.core.write("values", whole.core.read("values"))
    assert other.train(*step) == whole.train(*step)
    np.testing.assert_array_equal(other.core.read("average"), whole.core.read("average"))
    with pytest.raises(gn.errors.RecipeError, match="a state must have a step"):
        native_of(net, *parts, dropout=0.2).set_state(whole.state())


def test_what_does_not_fit_together_is_an_error(native):
    net = begun("no waves")
    own = native_of(net, Objective("mse"), Optimizer())
    X, y, weight = rows_of("no waves", "mse")
    rate = np.full(1, 0.1)
    with pytest.raises(ValueError, match="columns"):
        own.train(X[:, 1:].copy(), y, weight, np.arange(9), np.array([9]), rate)
    with pytest.raises(ValueError, match="row that is not there"):
        own.train(X, y, weight, np.array([150]), np.array([1]), rate)
    layers = layers_of(net)
    with pytest.raises(ValueError, match="trunk that takes its units"):
        NativeTabular(net.spec, layers[1:], Objective("mse"), Optimizer())
