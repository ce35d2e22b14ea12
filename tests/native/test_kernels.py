"""Every set of kernels trains as the naive loops do, alone and beside others."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from glassnet.engine.dense import LOSSES, Layer, Objective, Optimizer, train_many
from glassnet.engine.dense_native import NativeNet

METHODS = {
    "sgd": Optimizer("sgd"),
    "nesterov": Optimizer("sgd", momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": Optimizer("adam", weight_decay=0.01),
    "adamw": Optimizer("adamw", weight_decay=0.01),
    "rmsprop": Optimizer("rmsprop", momentum=0.5),
}
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "silu")
SHAPES = [  # widths, rows of the batches
    ((3, 1), (1, 1, 1)),
    ((5, 7, 2), (13, 64, 3)),
    ((15, 16, 17, 2), (63, 64, 65)),
    ((130, 33, 9, 3), (1, 129, 70)),
    ((64, 128, 5), (127, 256)),
]
LIMITS = {"float64": 1e-11, "float32": 1e-3}


def layers_of(widths, activation, dropout):
    last = len(widths) - 2
    return [
        Layer(a, b, activation if k < last else "identity", 0.2, dropout if k else dropout / 2)
        for k, (a, b) in enumerate(pairwise(widths))
    ]


def begun(layers, objective, optimizer, dtype, kernels):
    rng = np.random.default_rng(1)
    net = NativeNet(layers, objective, optimizer, dtype, 3, kernels)
    net.set_parameters(
        [
            (rng.normal(0, k.inputs**-0.5, (k.outputs, k.inputs)), rng.normal(0, 0.1, k.outputs))
            for k in layers
        ]
    )
    return net


def rows_of(widths, loss, rows, dtype):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(rows, widths[0])).astype(dtype)
    if loss == "cross_entropy":
        return X, rng.integers(0, widths[-1], rows), rng.uniform(0, 2, rows).astype(dtype)
    targets = rng.integers(0, 2, (rows, widths[-1])).astype(dtype)
    return X, targets, rng.uniform(0, 2, rows).astype(dtype)


def trained(widths, sizes, loss, activation, optimizer, objective, dtype, kernels):
    X, y, weight = rows_of(widths, loss, 300, dtype)
    net = begun(layers_of(widths, activation, 0.3), objective, optimizer, dtype, kernels)
    order = np.random.default_rng(4).integers(0, len(X), sum(sizes))
    value = net.train(X, y, weight, order, np.array(sizes), np.full(len(sizes), 0.01))
    return value, net


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("case", range(10))
def test_fast_kernels_train_as_the_naive_ones(kernels, dtype, shape, case):
    widths, sizes = shape
    loss = LOSSES[case % len(LOSSES)] if widths[-1] > 1 else ("mse", "mae", "binary_cross_entropy")[case % 3]
    activation = ACTIVATIONS[case // 2 % len(ACTIVATIONS)]
    optimizer = METHODS[list(METHODS)[(case + 1) % len(METHODS)]]
    objective = Objective(loss, 1.5, 0.01, 0.02, case % 2 == 0, 0.5 if case % 3 == 0 else None)
    parts = widths, sizes, loss, activation, optimizer, objective, dtype
    (value, net), (naive_value, naive) = trained(*parts, kernels), trained(*parts, "naive")
    limit = LIMITS[dtype]
    assert value == pytest.approx(naive_value, rel=limit)
    for (W, b), (naive_W, naive_b) in zip(net.parameters(), naive.parameters(), strict=True):
        for found, expected in ((W, naive_W), (b, naive_b)):
            assert np.linalg.norm(found - expected) <= limit * np.linalg.norm(expected)
    X, *_ = rows_of(widths, loss, 300, dtype)
    for rows in (X, X[:3]):  # many, and so few that they are answered one by one
        np.testing.assert_allclose(net.outputs(rows), naive.outputs(rows), rtol=limit, atol=10 * limit)


@pytest.mark.parametrize("activation", ["identity", *ACTIVATIONS])
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_what_the_loss_measures(kernels, loss, activation):
    widths = (4, 9, 3)
    X, y, _ = rows_of(widths, loss, 70, "float64")
    net = begun(layers_of(widths, activation, 0.0), Objective(loss), METHODS["sgd"], "float64", kernels)
    assert net.core.worst_gradient_error(X, y, 1e-5) < 1e-7


def test_a_batch_ends_the_same_whatever_was_trained_before_it(kernels):
    """Room that a larger batch has left behind is not seen by a smaller one."""
    widths, loss = (15, 17, 2), "mse"
    X, y, weight = rows_of(widths, loss, 300, "float64")
    fresh, used = (
        begun(layers_of(widths, "tanh", 0.0), Objective(loss), METHODS["sgd"], "float64", kernels)
        for _ in "ab"
    )
    used.loss(X, y, weight)
    used.train(X, y, None, np.arange(200), np.array([150, 50]), np.zeros(2))
    for net in (fresh, used):
        net.train(X, y, weight, np.arange(21), np.array([18, 3]), np.full(2, 0.1))
    for (W, _), (other, _) in zip(fresh.parameters(), used.parameters(), strict=True):
        np.testing.assert_array_equal(W, other)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_nets_trained_together_end_with_the_bits_of_each_alone(kernels, threads):
    widths, count, sizes = (13, 20, 3), 7, np.array([64, 64, 30])
    X, y, weight = rows_of(widths, "cross_entropy", 300, "float32")
    orders = [np.random.default_rng(k).permutation(300)[:158] for k in range(count)]
    rates = [np.full(3, 0.001 * (k + 1)) for k in range(count)]

    def nets():
        layers = layers_of(widths, "relu", 0.2)
        return [
            begun(layers, Objective("cross_entropy"), METHODS["adam"], "float32", kernels)
            for _ in range(count)
        ]

    together, alone = nets(), nets()
    losses = train_many(together, X, y, [weight] * count, orders, sizes, rates, threads)
    for k, net in enumerate(alone):
        assert losses[k] == net.train(X, y, weight, orders[k], sizes, rates[k])
        for (W, b), (other_W, other_b) in zip(net.parameters(), together[k].parameters(), strict=True):
            np.testing.assert_array_equal(W, other_W)
            np.testing.assert_array_equal(b, other_b)


def test_parameters_are_copied_into_arrays_of_the_caller_and_only_of_their_shape(native):
    net = begun(layers_of((5, 17, 3), "relu", 0.0), Objective("mse"), METHODS["sgd"], "float32", "auto")
    own = [(np.zeros_like(W), np.zeros_like(b)) for W, b in net.parameters()]
    net.copy_parameters(own)
    for (W, b), (own_W, own_b) in zip(net.parameters(), own, strict=True):
        np.testing.assert_array_equal(W, own_W)
        np.testing.assert_array_equal(b, own_b)
    for wrong in (own[:1], own[::-1], [(own[0][0], None), own[1]]):
        with pytest.raises(ValueError, match="pair"):
            net.copy_parameters(wrong)


def test_a_net_cannot_be_trained_by_two_at_once(native):
    X, y, _ = rows_of((3, 1), "mse", 300, "float32")
    net = begun(layers_of((3, 1), "relu", 0.0), Objective("mse"), METHODS["sgd"], "float32", "auto")
    order, sizes, rates = np.arange(300).repeat(2000), np.full(2000, 300), np.full(2000, 0.01)
    with pytest.raises(RuntimeError, match="in use"):
        train_many([net, net], X, y, [None] * 2, [order] * 2, sizes, [rates] * 2, 2)


def test_rows_at_the_end_of_an_array_are_read_to_their_end_and_no_further(kernels):
    """The last row ends where the array ends: what lies behind it is not part of it."""
    for columns in (1, 7, 15, 17, 31):
        block = np.full(40 * columns + 64, np.nan, "float32")
        X = block[: 40 * columns].reshape(40, columns)
        X[...] = np.random.default_rng(0).normal(size=X.shape)
        net = begun([Layer(columns, 2)], Objective("mse"), METHODS["sgd"], "float32", kernels)
        (W, b), *_ = net.parameters()
        np.testing.assert_allclose(net.outputs(X), X @ W.T + b, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(net.outputs(X[-1:]), net.outputs(X[-1:].copy()))
