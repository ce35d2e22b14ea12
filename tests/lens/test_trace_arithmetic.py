"""The printed arithmetic gives the stored number; gradients are those of autograd, and of small changes."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import glassnet as gn

VECTOR, PICTURE = (4, 6), (2, 4, 7, 6)
BETWEEN = {
    **{
        name: getattr(nn, name)
        for name in ("Identity", "Sigmoid", "Tanh", "ReLU", "LeakyReLU", "SiLU", "GELU")
    },
    **{
        name: getattr(nn, name)
        for name in ("ELU", "Softplus", "ReLU6", "PReLU", "LogSigmoid", "SELU", "Mish")
    },
    **{name: getattr(nn, name) for name in ("Hardswish", "Softsign", "Hardtanh", "Tanhshrink")},
    "GELU tanh": lambda: nn.GELU(approximate="tanh"),
    "ReLU in place": lambda: nn.ReLU(inplace=True),
    "Softmax": lambda: nn.Softmax(1),
    "LogSoftmax": lambda: nn.LogSoftmax(1),
    "Dropout": lambda: nn.Dropout(0.3),
    "BatchNorm1d": lambda: nn.BatchNorm1d(5),
    "LayerNorm": lambda: nn.LayerNorm(5),
    "no bias": lambda: nn.Linear(5, 5, bias=False),
}
ON_PICTURES = {
    "stride and padding": lambda: nn.Conv2d(4, 4, 3, stride=2, padding=1),
    "dilation, no bias": lambda: nn.Conv2d(4, 4, (3, 2), dilation=2, bias=False),
    "groups": lambda: nn.Conv2d(4, 4, 3, groups=2, padding="same"),
    "reflect": lambda: nn.Conv2d(4, 4, 3, groups=4, padding=1, padding_mode="reflect"),
    "circular": lambda: nn.Conv2d(4, 4, 3, padding=2, padding_mode="circular"),
    "replicate": lambda: nn.Conv2d(4, 4, 3, padding=1, padding_mode="replicate"),
    "max pooling": lambda: nn.MaxPool2d(3, 2, 1),
    "average pooling": lambda: nn.AvgPool2d(3, 2, 1),
    "average without padding": lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "average, ceil": lambda: nn.AvgPool2d(2, ceil_mode=True),
    "adaptive": lambda: nn.AdaptiveAvgPool2d((3, 4)),
    "adaptive to one": lambda: nn.AdaptiveAvgPool2d(1),
    "adaptive max": lambda: nn.AdaptiveMaxPool2d(2),
    "batch norm": lambda: nn.BatchNorm2d(4),
    "group norm": lambda: nn.GroupNorm(2, 4),
    "dropout of channels": lambda: nn.Dropout2d(0.4),
    "nearest": lambda: nn.Upsample(scale_factor=2),
}


class Mixture(nn.Module):
    """Operators and functions of torch, called in forward."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 4), nn.Linear(4, 4)

    def forward(self, x):
        h = self.a(x)
        h = torch.cat([h.relu(), self.b(h)[:, 1:3], self.b(h)[:, :1].clone()], 1)
        h = h.t().reshape(-1, 7)
        g = torch.stack([h, h * 2, -(h**3) / 5], 0).permute(1, 0, 2).sum(1)
        g = (g - g.mean()) / (g.std(1, keepdim=True) + 1)
        g += 1
        m = torch.where(g > 0.3, g, g * 0.1)
        q = (m @ m.T).logsumexp(1, keepdim=True)
        best = g.max(1).values[:, None] * torch.maximum(q, q * 0.5) + m.amin(1, keepdim=True).abs().sqrt()
        return torch.cat([q.exp().log1p(), g.amax(1, keepdim=True) / m.norm(dim=1, keepdim=True) + best], 1)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(3, 2, batch_first=True)

    def forward(self, x):
        return self.cell(x.view(-1, 2, 3))[0][:, -1]


