"""A layer table says what goes in and out of each layer, and leaves the net as it is (C33, C36, C37, C38)."""

from __future__ import annotations

import copy
import json

import pytest
import torch
import torch.nn as nn
import torch.nn.functional as F

import glassnet as gn
from glassnet.errors import RecipeError


class Net(nn.Module):
    """The course's own class, word for word (C37)."""

    def __init__(self):
        super(Net, self).__init__()  # noqa: UP008
        # 1 input image channel, 6 output channels, 3x3 square convolution kernel
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        # an affine operation: y = Wx + b
        self.fc1 = nn.Linear(16 * 6 * 6, 120)  # 6*6 from image dimension
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        # Max pooling over a (2, 2) window
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        # If the size is a square you can only specify a single number
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x

    def num_flat_features(self, x):
        size = x.size()[1:]  # all dimensions except the batch dimension
        num_features = 1
        for s in size:
            num_features *= s
        return num_features


TEXT = """\
Net: read as the shape of one example, N of them are a batch; in goes N x 1 x 32 x 32, out comes N x 10

    layer       kind      in                out               parameters  multiply-adds   memory
1   conv1       Conv2d    N x 1 x 32 x 32   N x 6 x 30 x 30           60         48,600  21.6 kB
2   relu        function  N x 6 x 30 x 30   N x 6 x 30 x 30                              21.6 kB
3   max_pool2d  function  N x 6 x 30 x 30   N x 6 x 15 x 15                               5.4 kB
4   conv2       Conv2d    N x 6 x 15 x 15   N x 16 x 13 x 13         880        146,016  10.8 kB
5   relu        function  N x 16 x 13 x 13  N x 16 x 13 x 13                             10.8 kB
6   max_pool2d  function  N x 16 x 13 x 13  N x 16 x 6 x 6                                2.3 kB
7   view        function  N x 16 x 6 x 6    N x 576
8   fc1         Linear    N x 576           N x 120               69,240         69,120    480 B
9   relu        function  N x 120           N x 120                                        480 B
10  fc2         Linear    N x 120           N x 84                10,164         10,080    336 B
11  relu        function  N x 84            N x 84                                         336 B
12  fc3         Linear    N x 84            N x 10                   850            840     40 B

how the sizes come about
1  conv1       floor((32 + 2*0 - 1*(3-1) - 1)/1 + 1) = 30
3  max_pool2d  floor((30 + 2*0 - 1*(2-1) - 1)/2 + 1) = 15
4  conv2       floor((15 + 2*0 - 1*(3-1) - 1)/1 + 1) = 13
6  max_pool2d  floor((13 + 2*0 - 1*(2-1) - 1)/2 + 1) = 6

81,194 parameters (325 kB); one example takes 274,656 multiply-adds and 74.2 kB of outputs"""


def test_the_shapes_of_the_courses_lenet_C37():
    seen = gn.shapes(Net(), (1, 32, 32))
    assert str(seen) == TEXT
    changing = [each.outputs[0][1:] for each in seen.layers if each.inputs != each.outputs]
    assert changing[:5] == [(6, 30, 30), (6, 15, 15), (16, 13, 13), (16, 6, 6), (576,)]
    assert seen.problems == ()


def test_the_view_is_json_and_a_plain_table_in_a_notebook():
    seen = gn.shapes(Net(), (1, 32, 32))
    facts = json.loads(seen.to_json())
    assert facts["layers"][0]["outputs"] == [["N", 6, 30, 30]]
    assert facts["layers"][0]["arithmetic"] == ["floor((32 + 2*0 - 1*(3-1) - 1)/1 + 1) = 30"]
    html = seen._repr_html_()
    assert html.startswith("<div>")
    assert "<td>N x 6 x 30 x 30</td>" in html
    assert "<script" not in html


def test_names_of_the_users_own_cannot_break_the_table():
    net = nn.Sequential()
    net.add_module("<b>x</b>", nn.Linear(2, 1))
    assert "&lt;b&gt;x&lt;/b&gt;" in gn.shapes(net, (2,))._repr_html_()


def test_the_net_is_left_exactly_as_it_was():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2))
    calls = []
    net[0].register_forward_hook(lambda *seen: calls.append(seen))
    net[1].eval()
    before = copy.deepcopy(net.state_dict())
    hooks = [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in net.modules()]
    modes = [each.training for each in net.modules()]
    random = torch.random.get_rng_state()
    gn.shapes(net, (3,))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert [(len(each._forward_hooks), len(each._forward_pre_hooks)) for each in net.modules()] == hooks
    assert [each.training for each in net.modules()] == modes
    assert torch.equal(torch.random.get_rng_state(), random)
    assert calls == []


def test_a_batch_of_one_goes_through_batch_norm_as_in_evaluation():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).train()
    assert gn.shapes(net, torch.zeros(1, 3)).problems == ()


