"""Looking inside convolutional nets: filters, maps, one pixel unfolded, pooling winners (C34 to C37)."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import glassnet as gn
from glassnet.errors import RecipeError

PHOTO = np.random.default_rng(0).random((32, 32))
COLOUR = np.random.default_rng(1).integers(0, 256, (16, 12, 3), dtype=np.uint8)


def test_the_filters_are_the_weights_of_each_convolution_in_order(lenet, residual):
    net = lenet
    seen = gn.filters(net)
    assert [(each.name, each.weights.shape) for each in seen.layers] == [
        ("conv1", (6, 1, 3, 3)),
        ("conv2", (16, 6, 3, 3)),
    ]
    assert np.array_equal(seen["conv2"].weights, net.conv2.weight.detach().numpy())
    assert np.array_equal(seen["conv1"].bias, net.conv1.bias.detach().numpy())
    assert "conv2       16  6 x 3 x 3" in str(seen)
    assert gn.filters(residual)["stem"].is_colour
    assert json.loads(seen.to_json())["layers"][0]["groups"] == 1


def test_a_net_without_filters_is_said_to_be_so(lenet):
    with pytest.raises(RecipeError, match=r"must have a layer of filters .* however: Sequential has none;"):
        gn.filters(nn.Sequential(nn.Linear(2, 1)))
    with pytest.raises(
        RecipeError, match=r"the layer must be one that is shown, however: 'conf1'; did you mean"
    ):
        gn.filters(lenet)["conf1"]


def test_the_maps_of_lenet_unchanged_are_there_after_each_layer_and_function_C37(lenet):
    net = lenet
    seen = gn.feature_maps(net, PHOTO)
    names = ["conv1", "relu", "max_pool2d", "conv2", "relu 2", "max_pool2d 2"]
    assert [each.name for each in seen.layers] == names
    x = torch.from_numpy(PHOTO).float()[None, None]
    with torch.no_grad():
        first = net.conv1(x)
        last = F.max_pool2d(F.relu(net.conv2(F.max_pool2d(F.relu(first), 2))), 2)
    np.testing.assert_allclose(seen["conv1"].maps, first[0].numpy(), rtol=1e-6)
    np.testing.assert_allclose(seen["max_pool2d 2"].maps, last[0].numpy(), rtol=1e-6)
    np.testing.assert_allclose(seen.picture, PHOTO, rtol=1e-6)
    assert "max_pool2d 2  function    16 x 6 x 6" in str(seen)


def test_layers_that_work_in_place_do_not_change_what_was_seen_before(residual):
    net = residual
    seen = gn.feature_maps(net, COLOUR)
    names = ["stem", "norm", "act", "block.0", "block.1", "add", "act 2"]
    assert [each.name for each in seen.layers] == names
    assert (seen["norm"].maps < 0).any()
    assert (seen["block.0"].maps < 0).any()
    assert np.array_equal(seen["act"].maps, np.maximum(seen["norm"].maps, 0))
    np.testing.assert_allclose(seen["add"].maps, seen["act"].maps + seen["block.1"].maps, rtol=1e-6)
    x = torch.from_numpy(COLOUR / 255).float().permute(2, 0, 1)[None]
    np.testing.assert_allclose(
        seen["stem"].maps, F.conv2d(x, net.stem.weight, padding=1)[0].detach(), rtol=1e-4, atol=1e-6
    )


def test_the_net_is_left_exactly_as_it_was(residual):
    net = residual.train()
    net.block.eval()
    net.head.weight.grad = torch.ones_like(net.head.weight)
    before = copy.deepcopy(net.state_dict())
    modes = [each.training for each in net.modules()]
    random = torch.random.get_rng_state()
    gn.feature_maps(net, COLOUR)
    gn.grad_cam(net, COLOUR)
    gn.occlusion(net, COLOUR, 4)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert [each.training for each in net.modules()] == modes
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in net.modules())
    assert torch.equal(net.head.weight.grad, torch.ones_like(net.head.weight))
    assert net.stem.weight.grad is None
    assert torch.equal(torch.random.get_rng_state(), random)


def test_a_net_that_fails_is_left_as_it_was_too(lenet):
    net = lenet
    with pytest.raises(RecipeError, match="must take a photo of 1 x 1 x 20 x 20, however: torch says"):
        gn.feature_maps(net, PHOTO[:20, :20])
    assert net.training
    assert not any(each._forward_hooks for each in net.modules())


def test_photos_may_be_bytes_numbers_or_tensors(residual):
    net = residual
    maps = gn.feature_maps(net, COLOUR)["stem"].maps
    tensor = torch.from_numpy(COLOUR / 255).float().permute(2, 0, 1)
    for same in (COLOUR / 255, tensor, tensor[None]):
        assert np.array_equal(gn.feature_maps(net, same)["stem"].maps, maps)


@pytest.mark.parametrize(
    ("photo", "text"),
    [
        (np.zeros((3, 16, 12)), "an array's channels must be its last axis, however"),
        (np.zeros((2, 3, 16, 12)), "a photo must be an array .* however: its shape is"),
        (torch.zeros(2, 3, 16, 12), "a photo must be an array .* however: its shape is"),
        (np.full((16, 12, 3), np.nan), "a photo must hold finite numbers, however: some are not"),
        ("photo.jpg", "a photo must be an array"),
    ],
)
def test_what_is_no_photo_is_refused(photo, text, residual):
    with pytest.raises(RecipeError, match=text):
        gn.feature_maps(residual, photo)


WINDOWS = [
    {"kernel_size": 3},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": (2, 1), "dilation": (2, 1)},
    {"kernel_size": 3, "padding": 2, "dilation": 2, "groups": 2},
    {"kernel_size": 4, "padding": "same"},
    {"kernel_size": 3, "padding": 2, "padding_mode": "reflect"},
    {"kernel_size": 3, "padding": 2, "padding_mode": "circular", "bias": False},
    {"kernel_size": 3, "padding": 3, "padding_mode": "replicate", "groups": 4},
]


def summed(text: str) -> float:
    """Work out the arithmetic as it is printed, from its first line to the one before the last."""
    lines = [line.split("  (")[0] for line in text.splitlines() if line.startswith(("    ", "  +"))]
    products = [term for line in lines for term in line.strip().removeprefix("+ ").split(" + ")]
    return math.fsum(math.prod(float(each) for each in term.split("*")) for term in products)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("options", WINDOWS, ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-6)], ids=str)
def test_the_printed_products_of_one_pixel_sum_to_what_the_net_computed_C36(
    options, dtype, tolerance, seeded
):
    net = seeded(lambda: nn.Sequential(nn.Conv2d(4, 8, **options))).to(dtype)
    photo = torch.randn(4, 9, 7, generator=torch.Generator().manual_seed(2)).to(dtype)
    with torch.no_grad():
        out = net(photo[None])[0]
    for place in [(0, 0, 0), (7, out.shape[1] - 1, out.shape[2] - 1), (3, out.shape[1] // 2, 1)]:
        seen = gn.unfold_pixel(net, photo, "0", *place)
        assert seen.value == float(out[place])
        assert seen.total == pytest.approx(seen.value, abs=tolerance, rel=tolerance)
        assert summed(str(seen)) == pytest.approx(seen.value, abs=tolerance, rel=tolerance)


def test_one_pixel_by_hand_with_stride_padding_and_dilation_C34():
    net = nn.Sequential(nn.Conv2d(1, 1, 2, stride=2, padding=1, dilation=2)).double()
    with torch.no_grad():
        net[0].weight[:] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        net[0].bias[:] = 0.5
    photo = np.arange(16.0).reshape(4, 4)
    seen = gn.unfold_pixel(net, photo, "0", 0, 1, 0)
    # rows 1*2 - 1 + (0, 2) = 1, 3; columns 0*2 - 1 + (0, 2) = -1, 1: the first column lies in the padding
    assert seen.rows.tolist() == [1, 3]
    assert seen.columns.tolist() == [-1, 1]
    assert seen.outside.tolist() == [[True, False], [True, False]]
    assert seen.value == 0 * 1 + 5 * 2 + 0 * 3 + 13 * 4 + 0.5
    assert str(seen) == (
        "0, channel 0, row 1, column 0: 62.5\n"
        "the window sees rows 1, 3 = 1*2 - 1 + {0, 2}\n"
        "and columns -1, 1 = 0*2 - 1 + {0, 2}\n"
        "in channel 0\n"
        "2 of its 4 places lie in the padding (zeros)\n"
        "    0*1 + 5*2\n"
        "  + 0*3 + 13*4\n"
        "  + 0.5  (bias)\n"
        "  = 62.5"
    )


TRANSPOSED = [
    {"kernel_size": 2, "stride": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
    {"kernel_size": (3, 2), "stride": (1, 3), "padding": (2, 0), "dilation": (2, 1), "groups": 2},
    {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False, "groups": 4},
]


@pytest.mark.parametrize("options", TRANSPOSED, ids=str)
def test_a_pixel_of_a_transposed_convolution_is_the_sum_of_its_products(options):
    net = seeded_transposed(options)
    photo = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(2)).double()
    with torch.no_grad():
        out = net(photo[None])[0]
    for place in np.ndindex(*out.shape):
        if sum(place) % 7 == 0:
            seen = gn.unfold_pixel(net, photo, "0", *place)
            assert seen.value == float(out[place])
            assert seen.total == pytest.approx(seen.value, abs=1e-10)
            assert summed(str(seen)) == pytest.approx(seen.value, abs=1e-10)
    weights = gn.filters(net)["0"].weights
    assert np.array_equal(weights[7], gn.unfold_pixel(net, photo, "0", 7, 0, 0).weights)


def seeded_transposed(options) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.ConvTranspose2d(4, 8, **options)).double()


def test_a_transposed_convolution_by_hand():
    net = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, stride=2, bias=False)).double()
    with torch.no_grad():
        net[0].weight[:] = torch.arange(1.0, 10.0).view(3, 3)
    seen = gn.unfold_pixel(net, np.array([[1.0, 2.0], [3.0, 4.0]]), "0", 0, 2, 1)
    # row 2 is row 0 of the filter of pixel row 1, and row 2 of that of pixel row 0
    assert seen.value == 3 * 2 + 1 * 8
    assert seen.rows.tolist() == [1, -1, 0]
    assert seen.columns.tolist() == [-1, 0, -1]
    assert "rows 1, none, 0 = (2 + 0 - {0, 1, 2}) / 2 where that is whole" in str(seen)
    assert "at 7 of its 9 places there is no pixel" in str(seen)


def test_a_call_of_conv_transpose2d_is_unfolded_too():
    class Called(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.arange(16.0).view(2, 2, 2, 2))

        def forward(self, x):
            return F.conv_transpose2d(x, self.weight, stride=2)

    photo = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(2))
    seen = gn.unfold_pixel(Called(), photo, "conv_transpose2d", 1, 3, 2)
    assert seen.total == pytest.approx(seen.value, rel=1e-6)


def test_groups_say_which_channels_a_filter_sees(seeded):
    net = seeded(lambda: nn.Sequential(nn.Conv2d(4, 8, 1, groups=2)))
    seen = gn.unfold_pixel(net, torch.ones(4, 3, 3), "0", 5, 0, 0)
    assert seen.channels.tolist() == [2, 3]
    assert "in channels 2 to 3 (group 1 of 2)" in str(seen)


def test_a_call_of_conv2d_is_unfolded_as_a_layer_is():
    class Called(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.arange(8.0).view(1, 2, 2, 2))

        def forward(self, x):
            return F.conv2d(x, self.weight, stride=2, padding=1)

    photo = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(2))
    seen = gn.unfold_pixel(Called(), photo, "conv2d", 0, 1, 1)
    assert seen.total == pytest.approx(seen.value, rel=1e-6)
    assert seen.stride == (2, 2)


def test_many_products_are_written_with_a_sum_of_the_rest(seeded):
    net = seeded(lambda: nn.Sequential(nn.Conv2d(32, 4, 3))).double()
    photo = torch.randn(32, 5, 5, generator=torch.Generator().manual_seed(2)).double()
    seen = gn.unfold_pixel(net, photo, "0", 1, 2, 2)
    assert "(56 other rows of the window)" in str(seen)
    assert summed(str(seen)) == pytest.approx(seen.value, abs=1e-10)


def test_what_cannot_be_unfolded_is_said(lenet):
    with pytest.raises(RecipeError, match="name of a convolution that is called, however: 'fc1'; "):
        gn.unfold_pixel(lenet, PHOTO, "fc1", 0, 0, 0)
    must = r"in the output of conv1, \(6, 30, 30\), however: \(0, 30, 0\); count from 0"
    with pytest.raises(RecipeError, match=must):
        gn.unfold_pixel(lenet, PHOTO, "conv1", 0, 30, 0)


def test_the_winners_of_a_pooling_by_hand_C35():
    net = nn.Sequential(nn.MaxPool2d(2))
    photo = np.array([[1.0, 2.0, 5.0, 5.0], [3.0, 4.0, 5.0, 8.0]])
    seen = gn.pooling_winners(net, photo)["0"]
    assert seen.values.tolist() == [[[4.0, 8.0]]]
    assert seen.rows.tolist() == [[[1, 1]]]
    assert seen.columns.tolist() == [[[1, 3]]]
    assert seen.wins().tolist() == [[[0, 0, 0, 0], [0, 1, 0, 1]]]


def test_windows_that_overlap_let_a_pixel_win_more_than_once():
    net = nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1))
    photo = np.zeros((5, 5))
    photo[1, 1] = 1.0
    assert gn.pooling_winners(net, photo)["0"].wins()[0, 1, 1] == 4


def test_every_pooling_of_lenet_is_there_and_its_winners_hold_its_values_C35(lenet):
    net = lenet
    seen, maps = gn.pooling_winners(net, PHOTO), gn.feature_maps(net, PHOTO)
    assert [each.name for each in seen.layers] == ["max_pool2d", "max_pool2d 2"]
    for each in seen.layers:
        assert np.array_equal(each.values, maps[each.name].maps)
        channels = np.arange(len(each.given))[:, None, None]
        assert np.array_equal(each.given[channels, each.rows, each.columns], each.values)
    assert "max_pool2d     2 x 2   2 x 2   6 x 30 x 30  6 x 15 x 15" in str(seen)


def test_adaptive_pooling_has_winners_too():
    seen = gn.pooling_winners(nn.Sequential(nn.AdaptiveMaxPool2d(2)), np.arange(25.0).reshape(5, 5))["0"]
    assert seen.values.tolist() == [[[12.0, 14.0], [22.0, 24.0]]]
    assert (seen.kernel, seen.stride) == ((3, 3), (2, 2))


def test_a_net_without_max_pooling_is_said_to_be_so(residual):
    with pytest.raises(RecipeError, match="must have a max pooling, however: it calls none"):
        gn.pooling_winners(residual, COLOUR)
