"""Convolution and pooling: loops, whole arrays and torch give one answer, forward and backward."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from glassnet.errors import RecipeError
from glassnet.reference import convolution_loops as loops
from glassnet.reference.convolution import PADDING_MODES, Conv2d, Window, output_size, sources
from glassnet.reference.dense import finite_differences
from glassnet.reference.pooling import AvgPool2d, MaxPool2d, pooling_effect

RNG = np.random.default_rng(7)

OPTIONS = [
    {},
    {"stride": 2},
    {"stride": (1, 2), "padding": (2, 1)},
    {"padding": 1, "dilation": 2},
    {"groups": 2},
    {"groups": 4, "stride": 2, "padding": 1},
    {"padding": 2, "dilation": (1, 2), "stride": (2, 1), "groups": 2},
    *({"padding": (2, 1), "padding_mode": mode} for mode in PADDING_MODES),
    {"padding": 2, "padding_mode": "reflect", "stride": 2, "dilation": 2, "groups": 2},
]


def layer_of(options, kernel=(3, 2), bias=True):
    groups = options.get("groups", 1)
    W = RNG.normal(size=(4, 4 // groups, *kernel))
    return Conv2d(W, RNG.normal(size=4) if bias else None, **options)


def torch_convolution(layer, x):
    """Return torch's output and the leaves whose gradients it fills."""
    module = torch.nn.Conv2d(
        x.shape[1], len(layer.W), tuple(layer.W.shape[2:]), layer.stride, layer.padding, layer.dilation,
        layer.groups, layer.b is not None, layer.padding_mode, dtype=torch.float64,
    )  # fmt: skip
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(layer.W))
        if layer.b is not None:
            module.bias.copy_(torch.from_numpy(layer.b))
    images = torch.from_numpy(x.copy()).requires_grad_()
    return module(images), images, module


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_forward_and_backward_are_those_of_torch_C34_C36(options):
    layer, x = layer_of(options), RNG.normal(size=(2, 4, 6, 7))
    expected, images, module = torch_convolution(layer, x)
    out = layer.forward(x)
    assert out.shape == layer.output_shape(x.shape) == tuple(expected.shape)
    np.testing.assert_allclose(out, expected.detach().numpy(), rtol=1e-11, atol=1e-13)
    dout = RNG.normal(size=out.shape)
    expected.backward(torch.from_numpy(dout))
    leaves = {"dx": images, "dW": module.weight, "db": module.bias}
    for (name, leaf), ours in zip(leaves.items(), layer.backward(x, dout), strict=True):
        np.testing.assert_allclose(ours, leaf.grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_loops_say_the_same_forward_and_backward_C34(options):
    layer, x = layer_of(options), RNG.normal(size=(2, 4, 5, 4))
    out = loops.convolve(layer, x)
    np.testing.assert_allclose(layer.forward(x), out, rtol=1e-11, atol=1e-13)
    dout = RNG.normal(size=out.shape)
    for name, ours, theirs in zip(
        ("dx", "dW", "db"), layer.backward(x, dout), loops.convolve_backward(layer, x, dout), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("mode", PADDING_MODES)
def test_gradients_are_what_finite_differences_measure_C36(mode):
    options = {"stride": 2, "padding": (2, 1), "dilation": (1, 2), "padding_mode": mode}
    x, W, b = RNG.normal(size=(1, 2, 5, 4)), RNG.normal(size=(2, 2, 2, 2)), RNG.normal(size=2)
    dout = RNG.normal(size=Conv2d(W, b, **options).forward(x).shape)
    gradients = Conv2d(W, b, **options).backward(x, dout)
    measured = (
        finite_differences(lambda value: float((Conv2d(W, b, **options).forward(value) * dout).sum()), x),
        finite_differences(lambda value: float((Conv2d(value, b, **options).forward(x) * dout).sum()), W),
        finite_differences(lambda value: float((Conv2d(W, value, **options).forward(x) * dout).sum()), b),
    )
    for name, ours, theirs in zip(("dx", "dW", "db"), gradients, measured, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8, err_msg=name)


def test_one_place_by_hand_is_an_inner_product_C34():
    """1*10 + 2*20 + 3*40 + 4*50 + 0.5 = 370.5; one place on 1*20 + 2*30 + 3*50 + 4*60 + 0.5 = 470.5."""
    x = np.array([[[[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]]]])
    layer = Conv2d(np.array([[[[1.0, 2.0], [3.0, 4.0]]]]), np.array([0.5]))
    assert layer.forward(x).tolist() == [[[[370.5, 470.5]]]]


def test_several_filters_are_a_layer_and_its_parameters_do_not_grow_with_the_image_C34():
    layer = Conv2d(np.zeros((6, 3, 5, 5)), np.zeros(6))
    assert layer.parameters == 6 * 3 * 5 * 5 + 6
    assert layer.output_shape((2, 3, 32, 32)) == (2, 6, 28, 28)
    assert layer.output_shape((1, 3, 640, 427)) == (1, 6, 636, 423)


def test_sizes_of_every_window_are_those_of_torch_C36():
    for size, kernel, stride, padding, dilation in itertools.product(
        (7, 12), (1, 2, 3), (1, 2, 3), (0, 1), (1, 2)
    ):
        seen = F.conv2d(
            torch.zeros(1, 1, size, size), torch.zeros(1, 1, kernel, kernel),
            stride=stride, padding=padding, dilation=dilation,
        )  # fmt: skip
        assert output_size(size, kernel, stride, padding, dilation) == seen.shape[-1]


def test_padding_modes_read_where_they_say_C36():
    letters = np.array(list("abc-"))
    shown = {mode: "".join(letters[sources(3, 2, mode)]) for mode in PADDING_MODES}
    assert shown == {"zeros": "--abc--", "reflect": "cbabcba", "replicate": "aaabccc", "circular": "bcabcab"}


POOLS = [(2, None, 0), (3, 2, 1), ((2, 3), (1, 2), (1, 0)), (3, 1, 1), (2, 3, 0)]


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
@pytest.mark.parametrize("options", POOLS, ids=str)
def test_pooling_is_that_of_torch_and_of_the_loops_C35(kind, options):
    layer, x = kind(*options), RNG.normal(size=(2, 3, 7, 8))
    images = torch.from_numpy(x.copy()).requires_grad_()
    expected = (F.max_pool2d if kind is MaxPool2d else F.avg_pool2d)(images, *options)
    out = layer.forward(x)
    np.testing.assert_allclose(out, expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(out, loops.pool(layer, x), rtol=1e-12)
    dout = RNG.normal(size=out.shape)
    expected.backward(torch.from_numpy(dout))
    np.testing.assert_allclose(layer.backward(x, dout), images.grad.numpy(), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(layer.backward(x, dout), loops.pool_backward(layer, x, dout), atol=1e-13)


@pytest.mark.parametrize("kind", [MaxPool2d, AvgPool2d])
def test_pooling_gradients_are_what_finite_differences_measure_C35(kind):
    layer, x = kind(3, 2, 1), RNG.normal(size=(1, 2, 5, 6))
    dout = RNG.normal(size=layer.forward(x).shape)
    measured = finite_differences(lambda value: float((layer.forward(value) * dout).sum()), x)
    np.testing.assert_allclose(layer.backward(x, dout), measured, rtol=1e-6, atol=1e-8)


def test_the_first_of_equal_values_gets_the_gradient_as_in_torch_C35():
    x, dout = np.ones((1, 1, 2, 2)), np.array([[[[5.0]]]])
    assert MaxPool2d(2).backward(x, dout).tolist() == [[[[5.0, 0.0], [0.0, 0.0]]]]
    assert loops.pool_backward(MaxPool2d(2), x, dout).tolist() == [[[[5.0, 0.0], [0.0, 0.0]]]]
    assert AvgPool2d(2).backward(x, dout).tolist() == [[[[1.25, 1.25], [1.25, 1.25]]]]


def test_padding_never_wins_the_maximum_C35():
    assert MaxPool2d(2, 1, 1).forward(-np.ones((1, 1, 2, 2))).max() == -1.0


def test_pooling_by_2_leaves_a_quarter_of_the_last_weights_C35():
    shown = pooling_effect((1, 32, 32), filters=6, kernel=3, pool=2, units=120)
    assert (shown.convolved, shown.pooled) == ((6, 30, 30), (6, 15, 15))
    assert (shown.without, shown.with_pooling) == ((5400 + 1) * 120, (1350 + 1) * 120)
    assert "162,120 parameters" in str(shown)


def test_convolutions_and_pooling_in_a_row_end_in_576_numbers_C35():
    x = np.zeros((1, 1, 32, 32))
    for channels, filters in ((1, 6), (6, 16)):
        x = MaxPool2d(2).forward(Conv2d(np.zeros((filters, channels, 3, 3))).forward(x))
    assert x.shape == (1, 16, 6, 6)
    assert x[0].size == 576


def test_a_single_image_is_told_to_become_a_batch_C36():
    with pytest.raises(RecipeError) as caught:
        Conv2d(np.zeros((1, 3, 3, 3))).forward(np.zeros((3, 8, 8)))
    assert str(caught.value) == (
        "x must have 4 dimensions (samples, channels, height, width), however: x.shape=(3, 8, 8); "
        "write x[None] for a batch of one image"
    )


X = np.zeros((1, 2, 4, 4))


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: Conv2d(np.zeros((3, 3))), r"write W\[None, None\] for a single filter"),
        (lambda: Conv2d(np.zeros((3, 1, 2, 2)), np.zeros(2), groups=2), "2 problems"),
        (lambda: Conv2d(np.zeros((3, 1, 2, 2)), stride=0, padding=-1, dilation=0.5), "3 problems"),
        (lambda: Window(3, padding_mode="zero").check(), "did you mean 'zeros'"),
        (lambda: Conv2d(np.zeros((1, 3, 2, 2))).forward(X), "images of 3 channels, however: x has 2"),
        (lambda: Conv2d(np.zeros((1, 2, 5, 2))).forward(X), r"height of 5 must fit .* 4 \+ 2 \* 0 = 4"),
        (
            lambda: Conv2d(np.zeros((1, 2, 2, 2)), padding=4, padding_mode="reflect").forward(X),
            "can add at most 3 to a height of 4, however: padding=4",
        ),
        (lambda: Conv2d(np.zeros((1, 2, 2, 2)), padding=5, padding_mode="circular").forward(X), "at most 4"),
        (lambda: Conv2d(np.zeros((1, 2, 2, 2))).forward(X + np.nan), "32 of 32 are not"),
        (lambda: MaxPool2d(2, padding=2).forward(X), "at most half of its kernel"),
        (lambda: AvgPool2d(5).forward(X), "2 problems"),
        (lambda: MaxPool2d(2).forward(X[0]), "batch of one image"),
        (lambda: Conv2d(np.full((1, 2, 2, 2), np.nan)), "W must hold finite numbers"),
        (
            lambda: Conv2d(np.ones((1, 2, 2, 2))).backward(X, [1.0]),
            r"however: dout.shape=\(1,\)",
        ),
        (lambda: MaxPool2d(2).backward(X, np.ones((1, 2, 3, 3))), r"\(1, 2, 2, 2\), however"),
        (lambda: AvgPool2d(2).backward(X, np.ones((1, 2, 3, 3))), r"\(1, 2, 2, 2\), however"),
    ],
)
def test_what_does_not_fit_is_an_error(call, found):
    with pytest.raises(RecipeError, match=found):
        call()