class Looks(nn.Module):
    """A forward that looks at numbers, which tensors without numbers cannot answer."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        self.layer = nn.Linear(3, 2)
        self.spare = nn.Linear(3, 3)

    def forward(self, x):
        return self.layer(x) * self.scale if x.sum() >= 0 else x


def test_a_forward_that_looks_at_numbers_runs_with_zeros():
    seen = gn.shapes(Looks(), (3,))
    assert [each.name for each in seen.layers] == ["sum", "ge", "layer", "mul"]
    assert seen.outputs == (("N", 2),)


def test_parameters_of_the_nets_own_are_counted_and_unused_layers_named():
    seen = gn.shapes(Looks(), (3,))
    assert seen.layers[-1].parameters == 2
    assert seen.parameters == sum(each.numel() for each in Looks().parameters()) == 22
    assert seen.unused == ("spare",)
    assert "never used in forward: spare" in str(seen)


def test_a_shared_layer_is_counted_once():
    layer = nn.Linear(4, 4)
    layer.bias.requires_grad_(False)
    seen = gn.shapes(nn.Sequential(layer, nn.ReLU(inplace=True), layer), (4,))
    assert [each.parameters for each in seen.layers] == [20, 0, 0]
    assert [each.repeated for each in seen.layers] == [False, False, True]
    assert (seen.parameters, seen.trained, seen.multiply_adds) == (20, 16, 32)
    assert seen.layers[1].memory == 0  # it writes over its input
    assert "20 parameters, 4 of them not trained (80 B)" in str(seen)


@pytest.mark.parametrize(
    ("net", "shape", "expected"),
    [
        (nn.Linear(3, 8), (10, 3), 10 * 3 * 8),
        (nn.Linear(3, 8), (5, 7, 3), 5 * 7 * 3 * 8),
        (nn.Conv2d(4, 6, 3, groups=2, padding=1), (4, 8, 8), 8 * 8 * 6 * 2 * 9),
        (nn.ConvTranspose2d(3, 4, 2, stride=2), (3, 5, 5), 5 * 5 * 3 * 4 * 4),
        (nn.LSTM(8, 16, batch_first=True), (12, 8), 12 * 4 * 16 * (8 + 16)),
        (nn.BatchNorm2d(3), (3, 8, 8), 0),
    ],
)
def test_multiply_adds_are_those_of_one_example(net, shape, expected):
    examples = shape[0] if isinstance(net, nn.Linear) and len(shape) == 2 else 1
    assert gn.shapes(net, shape).multiply_adds == expected // examples


def test_several_inputs_words_and_outputs():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(100, 8)
            self.lstm = nn.LSTM(8, 16, batch_first=True)
            self.out = nn.Linear(18, 2)

        def forward(self, text, numbers):
            _, (hidden, _) = self.lstm(self.words(text))
            return self.out(torch.cat([hidden[-1], numbers], 1)), hidden

    seen = gn.shapes(Pair(), [(12,), (2,)])
    assert seen.inputs == (("N", 12), ("N", 2))
    assert seen.outputs == (("N", 2), (1, "N", 16))
    assert seen.problems == ()


def test_how_a_shape_is_read_is_said():
    assert gn.shapes(Net(), (64, 1, 32, 32)).inputs == ((64, 1, 32, 32),)
    assert "read as a batch of 64 examples" in str(gn.shapes(Net(), (64, 1, 32, 32)))
    dense = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    assert gn.shapes(dense, (1, 28, 28)).outputs == (("N", 10),)
    assert gn.shapes(dense, (64, 1, 28, 28)).outputs == ((64, 10),)
    assert gn.shapes(nn.Linear(3, 1), (7, 3)).outputs == ((7, 1),)
    assert gn.shapes(nn.Linear(3, 1), 3).outputs == (("N", 1),)


def test_torchs_own_transformer_shows_its_layers():
    seen = gn.shapes(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (7, 8))
    assert [each.name for each in seen.layers if each.parameters] == [
        "self_attn", "norm1", "linear1", "linear2", "norm2",
    ]  # fmt: skip
    assert seen.outputs == (("N", 7, 8),)
    # queries, keys, values and output of 8 x 8; 7 x 7 scores of 2 heads of 4, twice; two layers of 8 x 16
    assert seen.multiply_adds == 7 * 4 * 64 + 2 * 7 * 7 * 8 + 7 * 2 * 128


def test_lazy_layers_and_normed_weights_have_their_shapes():
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.Flatten(), nn.LazyLinear(2))
    assert gn.shapes(net, (3, 5, 5)).parameters == 4 * 27 + 4 + 36 * 2 + 2
    assert nn.parameter.is_lazy(net[0].weight)
    normed = nn.Sequential(torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 2)))
    assert len(gn.shapes(normed, (3,)).layers) == 1


@pytest.mark.parametrize("bad", [(0, 3), (1.5,), "32", None, ("a",)])
def test_what_is_no_shape_is_an_error(bad):
    with pytest.raises(RecipeError, match="however:"):
        gn.shapes(nn.Linear(3, 1), bad)


def test_what_is_no_net_is_an_error():
    with pytest.raises(RecipeError, match="net must be a torch module, however: a str"):
        gn.shapes("net", (3,))


def test_a_net_that_cannot_be_copied_is_an_error():
    net = nn.Linear(3, 1)
    net.generator = (each for each in ())
    with pytest.raises(RecipeError, match=r"the net must be one that can be copied, however: copy\.deepcopy"):
        gn.shapes(net, (3,))
