"""What does not fit is named with its reason and the number to write; the corrected net then fits."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import glassnet as gn
from glassnet.errors import RecipeError


class Net(nn.Module):
    """The course's LeNet, with numbers that can be wrong (C37)."""

    def __init__(self, conv1=(1, 6), conv2=(6, 16), features=576, fc2=(120, 84), view=None):
        super().__init__()
        self.conv1 = nn.Conv2d(*conv1, 3)
        self.conv2 = nn.Conv2d(*conv2, 3)
        self.fc1 = nn.Linear(features, 120)
        self.fc2 = nn.Linear(*fc2)
        self.fc3 = nn.Linear(84, 10)
        self.view = view

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(*self.view) if self.view else x.flatten(1)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))


def only(seen):
    assert len(seen.problems) == 1, seen.problems
    return seen.problems[0]


def test_a_first_linear_layer_that_does_not_fit_C37():
    seen = gn.shapes(Net(features=400), (1, 32, 32))
    assert only(seen) == (
        "fc1 expects 400 features, however: conv2 followed by pooling gives 16 x 6 x 6 = 576 "
        "for a 32 x 32 image; write nn.Linear(576, 120)"
    )
    assert [each.name for each in seen.layers if each.problem] == ["fc1"]
    assert [line.split()[1] for line in str(seen).splitlines() if line.endswith("  does not fit")] == ["fc1"]


def test_another_image_size_asks_for_another_number():
    assert "gives 16 x 5 x 5 = 400 for a 28 x 28 image; write nn.Linear(400, 120)" in only(
        gn.shapes(Net(), (1, 28, 28))
    )


def test_all_that_does_not_fit_is_found_at_once():
    seen = gn.shapes(Net(conv2=(8, 16), features=400, fc2=(100, 84)), (3, 32, 32))
    assert seen.problems == (
        "conv1 expects 1 channel, however: the input is 3 x 32 x 32; write nn.Conv2d(3, 6, 3), "
        "or make the images grey: x.mean(1, keepdim=True)",
        "conv2 expects 8 channels, however: conv1 followed by pooling gives 6 x 15 x 15 for a 32 x 32 image; "
        "write nn.Conv2d(6, 16, 3)",
        "fc1 expects 400 features, however: conv2 followed by pooling gives 16 x 6 x 6 = 576 "
        "for a 32 x 32 image; write nn.Linear(576, 120)",
        "fc2 expects 100 features, however: fc1 gives 120; write nn.Linear(120, 84)",
    )
    assert gn.shapes(Net(conv1=(3, 6)), (3, 32, 32)).problems == ()


def test_a_view_with_the_wrong_number_and_the_layer_after_it():
    view, layer = gn.shapes(Net(features=400, view=(-1, 400)), (1, 32, 32)).problems
    assert view == (
        "x.view(-1, 400) needs 400 numbers of each example, however: conv2 followed by pooling gives "
        "16 x 6 x 6 = 576 for a 32 x 32 image; write x.view(-1, 576), or x.flatten(1), which needs no number"
    )
    assert layer.startswith("fc1 expects 400 features")


@pytest.mark.parametrize(("view", "features"), [((-1, 288), 288), ((1, -1), 576)])
def test_a_view_that_mixes_the_examples_is_named(view, features):
    assert only(gn.shapes(Net(features=features, view=view), (1, 32, 32))).endswith(
        f"write x.flatten(1) instead of x.view{view}"
    )


def test_numbers_of_two_rows_are_shown_as_2N():
    seen = gn.shapes(Net(features=288, view=(-1, 288)), (1, 32, 32))
    assert seen.outputs == (("2N", 10),)


def test_a_single_image_needs_a_batch_C36():
    image = torch.zeros(1, 32, 32)
    assert only(gn.shapes(Net(), image)) == (
        "Net takes a batch of examples, N x 1 x 32 x 32, however: the input is 1 x 32 x 32, a single image; "
        "write x.unsqueeze(0), which gives 1 x 1 x 32 x 32"
    )
    assert gn.shapes(Net(), image.unsqueeze(0)).problems == ()


def test_channels_come_before_height_and_width_C36():
    photos = torch.zeros(4, 32, 32, 1).numpy()
    assert only(gn.shapes(Net(), photos)).endswith("write x.permute(0, 3, 1, 2)")
    assert gn.shapes(Net(), photos.transpose(0, 3, 1, 2)).problems == ()


def test_an_image_without_channels_C36():
    assert only(gn.shapes(Net(), (32, 32))) == (
        "conv1 takes (samples, channels, height, width) with 1 channel, however: the input is 32 x 32, "
        "without channels; pass 1 x 32 x 32; x.unsqueeze(1) makes it so"
    )


def test_a_flat_row_before_a_convolution():
    assert "write x.view(-1, 1, 28, 28) before it" in only(gn.shapes(nn.Conv2d(1, 6, 3), (784,)))


def test_an_image_that_is_smaller_than_the_window():
    assert only(gn.shapes(Net(), (1, 6, 6))) == (
        "conv2 needs at least 3 x 3, however: conv1 followed by pooling gives 6 x 2 x 2 for a 6 x 6 image, "
        "so that its output would be floor((2 + 2*0 - 1*(3-1) - 1)/1 + 1) = 0; "
        "use a larger image, one pooling less, or a padding"
    )