def nets():
    for name, layer in BETWEEN.items():
        yield name, VECTOR, lambda layer=layer: nn.Sequential(nn.Linear(6, 5), layer(), nn.Linear(5, 2))
    for name, layer in ON_PICTURES.items():

        def pictures(layer=layer):
            first = nn.Sequential(nn.Conv2d(4, 4, 1), layer(), nn.Flatten())
            width = first(torch.zeros(PICTURE)).shape[1]
            return nn.Sequential(*first, nn.Linear(width, 2))

        yield name, PICTURE, pictures
    yield "functions and operators", VECTOR, Mixture
    yield "LSTM", VECTOR, Recurrent
    yield (
        "one dimension",
        (4, 6, 4),
        lambda: nn.Sequential(nn.Conv1d(6, 3, 2), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(3, 2)),
    )


NETS = {name: (shape, build) for name, shape, build in nets()}
OPTIMIZERS = [
    {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1, "l1": 0.01},
    {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.1, "l2": 0.1},
    {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1, "clip": 0.1},
    {"optimizer": "rmsprop", "lr": 0.01, "momentum": 0.5, "weight_decay": 0.01},
]


def opened(trace, most, seed):
    """Give numbers that have arithmetic, from every sheet, at random."""
    draw = random.Random(seed)
    for name in trace.names:
        view = trace[name]
        if view.sheet.explain is not None:
            for place in draw.sample(range(len(view)), min(most, len(view))):
                yield trace.ledger.number(int(view.sheet.codes[place]))


def assert_arithmetic(trace, most=8, seed=0):
    count = 0
    for number in opened(trace, most, seed):
        assert not number.unknown, number
        parts = max([1e-4, *(abs(link.value) for link in number.links)])
        # relative to the number; where its parts cancel out, relative to these
        assert number.work_out() == pytest.approx(number.value, rel=1e-9, abs=1e-12 * parts), number
        count += 1
    return count


def traced(name, **options):
    torch.manual_seed(len(name))
    shape, build = NETS[name]
    net = build().double()
    x, y = torch.randn(shape, dtype=torch.float64), torch.randn(shape[0], 2, dtype=torch.float64)
    return net, x, y, gn.trace(net, x, y, loss="mse", seed=3, **options)


@pytest.mark.parametrize("name", NETS)
def test_the_arithmetic_of_random_numbers_gives_their_values(name):
    place = list(NETS).index(name)
    _, _, _, trace = traced(name, train=True, **OPTIMIZERS[place % len(OPTIMIZERS)])
    assert trace.unknown == ()
    assert assert_arithmetic(trace, seed=place) >= 30  # of 47 nets, so well over 1,000 in all


@pytest.mark.parametrize("name", [name for name in NETS if "ropout" not in name])
def test_gradients_agree_with_autograd_and_with_finite_differences(name):
    net, x, y, trace = traced(name, train=True)
    state = {key: each.clone() for key, each in net.state_dict().items()}
    F.mse_loss(net(x), y).backward()
    draw = random.Random(1)
    for key, parameter in net.named_parameters():
        if parameter.grad is None:
            continue
        view = trace[f"{key}.grad"]
        torch.testing.assert_close(torch.from_numpy(view.values), parameter.grad, rtol=1e-9, atol=1e-12)
        flat, place = parameter.data.view(-1), draw.randrange(parameter.numel())
        losses = []
        for change in (1e-6, -2e-6):
            flat[place] += change
            net.load_state_dict({**state, key: parameter.data.clone()})
            losses.append(F.mse_loss(net(x), y).item())
        net.load_state_dict(state)
        slope = (losses[0] - losses[1]) / 2e-6
        assert view.values.ravel()[place] == pytest.approx(slope, rel=1e-4, abs=1e-6)


LOSSES = ["mse", "mae", "huber", "binary_cross_entropy", "poisson", "cross_entropy"]


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.0, 3.0]])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_its_arithmetic_row_by_row_and_their_mean(loss, weights):
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Linear(6, 2)), torch.randn(4, 6)
    y = torch.tensor([[0.1, 0.9], [1.0, 0.0], [0.5, 0.5], [0.3, 3.0]])
    y = {"cross_entropy": torch.tensor([0, 1, 1, 0]), "binary_cross_entropy": y.clamp(0, 1)}.get(loss, y)
    trace = gn.trace(net, x, y, loss=loss, sample_weight=weights)
    assert trace.unknown == ()
    assert_arithmetic(trace, most=20)


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(weight=torch.tensor([0.2, 0.7])),
        nn.CrossEntropyLoss(label_smoothing=0.1),
        nn.NLLLoss(),
    ],
    ids=repr,
)
def test_losses_as_modules_with_class_weights_have_their_arithmetic(loss):
    net = nn.Sequential(nn.Linear(6, 2), nn.LogSoftmax(1))
    trace = gn.trace(net, torch.randn(4, 6), torch.tensor([0, 1, 1, 0]), loss=loss, optimizer="sgd")
    assert trace.unknown == ()
    assert_arithmetic(trace)


def test_embeddings_hand_gradients_back_to_the_rows_that_were_looked_up():
    net = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(6, 2))
    words = torch.tensor([[1, 2], [2, 6], [0, 0], [2, 2]])
    trace = gn.trace(net, words, torch.randn(4, 2), loss="mse", optimizer="adamw", lr=0.1)
    assert_arithmetic(trace)
    assert trace["0.weight.grad"][3, 0].arithmetic == "0"
    assert (
        len(trace["0.weight.grad"][2, 0].links) == 10
    )  # looked up by 3 rows, at 2 places: 6 gradients, 4 weights
    assert trace["2.linear"][0, 0].links[0].name == "0.weight"


def test_an_operation_that_is_not_understood_is_named_and_its_numbers_are_there():
    net = nn.Sequential(nn.ConvTranspose2d(4, 1, 2), nn.Flatten(), nn.Linear(56, 2)).double()
    trace = gn.trace(net, torch.randn(PICTURE).double(), torch.randn(2, 2).double(), loss="mse")
    assert trace.unknown == ("convolution",)
    assert "'convolution' is not understood" in trace.notes[0]
    number = trace["0.convtranspose2d"][0, 0, 0, 0]
    assert number.arithmetic == ""
    assert "'convolution'" in number.unknown
    assert number.unknown in str(number)
    assert "'convolution'" in trace["0.weight.grad"][0, 0, 0, 0].unknown
    assert_arithmetic(gn.trace(net[1:], torch.randn(2, 56), torch.randn(2, 2), loss="mse"))


def test_a_backward_of_ones_own_that_is_not_the_arithmetics_is_refused():
    class Odd(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x * 2

        @staticmethod
        def backward(context, gradient):
            return gradient * 3

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 1)

        def forward(self, x):
            return Odd.apply(self.a(x))

    with pytest.raises(
        gn.WorkError, match=r"gradient of 'a\.weight' must be the one that torch's backward gives"
    ):
        gn.trace(Net(), torch.ones(1, 2), torch.ones(1, 1), loss="mse")


def test_frozen_weights_get_no_gradient_and_no_step():
    net = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1))
    net[0].requires_grad_(False)
    trace = gn.trace(net, torch.ones(2, 3), torch.ones(2, 1), loss="mse", optimizer="sgd", lr=0.1)
    assert "0.weight.grad" not in trace
    assert "0.weight.new" not in trace
    assert "2.weight.new" in trace


def test_detached_numbers_hand_no_gradient_back():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(1, 1, bias=False)

        def forward(self, x):
            h = self.a(x)
            return h + h.detach() * 3

    trace = gn.trace(Net(), torch.ones(1, 1), torch.ones(1, 1), loss="mse")
    assert trace["a.grad"][0, 0].formula == "add.grad[0, 0]"
    assert_arithmetic(trace)