@pytest.mark.parametrize(
    ("layers", "shape", "write"),
    [
        ([nn.Conv2d(3, 8, 3), nn.Linear(10, 3)], (3, 8, 8), "x.flatten(1) before layer 1 (Linear), and "),
        ([nn.Conv2d(3, 8, 3), nn.BatchNorm2d(9)], (3, 8, 8), "nn.BatchNorm2d(8)"),
        ([nn.Conv2d(7, 4, 3, padding=1, bias=False)], (8, 8, 8), "nn.Conv2d(8, 4, 3, padding=1, bias=False)"),
        ([nn.LSTM(5, 4, batch_first=True)], (9, 6), "nn.LSTM(6, 4, batch_first=True)"),
        ([nn.Embedding(9, 3)], torch.zeros(2, 4), "x.long()"),
        ([nn.Linear(3, 4), nn.LayerNorm(5)], (3,), "nn.LayerNorm(4)"),
        ([nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 6)], (3, 4, 4), "nn.GroupNorm(2, 4)"),
        ([nn.Conv2d(6, 6, 3, groups=3)], (5, 9, 9), "nn.Conv2d(5, 6, 3)"),
        ([nn.Unflatten(1, (1, 28, 28))], (700,), "layer 0 (Unflatten) must take 23 x 700"),
        ([nn.GRU(3, 4)], (7, 3), "takes (sequence, samples, features), because batch_first is False"),
    ],
)  # fmt: skip
def test_each_kind_of_layer_says_what_to_write(layers, shape, write):
    assert write in only(gn.shapes(nn.Sequential(*layers), shape))


def test_a_sequence_that_is_first_on_purpose_is_fine():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(3, 4)

        def forward(self, x):
            return self.gru(x.transpose(0, 1))[0][-1]

    assert gn.shapes(Turned(), (7, 3)).problems == ()


def test_a_sum_of_sizes_that_differ_counts_nothing_and_stops():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3)

        def forward(self, x):
            return x + self.conv(x)

    seen = gn.shapes(Skip(), (3, 8, 8))
    assert only(seen).startswith("add must take 23 x 3 x 8 x 8 and 23 x 3 x 6 x 6, a batch of 23, however:")
    assert (seen.layers[-1].multiply_adds, seen.outputs) == (0, ())


def test_what_is_not_understood_is_said_in_torchs_words():
    class Product(nn.Module):
        def forward(self, x):
            return x @ torch.zeros(5, 3)

    assert only(gn.shapes(Product(), (12,))).startswith(
        "matmul must take 23 x 12 and 5 x 3, a batch of 23, however: torch says"
    )


def test_a_target_that_would_broadcast_C38():
    net, output = Net(), torch.zeros(1, 1, 32, 32)
    assert only(gn.shapes(net, output, target=torch.zeros(10), loss=nn.MSELoss())) == (
        "the target must have the output's shape, 1 x 10: MSELoss compares number with number, however: "
        "it is 10, and torch would compare it with every row of the output; write target.view(1, -1)"
    )
    assert gn.shapes(net, output, target=torch.zeros(10).view(1, -1), loss=F.mse_loss).problems == ()


def test_one_target_for_each_example_beside_a_column_of_outputs_C38():
    net = nn.Linear(3, 1)
    assert only(gn.shapes(net, (3,), target=(), loss="mse")) == (
        "the target must have the output's shape, N x 1: mse compares number with number, however: "
        "it is N, and torch would compare every output with every target, N x N; write target.view(-1, 1)"
    )
    assert gn.shapes(net, (3,), target=(1,), loss="mse").problems == ()
    assert "which torch refuses" in only(gn.shapes(net, (3,), target=(), loss=nn.BCEWithLogitsLoss()))
    assert "give the net 4 outputs instead of 1" in only(gn.shapes(net, (3,), target=(4,), loss="mse"))


def test_class_numbers_for_cross_entropy_C38():
    net, rows = nn.Linear(3, 4), torch.zeros(5, 3)
    fits = {"loss": nn.CrossEntropyLoss()}
    assert gn.shapes(net, rows, target=torch.zeros(5).long(), **fits).problems == ()
    assert gn.shapes(net, rows, target=torch.zeros(5, 4), **fits).problems == ()
    column = gn.shapes(net, rows, target=torch.zeros(5, 1).long(), **fits)
    assert only(column).endswith("the target is 5 x 1; write target.squeeze(1)")
    assert "write target.long()" in only(gn.shapes(net, rows, target=torch.zeros(5), **fits))


def test_a_loss_that_is_not_known_is_an_error():
    with pytest.raises(RecipeError, match="did you mean 'mse'"):
        gn.shapes(nn.Linear(3, 1), (3,), target=(1,), loss="mes")
    with pytest.raises(RecipeError, match="must be given together"):
        gn.shapes(nn.Linear(3, 1), (3,), target=(1,))


@pytest.mark.parametrize("size", [20, 28, 32, 45, 64])
@pytest.mark.parametrize("kernel", [2, 3, 5])
@pytest.mark.parametrize("options", [{}, {"padding": 1}, {"stride": 2}, {"padding": "same"}, {"dilation": 2}])
def test_the_number_to_write_makes_it_fit(size, kernel, options):
    layers = [nn.Conv2d(1, 4, kernel, **options), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(7, 3)]
    write = only(gn.shapes(nn.Sequential(*layers), (1, size, size))).rpartition("write ")[2]
    corrected = nn.Sequential(*layers[:-1], eval(write, {"nn": nn}))
    assert gn.shapes(corrected, (1, size, size)).problems == ()
    assert corrected(torch.zeros(2, 1, size, size)).shape == (2, 3)
